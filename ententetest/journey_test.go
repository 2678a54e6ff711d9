package ententetest_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// walker is a person in front of a browser, whose pages a test looks at one by
// one.
type walker struct {
	*devworld.Visitor
	t   *testing.T
	ctx context.Context
	w   *ententetest.World
}

func newWalker(t *testing.T, w *ententetest.World, signInName string) walker {
	return walker{w.Visitor(signInName), t, context.Background(), w}
}

// open gets a page of the world and follows redirects, within the world.
func (p walker) open(address string) {
	p.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = p.w.Origin + address
	}
	if err := p.Open(p.ctx, address); err != nil {
		p.t.Fatalf("open %s: %v", address, err)
	}
	p.follow()
}

func (p walker) follow() {
	p.t.Helper()
	for range 10 {
		target, err := p.Page.Address.Parse(p.Page.Header.Get("Location"))
		if err != nil || p.Page.Header.Get("Location") == "" || !strings.HasPrefix(target.String(), p.w.Origin) {
			return
		}
		if err := p.Open(p.ctx, target.String()); err != nil {
			p.t.Fatalf("follow %s: %v", target, err)
		}
	}
}

// press submits the page's form with a button and what was typed.
func (p walker) press(button string, typed ...string) {
	p.t.Helper()
	fields := url.Values{}
	for i := 0; i+1 < len(typed); i += 2 {
		fields.Set(typed[i], typed[i+1])
	}
	if err := p.Submit(p.ctx, button, fields); err != nil {
		p.t.Fatalf("press %s: %v", button, err)
	}
	p.follow()
}

// sees fails unless the page has these texts.
func (p walker) sees(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.Page.Body, text) {
			p.t.Fatalf("page %q (%d) at %s lacks %q:\n%s", p.Page.Title, p.Page.Status, p.Page.Address.Path, text, mainOf(p.Page.Body))
		}
	}
}

func mainOf(body string) string {
	if i := strings.Index(body, "<main"); i >= 0 {
		body = body[i:]
	}
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, " ")
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 1200 {
		text = text[:1200]
	}
	return text
}

// failed gives the code of the attempt whose reference the page shows.
func (p walker) failed() fault.Code {
	p.t.Helper()
	reference := p.Page.Header.Get("X-Entente-Reference")
	if reference == "" {
		p.t.Fatalf("page %q at %s has no reference", p.Page.Title, p.Page.Address.Path)
	}
	a, err := p.w.Inside().Attempts.Find(p.ctx, reference)
	if err != nil {
		p.t.Fatal(err)
	}
	return a.Code
}

// message fails unless the page is about a message of the catalogue.
func (p walker) message(want string) {
	p.t.Helper()
	if got := fault.Describe(p.failed()).Message; got != want {
		p.t.Fatalf("page %q shows %s, want %s", p.Page.Title, got, want)
	}
}

func portalFor(address string) string { return "/portal?login_hint=" + url.QueryEscape(address) }

func bothKinds(address string) string {
	return "/common/oauth2/v2.0/authorize?" + url.Values{
		"client_id": {string(devworld.Console)}, "response_type": {"code"}, "redirect_uri": {"https://console.northwind.example/"}, "scope": {"openid profile User.Read"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "login_hint": {address},
	}.Encode()
}

// signed reports whether the browser was sent back to the app with a code.
func (p walker) signed() bool {
	return strings.HasPrefix(p.Page.Header.Get("Location"), "https://console.northwind.example/?code=")
}

func TestJ01_AnybodyLearnsInOneStepWhetherADomainIsConnected(t *testing.T) {
	w := ententetest.Start(t)
	p := newWalker(t, w, "")
	for address, want := range map[string]string{
		"anna@contoso.example": "contoso.example</bdi> is connected", "nobody@contoso.example": "contoso.example</bdi> is connected",
		"contoso.onentente.example": "onentente.example</bdi> is connected", "meri@personal.example": "is for private people",
		"niko@northgate.example": "is not connected yet",
	} {
		p.open("/check?address=" + url.QueryEscape(address))
		p.sees(want)
	}
	p.open("/check?address=anna@contoso.example")
	known := p.Page.Body
	p.open("/check?address=nobody@contoso.example")
	if strings.ReplaceAll(p.Page.Body, "nobody", "anna") != known {
		t.Error("the page tells accounts apart")
	}
	p.open("/check?address=" + url.QueryEscape("@@"))
	p.sees(`role="alert"`)
}

func TestJ03_AnotherAccountIsChosenWithoutAPrivateWindow(t *testing.T) {
	w := ententetest.Start(t)
	p := newWalker(t, w, devworld.Liisa)
	if _, err := p.SignIn(p.ctx, w.Origin+bothKinds(devworld.Liisa), "https://console.northwind.example/"); err != nil {
		t.Fatal(err)
	}
	again := strings.Replace(bothKinds(""), "login_hint=", "prompt=select_account", 1)
	p.open(again)
	p.sees("Choose an account", devworld.Liisa)
	p.press("do=another")
	p.sees(`name="address"`)
}

func TestJ09_TheKindOfAccountIsAskedOnceAndRemembered(t *testing.T) {
	w := ententetest.Start(t)
	p := newWalker(t, w, devworld.Mari)
	p.open(bothKinds(devworld.Mari))
	p.sees("Which account do you want to use?", `value="work"`, `value="personal"`, "/account/sign-in-name")
	// Asked for everybody of the domain alike: it tells nothing of who exists.
	other := newWalker(t, w, "")
	other.open(bothKinds("nobody@contoso.example"))
	other.sees("Which account do you want to use?")
	p.press("do=personal", "kept", "yes")
	p.sees(`name="password"`)
	p.press("do=next", "password", ententetest.Password)
	p.press("do=yes")
	if !p.signed() {
		t.Fatalf("not signed in: %q", p.Page.Title)
	}
	p.open("/signout")
	p.press("do=yes")
	p.open(bothKinds(devworld.Mari))
	p.sees(`name="password"`)
}

func TestJ10_ABrokenRequestIsTheDevelopersAndNotTheAccounts(t *testing.T) {
	p := newWalker(t, ententetest.Start(t), "")
	p.open(strings.Replace(bothKinds(""), "scope=", "x=", 1))
	if p.Page.Status != http.StatusFound && p.Page.Status != http.StatusBadRequest {
		t.Errorf("status %d", p.Page.Status)
	}
	p.open("/organizations/oauth2/v2.0/authorize?response_type=code")
	p.message("M34")
	p.sees("client_id", "developer")
}

func TestJ11_AnUnknownDomainHasThreeWaysAndNoneMakesAPersonalAccount(t *testing.T) {
	w := ententetest.Start(t)
	p := newWalker(t, w, devworld.Niko)
	p.open(portalFor(devworld.Niko))
	p.message("M04")
	p.sees("northgate.example</bdi> is not connected yet", "another sign-in name", "Write to your IT", "Tell the programme")
	if strings.Contains(p.Page.Body, "sign-up") {
		t.Error("an app for work offers to make a personal account")
	}
	// Another sign-in name leads on.
	p.press("do=next", "address", devworld.Anna)
	p.press("do=no")
	p.sees(`name="password"`, "Contoso")
	// The request reaches the programme, with what it needs.
	p.open(portalFor(devworld.Niko))
	p.press("do=help")
	p.sees("Your request is on its way")
	mails, err := w.Inside().Mails(p.ctx, devworld.Pat)
	if err != nil || len(mails) == 0 || !strings.Contains(mails[0].Body, "/programme/sign-ins/") {
		t.Errorf("the programme was not told: %v", err)
	}
}

func TestJ23_J29_J30_TheWrongKindOfAccountIsFoundBeforeThePassword(t *testing.T) {
	w := ententetest.Start(t)
	p := newWalker(t, w, devworld.Private)
	p.open(portalFor(devworld.Private))
	p.message("M01")
	p.sees(`role="alert"`, `name="address"`)

	// J30: signed in with a personal account, at an app for work.
	p = newWalker(t, w, devworld.Mari)
	p.open(bothKinds(devworld.Mari))
	p.press("do=personal")
	p.press("do=next", "password", ententetest.Password)
	p.press("do=yes")
	p.open("/portal")
	p.message("M02")
	p.sees("wrong kind of account", "Use another account")
	back := regexp.MustCompile(`href="([^"]*login_hint=mari[^"]*)"`).FindStringSubmatch(p.Page.Body)
	if back == nil {
		t.Fatal("no way back that keeps the address")
	}
	p.open(strings.ReplaceAll(back[1], "&amp;", "&"))
	p.sees(`name="password"`, devworld.Mari, "Contoso")
}

func TestJ24_ThePasswordPageShowsWhoseItIs(t *testing.T) {
	p := newWalker(t, ententetest.Start(t), devworld.Anna)
	p.open(portalFor(devworld.Anna))
	p.sees(`<header class="brand">`, "<bdi>Contoso</bdi>", `autocomplete="current-password"`, devworld.Anna)
}

func TestJ31_AWrongPasswordAndAnUnknownDomainAreTwoThings(t *testing.T) {
	p := newWalker(t, ententetest.Start(t), devworld.Anna)
	p.open(portalFor(devworld.Anna))
	p.press("do=next", "password", "not this one")
	p.message("M05")
	p.sees("My password is right, but it is refused", "onentente.example", devworld.Anna)
	p.open(portalFor(devworld.Niko))
	p.message("M04")
	if strings.Contains(p.Page.Body, `name="password"`) {
		t.Error("a password is asked for where nobody could check it")
	}
}

func TestJ28_J33_J44_ACodeOrAReferenceOpensItsOwnPage(t *testing.T) {
	w := ententetest.Start(t)
	p := newWalker(t, w, "")
	p.open("/error?code=AADSTS90094")
	p.sees("AADSTS90094", "Your IT")
	p.open("/error?code=50020")
	p.sees("AADSTS50020", "wrong kind of account")
	p.open("/organizations/oauth2/v2.0/authorize?response_type=code")
	reference := p.Page.Header.Get("X-Entente-Reference")
	p.open("/explain?reference=" + strings.ToLower(strings.ReplaceAll(reference, "-", "")))
	p.sees(reference, "AADSTS900144")
}

func TestJ20_PagesSpeakTheReadersLanguage(t *testing.T) {
	p := newWalker(t, ententetest.Start(t), "")
	for language, want := range map[string]string{"fi": "Onko yritykseni yhdistetty?", "sv": "Är mitt företag anslutet?", "en": "Is my company connected?"} {
		p.open("/check?ui_locales=" + language)
		p.sees(want, `<html lang="`+language+`"`)
	}
}

// A personal account begins with a proved mailbox and can be recovered by it.
func TestAPersonalAccountIsMadeByWhoeverReadsItsMail(t *testing.T) {
	w := ententetest.Start(t)
	const address, password = "uusi@personal.example", "seven green bicycles sing"
	p := newWalker(t, w, address)
	p.open(bothKinds(address))
	p.sees("No account yet?")
	p.press("do=sign-up")
	p.press("do=next", "code", "000000")
	p.sees(`role="alert"`)
	p.press("do=next", "code", mailedCode(t, w, address))
	p.press("do=next", "name", "Uusi Ihminen", "password", "short")
	p.sees(`role="alert"`, `value="Uusi Ihminen"`)
	p.press("do=next", "name", "Uusi Ihminen", "password", password)
	p.press("do=yes")
	if !p.signed() {
		t.Fatalf("not signed in: %q %s", p.Page.Title, mainOf(p.Page.Body))
	}
	// Making it again leads to signing in, after the mailbox was proved.
	second := newWalker(t, w, address)
	second.open(bothKinds(address))
	second.press("do=sign-up")
	second.press("do=next", "code", mailedCode(t, w, address))
	second.sees("You have an account with this address already", `name="password"`)
	// Forgotten.
	second.press("do=reset")
	second.press("do=next", "code", mailedCode(t, w, address))
	second.press("do=next", "password", "nine blue tractors dance")
	if !second.signed() {
		t.Fatalf("the new password did not sign in: %q", second.Page.Title)
	}
	mails, err := w.Inside().Mails(p.ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	told := ""
	for _, m := range mails {
		told += m.Body
	}
	for _, want := range []string{"password of " + address + " was changed", "on a device that we have not seen before"} {
		if !strings.Contains(told, want) {
			t.Errorf("no notice %q", want)
		}
	}
	third := newWalker(t, w, address)
	third.open(bothKinds(address))
	third.press("do=next", "password", password)
	third.message("M05")
}

// mailedCode is the code of the newest mail to an address.
func mailedCode(t *testing.T, w *ententetest.World, address string) string {
	t.Helper()
	mails, err := w.Inside().Mails(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mails {
		if code := regexp.MustCompile(`^(\d{6}) `).FindStringSubmatch(m.Subject); code != nil {
			return code[1]
		}
	}
	t.Fatalf("no code was mailed to %s", address)
	return ""
}

// A reset for an address that nobody has looks the same and mails nothing.
func TestAResetTellsNobodyWhoHasAnAccount(t *testing.T) {
	w := ententetest.Start(t)
	var pages []string
	for _, address := range []string{"mari@personal.example", "meri@personal.example"} {
		p := newWalker(t, w, address)
		p.open(bothKinds(address))
		p.press("do=reset")
		p.sees("Look into your mailbox")
		body := regexp.MustCompile(`name="flow" value="[^"]*"`).ReplaceAllString(p.Page.Body, "")
		pages = append(pages, strings.ReplaceAll(body, address, "address"))
	}
	if pages[0] != pages[1] {
		t.Error("the pages of a known and an unknown address differ")
	}
	if mails, err := w.Inside().Mails(context.Background(), "mari@personal.example"); err != nil || len(mails) != 0 {
		t.Errorf("mails to nobody: %v %v", mails, err)
	}
}

// A flood of wrong passwords from elsewhere does not keep the owner out of a
// browser that was used before (row R142).
func TestAKnownBrowserStaysOpenWhileOthersGuess(t *testing.T) {
	w := ententetest.Start(t)
	own := newWalker(t, w, devworld.Anna)
	own.open(portalFor(devworld.Anna))
	own.press("do=next", "password", ententetest.Password)
	own.press("do=yes")
	own.open("/signout")
	own.press("do=yes")
	thief := newWalker(t, w, devworld.Anna)
	thief.open(portalFor(devworld.Anna))
	for range 10 {
		thief.press("do=next", "password", "guessing")
	}
	thief.press("do=next", "password", ententetest.Password)
	thief.message("M06")
	own.open(portalFor(devworld.Anna))
	own.press("do=next", "password", ententetest.Password)
	if strings.Contains(own.Page.Body, `name="password"`) {
		t.Errorf("the owner is locked out on a known browser: %s", mainOf(own.Page.Body))
	}
}

// Every story that the dev world names begins, and those about a failure show
// its message.
func TestEachScenarioBeginsWhereItSays(t *testing.T) {
	w := ententetest.Start(t)
	shown := map[string]string{"J10": "M34", "J11": "M04", "J29": "M01", "M19": "M19", "M22": "M22", "M23": "M23", "M35": "M35"}
	for _, s := range devworld.Scenarios() {
		t.Run(s.ID, func(t *testing.T) {
			p := newWalker(t, w, s.As)
			p.open("/dev/scenario/" + s.ID)
			p.sees("Start", s.ID)
			if s.ID == "M36" || s.ID == "M37" || s.ID == "M47" || s.ID == "M48" {
				return // begun below: they change the world
			}
			if err := p.Submit(p.ctx, "do=begin", nil); err != nil {
				t.Fatal(err)
			}
			p.follow()
			if p.Page.Status >= 500 || p.Page.Title == "" {
				t.Fatalf("status %d, title %q at %s", p.Page.Status, p.Page.Title, p.Page.Address)
			}
			if want := shown[s.ID]; want != "" {
				p.message(want)
			}
		})
	}
}

func TestTheMessagesOfAStoppedSignInComeUpByTheirScenario(t *testing.T) {
	for id, want := range map[string]string{"M06": "M06", "M07": "M07", "M11": "M11", "M18": "M18", "M37": "Busy right now", "M47": "Something broke on our side", "M48": "you are still signed in"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			w := ententetest.Start(t)
			s, _ := devworld.FindScenario(id)
			p := newWalker(t, w, s.As)
			if err := w.Inside().Begin(p.ctx, s); err != nil {
				t.Fatal(err)
			}
			p.open(s.Start)
			p.press("do=next", "password", ententetest.Password)
			if strings.Contains(p.Page.Body, `name="code"`) && p.Seed != "" {
				code, err := devworld.CodeAt(p.Seed, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				p.press("do=next", "code", code)
			}
			if want[0] != 'M' {
				// Nothing can be written, so no attempt either: the words say it.
				p.sees(want)
				if p.Page.Status != http.StatusServiceUnavailable && p.Page.Status != http.StatusInternalServerError {
					t.Errorf("status %d", p.Page.Status)
				}
				return
			}
			p.message(want)
		})
	}
}

func TestM36_AnAppThatSendsPeopleBackAndForthIsStopped(t *testing.T) {
	w := ententetest.Start(t)
	p := newWalker(t, w, devworld.Pat)
	if _, err := p.SignIn(p.ctx, w.Origin+"/dev/loop", w.Origin+"/dev/loop"); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		p.open("/dev/loop")
		if p.Page.Header.Get("X-Entente-Reference") != "" {
			p.message("M36")
			return
		}
	}
	t.Error("nobody stopped it")
}

func TestM08_APasswordPastItsTimeIsReplacedOnTheWay(t *testing.T) {
	w := ententetest.Start(t)
	p := newWalker(t, w, "petra@contoso.example")
	p.open(bothKinds("petra@contoso.example"))
	p.press("do=work")
	p.press("do=next", "password", ententetest.Password)
	p.sees("Choose a new password")
	p.press("do=next", "password", "four yellow herrings knit")
	p.press("do=yes")
	if !p.signed() {
		t.Fatalf("not signed in: %s", mainOf(p.Page.Body))
	}
}

// J02: a browser that knows one person goes on silently; one that knows two
// asks which, and shows who is who.
func TestJ02_ASecondStartAsksNothingAndTwoPeopleAreAskedWhich(t *testing.T) {
	w := ententetest.Start(t)
	p := newWalker(t, w, devworld.Anna)
	p.open(portalFor(devworld.Anna))
	p.press("do=next", "password", ententetest.Password)
	p.press("do=yes")
	at := p.Page.Address.Path
	p.open("/portal")
	if p.Page.Address.Path != at || strings.Contains(p.Page.Body, `name="password"`) || strings.Contains(p.Page.Body, `name="address"`) {
		t.Errorf("a second start leads to %s, the first one to %s", p.Page.Address.Path, at)
	}
	p.open("/organizations/oauth2/v2.0/authorize?" + url.Values{
		"client_id": {string(devworld.Desk)}, "response_type": {"code"}, "redirect_uri": {"http://localhost"}, "scope": {"openid"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "prompt": {"login"}, "login_hint": {devworld.Ville},
	}.Encode())
	p.press("do=next", "password", ententetest.Password)
	p.press("do=yes")
	p.open("/organizations/oauth2/v2.0/authorize?" + url.Values{
		"client_id": {string(devworld.Desk)}, "response_type": {"code"}, "redirect_uri": {"http://localhost"}, "scope": {"openid"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}.Encode())
	p.sees("Choose an account", devworld.Anna, devworld.Ville)
}

// An app that is closed to a person is closed to what it got for them, too.
func TestAClosedAppGetsNoNewTokenForThePersonItIsClosedTo(t *testing.T) {
	w := ententetest.Start(t)
	ctx := context.Background()
	v := w.Visitor(ententetest.Ada)
	answer, err := v.SignIn(ctx, w.Origin+"/organizations/oauth2/v2.0/authorize?"+url.Values{
		"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {"http://localhost/"}, "scope": {"openid offline_access User.Read"}}.Encode(), "http://localhost/")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(form url.Values) map[string]any {
		form["client_id"], form["client_secret"] = []string{ententetest.PortalApp}, []string{ententetest.PortalSecret}
		_, got := post(t, w, "/organizations/oauth2/v2.0/token", form)
		return got
	}
	got := ask(url.Values{"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {"http://localhost/"}})
	refresh, _ := got["refresh_token"].(string)
	if refresh == "" {
		t.Fatalf("%v", got)
	}
	e := audit.Event{ID: "e1", At: ententetest.Now(), Tenant: devworld.Northwind, Verb: "app.assigned-only"}
	if err := w.Inside().Apps.OpenTo(ctx, devworld.Northwind, id.App(ententetest.PortalApp), true, e); err != nil {
		t.Fatal(err)
	}
	if got := ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}); got["access_token"] != nil || !strings.HasPrefix(got["error_description"].(string), "AADSTS50105") {
		t.Errorf("%v", got)
	}
}
