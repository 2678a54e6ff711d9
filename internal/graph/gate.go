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
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// resource is one row of the table.
type resource struct {
	pattern string
	methods []string
	// unversioned resources answer without /v1.0 too.
	unversioned bool
	// delegated and application are the permissions of which a token must
	// carry one: with a person behind it, or of an application alone. Without
	// any of the latter the resource is for people's tokens only.
	delegated, application []string
	// personal resources answer personal accounts too; all others would show
	// them the accounts of strangers.
	personal bool

	answer func(*edge, context.Context, *call) (any, error)
}

// The permissions (identity-platform.md 6.4), from narrow to wide.
var (
	readBasic = []string{"User.ReadBasic.All"}
	readFully = []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"}
	readSelf  = slices.Concat([]string{"User.Read", "User.ReadWrite"}, readBasic, readFully)
	readUsers = slices.Concat(readBasic, readFully)

	readOrganization = []string{"Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
)

// resources are what this API can show.
var resources = []resource{
	{pattern: "me", methods: []string{"GET"}, delegated: readSelf, personal: true, answer: (*edge).me},
	{pattern: "users", methods: []string{"GET"}, delegated: readUsers, application: readUsers, answer: (*edge).users},
	// A token that can read its own person only may do so by id as well.
	{pattern: "users/{user}", methods: []string{"GET"}, delegated: readSelf, application: readUsers, personal: true, answer: (*edge).user},
	{pattern: "organization", methods: []string{"GET"}, delegated: slices.Concat(readOrganization, []string{"User.Read", "Directory.AccessAsUser.All"}),
		application: readOrganization, answer: (*edge).organizations},
	{pattern: "organization/{organization}", methods: []string{"GET"}, delegated: slices.Concat(readOrganization, []string{"User.Read", "Directory.AccessAsUser.All"}),
		application: readOrganization, answer: (*edge).organization},
	{pattern: "oidc/userinfo", methods: []string{"GET", "POST"}, unversioned: true, delegated: []string{"openid"}, personal: true, answer: (*edge).userinfo},
}

// gate is the order of the checks; a call that fails two is told of the first.
var gate = []struct {
	name string
	ask  func(*edge, context.Context, *call) error
}{
	{"encoding", (*edge).checkEncoding},
	{"token", (*edge).prove},
	{"audience", (*edge).checkAudience},
	{"permission", (*edge).checkPermission},
	{"person", (*edge).checkPerson},
}

// checkEncoding refuses compressed bodies. Kiota compresses first and asks
// again in the plain when it is told 415 (identity-platform.md 8.2).
func (e *edge) checkEncoding(_ context.Context, c *call) error {
	if encoding := c.r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return fault.New(fault.EncodingUnsupported, "parameter", "Content-Encoding")
	}
	return nil
}

func (e *edge) prove(ctx context.Context, c *call) error {
	token, err := c.bearer()
	if err != nil {
		return err
	}
	c.caller, err = e.Verify(ctx, token)
	return err
}

// maxForm bounds the body of a userinfo request, in bytes.
const maxForm = 32 << 10

// bearer reads the token from its header or, for userinfo, from a form
// (RFC 6750 2.1, 2.2).
func (c *call) bearer() (string, error) {
	sent := c.r.Header.Values("Authorization")
	if len(sent) > 1 {
		return "", fault.New(fault.AccessTokenInvalid, "rule", "one Authorization header")
	}
	if len(sent) == 1 {
		scheme, token, _ := strings.Cut(sent[0], " ")
		if token = strings.TrimSpace(token); token != "" && strings.EqualFold(scheme, "Bearer") {
			return token, nil
		}
		return "", fault.New(fault.AccessTokenMissing)
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
func (e *edge) checkAudience(_ context.Context, c *call) error {
	audience := strings.TrimSuffix(c.caller.Audience, "/")
	for _, ours := range []string{"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000", e.Origin, e.Origin + "/v1.0"} {
		if strings.EqualFold(audience, ours) {
			return nil
		}
	}
	return fault.New(fault.AudienceWrong, "audience", tenant.Shorten(audience))
}

func (e *edge) checkPermission(_ context.Context, c *call) error {
	wanted := c.resource.delegated
	if c.caller.AppOnly {
		wanted = c.resource.application
		if wanted == nil && !c.resource.unversioned {
			return fault.New(fault.UserOnlyRefused)
		}
	}
	if !c.caller.May(wanted...) {
		return fault.New(fault.PermissionMissing, "permission", strings.Join(wanted, ", "))
	}
	if c.caller.Tenant == id.Consumers && !c.resource.personal {
		return fault.New(fault.PermissionMissing)
	}
	return nil
}

// checkPerson looks again at who stands behind a delegated call: whether the
// account still is in order, and for a partner's person whether the customer
// still lets them in. What was taken back counts on the next request
// (security-and-reliability.md R163, R164).
func (e *edge) checkPerson(ctx context.Context, c *call) error {
	if c.caller.AppOnly {
		return nil
	}
	var err error
	if !c.foreign() {
		c.person, err = e.People.Find(ctx, c.caller.Home, c.caller.Account)
	} else {
		// The object id is another one in each customer; the name is the one
		// of home, from a token that we signed within the hour.
		c.person, err = e.People.Named(ctx, c.caller.Home, c.caller.SignInName)
	}
	if err != nil {
		return err
	}
	if c.person.Disabled {
		return fault.New(fault.AccountDisabled, "account", c.person.SignInName)
	}
	if !c.foreign() {
		return nil
	}
	t, err := e.Tenants.Find(ctx, c.caller.Tenant)
	if err != nil {
		return err
	}
	if t.Settings.BlockPartners {
		return fault.New(fault.DelegationBlocked, "organisation", t.Name)
	}
	d, err := e.Customers.Delegation(ctx, c.person, t.ID)
	if err != nil {
		return err
	}
	// A role counts while both the token and the relationship have it: what
	// was given since needs a new token, as at Microsoft.
	for _, role := range d.Roles {
		if c.caller.HoldsRole(role) {
			c.roles = append(c.roles, role)
		}
	}
	if len(c.roles) == 0 {
		return fault.New(fault.RoleMissing)
	}
	return nil
}

// readers are the directory roles that may read an organisation's people. A
// partner's person needs one; members need none.
var readers = []string{
	account.GlobalAdministrator, account.GlobalReader, account.DirectoryReaders, account.UserAdministrator,
	account.HelpdeskAdministrator, account.PrivilegedRoleAdmin, account.ApplicationAdministrator, account.CloudAppAdministrator,
	"9360feb5-f418-4baa-8175-e2a00bac4301", // Directory Writers
	"4d6ac14f-3453-41d0-bef9-a3e0c569773a", // License Administrator
	"7be44c8a-adaf-4e2a-84d6-ab2649e08a13", // Privileged Authentication Administrator
	"c4e39bd9-1100-46d3-8c65-fb160da0071f", // Authentication Administrator
	"5d6b6bb7-de71-4623-b4af-96380a352509", // Security Reader
	"194ae4cb-b126-40b2-bd5b-6091b380977d", // Security Administrator
}

// checkReader asks a partner's person for a role that reads people.
func (c *call) checkReader() error {
	if c.foreign() && !slices.ContainsFunc(readers, func(r string) bool { return slices.Contains(c.roles, r) }) {
		return fault.New(fault.RoleMissing)
	}
	return nil
}
