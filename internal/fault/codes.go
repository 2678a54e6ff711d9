package fault

// The codes. Names and numbers up to 9002999 are those of the Microsoft
// identity platform (identity-platform.md 4).
const (
	InteractionRequired  Code = 16000
	InvalidResource      Code = 50001
	RedirectMismatch     Code = 50011
	AssertionInvalid     Code = 50013
	ForeignAccount       Code = 50020
	TokenMalformed       Code = 50027
	AccountUnknown       Code = 50034
	AssertionIssuer      Code = 50048
	UnknownInstance      Code = 50049
	MalformedDiscovery   Code = 50050
	TooManyTries         Code = 50053
	PasswordExpired      Code = 50055
	AccountDisabled      Code = 50057
	NotSignedIn          Code = 50058
	TenantNotInferred    Code = 50059
	SignOutInvalid       Code = 50068
	SecondFactorWanted   Code = 50074
	SecondFactorRequired Code = 50076
	SecondFactorMissing  Code = 50079
	PageExpired          Code = 50089
	NotAssigned          Code = 50105
	WrongPassword        Code = 50126
	NewerSignIn          Code = 50132
	ChallengeSize        Code = 50147
	VerifierMissing      Code = 50148
	GrantRevoked         Code = 50173
	NotMultitenant       Code = 50194
	SecondFactorWrong    Code = 500121
	PersonalAtWorkOnly   Code = 500208
	AssertionForOthers   Code = 500131
	AssertionExpired     Code = 500133
	ResourceUnknown      Code = 500011
	VerifierMismatch     Code = 501481
	VerifierSize         Code = 501491
	BlockedByPolicy      Code = 53003
	DelegationBlocked    Code = 530034
	CodeRedeemed         Code = 54005
	ConsentMissing       Code = 65001
	ConsentDeclined      Code = 65004
	PermissionUnlisted   Code = 650057
	GrantInvalid         Code = 70000
	UnsupportedGrant     Code = 70003
	UnsupportedResponse  Code = 70005
	UnsupportedMode      Code = 70007
	GrantExpired         Code = 70008
	ScopeInvalid         Code = 70011
	GrantTypeForbidden   Code = 70001
	FederatedUnknown     Code = 70021
	FederatedIssuer      Code = 700211
	FederatedAudience    Code = 700212
	FederatedSubject     Code = 700213
	FederatedPerson      Code = 700229
	ImplicitOff          Code = 700054
	CodeOtherTenant      Code = 700005
	GrantOtherClient     Code = 700007
	AppUnknown           Code = 700016
	AssertionClient      Code = 700021
	SeveralResources     Code = 700022
	AssertionAudience    Code = 700023
	AssertionTime        Code = 700024
	CredentialForbidden  Code = 700025
	AssertionSignature   Code = 700027
	NotAnApp             Code = 700038
	GrantInactive        Code = 700082
	BrowserGrantExpired  Code = 700084
	SessionTooOld        Code = 70043
	AppDisabled          Code = 7000112
	OnBehalfForbidden    Code = 7000114
	AssertionNoPerson    Code = 240002
	SecretWrong          Code = 7000215
	CredentialMissing    Code = 7000218
	SecretExpired        Code = 7000222
	AppNotInTenant       Code = 7000229
	TenantUnknown        Code = 90002
	ParameterMissing     Code = 900144
	TenantMalformed      Code = 900023
	ParameterTooLong     Code = 90015
	DirectoryBusy        Code = 90033
	Throttled            Code = 90055
	ApprovalRequired     Code = 90094
	OnlyPost             Code = 900561
	ResourceOnV2         Code = 901002
	NeedsDefaultScope    Code = 1002012
	GrantNotOnCommon     Code = 9001023
	RequestMalformed     Code = 9002313
	ChallengeRequired    Code = 9002325
	OriginForbidden      Code = 9002326
	OriginRequired       Code = 9002327
	WorkAccountsOnly     Code = 9002332
	FactorPlace          Code = 53010
	ApprovalWaiting      Code = 90095
	RequestLoop          Code = 50196
	AuthorizationPending Code = 70016
	DeviceCodeWrong      Code = 70018
	DeviceCodeExpired    Code = 70019
	DeviceTooLate        Code = 70020
	Unexpected           Code = 50000

	TokenReused          Code = 9700001
	TokenStolen          Code = 9700002
	KeyRequired          Code = 9700003
	KeyMalformed         Code = 9700004
	TokenAhead           Code = 9700005
	RequestObject        Code = 9700006
	InvalidTarget        Code = 9700007
	TokenUnrevocable     Code = 9700008
	PushedUnusable       Code = 9700009
	OtherBrowser         Code = 9700010
	CrossSite            Code = 9700011
	PageUnknown          Code = 9700012
	ReferenceUnknown     Code = 9700013
	PushRequired         Code = 9700014
	RequestURI           Code = 9700015
	GrantOtherKey        Code = 9700016
	ProofInvalid         Code = 9700017
	ProofUntimely        Code = 9700019
	SchemaNewer          Code = 9700020
	MailCodeWrong        Code = 9700030
	MailCodeExpired      Code = 9700031
	PasswordWeak         Code = 9700032
	NameTaken            Code = 9700033
	PassWrong            Code = 9700034
	AppDenied            Code = 9700040
	AppBlocked           Code = 9700041
	MembershipMissing    Code = 9700042
	InvitationUnusable   Code = 9700043
	ProfileElsewhere     Code = 9700044
	TermsPending         Code = 9700045
	Maintenance          Code = 9700046
	UpstreamFailed       Code = 9700047
	UpstreamUnlinked     Code = 9700048
	UpstreamMisset       Code = 9700049
	SetupLinkUnusable    Code = 9700050
	InputInvalid         Code = 9700051
	RequestRepeated      Code = 9700052
	DeviceDeclined       Code = 9700053
	DevicePollFast       Code = 9700054
	DeviceSignInOff      Code = 9700055
	AccessTokenMissing   Code = 9700100
	AccessTokenInvalid   Code = 9700101
	AccessTokenExpired   Code = 9700102
	AudienceWrong        Code = 9700103
	AudienceRetired      Code = 9700104
	MFARequiredByAPI     Code = 9700105
	AppOnlyRefused       Code = 9700106
	UserOnlyRefused      Code = 9700107
	RoleMissing          Code = 9700108
	PermissionMissing    Code = 9700109
	CustomerUnknown      Code = 9700110
	CustomerIDMalformed  Code = 9700111
	FilterInvalid        Code = 9700112
	PageInvalid          Code = 9700113
	HeaderInvalid        Code = 9700114
	NotInThisEnvironment Code = 9700115
	ObjectUnknown        Code = 9700116
	QueryUnsupported     Code = 9700117
	MethodUnsupported    Code = 9700118
	PathUnknown          Code = 9700119
	RelationshipEnded    Code = 9700120
	ChangedMeanwhile     Code = 9700121
	EncodingUnsupported  Code = 9700122
	BodyTooLarge         Code = 9700123
	ClientDocument       Code = 9700018
	AccessTokenRevoked   Code = 9700124
	EnumUnknown          Code = 9700170
	PersonRefused        Code = 9700171
	GrantExists          Code = 9700172
	DomainTaken          Code = 9700173
	RequestReused        Code = 9700174
	MemberUnknown        Code = 9700175
	MPNUnknown           Code = 9700176
	VettingUnknown       Code = 9700177
	ObjectExists         Code = 9700150
	ReferenceExists      Code = 9700151
	StateConflict        Code = 9700152

	VaultUnknown           Code = 9700200
	VaultPermissionMissing Code = 9700201
	SecretUnknown          Code = 9700202
	SecretDeleted          Code = 9700203
	SecretTaken            Code = 9700204
	SecretOff              Code = 9700205
	PurgeForbidden         Code = 9700206
	ResourceGroupUnknown   Code = 9700207
)

var rows = []Entry{
	{InteractionRequired, "InteractionRequired", "M02", Interaction, You, []Remedy{UseAnother, StartAgain}},
	{InvalidResource, "InvalidResource", "M34", Request, Developer, []Remedy{CheckScope, CopyReport}},
	{RedirectMismatch, "InvalidReplyTo", "M23", Request, Developer, []Remedy{CheckRedirect, CopyReport}},
	{AssertionInvalid, "InvalidAssertion", "M26", Grant, Developer, []Remedy{CheckCertificate, CopyReport}},
	{ForeignAccount, "UserUnauthorized", "M02", Person, You, []Remedy{UseAnother, AskIT}},
	{TokenMalformed, "InvalidJwtToken", "M34", Grant, Developer, []Remedy{CheckRequest, CopyReport}},
	{AccountUnknown, "UserAccountNotFound", "M05", Person, You, []Remedy{TryAgain, ResetPassword, UseAnother}},
	{AssertionIssuer, "SubjectMismatchesIssuer", "M26", Client, Developer, []Remedy{CheckCertificate, CopyReport}},
	{UnknownInstance, "NoSuchInstanceForDiscovery", "M22", Request, Developer, []Remedy{CheckAuthority, CopyReport}},
	{MalformedDiscovery, "MalformedDiscoveryRequest", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{TooManyTries, "IdsLocked", "M06", Temporary, Time, []Remedy{WaitAndRetry, AskIT}},
	{PasswordExpired, "InvalidPasswordExpiredPassword", "M08", Interaction, You, []Remedy{ResetPassword, AskIT}},
	{AccountDisabled, "UserDisabled", "M07", Person, IT, []Remedy{AskIT, UseAnother}},
	{NotSignedIn, "UserInformationNotProvided", "M10", Interaction, You, []Remedy{StartAgain}},
	{TenantNotInferred, "MissingTenantRealmAndNoUserInformationProvided", "M04", Person, You, []Remedy{TryAgain, AskIT}},
	{SignOutInvalid, "SignoutInvalidRequest", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{SecondFactorWanted, "UserStrongAuthClientAuthNRequiredInterrupt", "M10", Interaction, You, []Remedy{ConfirmIdentity}},
	{SecondFactorRequired, "UserStrongAuthClientAuthNRequired", "M10", Interaction, You, []Remedy{ConfirmIdentity, RenewConsent}},
	{SecondFactorMissing, "UserStrongAuthEnrollmentRequired", "M09", Interaction, You, []Remedy{SetUpSecondFactor}},
	{PageExpired, "FlowTokenExpired", "M35", Interaction, You, []Remedy{StartAgain}},
	{NotAssigned, "EntitlementGrantsNotFound", "M18", Refused, IT, []Remedy{AskIT, UseAnother}},
	{WrongPassword, "InvalidUserNameOrPassword", "M05", Person, You, []Remedy{TryAgain, ResetPassword, UseAnother}},
	{NewerSignIn, "SsoArtifactInvalidOrExpired", "M28", Interaction, You, []Remedy{StartAgain, AskIT}},
	{ChallengeSize, "InvalidCodeChallengeParameter", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{VerifierMissing, "CodeVerifierMissing", "M34", Grant, Developer, []Remedy{CheckRequest, CopyReport}},
	{GrantRevoked, "FreshTokenNeeded", "M28", Grant, Developer, []Remedy{RenewConsent, AskIT}},
	{NotMultitenant, "NotMultitenantApplication", "M22", Request, Developer, []Remedy{CheckAuthority, CopyReport}},
	{SecondFactorWrong, "AuthenticationFailedDuringStrongAuthentication", "M10", Person, You, []Remedy{TryAgain, AskIT}},
	{PersonalAtWorkOnly, "AccountTypeNotAllowed", "M01", Person, You, []Remedy{UseAnother, AskIT}},
	{AssertionForOthers, "InvalidAssertionAudience", "M26", Grant, Developer, []Remedy{CheckRequest, CopyReport}},
	{AssertionExpired, "AssertionNotWithinValidity", "M27", Grant, Developer, []Remedy{StartAgain, CheckClock}},
	{ResourceUnknown, "InvalidResourceServicePrincipalNotFound", "M34", Request, Developer, []Remedy{CheckScope, CopyReport}},
	{VerifierMismatch, "CodeVerifierMismatch", "M34", Grant, Developer, []Remedy{CheckRequest, CopyReport}},
	{VerifierSize, "CodeVerifierSize", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{BlockedByPolicy, "BlockedByConditionalAccess", "M30", Refused, IT, []Remedy{AskIT, UseAnother}},
	{DelegationBlocked, "DelegatedAdminBlocked", "M30", Refused, CustomerIT, []Remedy{AskCustomer, CopyReport}},
	{CodeRedeemed, "OAuth2AuthorizationCodeAlreadyRedeemed", "M35", Grant, Developer, []Remedy{StartAgain, CopyReport}},
	{ConsentMissing, "DelegationDoesNotExist", "M12", Interaction, You, []Remedy{GiveConsent, AuthorizeCustomer, AskIT}},
	{ConsentDeclined, "UserDeclinedConsent", "M13", Interaction, You, []Remedy{ReviewAgain, BackToApp}},
	{PermissionUnlisted, "InvalidResourceRequested", "M34", Request, Developer, []Remedy{CheckScope, CopyReport}},
	{GrantInvalid, "InvalidGrant", "M27", Grant, Developer, []Remedy{RenewConsent, CopyReport}},
	{UnsupportedGrant, "UnsupportedGrantType", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{UnsupportedResponse, "UnsupportedResponseType", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{UnsupportedMode, "UnsupportedResponseMode", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{GrantExpired, "ExpiredOrRevokedGrant", "M27", Grant, Developer, []Remedy{StartAgain, RenewConsent}},
	{ScopeInvalid, "InvalidScope", "M34", Request, Developer, []Remedy{CheckScope, CopyReport}},
	{GrantTypeForbidden, "UnauthorizedClient", "M44", Client, Developer, []Remedy{UseCodeFlow, CopyReport}},
	{FederatedUnknown, "FederatedIdentityNotFound", "M26", Client, Developer, []Remedy{CheckRequest, CopyReport}},
	{FederatedIssuer, "FederatedIssuerMismatch", "M26", Client, Developer, []Remedy{CheckRequest, CopyReport}},
	{FederatedAudience, "FederatedAudienceMismatch", "M26", Client, Developer, []Remedy{CheckRequest, CopyReport}},
	{FederatedSubject, "FederatedSubjectMismatch", "M26", Client, Developer, []Remedy{CheckRequest, CopyReport}},
	{FederatedPerson, "FederatedUserToken", "M26", Client, Developer, []Remedy{CheckRequest, CopyReport}},
	{ImplicitOff, "ResponseTypeNotEnabled", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{CodeOtherTenant, "CodeRedeemedAgainstWrongTenant", "M34", Grant, Developer, []Remedy{CheckAuthority, CopyReport}},
	{GrantOtherClient, "GrantIssuedForAnotherClient", "M34", Grant, Developer, []Remedy{CheckRequest, CopyReport}},
	{AppUnknown, "UnauthorizedClient_DoesNotMatchRequest", "M22", Client, Developer, []Remedy{CheckAuthority, CopyReport}},
	{AssertionClient, "AssertionClientMismatch", "M26", Client, Developer, []Remedy{CheckCertificate, CopyReport}},
	{SeveralResources, "SeveralResourcesRequested", "M34", Request, Developer, []Remedy{CheckScope, CopyReport}},
	{AssertionAudience, "AssertionAudienceMismatch", "M26", Client, Developer, []Remedy{CheckAuthority, CopyReport}},
	{AssertionTime, "AssertionOutsideValidity", "M26", Client, Developer, []Remedy{CheckClock, CopyReport}},
	{CredentialForbidden, "PublicClientWithCredential", "M24", Client, Developer, []Remedy{CheckRequest, CopyReport}},
	{AssertionSignature, "AssertionSignatureFailed", "M26", Client, Developer, []Remedy{CheckCertificate, CopyReport}},
	{NotAnApp, "NotAnApplicationIdentifier", "M22", Client, Developer, []Remedy{CheckAuthority, CopyReport}},
	{GrantInactive, "ExpiredOrRevokedGrantInactiveToken", "M27", Grant, Developer, []Remedy{RenewConsent}},
	{BrowserGrantExpired, "BrowserGrantLifetimeOver", "M27", Grant, You, []Remedy{StartAgain}},
	{SessionTooOld, "BadTokenDueToSignInFrequency", "M29", Grant, IT, []Remedy{RenewConsent, AskIT}},
	{AppDisabled, "ApplicationDisabled", "M22", Client, Developer, []Remedy{AskIT, CopyReport}},
	{OnBehalfForbidden, "OnBehalfOfForbidden", "M44", Client, Developer, []Remedy{UseCodeFlow, CopyReport}},
	{AssertionNoPerson, "AssertionOfNoPerson", "M34", Grant, Developer, []Remedy{CheckRequest, CopyReport}},
	{SecretWrong, "InvalidClientSecret", "M24", Client, Developer, []Remedy{CheckSecret, CopyReport}},
	{CredentialMissing, "ClientCredentialMissing", "M24", Client, Developer, []Remedy{CheckSecret, CheckRequest}},
	{SecretExpired, "InvalidClientSecretExpiredKeysProvided", "M25", Client, Developer, []Remedy{CheckSecret, AskIT}},
	{AppNotInTenant, "ServicePrincipalMissing", "M32", Client, CustomerIT, []Remedy{AuthorizeCustomer, CheckAuthority}},
	{TenantUnknown, "InvalidTenantName", "M22", Request, Developer, []Remedy{CheckAuthority, CopyReport}},
	{ParameterMissing, "RequiredParameterMissing", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{TenantMalformed, "InvalidTenantIdentifier", "M22", Request, Developer, []Remedy{CheckAuthority, CopyReport}},
	{ParameterTooLong, "QueryStringTooLong", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{DirectoryBusy, "TransientError", "M37", Temporary, Time, []Remedy{WaitAndRetry, CopyReport}},
	{Throttled, "TenantThrottlingError", "M37", Temporary, Time, []Remedy{WaitAndRetry, CopyReport}},
	{ApprovalRequired, "AdminConsentRequired", "M14", Refused, IT, []Remedy{AskIT, UseAnother}},
	{OnlyPost, "OnlyPostAccepted", "M35", Request, Developer, []Remedy{StartAgain, CopyReport}},
	{ResourceOnV2, "ResourceParameterOnV2", "M34", Request, Developer, []Remedy{CheckScope, CopyReport}},
	{NeedsDefaultScope, "ClientCredentialsNeedDefaultScope", "M34", Request, Developer, []Remedy{CheckScope, CopyReport}},
	{GrantNotOnCommon, "GrantNotSupportedOverCommon", "M34", Request, Developer, []Remedy{CheckAuthority, CopyReport}},
	{RequestMalformed, "MalformedRequest", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{ChallengeRequired, "ProofKeyRequired", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{OriginForbidden, "CrossOriginNotForThisClientType", "M34", Request, Developer, []Remedy{CheckRedirect, CopyReport}},
	{OriginRequired, "BrowserClientOutsideBrowser", "M34", Request, Developer, []Remedy{CheckRedirect, CopyReport}},
	{WorkAccountsOnly, "AppForWorkAccountsOnly", "M01", Request, Developer, []Remedy{CheckAuthority, UseAnother}},
	{FactorPlace, "ProofUpBlockedDueToRisk", "M11", Refused, IT, []Remedy{AskForPass, AskIT, UseAnother}},
	{ApprovalWaiting, "AdminConsentRequiredRequestAccess", "M15", Refused, IT, []Remedy{WaitForDecision, AskIT, UseAnother}},
	{RequestLoop, "LoopDetected", "M36", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{AuthorizationPending, "AuthorizationPending", "M12", Interaction, You, []Remedy{WaitAndRetry}},
	{DeviceCodeWrong, "BadVerificationCode", "M39", Person, You, []Remedy{TypeCodeAgain, NewDeviceCode}},
	{DeviceCodeExpired, "CodeExpired", "M39", Grant, You, []Remedy{NewDeviceCode}},
	{DeviceTooLate, "DeviceCodeExpired", "M39", Grant, You, []Remedy{NewDeviceCode}},
	{Unexpected, "TokenIssuanceError", "M47", Internal, Operator, []Remedy{TryAgain, CopyReport}},

	{TokenReused, "RefreshTokenReused", "M28", Grant, Developer, []Remedy{RenewConsent, AskIT}},
	{TokenStolen, "RefreshTokenStolen", "M28", Grant, IT, []Remedy{RenewConsent, AskIT}},
	{KeyRequired, "IdempotencyKeyRequired", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{KeyMalformed, "IdempotencyKeyMalformed", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{TokenAhead, "RefreshTokenFromTheFuture", "M28", Grant, Operator, []Remedy{RenewConsent, CopyReport}},
	{RequestObject, "RequestObjectNotSupported", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{RequestURI, "RequestURINotSupported", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{InvalidTarget, "InvalidTarget", "M34", Request, Developer, []Remedy{CheckScope, CopyReport}},
	{TokenUnrevocable, "TokenCannotBeRevoked", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{PushedUnusable, "PushedRequestUnusable", "M35", Request, You, []Remedy{StartAgain}},
	{OtherBrowser, "SignInStartedInAnotherBrowser", "M35", Interaction, You, []Remedy{StartAgain}},
	{CrossSite, "FormPostedFromAnotherSite", "M35", Interaction, You, []Remedy{StartAgain}},
	{PageUnknown, "PageUnknown", "M49", Absent, You, []Remedy{BackToApp, CopyReport}},
	{ReferenceUnknown, "ReferenceUnknown", "M50", Absent, You, []Remedy{TryAgain}},
	{PushRequired, "PushedRequestRequired", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{ProofInvalid, "ProofOfPossessionInvalid", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{ProofUntimely, "ProofOfPossessionUntimely", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{GrantOtherKey, "GrantBoundToAnotherKey", "M34", Grant, Developer, []Remedy{CheckRequest, CopyReport}},
	{SchemaNewer, "SchemaNewerThanProgram", "M47", Internal, Operator, []Remedy{CopyReport}},
	{MailCodeWrong, "MailboxCodeWrong", "M41", Person, You, []Remedy{TryAgain, NewCode}},
	{MailCodeExpired, "MailboxCodeExpired", "M41", Person, You, []Remedy{NewCode}},
	{PasswordWeak, "PasswordTooWeak", "M08", Person, You, []Remedy{TryAgain}},
	{NameTaken, "SignInNameTaken", "M40", Person, You, []Remedy{TryAgain, UseAnother}},
	{PassWrong, "TemporaryPassWrong", "M05", Person, You, []Remedy{TryAgain, AskForPass}},
	{AppDenied, "AppAccessDenied", "M16", Refused, IT, []Remedy{AskProgramme, UseAnother}},
	{AppBlocked, "AppBlockedByOrganisation", "M16", Refused, IT, []Remedy{AskProgramme, UseAnother}},
	{MembershipMissing, "NoMemberOfProgramme", "M17", Person, Programme, []Remedy{AskForAccess, InvitedElsewhere, UseAnother}},
	{InvitationUnusable, "InvitationUnusable", "M19", Absent, Programme, []Remedy{AskForInvitation, UseAnother}},
	{ProfileElsewhere, "ProfileOfAnotherAccount", "M20", Interaction, You, []Remedy{ConnectProfile, UseAnother}},
	{TermsPending, "TermsNotAccepted", "M21", Interaction, You, []Remedy{ReadTerms, BackToApp}},
	{Maintenance, "ReadOnlyForMaintenance", "M48", Temporary, Time, []Remedy{WaitAndRetry}},
	{UpstreamFailed, "CompanySignInFailed", "M52", Person, IT, []Remedy{TryAgain, AskIT, UseAnother}},
	{UpstreamUnlinked, "CompanyAccountNotLinked", "M20", Person, IT, []Remedy{AskIT, UseAnother}},
	{UpstreamMisset, "CompanySignInMisconfigured", "M52", Refused, IT, []Remedy{AskIT, CopyReport}},
	{SetupLinkUnusable, "SetupLinkUnusable", "M19", Absent, IT, []Remedy{AskForInvitation}},
	{InputInvalid, "FormFieldInvalid", "M34", Person, You, []Remedy{TryAgain}},
	{RequestRepeated, "RequestRepeatedTooSoon", "M06", Temporary, Time, []Remedy{WaitAndRetry}},
	{DeviceDeclined, "DeviceSignInDeclined", "M13", Interaction, You, []Remedy{StartAgain}},
	{DevicePollFast, "DevicePollsTooFast", "M37", Temporary, Time, []Remedy{WaitAndRetry}},
	{DeviceSignInOff, "DeviceSignInOff", "M30", Refused, IT, []Remedy{UseBrowser, AskIT}},
	{AccessTokenMissing, "AccessTokenMissing", "M34", Client, Developer, []Remedy{CheckRequest, CopyReport}},
	{AccessTokenInvalid, "AccessTokenInvalid", "M34", Client, Developer, []Remedy{CheckRequest, CopyReport}},
	{AccessTokenExpired, "AccessTokenExpired", "M34", Client, Developer, []Remedy{CheckRequest, CheckClock}},
	{AudienceWrong, "AudienceWrong", "M34", Client, Developer, []Remedy{CheckAudience, CopyReport}},
	{AudienceRetired, "AudienceRetired", "M34", Client, Developer, []Remedy{CheckAudience, CopyReport}},
	{MFARequiredByAPI, "SecondFactorProofMissing", "M31", Refused, Developer, []Remedy{RenewConsent}},
	{AppOnlyRefused, "AppOnlyNotSupported", "M51", Refused, Developer, []Remedy{UseUserToken}},
	{UserOnlyRefused, "DelegatedTokenRequired", "M51", Refused, Developer, []Remedy{UseUserToken}},
	{RoleMissing, "RoleMissing", "M46", Refused, IT, []Remedy{AssignRole, AskIT}},
	{PermissionMissing, "PermissionMissing", "M46", Refused, IT, []Remedy{GiveConsent, AskIT}},
	{CustomerUnknown, "CustomerUnknown", "M45", Absent, Developer, []Remedy{CheckRequest, AskCustomer}},
	{CustomerIDMalformed, "CustomerIDMalformed", "M34", Request, Developer, []Remedy{CheckRequest}},
	{FilterInvalid, "FilterInvalid", "M34", Request, Developer, []Remedy{CheckRequest}},
	{PageInvalid, "PageInvalid", "M34", Request, Developer, []Remedy{CheckRequest}},
	{HeaderInvalid, "HeaderInvalid", "M34", Request, Developer, []Remedy{CheckRequest}},
	{NotInThisEnvironment, "NotInThisEnvironment", "M51", Refused, Operator, []Remedy{CopyReport}},
	{ObjectUnknown, "ObjectUnknown", "M49", Absent, Developer, []Remedy{CheckRequest}},
	{QueryUnsupported, "QueryUnsupported", "M34", Request, Developer, []Remedy{CheckRequest}},
	{MethodUnsupported, "MethodUnsupported", "M34", Request, Developer, []Remedy{CheckRequest}},
	{PathUnknown, "PathUnknown", "M49", Absent, Developer, []Remedy{CheckRequest}},
	{RelationshipEnded, "RelationshipEnded", "M45", Refused, CustomerIT, []Remedy{RenewRelationship, AskCustomer}},
	{ChangedMeanwhile, "ChangedMeanwhile", "M34", Request, Developer, []Remedy{CheckRequest, TryAgain}},
	{EncodingUnsupported, "EncodingUnsupported", "M34", Request, Developer, []Remedy{CheckRequest}},
	{BodyTooLarge, "BodyTooLarge", "M34", Request, Developer, []Remedy{CheckRequest}},
	{ClientDocument, "ClientDocumentRefused", "M34", Request, Developer, []Remedy{CheckRequest, CopyReport}},
	{AccessTokenRevoked, "AccessTokenRevoked", "M28", Grant, You, []Remedy{StartAgain, AskIT}},
	{EnumUnknown, "EnumUnknown", "M34", Request, Developer, []Remedy{CheckRequest}},
	{PersonRefused, "PersonNotSupported", "M51", Refused, Developer, []Remedy{CheckRequest}},
	{GrantExists, "PermissionEntryExists", "M34", Request, Developer, []Remedy{CheckRequest}},
	{DomainTaken, "DomainTaken", "M34", Request, Developer, []Remedy{CheckRequest}},
	{RequestReused, "RequestIDReused", "M34", Request, Developer, []Remedy{CheckRequest}},
	{MemberUnknown, "CustomerUserUnknown", "M49", Absent, Developer, []Remedy{CheckRequest}},
	{MPNUnknown, "PartnerIDUnknown", "M49", Absent, Developer, []Remedy{CheckRequest}},
	{VettingUnknown, "AccountStatusNotFound", "M49", Absent, Developer, []Remedy{CheckRequest}},
	{ObjectExists, "ObjectExists", "M34", Request, Developer, []Remedy{CheckRequest}},
	{ReferenceExists, "ReferenceExists", "M34", Request, Developer, []Remedy{CheckRequest}},
	{StateConflict, "StateConflict", "M34", Request, Developer, []Remedy{CheckRequest}},

	{VaultUnknown, "VaultUnknown", "M49", Absent, Developer, []Remedy{CheckRequest, CopyReport}},
	{VaultPermissionMissing, "VaultPermissionMissing", "M46", Refused, IT, []Remedy{AskIT, CopyReport}},
	{SecretUnknown, "SecretUnknown", "M49", Absent, Developer, []Remedy{CheckRequest}},
	{SecretDeleted, "SecretDeletedButRecoverable", "M34", Request, Developer, []Remedy{CheckRequest}},
	{SecretTaken, "SecretNameInUse", "M34", Request, Developer, []Remedy{CheckRequest}},
	{SecretOff, "SecretSwitchedOff", "M46", Refused, Developer, []Remedy{CheckRequest}},
	{PurgeForbidden, "VaultPurgeProtected", "M46", Refused, IT, []Remedy{AskIT}},
	{ResourceGroupUnknown, "ResourceGroupUnknown", "M49", Absent, Developer, []Remedy{CheckRequest}},
}
