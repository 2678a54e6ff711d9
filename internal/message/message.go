// Package message holds what the house tells people outside of its pages:
// mails, later texts and calls. A room hands its message over in the same
// transaction as the deed; the outbox carries it out afterwards. So nothing is
// told that did not happen, and nothing that happened stays untold.
package message

import (
	"slices"
	"time"

	"github.com/entente-id/entente/internal/id"
)

// Kind says what a message is about. Its words are "mail.<kind>.subject",
// ".body" and, when it leads somewhere, ".action" (experience.md 2.17).
type Kind string

// The kinds.
const (
	// Code brings a code that proves a mailbox; fact "code".
	Code Kind = "code"
	// Invitation asks somebody to join the programme.
	Invitation Kind = "invitation"
	// AccessRequested tells the programme owner who asks to be let in.
	AccessRequested Kind = "access-requested"
	// AccessGranted tells a person that they are in, AccessDenied that not.
	AccessGranted Kind = "access-granted"
	AccessDenied  Kind = "access-denied"
	// RosterSent tells the programme owner that an organisation named its people.
	RosterSent Kind = "roster-sent"
	// SwapRequested and SwapDone tell about another sign-in name for a
	// membership; SwapNotice tells the old address.
	SwapRequested Kind = "swap-requested"
	SwapDone      Kind = "swap-done"
	SwapNotice    Kind = "swap-notice"
	// ApprovalRequested tells a reviewer that people wait for an app,
	// ApprovalReminder tells it again.
	ApprovalRequested Kind = "approval-requested"
	ApprovalReminder  Kind = "approval-reminder"
	// ApprovalGiven and ApprovalDenied tell the people who wait.
	ApprovalGiven  Kind = "approval-given"
	ApprovalDenied Kind = "approval-denied"
	// ApprovalExpired tells them that nobody decided.
	ApprovalExpired Kind = "approval-expired"
	// HelpRequested brings a failed attempt to those who can fix it.
	HelpRequested Kind = "help-requested"
	// HelpAnswered brings their answer to the person.
	HelpAnswered Kind = "help-answered"
	// SecurityNotice tells a person about a change of how they sign in; the
	// fact "what" is one of factor-added, factor-removed, passkey-added, passkey-copied,
	// password-changed, name-changed, new-device.
	SecurityNotice Kind = "security-notice"
	// SetupLink hands a guided set-up to somebody in IT.
	SetupLink Kind = "setup-link"
	// Walkthrough confirms a walkthrough, with a calendar file.
	Walkthrough Kind = "walkthrough"
)

// Kinds lists them all, for the test that each has its words.
func Kinds() []Kind {
	return slices.Clone([]Kind{
		Code, Invitation, AccessRequested, AccessGranted, AccessDenied, RosterSent, SwapRequested, SwapDone, SwapNotice,
		ApprovalRequested, ApprovalReminder, ApprovalGiven, ApprovalDenied, ApprovalExpired, HelpRequested, HelpAnswered,
		SecurityNotice, SetupLink, Walkthrough,
	})
}

// Message is one mail before it is put into words.
type Message struct {
	ID   string
	Kind Kind
	// Tenant is the organisation that it is about, empty for none.
	Tenant id.Tenant
	// To is an address; Language its reader's, empty when it is not known.
	To, Language string
	// Facts fill the words.
	Facts map[string]string
	// Lines are further facts of a list, such as permissions, one line each.
	Lines []string
	// Path is where its one link leads, on our own origin. Opening it changes
	// nothing: links are opened by scanners too.
	Path string
	// Link is an absolute address instead, such as the registered home of an app.
	Link string
	// Reference is what people quote about it.
	Reference string
	// Calendar is an attached calendar file (RFC 5545), empty for none.
	Calendar string
	At       time.Time
	// Expires is when what it says is over, zero for never.
	Expires time.Time
}
