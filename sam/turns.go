package sam

import (
	"time"

	"github.com/entente-id/entente/sam/vault"
)

// The turns of a record. Each is a pure function from one version to the next;
// the broker writes the result by compare-and-set. Together they keep the two
// promises of the vault side (I2): a token is not presented before it is durably
// stored, and none is dropped before its successor was used with success.
//
//	consent ──► cur=g0
//	settingOut:   lease taken, use of cur begins
//	receiving:    next=g1 stored; cur=g0 stays in use for every customer
//	promoted:     prev=g0, cur=g1   (once per heartbeat)
//	receiving:    next=g2 stored; prev dropped, because g1 has proved itself

const (
	// leaseLife bounds how long a dead worker keeps others waiting.
	leaseLife = 30 * time.Second
	// leaseNeed is what must be left of a lease before something is sent under
	// it: the ten seconds of one request, and some.
	leaseNeed = 12 * time.Second
)

// settingOut takes the lease for owner and notes that cur is about to be used.
func settingOut(r vault.Record, owner string, now time.Time) vault.Record {
	if r.Intent.StartedAt.IsZero() {
		r.Intent.StartedAt = now
	}
	r.Intent.Attempt++
	r.Lease = vault.Lease{Owner: owner, Fence: r.Seq + 1, Until: now.Add(leaseLife)}
	return r
}

// promotionDue says that cur has been in use for a heartbeat, and that its
// successor lies ready.
func promotionDue(r vault.Record, now time.Time, heartbeat time.Duration) bool {
	return !r.Next.Empty() && !r.Intent.StartedAt.IsZero() && now.Sub(r.Intent.StartedAt) >= heartbeat
}

// promoted puts the successor into use. What it replaces is kept until the
// successor has proved itself.
func promoted(r vault.Record) vault.Record {
	r.Prev, r.Cur, r.Next = r.Cur, r.Next, vault.Held{}
	r.Intent = vault.Intent{}
	return r
}

// receiving stores the successor that came with a success of cur. Only the first
// one of a round is kept: an Entente always gives the same, and of the many that
// a Microsoft cloud gives, each is as good as another.
func receiving(r vault.Record, next vault.Held) vault.Record {
	r.Prev = vault.Held{}
	if r.Next.Empty() {
		r.Next = next
	}
	return recovered(r)
}

// fallenBack returns to prev, which still worked where cur did not.
func fallenBack(r vault.Record, next vault.Held) vault.Record {
	r.Cur, r.Prev, r.Next = r.Prev, vault.Held{}, next
	r.Intent = vault.Intent{}
	return recovered(r)
}

// recovered notes that the consent works.
func recovered(r vault.Record) vault.Record {
	r.State, r.LastError = vault.Healthy, vault.Trouble{}
	return r
}

// released gives the lease back, if it is owner's.
func released(r vault.Record, owner string) vault.Record {
	if r.Lease.Owner == owner {
		r.Lease = vault.Lease{}
	}
	return r
}

// troubled notes what went wrong. A record that needs a person keeps that state
// when the authority is merely out of reach.
func troubled(r vault.Record, state vault.State, p *Problem, now time.Time) vault.Record {
	if state == vault.Degraded && r.State != vault.Healthy {
		return r
	}
	r.State = state
	r.LastError = vault.Trouble{Message: p.Message, AADSTS: p.AADSTS, Text: p.What, Reference: p.Reference, At: now}
	return r
}
