package ententetest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// artifacts is where screenshots go; git ignores it.
const artifacts = "../.artifacts/journey"

// desk is a person in front of a real browser.
type desk struct {
	t    *testing.T
	tab  context.Context
	name string
	// axe is the program that looks for what keeps people out; empty for none.
	axe string
	// plain: the pages run no script.
	plain bool
}

// newBrowser starts a browser that ends with the test.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	binary, err := exec.LookPath("chromium")
	if err != nil {
		skip(t, "no chromium on this machine: apt-get install chromium")
	}
	allocated, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(binary), chromedp.NoFirstRun, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		// The test world's certificate is made for this test alone.
		chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("hide-scrollbars", true))
	browser, closeBrowser := chromedp.NewContext(allocated)
	t.Cleanup(func() { closeBrowser(); stop() })
	// The first action starts the browser, under its own context: it has to
	// outlive the limits of the later ones.
	if err := chromedp.Do(browser, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return browser
}

func newDesk(t *testing.T, name string, width, height int64) *desk {
	t.Helper()
	return newDeskIn(t, newBrowser(t), name, width, height)
}

// newDeskIn sits somebody down at a browser that knows nobody yet.
func newDeskIn(t *testing.T, browser context.Context, name string, width, height int64) *desk {
	t.Helper()
	tab, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	tab, cancel := context.WithTimeout(tab, 5*time.Minute)
	t.Cleanup(func() { cancel(); closeTab() })
	if err := os.MkdirAll(artifacts, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(tab, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	d := &desk{t: t, tab: tab, name: name}
	d.do(chromedp.EmulateViewport(width, height))
	return d
}

// scriptless makes the pages run no script.
func (d *desk) scriptless() {
	d.t.Helper()
	d.plain = true
	d.runs(false)
}

func (d *desk) runs(script bool) {
	d.t.Helper()
	if _, err := chromedp.Call(d.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script}); err != nil {
		d.t.Fatal(err)
	}
}

// prefers sets the light or dark that the person likes.
func (d *desk) prefers(scheme string) {
	d.t.Helper()
	if _, err := chromedp.Call(d.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
		d.t.Fatal(err)
	}
}

func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("ENTENTE_NO_SKIP") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// do does the steps of a person. They name what they mean by chromedp.CSS: a
// plain string is looked for in the text and addresses of a page too, where a
// reference or an id can have "h1" by chance.
func (d *desk) do(steps ...chromedp.Action[chromedp.Void]) {
	d.t.Helper()
	for _, step := range steps {
		if err := patiently(d.tab, step); err != nil {
			d.photograph("stuck")
			d.t.Fatalf("%s, page %q: %v", d.name, d.title(), err)
		}
	}
}

// patiently does one step. Until it succeeds it has done nothing: what it waits
// for has not come. A busy browser can lose the event that it waits for, and a
// page that changes while its nodes are looked for has others, so it is tried
// again; a page that does not come must fail the test, not the whole run.
func patiently(tab context.Context, step chromedp.Action[chromedp.Void]) error {
	var err error
	for range 3 {
		ctx, cancel := context.WithTimeout(tab, 25*time.Second)
		err = chromedp.Do(ctx, step)
		cancel()
		if err == nil || !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "Could not find node") {
			return err
		}
	}
	return err
}

func (d *desk) title() string {
	title, _ := chromedp.Run(d.tab, chromedp.Title())
	return title
}

func (d *desk) location() string {
	address, err := chromedp.Run(d.tab, chromedp.Location())
	if err != nil {
		d.t.Fatalf("location: %v", err)
	}
	return address
}

func (d *desk) photograph(page string) {
	// A browser that cannot draw under load must not hold up the journey.
	ctx, cancel := context.WithTimeout(d.tab, 10*time.Second)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		d.t.Logf("photograph %s: %v", page, err)
		return
	}
	if err := os.WriteFile(filepath.Join(artifacts, d.name+"-"+page+".png"), picture, 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// turns does what leads to another page, and waits until that is there, whole.
// Until then the old page stands, and what is looked for next may be on both.
func (d *desk) turns(selector string, act func()) {
	d.t.Helper()
	d.do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Evaluate[chromedp.Void](`document.documentElement.setAttribute("data-left", "")`))
	act()
	d.do(chromedp.Query(chromedp.CSS("html"), chromedp.WaitFunc(turned)))
}

// turned holds for a page that was not left and has loaded.
func turned(ctx context.Context, tab *chromedp.Target, _ *chromedp.Frame, _ runtime.ExecutionContextID, _ ...cdp.NodeID) ([]*chromedp.Node, error) {
	there, err := chromedp.Evaluate[bool](`!document.documentElement.hasAttribute("data-left") && document.readyState === "complete"`)(ctx, tab)
	if err != nil || !there {
		return nil, err
	}
	return []*chromedp.Node{}, nil
}

// writes puts a text into a field, in place of what is there.
func (d *desk) writes(selector, text string) {
	d.t.Helper()
	d.do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Focus(chromedp.CSS(selector)),
		chromedp.Evaluate[chromedp.Void](`document.activeElement.select()`), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// types fills a field in and presses Enter, which sends the form.
func (d *desk) types(selector, text string) {
	d.t.Helper()
	d.turns(selector, func() { d.writes(selector, text+"\r") })
}

// clicks presses what leads to another page.
func (d *desk) clicks(selector string) {
	d.t.Helper()
	d.turns(selector, func() { d.do(chromedp.Click(chromedp.CSS(selector))) })
}

// goes opens a page.
func (d *desk) goes(address string) {
	d.t.Helper()
	d.do(chromedp.Navigate(address))
}

// sees waits for something on a page, photographs the page, looks whether it
// has to be scrolled sideways and lets axe look at it.
func (d *desk) sees(page, selector string) {
	d.t.Helper()
	d.do(chromedp.WaitVisible(chromedp.CSS(selector)))
	d.photograph(page)
	fits, err := chromedp.Run(d.tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth <= window.innerWidth`))
	if err != nil {
		d.t.Fatalf("measure %s: %v", page, err)
	}
	if !fits {
		d.t.Errorf("%s: %s is wider than the window", d.name, page)
	}
	if d.axe == "" {
		return
	}
	if d.plain {
		// axe needs script itself. The page was read without, and stays so.
		d.runs(true)
		defer d.runs(false)
	}
	if _, err := chromedp.Run(d.tab, chromedp.Evaluate[any](d.axe+";0")); err != nil {
		d.t.Fatalf("load axe on %s: %v", page, err)
	}
	found, err := chromedp.Run(d.tab, chromedp.Evaluate[[]string](
		`axe.run(document,{resultTypes:['violations']}).then(r=>r.passes.length?r.violations.map(v=>v.id+': '+v.help+' '+v.nodes.map(n=>n.target).join(' ')):['axe saw nothing'])`, chromedp.EvalAwaitPromise))
	if err != nil {
		d.t.Fatalf("run axe on %s: %v", page, err)
	}
	for _, violation := range found {
		d.t.Errorf("%s, %s: %s", d.name, page, violation)
	}
}

// app is a partner's application on this machine: it keeps what its redirect
// address was called with.
type app struct {
	*httptest.Server
	answers chan url.Values
}

func newApp(t *testing.T) *app {
	a := &app{answers: make(chan url.Values, 4)}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		_ = r.ParseForm()
		a.answers <- r.Form
		_, _ = w.Write([]byte(`<!doctype html><title>App</title><p id="arrived">Arrived</p>`))
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *app) redirect() string {
	return strings.Replace(a.URL, "127.0.0.1", "localhost", 1) + "/"
}

func (a *app) authorize(w *ententetest.World, more url.Values) string {
	query := url.Values{
		"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {a.redirect()}, "state": {"from the app"},
		"scope": {"https://api.partnercenter.microsoft.com/user_impersonation offline_access openid profile"},
	}
	for name, values := range more {
		query[name] = values
	}
	return w.Origin + "/organizations/oauth2/v2.0/authorize?" + query.Encode()
}

// arrived waits until the app was called, and its page is there.
func (a *app) arrived(d *desk) {
	d.t.Helper()
	select {
	case got := <-a.answers:
		if got.Get("code") == "" || got.Get("state") != "from the app" {
			d.t.Errorf("%s: the app got %v", d.name, got)
		}
	case <-time.After(time.Minute):
		d.photograph("stuck")
		d.t.Fatalf("%s: the app got nothing, the page is %q", d.name, d.title())
	}
	d.do(chromedp.WaitVisible(chromedp.CSS("#arrived")))
}

func code(t *testing.T, seed string, at time.Time) string {
	t.Helper()
	c, err := devworld.CodeAt(seed, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheSignInPassesInARealBrowser(t *testing.T) {
	axe, err := os.ReadFile("../interop/node_modules/axe-core/axe.min.js")
	if err != nil {
		skip(t, "axe-core is not installed: npm ci --prefix interop")
	}
	for _, window := range []struct {
		name          string
		width, height int64
		scheme        string
	}{{"wide", 1280, 860, "light"}, {"narrow", 360, 740, "dark"}} {
		t.Run(window.name, func(t *testing.T) {
			w, a := ententetest.Start(t), newApp(t)
			d := newDesk(t, window.name, window.width, window.height)
			d.axe = string(axe)
			d.prefers(window.scheme)
			d.goes(a.authorize(w, nil))
			d.sees("1-address", "#address")
			d.types("#address", "ada@nowhere.example")
			d.sees("2-unknown-domain", ".ways")
			d.writes("#address", ententetest.Ada)
			d.clicks(`button[value="next"]`)
			d.sees("3-password", "#password")
			d.writes("#password", "not this one")
			d.clicks(`button.primary[value="next"]`)
			d.sees("4-wrong-password", ".problem")
			d.types("#password", ententetest.Password)
			d.sees("5-code", "#code")
			d.types("#code", code(t, devworld.AdaSeed, time.Now()))
			d.sees("6-consent", `button[value="yes"]`)
			d.clicks(`button[value="yes"]`)
			a.arrived(d)

			// Single sign-on: nothing is asked again.
			d.goes(a.authorize(w, nil))
			a.arrived(d)
			d.goes(a.authorize(w, url.Values{"prompt": {"select_account"}}))
			d.sees("7-picker", `button[name="pick"]`)
			d.clicks(`button[name="pick"]`)
			a.arrived(d)

			d.goes(w.Origin + "/signout")
			d.sees("8-sign-out", `button[value="yes"]`)
			d.clicks(`button[value="yes"]`)
			d.sees("9-signed-out", "h1")
			d.goes(a.authorize(w, url.Values{"client_id": {"00000000-0000-4000-8000-000000000000"}}))
			d.sees("10-refused", "h1")
			d.goes(w.Origin + "/dev/inbox")
			d.sees("11-inbox", "h1")
		})
	}
}

func TestAPersonWithoutASecondFactorSetsOneUpInARealBrowser(t *testing.T) {
	w := ententetest.Start(t)
	d := newDesk(t, "enrol", 1280, 860)
	d.goes(w.Origin + "/account/second-factor")
	d.types("#address", ententetest.Integration)
	d.clicks(`button[value="work"]`)
	d.types("#password", ententetest.Password)
	d.sees("1-enrol", "#code")
	html, err := chromedp.Run(d.tab, chromedp.Evaluate[string](`document.documentElement.outerHTML`))
	if err != nil {
		t.Fatal(err)
	}
	seed := regexp.MustCompile(`secret=([A-Z2-7]+)`).FindStringSubmatch(html)
	if seed == nil {
		t.Fatal("the page shows no secret")
	}
	d.types("#code", "000000")
	d.sees("2-wrong-code", ".problem")
	d.types("#code", code(t, seed[1], time.Now()))
	d.sees("3-recovery-codes", `input[name="kept"]`)
	d.do(chromedp.Click(chromedp.CSS(`input[name="kept"]`)))
	d.clicks(`button.primary[value="next"]`)
	d.sees("4-done", "h1")
	if !strings.HasPrefix(d.location(), w.Origin+"/account/done") {
		t.Errorf("the journey ended at %s", d.location())
	}
}

func TestTheSignInPassesByKeyboardAloneAndWithoutScript(t *testing.T) {
	w, a := ententetest.Start(t), newApp(t)
	d := newDesk(t, "keyboard", 360, 740)
	d.scriptless()
	d.goes(a.authorize(w, nil))
	// Nothing is clicked: the field has the focus, Enter presses its button.
	presses := func(page, selector, text string) {
		t.Helper()
		d.sees(page, selector+":focus")
		d.turns(selector, func() { d.do(chromedp.KeyEvent(text + "\r")) })
	}
	presses("1-address", "#address", ententetest.Ada)
	presses("2-password", "#password", ententetest.Password)
	presses("3-code", "#code", code(t, devworld.AdaSeed, time.Now()))
	d.sees("4-consent", `button[value="yes"]`)
	// Tab until "Yes" has the focus.
	for range 20 {
		d.do(chromedp.KeyEvent("\t"))
		on, err := chromedp.Run(d.tab, chromedp.Evaluate[string](`document.activeElement.tagName + ' ' + (document.activeElement.value || '')`))
		if err != nil {
			t.Fatal(err)
		}
		if on == "BUTTON yes" {
			d.do(chromedp.KeyEvent("\r"))
			a.arrived(d)
			return
		}
	}
	t.Error("the Tab key never reaches Yes")
}
