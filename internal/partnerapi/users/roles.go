package users

import (
	"context"
	"net/http"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/delegated"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/partnerapi/convention"
)

type roleBody struct {
	Name       string                `json:"name"`
	ID         string                `json:"id"`
	Attributes convention.Attributes `json:"attributes"`
}

type memberBody struct {
	DisplayName       string                `json:"displayName"`
	UserPrincipalName string                `json:"userPrincipalName"`
	RoleID            string                `json:"roleId"`
	ID                string                `json:"id"`
	Attributes        convention.Attributes `json:"attributes"`
}

func rolesOf(list []account.DirectoryRole) any {
	items := []roleBody{}
	for _, r := range list {
		items = append(items, roleBody{r.Name, r.Template, of("DirectoryRole")})
	}
	return convention.All(items)
}

func memberOf(a account.Account, role string) memberBody {
	return memberBody{a.Name, a.SignInName, role, string(a.ID), of("UserMember")}
}

// Roles is GET C/directoryroles (row 21).
func (d *Desk) Roles(ctx context.Context, c *convention.Call) (any, error) {
	at, err := c.Customer()
	if err != nil {
		return nil, err
	}
	list, err := d.Work.Roles(ctx, c.Caller, at)
	if err != nil {
		return nil, err
	}
	return rolesOf(list), nil
}

// RolesOfUser is GET C/users/{user}/directoryroles (row 21).
func (d *Desk) RolesOfUser(ctx context.Context, c *convention.Call) (any, error) {
	at, person, err := whom(c)
	if err != nil {
		return nil, err
	}
	list, err := d.Work.RolesOf(ctx, c.Caller, at, person)
	if err != nil {
		return nil, err
	}
	return rolesOf(list), nil
}

// Members is GET C/directoryroles/{role}/usermembers (row 21).
func (d *Desk) Members(ctx context.Context, c *convention.Call) (any, error) {
	at, err := c.Customer()
	if err != nil {
		return nil, err
	}
	role := strings.ToLower(c.Segments["role"])
	list, err := d.Work.RoleMembers(ctx, c.Caller, at, role)
	if err != nil {
		return nil, err
	}
	items := []memberBody{}
	for _, a := range list {
		items = append(items, memberOf(a, role))
	}
	return convention.All(items), nil
}

// AddMember is POST C/directoryroles/{role}/usermembers (row 21).
func (d *Desk) AddMember(ctx context.Context, c *convention.Call) (any, error) {
	at, err := c.Customer()
	if err != nil {
		return nil, err
	}
	var sent struct{ ID string }
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	if !id.IsGUID(sent.ID) {
		return nil, fault.New(fault.RequestMalformed, "parameter", "id", "rule", "the id of a user, a GUID")
	}
	role := strings.ToLower(c.Segments["role"])
	a, err := d.Work.GiveRole(ctx, c.Caller, at, role, id.Object(strings.ToLower(sent.ID)))
	if err != nil {
		return nil, err
	}
	c.Made("")
	return memberOf(a, role), nil
}

// RemoveMember is DELETE C/directoryroles/{role}/usermembers/{user} (row 21).
func (d *Desk) RemoveMember(ctx context.Context, c *convention.Call) (any, error) {
	at, person, err := whom(c)
	if err != nil {
		return nil, err
	}
	if err := d.Work.TakeRole(ctx, c.Caller, at, strings.ToLower(c.Segments["role"]), person); err != nil {
		return nil, err
	}
	return c.Empty(http.StatusNoContent)
}

// consentBody is an application consent, coming and going.
type consentBody struct {
	ApplicationID string                 `json:"applicationId"`
	DisplayName   string                 `json:"displayName"`
	Grants        []grantBody            `json:"applicationGrants"`
	Attributes    *convention.Attributes `json:"attributes,omitempty"`
}

type grantBody struct {
	EnterpriseApplicationID string `json:"enterpriseApplicationId"`
	Scope                   string `json:"scope"`
}

// Consent is POST C/applicationconsents (row 19).
func (d *Desk) Consent(ctx context.Context, c *convention.Call) (any, error) {
	at, err := c.Customer()
	if err != nil {
		return nil, err
	}
	var sent consentBody
	if err := c.Read(&sent); err != nil {
		return nil, err
	}
	if len(sent.DisplayName) > 256 {
		return nil, fault.New(fault.RequestMalformed, "parameter", "displayName", "rule", "at most 256 bytes")
	}
	var grants []delegated.Grant
	for _, g := range sent.Grants {
		grants = append(grants, delegated.Grant{Resource: id.App(strings.ToLower(g.EnterpriseApplicationID)), Scopes: scopes(g.Scope)})
	}
	if err := d.Work.Consent(ctx, c.Caller, at, id.App(strings.ToLower(sent.ApplicationID)), grants); err != nil {
		return nil, err
	}
	c.Status = http.StatusCreated
	attributes := of("ApplicationConsent")
	sent.Attributes = &attributes
	return sent, nil
}

// scopes splits permissions at commas, with or without blanks around them.
func scopes(text string) []string {
	var list []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			list = append(list, name)
		}
	}
	return list
}

// Withdraw is DELETE C/applicationconsents/{app} (row 19).
func (d *Desk) Withdraw(ctx context.Context, c *convention.Call) (any, error) {
	at, err := c.Customer()
	if err != nil {
		return nil, err
	}
	if err := d.Work.Withdraw(ctx, c.Caller, at, id.App(strings.ToLower(c.Segments["app"]))); err != nil {
		return nil, err
	}
	// An empty answer of 200: samples feed what comes to a JSON parser.
	return c.Empty(http.StatusOK)
}
