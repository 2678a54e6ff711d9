package credential_test

import (
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
)

func TestAMailedCodeProvesItsMailboxWithinItsTime(t *testing.T) {
	safe, now := newSafe(t)
	ctx := t.Context()
	code, sent, err := safe.NewMailCode(ctx, "anna@a.example", nil)
	if err != nil || len(code) != 6 || len(sent) != 1 {
		t.Fatalf("%q, %v, %v", code, sent, err)
	}
	wrong := "000000"
	if code == wrong {
		wrong = "111111"
	}
	wantFault(t, safe.CheckMailCode(ctx, "anna@a.example", sent, wrong), fault.MailCodeWrong)
	wantFault(t, safe.CheckMailCode(ctx, "bob@a.example", sent, code), fault.MailCodeWrong)
	if err := safe.CheckMailCode(ctx, "anna@a.example", sent, " "+code[:3]+"-"+code[3:]); err != nil {
		t.Errorf("as people type it: %v", err)
	}
	now.advance(credential.MailCodeLife + time.Second)
	wantFault(t, safe.CheckMailCode(ctx, "anna@a.example", sent, code), fault.MailCodeExpired)
}

func TestANewCodeLeavesTheEarlierOnesGoodAndAFloodIsStopped(t *testing.T) {
	safe, now := newSafe(t)
	ctx := t.Context()
	first, sent, err := safe.NewMailCode(ctx, "anna@a.example", nil)
	if err != nil {
		t.Fatal(err)
	}
	var second string
	if second, sent, err = safe.NewMailCode(ctx, "anna@a.example", sent); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{first, second} {
		if err := safe.CheckMailCode(ctx, "anna@a.example", sent, code); err != nil {
			t.Errorf("code %s: %v", code, err)
		}
	}
	for range 5 {
		if _, sent, err = safe.NewMailCode(ctx, "bob@a.example", sent); err != nil {
			t.Fatal(err)
		}
	}
	if len(sent) != 3 {
		t.Errorf("%d codes are good at once", len(sent))
	}
	_, _, err = safe.NewMailCode(ctx, "bob@a.example", sent)
	wantFault(t, err, fault.RequestRepeated, "minutes", "61")
	if _, _, err := safe.NewMailCode(ctx, "carol@a.example", nil); err != nil {
		t.Errorf("another address: %v", err)
	}
	now.advance(time.Hour)
	if _, _, err := safe.NewMailCode(ctx, "bob@a.example", sent); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

func TestGuessesOfAMailedCodeAreCountedForTheAddress(t *testing.T) {
	safe, _ := newSafe(t)
	ctx := t.Context()
	_, sent, err := safe.NewMailCode(ctx, "anna@a.example", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		wantFault(t, safe.CheckMailCode(ctx, "anna@a.example", sent, "12345"), fault.MailCodeWrong)
	}
	wantFault(t, safe.CheckMailCode(ctx, "anna@a.example", sent, "12345"), fault.TooManyTries)
}

func TestWhichPasswordsCanBeChosen(t *testing.T) {
	for password, want := range map[string]string{
		"short":                        "short",
		"fourteen chars":               "short",
		"seven green bicycles":         "",
		"correct horse battery staple": "",
		"Password2026!Password":        "common",
		"P4ssw0rd!P4ssw0rd!":           "common",
		"aaaaaaaaaaaaaaaaaaaa":         "common",
		"abcdefghijklmnopqrstu":        "common",
		"contosoContoso2026!!!":        "common",
		"Anna Virtanen 1234567":        "common",
		strings.Repeat("ö ruis ", 200): "long",
		"9083 4752 1176 2093 5518":     "",
		"мой дядя самых честных правил": "",
		"qwertyuiopqwertyuiop":             "common",
		"kolme vihreää pyörää laulaa ääni": "",
	} {
		err := credential.Strong(password, true, "Anna Virtanen", "anna@contoso.example", "Contoso Portal")
		if want == "" && err != nil {
			t.Errorf("%q: %v", password, err)
		}
		if want != "" {
			if f := fault.Of(err); err == nil || f.Code != fault.PasswordWeak || f.Facts["rule"] != want {
				t.Errorf("%q: %v, want %s", password, err, want)
			}
		}
	}
	if err := credential.Strong("eight ch", false); err != nil {
		t.Errorf("beside a second factor: %v", err)
	}
}

func TestAKnownDeviceIsItsPersonsAndCountsApart(t *testing.T) {
	safe, _ := newSafe(t)
	ctx := t.Context()
	if err := safe.SetPassword(ctx, anna, annasPassword); err != nil {
		t.Fatal(err)
	}
	others, err := safe.AddDevice(ctx, anna, "a secret", "Firefox")
	if err != nil || others {
		t.Fatalf("first device: %v, %v", others, err)
	}
	if others, err := safe.AddDevice(ctx, anna, "another secret", "Safari"); err != nil || !others {
		t.Errorf("second device: %v, %v", others, err)
	}
	for _, c := range []struct {
		owner  credential.Owner
		secret string
		want   bool
	}{{anna, "a secret", true}, {anna, "a Secret", false}, {anna, "", false}, {bob, "a secret", false}} {
		if got, err := safe.KnowsDevice(ctx, c.owner, c.secret); err != nil || got != c.want {
			t.Errorf("%s, %q: %v, %v", c.owner.Account, c.secret, got, err)
		}
	}
	for range 10 {
		wantFault(t, safe.CheckPassword(ctx, anna, annasName, "wrong password", ""), fault.WrongPassword)
	}
	wantFault(t, safe.CheckPassword(ctx, anna, annasName, annasPassword, "unknown"), fault.TooManyTries)
	if err := safe.CheckPassword(ctx, anna, annasName, annasPassword, "a secret"); err != nil {
		t.Errorf("on the known device: %v", err)
	}
	// The device is no way round the limit either.
	for range 10 {
		wantFault(t, safe.CheckPassword(ctx, anna, annasName, "wrong password", "a secret"), fault.WrongPassword)
	}
	wantFault(t, safe.CheckPassword(ctx, anna, annasName, annasPassword, "a secret"), fault.TooManyTries)
	list, err := safe.Devices(ctx, anna)
	if err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, d := range list {
		if err := safe.ForgetDevice(ctx, anna, d.ID); err != nil {
			t.Fatal(err)
		}
	}
	if known, err := safe.KnowsDevice(ctx, anna, "a secret"); err != nil || known {
		t.Errorf("a forgotten device is known: %v", err)
	}
}
