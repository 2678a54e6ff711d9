package ententetest_test

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
)

// guest is a person with a browser without script, who counts what they do:
// opening a link, and pressing a button, typing included.
type guest struct {
	*devworld.Visitor
	t *testing.T
	w *ententetest.World
	// did is the number of interactions.
	did int
}

func newGuest(t *testing.T, w *ententetest.World, signInName string) *guest {
	t.Helper()
	return &guest{Visitor: w.Visitor(signInName), t: t, w: w}
}

// follow goes where the answer leads.
func (g *guest) follow() {
	g.t.Helper()
	for range 20 {
		target := g.Page.Header.Get("Location")
		if target == "" {
			return
		}
		if err := g.Open(g.t.Context(), target); err != nil {
			g.t.Fatal(err)
		}
	}
	g.t.Fatalf("no end of redirects at %s", g.Page.Address)
}

// opens follows a link.
func (g *guest) opens(address string) {
	g.t.Helper()
	g.did++
	if strings.HasPrefix(address, "/") {
		address = g.w.Origin + address
	}
	if err := g.Open(g.t.Context(), address); err != nil {
		g.t.Fatal(err)
	}
	g.follow()
}

// presses a button, with what was typed before.
func (g *guest) presses(button string, typed ...string) {
	g.t.Helper()
	g.did++
	fields := url.Values{}
	for i := 0; i+1 < len(typed); i += 2 {
		fields.Set(typed[i], typed[i+1])
	}
	if err := g.Submit(g.t.Context(), button, fields); err != nil {
		g.t.Fatalf("after %q: %v\n%s", g.Steps, err, g.text())
	}
	g.follow()
}

// changes leaves the address of a sign-in page for another one.
func (g *guest) changes(address string) {
	g.t.Helper()
	flow := regexp.MustCompile(`name="flow" value="([^"]*)"`).FindStringSubmatch(g.Page.Body)
	if flow == nil {
		g.t.Fatalf("no step at %s", g.Page.Address)
	}
	g.did++
	if err := g.Post(g.t.Context(), g.w.Origin+"/signin/step", url.Values{"flow": {html.UnescapeString(flow[1])}, "do": {"another"}}); err != nil {
		g.t.Fatal(err)
	}
	g.follow()
	g.presses("do=next", "address", address)
}

// text is what the page says, without its markup.
func (g *guest) text() string {
	_, body, _ := strings.Cut(g.Page.Body, "<main")
	body, _, _ = strings.Cut(body, "</main>")
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, " ")), " ")
}

// at asserts where the guest is.
func (g *guest) at(path string) {
	g.t.Helper()
	if g.Page.Address.Path != path || g.Page.Status >= 500 {
		g.t.Fatalf("at %s (status %d, %q), want %s; pages so far %q\n%s", g.Page.Address, g.Page.Status, g.Page.Title, path, g.Steps, g.text())
	}
}

// reads asserts that the page says something.
func (g *guest) reads(texts ...string) {
	g.t.Helper()
	for _, text := range texts {
		if !strings.Contains(g.text(), text) {
			g.t.Errorf("%s does not say %q:\n%s", g.Page.Address.Path, text, g.text())
		}
	}
}

// mails are those to an address, newest first.
func mails(t *testing.T, w *ententetest.World, to string) []pages.InboxMessage {
	t.Helper()
	list, err := w.Inside().Mails(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// link finds the newest mailed link that begins with a path.
func link(t *testing.T, w *ententetest.World, to, path string) string {
	t.Helper()
	for _, m := range mails(t, w, to) {
		if found := regexp.MustCompile(regexp.QuoteMeta(w.Origin+path) + `\S*`).FindString(m.Body); found != "" {
			return found
		}
	}
	t.Fatalf("no mail to %s leads to %s", to, path)
	return ""
}

// mailCode finds the newest mailed code.
func mailCode(t *testing.T, w *ententetest.World, to string) string {
	t.Helper()
	for _, m := range mails(t, w, to) {
		if found := regexp.MustCompile(`\b\d{6}\b`).FindString(m.Subject); found != "" {
			return found
		}
	}
	t.Fatalf("no code was mailed to %s", to)
	return ""
}

const invitationPath = "/portal/invitation/"

// signsIn answers the pages of the sign-in as the person would: password, the
// code of an authenticator, consent. Each answer is an interaction.
func (g *guest) signsIn() {
	g.t.Helper()
	for range 6 {
		buttons := g.Page.Body
		switch {
		case strings.HasPrefix(g.Page.Address.Path, "/portal") || strings.HasPrefix(g.Page.Address.Path, "/programme"):
			return
		case strings.Contains(buttons, `name="password"`):
			g.presses("do=next", "password", g.Password)
		case strings.Contains(buttons, `name="address"`):
			g.presses("do=next", "address", g.SignInName)
		case strings.Contains(buttons, `name="code"`):
			code, err := devworld.CodeAt(g.Seed, g.w.Inside().Source.Now())
			if err != nil {
				g.t.Fatal(err)
			}
			g.presses("do=next", "code", code)
		case strings.Contains(buttons, `value="yes"`):
			g.presses("do=yes")
		default:
			return
		}
	}
}

// joined brings an invited person to their dashboard.
func joined(t *testing.T, w *ententetest.World, signInName string) *guest {
	t.Helper()
	g := newGuest(t, w, signInName)
	g.opens(link(t, w, signInName, invitationPath))
	g.signsIn()
	g.at("/portal/language")
	g.presses("lang=en")
	g.presses("do=accept")
	g.at("/portal")
	return g
}

// owner signs the programme's owner in to their pages.
func owner(t *testing.T, w *ententetest.World) *guest {
	t.Helper()
	g := newGuest(t, w, devworld.Pat)
	g.opens("/programme")
	g.signsIn()
	g.at("/programme")
	return g
}

func mustPerson(t *testing.T, signInName string) id.Object {
	t.Helper()
	p, ok := devworld.FindPerson(signInName)
	if !ok {
		t.Fatalf("nobody is called %s", signInName)
	}
	return p.ID
}

func TestCardRightAccountReachesTheDashboardAndComesBack(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Anna)
	g.opens(link(t, w, devworld.Anna, invitationPath))
	g.presses("do=next", "password", g.Password)
	g.presses("do=yes")
	g.at("/portal/language")
	g.presses("lang=en")
	g.at("/portal/terms")
	g.presses("do=accept")
	g.at("/portal")
	g.reads("Welcome, Anna", "Sign-in works", "Terms accepted: version 1, English", "Book a walkthrough")
	if g.did > 7 {
		t.Errorf("%d interactions to the dashboard, want at most 7: %q", g.did, g.Steps)
	}
	back := newGuest(t, w, devworld.Anna)
	back.opens("/portal")
	back.did = 0 // the bookmark is not one
	back.presses("do=next", "address", devworld.Anna)
	back.presses("do=next", "password", back.Password)
	back.at("/portal")
	if back.did > 2 {
		t.Errorf("%d interactions to come back, want at most 2: %q", back.did, back.Steps)
	}
}

func TestJ22_AMismatchShowsBeforeThePassword(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Ville)
	g.opens(link(t, w, devworld.Anna, invitationPath))
	if !strings.Contains(g.Page.Body, devworld.Anna) || !strings.Contains(g.Page.Body, `name="password"`) {
		t.Fatalf("the link does not lead to the password of the invited address: %q", g.Page.Title)
	}
	g.changes(devworld.Ville)
	if strings.Contains(g.Page.Body, `name="password"`) {
		t.Errorf("the mismatch shows after the password only: %q", g.Steps)
	}
	g.reads(devworld.Anna, devworld.Ville)
}

func TestJ05_J08_AStrangerSeesThatTheAccountWorksAndAsksForAccess(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Ville)
	g.opens("/portal")
	g.signsIn()
	g.reads("Your account works", "The portal does not know you yet", devworld.Ville, "Fabrikam")
	if g.Page.Header.Get("X-Entente-Reference") == "" {
		t.Error("the page has no reference")
	}
	g.presses("do=ask", "reason", "short")
	g.reads("10 to 300 characters", "There is a problem")
	g.presses("do=ask", "reason", "I sell with Fabrikam from this week on")
	g.reads("Your request is with Fabrikam", "I sell with Fabrikam from this week on")

	pat := owner(t, w)
	pat.opens(link(t, w, devworld.Pat, "/programme/requests"))
	pat.reads("Ville Laine", "I sell with Fabrikam from this week on", "address proved")
	pat.presses("do=approve", "role", "member")
	pat.reads("They are in")

	// J08: the mail says so, and its link leads to the dashboard.
	g.opens(link(t, w, devworld.Ville, "/portal"))
	g.at("/portal/language")
	g.presses("lang=en")
	g.presses("do=accept")
	g.at("/portal")
}

func TestARefusalNeedsAReasonAndKeepsWhatWasTyped(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Ville)
	g.opens("/portal")
	g.signsIn()
	g.presses("do=ask", "reason", "I sell with Fabrikam from this week on")
	pat := owner(t, w)
	pat.opens("/programme/requests")
	pat.presses("do=refuse", "reason", "")
	pat.reads("There is a problem", "Ville Laine")
	pat.presses("do=refuse", "reason", "Your contract ended in May")
	pat.reads("It is refused")
	if m := mails(t, w, devworld.Ville); len(m) == 0 || !strings.Contains(m[0].Body, "Your contract ended in May") {
		t.Errorf("the reason did not reach the person: %v", m)
	}
	g.opens("/portal")
	g.reads("The portal does not know you yet")
}

func TestJ06_APersonalAccountIsToldSoAndNoPrefixIsShown(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Private)
	g.opens(link(t, w, devworld.Private, invitationPath))
	if strings.Contains(g.Page.Body, "live.com#") || strings.Contains(g.Page.Body, `name="password"`) {
		t.Errorf("the page is %q", g.Page.Title)
	}
	g.reads("work account")
}

func TestJ26_NewTermsAreAskedForOnceMoreAndTheirVersionIsKept(t *testing.T) {
	w := ententetest.Start(t)
	g := joined(t, w, devworld.Anna)
	pat := owner(t, w)
	pat.opens("/programme/terms")
	pat.reads(devworld.Anna, "Version 1")
	texts := []string{"text-en", "New terms of May.", "text-fi", "Toukokuun uudet ehdot.", "text-sv", "Nya villkor i maj."}
	pat.presses("do=preview", texts...)
	pat.reads("As members will read it", "New terms of May.")
	g.opens("/portal")
	g.at("/portal")
	pat.presses("do=publish")
	pat.reads("The new version is in force", "Version 2", "Nobody has accepted")

	g.opens("/portal")
	g.at("/portal/terms")
	g.reads("New terms since", "New terms of May.", "Version 2")
	g.presses("do=decline")
	g.reads("Nothing was recorded")
	if strings.Contains(g.text(), "invitation") {
		t.Error("a member of long standing is told of an invitation")
	}
	g.presses("do=accept")
	g.at("/portal")
	g.reads("version 2")
	pat.opens("/programme/terms")
	pat.reads(devworld.Anna)
}

func TestTermsThatWereReplacedWhileReadingAreShownAgain(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Anna)
	g.opens(link(t, w, devworld.Anna, invitationPath))
	g.signsIn()
	g.presses("lang=en")
	pat := owner(t, w)
	pat.opens("/programme/terms")
	pat.presses("do=preview", "text-en", "Second.", "text-fi", "Toinen.", "text-sv", "Andra.")
	pat.presses("do=publish")
	g.presses("do=accept")
	g.reads("replaced while you read", "Second.")
	if m, err := w.Inside().Programme.Standing(t.Context(), devworld.Contoso, mustPerson(t, devworld.Anna)); err != nil || m.Place != "invited" {
		t.Errorf("the person is %q (%v) before they read the terms in force", m.Place, err)
	}
	g.presses("do=accept")
	g.at("/portal")
}

func TestJ27_AWalkthroughComesWithACalendarFile(t *testing.T) {
	w := ententetest.Start(t)
	g := joined(t, w, devworld.Anna)
	g.opens("/portal/walkthrough")
	day := w.Inside().Source.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	g.presses("do=book", "date", "2020-01-01", "time", "10:00", "reason", "Show me the deals")
	g.reads("within the next 90 days", "Show me the deals")
	g.presses("do=book", "date", day, "time", "10:00", "reason", "Show me the deals")
	g.at("/portal")
	g.reads("Your walkthrough is booked")
	for _, to := range []string{devworld.Anna, devworld.Pat} {
		if !slices.ContainsFunc(mails(t, w, to), func(m pages.InboxMessage) bool { return strings.Contains(m.Body, "Show me the deals") }) {
			t.Errorf("%s got no mail about the walkthrough", to)
		}
	}
}

// caller is the guest as the rooms know them.
func (g *guest) caller() audit.Caller {
	g.t.Helper()
	p, ok := devworld.FindPerson(g.SignInName)
	if !ok {
		g.t.Fatalf("nobody is called %s", g.SignInName)
	}
	return audit.Caller{Tenant: p.Tenant, Home: p.Tenant, Account: p.ID, SignInName: p.SignInName}
}
