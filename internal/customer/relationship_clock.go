package customer

import (
	"slices"
	"time"
)

const (
	// settling is how long each step lasts that happens by itself. At
	// Microsoft it is minutes to hours; nobody learns by waiting.
	settling = 5 * time.Second
	// invitationLife is how long a customer has to approve.
	invitationLife = 90 * 24 * time.Hour
)

// At gives the relationship as it is at an instant: what the clock moves has
// moved, however long ago it was stored. Both sides' reading, and whoever
// decides about rights, see the same.
func (r Relationship) At(now time.Time) Relationship {
	for {
		next, due := r.next()
		if due.IsZero() || now.Before(due) {
			return r
		}
		r = next
	}
}

// Due is when the clock moves something next; zero for never.
func (r Relationship) Due() time.Time {
	_, due := r.next()
	return due
}

// next gives what comes next by itself, and when.
func (r Relationship) next() (Relationship, time.Time) {
	step, due := r.status()
	if at := r.firstAssignment(); at >= 0 && earlier(r.Assignments[at].Since.Add(settling), due) {
		step, due = r.settle(at), r.Assignments[at].Since.Add(settling)
	}
	if at := r.firstOperation(); at >= 0 && earlier(r.Operations[at].Due, due) {
		due = r.Operations[at].Due
		step = r.touched(due)
		step.Operations = slices.Clone(r.Operations)
		step.Operations[at].Status, step.Operations[at].Modified = Succeeded, due
	}
	return step, due
}

func earlier(a, b time.Time) bool { return b.IsZero() || a.Before(b) }

// following are the states that come by themselves.
var following = map[Status]Status{
	Approved: Activating, Activating: Active, TerminationRequested: Terminating, Terminating: Terminated,
	Active: Expiring, Expiring: Expired, ApprovalPending: Expired,
}

// status gives the next status and when it begins.
func (r Relationship) status() (Relationship, time.Time) {
	to := following[r.Status]
	switch {
	case to == "":
		return r, time.Time{}
	case r.Status == Active && r.Ends.IsZero():
		return r, time.Time{}
	case r.Status == Active:
		return r.ending(to)
	case r.Since.IsZero():
		return r, time.Time{}
	case r.Status == ApprovalPending:
		due := r.Since.Add(invitationLife)
		return r.became(to, due), due
	}
	due := r.Since.Add(settling)
	step := r.became(to, due)
	if to == Active {
		// What was stored is a period: Create and Change have read it.
		if p, err := ParsePeriod(r.Duration); err == nil {
			step.Activated, step.Ends = due, p.From(due)
		}
	}
	return step, due
}

// ending is what happens at the end: a prolongation, where both sides have
// agreed to one, or the end.
func (r Relationship) ending(to Status) (Relationship, time.Time) {
	if p, err := ParsePeriod(r.AutoExtend); err == nil && !p.none() {
		step := r.touched(r.Ends)
		step.Ends = p.From(r.Ends)
		return step, r.Ends
	}
	return r.became(to, r.Ends), r.Ends
}

func (r Relationship) became(s Status, at time.Time) Relationship {
	r = r.touched(at)
	r.Status, r.Since = s, at
	return r
}

func (r Relationship) touched(at time.Time) Relationship {
	r.Modified, r.Revision = at, r.Revision+1
	return r
}

func (r Relationship) firstAssignment() int {
	first := -1
	for i, a := range r.Assignments {
		if !a.Since.IsZero() && (first < 0 || a.Since.Before(r.Assignments[first].Since)) {
			first = i
		}
	}
	return first
}

// settle brings an assignment to what was asked of it.
func (r Relationship) settle(at int) Relationship {
	a := r.Assignments[at]
	r = r.touched(a.Since.Add(settling))
	r.Assignments = slices.Clone(r.Assignments)
	if a.Status == AssignmentDeleting {
		r.Assignments = slices.Delete(r.Assignments, at, at+1)
		return r
	}
	if a.Next != nil {
		a.Roles, a.Next = a.Next, nil
	}
	a.Status, a.Since, a.Modified, a.Revision = AssignmentActive, time.Time{}, r.Modified, a.Revision+1
	r.Assignments[at] = a
	return r
}

func (r Relationship) firstOperation() int {
	first := -1
	for i, o := range r.Operations {
		if o.Status != Succeeded && (first < 0 || o.Due.Before(r.Operations[first].Due)) {
			first = i
		}
	}
	return first
}
