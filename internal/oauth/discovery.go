package oauth

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/token"
	"github.com/go-jose/go-jose/v4"
)

// tenantPlaceholder stands in the issuer of the generic authorities; clients
// replace it by the tid of a token (identity-platform.md 0, rule 3).
const tenantPlaceholder = "{tenantid}"

// configuration serves the OpenID Connect discovery document.
func (e *Edge) configuration(w http.ResponseWriter, r *http.Request, c call) {
	authority, err := e.rooms.Tenants.Authority(r.Context(), c.segment)
	if err != nil {
		e.discoveryFailed(w, r, c, err)
		return
	}
	// Endpoints carry the tenant's GUID, also when asked by domain; the
	// generic ones carry their name.
	segment, issuer := strings.ToLower(c.segment), tenantPlaceholder
	region := any(nil)
	if !authority.Generic() {
		segment, issuer = string(authority.Tenant.ID), string(authority.Tenant.ID)
		if authority.Tenant.Region != "" {
			region = authority.Tenant.Region
		}
		if authority.Tenant.Personal() && strings.EqualFold(c.segment, "consumers") {
			segment = "consumers"
		}
	}
	root := e.origin + "/" + segment
	v, issuerAddress, userinfo := "/v2.0", e.origin+"/"+issuer+"/v2.0", e.origin+"/oidc/userinfo"
	if c.version == 1 {
		v, issuerAddress, userinfo = "", "https://sts.windows.net/"+issuer+"/", root+"/openid/userinfo"
	}
	document := map[string]any{
		"issuer":                                issuerAddress,
		"authorization_endpoint":                root + "/oauth2" + v + "/authorize",
		"token_endpoint":                        root + "/oauth2" + v + "/token",
		"jwks_uri":                              root + "/discovery" + v + "/keys",
		"end_session_endpoint":                  root + "/oauth2" + v + "/logout",
		"userinfo_endpoint":                     userinfo,
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"token_endpoint_auth_signing_alg_values_supported": []string{"RS256", "PS256", "ES256"},
		"response_modes_supported":                         []string{"query", "fragment", "form_post"},
		"response_types_supported":                         []string{"code", "code id_token"},
		"grant_types_supported":                            []string{"authorization_code", "refresh_token", "client_credentials", deviceGrant},
		"device_authorization_endpoint":                    root + "/oauth2" + v + "/devicecode",
		"subject_types_supported":                          []string{"pairwise"},
		"id_token_signing_alg_values_supported":            []string{"RS256"},
		"code_challenge_methods_supported":                 []string{"S256"},
		"scopes_supported":                                 []string{"openid", "profile", "email", "offline_access"},
		"claims_supported": []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username",
			"name", "tid", "ver", "at_hash", "c_hash", "email", "oid", "sid"},
		"request_parameter_supported":     false,
		"request_uri_parameter_supported": false,
		"claims_parameter_supported":      true,
		"tenant_region_scope":             region,
		"cloud_instance_name":             e.host,
		"cloud_graph_host_name":           e.host,
		"msgraph_host":                    e.host,
	}
	if c.version == 2 {
		document["revocation_endpoint"] = root + "/oauth2/v2.0/revoke"
	}
	if c.version == 1 {
		document["microsoft_multi_refresh_token"] = true
	}
	e.writePublic(w, r, document)
}

// keys serves the public keys of an authority. The realms are apart: a
// consumers authority publishes only the keys of personal accounts, and a
// generic one those of every realm it admits, each bound to its issuer.
func (e *Edge) keys(w http.ResponseWriter, r *http.Request, c call) {
	authority, err := e.rooms.Tenants.Authority(r.Context(), c.segment)
	if err != nil {
		e.discoveryFailed(w, r, c, err)
		return
	}
	type published struct {
		realm  token.Realm
		issuer string
	}
	var realms []published
	if authority.Audience != tenant.OnlyPersonal {
		realms = append(realms, published{token.Work, tenantPlaceholder})
	}
	if authority.Audience == tenant.OnlyPersonal || authority.Audience == tenant.AnyAccount {
		realms = append(realms, published{token.Consumers, string(id.Consumers)})
	}
	list := []any{}
	for _, p := range realms {
		set, err := e.rooms.Keys.Published(r.Context(), p.realm)
		if err != nil {
			e.discoveryFailed(w, r, c, err)
			return
		}
		issuer := e.origin + "/" + p.issuer + "/v2.0"
		if c.version == 1 {
			issuer = "https://sts.windows.net/" + p.issuer + "/"
		}
		for _, key := range set {
			list = append(list, publicKey(key, issuer))
		}
	}
	e.writePublic(w, r, map[string]any{"keys": list})
}

// publicKey is a key in the form of identity-platform.md 1.5: kid equals x5t
// and the issuer it may sign for is named.
func publicKey(k jose.JSONWebKey, issuer string) map[string]any {
	m := map[string]any{
		"use": "sig", "alg": k.Algorithm, "kid": k.KeyID, "x5t": k.KeyID, "issuer": issuer,
		"x5c": []string{base64.StdEncoding.EncodeToString(k.Certificates[0].Raw)},
	}
	url64 := base64.RawURLEncoding.EncodeToString
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"], m["e"] = "RSA", url64(key.N.Bytes()), url64(big.NewInt(int64(key.E)).Bytes())
	case *ecdsa.PublicKey:
		// Uncompressed point: 0x04, X, Y of 32 bytes each.
		if point, err := key.Bytes(); err == nil && len(point) == 65 {
			m["kty"], m["crv"], m["x"], m["y"] = "EC", "P-256", url64(point[1:33]), url64(point[33:])
		}
	}
	return m
}

// instance serves instance discovery (identity-platform.md 1.3): the answer
// keeps the tenant of the question.
func (e *Edge) instance(w http.ResponseWriter, r *http.Request, c call) {
	asked := r.URL.Query().Get("authorization_endpoint")
	u, err := url.Parse(asked)
	if err != nil || asked == "" || len(asked) > 2048 || u.Scheme != "https" {
		e.discoveryFailed(w, r, c, fault.New(fault.MalformedDiscovery, "parameter", "authorization_endpoint", "rule", "an https address"))
		return
	}
	// adal4j asks without the port that it was configured with.
	if u.Host != e.host && u.Hostname() != (&url.URL{Host: e.host}).Hostname() {
		e.discoveryFailed(w, r, c, fault.New(fault.UnknownInstance, "host", tenant.Shorten(u.Host)))
		return
	}
	segment, _, _ := split(u.Path)
	if segment == "" {
		segment = "common"
	}
	e.writePublic(w, r, map[string]any{
		"tenant_discovery_endpoint": e.origin + "/" + url.PathEscape(segment) + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []any{map[string]any{
			"preferred_network": e.host, "preferred_cache": e.host, "aliases": []string{e.host},
		}},
	})
}

// userRealm tells facts about a domain, never about an account
// (identity-platform.md 5.3).
func (e *Edge) userRealm(w http.ResponseWriter, r *http.Request, c call, name string) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET")
		e.fail(w, r, c, fault.New(fault.MethodUnsupported, "method", tenant.Shorten(r.Method)), signin.About{})
		return
	}
	body := map[string]any{
		"ver": "1.0", "account_type": "Unknown", "cloud_instance_name": e.host, "cloud_audience_urn": "urn:federation:MicrosoftOnline",
	}
	if domain, ok := account.DomainOf(name); ok {
		owner, err := e.rooms.Tenants.Named(r.Context(), domain)
		switch {
		case err == nil && !owner.Personal():
			body["account_type"], body["domain_name"] = "Managed", domain
		case err != nil && !fault.Has(err, fault.TenantUnknown) && !fault.Has(err, fault.TenantMalformed):
			e.discoveryFailed(w, r, c, err)
			return
		}
	}
	writeJSON(w, http.StatusOK, body)
}

// discoveryFailed: an unknown tenant is "invalid_tenant" here, and
// "invalid_request" at the token endpoint (recorded).
func (e *Edge) discoveryFailed(w http.ResponseWriter, r *http.Request, c call, err error) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	f := fault.Of(err)
	if f.Code != fault.TenantUnknown {
		e.fail(w, r, c, err, signin.About{Step: "discovery"})
		return
	}
	said := wording(f)
	kept := e.rooms.Attempts.Keep(r.Context(), signin.About{Step: "discovery", CorrelationID: c.correlation, TraceID: c.trace}.Attempt(f, ""))
	writeJSON(w, said.status, wireError{
		Error: invalidTenant, Description: said.describe(f, kept), Codes: []fault.Code{f.Code}, Timestamp: stamp(kept.At),
		TraceID: kept.TraceID, CorrelationID: kept.CorrelationID, URI: e.explainAddress(f), Reference: kept.Reference,
	})
}

// writePublic renders a document that anybody may read, also scripts of other
// origins.
func (e *Edge) writePublic(w http.ResponseWriter, r *http.Request, document any) {
	b, err := json.Marshal(document)
	if err != nil {
		e.fail(w, r, call{}, err, signin.About{})
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, OPTIONS")
	h.Set("Cache-Control", "max-age=86400, private")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", fmt.Sprint(len(b)))
	_, _ = w.Write(b)
}
