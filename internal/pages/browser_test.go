package pages_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

// artifacts is where screenshots go; git ignores it.
const artifacts = "../../.artifacts/pages"

// newBrowser starts Debian's Chromium. Without it the test is skipped, unless
// ENTENTE_NO_SKIP forbids that.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	binary, err := exec.LookPath("chromium")
	if err != nil {
		skip(t, "no chromium on this machine: apt-get install chromium")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(binary), chromedp.NoFirstRun, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("hide-scrollbars", true),
	}
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	browser, closeBrowser := chromedp.NewContext(allocated)
	t.Cleanup(func() { closeBrowser(); stop() })
	if err := chromedp.Do(browser, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return browser
}

func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("ENTENTE_NO_SKIP") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// size is a window.
type size struct {
	name          string
	width, height int64
}

var sizes = []size{{"320", 320, 640}, {"360", 360, 740}, {"1280", 1280, 860}}

// measure finds what sticks out and what is too small to hit. Links inside a
// sentence are exempt (WCAG 2.5.8).
const measure = `(() => {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push('the page is ' + root.scrollWidth + ' px wide in a window of ' + root.clientWidth);
  for (const box of document.querySelectorAll('main *, header *, footer *')) {
    const r = box.getBoundingClientRect();
    if (r.width > 1 && (r.right > root.clientWidth + 1 || r.left < -1)) found.push('sticks out: ' + box.outerHTML.slice(0, 90));
  }
  for (const target of document.querySelectorAll('button, summary, input:not([type=hidden]), a[href]')) {
    const style = getComputedStyle(target);
    if (target.closest('[hidden], .skip, .unseen') || (target.closest('details:not([open])') && target.tagName !== 'SUMMARY')) continue;
    if (style.display === 'inline' && target.closest('p, li, dd')) continue;
    const r = target.getBoundingClientRect();
    if (r.width < 24 || r.height < 24) found.push('target of ' + Math.round(r.width) + '×' + Math.round(r.height) + ': ' + target.outerHTML.slice(0, 90));
  }
  return found;
})()`

// fold shows what is folded away, so that it is checked too.
const fold = `(open => { for (const d of document.querySelectorAll('details')) d.open = open })`

const runAxe = `axe.run(document, {resultTypes: ['violations']}).then(r =>
  r.violations.map(v => v.id + ': ' + v.help + ' — ' + v.nodes.map(n => n.html.slice(0, 120) + ' ' + (n.any[0]?.message || '')).join(' | ')))`

func TestEveryPageIsAccessibleAndHoldsTogetherInABrowser(t *testing.T) {
	axe, err := os.ReadFile("../../interop/node_modules/axe-core/axe.min.js")
	if err != nil {
		skip(t, "axe-core is not installed: npm ci --prefix interop")
	}
	if err := os.MkdirAll(artifacts, 0o755); err != nil {
		t.Fatal(err)
	}
	browser, gallery := newBrowser(t), newGallery(t, newPages(t))
	only := os.Getenv("ENTENTE_SCENE") // one page, while one works on it
	for _, s := range scenes(sink) {
		if only != "" && !strings.HasPrefix(s.name, only) {
			continue
		}
		if testing.Short() || os.Getenv("ENTENTE_NO_SKIP") != "1" {
			// Every language takes minutes; CI does it.
			s.languages = s.languages[:1]
		}
		for _, lang := range s.languages {
			t.Run(s.name+"/"+lang, func(t *testing.T) {
				t.Parallel()
				tab, closeTab := chromedp.NewContext(browser)
				defer closeTab()
				tab, cancel := context.WithTimeout(tab, 60*time.Second)
				defer cancel()
				complaints := listen(t, tab)
				if err := chromedp.Do(tab, chromedp.EmulateViewport(320, 640), chromedp.Navigate(gallery+"/gallery/"+lang+"/"+s.name)); err != nil {
					t.Fatalf("open: %v", err)
				}
				evaluate[any](t, tab, string(axe)+";0")
				schemes := []string{"light", "dark"}
				if lang != "en" {
					// Words change what fits, not its colours.
					schemes = schemes[:1]
				}
				for _, scheme := range schemes {
					for _, window := range sizes {
						inspect(t, tab, s.name, lang, scheme, window)
					}
				}
				for _, c := range complaints() {
					t.Errorf("the browser complains: %s", c)
				}
			})
		}
	}
}

// inspect checks one page in one window, folded and unfolded.
func inspect(t *testing.T, tab context.Context, name, lang, scheme string, window size) {
	t.Helper()
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
		t.Fatalf("emulate %s: %v", scheme, err)
	}
	if err := chromedp.Do(tab, chromedp.EmulateViewport(window.width, window.height)); err != nil {
		t.Fatalf("emulate %s: %v", window.name, err)
	}
	found := evaluate[[]string](t, tab, measure)
	if scheme == "light" && window.name == "360" || scheme == "dark" && window.name == "1280" && lang == "en" {
		photograph(t, tab, fmt.Sprintf("%s.%s.%s.%s.png", name, lang, scheme, window.name))
	}
	evaluate[any](t, tab, fold+"(true)")
	found = append(found, evaluate[[]string](t, tab, measure)...)
	slices.Sort(found)
	found = slices.Compact(found)
	// Colours and structure are the same in every language, so axe reads the
	// translations once.
	if window.name != "360" && (lang == "en" || lang == "ar-XB" || window.name == "320") {
		found = append(found, evaluate[[]string](t, tab, runAxe)...)
	}
	for _, problem := range found {
		t.Errorf("%s %s: %s", scheme, window.name, problem)
	}
	if scheme == "light" && window.name == "1280" && lang == "en" {
		photograph(t, tab, name+".open.png")
	}
	evaluate[any](t, tab, fold+"(false)")
}

// evaluate runs script in the page and waits for what it promises.
func evaluate[T any](t *testing.T, tab context.Context, script string) T {
	t.Helper()
	value, err := chromedp.Run(tab, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("evaluate %.60s: %v", script, err)
	}
	return value
}

// photograph keeps what the page looks like, from top to bottom.
func photograph(t *testing.T, tab context.Context, file string) {
	t.Helper()
	picture, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatalf("photograph: %v", err)
	}
	if err := os.WriteFile(filepath.Join(artifacts, file), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}

// listen collects what the browser refuses, above all by the security policy.
func listen(t *testing.T, tab context.Context) func() []string {
	t.Helper()
	var mu sync.Mutex
	var heard []string
	err := chromedp.Listen(tab, func(event any) {
		e, ok := event.(*log.EventEntryAdded)
		// A page with an error status is no complaint, nor is that an app may
		// be opened by a press only: the page has a link for it.
		if !ok || e.Entry.Level != log.EntryLevelError || strings.Contains(e.Entry.Text, "the server responded with a status of 4") ||
			strings.Contains(e.Entry.Text, "a user gesture is required") {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, e.Entry.Text+" "+e.Entry.URL)
	})
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	if _, err := chromedp.Call(tab, log.Enable, cdp.Empty{}); err != nil {
		t.Fatalf("listen: %v", err)
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(heard)
	}
}
