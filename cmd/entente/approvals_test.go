package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// logsIn runs "login" with a visitor as the browser.
func logsIn(t *testing.T, d *desk, v *devworld.Visitor) said {
	t.Helper()
	visited := make(chan struct{})
	s := d.runWith(strings.NewReader(""), func(line string) {
		found := address.FindString(line)
		if !strings.Contains(found, "/authorize?") {
			return
		}
		go func() {
			defer close(visited)
			asked, err := url.Parse(found)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := v.SignIn(t.Context(), found, asked.Query().Get("redirect_uri")); err != nil {
				t.Errorf("sign-in after %q: %v", v.Steps, err)
				return
			}
			response, err := http.Get(v.Page.Header.Get("Location"))
			if err != nil {
				t.Errorf("bring the answer: %v", err)
				return
			}
			_ = response.Body.Close()
		}()
	}, "login", "--no-browser")
	<-visited
	return s
}

// asksForPortal sends somebody's request for the sales portal.
func asksForPortal(t *testing.T, w *ententetest.World, who string) *devworld.Visitor {
	t.Helper()
	sum := sha256.Sum256([]byte("a-verifier-that-is-long-enough-for-rfc-7636-4-1"))
	v := w.Visitor(who)
	for _, err := range []error{
		v.Open(t.Context(), w.Origin+"/organizations/oauth2/v2.0/authorize?"+url.Values{
			"client_id": {string(devworld.SalesPortal)}, "response_type": {"code"}, "redirect_uri": {w.Origin + "/portal/enter"}, "scope": {"openid User.Read"},
			"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
		}.Encode()),
		v.Submit(t.Context(), "do=next", url.Values{"address": {who}}),
		v.Submit(t.Context(), "do=next", url.Values{"password": {v.Password}}),
		v.Submit(t.Context(), "do=send", url.Values{"reason": {"We register our deals there."}}),
	} {
		if err != nil {
			t.Fatalf("%s asks: %v after %q", who, err, v.Steps)
		}
	}
	return v
}

func TestApprovalsAreDecidedFromTheCommandLine(t *testing.T) {
	w, d := newcomer(t)
	d.expect(d.run("whoami"), exitSignIn, "nobody is signed in", "entente login")
	d.expect(d.run("approvals", "list"), exitSignIn, "entente login")

	login := logsIn(t, d, w.Visitor(devworld.Lena))
	d.expect(login, exitOK)
	who := d.run("whoami", "--output", "json")
	d.expect(who, exitOK)
	if !strings.Contains(who.out, devworld.Lena) || !strings.Contains(who.out, `"mfa": true`) {
		t.Errorf("whoami: %s", who.out)
	}
	// A person is no consent of an application.
	d.expect(d.run("partner", "status"), exitPerson, "no consent is stored")

	if empty := d.run("approvals", "list"); empty.code != exitOK || empty.out != "" {
		t.Errorf("%+v", empty)
	}
	kai := asksForPortal(t, w, devworld.Kai)
	list := d.run("approvals", "list", "--output", "json")
	d.expect(list, exitOK)
	var shown []shownApproval
	if err := json.Unmarshal([]byte(list.out), &shown); err != nil || len(shown) != 1 || shown[0].App.Name != "Partner Sales Portal" {
		t.Fatalf("list: %v %s", err, list.out)
	}
	id := shown[0].ID
	one := d.run("approvals", "show", id)
	d.expect(one, exitOK)
	for _, want := range []string{"Kai Oja (kai@fourthcoffee.example)", "We register our deals there.", "Microsoft Graph: User.Read", "verified: fabrikam.example"} {
		if !strings.Contains(one.out, want) {
			t.Errorf("show lacks %q:\n%s", want, one.out)
		}
	}
	d.expect(d.run("approvals", "deny", id), exitUsage, "--reason")
	d.expect(d.run("approvals", "deny", id, "--reason", strings.Repeat("x", 301)), exitUsage, "Expected: 1 to 300 characters.")
	d.expect(d.run("approvals", "show"), exitUsage, "entente approvals list")
	approved := d.run("approvals", "approve", id, "--everyone", "--output", "tsv")
	d.expect(approved, exitOK)
	if !strings.Contains(approved.out, "state\tapproved") || !strings.Contains(approved.out, "for\teveryone") {
		t.Errorf("approve: %s", approved.out)
	}
	d.expect(d.run("approvals", "approve", id, "--everyone"), exitOK)
	d.expect(d.run("approvals", "approve", id), exitConflict, "It is now: approved.", "Ref:   ", "entente explain M34")
	d.expect(d.run("approvals", "block", id, "--reason", "Too late."), exitConflict)
	d.expect(d.run("approvals", "show", "0b1c6f0e-6a57-4b8a-9f57-6a1f4b1d2c3e"), exitNotFound, "explain M49")
	d.expect(d.run("approvals", "list", "--state", "sideways"), exitUsage, "state")
	if waiting := d.run("approvals", "list"); waiting.out != "" {
		t.Errorf("waits still: %s", waiting.out)
	}
	if err := kai.Submit(t.Context(), "do=check", nil); err != nil {
		t.Fatal(err)
	}
	if got, err := kai.Walk(t.Context(), w.Origin+"/portal/enter"); err != nil || got.Get("code") == "" {
		t.Errorf("the requester does not get in: %v %v", got, err)
	}

	secret := regexp.MustCompile(`ey[A-Za-z0-9_-]{20,}\.|refresh`)
	for _, s := range []said{login, who, list, one, approved} {
		if secret.MatchString(s.out + s.err) {
			t.Errorf("a command shows a token: %s %s", s.out, s.err)
		}
	}
	d.expect(d.run("logout"), exitOK, "is signed out")
	d.expect(d.run("approvals", "list"), exitSignIn)
	d.expect(d.run("logout"), exitSignIn)
}

func TestTheCommandLineRefusesWhoLacksTheRole(t *testing.T) {
	w, d := newcomer(t)
	asksForPortal(t, w, devworld.Noora)
	// Kai has no second factor: the sign-in has him set one up.
	kai := w.Visitor(devworld.Kai)
	d.expect(logsIn(t, d, kai), exitOK)
	d.expect(d.run("approvals", "list"), exitPolicy, "Cloud Application Administrator", "explain M46")
	// The admin of another organisation sees nothing of it.
	liisa := w.Visitor(devworld.Liisa)
	d.expect(logsIn(t, d, liisa), exitOK)
	if list := d.run("approvals", "list", "--state", "all"); list.code != exitOK || list.out != "" {
		t.Errorf("%+v", list)
	}
}

func TestAReferenceIsExplainedAsFarAsThePersonMayKnow(t *testing.T) {
	w, d := newcomer(t)
	d.expect(logsIn(t, d, w.Visitor(devworld.Kai)), exitOK)
	refused := d.run("approvals", "list")
	_, rest, _ := strings.Cut(refused.err, "Ref:   ")
	reference, _, _ := strings.Cut(rest, " ")
	d.expect(logsIn(t, d, w.Visitor(devworld.Lena)), exitOK)
	own, err := findStory(t.Context(), &profile{}, reference)
	if err != nil || own.Message != "M46" || own.Step != "api" || !strings.Contains(own.Address, "fourthcoffee") {
		t.Errorf("the IT of the organisation reads %+v, %v", own, err)
	}
	d.expect(logsIn(t, d, w.Visitor(devworld.Liisa)), exitOK)
	foreign, err := findStory(t.Context(), &profile{}, reference)
	if err != nil || foreign.Message != "M46" || foreign.Step != "" || foreign.Address != "" || foreign.Tenant != "" {
		t.Errorf("a stranger reads %+v, %v", foreign, err)
	}
	if _, err := findStory(t.Context(), &profile{}, "0000-0000"); exitCode(err) != exitNotFound {
		t.Errorf("of no reference: %v", err)
	}
}

func TestASignInThatWasEndedElsewhereIsAskedForAgain(t *testing.T) {
	w, d := newcomer(t)
	d.expect(logsIn(t, d, w.Visitor(devworld.Lena)), exitOK)
	d.expect(d.run("approvals", "list"), exitOK)
	p, _ := devworld.FindPerson(devworld.Lena)
	person, err := w.Inside().People.Find(t.Context(), p.Tenant, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	person.SessionsFrom = time.Now().Add(time.Second)
	if err := w.Inside().People.Save(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	d.expect(d.run("approvals", "list"), exitSignIn, "entente login")
}

func TestWhatKeepsAPersonSignedInLiesSealed(t *testing.T) {
	w, d := newcomer(t)
	d.expect(logsIn(t, d, w.Visitor(devworld.Lena)), exitOK)
	root, files := os.Getenv("XDG_DATA_HOME"), 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), devworld.Lena) {
			t.Errorf("%s can be read", path)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files below %s: %v", files, root, err)
	}
}
