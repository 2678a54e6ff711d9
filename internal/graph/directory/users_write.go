package directory

import (
	"context"
	"slices"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
)

// sentUser is a user as a client writes it; what is nil was not sent.
type sentUser struct {
	AccountEnabled    *bool            `json:"accountEnabled"`
	DisplayName       *string          `json:"displayName"`
	GivenName         *string          `json:"givenName"`
	Surname           *string          `json:"surname"`
	JobTitle          *string          `json:"jobTitle"`
	Mail              *string          `json:"mail"`
	MailNickname      *string          `json:"mailNickname"`
	PreferredLanguage *string          `json:"preferredLanguage"`
	UserPrincipalName *string          `json:"userPrincipalName"`
	UserType          *string          `json:"userType"`
	PasswordProfile   *passwordProfile `json:"passwordProfile"`

	City           *string `json:"city"`
	CompanyName    *string `json:"companyName"`
	Country        *string `json:"country"`
	Department     *string `json:"department"`
	EmployeeID     *string `json:"employeeId"`
	MobilePhone    *string `json:"mobilePhone"`
	OfficeLocation *string `json:"officeLocation"`
	PostalCode     *string `json:"postalCode"`
	State          *string `json:"state"`
	StreetAddress  *string `json:"streetAddress"`
	UsageLocation  *string `json:"usageLocation"`
}

type passwordProfile struct {
	Password                             *string `json:"password"`
	ForceChangePasswordNextSignIn        *bool   `json:"forceChangePasswordNextSignIn"`
	ForceChangePasswordNextSignInWithMFA *bool   `json:"forceChangePasswordNextSignInWithMfa"`
}

// amendment is what the room takes.
func (s sentUser) amendment() (account.Amendment, error) {
	m := account.Amendment{
		SignInName: s.UserPrincipalName, Name: s.DisplayName, Given: s.GivenName, Family: s.Surname, Mail: s.Mail,
		Language: s.PreferredLanguage, JobTitle: s.JobTitle, UsageLocation: s.UsageLocation, More: map[string]string{},
	}
	if s.AccountEnabled != nil {
		disabled := !*s.AccountEnabled
		m.Disabled = &disabled
	}
	if s.UserType != nil && *s.UserType != "Member" {
		return m, fault.New(fault.InputInvalid, "parameter", "userType", "rule", "Member")
	}
	for _, member := range []struct {
		name string
		sent *string
	}{
		{"city", s.City}, {"companyName", s.CompanyName}, {"country", s.Country}, {"department", s.Department}, {"employeeId", s.EmployeeID},
		{"mobilePhone", s.MobilePhone}, {"officeLocation", s.OfficeLocation}, {"postalCode", s.PostalCode}, {"state", s.State},
		{"streetAddress", s.StreetAddress},
	} {
		if member.sent != nil {
			m.More[member.name] = *member.sent
		}
	}
	if s.PasswordProfile != nil {
		must := s.PasswordProfile.ForceChangePasswordNextSignIn == nil || *s.PasswordProfile.ForceChangePasswordNextSignIn
		m.MustChangePassword, m.EndSessions = &must, true
	}
	return m, nil
}

// password reads the password that is to be set, and refuses a weak one before
// anything is written.
func (s sentUser) password(about ...string) (string, error) {
	if s.PasswordProfile == nil || s.PasswordProfile.Password == nil {
		return "", fault.New(fault.InputInvalid, "parameter", "passwordProfile", "rule", "a password")
	}
	text := *s.PasswordProfile.Password
	return text, credential.Strong(text, false, about...)
}

// createUser is POST /users.
func (m *room) createUser(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	var sent sentUser
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	if sent.AccountEnabled == nil || sent.DisplayName == nil || sent.MailNickname == nil || sent.UserPrincipalName == nil {
		return graph.Reply{}, fault.New(fault.InputInvalid, "parameter", "user", "rule", "accountEnabled, displayName, mailNickname, userPrincipalName and passwordProfile")
	}
	password, err := sent.password(*sent.DisplayName, *sent.UserPrincipalName)
	if err != nil {
		return graph.Reply{}, err
	}
	change, err := sent.amendment()
	if err != nil {
		return graph.Reply{}, err
	}
	t, err := m.Tenants.Find(ctx, c.Caller.Tenant)
	if err != nil {
		return graph.Reply{}, err
	}
	if err := m.Administration.MayCreate(c.Caller); err != nil {
		return graph.Reply{}, err
	}
	if change.Password, err = m.Safe.Hash(ctx, password); err != nil {
		return graph.Reply{}, err
	}
	a, err := m.Administration.Create(ctx, c.Caller, t, change)
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Made(c, "users", userProperties, a, "users", string(a.ID))
}

func (m *room) changeUser(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	var sent sentUser
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	change, err := sent.amendment()
	if err != nil {
		return graph.Reply{}, err
	}
	a, err := m.findUser(ctx, c.Caller.Tenant, c.Value("user"))
	if err != nil {
		return graph.Reply{}, err
	}
	t, err := m.Tenants.Find(ctx, c.Caller.Tenant)
	if err != nil {
		return graph.Reply{}, err
	}
	if sent.PasswordProfile == nil {
		return graph.Done(), absent(m.Administration.Change(ctx, c.Caller, t, a.ID, change), string(a.ID))
	}
	if err := m.Administration.MayResetPassword(ctx, c.Caller, a.ID); err != nil {
		return graph.Reply{}, absent(err, string(a.ID))
	}
	password, err := sent.password(a.Name, a.SignInName)
	if err != nil {
		return graph.Reply{}, err
	}
	if change.Password, err = m.Safe.Hash(ctx, password); err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), absent(m.Administration.Change(ctx, c.Caller, t, a.ID, change), string(a.ID))
}

func (m *room) deleteUser(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	a, err := m.findUser(ctx, c.Caller.Tenant, c.Value("user"))
	if err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), absent(m.Administration.Delete(ctx, c.Caller, a.ID), string(a.ID))
}

func (m *room) endSessions(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	a, err := m.findUser(ctx, c.Caller.Tenant, c.Value("user"))
	if err != nil {
		return graph.Reply{}, err
	}
	return m.ended(ctx, c, a)
}

// endMySessions is POST /me/revokeSignInSessions; a partner's person has no
// sessions at a customer.
func (m *room) endMySessions(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if c.Foreign() {
		return graph.Reply{}, fault.New(fault.ForeignAccount, "account", c.Caller.SignInName)
	}
	return m.ended(ctx, c, c.Person)
}

func (m *room) ended(ctx context.Context, c *graph.Call, a account.Account) (graph.Reply, error) {
	if err := m.Administration.EndSessions(ctx, c.Caller, a.ID); err != nil {
		return graph.Reply{}, absent(err, string(a.ID))
	}
	return graph.OK(map[string]any{"@odata.context": c.Context("Edm.Boolean", nil, false), "value": true}), nil
}

// holders gives a directory role's people, for filters of people.
func holders(template string) func(account.Account) bool {
	return func(a account.Account) bool { return slices.Contains(a.Roles, template) }
}
