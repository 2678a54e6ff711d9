package delegated

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// MaxPage is the most people one page can hold (secure-application-model.md
// 6.4).
const MaxPage = 500

// KeptFor is how long a person who was deleted can come back.
const KeptFor = 30 * 24 * time.Hour

// Dropped is a person who was deleted and can still come back.
type Dropped struct {
	Account account.Account
	At      time.Time
}

// Draft is what a partner says about a person. A nil member leaves things as
// they are.
type Draft struct {
	SignInName, Name, Given, Family, UsageLocation *string
	// Password replaces the person's; MustChange asks for another at the next
	// sign-in.
	Password   *string
	MustChange *bool
	Disabled   *bool
}

// Members gives a page of a customer's people after the given id, in the order
// of their ids, and whether there are more. A size of 0 means MaxPage. It fails
// with PageInvalid.
func (w *Work) Members(ctx context.Context, caller audit.Caller, at id.Tenant, after id.Object, size int) ([]account.Account, bool, error) {
	if err := w.Right(ctx, caller, at, Readers...); err != nil {
		return nil, false, err
	}
	size, err := page(after, size)
	if err != nil {
		return nil, false, err
	}
	list, err := w.rooms.People.List(ctx, at, after, size+1)
	if err != nil || len(list) <= size {
		return list, false, err
	}
	return list[:size], true, nil
}

// DroppedMembers is Members for those who were deleted.
func (w *Work) DroppedMembers(ctx context.Context, caller audit.Caller, at id.Tenant, after id.Object, size int) ([]Dropped, bool, error) {
	if err := w.Right(ctx, caller, at, Readers...); err != nil {
		return nil, false, err
	}
	size, err := page(after, size)
	if err != nil {
		return nil, false, err
	}
	list, err := w.store.DroppedMembers(ctx, at, after, size+1)
	if err != nil || len(list) <= size {
		return list, false, err
	}
	return list[:size], true, nil
}

func page(after id.Object, size int) (int, error) {
	if size < 0 || size > MaxPage {
		return 0, fault.New(fault.PageInvalid, "parameter", "size", "rule", "0 to "+strconv.Itoa(MaxPage))
	}
	if len(after) > 64 || !utf8.ValidString(string(after)) || strings.ContainsFunc(string(after), unicode.IsControl) {
		return 0, fault.New(fault.PageInvalid, "parameter", "MS-ContinuationToken", "rule", "a token that came with a page")
	}
	if size == 0 {
		return MaxPage, nil
	}
	return size, nil
}

// Member gives one of a customer's people, or fails with MemberUnknown.
func (w *Work) Member(ctx context.Context, caller audit.Caller, at id.Tenant, person id.Object) (account.Account, error) {
	if err := w.Right(ctx, caller, at, Readers...); err != nil {
		return account.Account{}, err
	}
	a, err := w.rooms.People.Find(ctx, at, person)
	return a, member(err)
}

// member tells whose account is unknown: the one that was asked for, not the
// caller's.
func member(err error) error {
	if fault.Has(err, fault.AccountUnknown) {
		return fault.New(fault.MemberUnknown)
	}
	return err
}

// Add makes a person in a customer's organisation. The sign-in name must end
// with one of its domains, and there must be a name and a password. It fails
// with RequestMalformed, ParameterMissing or NameTaken.
func (w *Work) Add(ctx context.Context, caller audit.Caller, at id.Tenant, d Draft) (account.Account, error) {
	if err := w.Right(ctx, caller, at, Writers...); err != nil {
		return account.Account{}, err
	}
	for _, m := range []struct {
		name  string
		value *string
	}{{"userPrincipalName", d.SignInName}, {"displayName", d.Name}, {"password", d.Password}} {
		if m.value == nil || strings.TrimSpace(*m.value) == "" {
			return account.Account{}, fault.New(fault.ParameterMissing, "parameter", m.name)
		}
	}
	a := account.Account{Tenant: at, ID: id.Object(w.source.NewGUID()), Created: w.source.Now(), MustChangePassword: true}
	if err := w.fill(ctx, &a, d); err != nil {
		return account.Account{}, err
	}
	hash, err := w.rooms.Safe.Hash(ctx, *d.Password)
	if err != nil {
		return account.Account{}, err
	}
	return a, w.store.AddMember(ctx, a, hash, w.event(caller, at, "customer-user.create", string(a.ID), map[string]string{"name": a.SignInName}))
}

// Change changes what the draft says about a person. A new password ends all
// of their sessions. It fails as Add does, and with MemberUnknown; with
// RoleMissing for a person who holds roles that the caller does not.
func (w *Work) Change(ctx context.Context, caller audit.Caller, at id.Tenant, person id.Object, d Draft) (account.Account, error) {
	var after account.Account
	by, err := w.right(ctx, caller, at, Writers...)
	if err != nil {
		return after, err
	}
	var hash string
	if d.Password != nil {
		if hash, err = w.rooms.Safe.Hash(ctx, *d.Password); err != nil {
			return after, err
		}
	}
	verb := "customer-user.update"
	switch {
	case hash != "":
		verb = "customer-user.password"
	case d.SignInName != nil:
		verb = "customer-user.rename"
	}
	err = w.store.AmendMember(ctx, at, person, func(a *account.Account) error {
		if err := mayTouch(by, *a); err != nil {
			return err
		}
		if err := w.fill(ctx, a, d); err != nil {
			return err
		}
		if hash != "" || d.Disabled != nil && *d.Disabled {
			a.SessionsFrom = w.source.Now()
		}
		after = *a
		return nil
	}, hash, w.event(caller, at, verb, string(person), nil))
	return after, member(err)
}

// Drop deletes a person, who can come back for KeptFor. It fails with
// MemberUnknown and RoleMissing.
func (w *Work) Drop(ctx context.Context, caller audit.Caller, at id.Tenant, person id.Object) error {
	by, err := w.right(ctx, caller, at, Writers...)
	if err != nil {
		return err
	}
	err = w.store.DropMember(ctx, at, person, func(a account.Account) error { return mayTouch(by, a) },
		Dropped{At: w.source.Now()}, w.event(caller, at, "customer-user.delete", string(person), nil))
	return member(err)
}

// Restore brings a deleted person back, with what they proved themselves with,
// but no session of before. It fails with MemberUnknown, NameTaken and
// RoleMissing.
func (w *Work) Restore(ctx context.Context, caller audit.Caller, at id.Tenant, person id.Object) (account.Account, error) {
	var after account.Account
	by, err := w.right(ctx, caller, at, Writers...)
	if err != nil {
		return after, err
	}
	err = w.store.RestoreMember(ctx, at, person, func(a *account.Account) error {
		if err := mayTouch(by, *a); err != nil {
			return err
		}
		a.SessionsFrom = w.source.Now()
		after = *a
		return nil
	}, w.event(caller, at, "customer-user.restore", string(person), nil))
	return after, member(err)
}

// mayTouch keeps a partner's person from becoming more by somebody else's
// account (R165): who holds roles is for those who hold them, too.
func mayTouch(by, to account.Account) error {
	if by.Holds(account.GlobalAdministrator) {
		return nil
	}
	if slices.ContainsFunc(to.Roles, func(role string) bool { return !by.Holds(role) }) {
		return fault.New(fault.RoleMissing, "role", "Global Administrator")
	}
	return nil
}

// maxText bounds each text of a person, in bytes.
const maxText = 256

// fill puts a draft into an account, after it has been checked.
func (w *Work) fill(ctx context.Context, a *account.Account, d Draft) error {
	for _, m := range []struct {
		name string
		from *string
		to   *string
	}{
		{"userPrincipalName", d.SignInName, &a.SignInName}, {"displayName", d.Name, &a.Name}, {"firstName", d.Given, &a.Given},
		{"lastName", d.Family, &a.Family}, {"usageLocation", d.UsageLocation, &a.UsageLocation},
	} {
		if m.from == nil {
			continue
		}
		text := strings.TrimSpace(*m.from)
		if len(text) > maxText || strings.ContainsFunc(text, unicode.IsControl) {
			return fault.New(fault.RequestMalformed, "parameter", m.name, "rule", "at most "+strconv.Itoa(maxText)+" bytes, no control characters")
		}
		*m.to = text
	}
	if d.UsageLocation != nil && a.UsageLocation != "" && (len(a.UsageLocation) != 2 || strings.ToUpper(a.UsageLocation) != a.UsageLocation) {
		return fault.New(fault.RequestMalformed, "parameter", "usageLocation", "rule", "an ISO 3166-1 code such as GB")
	}
	if d.Name != nil && a.Name == "" {
		return fault.New(fault.ParameterMissing, "parameter", "displayName")
	}
	if d.MustChange != nil {
		a.MustChangePassword = *d.MustChange
	}
	if d.Disabled != nil {
		a.Disabled = *d.Disabled
	}
	if d.SignInName == nil {
		return nil
	}
	return w.nameOf(ctx, a)
}

// nameOf checks a new sign-in name: its domain is one that the organisation
// has proved.
func (w *Work) nameOf(ctx context.Context, a *account.Account) error {
	organisation, err := w.rooms.Tenants.Find(ctx, a.Tenant)
	if err != nil {
		return err
	}
	domain, ok := account.DomainOf(a.SignInName)
	local, _, _ := strings.Cut(a.SignInName, "@")
	for _, d := range organisation.Domains {
		if ok && d.Name == domain && local != "" && !strings.ContainsFunc(a.SignInName, unicode.IsSpace) {
			return nil
		}
	}
	return fault.New(fault.RequestMalformed, "parameter", "userPrincipalName", "rule", "an address in a domain of the customer, such as name@"+organisation.DefaultDomain())
}
