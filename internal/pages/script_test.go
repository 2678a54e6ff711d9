package pages_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/entente-id/entente/internal/pages"
)

// site serves one page at "/" and counts what is posted to /sink, by the value
// of the button that was pressed.
func site(t *testing.T, show func(p *pages.Pages, w http.ResponseWriter, origin string)) (address string, posts *atomic.Int32, last *atomic.Value) {
	t.Helper()
	p := newPages(t)
	posts, last = new(atomic.Int32), new(atomic.Value)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.Handle("/assets/", p.Assets())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { show(p, w, server.URL) })
	mux.HandleFunc("POST /sink", func(w http.ResponseWriter, r *http.Request) {
		last.Store(r.FormValue("do") + r.FormValue("code") + r.FormValue("lang"))
		posts.Add(1)
		w.WriteHeader(http.StatusNoContent)
	})
	return server.URL, posts, last
}

// open brings a tab to the address.
func open(t *testing.T, address string, script bool) context.Context {
	t.Helper()
	tab, closeTab := chromedp.NewContext(newBrowser(t))
	t.Cleanup(closeTab)
	tab, cancel := context.WithTimeout(tab, 60*time.Second)
	t.Cleanup(cancel)
	if !script {
		if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	return tab
}

// posted waits until the site has had n posts.
func posted(t *testing.T, tab context.Context, posts *atomic.Int32, n int32) {
	t.Helper()
	for posts.Load() < n {
		if err := chromedp.Do(tab, chromedp.Sleep(20*time.Millisecond)); err != nil {
			t.Fatalf("%d posts, want %d: %v", posts.Load(), n, err)
		}
	}
}

func passwordPage(p *pages.Pages, w http.ResponseWriter, _ string) {
	p.Password(w, pages.PasswordView{Frame: pages.Frame{Lang: "en", Action: "/sink", Flow: "sealed"}, Address: "anna@contoso.example"})
}

func TestAPasswordCanBeShownAndIsHiddenAgainWhenSent(t *testing.T) {
	address, posts, last := site(t, passwordPage)
	tab := open(t, address, true)
	kind := func() string { return evaluate[string](t, tab, `document.getElementById('password').type`) }
	if err := chromedp.Do(tab, chromedp.SendKeys(chromedp.CSS("#password"), "secret"), chromedp.Click(chromedp.CSS(".reveal button"))); err != nil {
		t.Fatal(err)
	}
	if kind() != "text" {
		t.Error("the password is not shown")
	}
	if err := chromedp.Do(tab, chromedp.KeyEvent("\r")); err != nil {
		t.Fatal(err)
	}
	posted(t, tab, posts, 1)
	if last.Load() != "next" {
		t.Errorf("Enter pressed %q", last.Load())
	}
	if kind() != "password" {
		t.Error("the password stays shown after it was sent")
	}
}

func TestAFormIsSentOnce(t *testing.T) {
	address, posts, _ := site(t, passwordPage)
	tab := open(t, address, true)
	if err := chromedp.Do(tab, chromedp.SendKeys(chromedp.CSS("#password"), "secret")); err != nil {
		t.Fatal(err)
	}
	// The browser itself may join presses that come at once, so what counts is
	// how many of them the page let through.
	sent := evaluate[int](t, tab, `(() => {
		let sent = 0;
		addEventListener('submit', (event) => { sent += event.defaultPrevented ? 0 : 1; });
		for (let i = 0; i < 3; i++) document.querySelector('button.primary').click();
		return sent;
	})()`)
	if sent != 1 {
		t.Errorf("the form was sent %d times", sent)
	}
	posted(t, tab, posts, 1)
}

func TestWithoutScriptTheStepAndTheLanguageStillWork(t *testing.T) {
	address, posts, last := site(t, passwordPage)
	tab := open(t, address, false)
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS(`button[value="fi"]`))); err != nil {
		t.Fatal(err)
	}
	posted(t, tab, posts, 1)
	if last.Load() != "fi" {
		t.Errorf("the language button posted %q", last.Load())
	}
	if err := chromedp.Do(tab, chromedp.SendKeys(chromedp.CSS("#password"), "secret\r")); err != nil {
		t.Fatal(err)
	}
	posted(t, tab, posts, 2)
	if last.Load() != "next" {
		t.Errorf("Enter pressed %q", last.Load())
	}
}

func TestAnAnswerInAFormIsSentByScriptOrByHand(t *testing.T) {
	show := func(p *pages.Pages, w http.ResponseWriter, origin string) {
		p.FormPost(w, pages.FormPostView{Frame: pages.Frame{Lang: "en"}, Target: origin + "/sink", Fields: [][2]string{{"code", "abc"}}})
	}
	address, posts, last := site(t, show)
	posted(t, open(t, address, true), posts, 1)
	if last.Load() != "abc" {
		t.Errorf("script sent %q", last.Load())
	}
	tab := open(t, address, false)
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS("button.primary"))); err != nil {
		t.Fatal(err)
	}
	posted(t, tab, posts, 2)
}
