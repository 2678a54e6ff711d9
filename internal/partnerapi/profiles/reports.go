package profiles

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partner"
	"github.com/entente-id/entente/internal/partnerapi/convention"
)

// stamp is how the reports on the second factor write an instant.
const stamp = "2006-01-02T15:04:05.999"

type requestBody struct {
	ID          string `json:"requestId"`
	Correlation string `json:"correlationId"`
	Operation   string `json:"operationName"`
	At          string `json:"requestDateTime"`
	IP          string `json:"ipAddress"`
	Object      string `json:"objectId"`
	Tenant      string `json:"tenantId"`
	UPN         string `json:"upn"`
	App         string `json:"applicationId"`
	Compliant   bool   `json:"mfaCompliant"`
}

// Requests is GET /partnerRequests (row 48).
func (d *Desk) Requests(ctx context.Context, c *convention.Call) (any, error) {
	list, err := d.Files.Requests(ctx, c.Caller)
	if err != nil {
		return nil, err
	}
	items := []requestBody{}
	for _, r := range list {
		items = append(items, requestBody{
			r.ID, r.CorrelationID, r.Operation, r.At.Format(stamp), r.IP, string(r.Account), string(r.Partner), r.SignInName, string(r.App), r.Compliant,
		})
	}
	return convention.All(items), nil
}

// Adoption is GET /applicationmfaadoptionstatus (row 48): a bare array.
func (d *Desk) Adoption(ctx context.Context, c *convention.Call) (any, error) {
	type adoption struct {
		Day       string `json:"loginDate"`
		Compliant int    `json:"mfaCompliantRequestCount"`
		Total     int    `json:"totalRequestCount"`
		App       string `json:"applicationId"`
		Name      string `json:"applicationName"`
	}
	list, err := d.Files.Adoptions(ctx, c.Caller)
	if err != nil {
		return nil, err
	}
	items := []adoption{}
	for _, a := range list {
		app, err := d.Apps.Find(ctx, a.App)
		if err != nil && !fault.Has(err, fault.AppUnknown) {
			return nil, err
		}
		items = append(items, adoption{a.Day, a.Compliant, a.Total, string(a.App), app.Name})
	}
	return items, nil
}

// NonCompliant is GET /nonMfaCompliantPartnerPrincipals (row 48).
func (d *Desk) NonCompliant(ctx context.Context, c *convention.Call) (any, error) {
	type principal struct {
		Object string `json:"objectId"`
		Tenant string `json:"tenantId"`
		UPN    string `json:"upn"`
		Last   string `json:"lastNonMfaCompliantRequestDateTime"`
	}
	list, err := d.Files.NonCompliant(ctx, c.Caller)
	if err != nil {
		return nil, err
	}
	items := []principal{}
	for _, r := range list {
		items = append(items, principal{string(r.Account), string(r.Partner), r.SignInName, r.At.Format(stamp)})
	}
	return convention.All(items), nil
}

// operations say what our verbs are in audit records: the resource and the
// operation of secure-application-model.md 7.4.
var operations = map[string][2]string{
	"customer.create":              {"customer", "add_customer"},
	"customer.delete":              {"customer", "delete_customer"},
	"customer.billing":             {"customer", "update_customer_billing_profile"},
	"customer.qualify":             {"customer", "update_customer_qualification"},
	"customer.domain":              {"customer", "add_verified_domain"},
	"customer.remove-relationship": {"partner_customer_relationship", "remove_partner_customer_relationship"},
	"customer-user.create":         {"customer_user", "create_customer_user"},
	"customer-user.update":         {"customer_user", "update_customer_user"},
	"customer-user.rename":         {"customer_user", "update_customer_user_principal_name"},
	"customer-user.password":       {"customer_user", "reset_customer_user_password"},
	"customer-user.delete":         {"customer_user", "delete_customer_user"},
	"customer-user.restore":        {"customer_user", "restore_customer_user"},
	"role-member.add":              {"customer_directory_role", "add_user_member"},
	"role-member.remove":           {"customer_directory_role", "remove_user_member"},
	"consent.give":                 {"application", "register_application"},
	"consent.withdraw":             {"application", "unregister_application"},
	"agreement.attest":             {"agreement", "create_customer_agreement"},
	"partner.relate":               {"partner_relationship", "create_partner_relationship"},
}

type recordBody struct {
	ID          string     `json:"id"`
	Partner     string     `json:"partnerId"`
	Customer    string     `json:"customerId,omitempty"`
	Name        string     `json:"customerName,omitempty"`
	UPN         string     `json:"userPrincipalName"`
	App         string     `json:"applicationId"`
	Resource    string     `json:"resourceType"`
	OldValue    *string    `json:"resourceOldValue"`
	NewValue    string     `json:"resourceNewValue"`
	Operation   string     `json:"operationType"`
	Correlation string     `json:"originalCorrelationId"`
	At          string     `json:"operationDate"`
	Status      string     `json:"operationStatus"`
	Data        []keyValue `json:"customizedData"`
	Attributes  attributes `json:"attributes"`
}

type keyValue struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Records is GET /auditrecords (row 27).
func (d *Desk) Records(ctx context.Context, c *convention.Call) (any, error) {
	q, keep, err := d.recordQuery(c)
	if err != nil {
		return nil, err
	}
	size, err := c.Size(partner.MaxRecords)
	if err != nil {
		return nil, err
	}
	if size == 0 {
		size = partner.MaxRecords
	}
	if q.Before, err = mark(c); err != nil {
		return nil, err
	}
	q.Limit = size + 1
	names := map[id.Tenant]string{}
	items := []recordBody{}
	var more bool
	// Records that the filter leaves out take no place on the page.
	for len(items) <= size {
		events, err := d.Files.Records(ctx, c.Caller, q)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			q.Before = partner.Mark{At: e.At, ID: e.ID}
			r, err := d.record(ctx, c, e, names)
			if err != nil {
				return nil, err
			}
			if keep(r) {
				items = append(items, r)
			}
		}
		if len(events) < q.Limit {
			break
		}
	}
	token := ""
	if more = len(items) > size; more {
		items = items[:size]
		last := items[size-1]
		token = base64.RawURLEncoding.EncodeToString([]byte("a1" + last.At + " " + last.ID))
	}
	uri := "/auditrecords?size=" + strconv.Itoa(size)
	for _, name := range []string{"startDate", "endDate", "filter"} {
		if sent := c.Query(name); sent != "" {
			uri += "&" + name + "=" + url.QueryEscape(sent)
		}
	}
	page := convention.All(items)
	page.Links = convention.Around(uri, token, more, false)
	return page, nil
}

// recordQuery reads dates and filter; keep is for what the store cannot tell.
func (d *Desk) recordQuery(c *convention.Call) (q partner.RecordQuery, keep func(recordBody) bool, err error) {
	keep = func(recordBody) bool { return true }
	if sent := c.Query("startDate"); sent != "" {
		if q.From, err = convention.Date("startDate", sent); err != nil {
			return q, nil, err
		}
	}
	if sent := c.Query("endDate"); sent != "" {
		if q.To, err = convention.Date("endDate", sent); err != nil {
			return q, nil, err
		}
	}
	text := c.Query("filter")
	if text == "" {
		return q, keep, nil
	}
	f, err := convention.ParseFilter(text, "CompanyName", "CustomerId", "ResourceType")
	if err != nil {
		return q, nil, err
	}
	value := strings.ToLower(f.Value)
	switch f.Field {
	case "CustomerId":
		if !id.IsGUID(f.Value) || f.Operator != "equals" {
			return q, nil, fault.New(fault.FilterInvalid, "parameter", "Value", "rule", "the id of a customer, to equal")
		}
		q.Customer = id.Tenant(value)
	case "CompanyName":
		keep = func(r recordBody) bool { return strings.Contains(strings.ToLower(r.Name), value) }
	case "ResourceType":
		wanted, err := (convention.Enum{Text: f.Value, Number: -1}).In("ResourceType", resourceTypes...)
		if err != nil {
			return q, nil, err
		}
		keep = func(r recordBody) bool { return r.Resource == wanted }
	}
	return q, keep, nil
}

// resourceTypes are in the order of their numbers.
var resourceTypes = []string{
	"undefined", "customer", "customer_user", "order", "subscription", "license", "third_party_add_on", "mpn_association", "transfer", "application",
	"application_credential", "partner_user", "partner_relationship", "referral", "software_key", "software_download_link", "spending_limit", "invoice",
	"agreement", "partner_customer_relationship", "self_serve_policy", "granular_admin_relationship", "granular_admin_access_assignment", "partner_customer_dap",
	"credit", "customer_directory_role", "software_page", "device", "policy", "overage", "new_commerce_migration", "azure_entitlement",
	"indirect_provider_indirect_reseller_dap",
}

func (d *Desk) record(ctx context.Context, c *convention.Call, e audit.Event, names map[id.Tenant]string) (recordBody, error) {
	operation, ok := operations[e.Verb]
	if !ok {
		operation = [2]string{"undefined", strings.NewReplacer(".", "_", "-", "_").Replace(e.Verb)}
	}
	facts := map[string]string{"Id": e.Object}
	data := []keyValue{}
	for key, value := range e.Facts {
		data = append(data, keyValue{key, value})
	}
	slices.SortFunc(data, func(a, b keyValue) int { return strings.Compare(a.Key, b.Key) })
	if operation[0] == "customer_user" || operation[0] == "customer_directory_role" {
		data = append(data, keyValue{"CustomerUserId", e.Object})
	}
	value, err := json.Marshal(facts)
	if err != nil {
		return recordBody{}, err
	}
	r := recordBody{
		ID: e.ID, Partner: string(e.Tenant), Customer: string(e.Target), UPN: e.SignInName, App: string(e.App), Resource: operation[0],
		NewValue: string(value), Operation: operation[1], Correlation: e.ID, At: e.At.UTC().Format("2006-01-02T15:04:05.0000000Z"),
		Status: "succeeded", Data: data, Attributes: of("AuditRecord"),
	}
	if e.Target == "" {
		return r, nil
	}
	name, known := names[e.Target]
	if !known {
		one, err := d.Customers.Find(ctx, c.Caller, e.Target)
		if err != nil && !fault.Has(err, fault.CustomerUnknown) {
			return r, err
		}
		name, names[e.Target] = one.CompanyName, one.CompanyName
	}
	r.Name = name
	return r, nil
}

// mark reads where a page of records begins.
func mark(c *convention.Call) (partner.Mark, error) {
	token := c.Request().Header.Get("MS-ContinuationToken")
	if token == "" || strings.EqualFold(c.Query("seekOperation"), "first") {
		return partner.Mark{}, nil
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(token)
	place, ours := strings.CutPrefix(string(text), "a1")
	at, event, found := strings.Cut(place, " ")
	when, wrong := time.Parse(time.RFC3339Nano, at)
	if err != nil || !ours || !found || wrong != nil || !id.IsGUID(event) {
		return partner.Mark{}, fault.New(fault.PageInvalid, "parameter", "MS-ContinuationToken", "rule", "a token that came with a page")
	}
	return partner.Mark{At: when.UTC(), ID: event}, nil
}
