package consent

import (
	"context"
	"slices"
	"strconv"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

// reviewerRole is the least of the roles that decide about apps, which
// RoleMissing names.
const reviewerRole = "Cloud Application Administrator"

// maxPage bounds a list of approvals.
const maxPage = 200

// reviewer checks that the caller is a person of the tenant who may decide
// about apps at this moment. It fails with RoleMissing.
func (a *Approvals) reviewer(ctx context.Context, by audit.Caller) (account.Account, error) {
	refuse := fault.New(fault.RoleMissing, "role", reviewerRole)
	if by.AppOnly || by.Home != by.Tenant {
		return account.Account{}, refuse
	}
	person, err := a.people.Find(ctx, by.Tenant, by.Account)
	if fault.Has(err, fault.AccountUnknown) || err == nil && (person.Disabled || !person.MayConsentForAll()) {
		return account.Account{}, refuse
	}
	return person, err
}

// List shows a reviewer the approvals of their organisation, newest first:
// those in a state (empty: in any), after the one with the given id, at most
// limit and never more than 200. It fails with InputInvalid for a state that
// there is not, PageInvalid for an id that is none, and RoleMissing.
func (a *Approvals) List(ctx context.Context, by audit.Caller, state State, after string, limit int) ([]Approval, error) {
	if _, err := a.reviewer(ctx, by); err != nil {
		return nil, err
	}
	if state != "" && !slices.Contains(states, state) {
		return nil, fault.New(fault.InputInvalid, "parameter", "state", "rule", "a state of approvals")
	}
	if after != "" && !id.IsGUID(after) {
		return nil, fault.New(fault.PageInvalid, "parameter", "after", "rule", "the id of an approval")
	}
	return a.store.Approvals(ctx, by.Tenant, state, after, max(1, min(limit, maxPage)))
}

// Find shows a reviewer one approval of their organisation, or fails with
// ObjectUnknown, for another organisation's as for none.
func (a *Approvals) Find(ctx context.Context, by audit.Caller, approval string) (Approval, error) {
	if _, err := a.reviewer(ctx, by); err != nil {
		return Approval{}, err
	}
	return a.read(ctx, by.Tenant, approval)
}

// waiting is Find for what can still be decided; ChangedMeanwhile otherwise.
func (a *Approvals) waiting(ctx context.Context, by audit.Caller, approval string) (Approval, account.Account, matter, error) {
	person, err := a.reviewer(ctx, by)
	if err != nil {
		return Approval{}, person, matter{}, err
	}
	p, err := a.read(ctx, by.Tenant, approval)
	if err != nil {
		return p, person, matter{}, err
	}
	if !p.waits(a.source.Now()) {
		return p, person, matter{}, fault.New(fault.ChangedMeanwhile)
	}
	m, err := a.matterOf(ctx, p)
	return p, person, m, err
}

// Approve allows the app what was asked, for everyone in the organisation or
// for the people who wait, and tells those. Seen is the version that the
// reviewer looked at: nobody allows what was added since. Consents, principals,
// the record and the mails come true together or not at all. It fails with
// RoleMissing, ObjectUnknown, or ChangedMeanwhile when the approval was changed
// or decided.
func (a *Approvals) Approve(ctx context.Context, by audit.Caller, approval string, seen int64, everyone bool) error {
	p, person, m, err := a.waiting(ctx, by, approval)
	if err != nil {
		return err
	}
	if p.Version != seen {
		return fault.New(fault.ChangedMeanwhile)
	}
	people, err := a.present(ctx, p)
	if err != nil {
		return err
	}
	p.State, p.Decided = Approved, a.decision(person, "")
	p.Decided.Everyone = everyone
	mails, err := a.toRequesters(message.ApprovalGiven, m, p, people, map[string]string{"name": nameOf(person)})
	if err != nil {
		return err
	}
	holders := []id.Object{""}
	whom := "everyone"
	if !everyone {
		holders, whom = nil, strconv.Itoa(len(people))+" people"
		for _, one := range people {
			holders = append(holders, one.ID)
		}
	}
	grants, principals := a.allowing(p, holders)
	defer a.ledger.grants.Forget()
	return a.won(a.swap(ctx, Deed{
		Approval: p, Grants: grants, Principals: principals, Messages: mails,
		Event: a.event(by, "approval.approve", p, "for", whom, "permissions", said(p.Permissions)),
	}))
}

// won turns a lost swap into its fault.
func (a *Approvals) won(won bool, err error) error {
	if err == nil && !won {
		return fault.New(fault.ChangedMeanwhile)
	}
	return err
}

func (a *Approvals) decision(by account.Account, reason string) Decision {
	return Decision{By: by.SignInName, Account: by.ID, At: a.source.Now(), Reason: reason}
}

// allowing writes an approval as consents of its holders; an empty holder is
// everyone.
func (a *Approvals) allowing(p Approval, holders []id.Object) ([]Grant, []application.Principal) {
	principals := []application.Principal{a.ledger.principal(p.Tenant, p.Client)}
	var grants []Grant
	for _, at := range p.Permissions {
		principals = append(principals, a.ledger.principal(p.Tenant, at.Resource))
		for _, holder := range holders {
			grants = append(grants, Grant{
				Tenant: p.Tenant, Client: p.Client, Resource: at.Resource, Account: holder, Scopes: at.Scopes, Given: p.Decided.At,
			})
		}
	}
	return grants, principals
}

// Deny refuses with a reason of 1 to 300 characters, which those who wait are
// told; they cannot ask again for 30 days. It fails with InputInvalid,
// RoleMissing, ObjectUnknown, or ChangedMeanwhile when it was decided.
func (a *Approvals) Deny(ctx context.Context, by audit.Caller, approval, reason string) error {
	return a.refuse(ctx, by, approval, reason, Denied)
}

// Block refuses as Deny does and blocks the app in the whole organisation:
// nobody there can use it, whatever was allowed before, until Unblock.
func (a *Approvals) Block(ctx context.Context, by audit.Caller, approval, reason string) error {
	return a.refuse(ctx, by, approval, reason, Blocked)
}

func (a *Approvals) refuse(ctx context.Context, by audit.Caller, approval, reason string, as State) error {
	p, person, m, err := a.waiting(ctx, by, approval)
	if err != nil {
		return err
	}
	if reason, err = sentence(reason, 1); err != nil {
		return err
	}
	people, err := a.present(ctx, p)
	if err != nil {
		return err
	}
	p.State, p.Decided = as, a.decision(person, reason)
	mails, err := a.toRequesters(message.ApprovalDenied, m, p, people, map[string]string{"reason": reason})
	if err != nil {
		return err
	}
	verb := "approval.deny"
	d := Deed{Approval: p, Messages: mails}
	if as == Blocked {
		verb, d.Blocks, d.Principals = "approval.block", true, []application.Principal{a.ledger.principal(p.Tenant, p.Client)}
		defer a.ledger.grants.Forget()
	}
	d.Event = a.event(by, verb, p, "reason", reason)
	return a.won(a.swap(ctx, d))
}

// Unblock lets an organisation's people use an app again, as far as they were
// allowed before. It fails with RoleMissing, or ObjectUnknown when the app is
// not blocked there.
func (a *Approvals) Unblock(ctx context.Context, by audit.Caller, client id.App) error {
	if _, err := a.reviewer(ctx, by); err != nil {
		return err
	}
	if !id.IsGUID(string(client)) {
		return fault.New(fault.ObjectUnknown)
	}
	defer a.ledger.grants.Forget()
	was, err := a.store.UnblockPrincipal(ctx, by.Tenant, client, a.ledger.event(by, "approval.unblock", string(client)))
	if err == nil && !was {
		return fault.New(fault.ObjectUnknown)
	}
	return err
}
