package graph

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// property is one member of a user.
type property struct {
	name string
	// usual members are shown when nothing is selected, basic ones also to who
	// may read basic profiles only.
	usual, basic bool
	of           func(account.Account) any
}

// none is for members that Graph has and a directory like ours does not keep.
func none(account.Account) any { return nil }

func empty(account.Account) any { return []string{} }

// properties are the members of a user (identity-platform.md 8.3).
var properties = []property{
	{"id", true, true, func(a account.Account) any { return string(a.ID) }},
	{"businessPhones", true, false, empty},
	{"displayName", true, true, func(a account.Account) any { return text(a.Name) }},
	{"givenName", true, true, func(a account.Account) any { return text(a.Given) }},
	{"jobTitle", true, false, func(a account.Account) any { return text(a.JobTitle) }},
	{"mail", true, true, func(a account.Account) any { return text(a.Mail) }},
	{"mobilePhone", true, false, none},
	{"officeLocation", true, false, none},
	{"preferredLanguage", true, false, func(a account.Account) any { return text(a.Language) }},
	{"surname", true, true, func(a account.Account) any { return text(a.Family) }},
	{"userPrincipalName", true, true, func(a account.Account) any { return a.SignInName }},
	{"accountEnabled", false, false, func(a account.Account) any { return !a.Disabled }},
	{"createdDateTime", false, false, func(a account.Account) any { return stamp(a.Created) }},
	{"mailNickname", false, false, func(a account.Account) any {
		local, _, _ := strings.Cut(a.SignInName, "@")
		return local
	}},
	{"signInSessionsValidFromDateTime", false, false, func(a account.Account) any { return stamp(a.SessionsFrom) }},
	{"userType", false, false, func(account.Account) any { return "Member" }},
	{"assignedLicenses", false, false, empty},
	{"assignedPlans", false, false, empty},
	{"city", false, false, none},
	{"companyName", false, false, none},
	{"country", false, false, none},
	{"department", false, false, none},
	{"employeeId", false, false, none},
	{"externalUserState", false, false, none},
	{"onPremisesImmutableId", false, false, none},
	{"onPremisesLastSyncDateTime", false, false, none},
	{"onPremisesSyncEnabled", false, false, none},
	{"otherMails", false, false, empty},
	{"postalCode", false, false, none},
	{"proxyAddresses", false, false, empty},
	{"state", false, false, none},
	{"streetAddress", false, false, none},
	{"usageLocation", false, false, none},
}

// text is a string member, null when there is nothing in it.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// shown gives the properties that a query asks for, if they may be seen: basic
// is true for who may read basic profiles only.
func (q query) shown(basic bool) ([]property, error) {
	var chosen []property
	if len(q.selected) == 0 {
		for _, p := range properties {
			if p.usual && (p.basic || !basic) {
				chosen = append(chosen, p)
			}
		}
		return chosen, nil
	}
	for _, name := range q.selected {
		i := slices.IndexFunc(properties, func(p property) bool { return strings.EqualFold(p.name, name) })
		if i < 0 {
			return nil, unsupported("$select", "a property of user, not "+name)
		}
		if basic && !properties[i].basic {
			return nil, fault.New(fault.PermissionMissing, "permission", strings.Join(readFully, ", "))
		}
		chosen = append(chosen, properties[i])
	}
	return chosen, nil
}

func userOf(a account.Account, chosen []property) map[string]any {
	u := make(map[string]any, len(chosen)+1)
	for _, p := range chosen {
		u[p.name] = p.of(a)
	}
	return u
}

// me is GET /me: the person behind the token. It shows all of one's own,
// however narrow the permission is.
func (e *edge) me(ctx context.Context, c *call) (any, error) {
	q, err := c.ask("select")
	if err != nil {
		return nil, err
	}
	self, err := e.self(ctx, c)
	if err != nil {
		return nil, err
	}
	return e.one(c, q, self, false)
}

// one is the answer for a single user.
func (e *edge) one(c *call, q query, a account.Account, basic bool) (any, error) {
	chosen, err := q.shown(basic)
	if err != nil {
		return nil, err
	}
	u := userOf(a, chosen)
	u["@odata.context"] = e.context(c, "users", q.selected, true)
	return u, nil
}

// self is the caller as an object of the tenant. A partner's person has none
// there and is shown as the foreign principal that stands for them, which
// tells nothing of home but the ids.
func (e *edge) self(ctx context.Context, c *call) (account.Account, error) {
	if !c.foreign() {
		return c.person, nil
	}
	t, err := e.Tenants.Find(ctx, c.caller.Tenant)
	if err != nil {
		return account.Account{}, err
	}
	name := "user_" + strings.ReplaceAll(string(c.caller.Account), "-", "")
	return account.Account{
		Tenant: t.ID, ID: c.caller.Account, Name: name, SignInName: name + "@" + t.DefaultDomain(),
	}, nil
}

// user is GET /users/{id or sign-in name}.
func (e *edge) user(ctx context.Context, c *call) (any, error) {
	q, err := c.ask("select")
	if err != nil {
		return nil, err
	}
	sent := c.segments["user"]
	if !c.caller.AppOnly {
		self, err := e.self(ctx, c)
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(sent, string(self.ID)) || account.FoldName(sent) == account.FoldName(self.SignInName) {
			return e.one(c, q, self, false)
		}
	}
	// Somebody else: what reads oneself does not suffice, and a personal
	// account sees no strangers.
	if !c.caller.May(readUsers...) || c.caller.Tenant == id.Consumers {
		return nil, fault.New(fault.PermissionMissing, "permission", strings.Join(readUsers, ", "))
	}
	if err := c.checkReader(); err != nil {
		return nil, err
	}
	a, err := e.findUser(ctx, c.caller.Tenant, sent)
	if err != nil {
		return nil, err
	}
	return e.one(c, q, a, !c.caller.May(readFully...))
}

// maxName bounds the sign-in names that are looked up, in bytes.
const maxName = 320

func (e *edge) findUser(ctx context.Context, t id.Tenant, sent string) (account.Account, error) {
	absent := fault.New(fault.ObjectUnknown, "object", sent)
	var a account.Account
	var err error
	switch {
	case id.IsGUID(sent):
		a, err = e.People.Find(ctx, t, id.Object(strings.ToLower(sent)))
	case len(sent) > maxName || !utf8.ValidString(sent) || strings.ContainsFunc(sent, unicode.IsControl):
		return a, absent
	default:
		a, err = e.People.Named(ctx, t, sent)
	}
	if fault.Has(err, fault.AccountUnknown) {
		return a, absent
	}
	return a, err
}
