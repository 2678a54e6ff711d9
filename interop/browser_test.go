package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/judges"
)

const msalBrowser = "node_modules/@azure/msal-browser"

// console is where Northwind's tool in a browser is registered to live.
const console = "https://console.northwind.example"

// newConsole serves the tool: a page with the unmodified library, and the page
// that the sign-in comes back to.
func newConsole(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for path, file := range map[string]string{
		"GET /app": "browser/app.html", "GET /{$}": "browser/redirect.html",
		"GET /msal-browser.min.js": msalBrowser + "/lib/msal-browser.min.js", "GET /msal-redirect-bridge.min.js": msalBrowser + "/lib/redirect-bridge/msal-redirect-bridge.min.js",
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	}
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	return server
}

// tab is a person's browser tab at the tool.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// newTab opens a browser of its own; foreignCookies says whether it sends
// cookies into frames of other sites, which people can switch off.
func newTab(t *testing.T, server *httptest.Server, foreignCookies bool) tab {
	t.Helper()
	binary, err := exec.LookPath("chromium")
	if err != nil {
		ledger.Skip(t, "no chromium on this machine: apt-get install chromium")
	}
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	allocated, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.UserDataDir(profile(t, foreignCookies)), chromedp.ExecPath(binary), chromedp.NoFirstRun, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("disable-popup-blocking", true),
		chromedp.Flag("host-resolver-rules", "MAP console.northwind.example:443 127.0.0.1:"+port))
	ctx, closeTab := chromedp.NewContext(allocated)
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(func() { cancel(); closeTab(); stop() })
	b := tab{t, ctx}
	b.do(chromedp.Navigate("about:blank"))
	return b
}

// profile is a browser's settings.
func profile(t *testing.T, foreignCookies bool) string {
	t.Helper()
	mode := 1 // block them
	if foreignCookies {
		mode = 0
	}
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "Default"), 0o755); err != nil {
		t.Fatal(err)
	}
	settings := fmt.Sprintf(`{"profile":{"cookie_controls_mode":%d,"block_third_party_cookies":%t}}`, mode, !foreignCookies)
	if err := os.WriteFile(filepath.Join(folder, "Default", "Preferences"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	return folder
}

func (b tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	// The first steps of a tab open it, and it ends with their context.
	if chromedp.FromContext(b.ctx).Target == nil {
		ctx = b.ctx
	}
	for _, step := range steps {
		err := chromedp.Do(ctx, step)
		// A page that changes while its nodes are looked for has others now.
		for err != nil && strings.Contains(err.Error(), "Could not find node") && ctx.Err() == nil {
			err = chromedp.Do(ctx, step)
		}
		if err != nil {
			b.t.Fatalf("at %s: %v", b.address(), err)
		}
	}
}

func (b tab) address() string {
	address, _ := chromedp.Run(b.ctx, chromedp.Location())
	return address
}

// opens goes to the tool.
func (b tab) opens(w *ententetest.World, tenant, hint string) {
	b.t.Helper()
	b.do(chromedp.Navigate(console + "/app?" + url.Values{"origin": {w.Origin}, "tenant": {tenant}, "client": {string(devworld.Console)}, "hint": {hint}}.Encode()))
	b.do(chromedp.WaitReady(chromedp.CSS("main.console")))
}

// seen is what the library told the tool.
type seen struct {
	OK                             bool
	Code, Detail, Username, Tenant string
	Scopes                         []string
	FromCache                      bool
	State                          string
	Claims                         map[string]any
}

// calls one of the tool's functions and waits for what it gives.
func (b tab) calls(function string) seen {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("judge."+function+".then(JSON.stringify)", chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", function, err)
	}
	var s seen
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		b.t.Fatalf("%s gave %s: %v", function, text, err)
	}
	return s
}

// signsIn answers the sign-in pages with the password, and allows the app.
func (b tab) signsIn(name string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS("#address, #password")))
	if b.shows("#address") {
		b.do(chromedp.SendKeys(chromedp.CSS("#address"), name+"\r"))
	}
	b.do(chromedp.WaitVisible(chromedp.CSS("#password")), chromedp.SendKeys(chromedp.CSS("#password"), ententetest.Password+"\r"))
	// Who has allowed the app before is not asked again.
	b.do(chromedp.WaitReady(chromedp.CSS(`button[value="yes"], main.console`)))
	if b.shows(`button[value="yes"]`) {
		b.do(chromedp.Click(chromedp.CSS(`button[value="yes"]`)))
	}
}

func (b tab) shows(selector string) bool {
	b.t.Helper()
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("document.querySelector("+quoted(selector)+") !== null"))
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

func TestMSALBrowserWorksInARealBrowser(t *testing.T) {
	about, err := os.ReadFile(filepath.Join(msalBrowser, "package.json"))
	if err != nil {
		ledger.Skip(t, "the judge is not installed: npm ci --prefix interop")
	}
	var library struct{ Version string }
	if err := json.Unmarshal(about, &library); err != nil {
		t.Fatal(err)
	}
	client := judges.Client{Name: "@azure/msal-browser", Version: library.Version}
	w, server := ententetest.Start(t), newConsole(t)
	person := devworld.Helpdesk
	b := newTab(t, server, true)
	ledger.Judge(t, client, "login by redirect: there and back, with the state", "", func(t *testing.T) {
		b := tab{t, b.ctx}
		b.opens(w, ententetest.Northwind, person)
		b.do(chromedp.Evaluate[chromedp.Void]("judge.redirect()"))
		b.signsIn(person)
		b.do(chromedp.WaitReady(chromedp.CSS("main.console")))
		got := b.calls("back()")
		if !got.OK || got.Username != person || got.Tenant != ententetest.Northwind || got.State != "kept" {
			t.Errorf("came back with %+v", got)
		}
	})
	ledger.Judge(t, client, "silent: from the cache, and by a refresh across origins", "", func(t *testing.T) {
		b := tab{t, b.ctx}
		if got := b.calls("silent(false)"); !got.OK || !got.FromCache {
			t.Errorf("from the cache: %+v", got)
		}
		if got := b.calls("silent(true)"); !got.OK || got.FromCache || got.Username != person {
			t.Errorf("by refresh: %+v", got)
		}
		if got := b.calls("me()"); got.Claims["upn"] != person || got.Claims["appidacr"] != "0" {
			t.Errorf("the token says %+v", got.Claims)
		}
	})
	ledger.Judge(t, client, "login by popup, with the session that is there", "", func(t *testing.T) {
		b := tab{t, b.ctx}
		b.calls("forget()")
		b.opens(w, ententetest.Northwind, "")
		popped := chromedp.WaitNewTarget(b.ctx, func(i *target.Info) bool { return strings.HasPrefix(i.URL, w.Origin) })
		b.do(chromedp.Evaluate[chromedp.Void]("window.popped = judge.popup(); judge.answer = () => window.popped; 0"))
		var opened target.ID
		select {
		case opened = <-popped:
		case <-time.After(time.Minute):
			t.Fatalf("no popup: %+v", b.calls("answer()"))
		}
		ctx, closePopup := chromedp.NewContext(b.ctx, chromedp.WithTargetID(opened))
		defer closePopup()
		popup := tab{t, ctx}
		popup.do(chromedp.WaitVisible(chromedp.CSS(`button[name="pick"]`)), chromedp.Click(chromedp.CSS(`button[name="pick"]`)))
		if got := b.calls("answer()"); !got.OK || got.Username != person {
			t.Errorf("the popup gave %+v", got)
		}
	})
	ledger.Judge(t, client, "silent sign-in in a hidden frame, in a browser that sends cookies into frames", "", func(t *testing.T) {
		b := tab{t, b.ctx}
		b.calls("forget()")
		b.opens(w, ententetest.Northwind, "")
		if got := b.calls("iframe(" + quoted(person) + ")"); !got.OK || got.Username != person {
			t.Errorf("the frame gave %+v", got)
		}
	})
	ledger.Judge(t, client, "silent sign-in in a hidden frame, in a browser that does not: told to ask the person", "", func(t *testing.T) {
		b := newTab(t, server, false)
		b.opens(w, ententetest.Northwind, person)
		b.do(chromedp.Evaluate[chromedp.Void]("judge.redirect()"))
		b.signsIn(person)
		b.do(chromedp.WaitReady(chromedp.CSS("main.console")))
		b.calls("forget()")
		b.opens(w, ententetest.Northwind, "")
		if got := b.calls("iframe(" + quoted(person) + ")"); got.OK || got.Code != "login_required" {
			t.Errorf("the frame gave %+v", got)
		}
	})
}
