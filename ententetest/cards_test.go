package ententetest_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

func TestCardConsumerAddressIsLedToTheWorkAccount(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Private)
	g.opens(link(t, w, devworld.Private, invitationPath))
	g.reads("work account")
	g.SignInName = devworld.Ville
	g.presses("do=next", "address", devworld.Ville)
	for strings.Contains(g.Page.Body, `value="no"`) && !strings.Contains(g.Page.Body, `name="password"`) {
		g.presses("do=no") // "go on with the address that I typed"
	}
	g.signsIn()
	g.reads("Your account works", "The invitation was sent to "+devworld.Private)
	g.presses("do=swap")
	g.at("/portal/code")
	g.presses("do=confirm", "code", mailCode(t, w, devworld.Private))
	// The invitation was bound to personal accounts, so the owner decides.
	g.reads("Your wish waits for a decision")
	g.opens("/portal")
	g.reads("Your wish to use another sign-in name waits")
	pat := owner(t, w)
	pat.opens(link(t, w, devworld.Pat, "/programme/requests"))
	pat.presses("do=approve")
	g.opens(link(t, w, devworld.Ville, "/portal"))
	g.presses("lang=en")
	g.presses("do=accept")
	g.at("/portal")
	g.reads("Getting ready")
}

func TestCardPersonalChosenGoesBackToTheWorkAccount(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Anna)
	g.opens(link(t, w, devworld.Anna, invitationPath))
	g.changes(devworld.Private)
	g.reads(devworld.Anna, devworld.Private)
	g.presses("do=no")
	if !strings.Contains(g.Page.Body, `role="alert"`) {
		t.Errorf("nothing says why the personal account is of no use: %s", g.text())
	}
	if strings.Contains(g.Page.Body, `name="password"`) {
		t.Errorf("a password is asked for a personal account: %q", g.Page.Title)
	}
	g.presses("do=yes")
	g.signsIn()
	g.at("/portal/language")
	g.presses("lang=en")
	g.presses("do=accept")
	g.at("/portal")
}

func TestCardBothAccountsWithOneAddressTakesTheWorkAccount(t *testing.T) {
	w := ententetest.Start(t)
	g := joined(t, w, devworld.Mari)
	g.reads("Contoso")
	if g.did > 7 {
		t.Errorf("%d interactions: %q", g.did, g.Steps)
	}
}

func TestCardUnknownDomainNamesWhoHelpsAndSendsARequest(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Niko)
	g.opens(link(t, w, devworld.Niko, invitationPath))
	g.reads("northgate.example is not connected", "Write to your IT", "Tell the programme")
	before := len(mails(t, w, devworld.Pat))
	reference := regexp.MustCompile(`name="reference" value="([^"]+)"`).FindStringSubmatch(g.Page.Body)
	if reference == nil {
		t.Fatal("the page has no request to send")
	}
	if err := g.Post(t.Context(), w.Origin+"/help", url.Values{"reference": {reference[1]}, "to": {"programme"}}); err != nil {
		t.Fatal(err)
	}
	g.follow()
	if after := len(mails(t, w, devworld.Pat)); after != before+1 {
		t.Errorf("%d mails to the programme, want one more than %d; the page says: %s", after, before, g.text())
	}
}

func TestCardWrongPasswordIsTriedAgain(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Anna)
	g.opens(link(t, w, devworld.Anna, invitationPath))
	g.presses("do=next", "password", "not this one")
	if !strings.Contains(g.Page.Body, `role="alert"`) || !strings.Contains(g.Page.Body, devworld.Anna) {
		t.Errorf("the page does not say what is wrong: %s", g.text())
	}
	g.signsIn()
	g.presses("lang=en")
	g.presses("do=accept")
	g.at("/portal")
	if g.did > 7 {
		t.Errorf("%d interactions: %q", g.did, g.Steps)
	}
}

func TestCardApprovalNeededSendsTheRequestToIT(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Kai)
	g.opens(link(t, w, devworld.Kai, invitationPath))
	g.presses("do=next", "password", g.Password)
	g.reads("Fourth Coffee")
	g.presses("do=send", "reason", "I sell with Fabrikam from this week on")
	g.reads("Fourth Coffee")
	if m := mails(t, w, devworld.Lena); len(m) == 0 || !strings.Contains(m[0].Body, "I sell with Fabrikam from this week on") {
		t.Errorf("the reviewer got no mail; the page says: %s", g.text())
	}
}

func TestCardKnownAccountThatIsNotOnTheRosterAsks(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Ville)
	g.opens(link(t, w, devworld.Anna, invitationPath))
	g.changes(devworld.Ville)
	for strings.Contains(g.Page.Body, `value="no"`) && !strings.Contains(g.Page.Body, `name="password"`) {
		g.presses("do=no")
	}
	g.signsIn()
	g.reads("Your account works", "The invitation was sent to "+devworld.Anna, "Fabrikam")
	g.presses("do=ask", "reason", "Anna sent me her mail, I work with her")
	g.reads("Your request is with Fabrikam")
	pat := owner(t, w)
	pat.opens("/programme/invitations")
	pat.reads("another account", "contoso.example")
}
