package account

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Group is a named set of people of one organisation.
type Group struct {
	Tenant id.Tenant
	ID     id.Object
	// Key is what stands in Account.Groups: the id, or for a partner's own
	// groups their name, such as AdminAgents.
	Key         string
	Name        string
	Description string
	// Nickname is the local part of the group's address, whether it has a
	// mailbox or not.
	Nickname string
	// Security groups can be given rights; others only mail.
	Security, Mail bool
	Created        time.Time
}

// Named reports whether this is one of a partner's own groups, which carry
// rights by their name.
func (g Group) Named() bool { return g.Key != string(g.ID) }

// GroupStore keeps groups; who is in one stands in the accounts.
type GroupStore interface {
	// Group finds by id, or fails with ObjectUnknown.
	Group(ctx context.Context, tenant id.Tenant, group id.Object) (Group, error)
	// GroupKeyed finds by key, or fails with ObjectUnknown.
	GroupKeyed(ctx context.Context, tenant id.Tenant, key string) (Group, error)
	// Groups lists a tenant's groups in the order of their ids, after the
	// given one, at most limit.
	Groups(ctx context.Context, tenant id.Tenant, after id.Object, limit int) ([]Group, error)
	// SaveGroup creates or replaces a group and writes the events.
	SaveGroup(ctx context.Context, g Group, events ...audit.Event) error
	// DeleteGroup deletes a group and takes everybody out of it, or fails with
	// ObjectUnknown.
	DeleteGroup(ctx context.Context, g Group, e audit.Event) error
	// AmendAccount changes one account as it is at that moment and writes the
	// event, or fails with AccountUnknown. When change fails nothing is
	// written; it may run more than once.
	AmendAccount(ctx context.Context, tenant id.Tenant, account id.Object, change func(*Account) error, e audit.Event) error
}

// Groups is the room: which groups there are and who is in them.
type Groups struct {
	store  GroupStore
	source id.Source
}

// NewGroups opens the room.
func NewGroups(store GroupStore, source id.Source) *Groups { return &Groups{store, source} }

// Find gives a group by id, or fails with ObjectUnknown.
func (g *Groups) Find(ctx context.Context, t id.Tenant, group id.Object) (Group, error) {
	return g.store.Group(ctx, t, group)
}

// Keyed gives a group by what stands in Account.Groups, or fails with
// ObjectUnknown.
func (g *Groups) Keyed(ctx context.Context, t id.Tenant, key string) (Group, error) {
	return g.store.GroupKeyed(ctx, t, key)
}

// List gives a page of a tenant's groups after the given id.
func (g *Groups) List(ctx context.Context, t id.Tenant, after id.Object, limit int) ([]Group, error) {
	return g.store.Groups(ctx, t, after, limit)
}

// Save creates or replaces a group as it is, without asking who may.
func (g *Groups) Save(ctx context.Context, group Group) error {
	if group.Key == "" {
		group.Key = string(group.ID)
	}
	return g.store.SaveGroup(ctx, group)
}

// Declare makes one of a partner's own groups, which carry rights by their name,
// on the word of whoever runs the installation, or finds it.
func (g *Groups) Declare(ctx context.Context, by audit.Caller, name string) (Group, error) {
	have, err := g.store.GroupKeyed(ctx, by.Tenant, name)
	if !fault.Has(err, fault.ObjectUnknown) {
		return have, err
	}
	group := Group{Tenant: by.Tenant, ID: id.Object(g.source.NewGUID()), Key: name, Name: name, Nickname: name, Security: true, Created: g.source.Now()}
	e := g.event(by, "group.create", string(group.ID))
	e.Facts = map[string]string{"name": name}
	return group, g.store.SaveGroup(ctx, group, e)
}

// Create makes a group of the caller's organisation. It fails with RoleMissing
// or InputInvalid.
func (g *Groups) Create(ctx context.Context, by audit.Caller, group Group) (Group, error) {
	if err := g.may(by, group); err != nil {
		return Group{}, err
	}
	group.Tenant, group.ID, group.Created = by.Tenant, id.Object(g.source.NewGUID()), g.source.Now()
	group.Key = string(group.ID)
	if err := group.check(); err != nil {
		return Group{}, err
	}
	e := g.event(by, "group.create", string(group.ID))
	e.Facts = map[string]string{"name": group.Name}
	return group, g.store.SaveGroup(ctx, group, e)
}

// Change saves a group under the same id. It fails with RoleMissing,
// ObjectUnknown or InputInvalid.
func (g *Groups) Change(ctx context.Context, by audit.Caller, group id.Object, change func(*Group)) error {
	have, err := g.store.Group(ctx, by.Tenant, group)
	if err != nil {
		return err
	}
	if err := g.may(by, have); err != nil {
		return err
	}
	next := have
	change(&next)
	next.Tenant, next.ID, next.Key, next.Created = have.Tenant, have.ID, have.Key, have.Created
	if err := next.check(); err != nil {
		return err
	}
	e := g.event(by, "group.change", string(group))
	e.Facts = map[string]string{"name": next.Name}
	return g.store.SaveGroup(ctx, next, e)
}

// Delete takes a group away, and everybody out of it; a partner's own groups
// stay. It fails with RoleMissing, StateConflict or ObjectUnknown.
func (g *Groups) Delete(ctx context.Context, by audit.Caller, group id.Object) error {
	have, err := g.store.Group(ctx, by.Tenant, group)
	if err != nil {
		return err
	}
	if err := g.may(by, have); err != nil {
		return err
	}
	if have.Named() {
		return fault.New(fault.StateConflict, "rule", "a group that is not one of the partner's own")
	}
	e := g.event(by, "group.delete", string(group))
	e.Facts = map[string]string{"name": have.Name}
	return g.store.DeleteGroup(ctx, have, e)
}

// Add puts a person into a group. It fails with ReferenceExists when they are
// in it, RoleMissing, ObjectUnknown or AccountUnknown.
func (g *Groups) Add(ctx context.Context, by audit.Caller, group, person id.Object) error {
	return g.move(ctx, by, group, person, "group.add", func(a *Account, key string) error {
		if a.In(key) {
			return fault.New(fault.ReferenceExists, "object", string(person))
		}
		a.Groups = append(slices.Clone(a.Groups), key)
		return nil
	})
}

// Remove takes a person out of a group. It fails with ObjectUnknown when they
// are not in it, RoleMissing or AccountUnknown.
func (g *Groups) Remove(ctx context.Context, by audit.Caller, group, person id.Object) error {
	return g.move(ctx, by, group, person, "group.remove", func(a *Account, key string) error {
		if !a.In(key) {
			return fault.New(fault.ObjectUnknown, "object", string(person))
		}
		a.Groups = slices.DeleteFunc(slices.Clone(a.Groups), func(k string) bool { return k == key })
		return nil
	})
}

func (g *Groups) move(ctx context.Context, by audit.Caller, group, person id.Object, verb string, change func(*Account, string) error) error {
	have, err := g.store.Group(ctx, by.Tenant, group)
	if err != nil {
		return err
	}
	if err := g.may(by, have); err != nil {
		return err
	}
	e := g.event(by, verb, string(group))
	e.Facts = map[string]string{"name": have.Name, "account": string(person)}
	return g.store.AmendAccount(ctx, by.Tenant, person, func(a *Account) error { return change(a, have.Key) }, e)
}

// may says who changes groups. A partner's own groups let people act for the
// whole company at its customers, so only its Global Administrators, at home,
// decide who is in them (security-and-reliability.md R165).
func (g *Groups) may(by audit.Caller, group Group) error {
	if group.Key != "" && group.Named() {
		if by.AppOnly || by.Home != by.Tenant || !by.HoldsRole(GlobalAdministrator) {
			return fault.New(fault.RoleMissing, "role", "Global Administrator")
		}
		return nil
	}
	return MayAct(by, GroupsAdministrator, UserAdministrator, DirectoryWriters)
}

func (g *Groups) event(by audit.Caller, verb, object string) audit.Event {
	return Event(g.source, by, verb, object)
}

// limits of a group, in characters.
const (
	maxGroupName        = 256
	maxGroupDescription = 1024
	maxNickname         = 64
)

func (g Group) check() error {
	switch {
	case !isText(g.Name, 1, maxGroupName):
		return fault.New(fault.InputInvalid, "parameter", "displayName", "rule", "1 to 256 characters")
	case !isText(g.Description, 0, maxGroupDescription):
		return fault.New(fault.InputInvalid, "parameter", "description", "rule", "at most 1024 characters")
	case !isNickname(g.Nickname):
		return fault.New(fault.InputInvalid, "parameter", "mailNickname", "rule", "1 to 64 letters, digits, dots, hyphens or underscores")
	case g.Mail:
		return fault.New(fault.InputInvalid, "parameter", "mailEnabled", "rule", "false: this directory keeps no mailboxes")
	}
	return nil
}

func isText(text string, least, most int) bool {
	n := utf8.RuneCountInString(text)
	return n >= least && n <= most && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

func isNickname(text string) bool {
	return text != "" && len(text) <= maxNickname && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	})
}

// MayAct asks a caller for one of the directory roles; a Global Administrator
// has them all. An application alone was let in by its permission.
func MayAct(by audit.Caller, roles ...string) error {
	if by.AppOnly || by.HoldsRole(GlobalAdministrator) || by.HoldsRole(roles...) {
		return nil
	}
	return fault.New(fault.RoleMissing, "role", RoleNames(roles))
}

// RoleNames names the roles of which one is enough, for those who have to ask
// for it. A Global Administrator may do everything.
func RoleNames(templates []string) string {
	names := []string{"Global Administrator"}
	for _, t := range templates {
		if r, ok := FindDirectoryRole(t); ok && r.Template != GlobalAdministrator {
			names = append(names, r.Name)
		}
	}
	return strings.Join(names, ", ")
}

// Event is the record of a deed in the caller's organisation.
func Event(source id.Source, by audit.Caller, verb, object string) audit.Event {
	return audit.Event{
		ID: source.NewGUID(), At: source.Now(), Tenant: by.Tenant, Target: homeOf(by), Account: by.Account, SignInName: by.SignInName,
		App: by.App, Verb: verb, Object: object,
	}
}

// homeOf is a partner whose person acts in a customer's organisation: both
// sides get the record (R164). Empty for everybody else.
func homeOf(by audit.Caller) id.Tenant {
	if by.AppOnly || by.Home == by.Tenant {
		return ""
	}
	return by.Home
}
