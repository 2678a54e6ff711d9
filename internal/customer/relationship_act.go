package customer

import (
	"context"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Ask is one side's request: the partner locks a draft for approval, the
// customer approves or rejects, either terminates. It fails with StateConflict
// for a status that the action does not fit, RequestMalformed for an action
// that there is not, RoleMissing, MFARequiredByAPI or ObjectUnknown. An ETag is
// checked where it is given.
func (l *Relationships) Ask(ctx context.Context, by audit.Caller, key, etag string, action Action) (Request, error) {
	side, known := map[Action]Side{LockForApproval: PartnerSide, Approve: CustomerSide, Reject: CustomerSide, Terminate: Stranger}[action]
	if !known {
		return Request{}, fault.New(fault.RequestMalformed, "parameter", "action", "rule", "lockForApproval, approve, reject or terminate")
	}
	var q Request
	_, err := l.amend(ctx, by, key, "relationship."+string(action), side, func(r *Relationship) error {
		if etag != "" {
			if err := r.checkETag(etag); err != nil {
				return err
			}
		}
		now := l.source.Now()
		if err := r.act(action, by.Tenant, now); err != nil {
			return err
		}
		q = Request{ID: l.source.NewGUID(), Action: action, Status: Succeeded, Created: now, Modified: now}
		r.Requests = keepLast(append(slices.Clone(r.Requests), q))
		return nil
	})
	return q, err
}

// act moves the status as an action asks.
func (r *Relationship) act(action Action, by id.Tenant, now time.Time) error {
	from, to := []Status{}, Status("")
	switch action {
	case LockForApproval:
		from, to = []Status{Created}, ApprovalPending
	case Approve:
		from, to = []Status{ApprovalPending}, Approved
	case Reject:
		from, to = []Status{ApprovalPending}, Terminated
	case Terminate:
		from, to = []Status{ApprovalPending, Approved, Activating, Active}, TerminationRequested
	}
	if !slices.Contains(from, r.Status) {
		return fault.New(fault.StateConflict, "rule", "a relationship for which "+string(action)+" can be asked; it is "+string(r.Status))
	}
	if r.SideOf(by) == Stranger && action != Approve {
		// Who could accept an open invitation cannot take it from the others.
		return fault.New(fault.RoleMissing, "role", "a side of the relationship")
	}
	if action == Approve {
		r.Customer = by
	}
	if to == TerminationRequested && !r.Ends.IsZero() && now.Before(r.Ends) {
		r.Ends = now
	}
	r.Status, r.Since = to, now
	return nil
}

// maxKept bounds the requests and operations that are remembered.
const maxKept = 50

func keepLast[T any](list []T) []T { return list[max(0, len(list)-maxKept):] }

// maxAssignments bounds the assignments of one relationship.
const maxAssignments = 100

// Assign gives some of an active relationship's roles to one of the partner's
// security groups. It counts when its status is active. It fails with
// StateConflict when the group has an assignment or the relationship is not
// active, RequestMalformed, and like Change.
func (l *Relationships) Assign(ctx context.Context, by audit.Caller, key string, group id.Object, roles []string) (Assignment, error) {
	var a Assignment
	_, err := l.amend(ctx, by, key, "relationship.assign", PartnerSide, func(r *Relationship) error {
		if r.Status != Active {
			return fault.New(fault.StateConflict, "rule", "an active relationship; it is "+string(r.Status))
		}
		g, err := l.securityGroup(ctx, by.Tenant, group)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(r.Assignments, func(a Assignment) bool { return a.Group == g.Key && a.Status != AssignmentDeleting }) {
			return fault.New(fault.StateConflict, "parameter", "accessContainerId", "rule", "a group that has no assignment yet")
		}
		if len(r.Assignments) >= maxAssignments {
			return fault.New(fault.StateConflict, "rule", "at most 100 assignments")
		}
		chosen, err := r.chosen(roles)
		if err != nil {
			return err
		}
		now := l.source.Now()
		a = Assignment{ID: l.source.NewGUID(), Group: g.Key, Container: g.ID, Roles: chosen, Status: AssignmentPending, Since: now, Created: now, Modified: now, Revision: 1}
		r.Assignments = append(slices.Clone(r.Assignments), a)
		return nil
	})
	return a, err
}

func (l *Relationships) securityGroup(ctx context.Context, t id.Tenant, group id.Object) (account.Group, error) {
	wrong := fault.New(fault.RequestMalformed, "parameter", "accessContainer/accessContainerId", "rule", "the id of a security group of the partner")
	g, err := l.groups.Find(ctx, t, group)
	if fault.Has(err, fault.ObjectUnknown) || err == nil && !g.Security {
		return g, wrong
	}
	return g, err
}

// chosen reads roles of an assignment: some of those that were agreed.
func (r Relationship) chosen(roles []string) ([]string, error) {
	list, err := rolesFrom(roles, account.DirectoryRoles())
	if err != nil {
		return nil, err
	}
	for _, role := range list {
		if !slices.Contains(r.Roles, role) {
			return nil, fault.New(fault.RequestMalformed, "parameter", "accessDetails/unifiedRoles", "rule", "roles that the relationship has")
		}
	}
	return list, nil
}

// ChangeAssignment gives a group other roles: what it loses at once, what it
// gains when the operation has succeeded. Without a difference there is no
// operation. It fails like Assign, and with ChangedMeanwhile.
func (l *Relationships) ChangeAssignment(ctx context.Context, by audit.Caller, key, assignment, etag string, roles []string) (*Operation, error) {
	r, _, err := l.load(ctx, by, key)
	if err != nil {
		return nil, err
	}
	if a, err := r.Assignment(assignment); err == nil && a.ETag() == etag && a.Next == nil {
		if chosen, err := r.chosen(roles); err == nil && slices.Equal(chosen, a.Roles) {
			return nil, l.acting(ctx, by, r.SideOf(by.Tenant), PartnerSide)
		}
	}
	now := l.source.Now()
	o := Operation{ID: l.source.NewGUID(), Assignment: assignment, Status: Running, Due: now.Add(settling), Created: now, Modified: now}
	_, err = l.amend(ctx, by, key, "relationship.assignment.change", PartnerSide, func(r *Relationship) error {
		return r.change(assignment, etag, func(a *Assignment) error {
			if r.Status != Active {
				return fault.New(fault.StateConflict, "rule", "an active relationship; it is "+string(r.Status))
			}
			chosen, err := r.chosen(roles)
			if err != nil {
				return err
			}
			a.Roles = slices.DeleteFunc(slices.Clone(a.Roles), func(role string) bool { return !slices.Contains(chosen, role) })
			a.Next, a.Since, a.Modified = chosen, now, now
			r.Operations = keepLast(append(slices.Clone(r.Operations), o))
			return nil
		})
	})
	return &o, err
}

// RemoveAssignment takes a group's roles away, at once. It fails with
// ChangedMeanwhile, ObjectUnknown, and like Change.
func (l *Relationships) RemoveAssignment(ctx context.Context, by audit.Caller, key, assignment, etag string) error {
	_, err := l.amend(ctx, by, key, "relationship.assignment.remove", PartnerSide, func(r *Relationship) error {
		return r.change(assignment, etag, func(a *Assignment) error {
			a.Status, a.Since, a.Modified = AssignmentDeleting, l.source.Now(), l.source.Now()
			return nil
		})
	})
	return err
}

// Assignment gives one by id, or fails with ObjectUnknown.
func (r Relationship) Assignment(key string) (Assignment, error) {
	for _, a := range r.Assignments {
		if a.ID == key {
			return a, nil
		}
	}
	return Assignment{}, fault.New(fault.ObjectUnknown, "object", key)
}

func (r *Relationship) change(assignment, etag string, how func(*Assignment) error) error {
	a, err := r.Assignment(assignment)
	switch {
	case err != nil:
		return err
	case a.ETag() != etag:
		return fault.New(fault.ChangedMeanwhile, "object", assignment)
	case a.Status == AssignmentDeleting:
		return fault.New(fault.StateConflict, "rule", "an assignment that is not being deleted")
	}
	a.Revision++
	if err := how(&a); err != nil {
		return err
	}
	r.Assignments = slices.Clone(r.Assignments)
	r.Assignments[slices.IndexFunc(r.Assignments, func(b Assignment) bool { return b.ID == assignment })] = a
	return nil
}

// acting says who may change a relationship: the side that is asked for, or
// with Stranger the one that the caller is on.
func (l *Relationships) acting(ctx context.Context, by audit.Caller, is, wanted Side) error {
	switch {
	case is == PartnerSide && wanted != CustomerSide:
		return l.agent(ctx, by, true)
	case is != PartnerSide && wanted != PartnerSide:
		return l.administrator(ctx, by)
	}
	return fault.New(fault.RoleMissing, "role", "the other side of the relationship")
}

// reader says who may see a relationship.
func (l *Relationships) reader(ctx context.Context, by audit.Caller, side Side) error {
	if side == PartnerSide {
		return l.agent(ctx, by, false)
	}
	return l.administrator(ctx, by, account.GlobalReader)
}

// lister lets whoever could be either side ask what there is.
func (l *Relationships) lister(ctx context.Context, by audit.Caller) error {
	err := l.agent(ctx, by, false)
	if err != nil && l.administrator(ctx, by, account.GlobalReader) == nil {
		return nil
	}
	return err
}

// agent asks for one of the partner's people, as they are now; to write, for an
// Admin Agent with a second factor (secure-application-model.md 9, row 38).
func (l *Relationships) agent(ctx context.Context, by audit.Caller, writes bool) error {
	person, err := l.person(ctx, by)
	if err != nil {
		return err
	}
	if !person.In(account.AdminAgents) && (writes || !person.In(account.HelpdeskAgents) && !person.In(account.SalesAgents)) {
		return fault.New(fault.RoleMissing, "role", account.AdminAgents)
	}
	if writes && !by.HasMFA() {
		return fault.New(fault.MFARequiredByAPI)
	}
	return nil
}

// administrator asks for a Global Administrator of the customer, or for one of
// the other roles.
func (l *Relationships) administrator(ctx context.Context, by audit.Caller, others ...string) error {
	person, err := l.person(ctx, by)
	if err != nil {
		return err
	}
	if !person.Holds(account.GlobalAdministrator) && !person.Holds(others...) {
		return fault.New(fault.RoleMissing, "role", "Global Administrator")
	}
	return nil
}

// person is the caller at home: no partner's person decides for a customer,
// and no application alone.
func (l *Relationships) person(ctx context.Context, by audit.Caller) (account.Account, error) {
	if by.AppOnly {
		return account.Account{}, fault.New(fault.AppOnlyRefused)
	}
	if by.Home != by.Tenant {
		return account.Account{}, fault.New(fault.ForeignAccount, "account", by.SignInName)
	}
	person, err := l.people.Find(ctx, by.Home, by.Account)
	if err == nil && person.Disabled {
		return person, fault.New(fault.AccountDisabled, "account", person.SignInName)
	}
	return person, err
}
