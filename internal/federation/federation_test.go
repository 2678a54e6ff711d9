package federation_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/federation"
	"github.com/entente-id/entente/internal/tenant"
)

func TestAPersonIsProvedByIssuerAndSubject(t *testing.T) {
	o, p := atProvider(t)
	p.claims = set(map[string]any{"auth_time": noon.Add(-time.Hour).Unix(), "amr": []string{"pwd", "otp"}})
	got, err := o.signIn(p)
	if err != nil {
		t.Fatal(err)
	}
	want := federation.Proof{
		Issuer: p.URL, Subject: "subject-1", Name: "Anna Virtanen", Given: "Anna", Family: "Virtanen",
		Address: "anna@contoso.example", Language: "fi", Methods: []string{"pwd", "mfa"}, AuthAt: noon.Add(-time.Hour),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("proof (-want +got):\n%s", diff)
	}
}

func TestThePersonIsSentWithAllThatTiesTheAnswerToTheAsk(t *testing.T) {
	o, p := atProvider(t)
	p.meta = set(map[string]any{"claims_parameter_supported": true})
	o.ask.LoginHint, o.ask.Fresh, o.ask.SecondFactor = "anna@contoso.example", true, true
	got, err := o.begin(p)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"kept": "1", "response_type": "code", "response_mode": "query", "client_id": clientID, "redirect_uri": origin + "/signin/upstream",
		"scope": "openid profile email", "state": o.ask.State, "nonce": o.ask.Nonce, "code_challenge_method": "S256",
		"login_hint": "anna@contoso.example", "prompt": "login", "max_age": "0", "acr_values": "",
		"claims": `{"id_token":{"amr":{"essential":true,"values":["mfa","hwk","otp"]}}}`,
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
	if got.Get("code_challenge") == o.ask.Verifier || len(got.Get("code_challenge")) != 43 {
		t.Errorf("the challenge is %q", got.Get("code_challenge"))
	}
	o.org.Upstream.SecondFactor = tenant.FactorRules{ACR: []string{"phr", "mfa"}}
	if got, err = o.begin(p); err != nil || got.Get("acr_values") != "phr mfa" || got.Has("claims") {
		t.Errorf("by classes: %v, %v", got, err)
	}
}

func TestEveryAgreedAlgorithmIsTaken(t *testing.T) {
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	o, p := atProvider(t)
	p.claims = set(map[string]any{"at_hash": accessHash256})
	if _, err := o.signIn(p); err != nil {
		t.Errorf("RS256: %v", err)
	}
	p.sign = func(c map[string]any) string { return sign1(jose.PS256, p.key, p.kid, c) }
	if _, err := o.signIn(p); err != nil {
		t.Errorf("PS256: %v", err)
	}
	p.sign, p.key, p.kid = nil, newECKey(t), "ec"
	if _, err := o.signIn(p); err != nil {
		t.Errorf("ES256: %v", err)
	}
	o.now = o.now.Add(time.Minute)
	p.key, p.kid, p.claims = edKey, "ed", nil
	if _, err := o.signIn(p); err != nil {
		t.Errorf("EdDSA: %v", err)
	}
}

func TestNoForgedTokenProvesAnybody(t *testing.T) {
	other := newECKey(t)
	public := func(p *provider) []byte {
		b, _ := jose.JSONWebKey{Key: p.key.Public()}.MarshalJSON()
		return b
	}
	for name, c := range map[string]struct {
		claims map[string]any
		sign   func(p *provider, c map[string]any) string
		rule   string
	}{
		"wrong issuer":              {claims: map[string]any{"iss": "https://evil.example"}, rule: "another issuer"},
		"issuer with a slash more":  {claims: map[string]any{"iss": "+/"}, rule: "another issuer"},
		"wrong audience":            {claims: map[string]any{"aud": "somebody else"}, rule: "another client"},
		"no audience":               {claims: map[string]any{"aud": nil}, rule: "another client"},
		"two audiences, no azp":     {claims: map[string]any{"aud": []string{clientID, "x"}}, rule: "another client"},
		"given to another":          {claims: map[string]any{"azp": "x"}, rule: "another client"},
		"wrong nonce":               {claims: map[string]any{"nonce": "of yesterday"}, rule: "another sign-in"},
		"missing nonce":             {claims: map[string]any{"nonce": nil}, rule: "another sign-in"},
		"expired":                   {claims: map[string]any{"exp": noon.Add(-5 * time.Minute).Unix()}, rule: "too old"},
		"no expiry":                 {claims: map[string]any{"exp": nil}, rule: "how long"},
		"no time of issue":          {claims: map[string]any{"iat": nil}, rule: "how long"},
		"not yet valid":             {claims: map[string]any{"nbf": noon.Add(6 * time.Minute).Unix()}, rule: "future"},
		"issued in the future":      {claims: map[string]any{"iat": noon.Add(6 * time.Minute).Unix()}, rule: "future"},
		"signed in in the future":   {claims: map[string]any{"auth_time": noon.Add(6 * time.Minute).Unix()}, rule: "future"},
		"no subject":                {claims: map[string]any{"sub": ""}, rule: "nobody"},
		"subject without end":       {claims: map[string]any{"sub": strings.Repeat("s", 256)}, rule: "nobody"},
		"subject that is no text":   {claims: map[string]any{"sub": 7}, rule: "malformed"},
		"of another access token":   {claims: map[string]any{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, rule: "access token"},
		"signed with nothing":       {sign: func(_ *provider, c map[string]any) string { return unsigned(c) }, rule: "not signed as agreed"},
		"HS256 with the public key": {sign: func(p *provider, c map[string]any) string { return sign1(jose.HS256, public(p), p.kid, c) }, rule: "not signed as agreed"},
		"HS256 with the secret":     {sign: func(p *provider, c map[string]any) string { return sign1(jose.HS256, []byte(secret+secret), p.kid, c) }, rule: "not signed as agreed"},
		"RS512":                     {sign: func(p *provider, c map[string]any) string { return sign1(jose.RS512, p.key, p.kid, c) }, rule: "not signed as agreed"},
		"signed by somebody else":   {sign: func(p *provider, c map[string]any) string { return sign1(jose.ES256, other, p.kid, c) }, rule: "signature"},
		"with an unknown key":       {sign: func(p *provider, c map[string]any) string { return sign1(jose.RS256, p.key, "another", c) }, rule: "does not publish"},
		"no token but text":         {sign: func(*provider, map[string]any) string { return "no token" }, rule: "not signed as agreed"},
	} {
		t.Run(name, func(t *testing.T) {
			o, p := atProvider(t)
			p.claims = set(c.claims)
			if c.claims["iss"] == "+/" {
				p.claims = func(m map[string]any) { m["iss"] = p.URL + "/" }
			}
			if c.sign != nil {
				p.sign = func(m map[string]any) string { return c.sign(p, m) }
			}
			_, err := o.signIn(p)
			o.refused(name, err, fault.UpstreamFailed, c.rule)
		})
	}
}

func unsigned(claims map[string]any) string {
	signed := strings.Split(sign1(jose.RS256, rsaKey(), "key 1", claims), ".")
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"key 1"}`)) + "." + signed[1] + "."
}

func TestClocksMayDifferByFiveMinutes(t *testing.T) {
	o, p := atProvider(t)
	p.claims = set(map[string]any{
		"exp": noon.Add(-5*time.Minute + time.Second).Unix(), "iat": noon.Add(5 * time.Minute).Unix(), "nbf": noon.Add(5 * time.Minute).Unix(),
	})
	if _, err := o.signIn(p); err != nil {
		t.Error(err)
	}
}

func TestSeveralAudiencesAreGoodForThePartyThatIsNamed(t *testing.T) {
	o, p := atProvider(t)
	p.claims = set(map[string]any{"aud": []string{"their project", clientID}, "azp": clientID})
	if _, err := o.signIn(p); err != nil {
		t.Error(err)
	}
}

func TestAnAnswerThatBelongsElsewhereIsNotRedeemed(t *testing.T) {
	o, p := atProvider(t)
	p.meta = set(map[string]any{"authorization_response_iss_parameter_supported": true})
	good := federation.Answer{Code: "the code", Iss: p.URL}
	for name, c := range map[string]struct {
		change func(*federation.Answer)
		code   fault.Code
		rule   string
	}{
		"of another provider":     {func(a *federation.Answer) { a.Iss = "https://evil.example" }, fault.UpstreamFailed, "another provider"},
		"of an unnamed provider":  {func(a *federation.Answer) { a.Iss = "" }, fault.UpstreamFailed, "another provider"},
		"an error of another":     {func(a *federation.Answer) { a.Iss, a.Error = "https://evil.example", "access_denied" }, fault.UpstreamFailed, "another provider"},
		"without a code":          {func(a *federation.Answer) { a.Code = "" }, fault.UpstreamFailed, "no code"},
		"with an endless code":    {func(a *federation.Answer) { a.Code = strings.Repeat("c", 9000) }, fault.UpstreamFailed, "no code"},
		"the person said no":      {func(a *federation.Answer) { a.Error = "access_denied" }, fault.UpstreamFailed, "the person said no"},
		"trouble at the provider": {func(a *federation.Answer) { a.Error = "server_error" }, fault.UpstreamFailed, "trouble"},
		"the person has to act":   {func(a *federation.Answer) { a.Error = "login_required" }, fault.UpstreamFailed, "act there"},
		"the client is unknown":   {func(a *federation.Answer) { a.Error = "unauthorized_client" }, fault.UpstreamMisset, "this client"},
		"a scope is unknown":      {func(a *federation.Answer) { a.Error = "invalid_scope" }, fault.UpstreamMisset, "invalid_scope"},
		"an error with a script":  {func(a *federation.Answer) { a.Error = "<script>" }, fault.UpstreamMisset, "no known error"},
	} {
		if _, err := o.begin(p); err != nil {
			t.Fatal(err)
		}
		a := good
		c.change(&a)
		_, err := o.u.Finish(t.Context(), o.org, o.ask, a)
		o.refused(name, err, c.code, c.rule)
	}
	if p.asks["/token"] != 0 {
		t.Errorf("the token endpoint was asked %d times", p.asks["/token"])
	}
	if _, err := o.u.Finish(t.Context(), o.org, o.ask, good); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	o, p := atProvider(t)
	if _, err := o.signIn(p); err != nil {
		t.Fatal(err)
	}
	_, err := o.u.Finish(t.Context(), o.org, o.ask, federation.Answer{Code: "the code"})
	o.refused("again", err, fault.UpstreamFailed, "refuses the code")
}

func TestAFreshSignInIsNewerThanTheAsk(t *testing.T) {
	o, p := atProvider(t)
	o.ask.Fresh = true
	_, err := o.signIn(p)
	o.refused("not said", err, fault.UpstreamFailed, "does not say when")
	p.claims = set(map[string]any{"auth_time": noon.Add(-2 * time.Minute).Unix()})
	_, err = o.signIn(p)
	o.refused("two minutes ago", err, fault.UpstreamFailed, "did not sign in anew")
	p.claims = set(map[string]any{"auth_time": noon.Add(10 * time.Second).Unix()})
	if got, err := o.signIn(p); err != nil || !got.AuthAt.Equal(noon) {
		t.Errorf("just now: %v, %v", got.AuthAt, err)
	}
}

func TestASecondFactorIsWhatTheOrganisationSaysItIs(t *testing.T) {
	onlyClass := tenant.FactorRules{ACR: []string{"urn:contoso:two"}}
	for _, c := range []struct {
		name    string
		rules   tenant.FactorRules
		claims  map[string]any
		methods []string
	}{
		{"nothing said", tenant.DefaultFactorRules(), nil, []string{"fed"}},
		{"a password", tenant.DefaultFactorRules(), map[string]any{"amr": []string{"pwd"}}, []string{"pwd"}},
		{"a password as one word", tenant.DefaultFactorRules(), map[string]any{"amr": "pwd"}, []string{"pwd"}},
		{"several factors", tenant.DefaultFactorRules(), map[string]any{"amr": []string{"pwd", "mfa"}}, []string{"pwd", "mfa"}},
		{"a key in hardware", tenant.DefaultFactorRules(), map[string]any{"amr": []string{"hwk"}}, []string{"fed", "mfa"}},
		{"another spelling", tenant.DefaultFactorRules(), map[string]any{"amr": []string{"MFA"}}, []string{"fed"}},
		{"a class without a rule", tenant.DefaultFactorRules(), map[string]any{"acr": "mfa"}, []string{"fed"}},
		{"a class with its rule", onlyClass, map[string]any{"acr": "urn:contoso:two"}, []string{"fed", "mfa"}},
		{"a method without a rule", onlyClass, map[string]any{"amr": []string{"mfa"}}, []string{"fed"}},
		{"no rules at all", tenant.FactorRules{}, map[string]any{"amr": []string{"mfa", ""}, "acr": ""}, []string{"fed"}},
	} {
		o, p := atProvider(t)
		o.org.Upstream.SecondFactor, p.claims = c.rules, set(c.claims)
		got, err := o.signIn(p)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if diff := cmp.Diff(c.methods, got.Methods); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestAnAddressIsProposedOnlyFromTheOrganisationsDomains(t *testing.T) {
	for claims, want := range map[[2]string]string{
		{"anna@contoso.example", ""}:                         "anna@contoso.example",
		{"anna", "anna@CONTOSO.example"}:                     "anna@CONTOSO.example",
		{"ceo@fabrikam.example", ""}:                         "",
		{"ceo@fabrikam.example", "anna@contoso.example"}:     "anna@contoso.example",
		{"x@evil.contoso.example", "@contoso.example"}:       "",
		{"a\r\nBcc: b@contoso.example", "\u202ea@x.example"}: "",
	} {
		o, p := atProvider(t)
		p.claims = set(map[string]any{"preferred_username": claims[0], "email": claims[1], "email_verified": true})
		if got, err := o.signIn(p); err != nil || got.Address != want {
			t.Errorf("%q: %q, %v", claims, got.Address, err)
		}
	}
}

func TestNamesAreOneCleanLine(t *testing.T) {
	o, p := atProvider(t)
	p.claims = set(map[string]any{"name": " Anna\r\n\x00\u202e" + strings.Repeat("ä", 400), "locale": "<script>"})
	got, err := o.signIn(p)
	if err != nil || !strings.HasPrefix(got.Name, "Annaä") || len([]rune(got.Name)) != 256 || got.Language != "" {
		t.Errorf("%q, %q, %v", got.Name, got.Language, err)
	}
}

func TestNamesThatTheTokenLeavesOutAreAskedFor(t *testing.T) {
	bare := set(map[string]any{"name": nil, "preferred_username": nil, "email": nil})
	o, p := atProvider(t)
	p.claims, p.userInfo = bare, map[string]any{"sub": "subject-1", "name": "Anna V", "email": "anna@contoso.example", "amr": []string{"mfa"}}
	got, err := o.signIn(p)
	if err != nil || got.Name != "Anna V" || got.Address != "anna@contoso.example" || len(got.Methods) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	p.userInfo["sub"] = "somebody else"
	_, err = o.signIn(p)
	o.refused("of another person", err, fault.UpstreamFailed, "another person")
	p.front = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/userinfo" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return r.URL.Path == "/userinfo"
	}
	if got, err = o.signIn(p); err != nil || got.Subject != "subject-1" || got.Name != "" {
		t.Errorf("without an answer: %+v, %v", got, err)
	}
}

// accessHash256 is the left half of SHA-256 over "the access token".
const accessHash256 = "8kJybPby-BwHrrSnx_oS4A"
