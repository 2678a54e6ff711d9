package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
)

// made is one failure with what its explanation must say.
type made struct {
	kind, reference string
	code            fault.Code
	message         string
	fixer           fault.Fixer
	next            fault.Remedy
}

// maker makes failures in a world and remembers every secret that it used.
type maker struct {
	t       *testing.T
	ctx     context.Context
	w       *ententetest.World
	list    []made
	secrets []string
}

func (m *maker) add(kind, reference string, code fault.Code, message string, fixer fault.Fixer, next fault.Remedy) {
	m.t.Helper()
	if reference == "" {
		m.t.Fatalf("%s left no reference", kind)
	}
	m.list = append(m.list, made{kind, reference, code, message, fixer, next})
}

// visit opens an address as somebody, follows redirects within the world, and
// submits forms: each press is a button and what is typed.
func (m *maker) visit(signInName, address string, presses ...url.Values) *devworld.Visitor {
	m.t.Helper()
	v := m.w.Visitor(signInName)
	if err := v.Open(m.ctx, m.w.Origin+address); err != nil {
		m.t.Fatal(err)
	}
	m.follow(v)
	for _, press := range presses {
		button := press.Get("button")
		typed := url.Values{}
		for name, values := range press {
			if name != "button" {
				typed[name] = values
				m.secrets = append(m.secrets, values...)
			}
		}
		if err := v.Submit(m.ctx, button, typed); err != nil {
			m.t.Fatalf("%s at %s, press %s: %v", signInName, address, button, err)
		}
		m.follow(v)
	}
	return v
}

func (m *maker) follow(v *devworld.Visitor) {
	m.t.Helper()
	for range 10 {
		target := v.Page.Header.Get("Location")
		if target == "" || !strings.HasPrefix(target, "/") && !strings.HasPrefix(target, m.w.Origin) {
			return
		}
		if err := v.Open(m.ctx, target); err != nil {
			m.t.Fatal(err)
		}
	}
}

func reference(v *devworld.Visitor) string { return v.Page.Header.Get("X-Entente-Reference") }

// token posts to the token endpoint and gives the reference of the refusal.
func (m *maker) token(tenant string, fields ...string) string {
	m.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
		if strings.Contains(fields[i], "secret") || strings.Contains(fields[i], "token") || fields[i] == "code" {
			m.secrets = append(m.secrets, fields[i+1])
		}
	}
	response, err := m.w.Client().PostForm(m.w.Origin+"/"+tenant+"/oauth2/v2.0/token", form)
	if err != nil {
		m.t.Fatal(err)
	}
	defer response.Body.Close()
	var body struct{ Reference string }
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		m.t.Fatal(err)
	}
	return body.Reference
}

func (m *maker) api(path, bearer string) string {
	m.t.Helper()
	request, err := http.NewRequestWithContext(m.ctx, http.MethodGet, m.w.Origin+path, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
		m.secrets = append(m.secrets, bearer)
	}
	response, err := m.w.Client().Do(request)
	if err != nil {
		m.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.Header.Get("X-Entente-Reference")
}

func form(fields ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return v
}

// TestThirtyFailuresAreExplainedByTheirReference makes thirty failures of
// twelve kinds, and asks the command line about each.
func TestThirtyFailuresAreExplainedByTheirReference(t *testing.T) {
	w, _ := newcomer(t)
	m := &maker{t: t, ctx: t.Context(), w: w}
	password := form("button", "do=next", "password", ententetest.Password)
	portal := func(address string) string { return "/portal?login_hint=" + url.QueryEscape(address) }
	desktop := func(more ...string) string {
		query := form("client_id", string(devworld.Desk), "response_type", "code", "redirect_uri", "http://localhost", "scope", "openid User.Read",
			"code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method", "S256")
		for name, values := range form(more...) {
			query[name] = values
		}
		return "/organizations/oauth2/v2.0/authorize?" + query.Encode()
	}

	for _, address := range []string{"kaisa@personal.example", "meri@personal.example"} {
		v := m.visit("", portal(address))
		m.add("consumer address", reference(v), fault.PersonalAtWorkOnly, "M01", fault.You, fault.UseAnother)
	}
	for _, address := range []string{"niko@northgate.example", "someone@nobody.example", "x@sub.contoso.example"} {
		v := m.visit("", portal(address))
		m.add("unknown domain", reference(v), fault.TenantNotInferred, "M04", fault.You, fault.TryAgain)
	}
	for _, name := range []string{devworld.Anna, "nobody@contoso.example", devworld.Ville} {
		v := m.visit(name, portal(name), form("button", "do=next", "password", "a wrong but private password"))
		m.add("wrong password", reference(v), fault.WrongPassword, "M05", fault.You, fault.TryAgain)
	}
	v := m.visit("lee@northwind.example", desktop("login_hint", "lee@northwind.example"), password)
	m.add("account switched off", reference(v), fault.AccountDisabled, "M07", fault.IT, fault.AskIT)
	for _, name := range []string{devworld.Kai, devworld.Noora} {
		v := m.visit(name, portal(name), password, form("button", "do=send", "reason", "We register our deals there."))
		m.add("approval waits", reference(v), fault.ApprovalWaiting, "M15", fault.IT, fault.WaitForDecision)
	}
	v = m.visit(devworld.Wilma, portal(devworld.Wilma), password)
	m.add("second factor needs a pass", reference(v), fault.FactorPlace, "M11", fault.IT, fault.AskForPass)
	v = m.visit(devworld.Helpdesk, "/northwind.example/oauth2/v2.0/authorize?"+form("client_id", string(devworld.Inhouse), "response_type", "code",
		"redirect_uri", "https://intranet.northwind.example/signed-in", "scope", "openid", "login_hint", devworld.Helpdesk).Encode(), password)
	m.add("not assigned", reference(v), fault.NotAssigned, "M18", fault.IT, fault.AskIT)
	for _, address := range []string{"/signin/step", "/signin/anything"} {
		m.add("page out of date", reference(m.visit("", address)), fault.PageExpired, "M35", fault.You, fault.StartAgain)
	}
	for _, query := range []string{"client_id", "response_type"} {
		broken := strings.Replace(desktop("prompt", "login"), query+"=", "x"+query+"=", 1)
		if query == "response_type" {
			broken = "/organizations/oauth2/v2.0/authorize?response_type=code"
		}
		m.add("broken request", reference(m.visit("", broken)), fault.ParameterMissing, "M34", fault.Developer, fault.CheckRequest)
	}
	for _, redirect := range []string{"https://elsewhere.example/", "http://localhost.evil.example/", "http://localhost/other"} {
		m.add("redirect not registered", reference(m.visit("", desktop("redirect_uri", redirect))), fault.RedirectMismatch, "M23", fault.Developer, fault.CheckRedirect)
	}
	for _, client := range []string{"00000000-0000-4000-8000-000000000000", "not-an-app"} {
		m.add("app not registered", reference(m.visit("", desktop("client_id", client))), fault.AppUnknown, "M22", fault.Developer, fault.CheckAuthority)
	}
	for _, secret := range []string{"a wrong but private secret", "another wrong private secret"} {
		m.add("wrong secret", m.token("northwind.example", "grant_type", "client_credentials", "client_id", ententetest.PortalApp, "client_secret", secret,
			"scope", "https://graph.microsoft.com/.default"), fault.SecretWrong, "M24", fault.Developer, fault.CheckSecret)
	}
	m.add("secret expired", m.token("northwind.example", "grant_type", "client_credentials", "client_id", ententetest.PortalApp, "client_secret", devworld.ExpiredSecret,
		"scope", "https://graph.microsoft.com/.default"), fault.SecretExpired, "M25", fault.Developer, fault.CheckSecret)
	for _, token := range []string{"not-a-refresh-token-at-all", "1.AAAA.BBBB"} {
		m.add("refresh token unusable", m.token("northwind.example", "grant_type", "refresh_token", "client_id", ententetest.PortalApp, "client_secret", ententetest.PortalSecret,
			"refresh_token", token), fault.GrantInvalid, "M27", fault.Developer, fault.RenewConsent)
	}
	m.add("invitation unusable", reference(m.visit("", "/portal/invitation/not-a-link")), fault.InvitationUnusable, "M19", fault.Programme, fault.AskForInvitation)
	for _, path := range []string{"/v1.0/me", "/v1.0/users", "/v1.0/organization"} {
		m.add("access token missing", m.api(path, ""), fault.AccessTokenMissing, "M34", fault.Developer, fault.CheckRequest)
	}

	kinds := map[string]bool{}
	for _, f := range m.list {
		kinds[f.kind] = true
	}
	if len(m.list) < 30 || len(kinds) < 12 {
		t.Fatalf("%d failures of %d kinds", len(m.list), len(kinds))
	}
	for _, f := range m.list {
		t.Run(f.kind+" "+f.reference, func(t *testing.T) { m.explained(t, f) })
	}
}

// explained asks the command line about a failure.
func (m *maker) explained(t *testing.T, f made) {
	out, talk, err := entente(t, "explain", f.reference, "--output", "json")
	if err != nil {
		t.Fatal(err)
	}
	var story struct {
		Reference, Code, Message, Fixer string
		Next                            []string
	}
	if err := json.Unmarshal([]byte(out), &story); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if story.Reference != f.reference || story.Code != fmt.Sprintf("AADSTS%d", f.code) || story.Message != f.message || story.Fixer != string(f.fixer) ||
		len(story.Next) == 0 || story.Next[0] != string(f.next) && !strings.Contains(strings.Join(story.Next, " "), string(f.next)) {
		t.Errorf("explained as %+v, want %+v", story, f)
	}
	finnish, finnishTalk, err := entente(t, "explain", f.reference, "--lang", "fi")
	if err != nil {
		t.Fatal(err)
	}
	for _, output := range []string{out, talk, finnish, finnishTalk} {
		m.scan(t, f, output)
	}
}

// jwt looks like a token, whoever's it is.
var jwt = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{10,}\.`)

// scan looks for secrets, tokens and data of organisations that the failure
// does not concern.
func (m *maker) scan(t *testing.T, f made, output string) {
	t.Helper()
	for _, secret := range append(m.secrets, ententetest.Password, ententetest.PortalSecret, devworld.ExpiredSecret, devworld.AdaSeed, devworld.LenaSeed) {
		if len(secret) > 8 && !strings.Contains(secret, " deals ") && strings.Contains(output, secret) {
			t.Errorf("the explanation shows a secret: %q", secret)
		}
	}
	if jwt.MatchString(output) {
		t.Error("the explanation shows a token")
	}
	for _, stranger := range []string{string(devworld.Trey), "Trey Research", "Blueyonder", string(devworld.Blueyonder), "tia@"} {
		if strings.Contains(output, stranger) {
			t.Errorf("the explanation shows what belongs to %s", stranger)
		}
	}
	if f.kind != "account switched off" && f.kind != "not assigned" && !strings.Contains(f.kind, "secret") && !strings.Contains(f.kind, "refresh") && strings.Contains(output, "northwind.example") {
		t.Errorf("the explanation of a %s shows Northwind", f.kind)
	}
}
