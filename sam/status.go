package sam

import (
	"time"

	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/vault"
)

// idleLife is how long a refresh token lives without being used, at every cloud.
const idleLife = 90 * 24 * time.Hour

// Status is how a consent fares, without its secrets.
type Status struct {
	State      vault.State
	SignInName string // who consented
	ObjectID   string
	Tenant     string // the partner's tenant id
	ClientID   string
	Authority  string
	ConsentAt  time.Time
	RenewedAt  time.Time // when the newest refresh token arrived
	DaysLeft   int       // until the newest refresh token goes stale if nothing uses it
	MFA        bool
	AMR        []string
	LastError  vault.Trouble
}

// StatusOf reads the status of a record at an instant.
func StatusOf(r vault.Record, now time.Time) Status {
	newest := r.Cur.GotAt
	if r.Next.GotAt.After(newest) {
		newest = r.Next.GotAt
	}
	state := r.State
	if state == vault.Healthy && r.Lease.Held(now) {
		state = vault.Refreshing
	}
	return Status{
		State: state, SignInName: r.SignInName, ObjectID: r.ObjectID, Tenant: r.Tenant, ClientID: r.ClientID,
		Authority: r.Authority, ConsentAt: r.ConsentAt, RenewedAt: newest,
		DaysLeft: max(0, int(newest.Add(idleLife).Sub(now)/(24*time.Hour))),
		MFA:      r.MFA, AMR: r.AMR, LastError: r.LastError,
	}
}

// Inspection is what a token says about itself. Its signature was not verified.
type Inspection struct {
	cloud.Claims
	// Compliant says that Partner Center takes the token: the person behind it
	// proved a second factor, or it is the application's own.
	Compliant bool
	Verdict   string // the same in a sentence
	Expired   bool
}

// Inspect decodes an access token to see what it is good for. It does not verify
// the signature: what is read here proves nothing to anybody.
func Inspect(token string, now time.Time) (Inspection, error) {
	claims, err := cloud.ReadClaims(token)
	if err != nil {
		return Inspection{}, err
	}
	i := Inspection{Claims: claims, Expired: !claims.Expires.IsZero() && now.After(claims.Expires)}
	switch {
	case claims.AppOnly():
		i.Compliant, i.Verdict = true, "the application's own token: no second factor applies, and Partner Center refuses it where a person is needed"
	case claims.MFA():
		i.Compliant, i.Verdict = true, "a second factor was proved: Partner Center accepts it"
	case len(claims.AMR) == 0:
		i.Verdict = "the amr claim is missing: Partner Center refuses it (M31)"
	default:
		i.Verdict = "the amr claim lacks mfa: Partner Center refuses it (M31)"
	}
	return i, nil
}
