package ententetest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/devworld"
)

// coffee is Fourth Coffee, where only IT decides about apps.
type coffee struct {
	t      *testing.T
	w      *ententetest.World
	passed atomic.Int64
}

func newCoffee(t *testing.T) *coffee {
	c := &coffee{t: t}
	began := ententetest.Now()
	c.w = ententetest.StartWith(t, ententetest.Options{Now: func() time.Time {
		return began.Add(time.Duration(c.passed.Load())).Add(ententetest.Now().Sub(began))
	}})
	return c
}

// pass moves the world's clock, and does what is due by then.
func (c *coffee) pass(d time.Duration) {
	c.t.Helper()
	c.passed.Add(int64(d))
	c.must(c.w.Inside().Approvals.Tend(c.t.Context()))
}

func (c *coffee) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

const coffeeVerifier = "a-verifier-that-is-long-enough-for-rfc-7636-4-1"

// portal is the address at which somebody begins to use the sales portal.
func (c *coffee) portal() string {
	sum := sha256.Sum256([]byte(coffeeVerifier))
	return c.w.Origin + "/organizations/oauth2/v2.0/authorize?" + url.Values{
		"client_id": {string(devworld.SalesPortal)}, "response_type": {"code"}, "redirect_uri": {c.w.Origin + "/portal/enter"},
		"scope": {"openid profile User.Read"}, "state": {"s"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

// signsIn takes a person as far as the page after their password.
func (c *coffee) signsIn(who string) *devworld.Visitor {
	c.t.Helper()
	ctx, v := c.t.Context(), c.w.Visitor(who)
	c.must(v.Open(ctx, c.portal()))
	c.must(v.Submit(ctx, "do=next", url.Values{"address": {who}}))
	c.must(v.Submit(ctx, "do=next", url.Values{"password": {v.Password}}))
	return v
}

// asks sends a person's request; the visitor then stands on the page that
// waits.
func (c *coffee) asks(who, reason string) *devworld.Visitor {
	c.t.Helper()
	v := c.signsIn(who)
	c.shows(v, "Your IT has to approve Partner Sales Portal first")
	c.must(v.Submit(c.t.Context(), "do=send", url.Values{"reason": {reason}}))
	c.shows(v, "do=remind")
	return v
}

// shows checks that a page says something, or has a button.
func (c *coffee) shows(v *devworld.Visitor, want string) {
	c.t.Helper()
	body := v.Page.Body
	if name, value, found := strings.Cut(want, "="); found && name == "do" {
		want = `name="do" value="` + value + `"`
	}
	if !strings.Contains(body, want) {
		c.t.Fatalf("page %q (%d at %s) does not show %q:\n%s", v.Page.Title, v.Page.Status, v.Page.Address, want, body)
	}
}

// passesInto is a person who gets in without being asked for consent.
func (c *coffee) passesInto(v *devworld.Visitor) {
	c.t.Helper()
	seen := len(v.Steps)
	got, err := v.Walk(c.t.Context(), c.w.Origin+"/portal/enter")
	if err != nil || got.Get("code") == "" {
		c.t.Errorf("%s does not get in: %v, %v after %q", v.SignInName, got, err, v.Steps)
	}
	for _, step := range v.Steps[seen:] {
		if strings.Contains(step, "asks for access") {
			c.t.Errorf("%s is asked for consent: %q", v.SignInName, v.Steps)
		}
	}
}

// mail is the newest mail to somebody.
func (c *coffee) mail(to string) string {
	c.t.Helper()
	list, err := c.w.Inside().Mails(c.t.Context(), to)
	c.must(err)
	if len(list) == 0 {
		c.t.Fatalf("%s has no mail", to)
	}
	return list[0].Subject + "\n" + list[0].Body
}

func (c *coffee) mailCount(to string) int {
	c.t.Helper()
	list, err := c.w.Inside().Mails(c.t.Context(), to)
	c.must(err)
	return len(list)
}

var mailLink = regexp.MustCompile(`https://[^\s"<>]+`)

// reviewLink is the link of the newest mail to a reviewer.
func (c *coffee) reviewLink(to string) string {
	c.t.Helper()
	for _, found := range mailLink.FindAllString(c.mail(to), -1) {
		if strings.Contains(found, "/organisation/approvals/") {
			return found
		}
	}
	c.t.Fatalf("the mail to %s leads nowhere:\n%s", to, c.mail(to))
	return ""
}

// opens follows a link through the sign-in to the page that it leads to.
func (c *coffee) opens(v *devworld.Visitor, address string) {
	c.t.Helper()
	c.must(v.Open(c.t.Context(), address))
	if _, err := v.Walk(c.t.Context(), "https://nowhere.example/"); !errors.Is(err, devworld.ErrStuck) {
		c.t.Fatalf("open %s: %v after %q", address, err, v.Steps)
	}
}

// follows goes where the answer to a form leads.
func (c *coffee) follows(v *devworld.Visitor) {
	c.t.Helper()
	if target := v.Page.Header.Get("Location"); target != "" {
		c.must(v.Open(c.t.Context(), target))
	}
}

// decides presses a button of the review page.
func (c *coffee) decides(v *devworld.Visitor, button, reason string) {
	c.t.Helper()
	c.must(v.Submit(c.t.Context(), button, url.Values{"reason": {reason}}))
	c.follows(v)
}

func (c *coffee) caller(who string) audit.Caller {
	p, ok := devworld.FindPerson(who)
	if !ok {
		c.t.Fatalf("nobody is called %s", who)
	}
	return audit.Caller{Tenant: p.Tenant, Home: p.Tenant, Account: p.ID, SignInName: who}
}

func (c *coffee) approvals() []consent.Approval {
	c.t.Helper()
	list, err := c.w.Inside().Approvals.List(c.t.Context(), c.caller(devworld.Lena), "", "", 100)
	c.must(err)
	return list
}

// snapshot is everything that a visit could have changed about apps.
func (c *coffee) snapshot() string {
	c.t.Helper()
	ctx := c.t.Context()
	grants, err := c.w.Inside().Consents.HeldIn(ctx, devworld.FourthCoffee, "", 100)
	c.must(err)
	org, err := c.w.Inside().Tenants.Find(ctx, devworld.FourthCoffee)
	c.must(err)
	text, err := json.Marshal([]any{c.approvals(), grants, org.Settings})
	c.must(err)
	return string(text)
}

func TestJ32_ThreePeopleWaitAndGetInWithoutASecondConsent(t *testing.T) {
	c := newCoffee(t)
	ctx := t.Context()
	var waiting []*devworld.Visitor
	for _, who := range []string{devworld.Kai, devworld.Noora, devworld.Otto} {
		waiting = append(waiting, c.asks(who, "We register our deals there from December."))
	}
	if mail := c.mail(devworld.Lena); !strings.Contains(mail, "Kai Oja asks to use Partner Sales Portal at Fourth Coffee") || !strings.Contains(mail, "User.Read") {
		t.Errorf("the reviewer reads:\n%s", mail)
	}
	lena := c.w.Visitor(devworld.Lena)
	c.opens(lena, c.reviewLink(devworld.Lena))
	for _, want := range []string{
		"3 people asked", "Kai Oja", "Otto Olsen", "We register our deals there from December.", "User.Read", "on behalf of the person",
		"verified: <bdi dir=\"ltr\">fabrikam.example</bdi>", "3 people who wait get in at once", "It runs out in 30 days", "entente approvals approve ",
	} {
		c.shows(lena, want)
	}
	if titles := strings.Join(lena.Steps, "|"); strings.Count(titles, "Type your password") != 1 {
		t.Errorf("the reviewer types twice: %q", lena.Steps)
	}
	c.decides(lena, "do=everyone", "")
	c.shows(lena, "Everyone can use")
	c.shows(lena, "Lena Lind")
	for _, v := range waiting {
		c.must(v.Submit(ctx, "do=check", nil))
		c.passesInto(v)
		if mail := c.mail(v.SignInName); !strings.Contains(mail, "Partner Sales Portal is allowed for you") {
			t.Errorf("%s reads:\n%s", v.SignInName, mail)
		}
	}
	// Whoever signs in later is not asked either; a code serves once.
	c.pass(time.Minute)
	later := c.signsIn(devworld.Lena)
	c.passesInto(later)
}

func TestJ32_AScannerThatOpensEveryLinkChangesNothing(t *testing.T) {
	c := newCoffee(t)
	ctx := t.Context()
	c.asks(devworld.Kai, "We register our deals there.")
	c.asks(devworld.Noora, "So do I, for the north.")
	lena := c.w.Visitor(devworld.Lena)
	review := c.reviewLink(devworld.Lena)
	c.opens(lena, review)
	before := c.snapshot()
	stranger := c.w.Visitor(devworld.Lena)
	var addresses []string
	for _, who := range []string{devworld.Lena, devworld.Kai, devworld.Noora} {
		list, err := c.w.Inside().Mails(ctx, who)
		c.must(err)
		for _, m := range list {
			addresses = append(addresses, mailLink.FindAllString(m.Body+" "+m.HTML, -1)...)
		}
	}
	for _, path := range []string{"", "/approvals", "/approvals?state=all", "/consents", "/policy"} {
		addresses = append(addresses, c.w.Origin+"/organisation"+path)
	}
	for _, verb := range []string{"?do=everyone&seen=2", "/approve", "/deny", "/block", "?said=approved"} {
		addresses = append(addresses, review+verb)
	}
	hrefs := regexp.MustCompile(`href="(/[^"]*)"`)
	opened := map[string]bool{}
	for len(addresses) > 0 {
		address := strings.ReplaceAll(addresses[0], "&amp;", "&")
		addresses = addresses[1:]
		// Signing out is somebody's own business; assets are no pages.
		if opened[address] || !strings.HasPrefix(address, c.w.Origin+"/") || strings.Contains(address, "/assets/") || strings.Contains(address, "/signout") {
			continue
		}
		opened[address] = true
		for _, v := range []*devworld.Visitor{stranger, lena} {
			c.must(v.Open(ctx, address))
			for _, found := range hrefs.FindAllStringSubmatch(v.Page.Body, -1) {
				if len(opened) < 80 {
					addresses = append(addresses, c.w.Origin+found[1])
				}
			}
		}
	}
	if len(opened) < 10 {
		t.Errorf("only %d links were found", len(opened))
	}
	if after := c.snapshot(); after != before {
		t.Errorf("opening links changed\n%s\nto\n%s", before, after)
	}
}

func TestM16_WhoeverWasDeniedReadsTheReason(t *testing.T) {
	for _, button := range []string{"do=deny", "do=block"} {
		t.Run(button, func(t *testing.T) {
			c := newCoffee(t)
			kai := c.asks(devworld.Kai, "We register our deals there.")
			lena := c.w.Visitor(devworld.Lena)
			c.opens(lena, c.reviewLink(devworld.Lena))
			c.decides(lena, button, "   ")
			c.shows(lena, "Write the reason")
			c.decides(lena, button, "We use the CRM for this.")
			c.shows(lena, "We use the CRM for this.")
			if mail := c.mail(devworld.Kai); !strings.Contains(mail, "We use the CRM for this.") {
				t.Errorf("the requester reads:\n%s", mail)
			}
			c.must(kai.Submit(t.Context(), "do=check", nil))
			c.shows(kai, "decided not to allow")
			c.shows(kai, "We use the CRM for this.")
			noora := c.signsIn(devworld.Noora)
			if blocked := strings.Contains(noora.Page.Body, "We use the CRM for this."); blocked != (button == "do=block") {
				t.Errorf("after %s a colleague sees %q", button, noora.Page.Title)
			}
		})
	}
}

func TestABlockedAppIsUnblockedAndACommonConsentWithdrawn(t *testing.T) {
	c := newCoffee(t)
	ctx := t.Context()
	c.asks(devworld.Kai, "We register our deals there.")
	lena := c.w.Visitor(devworld.Lena)
	c.opens(lena, c.reviewLink(devworld.Lena))
	c.decides(lena, "do=block", "Not now.")
	c.opens(lena, "/organisation/consents")
	c.shows(lena, "Not now.")
	c.must(lena.Submit(ctx, "do=unblock", nil))
	c.follows(lena)
	c.shows(lena, "no longer blocked")
	noora := c.asks(devworld.Noora, "I need it for the deals.")
	list := c.approvals()
	c.opens(lena, "/organisation/approvals/"+list[0].ID)
	c.decides(lena, "do=everyone", "")
	c.must(noora.Submit(ctx, "do=check", nil))
	c.passesInto(noora)
	c.opens(lena, "/organisation/consents")
	c.shows(lena, "Allowed for everyone")
	c.must(lena.Submit(ctx, "do=withdraw", nil))
	c.follows(lena)
	c.shows(lena, "no longer allowed for everyone")
	c.pass(2 * time.Second)
	c.shows(c.signsIn(devworld.Noora), "Your IT has to approve")
}

func TestOnlyThosePeopleGetInWhenTheReviewerSaysSo(t *testing.T) {
	c := newCoffee(t)
	kai := c.asks(devworld.Kai, "We register our deals there.")
	lena := c.w.Visitor(devworld.Lena)
	c.opens(lena, c.reviewLink(devworld.Lena))
	c.decides(lena, "do=people", "")
	c.must(kai.Submit(t.Context(), "do=check", nil))
	c.passesInto(kai)
	c.shows(c.signsIn(devworld.Noora), "Your IT has to approve")
}

func TestWhoeverJoinsMeanwhileIsNotAllowedUnseen(t *testing.T) {
	c := newCoffee(t)
	c.asks(devworld.Kai, "We register our deals there.")
	lena := c.w.Visitor(devworld.Lena)
	c.opens(lena, c.reviewLink(devworld.Lena))
	c.asks(devworld.Noora, "So do I, for the north.")
	c.decides(lena, "do=people", "")
	c.shows(lena, "Somebody joined this request")
	c.shows(lena, "Noora Niemi")
	if got := c.approvals()[0]; got.State != consent.Waiting {
		t.Fatalf("it is %s", got.State)
	}
	// On the page as it is now the decision counts; a second press says the same.
	stale := *lena.Page
	c.decides(lena, "do=people", "")
	c.shows(lena, "can use <bdi>Partner Sales Portal</bdi> now")
	lena.Page = &stale
	c.decides(lena, "do=people", "")
	c.shows(lena, "can use <bdi>Partner Sales Portal</bdi> now")
	lena.Page = &stale
	c.decides(lena, "do=deny", "Too late.")
	c.shows(lena, "Somebody else was faster")
	if got := c.approvals()[0]; got.State != consent.Approved || got.Decided.Reason != "" {
		t.Errorf("it is %+v", got.Decided)
	}
}

func TestADecisionAfterALongLookIsProvedAnewAndNotTypedTwice(t *testing.T) {
	c := newCoffee(t)
	c.asks(devworld.Kai, "We register our deals there.")
	lena := c.w.Visitor(devworld.Lena)
	c.opens(lena, c.reviewLink(devworld.Lena))
	c.pass(6 * time.Minute)
	c.must(lena.Submit(t.Context(), "do=deny", url.Values{"reason": {"We use the CRM for this."}}))
	if target := lena.Page.Header.Get("Location"); !strings.Contains(target, "prompt=login") {
		t.Fatalf("an old proof leads to %d %q", lena.Page.Status, target)
	}
	if got := c.approvals()[0]; got.State != consent.Waiting {
		t.Fatalf("it is %s before the proof", got.State)
	}
	c.opens(lena, lena.Page.Header.Get("Location"))
	c.shows(lena, "You are signed in again")
	kept := url.Values{}
	for _, found := range regexp.MustCompile(`type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(lena.Page.Body, -1) {
		kept.Add(found[1], found[2])
	}
	if want := (url.Values{"do": {"deny"}, "reason": {"We use the CRM for this."}, "seen": {"1"}}); kept.Encode() != want.Encode() {
		t.Fatalf("kept was %v, want %v", kept, want)
	}
	c.must(lena.Post(t.Context(), c.w.Origin+"/organisation/approvals/"+c.approvals()[0].ID, kept))
	c.follows(lena)
	c.shows(lena, "Done. The people who asked have been told, with your reason.")
}

func TestAReviewerAddedLaterSeesTheOldRequestAndIsReminded(t *testing.T) {
	c := newCoffee(t)
	ctx := t.Context()
	kai := c.asks(devworld.Kai, "We register our deals there.")
	if n := c.mailCount(devworld.Lena); n != 1 {
		t.Fatalf("the reviewer has %d mails", n)
	}
	c.pass(15*24*time.Hour + time.Minute)
	if n := c.mailCount(devworld.Lena); n != 2 || !strings.Contains(c.mail(devworld.Lena), "waits for your decision") {
		t.Errorf("after half of the time the reviewer has %d mails", n)
	}
	c.pass(14 * 24 * time.Hour)
	if n := c.mailCount(devworld.Lena); n != 3 {
		t.Errorf("a day before the end the reviewer has %d mails", n)
	}
	otto, err := c.w.Inside().People.Find(ctx, devworld.FourthCoffee, c.caller(devworld.Otto).Account)
	c.must(err)
	otto.Roles = []string{account.CloudAppAdministrator}
	c.must(c.w.Inside().People.Save(ctx, otto))
	// Otto has no second factor yet: he sets one up on the way.
	v := c.w.Visitor(devworld.Otto)
	c.opens(v, c.w.Origin+"/organisation/approvals")
	c.shows(v, "Partner Sales Portal")
	c.opens(v, c.reviewLink(devworld.Lena))
	c.shows(v, "Kai Oja")
	c.decides(v, "do=everyone", "")
	c.shows(v, "Otto Olsen")
	c.passesInto(c.signsIn(devworld.Kai))
	_ = kai
}

func TestARequestThatNobodyDecidedRunsOut(t *testing.T) {
	c := newCoffee(t)
	c.asks(devworld.Kai, "We register our deals there.")
	review := c.reviewLink(devworld.Lena)
	c.passed.Add(int64(31 * 24 * time.Hour))
	lena := c.w.Visitor(devworld.Lena)
	c.opens(lena, review)
	c.shows(lena, "ran out")
	if strings.Contains(lena.Page.Body, `value="everyone"`) {
		t.Error("what ran out can still be approved")
	}
	c.pass(0)
	if mail := c.mail(devworld.Kai); !strings.Contains(mail, "Nobody decided about Partner Sales Portal") {
		t.Errorf("the requester reads:\n%s", mail)
	}
}

func TestM46_WhoeverIsNoAdminIsToldWhoIs(t *testing.T) {
	c := newCoffee(t)
	c.asks(devworld.Kai, "We register our deals there.")
	review := c.reviewLink(devworld.Lena)
	for _, address := range []string{review, "/organisation", "/organisation/approvals", "/organisation/consents", "/organisation/policy"} {
		kai := c.w.Visitor(devworld.Kai)
		c.opens(kai, c.w.Origin+strings.TrimPrefix(address, c.w.Origin))
		c.shows(kai, "You need another role for this")
		c.shows(kai, "Cloud Application Administrator")
		c.shows(kai, "Lena Lind")
		reference := kai.Page.Header.Get("X-Entente-Reference")
		kept, err := c.w.Inside().Attempts.Find(t.Context(), reference)
		c.must(err)
		if text, _ := json.Marshal(kept); strings.Contains(string(text), "Lena") {
			t.Errorf("the attempt names the holder: %s", text)
		}
	}
}

func TestAnotherOrganisationsRequestIsLikeNone(t *testing.T) {
	c := newCoffee(t)
	c.asks(devworld.Kai, "We register our deals there.")
	liisa := c.w.Visitor(devworld.Liisa)
	var seen []string
	for _, address := range []string{c.reviewLink(devworld.Lena), c.w.Origin + "/organisation/approvals/0b1c6f0e-6a57-4b8a-9f57-6a1f4b1d2c3e", c.w.Origin + "/organisation/approvals/none"} {
		c.opens(liisa, address)
		if liisa.Page.Status != http.StatusNotFound {
			t.Errorf("%s answers %d", address, liisa.Page.Status)
		}
		seen = append(seen, faceless(liisa.Page.Body))
	}
	if seen[0] != seen[1] || seen[1] != seen[2] {
		t.Errorf("the pages differ:\n%s\n%s", seen[0], seen[1])
	}
	before := c.snapshot()
	for _, button := range []string{"everyone", "people", "deny", "block"} {
		var answers []string
		for _, approval := range []string{c.approvals()[0].ID, "0b1c6f0e-6a57-4b8a-9f57-6a1f4b1d2c3e"} {
			c.posts(liisa, "/organisation/approvals/"+approval, url.Values{"do": {button}, "seen": {"1"}, "reason": {"Mine now."}})
			answers = append(answers, faceless(liisa.Page.Body))
		}
		if liisa.Page.Status != http.StatusNotFound || answers[0] != answers[1] {
			t.Errorf("%s answers %d, and differently for what is there", button, liisa.Page.Status)
		}
	}
	if after := c.snapshot(); after != before {
		t.Errorf("a stranger changed\n%s\nto\n%s", before, after)
	}
}

// faceless takes from a page or answer what is different each time.
func faceless(body string) string {
	for _, changing := range []string{
		`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`, `[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}`,
		`\d{4}-\d\d-\d\dT[0-9:]+Z`, `\d+ \w+ \d{4}, [0-9:]+ UTC`, `\d+ \w+ \d{4}(,|%2C)(%20| )[0-9:%A]+(%20| )UTC`, `approvals/none`,
	} {
		body = regexp.MustCompile(changing).ReplaceAllString(body, "…")
	}
	return body
}

func TestThePolicyIsChangedAloneAndHoldsAtTheNextSignIn(t *testing.T) {
	c := newCoffee(t)
	ctx := t.Context()
	org, err := c.w.Inside().Tenants.Find(ctx, devworld.FourthCoffee)
	c.must(err)
	org.Settings.RequireMFA, org.Settings.BlockPartners = false, true
	c.must(c.w.Inside().Tenants.Save(ctx, org))
	lena := c.w.Visitor(devworld.Lena)
	c.opens(lena, c.w.Origin+"/organisation/policy")
	c.shows(lena, `value="nobody" aria-describedby="policy-nobody-hint" checked`)
	form := url.Values{"policy": {"anyone"}}
	c.posts(lena, "/organisation/policy", form)
	c.shows(lena, "Saved.")
	c.shows(lena, `value="anyone" aria-describedby="policy-anyone-hint" checked`)
	org, err = c.w.Inside().Tenants.Find(ctx, devworld.FourthCoffee)
	c.must(err)
	if !org.Settings.BlockPartners || org.Settings.UserConsent != "" {
		t.Errorf("settings are %+v", org.Settings)
	}
	c.shows(c.signsIn(devworld.Kai), "asks for access")
	events, err := c.w.Inside().DB.Events(ctx, devworld.FourthCoffee, 10)
	c.must(err)
	if !slices.ContainsFunc(events, func(e audit.Event) bool {
		return e.Verb == "consent.policy" && e.Facts["policy"] == "anyone" && e.SignInName == devworld.Lena
	}) {
		t.Errorf("the record lacks the change: %+v", events)
	}
	c.posts(lena, "/organisation/policy", url.Values{"policy": {"whatever"}})
	org, err = c.w.Inside().Tenants.Find(ctx, devworld.FourthCoffee)
	c.must(err)
	if org.Settings.UserConsent != "" {
		t.Errorf("a policy that there is not was saved: %q", org.Settings.UserConsent)
	}
}

// posts sends a form of the page; a second factor that is asked for first is
// given.
func (c *coffee) posts(v *devworld.Visitor, path string, form url.Values) {
	c.t.Helper()
	ctx := c.t.Context()
	c.must(v.Post(ctx, c.w.Origin+path, form))
	if target := v.Page.Header.Get("Location"); strings.Contains(target, "/authorize") {
		c.opens(v, target)
		c.must(v.Post(ctx, c.w.Origin+path, form))
	}
	c.follows(v)
}

func TestJ07_WhoeverMayAllowIsAskedOnceAndCanSayNo(t *testing.T) {
	c := newCoffee(t)
	ctx := t.Context()
	anna := c.w.Visitor(devworld.Anna)
	anna.Allow = false
	got, err := anna.SignIn(ctx, c.portal(), c.w.Origin+"/portal/enter")
	if err == nil && got.Get("error") != "access_denied" {
		t.Errorf("after No the app gets %v", got)
	}
	again := c.w.Visitor(devworld.Anna)
	got, err = again.SignIn(ctx, c.portal(), c.w.Origin+"/portal/enter")
	if err != nil || got.Get("code") == "" || !slices.ContainsFunc(again.Steps, func(s string) bool { return strings.Contains(s, "asks for access") }) {
		t.Errorf("after Yes the app gets %v, %v after %q", got, err, again.Steps)
	}
	third := c.w.Visitor(devworld.Anna)
	c.must(third.Open(ctx, c.portal()))
	c.passesInto(third)
}

func TestJ25_ConsentForEveryoneSparesTheColleaguesTheQuestion(t *testing.T) {
	c := newCoffee(t)
	ctx := t.Context()
	liisa := c.signsIn(devworld.Liisa)
	for range 4 {
		if strings.Contains(liisa.Page.Body, `name="forall"`) {
			break
		}
		c.shows(liisa, "do=next")
		now := c.w.Inside().Source.Now()
		one, err := devworld.CodeAt(devworld.LiisaSeed, now)
		c.must(err)
		c.must(liisa.Submit(ctx, "do=next", url.Values{"code": {one}}))
	}
	c.must(liisa.Submit(ctx, "do=yes", url.Values{"forall": {"yes"}}))
	_, err := liisa.Walk(ctx, c.w.Origin+"/portal/enter")
	c.must(err)
	anna := c.w.Visitor(devworld.Anna)
	c.must(anna.Open(ctx, c.portal()))
	c.passesInto(anna)
}

// api calls our own API with a token of somebody's sign-in.
func (c *coffee) api(token, method, path string, body any) (int, string) {
	c.t.Helper()
	text, err := json.Marshal(body)
	c.must(err)
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.w.Origin+"/api/v1"+path, bytes.NewReader(text))
	c.must(err)
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.w.Client().Do(request)
	c.must(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	c.must(err)
	if response.StatusCode >= 400 && response.Header.Get("Content-Type") != "application/problem+json" {
		c.t.Errorf("%s %s answers %d as %q", method, path, response.StatusCode, response.Header.Get("Content-Type"))
	}
	return response.StatusCode, string(answer)
}

// token signs a person in with the command line's client, with a second factor
// or without one.
func (c *coffee) token(who string, factor bool) string {
	c.t.Helper()
	const redirect = "http://localhost:8400/"
	sum := sha256.Sum256([]byte(coffeeVerifier))
	query := url.Values{
		"client_id": {string(devworld.AzureCLI)}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {"api://entente/.default openid profile"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	if factor {
		query.Set("claims", `{"id_token":{"amr":{"values":["mfa"]}}}`)
	}
	v := c.w.Visitor(who)
	got, err := v.SignIn(c.t.Context(), c.w.Origin+"/organizations/oauth2/v2.0/authorize?"+query.Encode(), redirect)
	if err != nil {
		c.t.Fatalf("sign-in of %s: %v after %q", who, err, v.Steps)
	}
	status, answer := post(c.t, c.w, "/organizations/oauth2/v2.0/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {got.Get("code")}, "redirect_uri": {redirect}, "client_id": {string(devworld.AzureCLI)},
		"code_verifier": {coffeeVerifier}, "scope": {"api://entente/.default openid profile"},
	})
	if status != http.StatusOK {
		c.t.Fatalf("redeem: %d %v", status, answer)
	}
	return answer["access_token"].(string)
}

func TestTheAPIDecidesLikeThePages(t *testing.T) {
	c := newCoffee(t)
	kai := c.asks(devworld.Kai, "We register our deals there.")
	lena := c.token(devworld.Lena, true)
	status, list := c.api(lena, "GET", "/approvals?state=waiting&limit=1", nil)
	var page struct {
		Value []struct {
			ID      string `json:"id"`
			Version int64  `json:"version"`
			State   string `json:"state"`
		} `json:"value"`
		Next string `json:"next"`
	}
	if err := json.Unmarshal([]byte(list), &page); err != nil || status != http.StatusOK || len(page.Value) != 1 || page.Next != "" {
		t.Fatalf("list: %d %s", status, list)
	}
	at := "/approvals/" + page.Value[0].ID
	for _, bad := range []struct {
		body   any
		status int
	}{
		{map[string]any{"everyone": true}, 400}, {map[string]any{"seen": 1}, 400}, {map[string]any{"everyone": true, "seen": 1, "evryone": false}, 400},
		{[]int{1}, 400}, {map[string]any{"everyone": true, "seen": 99}, 409}, {map[string]any{"reason": strings.Repeat("x", 20<<10)}, 413},
	} {
		if status, answer := c.api(lena, "POST", at+"/approve", bad.body); status != bad.status {
			t.Errorf("%.60v answers %d: %s", bad.body, status, answer)
		}
	}
	decision := map[string]any{"everyone": true, "seen": page.Value[0].Version}
	status, first := c.api(lena, "POST", at+"/approve", decision)
	if status != http.StatusOK || !strings.Contains(first, `"state":"approved"`) {
		t.Fatalf("approve: %d %s", status, first)
	}
	if status, again := c.api(lena, "POST", at+"/approve", decision); status != http.StatusOK || again != first {
		t.Errorf("again: %d %s", status, again)
	}
	status, late := c.api(lena, "POST", at+"/deny", map[string]any{"reason": "Too late."})
	if status != http.StatusConflict || !strings.Contains(late, "It is now: approved.") {
		t.Errorf("deny: %d %s", status, late)
	}
	c.must(kai.Submit(t.Context(), "do=check", nil))
	c.passesInto(kai)

	var problem struct {
		Type, Title, Reference, Fixer string
		Actions                       []string
	}
	c.must(json.Unmarshal([]byte(late), &problem))
	if problem.Type != c.w.Origin+"/error?code=AADSTS9700121" || problem.Title == "" || problem.Fixer == "" || len(problem.Actions) == 0 {
		t.Errorf("the problem is %+v", problem)
	}
	if status, story := c.api(lena, "GET", "/diagnostics/"+problem.Reference, nil); status != http.StatusOK || !strings.Contains(story, `"step":"api"`) {
		t.Errorf("diagnostics: %d %s", status, story)
	}
	if status, story := c.api(c.token(devworld.Liisa, true), "GET", "/diagnostics/"+problem.Reference, nil); status != http.StatusOK || strings.Contains(story, "fourthcoffee") || strings.Contains(story, `"step"`) {
		t.Errorf("a stranger's diagnostics: %d %s", status, story)
	}
	if status, _ := c.api(lena, "GET", "/diagnostics/0000-0000", nil); status != http.StatusNotFound {
		t.Errorf("an unknown reference answers %d", status)
	}
}

func TestTheAPIAsksForTheRightTokenAndTheRole(t *testing.T) {
	c := newCoffee(t)
	c.asks(devworld.Kai, "We register our deals there.")
	at := "/approvals/" + c.approvals()[0].ID
	liisa := c.token(devworld.Liisa, true)
	for _, call := range []struct {
		method, path string
		body         any
	}{
		{"GET", at, nil}, {"POST", at + "/approve", map[string]any{"everyone": true, "seen": 1}},
		{"POST", at + "/deny", map[string]any{"reason": "No."}}, {"POST", at + "/block", map[string]any{"reason": "No."}},
	} {
		random := strings.Replace(call.path, at, "/approvals/0b1c6f0e-6a57-4b8a-9f57-6a1f4b1d2c3e", 1)
		status, foreign := c.api(liisa, call.method, call.path, call.body)
		_, none := c.api(liisa, call.method, random, call.body)
		if status != http.StatusNotFound || faceless(foreign) != faceless(none) {
			t.Errorf("%s %s of a stranger: %d %s, none: %s", call.method, call.path, status, foreign, none)
		}
	}
	for _, bad := range []struct {
		token   string
		status  int
		message string
	}{
		{"", 401, "AADSTS9700100"}, {"rubbish", 401, "AADSTS9700101"}, {c.token("walter@wideworld.example", false), 403, "AADSTS9700105"},
	} {
		if status, answer := c.api(bad.token, "GET", "/approvals", nil); status != bad.status || !strings.Contains(answer, bad.message) {
			t.Errorf("want %s, got %d %s", bad.message, status, answer)
		}
	}
	wilma := c.token("walter@wideworld.example", false)
	if status, answer := c.api(wilma, "PUT", at, nil); status != http.StatusMethodNotAllowed {
		t.Errorf("PUT answers %d %s", status, answer)
	}
	if status, _ := c.api(wilma, "GET", "/nothing", nil); status != http.StatusNotFound {
		t.Errorf("an unknown path answers %d", status)
	}
	// Taken away, the role is gone at once, whatever the token says.
	lena := c.token(devworld.Lena, true)
	if status, _ := c.api(lena, "GET", "/approvals", nil); status != http.StatusOK {
		t.Errorf("the reviewer is answered %d", status)
	}
	person, err := c.w.Inside().People.Find(t.Context(), devworld.FourthCoffee, c.caller(devworld.Lena).Account)
	c.must(err)
	person.Roles = nil
	c.must(c.w.Inside().People.Save(t.Context(), person))
	if status, answer := c.api(lena, "GET", "/approvals", nil); status != http.StatusForbidden || !strings.Contains(answer, `"message":"M46"`) {
		t.Errorf("without the role: %d %s", status, answer)
	}
}
