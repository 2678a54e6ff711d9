// Package diagnosis turns a failed attempt into what its reader may know:
// what happened, who can put it right and how.
package diagnosis

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/signin"
)

// Reader is who asks.
type Reader int

// The readers.
const (
	// Holder has the reference and nothing else: the page says what happened,
	// and nothing about an account or an organisation.
	Holder Reader = iota
	// Programme runs the programme: it sees the attempt of a person on the way
	// to its own applications, but not what an organisation says inwardly.
	Programme
	// IT looks after the person's own organisation.
	IT
	// Operator runs the server and sees the whole attempt.
	Operator
)

// Story is an explained attempt. Its JSON names are stable.
type Story struct {
	Reference string    `json:"reference"`
	At        time.Time `json:"at"`
	Code      string    `json:"code"`
	// Number is the code as the catalogue has it.
	Number  fault.Code `json:"-"`
	Name    string     `json:"name"`
	Message string     `json:"message"`
	Fixer   string     `json:"fixer"`
	Next    []string   `json:"next"`

	// The rest is for those who may know more than the holder of a reference.
	Organisation string `json:"organisation,omitempty"`
	Language     string `json:"language,omitempty"`
	// Changes are what can be tried out.
	Changes       []signin.Change   `json:"changes,omitempty"`
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
		Reference: a.Reference, At: a.At, Code: number(entry.Code), Number: entry.Code, Name: entry.Name,
		Message: entry.Message, Fixer: string(entry.Fixer),
	}
	for _, remedy := range entry.Next {
		s.Next = append(s.Next, string(remedy))
	}
	if r == Holder {
		return s
	}
	s.Step, s.Checks, s.App, s.AppID, s.Language = a.Step, a.Checks, a.AppName, string(a.App), a.Language
	s.Address, s.Facts, s.CorrelationID, s.TraceID = Mask(a.Address), a.Facts, a.CorrelationID, a.TraceID
	if proved := slices.ContainsFunc(a.Checks, func(c string) bool { return slices.Contains(proofs, c) }); proved && a.Account != "" && a.App != "" {
		s.Changes = signin.Changes(a.Code)
	}
	if r == Programme {
		s.Facts = maps.Clone(s.Facts)
		maps.DeleteFunc(s.Facts, func(name, _ string) bool { return !slices.Contains(outward, name) })
		return s
	}
	s.Tenant = string(a.Tenant)
	return s
}

// outward are the facts of a failure that may leave the organisation it
// happened in: what was sent, and how it could be right. Reasons that its people
// gave, names and ids of others stay inside.
var outward = []string{"app", "org", "domain", "parameter", "rule", "redirect_uri", "scope", "resource", "permission", "minutes", "seconds", "role", "date"}

// proofs are the checks after which it is known who somebody is, so that the
// rest of the way can be tried out.
var proofs = []string{"account", "password", "upstream", "passkey", "pass"}

func number(code fault.Code) string { return fmt.Sprintf("AADSTS%d", code) }

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
