package conformance_test

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"
)

// again signs in, waits, and asks a second time in the same browser.
func (r *run) again(wait time.Duration, name, value string) (before, after outcome) {
	r.Helper()
	before = r.happy(first, r.request(first, "openid"))
	r.clock.wait(wait)
	after = r.happy(first, with(r.request(first, "openid"), name, value))
	if before.id.subject() != after.id.subject() {
		r.Errorf("first %q, then %q", before.id.subject(), after.id.subject())
	}
	return before, after
}

// askedAgain: a page was shown, and the person was proved anew.
func (r *run) askedAgain(before, after outcome) {
	r.Helper()
	if after.answer.pages == 0 {
		r.Error("nobody was asked")
	}
	first, second := before.id.authTime(r), after.id.authTime(r)
	if now := r.clock.now().Unix(); second <= first || now-second > 60 {
		r.Errorf("auth_time %d, before %d, now %d", second, first, now)
	}
}

// stayedSilent: no page, and the proof is the one of before.
func (r *run) stayedSilent(before, after outcome) {
	r.Helper()
	if after.answer.pages != 0 {
		r.Errorf("%d pages were shown: %q", after.answer.pages, r.browser.Steps)
	}
	if first, second := before.id.authTime(r), after.id.authTime(r); first != second {
		r.Errorf("auth_time %d, before %d", second, first)
	}
}

func promptLogin(r *run)        { r.askedAgain(r.again(2*time.Second, "prompt", "login")) }
func promptNoneLoggedIn(r *run) { r.stayedSilent(r.again(2*time.Second, "prompt", "none")) }
func maxAge1(r *run)            { r.askedAgain(r.again(2*time.Second, "max_age", "1")) }
func maxAge10000(r *run)        { r.stayedSilent(r.again(2*time.Second, "max_age", "10000")) }

// promptNoneNotLoggedIn: a long state comes back whole.
func promptNoneNotLoggedIn(r *run) {
	q := with(r.request(first, "openid"), "prompt", "none")
	q.Set("state", strings.Repeat(rand.Text(), 5)[:128])
	r.notSignedIn(q)
}

// notSignedIn: a silent request is told so, with no word that OpenID Connect
// does not know.
func (r *run) notSignedIn(q map[string][]string) {
	r.Helper()
	a := r.refused(q)
	if kind := a.Get("error"); !slices.Contains([]string{"login_required", "interaction_required", "consent_required", "account_selection_required"}, kind) {
		r.Errorf("error %s", kind)
	}
	for name := range a.Values {
		if !slices.Contains([]string{"error", "error_description", "error_uri", "state", "iss"}, name) {
			r.Errorf("%s is not expected in an error", name)
		}
	}
	if a.pages != 0 {
		r.Errorf("%d pages were shown", a.pages)
	}
}

func idTokenHint(r *run) {
	before := r.happy(first, r.request(first, "openid"))
	q := with(r.request(first, "openid"), "prompt", "none")
	after := r.happy(first, with(q, "id_token_hint", before.id.raw))
	if before.id.subject() != after.id.subject() {
		r.Errorf("first %q, then %q", before.id.subject(), after.id.subject())
	}
	r.stayedSilent(before, after)
}

func loginHint(r *run) {
	r.happy(first, with(r.request(first, "openid"), "login_hint", r.at.person))
}
