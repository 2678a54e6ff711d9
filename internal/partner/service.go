package partner

import (
	"context"
	"encoding/binary"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Service is a request of a partner for help with the platform.
type Service struct {
	ID string
	// Customer is whom it is about; empty for the partner itself.
	Customer           id.Tenant
	Title, Description string
	// Severity and Status are members of Severities and Statuses.
	Severity, Status string
	Topic            string
	Country          string
	By               Contact
	Notes            []Note
	Created, Changed time.Time
	Closed           time.Time
}

// Note is one remark on a service request.
type Note struct {
	By   string
	At   time.Time
	Text string
}

// Severities and Statuses are in the order of their numbers on the wire; the
// first of each says nothing.
var (
	Severities = []string{"unknown", "critical", "moderate", "minimal"}
	Statuses   = []string{"none", "open", "closed", "attention_needed"}
)

const (
	maxLong  = 8 << 10
	maxNotes = 100
)

// Services lists the partner's service requests, newest first: about one
// customer, or with an empty one all.
func (f *Files) Services(ctx context.Context, by audit.Caller, customer id.Tenant) ([]Service, error) {
	if err := f.person(ctx, by, Agents...); err != nil {
		return nil, err
	}
	return list[Service](ctx, f, by.Tenant, KindService, customer)
}

// Service gives one, or fails with ObjectUnknown.
func (f *Files) Service(ctx context.Context, by audit.Caller, request string) (Service, error) {
	if err := f.person(ctx, by, Agents...); err != nil {
		return Service{}, err
	}
	var s Service
	if len(request) > 20 || strings.Trim(request, "0123456789") != "" {
		return s, fault.New(fault.ObjectUnknown, "parameter", "id", "rule", "the digits of a service request")
	}
	_, err := f.store.ReadPaper(ctx, by.Tenant, KindService, request, &s)
	return s, err
}

// Ask opens a service request. It fails with ParameterMissing and
// RequestMalformed.
func (f *Files) Ask(ctx context.Context, by audit.Caller, s Service) (Service, error) {
	if err := f.person(ctx, by, Agents...); err != nil {
		return Service{}, err
	}
	if err := text("title", s.Title, true, maxField); err != nil {
		return Service{}, err
	}
	if err := text("description", s.Description, true, maxLong); err != nil {
		return Service{}, err
	}
	if err := text("supportTopicId", s.Topic, false, maxField); err != nil {
		return Service{}, err
	}
	if err := text("countryCode", s.Country, false, 2); err != nil {
		return Service{}, err
	}
	now := f.source.Now()
	s.ID = strconv.FormatUint(binary.BigEndian.Uint64(f.source.Bytes(8))%900_000_000_000_000+100_000_000_000_000, 10)
	s.Status, s.Created, s.Changed, s.Notes = "open", now, now, nil
	s.By = Contact{Email: by.SignInName}
	return s, f.file(ctx, by, f.paper(by, s), "", "service-request.open", s)
}

// Amend adds a note to a service request, or changes its status; what is empty
// stays.
func (f *Files) Amend(ctx context.Context, by audit.Caller, request, status, note string) (Service, error) {
	s, err := f.Service(ctx, by, request)
	if err != nil {
		return s, err
	}
	if err := text("newNote", note, false, maxLong); err != nil {
		return Service{}, err
	}
	now := f.source.Now()
	if note != "" {
		if len(s.Notes) >= maxNotes {
			return Service{}, fault.New(fault.RequestMalformed, "parameter", "newNote", "rule", "at most "+strconv.Itoa(maxNotes)+" notes")
		}
		s.Notes = append(s.Notes, Note{By: by.SignInName, At: now, Text: note})
	}
	if status != "" && status != "none" {
		s.Status = status
		s.Closed = time.Time{}
		if status == "closed" {
			s.Closed = now
		}
	}
	s.Changed = now
	return s, f.file(ctx, by, f.paper(by, s), "", "service-request.change", s)
}

func (f *Files) paper(by audit.Caller, s Service) Paper {
	return Paper{Partner: by.Tenant, Kind: KindService, ID: s.ID, Customer: s.Customer, At: s.Created}
}

// Agreement is a customer's agreement to the platform's terms, as its partner
// attests it.
type Agreement struct {
	User     string
	Contact  Contact
	Template string
	Agreed   time.Time
	Type     string
}

// Template is a text that can be agreed to.
type Template struct{ ID, Type, Path string }

// CustomerAgreement is the one there is.
var CustomerAgreement = Template{ID: "117a77b0-9360-443b-8795-c6dedc750cf9", Type: "MicrosoftCustomerAgreement", Path: "/v1/agreementtemplates/117a77b0-9360-443b-8795-c6dedc750cf9/document"}

// Agreements lists what was attested for a customer, newest first.
func (f *Files) Agreements(ctx context.Context, by audit.Caller, customer id.Tenant) ([]Agreement, error) {
	if err := f.person(ctx, by, Agents...); err != nil {
		return nil, err
	}
	return list[Agreement](ctx, f, by.Tenant, KindAgreement, customer)
}

// Attest notes that a customer has agreed.
func (f *Files) Attest(ctx context.Context, by audit.Caller, customer id.Tenant, a Agreement) (Agreement, error) {
	if err := f.person(ctx, by, account.AdminAgents); err != nil {
		return Agreement{}, err
	}
	now := f.source.Now()
	switch {
	case a.Template != CustomerAgreement.ID:
		return Agreement{}, fault.New(fault.RequestMalformed, "parameter", "templateId", "rule", CustomerAgreement.ID)
	case a.Contact.FirstName == "" || a.Contact.LastName == "" || a.Contact.Email == "":
		return Agreement{}, fault.New(fault.ParameterMissing, "parameter", "primaryContact")
	case a.Agreed.IsZero() || a.Agreed.After(now.Add(24*time.Hour)):
		return Agreement{}, fault.New(fault.RequestMalformed, "parameter", "dateAgreed", "rule", "a date that is not in the future")
	}
	if err := a.Contact.check("primaryContact"); err != nil {
		return Agreement{}, err
	}
	a.User, a.Type = string(by.Account), CustomerAgreement.Type
	return a, f.file(ctx, by, Paper{Partner: by.Tenant, Kind: KindAgreement, ID: f.source.NewGUID(), Customer: customer, At: now}, "", "agreement.attest", a)
}

// Webhook is where a partner's program wants to hear what happens.
type Webhook struct {
	Subscriber string
	URL        string
	Events     []string
}

// WebhookEvents are those that can be asked for.
var WebhookEvents = []string{
	"test-created", "granular-admin-relationship-approved", "granular-admin-relationship-activated", "granular-admin-relationship-expired",
	"granular-admin-relationship-terminated", "reseller-relationship-accepted-by-customer", "reseller-relationship-removed-by-customer",
}

// Webhook gives the partner's registration, or fails with ObjectUnknown.
func (f *Files) Webhook(ctx context.Context, by audit.Caller) (Webhook, error) {
	if err := f.register.Admit(ctx, by, account.AdminAgents); err != nil {
		return Webhook{}, err
	}
	var w Webhook
	_, err := f.store.ReadPaper(ctx, by.Tenant, KindWebhook, current, &w)
	return w, err
}

// Listen registers an address for events, instead of an earlier one. It fails
// with RequestMalformed.
func (f *Files) Listen(ctx context.Context, by audit.Caller, to Webhook) (Webhook, error) {
	was, err := f.Webhook(ctx, by)
	if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		return was, err
	}
	at, err := url.Parse(to.URL)
	if err != nil || at.Scheme != "https" || at.Host == "" || at.User != nil || at.Fragment != "" || len(to.URL) > 2000 {
		return Webhook{}, fault.New(fault.RequestMalformed, "parameter", "WebhookUrl", "rule", "an https address without a name and a fragment")
	}
	if len(to.Events) == 0 || len(to.Events) > len(WebhookEvents) {
		return Webhook{}, fault.New(fault.RequestMalformed, "parameter", "WebhookEvents", "rule", "1 to "+strconv.Itoa(len(WebhookEvents))+" events")
	}
	for _, e := range to.Events {
		if !slices.Contains(WebhookEvents, e) {
			return Webhook{}, fault.New(fault.EnumUnknown, "parameter", "WebhookEvents", "rule", "events of /webhooks/v1/registration/events")
		}
	}
	to.Subscriber = was.Subscriber
	if to.Subscriber == "" {
		to.Subscriber = f.source.NewGUID()
	}
	return to, f.file(ctx, by, Paper{Partner: by.Tenant, Kind: KindWebhook, ID: current, At: f.source.Now()}, "", "webhook.register", to)
}
