package directory

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/id"
)

// none is for members that Graph has and a directory like ours does not keep.
func none(account.Account) any { return nil }

func empty(account.Account) any { return []string{} }

// userProperties are the members of a user (identity-platform.md 8.3).
var userProperties = []graph.Property[account.Account]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(a account.Account) any { return string(a.ID) }},
	{Name: "businessPhones", Usual: true, Of: empty},
	{Name: "displayName", Usual: true, Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.Name) }},
	{Name: "givenName", Usual: true, Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.Given) }},
	{Name: "jobTitle", Usual: true, Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.JobTitle) }},
	{Name: "mail", Usual: true, Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.Mail) }},
	{Name: "mobilePhone", Usual: true, Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.More["mobilePhone"]) }},
	{Name: "officeLocation", Usual: true, Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.More["officeLocation"]) }},
	{Name: "preferredLanguage", Usual: true, Of: func(a account.Account) any { return graph.OrNull(a.Language) }},
	{Name: "surname", Usual: true, Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.Family) }},
	{Name: "userPrincipalName", Usual: true, Kind: graph.Text, Of: func(a account.Account) any { return a.SignInName }},
	{Name: "accountEnabled", Kind: graph.Flag, Of: func(a account.Account) any { return !a.Disabled }},
	{Name: "createdDateTime", Kind: graph.Instant, Of: func(a account.Account) any { return graph.Stamp(a.Created) }},
	{Name: "mailNickname", Kind: graph.Text, Of: func(a account.Account) any {
		local, _, _ := strings.Cut(a.SignInName, "@")
		return local
	}},
	{Name: "signInSessionsValidFromDateTime", Of: func(a account.Account) any { return graph.Stamp(a.SessionsFrom) }},
	{Name: "userType", Kind: graph.Text, Of: func(account.Account) any { return "Member" }},
	{Name: "assignedLicenses", Of: empty},
	{Name: "assignedPlans", Of: empty},
	{Name: "city", Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.More["city"]) }},
	{Name: "companyName", Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.More["companyName"]) }},
	{Name: "country", Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.More["country"]) }},
	{Name: "department", Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.More["department"]) }},
	{Name: "employeeId", Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.More["employeeId"]) }},
	{Name: "externalUserState", Of: none},
	{Name: "onPremisesImmutableId", Of: none},
	{Name: "onPremisesLastSyncDateTime", Of: none},
	{Name: "onPremisesSyncEnabled", Of: none},
	{Name: "otherMails", Of: empty},
	{Name: "postalCode", Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.More["postalCode"]) }},
	{Name: "proxyAddresses", Of: empty},
	{Name: "state", Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.More["state"]) }},
	{Name: "streetAddress", Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.More["streetAddress"]) }},
	{Name: "usageLocation", Kind: graph.Text, Of: func(a account.Account) any { return graph.OrNull(a.UsageLocation) }},
}

// basicUser are the members that who may read basic profiles only can see.
var basicUser = []string{"id", "displayName", "givenName", "mail", "surname", "userPrincipalName"}

// seenBy gives the members of a user that a caller may see of others.
func seenBy(c *graph.Call) ([]graph.Property[account.Account], func(string) error) {
	if c.Caller.May(readFully...) {
		return userProperties, nil
	}
	basic := slices.Clone(userProperties)
	for i := range basic {
		basic[i].Usual = basic[i].Usual && slices.Contains(basicUser, basic[i].Name)
	}
	return basic, func(name string) error {
		known := slices.ContainsFunc(userProperties, func(p graph.Property[account.Account]) bool { return strings.EqualFold(p.Name, name) })
		if known && !slices.ContainsFunc(basicUser, func(b string) bool { return strings.EqualFold(b, name) }) {
			return fault.New(fault.PermissionMissing, "permission", strings.Join(readFully, ", "))
		}
		return nil
	}
}

// users is GET /users: the people of the organisation, in the order of their
// ids.
func (m *room) users(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	q, err := c.Query(graph.Listing...)
	if err != nil {
		return graph.Reply{}, err
	}
	if err := c.CheckReader(); err != nil {
		return graph.Reply{}, err
	}
	properties, look := seenBy(c)
	lookUp := func(ctx context.Context, value string) ([]account.Account, error) {
		a, err := m.findUser(ctx, c.Caller.Tenant, value)
		if fault.Has(err, fault.ObjectUnknown) {
			return nil, nil
		}
		return []account.Account{a}, err
	}
	return graph.List(ctx, c, q, graph.Set[account.Account]{
		Context: "users", Properties: properties, Look: look, Advanced: true,
		Key: func(a account.Account) string { return string(a.ID) },
		Page: func(ctx context.Context, after string, limit int) ([]account.Account, error) {
			return m.People.List(ctx, c.Caller.Tenant, id.Object(after), limit)
		},
		Find: map[string]func(context.Context, string) ([]account.Account, error){"id": lookUp, "userPrincipalName": lookUp},
	})
}

// me is GET /me: the person behind the token. It shows all of one's own,
// however narrow the permission is.
func (m *room) me(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	self, err := m.self(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.One(c, "users", userProperties, self)
}

// self is the caller as an object of the tenant. A partner's person has none
// there and is shown as the foreign principal that stands for them, which
// tells nothing of home but the ids.
func (m *room) self(ctx context.Context, c *graph.Call) (account.Account, error) {
	if !c.Foreign() {
		return c.Person, nil
	}
	t, err := m.Tenants.Find(ctx, c.Caller.Tenant)
	if err != nil {
		return account.Account{}, err
	}
	name := "user_" + strings.ReplaceAll(string(c.Caller.Account), "-", "")
	return account.Account{
		Tenant: t.ID, ID: c.Caller.Account, Name: name, SignInName: name + "@" + t.DefaultDomain(),
	}, nil
}

// user is GET /users/{id or sign-in name}.
func (m *room) user(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	sent := c.Value("user")
	if !c.Caller.AppOnly {
		self, err := m.self(ctx, c)
		if err != nil {
			return graph.Reply{}, err
		}
		if strings.EqualFold(sent, string(self.ID)) || account.FoldName(sent) == account.FoldName(self.SignInName) {
			return graph.One(c, "users", userProperties, self)
		}
	}
	// Somebody else: what reads oneself does not suffice, and a personal
	// account sees no strangers.
	if !c.Caller.May(readUsers...) || c.Caller.Tenant == id.Consumers {
		return graph.Reply{}, fault.New(fault.PermissionMissing, "permission", strings.Join(readUsers, ", "))
	}
	if err := c.CheckReader(); err != nil {
		return graph.Reply{}, err
	}
	q, err := c.Query("select")
	if err != nil {
		return graph.Reply{}, err
	}
	properties, look := seenBy(c)
	for _, name := range q.Selected {
		if look == nil {
			break
		}
		if err := look(name); err != nil {
			return graph.Reply{}, err
		}
	}
	a, err := m.findUser(ctx, c.Caller.Tenant, sent)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.One(c, "users", properties, a)
}

// maxName bounds the sign-in names that are looked up, in bytes.
const maxName = 320

// findUser gives a person by id or sign-in name, or fails with ObjectUnknown.
func (m *room) findUser(ctx context.Context, t id.Tenant, sent string) (account.Account, error) {
	absent := fault.New(fault.ObjectUnknown, "object", sent)
	var a account.Account
	var err error
	switch {
	case id.IsGUID(sent):
		a, err = m.People.Find(ctx, t, id.Object(strings.ToLower(sent)))
	case len(sent) > maxName || !utf8.ValidString(sent) || strings.ContainsFunc(sent, unicode.IsControl):
		return a, absent
	default:
		a, err = m.People.Named(ctx, t, sent)
	}
	if fault.Has(err, fault.AccountUnknown) {
		return a, absent
	}
	return a, err
}
