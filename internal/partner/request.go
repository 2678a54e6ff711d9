package partner

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Request is one call of a partner's person, as the reports on the second
// factor show it (secure-application-model.md 5.3).
type Request struct {
	ID, CorrelationID string
	Partner           id.Tenant
	// Operation is the method and the pattern of the address.
	Operation  string
	At         time.Time
	IP         string
	Account    id.Object
	SignInName string
	App        id.App
	Compliant  bool
}

const (
	// reportDays is how far back the reports look.
	reportDays = 7
	// maxRequests bounds a report.
	maxRequests = 10_000
)

// Note keeps a call. Applications alone are not held to a second factor, so
// theirs are not kept.
func (f *Files) Note(ctx context.Context, r Request) error {
	r.At = f.source.Now()
	return f.store.KeepRequest(ctx, r)
}

// Requests lists the calls of the last seven days, newest first.
func (f *Files) Requests(ctx context.Context, by audit.Caller) ([]Request, error) {
	if err := f.person(ctx, by, account.AdminAgents); err != nil {
		return nil, err
	}
	return f.store.RequestsOf(ctx, by.Tenant, f.source.Now().AddDate(0, 0, -reportDays), maxRequests)
}

// Adoption counts an app's calls of one day.
type Adoption struct {
	// Day is such as 2026-05-20.
	Day              string
	App              id.App
	Compliant, Total int
}

// Adoptions counts the calls by day and app, newest day first.
func (f *Files) Adoptions(ctx context.Context, by audit.Caller) ([]Adoption, error) {
	requests, err := f.Requests(ctx, by)
	if err != nil {
		return nil, err
	}
	counted := []Adoption{}
	for _, r := range requests {
		day := r.At.Format(time.DateOnly)
		i := slices.IndexFunc(counted, func(a Adoption) bool { return a.Day == day && a.App == r.App })
		if i < 0 {
			i, counted = len(counted), append(counted, Adoption{Day: day, App: r.App})
		}
		counted[i].Total++
		if r.Compliant {
			counted[i].Compliant++
		}
	}
	return counted, nil
}

// NonCompliant lists the last call without a second factor of each person,
// newest first.
func (f *Files) NonCompliant(ctx context.Context, by audit.Caller) ([]Request, error) {
	requests, err := f.Requests(ctx, by)
	if err != nil {
		return nil, err
	}
	last := []Request{}
	for _, r := range requests {
		if !r.Compliant && !slices.ContainsFunc(last, func(o Request) bool { return o.Account == r.Account }) {
			last = append(last, r)
		}
	}
	return last, nil
}

// RecordQuery says which audit records are wanted.
type RecordQuery struct {
	From, To time.Time
	// Customer keeps those about one customer; empty for all.
	Customer id.Tenant
	// Before is where the last page ended; a zero mark is the start.
	Before Mark
	Limit  int
}

// Mark is a place in the list of records.
type Mark struct {
	At time.Time
	ID string
}

const (
	// MaxRecords is the most records on one page.
	MaxRecords = 500
	recordDays = 90
)

// Records gives a page of what was done by the partner or at its customers,
// newest first. Without a start it is the last 30 days. It fails with
// RequestMalformed for a start that is more than 90 days back.
func (f *Files) Records(ctx context.Context, by audit.Caller, q RecordQuery) ([]audit.Event, error) {
	if err := f.register.Admit(ctx, by, account.AdminAgents); err != nil {
		return nil, err
	}
	now := f.source.Now()
	if q.From.IsZero() {
		q.From = now.AddDate(0, 0, -30)
	}
	if q.To.IsZero() {
		q.To = now
	}
	switch {
	case q.From.Before(now.AddDate(0, 0, -recordDays).Truncate(24 * time.Hour)):
		return nil, fault.New(fault.RequestMalformed, "parameter", "startDate", "rule", "at most "+strconv.Itoa(recordDays)+" days back")
	case q.To.Before(q.From):
		return nil, fault.New(fault.RequestMalformed, "parameter", "endDate", "rule", "not before startDate")
	case q.Limit < 0 || q.Limit > MaxRecords+1:
		return nil, fault.New(fault.PageInvalid, "parameter", "size", "rule", "0 to "+strconv.Itoa(MaxRecords))
	}
	return f.store.Records(ctx, by.Tenant, q)
}
