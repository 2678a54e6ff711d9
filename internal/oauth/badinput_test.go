package oauth_test

import (
	"database/sql"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	// The test looks into the store's file itself, to see that nothing was
	// kept. The driver is the store's own.
	_ "modernc.org/sqlite"
)

// sound is a request that an endpoint can read. Each case spoils one field.
type sound struct {
	method, path string
	fields       map[string]string
	// needs are the fields without which the endpoint must refuse, naming them.
	needs []string
	check func(*testing.T, spoilt, reply)
}

// spoilt names a case in failures.
type spoilt struct{ endpoint, field, how string }

func (s spoilt) String() string { return s.endpoint + " with " + s.field + " " + s.how }

type reply struct {
	status int
	header http.Header
	body   string
}

const (
	unknownGUID = "99999999-9999-4999-8999-999999999999"
	challenge   = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	verifier    = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	graphScope  = "https://graph.microsoft.com/User.Read offline_access openid"
	registered  = "http://localhost/"
)

var authorizeFields = map[string]string{
	"client_id": ententetest.PortalApp, "response_type": "code", "redirect_uri": registered, "response_mode": "query",
	"scope": graphScope, "state": "12345", "nonce": "678910", "prompt": "select_account", "max_age": "3600",
	"login_hint": ententetest.Ada, "domain_hint": "northwind.example", "code_challenge": challenge, "code_challenge_method": "S256",
	"claims": `{"id_token":{"amr":{"value":"mfa"}}}`, "id_token_hint": "eyJhbGciOiJub25lIn0.e30.", "client_info": "1",
	"ui_locales": "en", "mkt": "de-DE", "amr_values": "mfa", "dpop_jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
}

var tokenFields = map[string]string{
	"client_id": ententetest.PortalApp, "client_secret": ententetest.PortalSecret, "client_info": "1",
}

// with adds fields to a copy; an empty value takes one away.
func with(fields map[string]string, more ...string) map[string]string {
	all := maps.Clone(fields)
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
		if more[i+1] == "" {
			delete(all, more[i])
		}
	}
	return all
}

func endpointsUnderTest() []sound {
	root := "/" + ententetest.Northwind
	v1 := with(authorizeFields, "scope", "", "resource", "https://graph.microsoft.com")
	token := root + "/oauth2/v2.0/token"
	assertion := "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	code := with(tokenFields, "grant_type", "authorization_code", "code", "0.AAAA", "redirect_uri", registered, "code_verifier", verifier, "scope", graphScope)
	refresh := with(tokenFields, "grant_type", "refresh_token", "refresh_token", "1.AAAA", "scope", graphScope)
	alone := with(tokenFields, "grant_type", "client_credentials", "scope", "https://graph.microsoft.com/.default")
	proved := with(alone, "client_secret", "", "client_assertion", "e30.e30.AAAA", "client_assertion_type", assertion)
	person := with(tokenFields, "grant_type", "password", "username", ententetest.Ada, "password", "wrong", "scope", graphScope)
	behalf := with(tokenFields, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "requested_token_use", "on_behalf_of", "assertion", "e30.e30.AAAA", "scope", graphScope, "claims", "{}")
	consent := map[string]string{"client_id": ententetest.PortalApp, "redirect_uri": registered, "state": "1", "scope": "https://graph.microsoft.com/.default"}
	logout := map[string]string{"post_logout_redirect_uri": registered, "client_id": ententetest.PortalApp, "id_token_hint": "e30.e30.AAAA", "state": "1", "logout_hint": "ada"}
	instance := map[string]string{"api-version": "1.1", "authorization_endpoint": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"}
	appID := map[string]string{"appid": ententetest.PortalApp}
	asked := []string{"client_id", "response_type"}
	return []sound{
		{"GET", root + "/oauth2/authorize", v1, asked, checkPage},
		{"POST", root + "/oauth2/authorize", v1, asked, checkPage},
		{"GET", root + "/oauth2/v2.0/authorize", authorizeFields, append(asked, "scope"), checkPage},
		{"POST", root + "/oauth2/v2.0/authorize", authorizeFields, append(asked, "scope"), checkPage},
		{"POST", token, code, []string{"grant_type", "client_id", "code"}, checkToken},
		{"POST", token, refresh, []string{"grant_type", "client_id", "refresh_token"}, checkToken},
		{"POST", token, alone, []string{"grant_type", "client_id", "client_secret", "scope"}, checkToken},
		{"POST", token, proved, []string{"grant_type", "client_id", "client_assertion", "client_assertion_type"}, checkToken},
		{"POST", token, person, []string{"grant_type", "client_id", "username", "password"}, checkToken},
		{"POST", token, behalf, []string{"grant_type", "client_id", "assertion", "requested_token_use", "scope"}, checkToken},
		{"POST", root + "/oauth2/v2.0/par", with(authorizeFields, "client_secret", ententetest.PortalSecret), append(asked, "client_secret", "scope"), checkToken},
		{"POST", root + "/oauth2/v2.0/introspect", with(tokenFields, "token", "e30.e30.AAAA"), []string{"client_id", "token"}, checkToken},
		{"GET", root + "/adminconsent", with(consent, "scope", ""), []string{"client_id"}, checkPage},
		{"GET", root + "/v2.0/adminconsent", consent, []string{"client_id"}, checkPage},
		{"POST", root + "/oauth2/token", with(alone, "scope", "", "resource", "https://graph.microsoft.com"), []string{"grant_type", "client_id", "resource"}, checkToken},
		{"POST", root + "/oauth2/v2.0/revoke", with(tokenFields, "token", "1.AAAA", "token_type_hint", "refresh_token"), []string{"client_id", "token"}, checkToken},
		{"GET", root + "/oauth2/logout", logout, nil, checkPage},
		{"POST", root + "/oauth2/v2.0/logout", logout, nil, checkPage},
		{"GET", root + "/.well-known/openid-configuration", appID, nil, checkJSON},
		{"GET", root + "/v2.0/.well-known/openid-configuration", appID, nil, checkJSON},
		{"GET", root + "/discovery/keys", appID, nil, checkJSON},
		{"GET", root + "/discovery/v2.0/keys", appID, nil, checkJSON},
		{"GET", "/common/discovery/instance", instance, nil, checkJSON},
		{"GET", "/common/userrealm/" + ententetest.Ada, map[string]string{"api-version": "1.0"}, nil, checkJSON},
		{"GET", root + "/openid/userinfo", map[string]string{"access_token": "e30.e30.AAAA"}, nil, checkJSON},
	}
}

// ways to spoil a field: each gives the field's part of a form.
var ways = []struct {
	name string
	make func(name, good string) string
}{
	{"missing", func(string, string) string { return "" }},
	{"empty", func(name, _ string) string { return name + "=" }},
	{"doubled", func(name, good string) string { return pair(name, good) + "&" + pair(name, good) }},
	{"too long", func(name, good string) string { return pair(name, good+strings.Repeat("a", 17<<10)) }},
	{"of the wrong type", func(name, _ string) string { return pair(name, `-1 [] {"a":null} '"<script>`) }},
	{"in invalid UTF-8", func(name, _ string) string { return name + "=%ff%fe" }},
	{"with NUL", func(name, good string) string { return pair(name, good) + "%00" }},
	{"badly encoded", func(name, _ string) string { return name + "=%zz" }},
	{"of a foreign tenant", func(name, _ string) string { return pair(name, string(devworld.Trey)) }},
	{"of a foreign client", func(name, _ string) string { return pair(name, string(devworld.Inhouse)) }},
	{"of nobody", func(name, _ string) string { return pair(name, unknownGUID) }},
	{"at a stranger's address", func(name, _ string) string { return pair(name, "https://stranger.example/") }},
}

func pair(name, value string) string {
	return url.QueryEscape(name) + "=" + url.QueryEscape(value)
}

// segments are tenants that a path should not have.
var segments = []string{
	"%ff", "%00", "..%2f", "%20", "a%0d%0ab", strings.Repeat("a", 3000), "-1", "{tenant}", "stranger.example", unknownGUID,
	string(devworld.Trey), "consumers", "common", "organizations", "COMMON",
}

func TestNoFieldOfARequestBreaksAnEndpointOrLeavesATrace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "entente.db")
	w := ententetest.StartWith(t, ententetest.Options{Store: "sqlite:" + file})
	before := rows(t, file)
	cases := 0
	for _, s := range endpointsUnderTest() {
		fields := slices.Sorted(maps.Keys(s.fields))
		for _, field := range fields {
			for _, way := range ways {
				var parts []string
				for _, name := range fields {
					part := pair(name, s.fields[name])
					if name == field {
						part = way.make(name, s.fields[name])
					}
					if part != "" {
						parts = append(parts, part)
					}
				}
				about := spoilt{s.method + " " + s.path, field, way.name}
				got := ask(t, w, s.method, s.path, strings.Join(parts, "&"))
				s.judge(t, about, got)
				cases++
			}
		}
		for _, segment := range segments {
			_, rest, _ := strings.Cut(s.path[1:], "/")
			form := url.Values{}
			for name, value := range s.fields {
				form.Set(name, value)
			}
			got := ask(t, w, s.method, "/"+segment+"/"+rest, form.Encode())
			s.judge(t, spoilt{s.method + " " + rest, "tenant", segment}, got)
			cases++
		}
	}
	t.Logf("%d requests", cases)
	if after := rows(t, file); !maps.Equal(before, after) {
		t.Errorf("rows were %v and are %v", before, after)
	}
}

func TestABodyThatIsNoFormIsRefusedInTheDialect(t *testing.T) {
	w := ententetest.Start(t)
	path := w.Origin + "/" + ententetest.Northwind + "/oauth2/v2.0/token"
	for name, c := range map[string]struct{ kind, body string }{
		"JSON":                {"application/json", `{"grant_type":"client_credentials"}`},
		"no type":             {"", "grant_type=client_credentials"},
		"a broken type":       {"application/;;", "grant_type=client_credentials"},
		"a multipart form":    {"multipart/form-data; boundary=x", "--x--"},
		"70 KiB":              {"application/x-www-form-urlencoded", "scope=" + strings.Repeat("a", 70<<10)},
		"a thousand fields":   {"application/x-www-form-urlencoded", strings.Repeat("a=b&", 1000)},
		"a semicolon":         {"application/x-www-form-urlencoded", "grant_type=a;client_id=b"},
		"nothing but padding": {"application/x-www-form-urlencoded", "&&&="},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", c.kind)
		if got := send(t, w, request); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		} else {
			checkToken(t, spoilt{"token", "body", name}, got)
		}
	}
}

// rows counts what a refused request must not add.
func rows(t *testing.T, file string) map[string]int {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	counts := map[string]int{}
	for _, table := range []string{"journey", "refresh_family", "spent_code", "browser_session"} {
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		counts[table] = n
	}
	return counts
}

// ask sends a form by GET or POST. It follows no redirect.
func ask(t *testing.T, w *ententetest.World, method, path, form string) reply {
	t.Helper()
	address, body := w.Origin+path, form
	if method == http.MethodGet {
		address, body = address+"?"+form, ""
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return send(t, w, request)
}

func send(t *testing.T, w *ententetest.World, request *http.Request) reply {
	t.Helper()
	response, err := w.Client().Transport.RoundTrip(request)
	if err != nil {
		// A panic in a handler cuts the connection.
		t.Fatalf("%s %.200s: %v", request.Method, request.URL, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(body)}
}

func (s sound) judge(t *testing.T, about spoilt, got reply) {
	t.Helper()
	if got.status >= http.StatusInternalServerError {
		t.Errorf("%v: %d %.300s", about, got.status, got.body)
		return
	}
	s.check(t, about, got)
	gone := about.how == "missing" || about.how == "empty"
	if gone && slices.Contains(s.needs, about.field) && (got.status == http.StatusOK || !s.names(about.field, got)) {
		t.Errorf("%v: %d does not name the field: %.400s %s", about, got.status, got.body, got.header.Get("Location"))
	}
	if (about.how == "doubled" || about.how == "too long") && s.method == http.MethodPost && strings.Contains(s.path, "/token") {
		if got.status == http.StatusOK || !s.names(about.field, got) {
			t.Errorf("%v: %d does not name the field: %.400s", about, got.status, got.body)
		}
	}
}

// names: the answer says which field it is about.
func (s sound) names(field string, got reply) bool {
	return strings.Contains(got.body, field) || strings.Contains(got.header.Get("Location"), field)
}

// checkToken: a failure for programs.
func checkToken(t *testing.T, about spoilt, got reply) {
	t.Helper()
	if got.status == http.StatusOK || got.status == http.StatusCreated {
		return
	}
	var e struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Codes       []int  `json:"error_codes"`
		Reference   string `json:"reference"`
	}
	if err := json.Unmarshal([]byte(got.body), &e); err != nil {
		t.Errorf("%v: no JSON: %.300s", about, got.body)
		return
	}
	if e.Error == "" || len(e.Codes) == 0 || e.Codes[0] == 50000 || !strings.HasPrefix(e.Description, "AADSTS") || e.Reference == "" {
		t.Errorf("%v: not in the dialect: %.400s", about, got.body)
	}
	if got.header.Get("Cache-Control") == "" || strings.Contains(got.body, ententetest.PortalSecret) {
		t.Errorf("%v: may be cached, or repeats the secret: %.400s", about, got.body)
	}
}

// formTarget finds where the forms of a page go.
var formTarget = regexp.MustCompile(`action="([^"]*)"`)

// checkPage: a page for people, or an answer at the registered address only.
func checkPage(t *testing.T, about spoilt, got reply) {
	t.Helper()
	if target := got.header.Get("Location"); target != "" {
		if !strings.HasPrefix(target, registered) {
			t.Errorf("%v: sent to %s", about, target)
		}
		return
	}
	if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
		t.Errorf("%v: %d is no page: %.200s", about, got.status, got.body)
	}
	if got.status >= http.StatusBadRequest && !strings.Contains(got.body, `id="reference"`) {
		t.Errorf("%v: %d shows no reference: %.200s", about, got.status, got.body)
	}
	for _, found := range formTarget.FindAllStringSubmatch(got.body, -1) {
		if strings.Contains(found[1], "://") && !strings.HasPrefix(found[1], registered) {
			t.Errorf("%v: a form posts to %s", about, found[1])
		}
	}
	if strings.Contains(got.body, "<script>alert") || strings.Contains(got.body, `'"<script>`) {
		t.Errorf("%v: the page carries the markup that was sent", about)
	}
}

// checkJSON: a document or a failure, both for programs.
func checkJSON(t *testing.T, about spoilt, got reply) {
	t.Helper()
	if !json.Valid([]byte(got.body)) {
		t.Errorf("%v: %d is no JSON: %.200s", about, got.status, got.body)
	}
	if got.status >= http.StatusBadRequest && !strings.Contains(got.body, "AADSTS") {
		t.Errorf("%v: %d not in the dialect: %.200s", about, got.status, got.body)
	}
}
