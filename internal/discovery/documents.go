package discovery

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/url"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/signingkey"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/token"
	"github.com/go-jose/go-jose/v4"
)

// configuration serves the OpenID Connect discovery document, which is the
// authorization server's metadata of RFC 8414 too.
func (e *Edge) configuration(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	authority, err := e.tenants.Authority(r.Context(), c.Segment)
	if err != nil {
		e.speaker.FailDocument(w, r, c, err)
		return
	}
	app, err := e.asker(r)
	if err != nil {
		e.speaker.FailDocument(w, r, c, err)
		return
	}
	document := e.metadata(authority, c)
	document["authorization_response_iss_parameter_supported"] = app.NamesIssuer
	document["require_pushed_authorization_requests"] = app.RequirePushed
	document["client_id_metadata_document_supported"] = len(authority.Tenant.Settings.ClientHosts) > 0
	e.speaker.WritePublic(w, r, c, document)
}

// asker is the application that a client names by appid, as for its keys; the
// zero one when it names none. Some of what the authority does is the
// application's choice, because Microsoft's clients do not expect it, such as
// iss in answers (RFC 9207): a client that was told yes refuses an answer
// without.
func (e *Edge) asker(r *http.Request) (application.Application, error) {
	asked := r.URL.Query().Get("appid")
	if !id.IsGUID(asked) {
		return application.Application{}, nil
	}
	app, err := e.apps.Find(r.Context(), id.App(strings.ToLower(asked)))
	if fault.Has(err, fault.AppUnknown) {
		return application.Application{}, nil
	}
	return app, err
}

// metadata is what the authority says of itself to clients of a tenant.
func (e *Edge) metadata(authority tenant.Authority, c dialect.Call) map[string]any {
	// Endpoints carry the tenant's GUID, also when asked by domain; the
	// generic ones carry their name.
	segment, issuer := strings.ToLower(c.Segment), dialect.TenantPlaceholder
	region := any(nil)
	if !authority.Generic() {
		segment, issuer = string(authority.Tenant.ID), string(authority.Tenant.ID)
		if authority.Tenant.Region != "" {
			region = authority.Tenant.Region
		}
		if authority.Tenant.Personal() && strings.EqualFold(c.Segment, "consumers") {
			segment = "consumers"
		}
	}
	root := e.speaker.Origin() + "/" + segment
	v, issuerAddress, userinfo := "/v2.0", e.speaker.Origin()+"/"+issuer+"/v2.0", e.speaker.Origin()+"/oidc/userinfo"
	if c.Version == 1 {
		v, issuerAddress, userinfo = "", "https://sts.windows.net/"+issuer+"/", root+"/openid/userinfo"
	}
	document := map[string]any{
		"issuer":                                issuerAddress,
		"authorization_endpoint":                root + "/oauth2" + v + "/authorize",
		"token_endpoint":                        root + "/oauth2" + v + "/token",
		"jwks_uri":                              root + "/discovery" + v + "/keys",
		"end_session_endpoint":                  root + "/oauth2" + v + "/logout",
		"userinfo_endpoint":                     userinfo,
		"token_endpoint_auth_methods_supported": authMethods,
		"token_endpoint_auth_signing_alg_values_supported": []string{"RS256", "PS256", "ES256"},
		"response_modes_supported":                         []string{"query", "fragment", "form_post"},
		"response_types_supported":                         []string{"code", "code id_token"},
		"grant_types_supported":                            []string{"authorization_code", "refresh_token", "client_credentials", dialect.DeviceGrant, dialect.OnBehalfGrant},
		"device_authorization_endpoint":                    root + "/oauth2" + v + "/devicecode",
		"subject_types_supported":                          []string{"pairwise"},
		"id_token_signing_alg_values_supported":            []string{"RS256"},
		"code_challenge_methods_supported":                 []string{"S256"},
		"scopes_supported":                                 []string{"openid", "profile", "email", "offline_access"},
		"claims_supported": []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username",
			"name", "tid", "ver", "at_hash", "c_hash", "email", "oid", "sid"},
		"request_parameter_supported":       false,
		"request_uri_parameter_supported":   false,
		"claims_parameter_supported":        true,
		"dpop_signing_alg_values_supported": token.ProofAlgorithms,
		// The first is Microsoft's own name for the second.
		"http_logout_supported":                 true,
		"frontchannel_logout_supported":         true,
		"frontchannel_logout_session_supported": true,
		"backchannel_logout_supported":          true,
		"backchannel_logout_session_supported":  true,
		"tenant_region_scope":                   region,
		"cloud_instance_name":                   e.speaker.Host(),
		"cloud_graph_host_name":                 e.speaker.Host(),
		"msgraph_host":                          e.speaker.Host(),
	}
	if c.Version == 2 {
		document["revocation_endpoint"] = root + "/oauth2/v2.0/revoke"
		document["pushed_authorization_request_endpoint"] = root + "/oauth2/v2.0/par"
		document["introspection_endpoint"] = root + "/oauth2/v2.0/introspect"
		document["revocation_endpoint_auth_methods_supported"] = authMethods
		document["introspection_endpoint_auth_methods_supported"] = authMethods
	}
	if c.Version == 1 {
		document["microsoft_multi_refresh_token"] = true
	}
	return document
}

var authMethods = []string{"client_secret_post", "private_key_jwt", "client_secret_basic"}

// keys serves the public keys of an authority. The realms are apart: a
// consumers authority publishes only the keys of personal accounts, and a
// generic one those of every realm it admits, each bound to its issuer.
func (e *Edge) keys(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	authority, err := e.tenants.Authority(r.Context(), c.Segment)
	if err != nil {
		e.speaker.FailDocument(w, r, c, err)
		return
	}
	type published struct {
		realm  signingkey.Realm
		issuer string
	}
	var realms []published
	if authority.Audience != tenant.OnlyPersonal {
		realms = append(realms, published{signingkey.Work, dialect.TenantPlaceholder})
	}
	if authority.Audience == tenant.OnlyPersonal || authority.Audience == tenant.AnyAccount {
		realms = append(realms, published{signingkey.Consumers, string(id.Consumers)})
	}
	list := []any{}
	for _, p := range realms {
		set, err := e.keyring.Published(r.Context(), p.realm)
		if err != nil {
			e.speaker.FailDocument(w, r, c, err)
			return
		}
		issuer := e.speaker.Origin() + "/" + p.issuer + "/v2.0"
		if c.Version == 1 {
			issuer = "https://sts.windows.net/" + p.issuer + "/"
		}
		for _, key := range set {
			list = append(list, publicKey(key, issuer))
		}
	}
	e.speaker.WritePublic(w, r, c, map[string]any{"keys": list})
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
func (e *Edge) instance(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	asked := r.URL.Query().Get("authorization_endpoint")
	u, err := url.Parse(asked)
	if err != nil || asked == "" || len(asked) > 2048 || u.Scheme != "https" {
		e.speaker.FailDocument(w, r, c, fault.New(fault.MalformedDiscovery, "parameter", "authorization_endpoint", "rule", "an https address"))
		return
	}
	// adal4j asks without the port that it was configured with.
	if u.Host != e.speaker.Host() && u.Hostname() != (&url.URL{Host: e.speaker.Host()}).Hostname() {
		e.speaker.FailDocument(w, r, c, fault.New(fault.UnknownInstance, "host", tenant.Shorten(u.Host)))
		return
	}
	segment, _, _ := dialect.Split(u.Path)
	if segment == "" {
		segment = "common"
	}
	e.speaker.WritePublic(w, r, c, map[string]any{
		"tenant_discovery_endpoint": e.speaker.Origin() + "/" + url.PathEscape(segment) + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []any{map[string]any{
			"preferred_network": e.speaker.Host(), "preferred_cache": e.speaker.Host(), "aliases": []string{e.speaker.Host()},
		}},
	})
}

// userRealm tells facts about a domain, never about an account
// (identity-platform.md 5.3).
func (e *Edge) userRealm(w http.ResponseWriter, r *http.Request, c dialect.Call, name string) {
	body := map[string]any{
		"ver": "1.0", "account_type": "Unknown", "cloud_instance_name": e.speaker.Host(), "cloud_audience_urn": "urn:federation:MicrosoftOnline",
	}
	if domain, ok := account.DomainOf(name); ok {
		owner, err := e.tenants.Named(r.Context(), domain)
		switch {
		case err == nil && !owner.Personal():
			body["account_type"], body["domain_name"] = "Managed", domain
		case err != nil && !fault.Has(err, fault.TenantUnknown) && !fault.Has(err, fault.TenantMalformed):
			e.speaker.FailDocument(w, r, c, err)
			return
		}
	}
	dialect.WriteJSON(w, http.StatusOK, body)
}
