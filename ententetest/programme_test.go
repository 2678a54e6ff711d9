package ententetest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/id"
	programme "github.com/entente-id/entente/internal/programme"
)

func TestJ21_ThePortalAsksNothingBeforeTheSignIn(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Anna)
	g.opens("/portal")
	if !strings.Contains(g.Page.Body, `name="address"`) {
		t.Errorf("the portal begins with %q", g.Page.Title)
	}
}

func TestJ19_ARosterIsApprovedOnceAndItsChangesFlow(t *testing.T) {
	w := ententetest.Start(t)
	liisa := joined(t, w, devworld.Liisa)
	liisa.opens("/portal/people")
	liisa.presses("do=send", "list", devworld.Ville+"\nnobody\nx@fabrikam.example")
	liisa.reads("2 lines were not taken", "Line 2: nobody : no e-mail address", "Line 3: x@fabrikam.example : not in a domain of your organisation", "waits for the programme")
	if !strings.Contains(liisa.Page.Body, "x@fabrikam.example</textarea>") {
		t.Error("what was typed is gone")
	}
	pat := owner(t, w)
	pat.opens(link(t, w, devworld.Pat, "/programme/requests"))
	pat.reads("Contoso", devworld.Ville)
	pat.presses("do=approve")
	pat.reads("It is decided")

	ville := newGuest(t, w, devworld.Ville)
	ville.opens(link(t, w, devworld.Ville, "/portal"))
	ville.signsIn()
	ville.at("/portal/language")
	ville.reads("Your organisation has named you")
	ville.presses("lang=en")
	ville.presses("do=accept")
	ville.at("/portal")

	liisa.opens("/portal/people")
	liisa.reads("Ville Laine", "list approved")
	liisa.presses("do=send", "list", "petra@contoso.example")
	ville.opens("/portal")
	ville.reads("Have you used another account before?")
}

func TestOnlyThoseWhoSpeakForAnOrganisationSeeItsPeopleAndApps(t *testing.T) {
	w := ententetest.Start(t)
	g := joined(t, w, devworld.Anna)
	g.reads("needs the role User Administrator", "Liisa Laaksonen")
	for _, path := range []string{"/portal/people", "/portal/apps", "/portal/apps/new", "/programme", "/programme/terms"} {
		g.opens(path)
		g.signsIn()
		g.reads("You need another role")
		if g.Page.Header.Get("X-Entente-Reference") == "" {
			t.Errorf("%s has no reference", path)
		}
	}
}

func TestJ25_AnAdminEndsTheQuestionForEverybody(t *testing.T) {
	w := ententetest.Start(t)
	pat := owner(t, w)
	pat.reads("Without consent for everyone", "Contoso")
	liisa := newGuest(t, w, devworld.Liisa)
	liisa.opens(link(t, w, devworld.Liisa, invitationPath))
	for !strings.Contains(liisa.Page.Body, `name="forall"`) {
		before := len(liisa.Steps)
		if strings.Contains(liisa.Page.Body, `name="password"`) {
			liisa.presses("do=next", "password", liisa.Password)
		} else if strings.Contains(liisa.Page.Body, `name="code"`) {
			code, err := devworld.CodeAt(liisa.Seed, w.Inside().Source.Now())
			if err != nil {
				t.Fatal(err)
			}
			liisa.presses("do=next", "code", code)
		}
		if len(liisa.Steps) == before {
			t.Fatalf("no box for everyone on %q", liisa.Page.Title)
		}
	}
	liisa.presses("do=yes", "forall", "yes")
	liisa.presses("do=yes")
	liisa.presses("lang=en")
	liisa.presses("do=accept")
	liisa.at("/portal")
	anna := newGuest(t, w, devworld.Anna)
	anna.opens(link(t, w, devworld.Anna, invitationPath))
	anna.presses("do=next", "password", anna.Password)
	anna.at("/portal/language")
	pat.opens("/programme/members")
	pat.reads("✓ consent for everyone")
}

func TestJ40_AnInvitedAddressIsSwappedAndCanBeTakenBack(t *testing.T) {
	w := ententetest.Start(t)
	g := newGuest(t, w, devworld.Ville)
	g.opens("/portal")
	g.signsIn()
	g.opens("/portal/swap")
	g.presses("do=next", "address", devworld.Niko)
	g.presses("do=confirm", "code", "000000")
	g.reads("That is not the code", "4 tries are left")
	g.presses("do=confirm", "code", mailCode(t, w, devworld.Niko))
	g.reads("this is your sign-in name now")
	g.opens("/portal")
	g.presses("lang=en")
	g.presses("do=accept")
	g.at("/portal")
	if m := mails(t, w, devworld.Ville); len(m) == 0 {
		t.Error("the new address was not told")
	}
	undo := link(t, w, devworld.Niko, "/portal/undo/")
	other := newGuest(t, w, devworld.Niko)
	other.opens(undo)
	other.opens(undo)
	other.reads("Take the change back?", devworld.Niko)
	g.opens("/portal")
	g.at("/portal")
	other.presses("do=undo")
	other.reads("The change was taken back")
	g.opens("/portal")
	g.reads("The portal does not know you yet")
	other.opens(undo)
	other.reads("This link cannot be used", "It was taken back already")
}

func TestJ04_AddressesOfOursInThePartnersHandsAreListed(t *testing.T) {
	w := ententetest.Start(t)
	pat := owner(t, w)
	pat.opens("/programme/addresses")
	pat.reads("No partner uses an address of ours")
	pat.opens("/programme/invitations")
	pat.presses("do=invite", "list", "seller@fabrikam.example, Sam Seller, member, en\nnobody\n"+devworld.Anna, "role", "member", "language", "en")
	pat.reads("2 lines were not taken", "no e-mail address", "was invited already", "1 invitation was sent")
	pat.opens("/programme/addresses")
	pat.reads("seller@fabrikam.example")
}

func TestADeadInvitationLinkLeadsToANewOne(t *testing.T) {
	w := ententetest.Start(t)
	pat := owner(t, w)
	pat.opens("/programme/invitations")
	used := link(t, w, devworld.Wilma, invitationPath)
	list, err := w.Inside().Programme.Invitations(t.Context(), pat.caller(), programme.Cursor{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		if i.Address == devworld.Wilma {
			if err := w.Inside().Programme.Revoke(t.Context(), pat.caller(), i.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, dead := range []string{used, "/portal/invitation/not-a-token"} {
		g := newGuest(t, w, devworld.Ville)
		g.opens(dead)
		g.reads("This link cannot be used", "Ask for a new one", devworld.Pat)
		if g.Page.Header.Get("X-Entente-Reference") == "" {
			t.Error("the page has no reference")
		}
		g.opens("/portal/ask")
		g.signsIn()
		g.reads("Ask for access")
	}
}

func TestM20_APersonOfAKnownOrganisationIsAskedForAnEarlierAccount(t *testing.T) {
	w := ententetest.Start(t)
	joined(t, w, devworld.Anna)
	g := newGuest(t, w, devworld.Ville)
	g.opens("/portal")
	g.signsIn()
	g.reads("Have you used another account before?", "Yes, connect it", "No, I am new")
	g.opens("/portal/merge")
	g.presses("do=next", "address", devworld.Anna)
	g.presses("do=confirm", "code", mailCode(t, w, devworld.Anna))
	g.reads("this is your sign-in name now")
	g.opens("/portal")
	g.presses("lang=en")
	g.presses("do=accept")
	g.at("/portal")
}

// certificate is a self-signed one in PEM form.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	at := ententetest.Now()
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "nightly"}, NotBefore: at, NotAfter: at.Add(20 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestAWebAppShowsItsSecretOnceAndTheSecretWorks(t *testing.T) {
	w := ententetest.Start(t)
	liisa := joined(t, w, devworld.Liisa)
	liisa.opens("/portal/apps/new")
	liisa.presses("do=add", "name", "Nightly", "redirect", "http://app.example/cb", "audience", "AzureADMyOrg")
	liisa.reads("Write an address with https")
	if !strings.Contains(liisa.Page.Body, `value="Nightly"`) {
		t.Error("what was typed is gone")
	}
	liisa.presses("do=add", "name", "Nightly", "redirect", "https://app.contoso.example/cb", "audience", "AzureADMyOrg")
	liisa.reads("App ID", "Organisation ID", string(devworld.Contoso), "AzureAd:ClientId", "AZURE_TENANT_ID", "No key yet")
	if page := liisa.text(); strings.Index(page, "Add a certificate") > strings.Index(page, "Make a secret instead") {
		t.Error("the secret is offered before the certificate")
	}
	app := strings.TrimPrefix(liisa.Page.Address.Path, "/portal/apps/")
	liisa.presses("do=certificate", "certificate", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----")
	liisa.reads("private key")
	liisa.presses("do=certificate", "certificate", certificate(t))
	liisa.reads("The certificate is registered", "nightly")
	liisa.presses("do=secret", "secretname", "production")
	secret := regexp.MustCompile(`id="secret" dir="ltr">([A-Za-z0-9_-]{43})<`).FindStringSubmatch(liisa.Page.Body)
	if secret == nil {
		t.Fatalf("no secret on the page: %s", liisa.text())
	}
	token := func() (int, map[string]any) {
		return post(t, w, "/"+string(devworld.Contoso)+"/oauth2/v2.0/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {app}, "client_secret": {secret[1]}, "scope": {"https://graph.microsoft.com/.default"},
		})
	}
	if status, body := token(); status != 200 {
		t.Errorf("the secret does not work: %d %v", status, body)
	}
	liisa.opens("/portal/apps/" + app)
	if strings.Contains(liisa.Page.Body, secret[1]) {
		t.Error("the secret is shown a second time")
	}
	liisa.opens("/portal")
	liisa.reads("nightly of Nightly ends on", "added a certificate")
	liisa.opens("/portal/apps/" + app + "/delete")
	liisa.presses("do=delete")
	liisa.reads("The app was deleted")
	if status, body := token(); status == 200 {
		t.Errorf("the secret of a deleted app works: %v", body)
	}
}

func TestAWebAppTrustsABuildServerInsteadOfASecret(t *testing.T) {
	w := ententetest.Start(t)
	liisa := joined(t, w, devworld.Liisa)
	liisa.opens("/portal/apps/new")
	liisa.presses("do=add", "name", "Nightly", "redirect", "https://app.contoso.example/cb", "audience", "AzureADMyOrg")
	app := strings.TrimPrefix(liisa.Page.Address.Path, "/portal/apps/")
	const issuer, subject = "https://token.actions.example", "repo:contoso/jobs:ref:refs/heads/main"
	liisa.presses("do=trust", "trustname", "builds", "issuer", issuer, "subject", "repo:contoso/*", "trustaudience", "api://AzureADTokenExchange")
	liisa.reads("without stars")
	if !strings.Contains(liisa.Page.Body, `value="`+issuer+`"`) {
		t.Error("what was typed is gone")
	}
	liisa.presses("do=trust", "trustname", "", "issuer", issuer, "subject", subject, "trustaudience", "api://AzureADTokenExchange")
	liisa.reads("Give the key a name")
	liisa.presses("do=trust", "trustname", "builds", "issuer", issuer, "subject", subject, "trustaudience", "api://AzureADTokenExchange")
	liisa.reads("counts as a key", "federated", "builds", subject, issuer)
	owned, err := w.Inside().Apps.OwnedBy(t.Context(), devworld.Contoso, id.App(app))
	if err != nil || len(owned.Credentials) != 1 || owned.Credentials[0].Trust == nil || owned.Credentials[0].Trust.Audiences[0] != "api://AzureADTokenExchange" {
		t.Errorf("the app has %+v, %v", owned.Credentials, err)
	}
	liisa.opens("/portal")
	liisa.reads("let another issuer prove an app")
	if strings.Contains(liisa.text(), "ends on") {
		t.Error("the portal warns of the end of a key that has none")
	}
}

func TestAnAppOfAnotherOrganisationIsNotShown(t *testing.T) {
	w := ententetest.Start(t)
	liisa := joined(t, w, devworld.Liisa)
	liisa.opens("/portal/apps/" + ententetest.PortalApp)
	if liisa.Page.Status != 404 || strings.Contains(liisa.Page.Body, "AzureAd:ClientId") {
		t.Errorf("status %d: %s", liisa.Page.Status, liisa.text())
	}
	if err := liisa.Post(t.Context(), w.Origin+"/portal/apps/"+ententetest.PortalApp+"/delete", url.Values{"do": {"delete"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Inside().Apps.Find(t.Context(), devworld.Portal); err != nil {
		t.Errorf("the app is gone: %v", err)
	}
}

func TestOpeningEveryMailedLinkChangesNothing(t *testing.T) {
	w := ententetest.Start(t)
	before, err := w.Inside().Attempts.Events(t.Context(), devworld.Fabrikam, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{devworld.Anna, devworld.Kai, devworld.Private, devworld.Niko} {
		scanner := newGuest(t, w, to)
		scanner.opens(link(t, w, to, invitationPath))
	}
	after, err := w.Inside().Attempts.Events(t.Context(), devworld.Fabrikam, 500)
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != len(before) {
		t.Errorf("%d deeds came of opening links", len(after)-len(before))
	}
}
