package profiles

import (
	"context"
	"net/http"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/partnerapi/convention"
)

type serviceBody struct {
	Title        string            `json:"title"`
	Description  string            `json:"description"`
	Severity     string            `json:"severity"`
	TopicID      string            `json:"supportTopicId"`
	TopicName    string            `json:"supportTopicName"`
	ID           string            `json:"id"`
	Status       string            `json:"status"`
	Organization map[string]string `json:"organization"`
	Contact      contactBody       `json:"primaryContact"`
	UpdatedBy    contactBody       `json:"lastUpdatedBy"`
	Created      string            `json:"createdDate"`
	Modified     string            `json:"lastModifiedDate"`
	Closed       string            `json:"lastClosedDate"`
	Notes        []noteBody        `json:"notes"`
	Country      string            `json:"countryCode"`
	Links        convention.Links  `json:"links"`
	Attributes   attributes        `json:"attributes"`
}

type noteBody struct {
	By      string `json:"createdByName"`
	Created string `json:"createdDate"`
	Text    string `json:"text"`
}

func serviceOf(s partner.Service) serviceBody {
	b := serviceBody{
		Title: s.Title, Description: s.Description, Severity: s.Severity, TopicID: s.Topic, ID: s.ID, Status: s.Status,
		Organization: map[string]string{"id": string(s.Customer)}, Contact: contactBody(s.By), UpdatedBy: contactBody(s.By),
		Created: convention.Instant(s.Created), Modified: convention.Instant(s.Changed), Closed: convention.Instant(s.Closed),
		Notes: []noteBody{}, Country: s.Country, Links: self("/servicerequests/" + s.ID), Attributes: of("ServiceRequest"),
	}
	for _, n := range s.Notes {
		b.Notes = append(b.Notes, noteBody{n.By, convention.Instant(n.At), n.Text})
	}
	return b
}

// Services is GET /servicerequests and C/servicerequests (row 28).
func (d *Desk) Services(ctx context.Context, c *convention.Call) (any, error) {
	var about id.Tenant
	if c.Segments["customer"] != "" {
		var err error
		if about, err = c.Customer(); err != nil {
			return nil, err
		}
	}
	list, err := d.Files.Services(ctx, c.Caller, about)
	if err != nil {
		return nil, err
	}
	items := []serviceBody{}
	for _, s := range list {
		items = append(items, serviceOf(s))
	}
	return convention.All(items), nil
}

// Service is GET /servicerequests/{request} (row 28).
func (d *Desk) Service(ctx context.Context, c *convention.Call) (any, error) {
	s, err := d.Files.Service(ctx, c.Caller, c.Segments["request"])
	if err != nil {
		return nil, err
	}
	return serviceOf(s), nil
}

// Ask is POST /servicerequests (row 28).
func (d *Desk) Ask(ctx context.Context, c *convention.Call) (any, error) {
	var sent struct {
		Title, Description, SupportTopicID, CountryCode string
		Severity                                        convention.Enum
		Organization                                    struct{ ID string }
	}
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	severity, err := sent.Severity.In("severity", partner.Severities...)
	if err != nil {
		return nil, err
	}
	about := id.Tenant(strings.ToLower(sent.Organization.ID))
	if about != "" && about != c.Caller.Tenant {
		if !id.IsGUID(string(about)) {
			return nil, fault.New(fault.CustomerIDMalformed)
		}
		if _, err := d.Customers.Find(ctx, c.Caller, about); err != nil {
			return nil, err
		}
	} else {
		about = ""
	}
	s, err := d.Files.Ask(ctx, c.Caller, partner.Service{
		Customer: about, Title: sent.Title, Description: sent.Description, Severity: severity, Topic: sent.SupportTopicID, Country: sent.CountryCode,
	})
	if err != nil {
		return nil, err
	}
	c.Made("/servicerequests/" + s.ID)
	return serviceOf(s), nil
}

// Amend is PATCH /servicerequests/{request} (row 28).
func (d *Desk) Amend(ctx context.Context, c *convention.Call) (any, error) {
	var sent struct {
		Status  convention.Enum
		NewNote *struct{ Text string }
	}
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	status, err := sent.Status.In("status", partner.Statuses...)
	if err != nil {
		return nil, err
	}
	note := ""
	if sent.NewNote != nil {
		note = sent.NewNote.Text
	}
	s, err := d.Files.Amend(ctx, c.Caller, c.Segments["request"], status, note)
	if err != nil {
		return nil, err
	}
	return serviceOf(s), nil
}

type agreementBody struct {
	UserID     string      `json:"userId"`
	Contact    contactBody `json:"primaryContact"`
	TemplateID string      `json:"templateId"`
	Agreed     string      `json:"dateAgreed"`
	Type       string      `json:"type"`
	Link       string      `json:"agreementLink"`
	Attributes attributes  `json:"attributes"`
}

func (d *Desk) agreementOf(a partner.Agreement) agreementBody {
	return agreementBody{a.User, contactBody(a.Contact), a.Template, convention.Instant(a.Agreed), a.Type, d.Origin + partner.CustomerAgreement.Path, of("Agreement")}
}

// Templates is GET /agreements (row 29): what can be agreed to.
func (d *Desk) Templates(context.Context, *convention.Call) (any, error) {
	type metadata struct {
		TemplateID string     `json:"templateId"`
		Type       string     `json:"agreementType"`
		Link       string     `json:"agreementLink"`
		Version    int        `json:"versionRank"`
		Attributes attributes `json:"attributes"`
	}
	t := partner.CustomerAgreement
	return convention.All([]metadata{{t.ID, t.Type, d.Origin + t.Path, 0, of("AgreementMetaData")}}), nil
}

// Document is GET /agreementtemplates/{template}/document (row 29).
func (d *Desk) Document(_ context.Context, c *convention.Call) (any, error) {
	if !strings.EqualFold(c.Segments["template"], partner.CustomerAgreement.ID) {
		return nil, fault.New(fault.ObjectUnknown)
	}
	at := d.Origin + "/organisation/agreements/" + partner.CustomerAgreement.ID
	return map[string]any{
		"displayUri": at, "downloadUri": at, "country": "US", "language": "en-US", "templateId": partner.CustomerAgreement.ID, "attributes": of("AgreementDocument"),
	}, nil
}

// Agreements is GET C/agreements (row 29).
func (d *Desk) Agreements(ctx context.Context, c *convention.Call) (any, error) {
	about, err := c.Customer()
	if err != nil {
		return nil, err
	}
	list, err := d.Files.Agreements(ctx, c.Caller, about)
	if err != nil {
		return nil, err
	}
	items := []agreementBody{}
	for _, a := range list {
		items = append(items, d.agreementOf(a))
	}
	return convention.All(items), nil
}

// Attest is POST C/agreements (row 29).
func (d *Desk) Attest(ctx context.Context, c *convention.Call) (any, error) {
	about, err := c.Customer()
	if err != nil {
		return nil, err
	}
	var sent struct {
		PrimaryContact         contactBody
		TemplateID, DateAgreed string
	}
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	agreed, err := convention.Date("dateAgreed", sent.DateAgreed)
	if err != nil {
		return nil, err
	}
	a, err := d.Files.Attest(ctx, c.Caller, about, partner.Agreement{Contact: partner.Contact(sent.PrimaryContact), Template: strings.ToLower(sent.TemplateID), Agreed: agreed})
	if err != nil {
		return nil, err
	}
	c.Status = http.StatusCreated
	return d.agreementOf(a), nil
}

// DirectSigned is GET C/directSignedMicrosoftCustomerAgreementStatus (row 29):
// agreements are attested by partners here, never signed by customers.
func (d *Desk) DirectSigned(context.Context, *convention.Call) (any, error) {
	return map[string]any{"isSigned": false, "attributes": of("DirectSignedCustomerAgreementStatus")}, nil
}

// ResellerAgreement is GET /compliance/csp/agreementstatus (row 29): whether a
// reseller has signed, which whoever is related to the partner has.
func (d *Desk) ResellerAgreement(ctx context.Context, c *convention.Call) (any, error) {
	number, at := c.Query("mpnId"), c.Query("tenantId")
	if number == "" && at == "" {
		return nil, fault.New(fault.ParameterMissing, "parameter", "mpnId", "rule", "mpnId or tenantId")
	}
	list, err := d.Files.Relations(ctx, c.Caller, "")
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		if number != "" && r.MPN == number || at != "" && strings.EqualFold(at, string(r.Partner)) {
			return map[string]any{"isSigned": true}, nil
		}
	}
	return nil, fault.New(fault.MPNUnknown, "parameter", "mpnId")
}

type webhookBody struct {
	Subscriber string   `json:"SubscriberId"`
	URL        string   `json:"WebhookUrl"`
	Events     []string `json:"WebhookEvents"`
}

// Webhook is GET /webhooks/v1/registration (row 47).
func (d *Desk) Webhook(ctx context.Context, c *convention.Call) (any, error) {
	w, err := d.Files.Webhook(ctx, c.Caller)
	if err != nil {
		return nil, err
	}
	return webhookBody(w), nil
}

// Listen is POST and PUT /webhooks/v1/registration (row 47).
func (d *Desk) Listen(ctx context.Context, c *convention.Call) (any, error) {
	var sent webhookBody
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	w, err := d.Files.Listen(ctx, c.Caller, partner.Webhook(sent))
	if err != nil {
		return nil, err
	}
	return webhookBody(w), nil
}

// WebhookEvents is GET /webhooks/v1/registration/events (row 47): a bare array.
func (d *Desk) WebhookEvents(context.Context, *convention.Call) (any, error) {
	return partner.WebhookEvents, nil
}
