package programme

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Terms are one version of what members agree to. A version never changes, so
// what was accepted can always be read and printed as it was (journey J26).
type Terms struct {
	// Version counts from 1.
	Version int
	// Texts are paragraphs of plain text or Markdown by language tag; Hashes
	// the SHA-256 of each in hexadecimal.
	Texts, Hashes map[string]string
	From          time.Time
	By            id.Object
}

// Acceptance is the word of one person, or with an empty Account the first of
// an organisation.
type Acceptance struct {
	Version int
	Tenant  id.Tenant
	Account id.Object
	// SignInName is that of the person at the time.
	SignInName string
	Language   string
	// Hash is that of the text which was read.
	Hash string
	At   time.Time
}

const (
	maxTermsText      = 200_000
	maxTermsLanguages = 30
)

// Publish makes a new version of the terms, in force at once: every member is
// asked again. It fails with RoleMissing or InputInvalid.
func (m *Membership) Publish(ctx context.Context, by audit.Caller, texts map[string]string) (Terms, error) {
	p, err := m.Staff(ctx, by)
	if err != nil {
		return Terms{}, err
	}
	return m.publish(ctx, by, p, texts)
}

// Declare publishes terms of the founded programme on the word of whoever runs
// the installation. It fails with ObjectUnknown or InputInvalid.
func (m *Membership) Declare(ctx context.Context, by audit.Caller, texts map[string]string) (Terms, error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return Terms{}, err
	}
	by.Tenant, by.Home = p.Owner, p.Owner
	return m.publish(ctx, by, p, texts)
}

// CheckTerms holds texts of terms, by language, to their rules. It fails with
// InputInvalid.
func CheckTerms(texts map[string]string) error {
	if len(texts) == 0 || len(texts) > maxTermsLanguages {
		return invalid("texts", "1 to "+number(maxTermsLanguages)+" languages")
	}
	for tag, text := range texts {
		if !isLanguage(tag) {
			return invalid("language", "a language tag such as fi")
		}
		if strings.TrimSpace(text) == "" || len(text) > maxTermsText || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return invalid("text", "1 to "+number(maxTermsText)+" bytes of text")
		}
	}
	return nil
}

func (m *Membership) publish(ctx context.Context, by audit.Caller, p Programme, texts map[string]string) (Terms, error) {
	if err := CheckTerms(texts); err != nil {
		return Terms{}, err
	}
	hashes := map[string]string{}
	for tag, text := range texts {
		sum := sha256.Sum256([]byte(text))
		hashes[tag] = hex.EncodeToString(sum[:])
	}
	var t Terms
	err := Again(ctx, func() error {
		last, err := m.store.CurrentTerms(ctx, p.Owner)
		if err != nil && !fault.Has(err, fault.ObjectUnknown) {
			return err
		}
		t = Terms{Version: last.Version + 1, Texts: texts, Hashes: hashes, From: m.source.Now(), By: by.Account}
		e := m.Event(by, "", "terms.publish", number(t.Version))
		e.Facts = map[string]string{}
		for tag, hash := range hashes {
			e.Facts["sha256 "+tag] = hash
		}
		return m.commit(ctx, p, Deed{Terms: []Terms{t}, Events: []audit.Event{e}})
	})
	return t, err
}

// CurrentTerms gives the version in force, or fails with ObjectUnknown when
// none was published.
func (m *Membership) CurrentTerms(ctx context.Context) (Terms, error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return Terms{}, err
	}
	return m.store.CurrentTerms(ctx, p.Owner)
}

// TermsText gives the text of a version in a language, as it was accepted and
// with its hash, or fails with ObjectUnknown.
func (m *Membership) TermsText(ctx context.Context, version int, tag string) (text, hash string, err error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return "", "", err
	}
	t, err := m.store.Terms(ctx, p.Owner, version)
	if err != nil {
		return "", "", err
	}
	text, ok := t.Texts[tag]
	if !ok {
		return "", "", fault.New(fault.ObjectUnknown, "object", "terms")
	}
	return text, t.Hashes[tag], nil
}

// Accepted gives the newest version that a person accepted, or fails with
// ObjectUnknown. With an empty account it answers for the organisation.
func (m *Membership) Accepted(ctx context.Context, t id.Tenant, who id.Object) (Acceptance, error) {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return Acceptance{}, err
	}
	return m.store.LastAcceptance(ctx, p.Owner, t, who)
}

// TermsDue fails with TermsPending, with the version and its date, when there
// are terms that the person has not accepted (M21).
func (m *Membership) TermsDue(ctx context.Context, t id.Tenant, who id.Object) error {
	p, err := m.store.Programme(ctx)
	if err != nil {
		return err
	}
	current, err := m.store.CurrentTerms(ctx, p.Owner)
	if fault.Has(err, fault.ObjectUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	last, err := m.store.LastAcceptance(ctx, p.Owner, t, who)
	if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		return err
	}
	if last.Version == current.Version {
		return nil
	}
	return fault.New(fault.TermsPending, "date", date(current.From), "version", number(current.Version))
}

// AcceptTerms keeps that a member accepted the version in force as they read
// it, and for the organisation when they are its first. Accepting again keeps
// the first time. It fails with MembershipMissing, with ChangedMeanwhile when
// a newer version is in force, and with InputInvalid when there is no text in
// the language.
func (m *Membership) AcceptTerms(ctx context.Context, by audit.Caller, version int, tag string) error {
	p, person, err := m.activeMember(ctx, by)
	if err != nil {
		return err
	}
	current, err := m.store.CurrentTerms(ctx, p.Owner)
	if err != nil {
		return err
	}
	if current.Version != version {
		return fault.New(fault.ChangedMeanwhile, "object", "terms")
	}
	hash, ok := current.Hashes[tag]
	if !ok {
		return invalid("language", "a language of the terms")
	}
	if last, err := m.store.LastAcceptance(ctx, p.Owner, person.Tenant, person.ID); err == nil && last.Version == version {
		return nil
	} else if err != nil && !fault.Has(err, fault.ObjectUnknown) {
		return err
	}
	own := Acceptance{
		Version: version, Tenant: person.Tenant, Account: person.ID, SignInName: person.SignInName,
		Language: tag, Hash: hash, At: m.source.Now(),
	}
	organisation := own
	organisation.Account = ""
	e := m.Event(by, p.Owner, "terms.accept", number(version))
	e.Facts = map[string]string{"language": tag, "sha256": hash}
	return m.commit(ctx, p, Deed{Acceptances: []Acceptance{own, organisation}, Events: []audit.Event{e}})
}

// Acceptances gives the owner a page of who accepted a version, by
// organisation and person; each organisation's own comes before its people's.
func (m *Membership) Acceptances(ctx context.Context, by audit.Caller, version int, after Acceptance, limit int) ([]Acceptance, error) {
	p, err := m.Staff(ctx, by)
	if err != nil {
		return nil, err
	}
	return m.store.Acceptances(ctx, p.Owner, version, after, page(limit))
}
