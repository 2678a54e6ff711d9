// Package declaration founds a partner programme and keeps it as a document
// says: it compares the document with what there is, tells each difference, and
// makes it so through the rooms. What a document does not name stays as it is.
package declaration

// Document is what an operator declares. The tag doc is the name of a field in
// the file. Fields that are left out stay as they are; an empty list empties.
type Document struct {
	// Version of this form; there is one.
	Version       int            `doc:"version"`
	Programme     *Programme     `doc:"programme"`
	Tenants       []Tenant       `doc:"tenants"`
	Partners      []Partner      `doc:"partners"`
	People        []Person       `doc:"people"`
	Apps          []App          `doc:"apps"`
	Customers     []Customer     `doc:"customers"`
	Relationships []Relationship `doc:"relationships"`
	Vaults        []Vault        `doc:"vaults"`

	// Lines says where each part stands in its file, by its path such as
	// "apps[0].name"; for problems.
	Lines map[string]int
}

// Programme is the partner programme of the installation.
type Programme struct {
	// Owner is the organisation that runs it, by domain or id.
	Owner   string `doc:"owner"`
	Name    string `doc:"name"`
	Contact string `doc:"contact"`
	// Portal is the application that members sign in to: one of the owner's, by
	// name, or any by id.
	Portal         string `doc:"portal"`
	SwapPolicy     string `doc:"swapPolicy"`
	InvitationDays int    `doc:"invitationDays"`
	// Terms are texts by language.
	Terms map[string]string `doc:"terms"`
}

// Tenant is an organisation, found by its id or else by its first domain.
type Tenant struct {
	ID       string   `doc:"id"`
	Name     string   `doc:"name"`
	Domains  []string `doc:"domains"`
	Country  string   `doc:"country"`
	Region   string   `doc:"region"`
	Language string   `doc:"language"`
	Disabled *bool    `doc:"disabled"`
	Settings Settings `doc:"settings"`
}

// Settings are the rules of an organisation.
type Settings struct {
	RequireMFA *bool `doc:"requireMFA"`
	// UserConsent is anyone, low-risk or nobody.
	UserConsent string `doc:"userConsent"`
	// FactorSetup is anywhere or pass.
	FactorSetup   string `doc:"factorSetup"`
	DeviceCodes   *bool  `doc:"deviceCodes"`
	BlockPartners *bool  `doc:"blockPartners"`
	// ClientHosts replace those there were.
	ClientHosts []string `doc:"clientHosts"`
	// PartnerMFA is enforce, report or off.
	PartnerMFA string `doc:"partnerMFA"`
	Sandbox    *bool  `doc:"sandbox"`
}

// Partner is what an organisation that is a partner says about itself.
type Partner struct {
	Tenant      string  `doc:"tenant"`
	CompanyName string  `doc:"companyName"`
	Email       string  `doc:"email"`
	Language    string  `doc:"language"`
	Culture     string  `doc:"culture"`
	Address     Address `doc:"address"`
}

// Address is where a company is, and whom to ask for there.
type Address struct {
	Country    string `doc:"country"`
	Region     string `doc:"region"`
	City       string `doc:"city"`
	State      string `doc:"state"`
	Line1      string `doc:"line1"`
	Line2      string `doc:"line2"`
	PostalCode string `doc:"postalCode"`
	FirstName  string `doc:"firstName"`
	LastName   string `doc:"lastName"`
	Phone      string `doc:"phone"`
}

// Person is somebody of an organisation, found by the sign-in name.
type Person struct {
	SignInName string `doc:"signInName"`
	// Tenant is the organisation; without it, the one of the name's domain.
	Tenant   string `doc:"tenant"`
	ID       string `doc:"id"`
	Name     string `doc:"name"`
	Given    string `doc:"given"`
	Family   string `doc:"family"`
	Mail     string `doc:"mail"`
	Language string `doc:"language"`
	JobTitle string `doc:"jobTitle"`
	Disabled *bool  `doc:"disabled"`
	// MFA is off, enabled or enforced.
	MFA string `doc:"mfa"`
	// Roles are directory roles, by name or template id.
	Roles []string `doc:"roles"`
	// Groups are a partner's own groups.
	Groups []string `doc:"groups"`
}

// App is a registration, found by its id or else by its owner and name.
type App struct {
	ID    string `doc:"id"`
	Owner string `doc:"owner"`
	Name  string `doc:"name"`
	// Absent deletes the registration.
	Absent          bool       `doc:"absent"`
	Publisher       string     `doc:"publisher"`
	PublisherDomain string     `doc:"publisherDomain"`
	Verified        *bool      `doc:"verified"`
	Purpose         string     `doc:"purpose"`
	Audience        string     `doc:"audience"`
	HomeURL         string     `doc:"homeURL"`
	Public          *bool      `doc:"public"`
	HybridIDTokens  *bool      `doc:"hybridIDTokens"`
	Redirects       []Redirect `doc:"redirects"`
	Identifiers     []string   `doc:"identifiers"`
	Permissions     []Access   `doc:"permissions"`
	// ConsentedBy are organisations that allow all of the permissions for
	// everyone.
	ConsentedBy []string `doc:"consentedBy"`
	// Secrets are names; the secrets are made by us and told once.
	Secrets []string `doc:"secrets"`
	// Certificates are in PEM form.
	Certificates []string    `doc:"certificates"`
	Federated    []Federated `doc:"federated"`
	Disabled     *bool       `doc:"disabled"`
}

// Redirect is an address that answers may be sent to.
type Redirect struct {
	URI      string `doc:"uri"`
	Platform string `doc:"platform"`
}

// Access is what an app asks of one API.
type Access struct {
	// API is an application, by name, id or identifier.
	API    string   `doc:"api"`
	Scopes []string `doc:"scopes"`
	Roles  []string `doc:"roles"`
}

// Federated lets a foreign issuer's token prove an app.
type Federated struct {
	Name      string   `doc:"name"`
	Issuer    string   `doc:"issuer"`
	Subject   string   `doc:"subject"`
	Audiences []string `doc:"audiences"`
}

// Customer is an organisation as a partner of it knows it.
type Customer struct {
	Partner      string  `doc:"partner"`
	Tenant       string  `doc:"tenant"`
	CompanyName  string  `doc:"companyName"`
	Email        string  `doc:"email"`
	Relationship string  `doc:"relationship"`
	Delegated    *bool   `doc:"delegated"`
	Address      Address `doc:"address"`
}

// Relationship is a delegated admin relationship that both sides have agreed to.
type Relationship struct {
	Partner  string `doc:"partner"`
	Customer string `doc:"customer"`
	Name     string `doc:"name"`
	// Absent ends it.
	Absent bool `doc:"absent"`
	// Duration and AutoExtend are periods of ISO 8601 such as P730D.
	Duration    string       `doc:"duration"`
	AutoExtend  string       `doc:"autoExtend"`
	Roles       []string     `doc:"roles"`
	Assignments []Assignment `doc:"assignments"`
}

// Assignment gives roles of a relationship to one of the partner's groups.
type Assignment struct {
	Group string   `doc:"group"`
	Roles []string `doc:"roles"`
}

// Vault is a container of secrets of an organisation.
type Vault struct {
	Tenant         string        `doc:"tenant"`
	Name           string        `doc:"name"`
	Host           string        `doc:"host"`
	RetentionDays  int           `doc:"retentionDays"`
	PurgeProtected *bool         `doc:"purgeProtected"`
	Access         []VaultAccess `doc:"access"`
}

// VaultAccess lets an app of the vault's organisation do something in it.
type VaultAccess struct {
	App         string   `doc:"app"`
	Permissions []string `doc:"permissions"`
}
