package ententetest_test

import (
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// staffed signs somebody in with password and second factor, at a page of ours.
func (p walker) staffed(address string) {
	p.t.Helper()
	p.open(address)
	for range 6 {
		switch {
		case strings.Contains(p.Page.Body, `name="password"`):
			p.press("do=next", "password", ententetest.Password)
		case strings.Contains(p.Page.Body, `name="address"`):
			p.press("do=next", "address", p.SignInName)
		case strings.Contains(p.Page.Body, `id="code" name="code"`):
			code, err := devworld.CodeAt(p.Seed, time.Now())
			if err != nil {
				p.t.Fatal(err)
			}
			p.press("do=next", "code", code)
		default:
			return
		}
	}
}

// waits makes a request for approval by Kai, and gives its attempt's reference.
func waits(t *testing.T, w *ententetest.World) string {
	kai := newWalker(t, w, devworld.Kai)
	kai.open(portalFor(devworld.Kai))
	kai.press("do=next", "password", ententetest.Password)
	kai.press("do=send", "reason", "Our deals in the north")
	return kai.Page.Header.Get("X-Entente-Reference")
}

func TestAReferenceSolvesTheTicket(t *testing.T) {
	w := ententetest.Start(t)
	niko := newWalker(t, w, devworld.Niko)
	niko.open(portalFor(devworld.Niko) + "&ui_locales=fi")
	reference := niko.Page.Header.Get("X-Entente-Reference")
	niko.press("do=help")
	niko.sees("Pyyntösi on matkalla")

	pat := newWalker(t, w, devworld.Pat)
	mails, err := w.Inside().Mails(pat.ctx, devworld.Pat)
	if err != nil || len(mails) == 0 {
		t.Fatalf("no mail: %v", err)
	}
	pat.staffed(strings.TrimPrefix(mails[0].Link, w.Origin))
	pat.sees(reference, "AADSTS50059", "M04", "n…o@northgate.example", "Partner Sales Portal")
	// The reply is written in the person's language.
	reply := regexp.MustCompile(`(?s)<textarea[^>]*>(.*?)</textarea>`).FindStringSubmatch(pat.Page.Body)
	if reply == nil || !strings.Contains(reply[1], "Hei,") {
		t.Fatalf("no reply in Finnish: %s", mainOf(pat.Page.Body))
	}
	pat.press("do=answer", "text", "")
	pat.sees(`role="alert"`)
	pat.press("do=answer", "text", "Yhdistämme yrityksesi tänään.")
	pat.sees("Yhdistämme yrityksesi tänään.")
	if got, err := w.Inside().Mails(pat.ctx, devworld.Niko); err != nil || len(got) == 0 || !strings.Contains(got[0].Body, "Yhdistämme yrityksesi tänään.") {
		t.Errorf("the answer did not reach the person: %v", err)
	}
	niko.open("/help/" + reference + "?to=programme")
	niko.sees("Yhdistämme yrityksesi tänään.")
}

func TestWhatWouldHelpIsTriedAndNothingIsChanged(t *testing.T) {
	w := ententetest.Start(t)
	reference := waits(t, w)
	lena := newWalker(t, w, devworld.Lena)
	lena.staffed("/organisation/sign-ins/" + reference)
	lena.sees(reference, "M15", "Approve the app")
	lena.open("/organisation/sign-ins/" + reference + "?try=approve-app")
	lena.sees("would get through")
	lena.open("/organisation/sign-ins/" + reference + "?try=as-it-is")
	lena.sees("Your request is with the IT")
	lena.open("/organisation/sign-ins/" + reference + "?try=allow-low-risk")
	lena.sees("the person would be asked for consent")
	// Trying changed nothing.
	kai := newWalker(t, w, devworld.Kai)
	kai.open(portalFor(devworld.Kai))
	kai.press("do=next", "password", ententetest.Password)
	kai.message("M15")
}

func TestAReferenceShowsStrangersNoMoreThanItsHolder(t *testing.T) {
	w := ententetest.Start(t)
	reference := waits(t, w)
	for _, c := range []struct{ name, address string }{
		{devworld.Liisa, "/organisation/sign-ins/"}, {devworld.Anna, "/organisation/sign-ins/"}, {ententetest.Ada, "/programme/sign-ins/"},
	} {
		p := newWalker(t, w, c.name)
		p.staffed(c.address + reference)
		p.sees(reference)
		for _, private := range []string{"fourthcoffee", "Fourth Coffee", "k…i@", "Our deals in the north", "Approve the app"} {
			if strings.Contains(p.Page.Body, private) {
				t.Errorf("%s reads %q", c.name, private)
			}
		}
	}
	// The programme sees who it is about, but not what the organisation says
	// inwardly.
	pat := newWalker(t, w, devworld.Pat)
	pat.staffed("/programme/sign-ins/" + reference)
	pat.sees("Fourth Coffee", "k…i@fourthcoffee.example")
	if strings.Contains(pat.Page.Body, "Our deals in the north") {
		t.Error("the programme reads what was said to the organisation's own IT")
	}
}

func TestTheStoryOfAReferenceInARealBrowser(t *testing.T) {
	axe, err := os.ReadFile("../interop/node_modules/axe-core/axe.min.js")
	if err != nil {
		skip(t, "axe-core is not installed: npm ci --prefix interop")
	}
	w := ententetest.Start(t)
	reference := waits(t, w)
	for i, screen := range []struct {
		name  string
		width int64
	}{{"wide", 1280}, {"narrow", 360}} {
		d := newDesk(t, "help-"+screen.name, screen.width, 860)
		d.axe = string(axe)
		d.goes(w.Origin + "/organisation/help?login_hint=" + url.QueryEscape(devworld.Lena))
		d.types("#password", ententetest.Password)
		// A code serves once, and none older than it afterwards.
		at := time.Now().Add(time.Duration(i) * 30 * time.Second)
		d.types("#code", code(t, devworld.LenaSeed, at))
		d.sees("1-queue", "#reference")
		d.types("#reference", strings.ToLower(reference))
		d.sees("2-story", ".facts")
		d.goes(w.Origin + "/organisation/sign-ins/" + reference + "?try=approve-app")
		d.sees("3-tried", ".note")
		d.goes(w.Origin + "/check?address=anna@contoso.example")
		d.sees("4-check", ".finding")
	}
}
