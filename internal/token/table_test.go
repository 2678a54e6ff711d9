package token

import (
	"testing"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
)

// TestTheDecisionTableHolds walks the table of security-and-reliability.md
// 5.4: generation 3 is active, 2 superseded, 1 retired, 4 pending.
func TestTheDecisionTableHolds(t *testing.T) {
	const late, day = 11 * time.Minute, 25 * time.Hour
	for _, c := range []struct {
		name       string
		class      application.RefreshClass
		generation uint32
		key        string
		credential string
		after      time.Duration
		outcome    Outcome
		code       fault.Code
		state      State
	}{
		{"pending, first", application.Keyed, 4, "new", "c", 0, Successor, 0, Live},
		{"pending, without the key its class demands", application.Keyed, 4, "", "c", 0, Refuse, fault.KeyRequired, Live},
		{"pending, overlap", application.Overlap, 4, "", "c", day, Successor, 0, Live},
		{"pending, strict", application.Strict, 4, "", "c", day, Successor, 0, Live},
		{"active, same key", application.Keyed, 3, "a", "c", day, Successor, 0, Live},
		{"active, other key", application.Keyed, 3, "b", "c", 0, Refuse, fault.TokenStolen, Stolen},
		{"active, no key", application.Keyed, 3, "", "c", 0, Refuse, fault.KeyRequired, Live},
		{"active, overlap, again after days", application.Overlap, 3, "", "c", 30 * 24 * time.Hour, Successor, 0, Live},
		{"active, strict, within grace", application.Strict, 3, "", "c", 10 * time.Second, Successor, 0, Live},
		{"active, strict, after grace", application.Strict, 3, "", "c", 11 * time.Second, Refuse, fault.TokenReused, Revoked},
		{"superseded, same key, soon", application.Keyed, 2, "s", "c", 0, AccessOnly, 0, Live},
		{"superseded, same key, late", application.Keyed, 2, "s", "c", late, Refuse, fault.TokenReused, Suspect},
		{"superseded, other key", application.Keyed, 2, "b", "c", 0, Refuse, fault.TokenStolen, Stolen},
		{"superseded, no key", application.Keyed, 2, "", "c", 0, Refuse, fault.KeyRequired, Live},
		{"superseded, overlap, within a day", application.Overlap, 2, "", "c", 23 * time.Hour, AccessOnly, 0, Live},
		{"superseded, overlap, after a day", application.Overlap, 2, "", "c", day, Refuse, fault.TokenReused, Suspect},
		{"superseded, overlap, after a day, by another credential", application.Overlap, 2, "", "d", day, Refuse, fault.TokenReused, Revoked},
		{"superseded, strict", application.Strict, 2, "", "c", 0, Refuse, fault.TokenReused, Revoked},
		{"retired, keyed", application.Keyed, 1, "s", "c", 0, Refuse, fault.TokenReused, Suspect},
		{"retired, overlap", application.Overlap, 1, "", "c", 0, Refuse, fault.TokenReused, Suspect},
		{"retired, by another credential", application.Overlap, 1, "", "d", 0, Refuse, fault.TokenReused, Revoked},
		{"ahead by one", application.Keyed, 5, "new", "c", 0, Successor, 0, Live},
		{"ahead by two", application.Keyed, 6, "new", "c", 0, Refuse, fault.TokenAhead, Live},
		{"no generation", application.Keyed, 0, "a", "c", 0, Refuse, fault.GrantInvalid, Live},
		{"unused for 90 days", application.Overlap, 4, "", "c", 90 * 24 * time.Hour, Refuse, fault.GrantInactive, Live},
	} {
		f := Family{Class: c.class, Active: 3, State: Live, Credential: "c", Created: modelNow, Used: modelNow, ActiveAt: modelNow, SupersededAt: modelNow}
		if c.class == application.Keyed {
			f.ActiveKey, f.SupersededKey = "a", "s"
		}
		v := f.Present(Presentation{Generation: c.generation, Key: c.key, Credential: c.credential, At: modelNow.Add(c.after)})
		if v.Outcome != c.outcome || v.Code != c.code || v.Next.State != c.state {
			t.Errorf("%s: outcome %d, code %d, %s; want %d, %d, %s", c.name, v.Outcome, v.Code, v.Next.State, c.outcome, c.code, c.state)
		}
		if v.Next.State == Stolen && v.Next.Epoch != f.Epoch+1 {
			t.Errorf("%s: a stolen family keeps its epoch", c.name)
		}
	}
}

func TestASecondReuseWithinADayEndsTheFamily(t *testing.T) {
	f := Family{Class: application.Overlap, Active: 3, State: Live, Credential: "c", Created: modelNow, Used: modelNow}
	reuse := func(f Family, at time.Duration) Verdict {
		return f.Present(Presentation{Generation: 1, Credential: "c", At: modelNow.Add(at)})
	}
	watched := reuse(f, 0).Next
	if v := reuse(watched, 23*time.Hour); v.Next.State != Revoked {
		t.Errorf("the second reuse leaves it %s", v.Next.State)
	}
	if v := reuse(watched, 25*time.Hour); v.Next.State != Suspect {
		t.Errorf("a reuse the day after leaves it %s", v.Next.State)
	}
	if v := watched.Present(Presentation{Generation: 4, Credential: "c", At: modelNow}); v.Outcome != Successor {
		t.Error("a watched family does not go on")
	}
}

func TestABrowsersFamilyEndsAfterADay(t *testing.T) {
	f := Family{Class: application.Strict, State: Live, Created: modelNow, Used: modelNow.Add(23 * time.Hour), Grant: Grant{Browser: true}}
	if v := f.Present(Presentation{Generation: 1, At: modelNow.Add(24 * time.Hour)}); v.Code != fault.BrowserGrantExpired {
		t.Errorf("code %d", v.Code)
	}
}
