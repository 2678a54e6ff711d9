package graph

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// gate is the order of the checks; a call that fails two is told of the first.
var gate = []struct {
	name string
	ask  func(*Door, context.Context, *Call) error
}{
	{"encoding", (*Door).checkEncoding},
	{"token", (*Door).prove},
	{"audience", (*Door).checkAudience},
	{"permission", (*Door).checkPermission},
	{"person", (*Door).checkPerson},
}

// checkEncoding refuses compressed bodies. Kiota compresses first and asks
// again in the plain when it is told 415 (identity-platform.md 8.2).
func (d *Door) checkEncoding(_ context.Context, c *Call) error {
	if encoding := c.r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return fault.New(fault.EncodingUnsupported, "parameter", "Content-Encoding")
	}
	return nil
}

func (d *Door) prove(ctx context.Context, c *Call) error {
	token, err := c.bearer()
	if err != nil {
		return err
	}
	c.Caller, err = d.Verify(ctx, token)
	return err
}

// maxForm bounds the body of a userinfo request, in bytes.
const maxForm = 32 << 10

// bearer reads the token from its header or, for userinfo, from a form
// (RFC 6750 2.1, 2.2).
func (c *Call) bearer() (string, error) {
	if len(c.r.Header.Values("Authorization")) > 0 {
		return calls.Token(c.r)
	}
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if c.r.Method != http.MethodPost || err != nil || kind != "application/x-www-form-urlencoded" {
		return "", fault.New(fault.AccessTokenMissing)
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxForm))
	if err != nil {
		return "", fault.New(fault.BodyTooLarge).Because(err)
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return "", fault.New(fault.RequestMalformed, "rule", "a form").Because(err)
	}
	if token := form.Get("access_token"); token != "" {
		return token, nil
	}
	return "", fault.New(fault.AccessTokenMissing)
}

// checkAudience takes tokens for Graph, by either of its names, and for this
// server: that is the scope that Kiota derives from the address it is given
// (identity-platform.md 0, rule 35).
func (d *Door) checkAudience(_ context.Context, c *Call) error {
	audience := strings.TrimSuffix(c.Caller.Audience, "/")
	for _, ours := range []string{"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000", d.Origin, d.Origin + "/v1.0"} {
		if strings.EqualFold(audience, ours) {
			return nil
		}
	}
	return fault.New(fault.AudienceWrong, "audience", tenant.Shorten(audience))
}

func (d *Door) checkPermission(_ context.Context, c *Call) error {
	if c.route.Open {
		return nil
	}
	wanted := c.route.Delegated
	if c.Caller.AppOnly {
		wanted = c.route.Application
		switch {
		case wanted != nil || c.route.Unversioned:
		case c.route.parts[0] == "me":
			return fault.New(fault.UserOnlyRefused)
		default:
			return fault.New(fault.AppOnlyRefused)
		}
	}
	if !c.Caller.May(wanted...) {
		return fault.New(fault.PermissionMissing, "permission", strings.Join(wanted, ", "))
	}
	if c.Caller.Tenant == id.Consumers && !c.route.Personal {
		return fault.New(fault.PermissionMissing)
	}
	return nil
}

// checkPerson looks again at who stands behind a delegated call: whether the
// account still is in order, and for a partner's person whether the customer
// still lets them in. What was taken back counts on the next request
// (security-and-reliability.md R163, R164).
func (d *Door) checkPerson(ctx context.Context, c *Call) error {
	if c.Caller.AppOnly {
		return nil
	}
	var err error
	if !c.Foreign() {
		c.Person, err = d.People.Find(ctx, c.Caller.Home, c.Caller.Account)
	} else {
		// The object id is another one in each customer; the name is the one
		// of home, from a token that we signed within the hour.
		c.Person, err = d.People.Named(ctx, c.Caller.Home, c.Caller.SignInName)
	}
	if err != nil {
		return err
	}
	if c.Person.Disabled {
		return fault.New(fault.AccountDisabled, "account", c.Person.SignInName)
	}
	if !c.Foreign() {
		c.Caller.DirectoryRoles = c.Person.Roles
		return nil
	}
	t, err := d.Tenants.Find(ctx, c.Caller.Tenant)
	if err != nil {
		return err
	}
	if t.Settings.BlockPartners {
		return fault.New(fault.DelegationBlocked, "organisation", t.Name)
	}
	given, err := d.Customers.Delegation(ctx, c.Person, t.ID)
	if err != nil {
		return err
	}
	// A role counts while both the token and the relationship have it: what
	// was given since needs a new token, as at Microsoft.
	roles := slices.DeleteFunc(slices.Clone(given.Roles), func(role string) bool { return !c.Caller.HoldsRole(role) })
	if len(roles) == 0 {
		return fault.New(fault.RoleMissing)
	}
	c.Caller.DirectoryRoles = roles
	return nil
}

// readers are the directory roles that may read an organisation's people. A
// partner's person needs one; members need none.
var readers = []string{
	account.GlobalAdministrator, account.GlobalReader, account.DirectoryReaders, account.DirectoryWriters, account.UserAdministrator,
	account.HelpdeskAdministrator, account.PrivilegedRoleAdmin, account.ApplicationAdministrator, account.CloudAppAdministrator,
	account.LicenseAdministrator, account.PrivilegedAuthentication, account.AuthenticationAdmin, account.SecurityReader,
	account.SecurityAdministrator, account.GroupsAdministrator,
}

// CheckReader asks a partner's person for a role that reads people.
func (c *Call) CheckReader() error {
	if c.Foreign() && !c.Caller.HoldsRole(readers...) {
		return fault.New(fault.RoleMissing)
	}
	return nil
}
