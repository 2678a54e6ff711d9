package dialect

import (
	"net/http"

	"github.com/entente-id/entente/internal/fault"
)

const (
	badRequest   = http.StatusBadRequest
	unauthorized = http.StatusUnauthorized

	invalidRequest     = "invalid_request"
	invalidGrant       = "invalid_grant"
	invalidClient      = "invalid_client"
	invalidScope       = "invalid_scope"
	invalidResource    = "invalid_resource"
	invalidTenant      = "invalid_tenant"
	unauthorizedClient = "unauthorized_client"
	accessDenied       = "access_denied"
	interaction        = "interaction_required"
	loginRequired      = "login_required"
	consentRequired    = "consent_required"
	serverError        = "server_error"
	unavailable        = "temporarily_unavailable"

	basicAction = "basic_action"
	messageOnly = "message_only"
	badToken    = "bad_token"
	tokenReused = "token_reused"
)

// table renders every code of the catalogue. The statuses and errors are those
// of identity-platform.md 4; the sentences are ours.
var table = map[fault.Code]words{
	fault.InteractionRequired:  {badRequest, interaction, "", basicAction, interaction, "A person has to choose an account for {app}. Open the sign-in page without prompt=none."},
	fault.InvalidResource:      {badRequest, invalidResource, "", "", invalidResource, "The resource {resource} is switched off or does not exist. Check the scope or resource parameter."},
	fault.RedirectMismatch:     {badRequest, invalidClient, "", "", "", "The redirect address {redirect_uri} is not registered for {app}. Register it exactly as it is sent. {rule}"},
	fault.AssertionInvalid:     {badRequest, invalidGrant, "", "", "", "The assertion is not acceptable. Rule: {rule}."},
	fault.ForeignAccount:       {badRequest, invalidGrant, "", messageOnly, accessDenied, "The user account does not exist in tenant {tenant} and cannot access the application there. Sign in with an account of that tenant, or have a partner's person added to a group with delegated rights."},
	fault.TokenMalformed:       {badRequest, invalidGrant, "", badToken, "", "The token is not a well-formed JWT."},
	fault.AccountUnknown:       {badRequest, invalidGrant, "", "", accessDenied, "The user account does not exist in the directory any more."},
	fault.AssertionIssuer:      {unauthorized, invalidClient, "", "", "", "The issuer and the subject of the client assertion differ. Rule: {rule}."},
	fault.UnknownInstance:      {badRequest, "invalid_instance", "", "", "", "Unknown or invalid instance. {host} is not an authority known here; switch instance discovery off or ask that host."},
	fault.MalformedDiscovery:   {badRequest, invalidRequest, "", "", "", "The discovery request is malformed. {parameter} must be {rule}."},
	fault.TooManyTries:         {badRequest, invalidGrant, "", messageOnly, "", "The account is locked for {minutes} minutes, after too many wrong tries."},
	fault.PasswordExpired:      {badRequest, "user_password_expired", "", "user_password_expired", "", "The password is expired."},
	fault.AccountDisabled:      {badRequest, invalidGrant, "", messageOnly, accessDenied, "The user account is disabled. An administrator of its organisation can enable it."},
	fault.NotSignedIn:          {badRequest, loginRequired, "", basicAction, loginRequired, "Nobody is signed in for {app}, and the request asked for no page (prompt=none)."},
	fault.TenantNotInferred:    {badRequest, invalidRequest, "", "", "", "The organisation cannot be told from {domain}: no tenant has verified this domain."},
	fault.SignOutInvalid:       {badRequest, invalidRequest, "", "", "", "The sign-out request is not valid: {parameter} must be {rule}."},
	fault.SecondFactorWanted:   {badRequest, interaction, "", basicAction, interaction, "A second factor is needed and was not given."},
	fault.SecondFactorRequired: {badRequest, invalidGrant, interaction, basicAction, interaction, "Due to a rule of the organisation you must use multi-factor authentication. Sign in through the browser; a password or a refresh token alone does not prove it."},
	fault.SecondFactorMissing:  {badRequest, interaction, "", basicAction, interaction, "You must set up a second factor for multi-factor authentication. Sign in through the browser."},
	fault.PageExpired:          {badRequest, invalidRequest, "", "", "", "The sign-in page is out of date."},
	fault.NotAssigned:          {badRequest, invalidGrant, "", messageOnly, accessDenied, "The user is not assigned to the application {app}."},
	fault.WrongPassword:        {badRequest, invalidGrant, "", "", "", "Error validating credentials due to invalid username or password."},
	fault.ChallengeSize:        {badRequest, invalidRequest, "", "", invalidRequest, "The code_challenge is not acceptable: it must be {rule}."},
	fault.VerifierMissing:      {badRequest, invalidGrant, "", "", "", "The code_verifier is missing: the code was asked for with a code_challenge."},
	fault.GrantRevoked:         {badRequest, invalidGrant, "", badToken, "", "The grant was revoked by {actor} on {date}. A person has to sign in and consent again."},
	fault.NotMultitenant:       {badRequest, invalidRequest, "", "", "", "Application {id} ({app}) is not registered for more than one tenant. Use the tenant's own address instead of /common."},
	fault.SecondFactorWrong:    {badRequest, invalidGrant, "", basicAction, "", "The second factor was wrong."},
	fault.PersonalAtWorkOnly:   {badRequest, invalidRequest, "", "", accessDenied, "{domain} is a domain of personal accounts, and {app} takes work accounts only."},
	fault.ResourceUnknown:      {badRequest, invalidResource, "", "", invalidResource, "The resource principal named {resource} was not found. Check the scope or resource parameter, and that the resource is known in the tenant."},
	fault.VerifierMismatch:     {badRequest, invalidGrant, "", "", "", "The code_verifier does not match the code_challenge of the authorization request. {rule}"},
	fault.VerifierSize:         {badRequest, invalidGrant, "", "", "", "The size of the code_verifier is wrong: it must be {rule}."},
	fault.BlockedByPolicy:      {badRequest, accessDenied, "", messageOnly, accessDenied, "Access has been blocked by Conditional Access policies of {organisation}. Its administrators can exclude service provider users of this partner."},
	fault.DelegationBlocked:    {badRequest, invalidGrant, "", messageOnly, accessDenied, "{organisation} has blocked delegated administration by this partner."},
	fault.CodeRedeemed:         {badRequest, invalidGrant, "", "", "", "OAuth2 Authorization code was already redeemed. Each code serves once; what it gave the first time is revoked."},
	fault.ConsentMissing:       {badRequest, invalidGrant, "", consentRequired, consentRequired, "The user or administrator has not consented to use the application with ID '{id}' named '{app}' in {organisation}. Send an interactive authorization request, or have an administrator consent there."},
	fault.ConsentDeclined:      {badRequest, accessDenied, "", "", accessDenied, "The user declined to consent to access the app {app}."},
	fault.PermissionUnlisted:   {badRequest, invalidResource, "", "", invalidResource, "{app} asks for {resource}, which is not in its registered permissions. Add it to the registration, then consent again."},
	fault.GrantInvalid:         {badRequest, invalidGrant, "", badToken, "", "The provided grant is invalid or malformed ({reason})."},
	fault.UnsupportedGrant:     {badRequest, "unsupported_grant_type", "", "", "", "The app requested the unsupported grant type '{grant}'."},
	fault.UnsupportedResponse:  {badRequest, "unsupported_response_type", "", "", "unsupported_response_type", "The response_type '{type}' is not supported. Use code, or code id_token where the app allows it."},
	fault.UnsupportedMode:      {badRequest, invalidRequest, "", "", invalidRequest, "The response_mode '{mode}' does not fit. Use query, fragment or form_post; query carries no tokens."},
	fault.GrantExpired:         {badRequest, invalidGrant, "", badToken, "", "The provided authorization code or refresh token has expired. Send a new interactive authorization request."},
	fault.ScopeInvalid:         {badRequest, invalidScope, "", "", invalidScope, "The provided value for the input parameter 'scope' is not valid. {scope}: {rule}."},
	fault.GrantTypeForbidden:   {badRequest, unauthorizedClient, "", "", unauthorizedClient, "The application is not allowed to use this grant."},
	fault.ImplicitOff:          {badRequest, "unsupported_response_type", "", "", "unsupported_response_type", "This response_type is not enabled for the application {app}. Use response_type=code."},
	fault.CodeOtherTenant:      {badRequest, invalidGrant, "", "", "", "The code was redeemed against the wrong tenant {tenant}. Redeem it where the person signed in, or at /common."},
	fault.GrantOtherClient:     {badRequest, invalidGrant, "", "", "", "The grant was issued for a different client id. A refresh token or code serves only the application it was made for."},
	fault.AppUnknown:           {badRequest, unauthorizedClient, "", "", "", "Application with identifier '{app}' was not found in the directory {tenant}. Check the client id and the tenant of the address."},
	fault.AssertionClient:      {unauthorized, invalidClient, "", "", "", "The client id of the request and of the assertion differ. Rule: {rule}."},
	fault.SeveralResources:     {badRequest, invalidScope, "", "", invalidScope, "The scope names more than one resource. Ask for one token each."},
	fault.AssertionAudience:    {unauthorized, invalidClient, "", "", "", "The audience of the client assertion does not match. Rule: {rule}."},
	fault.AssertionTime:        {unauthorized, invalidClient, "", "", "", "The client assertion is not within its valid time range. Rule: {rule}. Check the clock."},
	fault.CredentialForbidden:  {unauthorized, invalidClient, "", "", "", "Client is public, so neither 'client_assertion' nor 'client_secret' should be presented."},
	fault.AssertionSignature:   {unauthorized, invalidClient, "", "", "", "The client assertion failed signature validation. Needed: {rule}."},
	fault.NotAnApp:             {badRequest, unauthorizedClient, "", "", "", "'{app}' is not a valid application identifier. Use the client id of a registered application."},
	fault.GrantInactive:        {badRequest, invalidGrant, "", badToken, "", "The refresh token has expired due to inactivity: it was not used for 90 days. A person has to sign in and consent again."},
	fault.BrowserGrantExpired:  {badRequest, invalidGrant, "", badToken, "", "The refresh token was issued to a single page app and has reached its fixed lifetime of 24 hours. Sign in again."},
	fault.SessionTooOld:        {badRequest, invalidGrant, "", badToken, interaction, "The refresh token has expired due to sign-in frequency checks."},
	fault.AppDisabled:          {badRequest, unauthorizedClient, "", "", "", "Application '{app}' is disabled."},
	fault.SecretWrong:          {unauthorized, invalidClient, "", "", "", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{app}'. What was sent looks like: {sent}."},
	fault.CredentialMissing:    {unauthorized, invalidClient, "", "", "", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."},
	fault.SecretExpired:        {unauthorized, invalidClient, "", "", "", "The provided client secret keys for app '{app}' are expired: '{name}' ended on {date}. Add a new one."},
	fault.AppNotInTenant:       {unauthorized, invalidClient, "", "", "", "The app '{app}' has no service principal in tenant {tenant}. An administrator there has to consent to it first."},
	fault.TenantUnknown:        {badRequest, invalidRequest, "", "", "", "Tenant '{tenant}' not found. Check that it is the tenant's id or a verified domain, and that it lives here."},
	fault.ParameterMissing:     {badRequest, invalidRequest, "", "", invalidRequest, "The request body must contain the following parameter: '{parameter}'."},
	fault.TenantMalformed:      {badRequest, invalidRequest, "", "", "", "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain, nor an id."},
	fault.ParameterTooLong:     {badRequest, invalidRequest, "", "", invalidRequest, "The parameter '{parameter}' is too long: at most {limit} bytes."},
	fault.DirectoryBusy:        {http.StatusServiceUnavailable, unavailable, "", "", unavailable, "The directory is busy for a moment. Try again."},
	fault.Throttled:            {http.StatusTooManyRequests, unavailable, "", "", unavailable, "Too many requests. Try again after the time in Retry-After."},
	fault.ApprovalRequired:     {badRequest, invalidGrant, "", consentRequired, accessDenied, "{app} needs permission that only an administrator of {organisation} can grant."},
	fault.OnlyPost:             {http.StatusMethodNotAllowed, invalidRequest, "", "", "", "The endpoint only accepts POST requests. Received a {method} request."},
	fault.ResourceOnV2:         {badRequest, invalidRequest, "", "", invalidRequest, "The 'resource' request parameter is not supported here. Use scope, such as https://graph.microsoft.com/.default."},
	fault.NeedsDefaultScope:    {badRequest, invalidScope, "", "", "", "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier."},
	fault.GrantNotOnCommon:     {badRequest, invalidRequest, "", "", "", "The grant type {grant} is not supported over /{tenant}. Use the address of one organisation."},
	fault.RequestMalformed:     {badRequest, invalidRequest, "", "", invalidRequest, "Request is malformed or invalid: {parameter} must be {rule}."},
	fault.ChallengeRequired:    {badRequest, invalidRequest, "", "", invalidRequest, "Proof Key for Code Exchange is required for this kind of application: send code_challenge with code_challenge_method=S256."},
	fault.OriginForbidden:      {badRequest, invalidRequest, "", "", "", "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type. Request origin must be absent."},
	fault.OriginRequired:       {badRequest, invalidRequest, "", "", "", "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests."},
	fault.WorkAccountsOnly:     {badRequest, invalidRequest, "", "", "", "Application {app} is configured for use by work accounts only. Do not use the /consumers address."},
	fault.FactorPlace:          {badRequest, interaction, "", basicAction, interaction, "A second factor can be set up only with a temporary pass of the organisation's IT."},
	fault.ApprovalWaiting:      {badRequest, invalidGrant, interaction, messageOnly, consentRequired, "A request for the approval of {app} waits for an administrator of the organisation."},
	fault.RequestLoop:          {badRequest, invalidGrant, "", "", "", "The application {app} sends the same sign-in request again and again. Stop, and look at why its session is not kept."},
	fault.AuthorizationPending: {badRequest, "authorization_pending", "", "", "", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."},
	fault.DeviceTooLate:        {badRequest, "expired_token", "", "", "", "The device code has expired. Start the sign-in on the device again."},
	fault.DeviceDeclined:       {badRequest, "authorization_declined", "", "", "", "The person declined the sign-in of the device."},
	fault.DevicePollFast:       {badRequest, "slow_down", "", "", "", "The device asks too often. Wait five seconds longer between two polls."},
	fault.DeviceSignInOff:      {badRequest, invalidGrant, "", messageOnly, accessDenied, "The organisation {org} does not allow sign-in by device code. Use a sign-in in a browser."},
	fault.DeviceCodeWrong:      {badRequest, "bad_verification_code", "", "", "", "The code is wrong or was used."},
	fault.DeviceCodeExpired:    {badRequest, "expired_token", "", "", "", "The code is expired. Start the sign-in on the device again."},
	fault.MailCodeWrong:        {badRequest, invalidGrant, "", "", "", "The code from the mail is wrong."},
	fault.MailCodeExpired:      {badRequest, invalidGrant, "", "", "", "The code from the mail is expired."},
	fault.PasswordWeak:         {badRequest, invalidGrant, "", "", "", "The new password is not acceptable: {rule}."},
	fault.NameTaken:            {badRequest, invalidGrant, "", "", "", "The sign-in name is taken."},
	fault.PassWrong:            {badRequest, invalidGrant, "", "", "", "The temporary pass is wrong or expired."},
	fault.AppDenied:            {badRequest, invalidGrant, "", messageOnly, accessDenied, "The organisation has decided not to allow {app}."},
	fault.AppBlocked:           {badRequest, invalidGrant, "", messageOnly, accessDenied, "The organisation has blocked {app}."},
	fault.MembershipMissing:    {badRequest, accessDenied, "", "", accessDenied, "The account is not a member of the programme."},
	fault.InvitationUnusable:   {badRequest, invalidRequest, "", "", "", "The invitation cannot be used: {reason}."},
	fault.ProfileElsewhere:     {badRequest, interaction, "", "", interaction, "The person may have a profile under another account."},
	fault.TermsPending:         {badRequest, interaction, "", "", interaction, "The terms of the programme wait to be accepted."},
	fault.Maintenance:          {503, unavailable, "", "", unavailable, "The service is read-only for maintenance."},
	fault.UpstreamFailed:       {badRequest, accessDenied, "", messageOnly, accessDenied, "The organisation's own sign-in did not prove the person: {rule}."},
	fault.UpstreamUnlinked:     {badRequest, accessDenied, "", messageOnly, accessDenied, "The account of the organisation's own sign-in is not linked to a person here."},
	fault.UpstreamMisset:       {badRequest, accessDenied, "", messageOnly, accessDenied, "The organisation's own sign-in is not set up correctly: {rule}."},
	fault.SetupLinkUnusable:    {badRequest, invalidRequest, "", "", "", "The set-up link cannot be used: {reason}."},
	fault.InputInvalid:         {badRequest, invalidRequest, "", "", "", "The field {parameter} is not acceptable. Rule: {rule}."},
	fault.RequestRepeated:      {429, unavailable, "", "", unavailable, "The same was asked for too often. Try again later."},
	fault.Unexpected:           {http.StatusInternalServerError, serverError, "", "", serverError, "Something broke on our side. Try again, and report the reference if it stays."},

	fault.TokenReused:   {badRequest, invalidGrant, "", tokenReused, "", "The refresh token was used before and its successor is in use. If you did not keep the successor, a person has to sign in again; if you did not use it, somebody else did."},
	fault.TokenStolen:   {badRequest, invalidGrant, "", tokenReused, "", "Two holders presented one refresh token, so all tokens of this sign-in are revoked. A person has to sign in and consent again."},
	fault.KeyRequired:   {badRequest, invalidRequest, "", "", "", "This refresh token is used with the header Idempotency-Key. Send it."},
	fault.KeyMalformed:  {badRequest, invalidRequest, "", "", "", "The header Idempotency-Key must be {rule}."},
	fault.TokenAhead:    {badRequest, invalidGrant, "", badToken, "", "The refresh token is newer than this server knows of."},
	fault.RequestObject: {badRequest, invalidRequest, "", "", "request_not_supported", "The parameters request and request_uri are not supported. Send the parameters themselves."},

	fault.OtherBrowser:         {badRequest, invalidRequest, "", "", "", "The sign-in was begun in another browser."},
	fault.CrossSite:            {badRequest, invalidRequest, "", "", "", "The form was sent from another site."},
	fault.PageUnknown:          {http.StatusNotFound, invalidRequest, "", "", "", "There is no page at this address."},
	fault.ReferenceUnknown:     {http.StatusNotFound, invalidRequest, "", "", "", "The reference {reference} is not known here."},
	fault.SchemaNewer:          {http.StatusServiceUnavailable, serverError, "", "", "", "The database is newer than this program. {advice}"},
	fault.AccessTokenMissing:   {unauthorized, "invalid_token", "", "", "", "An access token is missing: send it in the Authorization header."},
	fault.AccessTokenInvalid:   {unauthorized, "invalid_token", "", "", "", "The access token is not acceptable. Needed: {rule}."},
	fault.AccessTokenExpired:   {unauthorized, "invalid_token", "", "", "", "The access token has expired."},
	fault.AudienceWrong:        {unauthorized, "invalid_token", "", "", "", "The access token was made for another API."},
	fault.AudienceRetired:      {unauthorized, "invalid_token", "", "", "", "The audience of the access token is not supported any more."},
	fault.MFARequiredByAPI:     {unauthorized, "invalid_token", "", "", "", "The token carries no proof of a second factor."},
	fault.AppOnlyRefused:       {http.StatusForbidden, accessDenied, "", "", "", "This address does not take a token of an application alone."},
	fault.UserOnlyRefused:      {http.StatusForbidden, accessDenied, "", "", "", "This address does not take a token of a person."},
	fault.RoleMissing:          {http.StatusForbidden, accessDenied, "", "", "", "A role is missing: {role}."},
	fault.PermissionMissing:    {http.StatusForbidden, "insufficient_scope", "", "", "", "A permission is missing: {permission}."},
	fault.CustomerUnknown:      {http.StatusNotFound, invalidRequest, "", "", "", "This customer is not known."},
	fault.CustomerIDMalformed:  {badRequest, invalidRequest, "", "", "", "The customer's id is not a GUID."},
	fault.FilterInvalid:        {badRequest, invalidRequest, "", "", "", "The filter is not acceptable: {rule}."},
	fault.PageInvalid:          {badRequest, invalidRequest, "", "", "", "The page asked for does not exist: {rule}."},
	fault.HeaderInvalid:        {badRequest, invalidRequest, "", "", "", "The header {header} must be {rule}."},
	fault.NotInThisEnvironment: {http.StatusNotImplemented, invalidRequest, "", "", "", "This is not available in this environment."},
	fault.ObjectUnknown:        {http.StatusNotFound, invalidRequest, "", "", "", "There is no such object."},
	fault.QueryUnsupported:     {badRequest, invalidRequest, "", "", "", "The query is not supported: {rule}."},
	fault.MethodUnsupported:    {http.StatusMethodNotAllowed, invalidRequest, "", "", "", "This address does not take {method} requests."},
	fault.PathUnknown:          {http.StatusNotFound, invalidRequest, "", "", "", "There is nothing at {path}."},
	fault.ChangedMeanwhile:     {http.StatusConflict, invalidRequest, "", "", "", "The object was changed meanwhile. Read it again and repeat the change."},
	fault.EncodingUnsupported:  {http.StatusUnsupportedMediaType, invalidRequest, "", "", "", "The encoding of the body is not supported: {rule}."},
	fault.BodyTooLarge:         {http.StatusRequestEntityTooLarge, invalidRequest, "", "", "", "The body is too large: at most {limit} bytes."},
	fault.RelationshipEnded:    {badRequest, invalidGrant, "", messageOnly, accessDenied, "The delegated relationship with this organisation has ended: '{name}', on {date}."},

	fault.VaultUnknown:           {http.StatusNotFound, invalidRequest, "", "", "", "There is no vault at this host."},
	fault.VaultPermissionMissing: {http.StatusForbidden, accessDenied, "", "", "", "The access list of the vault {vault} does not give {permission} to {principal}."},
	fault.SecretUnknown:          {http.StatusNotFound, invalidRequest, "", "", "", "There is no secret {secret} in this vault."},
	fault.SecretDeleted:          {http.StatusConflict, invalidRequest, "", "", "", "The secret {secret} is deleted and can be recovered. Recover or purge it first."},
	fault.SecretTaken:            {http.StatusConflict, invalidRequest, "", "", "", "The name {secret} is in use in this vault."},
	fault.SecretOff:              {http.StatusForbidden, accessDenied, "", "", "", "The secret {secret} is switched off."},
	fault.PurgeForbidden:         {http.StatusForbidden, accessDenied, "", "", "", "The vault {vault} is protected from purging."},
	fault.ResourceGroupUnknown:   {http.StatusNotFound, invalidRequest, "", "", "", "There is no resource group {object} in this subscription."},
}
