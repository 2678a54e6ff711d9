package declaration

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/programme"
)

func (s *survey) programme(ctx context.Context) error {
	d := s.document.Programme
	if d == nil {
		return nil
	}
	owner, found, err := s.organisation(ctx, "programme.owner", d.Owner)
	if err != nil || !found {
		return err
	}
	has, err := s.rooms.Programme.Programme(ctx)
	known := err == nil
	if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		return err
	}
	if known && has.Owner != owner.ID {
		s.wrong("programme.owner", "is another organisation than the one that runs the programme", "a programme stays with its owner")
		return nil
	}
	p := has
	p.Owner = owner.ID
	said(&p.Name, d.Name)
	said(&p.Contact, d.Contact)
	chosen(s, "programme.swapPolicy", &p.SwapPolicy, d.SwapPolicy, map[string]programme.SwapPolicy{"approve": programme.SwapByApproval, "auto": programme.SwapAtOnce})
	if d.InvitationDays != 0 {
		p.InvitationDays = d.InvitationDays
	}
	if d.Portal != "" {
		p.Portal = s.portal(d.Portal, owner.ID)
	}
	if err := s.rules("programme", p.Check()); err != nil {
		return err
	}
	var before facts
	if known {
		before = programmeFacts(has)
	}
	s.step("programme", p.Name, before, programmeFacts(p), alone(func(ctx context.Context) error {
		return s.rooms.Programme.Found(ctx, s.by, p)
	}))
	if d.Terms == nil {
		return nil
	}
	return s.terms(ctx, d.Terms, known)
}

// portal finds the application that members sign in to.
func (s *survey) portal(name string, owner id.Tenant) id.App {
	var names []string
	for _, a := range s.registrations {
		if a.Tenant == owner && strings.EqualFold(a.Name, name) || strings.EqualFold(string(a.App), name) {
			return a.App
		}
		if a.Tenant == owner && !a.FirstParty {
			names = append(names, a.Name)
		}
	}
	s.wrong("programme.portal", fmt.Sprintf("no app %q of the owner is in this file", name), DidYouMean(name, names))
	return ""
}

func (s *survey) terms(ctx context.Context, texts map[string]string, known bool) error {
	var has map[string]string
	if known {
		current, err := s.rooms.Programme.CurrentTerms(ctx)
		if err != nil && !fault.Has(err, fault.ObjectUnknown) {
			return err
		}
		has = current.Texts
	}
	if err := s.rules("programme.terms", programme.CheckTerms(texts)); err != nil {
		return err
	}
	var before, after facts
	for _, tag := range slices.Sorted(maps.Keys(texts)) {
		after = append(after, tag, beginning(texts[tag]))
		if has != nil {
			before = append(before, tag, beginning(has[tag]))
		}
	}
	step := s.step("terms", "of the programme", before, after, alone(func(ctx context.Context) error {
		_, err := s.rooms.Programme.Declare(ctx, s.by, texts)
		return err
	}))
	if step.Verb == Change {
		step.Note = "every member is asked to accept again"
	}
	return nil
}

// beginning is how a text starts, with what tells it from any other.
func beginning(text string) string {
	if text == "" {
		return ""
	}
	line, _, _ := strings.Cut(text, "\n")
	return fmt.Sprintf("%.40s… (%d bytes, SHA-256 %.4x…)", line, len(text), sha256.Sum256([]byte(text)))
}

func programmeFacts(p programme.Programme) facts {
	if p.InvitationDays == 0 {
		p.InvitationDays = 14
	}
	if p.SwapPolicy == "" {
		p.SwapPolicy = programme.SwapByApproval
	}
	return facts{
		"owner", string(p.Owner), "name", p.Name, "contact", p.Contact, "portal", string(p.Portal),
		"swapPolicy", string(p.SwapPolicy), "invitationDays", fmt.Sprint(p.InvitationDays),
	}
}
