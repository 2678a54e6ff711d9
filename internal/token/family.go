package token

import (
	"crypto/subtle"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
)

// Family is a chain of refresh tokens that descend from one sign-in. Each
// generation has exactly one successor, which can be computed again, and is
// retired only when its successor is presented: that proves that the client
// has stored it (security-and-reliability.md 5.2, I1 and I3).
//
// One row holds the whole chain: what is older than the superseded generation
// is retired by arithmetic.
type Family struct {
	ID    string
	Grant Grant
	Class application.RefreshClass
	// Epoch rises when a family is stolen, so that no token of it can ever be
	// accepted again.
	Epoch uint32
	// Active is the newest generation that was presented; Active+1 is issued
	// and pending. 0 means that generation 1 has not been seen yet.
	Active uint32
	// ActiveKey is the digest of the key that claimed Active; "" for none.
	ActiveKey string
	ActiveAt  time.Time
	// SupersededKey claimed Active-1, which is superseded since SupersededAt.
	SupersededKey string
	SupersededAt  time.Time
	// Credential is the client credential of the first presentation.
	Credential string
	State      State
	// Reason is the fault that a dead family is refused with.
	Reason fault.Code
	// SuspectAt is when a retired generation was last seen.
	SuspectAt time.Time
	Created   time.Time
	Used      time.Time
	// Secret enters the tokens' MAC, so that the server key alone makes none.
	Secret []byte
	// Version is for compare-and-swap.
	Version int64
}

// State is whether a family lives.
type State string

// The states.
const (
	Live    State = "live"
	Suspect State = "suspect"
	Revoked State = "revoked"
	Stolen  State = "stolen"
)

// Times of the rules (security-and-reliability.md 5.3, identity-platform.md
// 2.3).
const (
	// idleLife is how long an unused family lives.
	idleLife = 90 * 24 * time.Hour
	// browserLife is the whole life of a browser app's family.
	browserLife = 24 * time.Hour
	// strictGrace lets a lost answer be asked for again.
	strictGrace = 10 * time.Second
	// keyedOverlap lets parallel workers that share a key finish.
	keyedOverlap = 10 * time.Minute
	// plainOverlap lets scripts that hold the former token go on.
	plainOverlap = 24 * time.Hour
	// secondStrike: a second reuse within this time ends the family.
	secondStrike = 24 * time.Hour
)

// Presentation is one use of a refresh token whose MAC was right.
type Presentation struct {
	Generation uint32
	// Key is the digest of the Idempotency-Key, "" without one.
	Key string
	// Credential identifies how the client proved itself.
	Credential string
	At         time.Time
}

// Outcome is what a presentation gets.
type Outcome int

// The outcomes.
const (
	// Refuse: nothing.
	Refuse Outcome = iota
	// Successor: an access token and generation Generation+1.
	Successor
	// AccessOnly: an access token, and no refresh token.
	AccessOnly
)

// Verdict is the decision on a presentation.
type Verdict struct {
	Outcome Outcome
	// Code is why it was refused.
	Code fault.Code
	// Next is the family afterwards; Changed says whether it differs, and so
	// has to be durable before the answer.
	Next    Family
	Changed bool
	// Alarm names what others should be told: "reuse", "theft", "recovered".
	Alarm string
}

// Present decides by the table of security-and-reliability.md 5.4. It is pure;
// the exhaustive model test explores it.
func (f Family) Present(p Presentation) Verdict {
	if f.State == Revoked || f.State == Stolen {
		return refused(f, f.Reason)
	}
	if code := f.expired(p.At); code != 0 {
		return refused(f, code)
	}
	switch pending := f.Active + 1; {
	case p.Generation == 0:
		return refused(f, fault.GrantInvalid)
	case p.Generation == pending:
		return f.confirm(p)
	case p.Generation == f.Active:
		return f.repeat(p)
	case p.Generation+1 == f.Active:
		return f.late(p)
	case p.Generation < f.Active:
		return f.reuse(p)
	case p.Generation == pending+1:
		// The database lost a commit that the client had already seen: a
		// failover or a restore. Nobody else can make this token.
		v := f.confirm(p)
		if v.Outcome == Successor {
			v.Alarm = "recovered"
		}
		return v
	}
	v := refused(f, fault.TokenAhead)
	v.Alarm = "ahead"
	return v
}

func (f Family) expired(now time.Time) fault.Code {
	switch {
	case f.Grant.Browser && now.Sub(f.Created) >= browserLife:
		return fault.BrowserGrantExpired
	case now.Sub(f.Used) >= idleLife:
		return fault.GrantInactive
	}
	return 0
}

// confirm: a generation is presented for the first time. Its predecessor is
// superseded.
func (f Family) confirm(p Presentation) Verdict {
	next := f
	if p.Key != "" && f.Class == application.Overlap {
		next.Class = application.Keyed
	}
	if next.Class == application.Keyed && p.Key == "" {
		return refused(f, fault.KeyRequired)
	}
	if next.Class == application.Strict {
		p.Key = ""
	}
	next.Active = p.Generation
	next.SupersededKey, next.SupersededAt = f.ActiveKey, p.At
	next.ActiveKey, next.ActiveAt = p.Key, p.At
	next.Used = p.At
	if next.Credential == "" {
		next.Credential = p.Credential
	}
	return Verdict{Outcome: Successor, Next: next, Changed: true}
}

// repeat: the active generation again, whose successor was not seen yet. The
// answer may have been lost, so the same successor goes out once more.
func (f Family) repeat(p Presentation) Verdict {
	switch f.Class {
	case application.Keyed:
		if p.Key == "" {
			return refused(f, fault.KeyRequired)
		}
		// A generation claimed before the family became keyed has no key to
		// compare with; the first key claims it.
		if f.ActiveKey != "" && !same(f.ActiveKey, p.Key) {
			return f.theft()
		}
	case application.Strict:
		if p.At.Sub(f.ActiveAt) > strictGrace {
			return f.reuse(p)
		}
	}
	v := Verdict{Outcome: Successor, Next: f}
	if f.Class == application.Keyed && f.ActiveKey == "" {
		v.Next.ActiveKey, v.Changed = p.Key, true
	}
	// Scripts that never store the successor keep the family alive by this;
	// once a day is enough to know.
	if p.At.Sub(f.Used) > 24*time.Hour {
		v.Next.Used, v.Changed = p.At, true
	}
	return v
}

// late: the generation before the active one.
func (f Family) late(p Presentation) Verdict {
	age := p.At.Sub(f.SupersededAt)
	switch f.Class {
	case application.Keyed:
		if p.Key == "" {
			return refused(f, fault.KeyRequired)
		}
		if f.SupersededKey != "" && !same(f.SupersededKey, p.Key) {
			return f.theft()
		}
		if age <= keyedOverlap {
			return Verdict{Outcome: AccessOnly, Next: f}
		}
	case application.Overlap:
		if age <= plainOverlap {
			return Verdict{Outcome: AccessOnly, Next: f}
		}
	}
	return f.reuse(p)
}

// reuse: a retired generation came back. Strict families end at once. Others
// end when another credential presented it or it is the second time in a day,
// else they are watched.
func (f Family) reuse(p Presentation) Verdict {
	v := refused(f, fault.TokenReused)
	v.Changed, v.Alarm = true, "reuse"
	again := f.State == Suspect && p.At.Sub(f.SuspectAt) < secondStrike
	stranger := f.Credential != "" && f.Credential != p.Credential
	if f.Class == application.Strict || again || stranger {
		v.Next.State, v.Next.Reason = Revoked, fault.TokenReused
		return v
	}
	v.Next.State, v.Next.SuspectAt = Suspect, p.At
	return v
}

// theft: one generation was claimed by two keys, so there are two holders.
func (f Family) theft() Verdict {
	v := refused(f, fault.TokenStolen)
	v.Changed, v.Alarm = true, "theft"
	v.Next.State, v.Next.Reason = Stolen, fault.TokenStolen
	v.Next.Epoch++
	return v
}

func refused(f Family, code fault.Code) Verdict {
	return Verdict{Outcome: Refuse, Code: code, Next: f}
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
