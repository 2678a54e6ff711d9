// Package users answers the scenarios in a customer's own organisation: its
// people, their roles and licences, and the apps that are let in
// (secure-application-model.md 3, 7.3).
package users

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/delegated"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partnerapi/convention"
)

// Desk answers.
type Desk struct{ Work *delegated.Work }

var of = convention.Of

type userBody struct {
	UsageLocation     string                `json:"usageLocation"`
	ID                string                `json:"id"`
	UserPrincipalName string                `json:"userPrincipalName"`
	FirstName         string                `json:"firstName"`
	LastName          string                `json:"lastName"`
	DisplayName       string                `json:"displayName"`
	ImmutableID       *string               `json:"immutableId"`
	PhoneNumber       *string               `json:"phoneNumber"`
	PasswordProfile   *passwordBody         `json:"passwordProfile,omitempty"`
	LastSync          *string               `json:"lastDirectorySyncTime"`
	DomainType        string                `json:"userDomainType"`
	State             string                `json:"state"`
	Deleted           *string               `json:"softDeletionTime"`
	Links             convention.Links      `json:"links"`
	Attributes        convention.Attributes `json:"attributes"`
}

type passwordBody struct {
	ForceChange bool   `json:"forceChangePassword"`
	Password    string `json:"password,omitempty"`
}

func bodyOf(a account.Account) userBody {
	return userBody{
		UsageLocation: a.UsageLocation, ID: string(a.ID), UserPrincipalName: a.SignInName, FirstName: a.Given, LastName: a.Family,
		DisplayName: a.Name, DomainType: "managed", State: "active",
		Links: convention.Self(userURI(a)), Attributes: of("CustomerUser"),
	}
}

func userURI(a account.Account) string {
	return "/customers/" + string(a.Tenant) + "/users/" + string(a.ID)
}

func deletedOf(d delegated.Dropped) userBody {
	b := bodyOf(d.Account)
	at := convention.Instant(d.At)
	b.State, b.Deleted = "inactive", &at
	return b
}

// List is GET C/users (row 20): the people who are there, or with a filter on
// the state those who were deleted.
func (d *Desk) List(ctx context.Context, c *convention.Call) (any, error) {
	at, err := c.Customer()
	if err != nil {
		return nil, err
	}
	size, err := c.Size(delegated.MaxPage)
	if err != nil {
		return nil, err
	}
	after, err := afterOf(c)
	if err != nil {
		return nil, err
	}
	deleted, err := inactive(c)
	if err != nil {
		return nil, err
	}
	var items []userBody
	var more bool
	if deleted {
		var list []delegated.Dropped
		list, more, err = d.Work.DroppedMembers(ctx, c.Caller, at, after, size)
		for _, one := range list {
			items = append(items, deletedOf(one))
		}
	} else {
		var list []account.Account
		list, more, err = d.Work.Members(ctx, c.Caller, at, after, size)
		for _, one := range list {
			items = append(items, bodyOf(one))
		}
	}
	if err != nil {
		return nil, err
	}
	if size == 0 {
		size = delegated.MaxPage
	}
	uri := "/customers/" + string(at) + "/users?size=" + strconv.Itoa(size)
	if deleted {
		uri += "&filter=" + url.QueryEscape(c.Query("filter"))
	}
	page := convention.All(items)
	token := ""
	if more {
		token = base64.RawURLEncoding.EncodeToString([]byte("u1" + items[len(items)-1].ID))
	}
	page.Links = convention.Around(uri, token, more, false)
	return page, nil
}

// afterOf reads where a page begins. The token is no secret: it holds an id of
// the organisation that the query is bound to.
func afterOf(c *convention.Call) (id.Object, error) {
	switch strings.ToLower(c.Query("seekOperation")) {
	case "first":
		return "", nil
	case "", "next":
	default:
		return "", fault.New(fault.PageInvalid, "parameter", "seekOperation", "rule", "Next or First")
	}
	token := c.Request().Header.Get("MS-ContinuationToken")
	if token == "" {
		return "", nil
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(token)
	after, ours := strings.CutPrefix(string(text), "u1")
	if err != nil || !ours || after == "" {
		return "", fault.New(fault.PageInvalid, "parameter", "MS-ContinuationToken", "rule", "a token that came with a page")
	}
	return id.Object(after), nil
}

// inactive says whether the deleted people are asked for.
func inactive(c *convention.Call) (bool, error) {
	text := c.Query("filter")
	if text == "" {
		return false, nil
	}
	f, err := convention.ParseFilter(text, "UserState")
	if err != nil {
		return false, err
	}
	switch strings.ToLower(f.Value) {
	case "inactive":
		return true, nil
	case "active":
		return false, nil
	}
	return false, fault.New(fault.FilterInvalid, "parameter", "Value", "rule", "Active or Inactive")
}

// Show is GET C/users/{user} (row 20).
func (d *Desk) Show(ctx context.Context, c *convention.Call) (any, error) {
	at, person, err := whom(c)
	if err != nil {
		return nil, err
	}
	a, err := d.Work.Member(ctx, c.Caller, at, person)
	if err != nil {
		return nil, err
	}
	return bodyOf(a), nil
}

// whom reads the customer and the person of a path.
func whom(c *convention.Call) (id.Tenant, id.Object, error) {
	at, err := c.Customer()
	if err != nil {
		return "", "", err
	}
	person, err := c.Segment("user")
	if err != nil {
		return "", "", fault.New(fault.MemberUnknown)
	}
	return at, id.Object(person), nil
}

// sentUser is a person as clients write one; what is absent or null stays.
type sentUser struct {
	UsageLocation, UserPrincipalName, FirstName, LastName, DisplayName *string
	PasswordProfile                                                    *struct {
		ForceChangePassword *bool
		Password            *string
	}
	State convention.Enum
}

func (s sentUser) draft() delegated.Draft {
	d := delegated.Draft{SignInName: s.UserPrincipalName, Name: s.DisplayName, Given: s.FirstName, Family: s.LastName, UsageLocation: s.UsageLocation}
	if p := s.PasswordProfile; p != nil {
		d.Password, d.MustChange = p.Password, p.ForceChangePassword
	}
	return d
}

// Create is POST C/users (row 20).
func (d *Desk) Create(ctx context.Context, c *convention.Call) (any, error) {
	at, err := c.Customer()
	if err != nil {
		return nil, err
	}
	var sent sentUser
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	a, err := d.Work.Add(ctx, c.Caller, at, sent.draft())
	if err != nil {
		return nil, err
	}
	b := bodyOf(a)
	b.PasswordProfile = &passwordBody{ForceChange: a.MustChangePassword, Password: *sent.PasswordProfile.Password}
	c.Made(userURI(a))
	return b, nil
}

// Change is PATCH C/users/{user} and C/users/{user}/resetpassword (row 20).
// State active for somebody who was deleted brings them back.
func (d *Desk) Change(ctx context.Context, c *convention.Call) (any, error) {
	at, person, err := whom(c)
	if err != nil {
		return nil, err
	}
	var sent sentUser
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	// Numbers of the .NET client's enum; it sends 0 for active even when it
	// means nothing by it, which is why only a name or a lone state restores.
	state, err := sent.State.In("state", "", "active", "inactive")
	if err != nil {
		return nil, err
	}
	if state == "active" && sent.draft() == (delegated.Draft{}) {
		return d.restore(ctx, c, at, person)
	}
	if state == "inactive" {
		return nil, fault.New(fault.RequestMalformed, "parameter", "state", "rule", "active; delete the user instead")
	}
	a, err := d.Work.Change(ctx, c.Caller, at, person, sent.draft())
	if err != nil {
		return nil, err
	}
	b := bodyOf(a)
	if sent.PasswordProfile != nil {
		b.PasswordProfile = &passwordBody{ForceChange: a.MustChangePassword}
	}
	return b, nil
}

// restore brings somebody back; for whoever is there already nothing is done.
func (d *Desk) restore(ctx context.Context, c *convention.Call, at id.Tenant, person id.Object) (any, error) {
	a, err := d.Work.Restore(ctx, c.Caller, at, person)
	if fault.Has(err, fault.MemberUnknown) {
		a, err = d.Work.Member(ctx, c.Caller, at, person)
	}
	if err != nil {
		return nil, err
	}
	return bodyOf(a), nil
}

// Delete is DELETE C/users/{user} (row 20).
func (d *Desk) Delete(ctx context.Context, c *convention.Call) (any, error) {
	at, person, err := whom(c)
	if err != nil {
		return nil, err
	}
	if err := d.Work.Drop(ctx, c.Caller, at, person); err != nil {
		return nil, err
	}
	return c.Empty(http.StatusNoContent)
}

// Licenses is GET C/users/{user}/licenses (row 22): nothing is sold here, so
// nobody holds one.
func (d *Desk) Licenses(ctx context.Context, c *convention.Call) (any, error) {
	at, person, err := whom(c)
	if err != nil {
		return nil, err
	}
	if _, err := d.Work.Member(ctx, c.Caller, at, person); err != nil {
		return nil, err
	}
	return convention.All([]struct{}{}), nil
}

// SubscribedSKUs is GET C/subscribedskus (row 22).
func (d *Desk) SubscribedSKUs(context.Context, *convention.Call) (any, error) {
	return convention.All([]struct{}{}), nil
}

// UpdateLicenses is POST C/users/{user}/licenseupdates (row 22): an update that
// assigns and removes nothing is done, any other names a product that the
// customer does not have.
func (d *Desk) UpdateLicenses(ctx context.Context, c *convention.Call) (any, error) {
	at, person, err := whom(c)
	if err != nil {
		return nil, err
	}
	var sent struct {
		LicensesToAssign []struct{ SkuID string }
		LicensesToRemove []string
	}
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	if _, err := d.Work.Member(ctx, c.Caller, at, person); err != nil {
		return nil, err
	}
	if len(sent.LicensesToAssign)+len(sent.LicensesToRemove) > 0 {
		return nil, fault.New(fault.RequestMalformed, "parameter", "licensesToAssign", "rule", "products of the customer's subscribedskus, of which there are none")
	}
	c.Made("")
	return map[string]any{"licensesToAssign": []string{}, "licensesToRemove": []string{}, "attributes": of("LicenseUpdate")}, nil
}
