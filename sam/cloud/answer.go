package cloud

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/entente-id/entente/sam/secret"
)

// ErrUnanswered is wrapped when no usable answer arrived: the request may or may
// not have been carried out.
var ErrUnanswered = errors.New("no usable answer")

// Answer is what a token endpoint gives.
type Answer struct {
	Access    secret.Text
	Refresh   secret.Text // empty when the authority gave none
	ID        secret.Text // ID token; empty for the application's own tokens
	Life      time.Duration
	Reference string // the client-request-id the question was asked under
}

// number reads the numbers of both wires: version 1 writes them as strings.
type number int64

func (n *number) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	value, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil || !(value > -1<<53 && value < 1<<53) {
		return errors.New("a number was expected")
	}
	*n = number(value)
	return nil
}

func parseAnswer(body []byte, reference string) (Answer, error) {
	var wire struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		ID      string `json:"id_token"`
		Type    string `json:"token_type"`
		Life    number `json:"expires_in"`
	}
	// A captive portal or a proxy may answer 200 with a page of its own; that is
	// no answer of the authority. The cause is not wrapped: it quotes the body.
	if json.Unmarshal(body, &wire) != nil || wire.Access == "" {
		return Answer{}, fmt.Errorf("%w: what came back is not a token", ErrUnanswered)
	}
	if wire.Type != "" && !strings.EqualFold(wire.Type, "Bearer") {
		return Answer{}, fmt.Errorf("%w: the token is not of type Bearer", ErrUnanswered)
	}
	return Answer{
		Access:    secret.New(wire.Access),
		Refresh:   secret.New(wire.Refresh),
		ID:        secret.New(wire.ID),
		Life:      time.Duration(wire.Life) * time.Second,
		Reference: reference,
	}, nil
}

// Refusal is an authority's no.
type Refusal struct {
	Status      int    // HTTP status
	Code        string // OAuth code, such as "invalid_grant"; empty if the body was none of the protocol's
	Numbers     []int  // AADSTS numbers, the decisive one first
	Suberror    string // what kind of interaction would help, or which token trouble it is
	Claims      string // JSON to send along when a person signs in again
	Description string // the authority's sentence, without secrets or control characters
	Reference   string // correlation id, to be quoted to who runs the authority
	Trace       string
	RetryAfter  time.Duration // zero when the authority named no time
}

// Number is the decisive AADSTS number, or 0.
func (r *Refusal) Number() int {
	if len(r.Numbers) == 0 {
		return 0
	}
	return r.Numbers[0]
}

// Error says what the authority said.
func (r *Refusal) Error() string {
	switch {
	case r.Description != "":
		return r.Description
	case r.Code != "":
		return "the authority refused: " + r.Code
	default:
		return fmt.Sprintf("the authority answered %d", r.Status)
	}
}

// Transient says that the same question may be asked again after a while: nothing
// was decided. A refusal of the grant, the person or the application is not.
func Transient(err error) bool {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal.Status == http.StatusTooManyRequests || refusal.Status == http.StatusRequestTimeout ||
			refusal.Status >= 500 || refusal.Code == "temporarily_unavailable"
	}
	return errors.Is(err, ErrUnanswered) && !Untrusted(err)
}

// Untrusted says that whoever answered could not prove with a certificate to be
// the authority. Asking again does not help; trusting its CA may.
func Untrusted(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// parseRefusal reads the error format of both wires. The secrets of the request
// are cut out of every text, in case the other side echoes what it was sent.
func parseRefusal(response *http.Response, body []byte, reference string, now time.Time, secrets []string) error {
	var wire struct {
		Error       string   `json:"error"`
		Description string   `json:"error_description"`
		Codes       []number `json:"error_codes"`
		Suberror    string   `json:"suberror"`
		Claims      string   `json:"claims"`
		Correlation string   `json:"correlation_id"`
		Trace       string   `json:"trace_id"`
		// Reference is what an Entente gives people to quote.
		Reference string `json:"reference"`
	}
	refusal := &Refusal{Status: response.StatusCode, RetryAfter: retryAfter(response.Header, now)}
	if json.Unmarshal(body, &wire) != nil {
		// Gateways in front of an authority answer with pages of their own.
		refusal.Reference = reference
		return refusal
	}
	refusal.Code = presentable(wire.Error, 64, secrets)
	refusal.Suberror = presentable(wire.Suberror, 64, secrets)
	refusal.Description = presentable(sentence(wire.Description), 400, secrets)
	refusal.Reference = presentable(firstOf(wire.Reference, wire.Correlation, reference), 64, secrets)
	refusal.Trace = presentable(wire.Trace, 64, secrets)
	if len(wire.Claims) <= 4096 && json.Valid([]byte(wire.Claims)) {
		refusal.Claims = wire.Claims
	}
	refusal.Numbers = decisive(wire.Codes, wire.Description)
	return refusal
}

// decisive orders the numbers: version 1 lists a general one before the one that
// tells (70002 before 70008), so that one is moved to the end.
func decisive(codes []number, description string) []int {
	const general = 70002
	var numbers []int
	for _, code := range codes[:min(len(codes), 8)] {
		if code != general {
			numbers = append(numbers, int(code))
		}
	}
	if len(numbers) < len(codes) {
		numbers = append(numbers, general)
	}
	if len(numbers) > 0 {
		return numbers
	}
	digits, found := strings.CutPrefix(description, "AADSTS")
	if !found {
		return nil
	}
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	if n, err := strconv.Atoi(digits); err == nil {
		return []int{n}
	}
	return nil
}

// sentence drops the trace that the wire appends to a description; it is kept in
// fields of its own.
func sentence(description string) string {
	before, _, _ := strings.Cut(description, "Trace ID:")
	return strings.TrimSpace(before)
}

// presentable makes a foreign text fit to be shown and logged: no secrets, no
// control characters that could forge a line (R190), no endless length.
func presentable(text string, limit int, secrets []string) string {
	for _, s := range secrets {
		if len(s) >= 8 {
			text = strings.ReplaceAll(text, s, "[sealed]")
		}
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit]) + "…"
	}
	return text
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// retryAfter reads both forms of RFC 9110 §10.2.3: seconds, or a date.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 24*60*60)) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil && date.After(now) {
		return date.Sub(now)
	}
	return 0
}

// RefusalFrom reads the error that an authorize endpoint sends to the redirect
// address (RFC 6749 §4.1.2.1).
func RefusalFrom(values url.Values) *Refusal {
	return &Refusal{
		Status:      http.StatusBadRequest,
		Code:        presentable(values.Get("error"), 64, nil),
		Suberror:    presentable(values.Get("error_subcode"), 64, nil),
		Description: presentable(sentence(values.Get("error_description")), 400, nil),
		Numbers:     decisive(nil, values.Get("error_description")),
		Reference:   presentable(correlation(values.Get("error_description")), 64, nil),
	}
}

// correlation finds the correlation id inside a description.
func correlation(description string) string {
	_, after, _ := strings.Cut(description, "Correlation ID:")
	id, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	id, _, _ = strings.Cut(id, "\r")
	if !IsGUID(id) {
		return ""
	}
	return id
}
