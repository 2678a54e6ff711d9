package customers

import (
	"context"
	"net/http"
	"strings"

	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partnerapi/convention"
	"github.com/entente-id/entente/internal/tenant"
)

// Create is POST /customers (rows 4 and 5).
func (d *Desk) Create(ctx context.Context, c *convention.Call) (any, error) {
	var sent struct {
		EnableGDAPByDefault *bool
		AssociatedPartnerID string
		CompanyProfile      struct{ Domain, OrganizationRegistrationNumber string }
		BillingProfile      billingBody
	}
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	billing := billingFrom(sent.BillingProfile)
	opened, err := d.Book.Create(ctx, c.Caller, customer.New{
		Domain: sent.CompanyProfile.Domain, Registration: sent.CompanyProfile.OrganizationRegistrationNumber,
		AssociatedPartner: id.Tenant(sent.AssociatedPartnerID), Billing: billing,
		// Absent means yes (secure-application-model.md 7.2).
		Delegated: sent.EnableGDAPByDefault == nil || *sent.EnableGDAPByDefault,
	})
	if err != nil {
		return nil, err
	}
	b := fully(opened.Customer)
	name, _, _ := strings.Cut(opened.Admin, "@")
	b.GDAP, b.Credentials = &opened.Delegated, &credentials{UserName: name, Password: opened.AdminsPassword}
	c.Made("/customers/" + b.ID)
	return b, nil
}

// billingFrom reads a profile as it comes: the contact stands in the address
// or beside it.
func billingFrom(sent billingBody) customer.Billing {
	address := customer.Address(sent.Address)
	if address.FirstName == "" && address.LastName == "" {
		address.FirstName, address.LastName = sent.FirstName, sent.LastName
	}
	return customer.Billing{CompanyName: sent.CompanyName, Email: sent.Email, Culture: sent.Culture, Language: sent.Language, Address: address}
}

// Billing is GET C/profiles/billing (row 7).
func (d *Desk) Billing(ctx context.Context, c *convention.Call) (any, error) {
	one, err := d.find(ctx, c)
	if err != nil {
		return nil, err
	}
	return billingOf(one), nil
}

// ChangeBilling is PUT C/profiles/billing (row 7).
func (d *Desk) ChangeBilling(ctx context.Context, c *convention.Call) (any, error) {
	var sent billingBody
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	etag, err := c.IfMatch(sent.Attributes.ETag)
	if err != nil {
		return nil, err
	}
	at, err := c.Customer()
	if err != nil {
		return nil, err
	}
	one, err := d.Book.ChangeBilling(ctx, c.Caller, at, billingFrom(sent), etag)
	if err != nil {
		return nil, err
	}
	return billingOf(one), nil
}

// Delete is DELETE C (row 12).
func (d *Desk) Delete(ctx context.Context, c *convention.Call) (any, error) {
	at, err := c.Customer()
	if err != nil {
		return nil, err
	}
	if err := d.Book.Delete(ctx, c.Caller, at); err != nil {
		return nil, err
	}
	return c.Empty(http.StatusNoContent)
}

// EndRelationship is PATCH C (row 13). A relationship that is unset stays.
func (d *Desk) EndRelationship(ctx context.Context, c *convention.Call) (any, error) {
	var sent struct {
		RelationshipToPartner convention.Enum
		AllowDelegatedAccess  *bool
	}
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	to, err := sent.RelationshipToPartner.In("relationshipToPartner", "unknown", "reseller", "advisor", "syndication", "microsoft_support", "none")
	if err != nil {
		return nil, err
	}
	commerce, dap := to == "none", sent.AllowDelegatedAccess != nil && !*sent.AllowDelegatedAccess
	if !commerce && !dap {
		return nil, fault.New(fault.RequestMalformed, "parameter", "relationshipToPartner", "rule", "none, or allowDelegatedAccess false")
	}
	at, err := c.Customer()
	if err != nil {
		return nil, err
	}
	one, err := d.Book.EndRelationship(ctx, c.Caller, at, commerce, dap)
	if err != nil {
		return nil, err
	}
	return fully(one), nil
}

// Organization is GET C/organization (row 9): a bare array.
func (d *Desk) Organization(ctx context.Context, c *convention.Call) (any, error) {
	one, err := d.find(ctx, c)
	if err != nil {
		return nil, err
	}
	type organization struct {
		Street      string   `json:"street"`
		Country     string   `json:"countryLetterCode"`
		PostalCode  string   `json:"postalCode"`
		City        string   `json:"city"`
		State       string   `json:"state"`
		DisplayName string   `json:"displayName"`
		Mails       []string `json:"technicalNotificationMails"`
	}
	mails := []string{}
	if one.Email != "" {
		mails = append(mails, one.Email)
	}
	a := one.Address
	return []organization{{a.Line1, a.Country, a.PostalCode, a.City, a.State, one.CompanyName, mails}}, nil
}

// Domains is GET C/customDomains (row 9): a bare array.
func (d *Desk) Domains(ctx context.Context, c *convention.Call) (any, error) {
	one, err := d.find(ctx, c)
	if err != nil {
		return nil, err
	}
	names := append([]string{}, one.CustomDomains...)
	organisation, err := d.Tenants.Find(ctx, one.Tenant)
	if fault.Has(err, fault.TenantUnknown) {
		// It lives elsewhere; we know what the partner told us.
		return names, nil
	}
	if err != nil {
		return nil, err
	}
	for _, domain := range organisation.Domains {
		if !domain.Initial {
			names = append(names, domain.Name)
		}
	}
	return names, nil
}

// DomainTaken is HEAD /domains/{domain} (row 10): 200 for taken, 404 for free.
func (d *Desk) DomainTaken(ctx context.Context, c *convention.Call) (any, error) {
	taken, err := d.Book.Taken(ctx, c.Segments["domain"])
	if err != nil {
		return nil, err
	}
	if !taken {
		return c.Empty(http.StatusNotFound)
	}
	return c.Empty(http.StatusOK)
}

// AddDomain is POST C/verifieddomain (row 11).
func (d *Desk) AddDomain(ctx context.Context, c *convention.Call) (any, error) {
	var sent struct {
		VerifiedDomainName string
		Domain             struct{ AuthenticationType, VerificationMethod convention.Enum }
	}
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	// A federated domain brings the settings of a provider, which an
	// organisation sets up here itself.
	if kind, err := sent.Domain.AuthenticationType.In("authenticationType", "Managed", "Federated"); err != nil {
		return nil, err
	} else if kind != "Managed" {
		return nil, fault.New(fault.NotInThisEnvironment, "parameter", "authenticationType", "rule", "Managed; the organisation connects its own sign-in itself")
	}
	at, err := c.Customer()
	if err != nil {
		return nil, err
	}
	name, err := d.Book.AddDomain(ctx, c.Caller, at, sent.VerifiedDomainName)
	if err != nil {
		return nil, err
	}
	c.Made("")
	return map[string]any{
		"authenticationType": "Managed", "capability": "Email", "isDefault": false, "isInitial": false, "name": name,
		"status": "Verified", "verificationMethod": "None",
	}, nil
}

// CheckAddress is POST /validations/address (row 11).
func (d *Desk) CheckAddress(_ context.Context, c *convention.Call) (any, error) {
	var sent addressBody
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	if err := customer.Address(sent).Check(); err != nil {
		return nil, err
	}
	return map[string]any{
		"originalAddress": sent, "suggestedAddresses": []addressBody{}, "status": "VerifiedShippable", "validationMessage": "Address is valid.",
	}, nil
}

// Country is GET /countryvalidationrules/{country} (row 11).
func (d *Desk) Country(_ context.Context, c *convention.Call) (any, error) {
	code := strings.ToUpper(c.Segments["country"])
	if len(code) != 2 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return nil, fault.New(fault.RequestMalformed, "parameter", "country", "rule", "an ISO 3166-1 code such as GB")
	}
	r := customer.RulesOf(code)
	return map[string]any{
		"iso2Code": r.Country, "defaultCulture": "en-" + r.Country, "isStateRequired": r.State, "supportedStatesList": []string{},
		"isPostalCodeRequired": r.PostalCode, "postalCodeRegex": r.Pattern, "isCityRequired": r.City, "isVatIdSupported": false, "isTaxIdSupported": true,
		"phoneNumberRegex": "", "supportedLanguagesList": []string{"en", "fi", "sv"}, "countryCallingCodesList": []string{},
		"attributes": of("CountryValidationRules"),
	}, nil
}

// Invite is GET /customers/relationshiprequests (row 14).
func (d *Desk) Invite(ctx context.Context, c *convention.Call) (any, error) {
	i, err := d.Book.Invite(ctx, c.Caller)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"url":        d.Origin + "/organisation/partner-invitations/" + i.ID + "?invType=ResellerRelationship&partnerId=" + string(i.Partner) + "&msppId=0&DAP=false",
		"attributes": of("RelationshipRequest"),
	}, nil
}

// Relationships is GET C/relationships (row 15): the indirect resellers of a
// customer.
func (d *Desk) Relationships(ctx context.Context, c *convention.Call) (any, error) {
	one, err := d.find(ctx, c)
	if err != nil {
		return nil, err
	}
	all, err := d.Files.Relations(ctx, c.Caller, "is_indirect_cloud_solution_provider_of")
	if err != nil {
		return nil, err
	}
	items := []convention.PartnerRelation{}
	for _, r := range all {
		if r.Partner == one.AssociatedPartner {
			items = append(items, convention.PartnerRelation{
				ID: string(r.Partner), Name: r.Name, Type: "is_indirect_reseller_of", State: r.State, MPN: r.MPN, Location: r.Location, Attributes: of("PartnerRelationship"),
			})
		}
	}
	return convention.All(items), nil
}

// Vetting is GET C/validationStatus (row 17).
func (d *Desk) Vetting(ctx context.Context, c *convention.Call) (any, error) {
	if !strings.EqualFold(c.Query("type"), "account") {
		return nil, fault.New(fault.EnumUnknown, "parameter", "type", "rule", "account")
	}
	one, err := d.find(ctx, c)
	if err != nil {
		return nil, err
	}
	if one.Created.IsZero() {
		return nil, fault.New(fault.VettingUnknown, "customer", string(one.Tenant))
	}
	return map[string]any{"type": "account", "status": "Allowed", "lastUpdateDateTime": one.Created.UTC().Format("2006-01-02T15:04:05")}, nil
}

// Services is GET C/managedservices (row 17): what the partner may look after
// in the customer's organisation, which is its directory.
func (d *Desk) Services(ctx context.Context, c *convention.Call) (any, error) {
	type service struct {
		ID         string           `json:"id"`
		Name       string           `json:"name"`
		Links      convention.Links `json:"links"`
		Attributes attributes       `json:"attributes"`
	}
	one, err := d.find(ctx, c)
	if err != nil {
		return nil, err
	}
	items := []service{}
	organisation, err := d.Tenants.Find(ctx, one.Tenant)
	if err != nil && !fault.Has(err, fault.TenantUnknown) {
		return nil, err
	}
	if err == nil && !organisation.Settings.BlockPartners {
		items = append(items, service{"directory", "Directory of " + tenant.Shorten(organisation.Name), self("/customers/" + string(one.Tenant) + "/users"), of("ManagedService")})
	}
	return convention.All(items), nil
}

// Qualifications is GET C/qualifications (row 18): a bare array.
func (d *Desk) Qualifications(ctx context.Context, c *convention.Call) (any, error) {
	one, err := d.find(ctx, c)
	if err != nil {
		return nil, err
	}
	items := []qualificationBody{}
	for _, q := range one.Qualifications {
		items = append(items, qualificationOf(q))
	}
	return items, nil
}

type qualificationBody struct {
	Qualification string `json:"qualification"`
	Status        string `json:"vettingStatus"`
	Created       string `json:"vettingCreatedDate"`
}

func qualificationOf(q customer.Qualification) qualificationBody {
	return qualificationBody{q.Name, "approved", convention.Instant(q.Since)}
}

// Qualify is POST C/qualifications (row 18).
func (d *Desk) Qualify(ctx context.Context, c *convention.Call) (any, error) {
	var sent struct{ Qualification convention.Enum }
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	name, err := sent.Qualification.In("qualification", customer.Qualifications...)
	if err != nil {
		return nil, err
	}
	at, err := c.Customer()
	if err != nil {
		return nil, err
	}
	one, err := d.Book.Qualify(ctx, c.Caller, at, name)
	if err != nil {
		return nil, err
	}
	c.Made("")
	for _, q := range one.Qualifications {
		if q.Name == name {
			return qualificationOf(q), nil
		}
	}
	return nil, fault.New(fault.ObjectUnknown)
}

// Codes is GET /customers/all/validations (row 45): a bare array of codes for
// government customers, of which nobody gives any here.
func (d *Desk) Codes(context.Context, *convention.Call) (any, error) { return []string{}, nil }
