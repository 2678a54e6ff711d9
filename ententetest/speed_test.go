package ententetest_test

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// TestTheSignInPageOnAPoorConnectionInABrowser measures what experience.md 2.28
// budgets: 1.6 Mbit/s, 150 ms, a processor four times as slow. Nothing may
// shift; the times are printed, because a busy machine has its own.
func TestTheSignInPageOnAPoorConnectionInABrowser(t *testing.T) {
	w := ententetest.Start(t)
	d := newDesk(t, "poor-connection", 360, 740)
	if _, err := chromedp.Call(d.tab, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Latency: 150, DownloadThroughput: 1.6e6 / 8, UploadThroughput: 0.75e6 / 8}},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(d.tab, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4}); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	d.do(chromedp.Navigate(w.Origin+portalFor(devworld.Anna)), chromedp.WaitVisible(chromedp.CSS("#password")))
	seen, err := chromedp.Run(d.tab, chromedp.Evaluate[[]float64](`[
		(performance.getEntriesByName('first-contentful-paint')[0] || {startTime: -1}).startTime,
		performance.getEntriesByType('layout-shift').reduce((sum, e) => sum + e.value, 0),
		performance.getEntriesByType('resource').length]`))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("first paint %.0f ms after the page's own request, %d ms with all redirects before it; %v requests beside the page", seen[0], time.Since(began).Milliseconds(), seen[2])
	if seen[1] != 0 {
		t.Errorf("the page shifts by %v", seen[1])
	}
	if seen[2] > 2 {
		t.Errorf("%v requests beside the page", seen[2])
	}
}
