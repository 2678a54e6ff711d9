// Package calls is what the APIs on our origin have in common: reading a bearer
// token and a JSON body, writing an answer, and keeping a call that failed
// under its reference. What a failure looks like is each API's own dialect.
package calls

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
)

// Token reads the access token of a request (RFC 6750 2.1). It fails with
// AccessTokenMissing, or with AccessTokenInvalid when there are several headers
// and so two readers could see two callers.
func Token(r *http.Request) (string, error) {
	sent := r.Header.Values("Authorization")
	if len(sent) == 0 {
		return "", fault.New(fault.AccessTokenMissing)
	}
	if len(sent) > 1 {
		return "", fault.New(fault.AccessTokenInvalid, "rule", "one Authorization header")
	}
	scheme, raw, _ := strings.Cut(sent[0], " ")
	if raw = strings.TrimSpace(raw); !strings.EqualFold(scheme, "Bearer") || raw == "" {
		return "", fault.New(fault.AccessTokenMissing)
	}
	return raw, nil
}

// Object reads a body of at most limit bytes, one JSON object, into a struct.
// Members that it does not have are refused when strict: a misspelt one would
// else be taken for absent. It fails with EncodingUnsupported, BodyTooLarge or
// RequestMalformed.
func Object(w http.ResponseWriter, r *http.Request, limit int64, strict bool, into any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return fault.New(fault.EncodingUnsupported, "parameter", "Content-Type", "rule", "application/json")
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit))
	if strict {
		decoder.DisallowUnknownFields()
	}
	err = decoder.Decode(into)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the object")
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		limit := strconv.FormatInt(limit, 10)
		return fault.New(fault.BodyTooLarge, "limit", limit, "rule", "at most "+limit+" bytes")
	case err != nil:
		return fault.New(fault.RequestMalformed, "parameter", "body", "rule", "one JSON object with the documented members").Because(err)
	}
	return nil
}

// Write sends a body as JSON of a media type. Nothing of it has left when it
// fails. A nil body sends none.
func Write(w http.ResponseWriter, status int, kind string, body any) error {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if body == nil {
		w.WriteHeader(status)
		return nil
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	// A client that went away is no failure of ours.
	_, _ = w.Write(text)
	return nil
}

// usualWait is how long a caller waits when the fault says nothing, in seconds.
const usualWait = "5"

// RetryAfter tells a caller when to come again, in whole seconds, with every
// answer of 429 or 503.
func RetryAfter(h http.Header, status int, f *fault.Fault) {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return
	}
	wait := usualWait
	if _, err := strconv.Atoi(f.Facts["seconds"]); err == nil {
		wait = f.Facts["seconds"]
	}
	h.Set("Retry-After", wait)
}

// Failures is where calls that failed are kept.
type Failures struct {
	Apps     *application.Registry
	Attempts *audit.Log
	// Log takes failures of our own; callers are told their reference only.
	Log *slog.Logger
}

// Keep keeps a call that failed under a reference, which it also writes to the
// answer's header, so that it can be explained later. Who called, and the ids
// and the checks passed, are in the attempt already; the rest is told by the
// fault.
func (k Failures) Keep(ctx context.Context, h http.Header, err error, a audit.Attempt) audit.Attempt {
	f := fault.Of(err)
	a.Code, a.Facts = f.Code, f.Facts
	if a.App != "" {
		// One that is not found has no name.
		if app, err := k.Apps.Find(ctx, a.App); err == nil {
			a.AppName = app.Name
		}
	}
	kept := k.Attempts.Keep(ctx, a)
	if fault.Describe(f.Code).Kind == fault.Internal {
		k.Log.ErrorContext(ctx, "call failed", "step", a.Step, "reference", kept.Reference, "request", kept.TraceID, "error", err)
	}
	h["X-Entente-Reference"] = []string{kept.Reference}
	return kept
}

// By begins the attempt of a caller at one of our APIs, which step names.
func By(caller audit.Caller, step string) audit.Attempt {
	return audit.Attempt{
		Tenant: caller.Tenant, Home: caller.Home, Account: caller.Account, Address: caller.SignInName, App: caller.App, Step: step,
	}
}
