package customer

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Relationship is a delegated admin relationship: what a customer lets a
// partner's people do in its organisation, and until when
// (secure-application-model.md 7.5).
type Relationship struct {
	ID      string
	Partner id.Tenant
	// Customer is empty for an invitation that any organisation may accept.
	Customer id.Tenant
	// CustomerName is what the partner calls the customer.
	CustomerName string
	// DisplayName is the partner's name for it, one for each relationship.
	DisplayName string
	Status      Status
	// Roles are the directory role template ids that the customer agreed to.
	Roles       []string
	Assignments []Assignment
	// Duration is how long it lasts from its activation, AutoExtend by how much
	// it is prolonged when it ends; in the words of ISO 8601, as they came.
	Duration, AutoExtend string
	// Ends is the instant from which nothing is allowed any more.
	Ends time.Time
	// Since is when the status began; zero for a status that the clock does not
	// move on.
	Since                        time.Time
	Created, Modified, Activated time.Time
	Requests                     []Request
	Operations                   []Operation
	// Revision grows with everything that can be seen of the relationship.
	Revision int64
	// Version is the store's, to swap by.
	Version int64 `json:"-"`
}

// Assignment gives some of the relationship's roles to one of the partner's
// groups.
type Assignment struct {
	ID string
	// Group is what stands in Account.Groups, Container the group's id.
	Group     string
	Container id.Object
	Roles     []string
	// Next are the roles from Since on, while a change is under way.
	Next     []string
	Status   AssignmentStatus
	Since    time.Time
	Created  time.Time
	Modified time.Time
	Revision int64
}

// AssignmentStatus is how far an assignment has come; empty means active.
type AssignmentStatus string

// The states of an assignment.
const (
	AssignmentPending  AssignmentStatus = "pending"
	AssignmentActive   AssignmentStatus = "active"
	AssignmentDeleting AssignmentStatus = "deleting"
)

// Request is what one of the two sides asked for.
type Request struct {
	ID                string
	Action            Action
	Status            Progress
	Created, Modified time.Time
}

// Action is what a request asks for.
type Action string

// The actions.
const (
	LockForApproval Action = "lockForApproval"
	Approve         Action = "approve"
	Reject          Action = "reject"
	Terminate       Action = "terminate"
)

// Operation is a change that takes its time.
type Operation struct {
	ID         string
	Assignment string
	Status     Progress
	// Due is when it is done.
	Due               time.Time
	Created, Modified time.Time
}

// Progress is how far a request or an operation is.
type Progress string

// The stages.
const (
	NotStarted Progress = "notStarted"
	Running    Progress = "running"
	Succeeded  Progress = "succeeded"
)

// Status is how far a relationship has come.
type Status string

// The states, in the order they are passed through.
const (
	Created              Status = "created"
	ApprovalPending      Status = "approvalPending"
	Approved             Status = "approved"
	Activating           Status = "activating"
	Active               Status = "active"
	Expiring             Status = "expiring"
	Expired              Status = "expired"
	TerminationRequested Status = "terminationRequested"
	Terminating          Status = "terminating"
	Terminated           Status = "terminated"
)

// begun reports whether the customer has accepted at some time.
func (s Status) begun() bool {
	switch s {
	case Active, Expiring, Expired, TerminationRequested, Terminating, Terminated:
		return true
	}
	return false
}

func (s Status) known() bool {
	return s.begun() || s == Created || s == ApprovalPending || s == Approved || s == Activating
}

// Delegation is the right of one person to act in a customer's organisation
// now.
type Delegation struct {
	// Relationship is the id of the relationship that it rests on; of several,
	// the first.
	Relationship string
	// Roles are directory role template ids: the union over the person's
	// groups, in order.
	Roles []string
}

// Delegation decides whether a partner's person may act in a customer's
// organisation, and with which directory roles. It is the only place where
// access across tenants is decided (DESIGN 4.2), and nothing of it is kept:
// an ended relationship and a left group count from the next question on.
//
// It fails with ForeignAccount when there is no accepted relationship, or none
// that gives a role to a group of the person; with RelationshipEnded when all
// that were accepted have ended; with AccountDisabled.
func (l *Ledger) Delegation(ctx context.Context, person account.Account, customer id.Tenant) (Delegation, error) {
	if person.Disabled {
		return Delegation{}, fault.New(fault.AccountDisabled, "account", person.SignInName)
	}
	list, err := l.store.Relationships(ctx, person.Tenant, customer)
	if err != nil {
		return Delegation{}, err
	}
	now := l.source.Now()
	var given Delegation
	var live bool
	var ended *Relationship
	for _, r := range list {
		r = r.At(now)
		if r.Status != Active || !now.Before(r.Ends) {
			if r.Status.begun() && !r.Ends.IsZero() && (ended == nil || r.Ends.After(ended.Ends)) {
				ended = &r
			}
			continue
		}
		live = true
		roles := r.rolesOf(person)
		if len(roles) > 0 && given.Relationship == "" {
			given.Relationship = r.ID
		}
		given.Roles = append(given.Roles, roles...)
	}
	switch {
	case len(given.Roles) > 0:
		slices.Sort(given.Roles)
		given.Roles = slices.Compact(given.Roles)
		return given, nil
	case !live && ended != nil:
		return Delegation{}, fault.New(fault.RelationshipEnded, "account", person.SignInName,
			"tenant", string(customer), "name", ended.DisplayName, "date", ended.Ends.Format(time.DateOnly))
	default:
		return Delegation{}, fault.New(fault.ForeignAccount, "account", person.SignInName, "tenant", string(customer))
	}
}

// rolesOf gives what the assignments give to the person's groups. A role that
// the customer did not agree to, or took back, is not given even when an
// assignment still names it (R164).
func (r Relationship) rolesOf(person account.Account) []string {
	var roles []string
	for _, a := range r.Assignments {
		if !person.In(a.Group) || a.Status == AssignmentPending || a.Status == AssignmentDeleting {
			continue
		}
		for _, role := range a.Roles {
			if slices.Contains(r.Roles, role) {
				roles = append(roles, role)
			}
		}
	}
	return roles
}

// SaveRelationship creates or replaces a relationship.
func (l *Ledger) SaveRelationship(ctx context.Context, r Relationship) error {
	refuse := func(parameter, rule string) error {
		return fault.New(fault.RequestMalformed, "parameter", parameter, "rule", rule)
	}
	switch {
	case r.ID == "":
		return fault.New(fault.ParameterMissing, "parameter", "id")
	case r.DisplayName == "":
		return fault.New(fault.ParameterMissing, "parameter", "displayName")
	case !id.IsGUID(string(r.Partner)) || strings.ToLower(string(r.Partner)) != string(r.Partner):
		return refuse("partner", "a GUID in lower case")
	case !id.IsGUID(string(r.Customer)) || strings.ToLower(string(r.Customer)) != string(r.Customer):
		return refuse("customer", "a GUID in lower case")
	case !r.Status.known():
		return refuse("status", "a known status")
	case r.Status == Active && r.Ends.IsZero():
		return refuse("endDateTime", "an end: a relationship without one is refused everywhere")
	}
	return l.store.SaveRelationship(ctx, r)
}
