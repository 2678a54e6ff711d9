package credential

import (
	"context"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
)

// Ways are the second factors that a person has set up.
type Ways struct {
	App bool
	// Passkeys is how many there are, Codes how many recovery codes are left.
	Passkeys, Codes int
	// Password: the person has one.
	Password bool
}

// Second reports whether any of them is a second factor. Recovery codes alone
// are none: they stand in for another one that was lost.
func (w Ways) Second() bool { return w.App || w.Passkeys > 0 }

// Ways tells how a person can prove themselves.
func (s *Safe) Ways(ctx context.Context, owner Owner) (Ways, error) {
	return s.store.Ways(ctx, owner)
}

// Told is what a change of a factor brings with it: who made it, whose it is,
// and where their letter goes.
type Told struct {
	By     audit.Caller
	Person account.Account
	Outbox *message.Outbox
}

func (t Told) owner() Owner { return Owner{Tenant: t.Person.Tenant, Account: t.Person.ID} }

// RemoveAuthenticator forgets a person's authenticator app, and the recovery
// codes when there is nothing else to recover, and tells them. It fails with SecondFactorMissing when there is none.
func (s *Safe) RemoveAuthenticator(ctx context.Context, t Told) error {
	letters, err := Notice(t.Outbox, s.source, t.Person, "factor-removed")
	if err != nil {
		return err
	}
	owner := t.owner()
	if err := s.store.RemoveAuthenticator(ctx, owner, letters, Event(s.source, t.By, "factor.remove", string(owner.Account))); err != nil {
		return err
	}
	t.Outbox.Nudge()
	return nil
}

// NewRecoveryCodes makes new ones and kills the former ones (row R145). It
// fails with SecondFactorMissing when there is no second factor to recover.
func (s *Safe) NewRecoveryCodes(ctx context.Context, by audit.Caller, owner Owner) ([]string, error) {
	ways, err := s.Ways(ctx, owner)
	if err != nil {
		return nil, err
	}
	if !ways.Second() {
		return nil, fault.New(fault.SecondFactorMissing)
	}
	codes, digests := s.recovery(owner)
	return codes, s.store.ReplaceRecovery(ctx, owner, digests, Event(s.source, by, "recovery-codes.renew", string(owner.Account)))
}

// recovery makes a set of recovery codes, and what is kept of them.
func (s *Safe) recovery(owner Owner) (codes []string, digests [][]byte) {
	for range recoveryCodes {
		// 60 random bits: more than can be tried, few enough to write down.
		code := s.source.Reference() + "-" + s.source.Reference()[:4]
		codes, digests = append(codes, code), append(digests, s.recoveryDigest(owner, code))
	}
	return codes, digests
}

// Notice is the letter about a change of how a person signs in (row R154); none
// when nobody knows where they read mail.
func Notice(outbox *message.Outbox, source id.Source, person account.Account, what string) ([]message.Sealed, error) {
	to := person.Mailbox()
	if to == "" {
		return nil, nil
	}
	return outbox.SealAll(message.Message{
		Kind: message.SecurityNotice, Tenant: person.Tenant, To: to, Language: person.Language,
		Facts: map[string]string{"what": what, "address": person.SignInName}, Path: "/account", Reference: source.Reference(),
	})
}

// Event is the audit record of something done to a person's credentials.
func Event(source id.Source, by audit.Caller, verb, object string) audit.Event {
	return audit.Event{
		ID: source.NewGUID(), At: source.Now(), Tenant: by.Tenant, Account: by.Account, SignInName: by.SignInName, App: by.App,
		Verb: verb, Object: object,
	}
}
