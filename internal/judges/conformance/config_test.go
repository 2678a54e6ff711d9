package conformance_test

import (
	"fmt"

	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
)

func TestConfigOP(t *testing.T) {
	judge(t, plan("Config OP"), "", []module{
		{"oidcc-discovery-endpoint-verification", "warning: a few members are Microsoft's own. The document found under the name `consumers` says the issuer by the tenant's id, as at Microsoft; certification needs the address with the id", discovery},
	})
}

// wellKnown ends the address of every discovery document.
const wellKnown = "/.well-known/openid-configuration"

// kind is what a member of the document has to be.
type kind int

const (
	address kind = iota
	texts
	scopes
	algorithms
	locales
	truth
)

// members are those of OpenID Connect Discovery 3 and of the specifications
// that add to it (IANA's registry of authorization server metadata).
var members = map[string]kind{
	"issuer": address, "authorization_endpoint": address, "token_endpoint": address, "userinfo_endpoint": address, "jwks_uri": address,
	"registration_endpoint": address, "end_session_endpoint": address, "revocation_endpoint": address, "introspection_endpoint": address,
	"device_authorization_endpoint": address, "pushed_authorization_request_endpoint": address, "check_session_iframe": address,
	"service_documentation": address, "op_policy_uri": address, "op_tos_uri": address,

	"scopes_supported": scopes, "response_types_supported": texts, "response_modes_supported": texts, "grant_types_supported": texts,
	"acr_values_supported": texts, "subject_types_supported": texts, "display_values_supported": texts, "claim_types_supported": texts,
	"claims_supported": texts, "code_challenge_methods_supported": texts, "token_endpoint_auth_methods_supported": texts,
	"revocation_endpoint_auth_methods_supported": texts, "introspection_endpoint_auth_methods_supported": texts,

	"id_token_signing_alg_values_supported": algorithms, "userinfo_signing_alg_values_supported": algorithms,
	"request_object_signing_alg_values_supported": algorithms, "token_endpoint_auth_signing_alg_values_supported": algorithms,
	"dpop_signing_alg_values_supported": algorithms, "claims_locales_supported": locales, "ui_locales_supported": locales,

	"claims_parameter_supported": truth, "request_parameter_supported": truth, "request_uri_parameter_supported": truth,
	"require_request_uri_registration": truth, "authorization_response_iss_parameter_supported": truth,
	"require_pushed_authorization_requests": truth, "client_id_metadata_document_supported": truth,
	"frontchannel_logout_supported": truth, "frontchannel_logout_session_supported": truth,
	"backchannel_logout_supported": truth, "backchannel_logout_session_supported": truth,
}

// microsofts are members that the suite does not know.
var microsofts = []string{"cloud_graph_host_name", "cloud_instance_name", "http_logout_supported", "msgraph_host", "tenant_region_scope"}

func discovery(r *run) {
	byID := r.world.Origin + "/" + r.at.tenant + "/v2.0" + wellKnown
	var document map[string]any
	r.document(byID, &document)
	if prefix, _ := strings.CutSuffix(byID, wellKnown); document["issuer"] != prefix {
		r.Errorf("issuer %v was found under %s", document["issuer"], prefix)
	}
	r.metadata(document)
	if r.at.segment != r.at.tenant {
		var byName map[string]any
		r.document(r.world.Origin+"/"+r.at.segment+"/v2.0"+wellKnown, &byName)
		if byName["issuer"] != document["issuer"] {
			r.Errorf("issuer %v under the name, %v under the id", byName["issuer"], document["issuer"])
		}
		r.metadata(byName)
	}
}

// metadata is what the module asserts of a document.
func (r *run) metadata(document map[string]any) {
	r.Helper()
	for name, value := range document {
		if err := fits(name, value); err != nil {
			r.Error(err)
		}
		if _, known := members[name]; !known && !slices.Contains(microsofts, name) {
			r.Errorf("no specification knows the member %s", name)
		}
	}
	for _, name := range []string{
		"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported",
		"id_token_signing_alg_values_supported", "scopes_supported", "claims_supported", "grant_types_supported", "code_challenge_methods_supported",
	} {
		if document[name] == nil {
			r.Errorf("there is no %s", name)
		}
	}
	has := func(name, value string) {
		r.Helper()
		if !slices.Contains(words(document[name]), value) {
			r.Errorf("%s has no %s: %v", name, value, document[name])
		}
	}
	has("id_token_signing_alg_values_supported", "RS256")
	has("scopes_supported", "openid")
	has("response_types_supported", "code")
	has("grant_types_supported", "authorization_code")
	for _, name := range []string{"subject_types_supported", "response_modes_supported", "token_endpoint_auth_methods_supported"} {
		for _, value := range words(document[name]) {
			if !slices.Contains([]string{
				"public", "pairwise", "query", "fragment", "form_post", "client_secret_basic", "client_secret_post", "client_secret_jwt",
				"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "none",
			}, value) {
				r.Errorf("%s has %q", name, value)
			}
		}
	}
	if object := words(document["request_object_signing_alg_values_supported"]); len(object) > 0 {
		has("request_object_signing_alg_values_supported", "RS256")
	}
}

func words(value any) []string {
	list, _ := value.([]any)
	var texts []string
	for _, v := range list {
		text, _ := v.(string)
		texts = append(texts, text)
	}
	return texts
}

var (
	scopeToken = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`)
	// signing has no none, which nobody is to offer.
	signing = regexp.MustCompile(`^(?:(?:RS|PS|ES|HS)(?:256|384|512)|EdDSA|Ed25519)$`)
)

// fits checks one member of the document. All of it is https.
func fits(name string, value any) error {
	wrong := fmt.Errorf("%s is %v", name, value)
	want, known := members[name]
	switch {
	case !known && strings.HasSuffix(name, "_endpoint"), known && want == address:
		text, _ := value.(string)
		if u, err := url.Parse(text); err != nil || u.Scheme != "https" || u.Host == "" || u.Fragment != "" {
			return wrong
		}
		return nil
	case !known:
		return nil
	case want == truth:
		if _, ok := value.(bool); !ok {
			return wrong
		}
		return nil
	}
	list := words(value)
	if len(list) == 0 || slices.Contains(list, "") {
		return wrong
	}
	ok := func(string) bool { return true }
	switch want {
	case scopes:
		ok = scopeToken.MatchString
	case algorithms:
		ok = signing.MatchString
	case locales:
		ok = canonical
	}
	if slices.ContainsFunc(list, func(text string) bool { return !ok(text) }) {
		return wrong
	}
	return nil
}

// canonical: a language tag as BCP 47 writes it.
func canonical(text string) bool {
	tag, err := language.Parse(text)
	return err == nil && tag.String() == text
}
