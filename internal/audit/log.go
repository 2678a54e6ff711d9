package audit

import (
	"context"
	"log/slog"

	"github.com/entente-id/entente/internal/id"
)

// Log keeps failed attempts.
type Log struct {
	store  Store
	source id.Source
	log    *slog.Logger
}

// NewLog opens the room.
func NewLog(store Store, source id.Source, log *slog.Logger) *Log {
	return &Log{store: store, source: source, log: log}
}

// Keep gives an attempt its reference and time and keeps it, before anybody is
// shown the reference. When even that fails, the person still gets an answer:
// the reference is in the server's log.
func (l *Log) Keep(ctx context.Context, a Attempt) Attempt {
	a.Reference, a.At = l.source.Reference(), l.source.Now()
	if a.TraceID == "" {
		a.TraceID = l.source.NewGUID()
	}
	if a.CorrelationID == "" {
		a.CorrelationID = l.source.NewGUID()
	}
	// The person waits for the answer, not for the connection: a client that
	// hangs up does not take its attempt along.
	if err := l.store.AddAttempt(context.WithoutCancel(ctx), a); err != nil {
		l.log.ErrorContext(ctx, "keep attempt", "reference", a.Reference, "code", int(a.Code), "error", err)
	}
	return a
}

// Find gives an attempt by reference, trace id or correlation id, or fails
// with ReferenceUnknown.
func (l *Log) Find(ctx context.Context, reference string) (Attempt, error) {
	return l.store.FindAttempt(ctx, reference)
}

// Attempts lists what failed in a tenant, newest first.
func (l *Log) Attempts(ctx context.Context, tenant id.Tenant, limit int) ([]Attempt, error) {
	return l.store.Attempts(ctx, tenant, limit)
}

// SignIns lists the sign-ins of a tenant's people that succeeded, newest first.
func (l *Log) SignIns(ctx context.Context, tenant id.Tenant, limit int) ([]SignIn, error) {
	return l.store.SignIns(ctx, tenant, limit)
}

// Events lists what was done in a tenant, or to it by another one, newest
// first.
func (l *Log) Events(ctx context.Context, tenant id.Tenant, limit int) ([]Event, error) {
	return l.store.Events(ctx, tenant, limit)
}
