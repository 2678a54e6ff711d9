package directory

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/url"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/programme"
)

// invitation is an invitation on the wire, both ways.
type invitation struct {
	Context     string       `json:"@odata.context,omitempty"`
	ID          string       `json:"id"`
	Address     string       `json:"invitedUserEmailAddress"`
	Name        string       `json:"invitedUserDisplayName,omitempty"`
	Type        string       `json:"invitedUserType,omitempty"`
	Send        *bool        `json:"sendInvitationMessage,omitempty"`
	Message     *messageInfo `json:"invitedUserMessageInfo,omitempty"`
	RedirectURL string       `json:"inviteRedirectUrl"`
	RedeemURL   string       `json:"inviteRedeemUrl,omitempty"`
	Status      string       `json:"status,omitempty"`
	// User is the account that a guest would have in the directory. There are
	// no guests here: a member of the programme stays an account of their own
	// organisation.
	User any `json:"invitedUser"`
}

type messageInfo struct {
	Language string `json:"messageLanguage,omitempty"`
	Body     string `json:"customizedMessageBody,omitempty"`
}

// invite is POST /invitations: the programme's staff invites somebody of
// another organisation, as on the programme's page. The mail always goes out:
// the link in it proves the mailbox.
func (m *room) invite(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	var sent invitation
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	refuse := func(parameter, rule string) (graph.Reply, error) {
		return graph.Reply{}, fault.New(fault.InputInvalid, "parameter", parameter, "rule", rule)
	}
	if !c.Caller.HasMFA() {
		return graph.Reply{}, fault.New(fault.MFARequiredByAPI)
	}
	if u, err := url.Parse(sent.RedirectURL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return refuse("inviteRedirectUrl", "an absolute address")
	}
	if sent.Send != nil && !*sent.Send {
		return refuse("sendInvitationMessage", "true, or absent: invitations are sent by mail, which proves the mailbox")
	}
	if sent.Type != "" && sent.Type != "Guest" {
		return refuse("invitedUserType", "Guest, or absent")
	}
	if strings.ContainsAny(sent.Address+sent.Name, ";\t\r\n") {
		return refuse("invitedUserEmailAddress", "one mail address, and a display name without semicolons, tabs and line breaks")
	}
	call := programme.Call{}
	if sent.Message != nil {
		call.Language, call.Note = sent.Message.Language, sent.Message.Body
	}
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	if err := w.Write([]string{sent.Address, sent.Name}); err != nil {
		return graph.Reply{}, err
	}
	w.Flush()
	call.List = line.String()
	called, err := m.Programme.Invite(ctx, c.Caller, call)
	switch {
	case fault.Has(err, fault.ObjectUnknown):
		return graph.Reply{}, fault.New(fault.NotInThisEnvironment)
	case err != nil:
		return graph.Reply{}, err
	case len(called.Sent) != 1:
		rule := "an address"
		if len(called.Bad) > 0 {
			rule = badInvitations[called.Bad[0].Rule]
		}
		return refuse("invitedUserEmailAddress", rule)
	}
	made := called.Sent[0]
	answer := invitation{
		Context: c.Context("invitations", nil, true), ID: made.ID, Address: made.Address, Name: made.Name, Type: "Guest", Send: new(true),
		RedirectURL: sent.RedirectURL, RedeemURL: m.Origin + m.Programme.InvitationLink(made), Status: "PendingAcceptance",
	}
	return graph.Created(c.Address("invitations", made.ID), answer), nil
}

// badInvitations says what is wrong with a line that was refused.
var badInvitations = map[string]string{
	"address": "one mail address", "fields": "one mail address", "name": "with a display name of at most 100 characters",
	"language": "with a language tag such as fi", "invited": "an address without an open invitation", "member": "an address that is no member yet",
	"domain": "an address in a domain of an organisation", "account": "an address of a person", "twice": "an address once", "role": "one mail address",
}
