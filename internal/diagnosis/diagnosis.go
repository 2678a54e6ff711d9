// Package diagnosis turns a failed attempt into what its reader may know:
// what happened, who can put it right and how.
package diagnosis

import (
	"fmt"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
)

// Reader is who asks.
type Reader int

// The readers.
const (
	// Holder has the reference and nothing else: the page says what happened,
	// and nothing about an account or an organisation.
	Holder Reader = iota
	// Operator runs the server and sees the whole attempt.
	Operator
)

// Story is an explained attempt. Its JSON names are stable.
type Story struct {
	Reference string    `json:"reference"`
	At        time.Time `json:"at"`
	Code      string    `json:"code"`
	Name      string    `json:"name"`
	Message   string    `json:"message"`
	Fixer     string    `json:"fixer"`
	Next      []string  `json:"next"`

	// The rest is for an operator.
	Step          string            `json:"step,omitempty"`
	Checks        []string          `json:"checks,omitempty"`
	App           string            `json:"app,omitempty"`
	AppID         string            `json:"appId,omitempty"`
	Tenant        string            `json:"tenant,omitempty"`
	Address       string            `json:"address,omitempty"`
	Facts         map[string]string `json:"facts,omitempty"`
	CorrelationID string            `json:"correlationId,omitempty"`
	TraceID       string            `json:"traceId,omitempty"`
}

// Explain tells an attempt's story to a reader.
func Explain(a audit.Attempt, r Reader) Story {
	entry := fault.Describe(a.Code)
	s := Story{
		Reference: a.Reference, At: a.At, Code: fmt.Sprintf("AADSTS%d", entry.Code), Name: entry.Name,
		Message: entry.Message, Fixer: string(entry.Fixer),
	}
	for _, remedy := range entry.Next {
		s.Next = append(s.Next, string(remedy))
	}
	if r != Operator {
		return s
	}
	s.Step, s.Checks, s.App, s.AppID, s.Tenant = a.Step, a.Checks, a.AppName, string(a.App), string(a.Tenant)
	s.Address, s.Facts, s.CorrelationID, s.TraceID = Mask(a.Address), a.Facts, a.CorrelationID, a.TraceID
	return s
}

// Mask hides the middle of an address: enough to recognise, not to use.
func Mask(address string) string {
	name, domain := address, ""
	if at := strings.LastIndex(address, "@"); at >= 0 {
		name, domain = address[:at], address[at:]
	}
	runes := []rune(name)
	if len(runes) > 2 {
		name = string(runes[:1]) + "…" + string(runes[len(runes)-1:])
	} else if len(runes) > 0 {
		name = string(runes[:1]) + "…"
	}
	return name + domain
}
