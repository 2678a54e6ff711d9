package dialect

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/signin"
)

// words is how a fault sounds in this edge's dialect (identity-platform.md 2.8
// and 4).
type words struct {
	status int
	// kind is the error of the token endpoint; v1 has another one for some.
	kind, kindV1 string
	// sub is the suberror, which tells clients whether a page would help.
	sub string
	// redirect is the error that goes back to an application's redirect
	// address; "" means that this failure is never sent there.
	redirect string
	// text is the sentence after "AADSTSn: ", with facts in braces. It is
	// English on every wire.
	text string
}

func wording(f *fault.Fault) words {
	if w, ok := table[f.Code]; ok {
		return w
	}
	// Faults of other edges cannot come from here; if one does, it is ours.
	return table[fault.Unexpected]
}

// placeholder is where a sentence takes a fact.
var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// fill puts the facts into the sentence, in one pass: a fact may be a
// stranger's text and is never read as a placeholder itself. What is missing
// is left out, and characters that error_description must not carry are
// replaced (RFC 6749 5.2).
func (w words) fill(f *fault.Fault) string {
	text := placeholder.ReplaceAllStringFunc(w.text, func(name string) string {
		if value, ok := f.Facts[strings.Trim(name, "{}")]; ok {
			return value
		}
		return "-"
	})
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"', r == '\\':
			return '\''
		case r == '{':
			return '('
		case r == '}':
			return ')'
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, text)
}

// describe is error_description: tools match on its AADSTS prefix and people
// paste it into searches and tickets.
func (w words) describe(f *fault.Fault, a audit.Attempt) string {
	return fmt.Sprintf("AADSTS%d: %s Reference: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
		f.Code, w.fill(f), a.Reference, a.TraceID, a.CorrelationID, stamp(a.At))
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func (s *Speaker) explainAddress(f *fault.Fault) string {
	return s.origin + "/error?code=" + strconv.Itoa(int(f.Code))
}

// wireError is the body of a failure.
type wireError struct {
	Error         string       `json:"error"`
	Description   string       `json:"error_description"`
	Codes         []fault.Code `json:"error_codes"`
	Timestamp     string       `json:"timestamp"`
	TraceID       string       `json:"trace_id"`
	CorrelationID string       `json:"correlation_id"`
	URI           string       `json:"error_uri"`
	SubError      string       `json:"suberror,omitempty"`
	// Claims are what the next sign-in has to prove, as JSON in a string: the
	// client hands them to the authorize address (identity-platform.md 0, rule 31).
	Claims string `json:"claims,omitempty"`
	// Reference is ours: what a person pastes into "entente explain".
	Reference string `json:"reference"`
}

// Fail is the one function through which the errors of the authority's edges
// leave: JSON for programs, a page for people at the addresses that browsers
// open.
func (s *Speaker) Fail(w http.ResponseWriter, r *http.Request, c Call, err error, about signin.About) {
	f := fault.Of(err)
	if f.Code == fault.Unexpected || f.Code == fault.DirectoryBusy {
		s.log.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "correlation", c.Correlation, "error", err)
	}
	about.CorrelationID, about.TraceID = c.Correlation, c.Trace
	if forPeople(r) {
		s.refuse(w, r, err, about)
		return
	}
	said := wording(f)
	kept := s.attempts.Keep(r.Context(), about.Attempt(f, ""))
	body := s.body(f, said, kept)
	if c.OnBehalf && body.Claims != "" {
		body.Error = interaction
	}
	if c.Version == 1 {
		if said.kindV1 != "" {
			body.Error = said.kindV1
		}
		if f.Code == fault.GrantExpired {
			// Old clients look for 70002 first (recorded).
			body.Codes = []fault.Code{70002, f.Code}
			body.Description = "AADSTS70002: Error validating credentials. " + body.Description
		}
	}
	w.Header().Set("X-Entente-Reference", kept.Reference)
	if said.status == http.StatusUnauthorized && strings.HasPrefix(r.Header.Get("Authorization"), "Basic ") {
		w.Header().Set("WWW-Authenticate", `Basic realm="`+s.host+`"`)
	}
	if said.status == http.StatusServiceUnavailable || said.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "5")
	}
	WriteJSON(w, said.status, body)
}

// FailDocument is Fail for public documents, which scripts of other origins
// read too. An unknown tenant is "invalid_tenant" there, and "invalid_request"
// at the token endpoint (recorded).
func (s *Speaker) FailDocument(w http.ResponseWriter, r *http.Request, c Call, err error) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	f := fault.Of(err)
	about := signin.About{Step: "discovery", CorrelationID: c.Correlation, TraceID: c.Trace}
	if f.Code != fault.TenantUnknown {
		s.Fail(w, r, c, err, about)
		return
	}
	said := wording(f)
	body := s.body(f, said, s.attempts.Keep(r.Context(), about.Attempt(f, "")))
	body.Error = invalidTenant
	WriteJSON(w, said.status, body)
}

func (s *Speaker) body(f *fault.Fault, said words, kept audit.Attempt) wireError {
	return wireError{
		Error: said.kind, Description: said.describe(f, kept), Codes: []fault.Code{f.Code}, Timestamp: stamp(kept.At),
		TraceID: kept.TraceID, CorrelationID: kept.CorrelationID, URI: s.explainAddress(f), SubError: said.sub, Reference: kept.Reference,
		Claims: challenge(f),
	}
}

// challenge is the claims parameter of the sign-in that would mend a failure.
func challenge(f *fault.Fault) string {
	switch f.Code {
	case fault.SecondFactorRequired, fault.SecondFactorWanted, fault.SecondFactorMissing:
		return `{"access_token":{"amr":{"essential":true,"values":["mfa"]}}}`
	case fault.NewerSignIn:
		return `{"access_token":{"nbf":{"essential":true,"value":"` + f.Facts["from"] + `"}}}`
	}
	return ""
}

// Redirectable reports whether a failure may go back to an application's
// redirect address at all (identity-platform.md 1.7).
func Redirectable(f *fault.Fault) bool { return wording(f).redirect != "" }

// Redirected keeps the attempt and gives the fields by which a failure goes
// back to an application's redirect address.
func (s *Speaker) Redirected(ctx context.Context, f *fault.Fault, about signin.About) [][2]string {
	said := wording(f)
	kept := s.attempts.Keep(ctx, about.Attempt(f, ""))
	fields := [][2]string{
		{"error", said.redirect},
		{"error_description", said.describe(f, kept)},
		{"error_uri", s.explainAddress(f)},
	}
	if f.Code == fault.ConsentDeclined {
		fields = append(fields, [2]string{"error_subcode", "cancel"})
	}
	return fields
}

// forPeople: these addresses are opened by browsers, the others by programs.
func forPeople(r *http.Request) bool {
	_, rest, _ := Split(r.URL.Path)
	return strings.HasSuffix(rest, "/authorize") || strings.HasSuffix(rest, "/logout") || strings.HasSuffix(rest, "adminconsent") ||
		(r.Method == http.MethodGet && strings.HasSuffix(rest, "/token") && strings.Contains(r.Header.Get("Accept"), "text/html"))
}
