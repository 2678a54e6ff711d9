package oauth_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
)

// redirects gives Portal one more registered address.
func (d desk) redirects(address string) {
	d.Helper()
	apps := d.w.Inside().Apps
	portal, err := apps.Find(d.Context(), devworld.Portal)
	if err != nil {
		d.Fatal(err)
	}
	portal.Redirects = append(slices.Clone(portal.Redirects), application.Redirect{URI: address, Platform: application.Web})
	secret := application.SecretCredential("5ec00000-0000-4000-8000-000000000001", "current", ententetest.PortalSecret, d.w.Inside().Source.Now().AddDate(1, 0, 0))
	if err := apps.Save(d.Context(), portal, []application.Credential{secret}); err != nil {
		d.Fatal(err)
	}
}

func TestTheRegisteredQuerySurvivesAndOursStandsBehindIt(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	const address = "https://portal.northwind.example/back?tab=1&state=theirs&code=theirs"
	d.redirects(address)
	d.signIn()
	got := d.get(d.authorize("redirect_uri", address, "state", "ours"))
	location := got.header.Get("Location")
	if !strings.HasPrefix(location, address+"&code=0.") || !strings.HasSuffix(location, "&state=ours") {
		t.Errorf("sent to %q", location)
	}
	got = d.get(d.authorize("redirect_uri", address, "state", "ours", "response_mode", "fragment"))
	if location := got.header.Get("Location"); !strings.HasPrefix(location, address+"#code=0.") {
		t.Errorf("sent to %q", location)
	}
}

func TestAnAnswerByFormWorksWithoutScriptAndIsKeptNowhere(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	d.signIn()
	const state = `"><script>alert(1)</script>&amp;`
	got := d.get(d.authorize("response_mode", "form_post", "state", state))
	if got.status != http.StatusOK || !strings.Contains(got.header.Get("Cache-Control"), "no-store") || got.header.Get("Location") != "" {
		t.Errorf("%d, %q", got.status, got.header.Get("Cache-Control"))
	}
	form := regexpFind(t, `(?s)<form[^>]*method="post"[^>]*>.*?</form>`, got.body)
	if !strings.Contains(form, `action="`+registered+`"`) || !strings.Contains(form, `<button`) {
		t.Errorf("no form that a person could send: %s", form)
	}
	if strings.Contains(got.body, "<script>alert") || !strings.Contains(form, "&lt;script&gt;") {
		t.Errorf("the state is not escaped: %s", form)
	}
}

func TestAfterAFormTheBrowserIsSentOnWithoutIt(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	d.v = d.w.Visitor(ententetest.Integration)
	d.signIn()
	if d.v.Page.Status != http.StatusSeeOther {
		t.Errorf("after the consent page's form: %d, want 303", d.v.Page.Status)
	}
	d.v = d.w.Visitor(ententetest.Integration)
	d.signIn()
	if d.v.Page.Status != http.StatusSeeOther {
		t.Errorf("after the password's form: %d, want 303", d.v.Page.Status)
	}
	d.signIn()
	if d.v.Page.Status != http.StatusFound {
		t.Errorf("after no form: %d, want 302", d.v.Page.Status)
	}
}

// TestNoHeaderOfARequestBecomesPartOfAnAddress pretends that the authority has
// another name (row R112).
func TestNoHeaderOfARequestBecomesPartOfAnAddress(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	for _, path := range []string{
		"/common/v2.0/.well-known/openid-configuration", "/common/.well-known/openid-configuration",
		"/" + ententetest.Northwind + "/v2.0/.well-known/openid-configuration", "/" + ententetest.Northwind + "/discovery/v2.0/keys",
		"/common/discovery/instance?api-version=1.1&authorization_endpoint=" + url.QueryEscape(d.w.Origin+"/common/oauth2/v2.0/authorize"),
		"/common/userrealm/ada@northwind.example?api-version=1.0", "/common/oauth2/v2.0/authorize?client_id=x", "/account/second-factor", "/signout", "/",
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.w.Origin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "stranger.example"
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Server", "X-Original-Host", "Forwarded"} {
			request.Header.Set(name, "stranger.example")
		}
		got := send(t, d.w, request)
		if strings.Contains(got.body, "stranger.example") || strings.Contains(got.header.Get("Location"), "stranger.example") {
			t.Errorf("%s repeats the pretended name", path)
		}
	}
}

func TestTheTokenEndpointTakesAFormInABodyAndNothingElse(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	good := url.Values{"grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"},
		"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret}}.Encode()
	object := `{"grant_type":"client_credentials","client_id":"` + ententetest.PortalApp + `"}`
	for name, c := range map[string]struct {
		method, query, kind, body string
		status                    int
	}{
		"a form":                      {"POST", "", "application/x-www-form-urlencoded", good, http.StatusOK},
		"a form with a charset":       {"POST", "", "application/x-www-form-urlencoded;charset=UTF-8", good, http.StatusOK},
		"everything in the query":     {"POST", good, "application/x-www-form-urlencoded", "", http.StatusBadRequest},
		"the secret in the query":     {"POST", "client_secret=" + ententetest.PortalSecret, "application/x-www-form-urlencoded", strings.ReplaceAll(good, ententetest.PortalSecret, ""), http.StatusUnauthorized},
		"JSON":                        {"POST", "", "application/json", object, http.StatusBadRequest},
		"a form that says it is JSON": {"POST", "", "application/json", good, http.StatusBadRequest},
		"no type":                     {"POST", "", "", good, http.StatusBadRequest},
		"a GET":                       {"GET", good, "", "", http.StatusMethodNotAllowed},
		"a PUT":                       {"PUT", "", "application/x-www-form-urlencoded", good, http.StatusMethodNotAllowed},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, d.w.Origin+"/"+ententetest.Northwind+"/oauth2/v2.0/token?"+c.query, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.kind != "" {
			request.Header.Set("Content-Type", c.kind)
		}
		got := send(t, d.w, request)
		if got.status != c.status {
			t.Errorf("%s: %d, want %d: %.200s", name, got.status, c.status, got.body)
		}
		h := got.header
		if !strings.HasPrefix(h.Get("Content-Type"), "application/json") || !strings.Contains(h.Get("Cache-Control"), "no-store") || h.Get("Pragma") != "no-cache" {
			t.Errorf("%s: %q, %q, %q", name, h.Get("Content-Type"), h.Get("Cache-Control"), h.Get("Pragma"))
		}
	}
}

func TestABodyWithoutEndIsRefusedBeforeItEnds(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.w.Origin+"/"+ententetest.Northwind+"/oauth2/v2.0/token", io.LimitReader(endless{}, 64<<20))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := d.w.Client().Do(request)
	if err != nil {
		return // The connection was cut while we were still sending.
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("64 MiB are answered with %d", response.StatusCode)
	}
}

// endless is a form that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestARefreshAsksForLessOrTheSameAndNeverForMore(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	d.v = d.w.Visitor(devworld.Helpdesk)
	token := text(d.tokens("scope", "https://graph.microsoft.com/User.Read offline_access openid profile"), "refresh_token")
	status, got := d.refresh(token, "scope", "https://graph.microsoft.com/User.Read")
	if status != http.StatusOK || got["scope"] != "https://graph.microsoft.com/User.Read" || got["id_token"] != nil {
		t.Errorf("less: %d %v", status, got)
	}
	for scope, want := range map[string]fault.Code{
		"https://graph.microsoft.com/User.Read.All":                                 fault.ConsentMissing,
		"https://graph.microsoft.com/User.Read https://graph.microsoft.com/Nothing": fault.ScopeInvalid,
		"https://api.partnercenter.microsoft.com/user_impersonation":                fault.ConsentMissing,
		"https://nothing.example/.default":                                          fault.ResourceUnknown,
	} {
		status, got := d.refresh(token, "scope", scope)
		d.refused(scope, want, status, got)
	}
	if status, got := d.refresh(token); status != http.StatusOK {
		t.Errorf("the same, after the refusals: %d %v", status, got)
	}
}

func TestATokenIsForOneResourceHoweverManyAreNamed(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	both := "https://graph.microsoft.com/User.Read https://api.partnercenter.microsoft.com/user_impersonation offline_access"
	status, got := d.redeem(d.signIn("scope", both).Get("code"), "scope", both)
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, got)
	}
	c := claimsOf(t, text(got, "access_token"))
	if c["aud"] != "https://graph.microsoft.com" || strings.Contains(c["scp"].(string), "user_impersonation") {
		t.Errorf("aud %v, scp %v", c["aud"], c["scp"])
	}
	status, got = d.token("grant_type", "client_credentials", "scope", "https://graph.microsoft.com/.default https://api.partnercenter.microsoft.com/.default")
	d.refused("an application alone", fault.SeveralResources, status, got)
}

func TestARefreshedIDTokenIsAboutTheSameSignIn(t *testing.T) {
	d, c := clockedDesk(t)
	first := d.tokens("nonce", strings.Repeat("n", 255))
	before := claimsOf(t, text(first, "id_token"))
	if before["nonce"] != strings.Repeat("n", 255) {
		t.Errorf("nonce %v", before["nonce"])
	}
	c.pass(time.Hour)
	_, got := d.refresh(text(first, "refresh_token"))
	after := claimsOf(t, text(got, "id_token"))
	for _, name := range []string{"iss", "sub", "aud", "auth_time", "tid"} {
		if before[name] == nil || after[name] != before[name] {
			t.Errorf("%s was %v and is %v", name, before[name], after[name])
		}
	}
	if after["nonce"] != nil || after["iat"] == before["iat"] {
		t.Errorf("nonce %v, iat %v", after["nonce"], after["iat"])
	}
}

func TestARefreshTokenEndsAfterNinetyIdleDays(t *testing.T) {
	d, c := clockedDesk(t)
	token := text(d.tokens(), "refresh_token")
	for range 3 {
		c.pass(90*24*time.Hour - time.Second)
		status, got := d.refresh(token)
		if status != http.StatusOK {
			t.Fatalf("a second before: %d %v", status, got)
		}
		token = text(got, "refresh_token")
	}
	c.pass(90 * 24 * time.Hour)
	status, got := d.refresh(token)
	d.refused("after ninety days", fault.GrantInactive, status, got)
}

func TestACodeEndsAfterTenMinutes(t *testing.T) {
	d, c := clockedDesk(t)
	code := d.signIn().Get("code")
	c.pass(10*time.Minute - time.Nanosecond)
	if status, got := d.redeem(code); status != http.StatusOK {
		t.Errorf("just before: %d %v", status, got)
	}
	code = d.signIn().Get("code")
	c.pass(10 * time.Minute)
	status, got := d.redeem(code)
	d.refused("at its end", fault.GrantExpired, status, got)
}

func TestALongStateGetsACleanAnswer(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	d.signIn()
	for _, size := range []int{8 << 10, 8<<10 + 1, 30 << 10} {
		got := d.get(d.authorize("state", strings.Repeat("s", size)))
		clean := got.status == http.StatusFound || got.status == http.StatusBadRequest
		if !clean || len(got.header.Get("Location")) > 16<<10 {
			t.Errorf("a state of %d bytes: %d, a header of %d bytes", size, got.status, len(got.header.Get("Location")))
		}
	}
}

// TestWhatIsRefusedIsNotRepeatedAtLength sends long and odd words, which the
// description of the failure quotes.
func TestWhatIsRefusedIsNotRepeatedAtLength(t *testing.T) {
	d := newDesk(t, ententetest.Options{})
	d.signIn()
	for _, odd := range []string{strings.Repeat("a", 2000), strings.Repeat("é", 900), strings.Repeat(`"\`, 900), strings.Repeat("%", 2000)} {
		for name, more := range map[string][]string{
			"an unknown permission": {"scope", "https://graph.microsoft.com/" + odd},
			"an unknown resource":   {"scope", "https://" + odd + ".example/.default"},
			"a response_mode":       {"response_mode", odd},
			"a prompt":              {"prompt", odd},
			"a response_type":       {"response_type", odd},
		} {
			got := d.get(d.authorize(append(more, "state", "s")...))
			if length := len(got.header.Get("Location")); got.status >= http.StatusInternalServerError || length > 3<<10 {
				t.Errorf("%s of %.6s…: %d with a header of %d bytes", name, odd, got.status, length)
			}
			u, err := url.Parse(got.header.Get("Location"))
			if err != nil {
				t.Errorf("%s of %.6s…: %v", name, odd, err)
				continue
			}
			for _, r := range u.Query().Get("error_description") {
				if r < ' ' || r > '~' || r == '"' || r == '\\' {
					t.Errorf("%s: the description holds %q", name, r)
					break
				}
			}
		}
		status, got := d.token("grant_type", "client_credentials", "scope", "https://"+odd+".example/.default")
		if b, _ := json.Marshal(got); status >= http.StatusInternalServerError || len(b) > 3<<10 {
			t.Errorf("an unknown resource: %d with %d bytes", status, len(b))
		}
	}
}

// regexpFind gives the first match in a page, which must be there.
func regexpFind(t *testing.T, pattern, page string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindString(page)
	if found == "" {
		t.Fatalf("the page has no %s", pattern)
	}
	return found
}
