package ententetest_test

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/devworld"
)

// enter opens a page behind a door, signing in on the way.
func enter(t *testing.T, w *ententetest.World, v *devworld.Visitor, path string) {
	t.Helper()
	ctx := t.Context()
	if err := v.Open(ctx, w.Origin+path); err != nil {
		t.Fatal(err)
	}
	if v.Page.Header.Get("Location") != "" {
		if _, err := v.Walk(ctx, w.Origin+path); err != nil {
			t.Fatalf("%s: %v after %q", path, err, v.Steps)
		}
		follow(t, v)
	}
	if v.Page.Status != 200 || v.Page.Address.Path != strings.SplitN(path, "?", 2)[0] {
		t.Fatalf("%s: status %d at %s, %q", path, v.Page.Status, v.Page.Address, v.Page.Title)
	}
}

// follow goes where a redirect leads.
func follow(t *testing.T, v *devworld.Visitor) {
	t.Helper()
	for range 10 {
		target := v.Page.Header.Get("Location")
		if target == "" {
			return
		}
		if err := v.Open(t.Context(), target); err != nil {
			t.Fatal(err)
		}
	}
}

// submit posts a form of the page and follows.
func submit(t *testing.T, v *devworld.Visitor, button string, typed url.Values) {
	t.Helper()
	if err := v.Submit(t.Context(), button, typed); err != nil {
		t.Fatal(err)
	}
	follow(t, v)
}

func wants(t *testing.T, v *devworld.Visitor, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(v.Page.Body, text) {
			t.Errorf("%s %q does not say %q", v.Page.Address, v.Page.Title, text)
		}
	}
}

// mailsTo reads what a mailbox got, newest first.
func mailsTo(t *testing.T, w *ententetest.World, to string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	list, err := w.Inside().Mails(ctx, to)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, m := range list {
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

func TestJ81_MyAccountShowsAndChangesWhatIsMine(t *testing.T) {
	w := ententetest.Start(t)
	v := w.Visitor(devworld.Private)
	enter(t, w, v, "/account")
	wants(t, v, devworld.Private, "Kaisa Koski")
	submit(t, v, "do=save", url.Values{"name": {"Kaisa K."}, "language": {"sv"}})
	wants(t, v, "Kaisa K.", "Sparat.")
	for path, text := range map[string]string{"/account/ways": "Lösenord", "/account/devices": "Glöm enheten", "/account/apps": "Ingen app"} {
		enter(t, w, v, path)
		wants(t, v, text)
	}
	if err := v.Open(t.Context(), w.Origin+"/account/data"); err != nil {
		t.Fatal(err)
	}
	var data map[string]any
	if err := json.Unmarshal([]byte(v.Page.Body), &data); err != nil {
		t.Fatalf("%v: %.300s", err, v.Page.Body)
	}
	if got := data["account"].(map[string]any)["Name"]; got != "Kaisa K." {
		t.Errorf("the export says %v", got)
	}
	for _, secret := range []string{"argon2", "hash", "Digest", devworld.Password} {
		if strings.Contains(v.Page.Body, secret) {
			t.Errorf("the export holds %q", secret)
		}
	}
}

func TestJ09_APersonalSignInNameIsChangedAndTheOldAddressIsFree(t *testing.T) {
	w := ententetest.Start(t)
	v := w.Visitor(devworld.Private)
	enter(t, w, v, "/account/sign-in-name")
	submit(t, v, "do=send", url.Values{"address": {"kaisa@contoso.example"}})
	wants(t, v, "belongs to an organisation. Take an address")
	submit(t, v, "do=send", url.Values{"address": {"kaisa.koski@letters.example"}})
	codes := sixDigits.FindAllString(mailsTo(t, w, "kaisa.koski@letters.example"), -1)
	if len(codes) == 0 {
		t.Fatal("no code came")
	}
	submit(t, v, "do=check", url.Values{"code": {"000000"}})
	wants(t, v, "That is not the code")
	submit(t, v, "do=check", url.Values{"code": {codes[0]}})
	wants(t, v, "kaisa.koski@letters.example", "Nothing was lost")
	if mail := mailsTo(t, w, devworld.Private); !strings.Contains(mail, "kaisa.koski@letters.example") {
		t.Errorf("the old mailbox was not told: %s", mail)
	}
	again := w.Visitor("kaisa.koski@letters.example")
	again.Password = devworld.Password
	enter(t, w, again, "/account")
	wants(t, again, "Kaisa Koski")
	old := w.Visitor(devworld.Private)
	if err := old.Open(t.Context(), w.Origin+"/account"); err != nil {
		t.Fatal(err)
	}
	if _, err := old.Walk(t.Context(), w.Origin+"/account"); err == nil {
		t.Error("the old name still signs in")
	}
}

func TestTheNameOfAWorkAccountIsItsOrganisations(t *testing.T) {
	w := ententetest.Start(t)
	v := w.Visitor(devworld.Anna)
	enter(t, w, v, "/account/sign-in-name")
	wants(t, v, "belongs to", "Contoso")
	if strings.Contains(v.Page.Body, `name="address"`) {
		t.Error("a work account is offered another name")
	}
}

func TestAPasswordIsChangedWithTheOldOneAndEverySessionEnds(t *testing.T) {
	w := ententetest.Start(t)
	v := w.Visitor(devworld.Private)
	enter(t, w, v, "/account/password")
	submit(t, v, "do=save", url.Values{"old": {"not the old one"}, "password": {"seven wet dogs on a roof"}})
	wants(t, v, "do not match")
	submit(t, v, "do=save", url.Values{"old": {devworld.Password}, "password": {"password1"}})
	wants(t, v, "at least 15")
	submit(t, v, "do=save", url.Values{"old": {devworld.Password}, "password": {"seven wet dogs on a roof"}})
	if strings.Contains(v.Page.Body, "Ways to sign in") {
		t.Error("the session outlived the password it rested on")
	}
	again := w.Visitor(devworld.Private)
	again.Password = "seven wet dogs on a roof"
	enter(t, w, again, "/account/ways")
	if mail := mailsTo(t, w, devworld.Private); !strings.Contains(mail, "was changed") {
		t.Errorf("nobody was told: %s", mail)
	}
}

func TestAnAuthenticatorAppIsSetUpAndItsCodesAreShownOnce(t *testing.T) {
	w := ententetest.Start(t)
	v := w.Visitor(devworld.Private)
	enter(t, w, v, "/account/authenticator")
	seed := regexp.MustCompile(`secret=([A-Z2-7]+)`).FindStringSubmatch(v.Page.Body)
	submit(t, v, "do=next", url.Values{"code": {"000000"}})
	wants(t, v, "does not match", seed[1])
	submit(t, v, "do=next", url.Values{"code": {code(t, seed[1], time.Now())}})
	wants(t, v, "Your new recovery codes")
	enter(t, w, v, "/account/ways")
	wants(t, v, "10 codes are left")
	if mail := mailsTo(t, w, devworld.Private); !strings.Contains(mail, "was added") {
		t.Errorf("nobody was told: %s", mail)
	}
	// From now on a change wants the factor, not the password alone.
	v.Seed = seed[1]
	v.At(func() time.Time { return time.Now().Add(30 * time.Second) })
	enter(t, w, v, "/account/passkeys/new")
	if step := strings.Join(v.Steps, "|"); !strings.Contains(step, "code") {
		t.Errorf("the second factor was not asked for: %s", step)
	}
}

func TestSignedOutEverywhereMeansEverywhere(t *testing.T) {
	w := ententetest.Start(t)
	one, other := w.Visitor(devworld.Private), w.Visitor(devworld.Private)
	enter(t, w, one, "/account/devices")
	enter(t, w, other, "/account")
	submit(t, one, "do=end", nil)
	for name, v := range map[string]*devworld.Visitor{"this": one, "the other": other} {
		if err := v.Open(t.Context(), w.Origin+"/account"); err != nil {
			t.Fatal(err)
		}
		if v.Page.Header.Get("Location") == "" {
			t.Errorf("%s browser is still signed in: %q", name, v.Page.Title)
		}
	}
}

func TestAnAdminGivesAPassAndNeverAboveTheirOwnRole(t *testing.T) {
	w := ententetest.Start(t)
	v := w.Visitor(devworld.Liisa)
	enter(t, w, v, "/organisation/people")
	wants(t, v, devworld.Anna, "Temporary pass")
	submit(t, v, "do=pass", nil)
	pass := regexp.MustCompile(`<code id="pass" dir="ltr">([^<]+)`).FindStringSubmatch(v.Page.Body)
	name := regexp.MustCompile(`[a-z]+@contoso\.example`).FindString(v.Page.Body)
	if pass == nil || name == "" {
		t.Fatalf("no pass: %q", v.Page.Title)
	}
	in := w.Inside()
	person, err := in.People.Named(t.Context(), devworld.Contoso, name)
	if err != nil {
		t.Fatal(err)
	}
	by, err := in.Safe.CheckPass(t.Context(), credential.Owner{Tenant: devworld.Contoso, Account: person.ID}, pass[1])
	if err != nil || by != devworld.Liisa {
		t.Errorf("the pass of %s: by %q, %v", name, by, err)
	}
}

func TestColleaguesSeeNoListOfPeople(t *testing.T) {
	w := ententetest.Start(t)
	v := w.Visitor(devworld.Ville)
	if err := v.Open(t.Context(), w.Origin+"/organisation/people"); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Walk(t.Context(), w.Origin+"/organisation/people"); err != nil {
		t.Fatal(err)
	}
	follow(t, v)
	if strings.Contains(v.Page.Body, devworld.Anna) {
		t.Error("a colleague without a role reads the list")
	}
}
