package conformance_test

import (
	"testing"
)

func TestBasicOP(t *testing.T) { judge(t, plan("Basic OP"), "", basicModules) }

func TestFormPostOP(t *testing.T) { judge(t, plan("Form Post OP"), "form_post", basicModules) }

// The reasons of modules that do not apply here, and what the suite warns of.
const (
	noUnsigned = "not applicable: unsigned ID tokens are not offered"
	noScope    = "not applicable: the scope is not offered"
	profile    = "warning: of the scope's claims there are name, given_name and family_name, and the ID token carries name and preferred_username too, as at Microsoft"
	email      = "warning: there is no email_verified, and the ID token carries email too, as at Microsoft"
)

// basicModules are those of the Basic OP plan, in its order. Form Post OP has
// the same ones.
var basicModules = []module{
	{"oidcc-server", "", server},
	{"oidcc-response-type-missing", "", responseTypeMissing},
	{"oidcc-idtoken-signature", "", idTokenSignature},
	{"oidcc-idtoken-unsigned", noUnsigned, idTokenUnsigned},
	{"oidcc-userinfo-get", "", server},
	{"oidcc-userinfo-post-header", "", userinfoPostHeader},
	{"oidcc-userinfo-post-body", "", userinfoPostBody},
	{"oidcc-ensure-request-without-nonce-succeeds-for-code-flow", "", withoutNonce},
	{"oidcc-scope-profile", profile, scopeProfile},
	{"oidcc-scope-email", email, scopeEmail},
	{"oidcc-scope-address", noScope, scopeAddress},
	{"oidcc-scope-phone", noScope, scopePhone},
	{"oidcc-scope-all", noScope, scopeAll},
	{"oidcc-alternate-happy-flow", "", alternateHappyFlow},
	{"oidcc-display-page", "", displayPage},
	{"oidcc-display-popup", "", displayPopup},
	{"oidcc-prompt-login", "", promptLogin},
	{"oidcc-prompt-none-not-logged-in", "", promptNoneNotLoggedIn},
	{"oidcc-prompt-none-logged-in", "", promptNoneLoggedIn},
	{"oidcc-max-age-1", "", maxAge1},
	{"oidcc-max-age-10000", "", maxAge10000},
	{"oidcc-ensure-request-with-unknown-parameter-succeeds", "", unknownParameter},
	{"oidcc-id-token-hint", "", idTokenHint},
	{"oidcc-login-hint", "", loginHint},
	{"oidcc-ui-locales", "", uiLocales},
	{"oidcc-claims-locales", "", claimsLocales},
	{"oidcc-ensure-request-with-acr-values-succeeds", "warning: a v2 ID token has no acr, as at Microsoft", acrValues},
	{"oidcc-codereuse", "", codeReuse},
	{"oidcc-codereuse-30seconds", "", codeReuse30Seconds},
	{"oidcc-ensure-registered-redirect-uri", "", registeredRedirectURI},
	{"oidcc-ensure-post-request-succeeds", "", postRequest},
	{"oidcc-server-client-secret-post", "", clientSecretPost},
	{"oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", "rejected as unsupported", requestURIUnsigned},
	{"oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", "rejected as unsupported", unsignedRequestObject},
	{"oidcc-claims-essential", "", claimsEssential},
	{"oidcc-ensure-request-object-with-redirect-uri", "request objects are not supported: an error page", requestObjectWithRedirectURI},
	{"oidcc-refresh-token", "", refreshToken},
	{"oidcc-ensure-request-with-valid-pkce-succeeds", "", validPKCE},
}
