package sam_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/samtest"
	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault"
)

// diesAt kills a process when it comes to its nth step; it stays dead.
func diesAt(n int) func(string) bool {
	steps := 0
	return func(string) bool {
		steps++
		return steps >= n
	}
}

// A process is killed at each step of a whole round, writes and messages alike;
// the next one must go on without a person and without looking like a thief.
func TestAProcessMayDieAtAnyStep(t *testing.T) {
	for n := 1; ; n++ {
		w := newConsentedWorld(t)
		w.start().mustAsk("") // generation 2 is stored
		w.clock.forward(7 * time.Hour)

		p := w.start()
		died := false
		kill := diesAt(n)
		p.dead = func(step string) bool {
			died = kill(step)
			return died
		}
		_, _ = p.ask(samtest.Customer)

		// Dead for an hour, or for ten days.
		for _, outage := range []time.Duration{time.Hour, 10 * 24 * time.Hour} {
			w.clock.forward(outage)
			next := w.start()
			next.mustAsk("")
			next.mustAsk(samtest.Customer)
			w.mustBeSound()
		}
		if !died {
			if n < 10 {
				t.Fatalf("a round took only %d steps", n)
			}
			return
		}
	}
}

// The same with a file of the vault damaged while the process is dead: the vault
// falls back by one version.
func TestADamagedVersionAfterACrashIsHarmless(t *testing.T) {
	for n := 1; n <= 24; n++ {
		w := newConsentedWorld(t)
		w.start().mustAsk("")
		w.clock.forward(7 * time.Hour)
		p := w.start()
		p.dead = diesAt(n)
		_, _ = p.ask(samtest.Customer)

		newest := w.read()
		for _, suffix := range []string{".0", ".1"} {
			path := filepath.Join(w.vaults, record+suffix)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			flipped := append([]byte(nil), content...)
			flipped[len(flipped)/2] ^= 0x40
			if err := os.WriteFile(path, flipped, 0o600); err != nil {
				t.Fatal(err)
			}
			if w.read().Seq < newest.Seq {
				break
			}
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		w.clock.forward(time.Hour)
		w.start().mustAsk("")
		w.start().mustAsk(samtest.Customer)
		w.mustBeSound()
	}
}

func TestNinetyDaysOfFaultsWithoutAPerson(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newConsentedWorld(t)
			chance := rand.New(rand.NewPCG(seed, 1))
			w.service.Set(func(s *samtest.Settings) {
				s.Fault = func(int, string) samtest.Fault {
					switch chance.IntN(8) {
					case 0:
						return samtest.Fault{LoseRequest: true}
					case 1:
						return samtest.Fault{LoseReply: true}
					case 2:
						return samtest.Fault{CutReply: true}
					case 3:
						return samtest.Fault{Status: 503}
					}
					return samtest.Fault{}
				}
			})
			processes := []*process{w.start(), w.start()}
			tokens := 0
			for start := w.clock.now(); w.clock.now().Sub(start) < 90*24*time.Hour; {
				i := chance.IntN(2)
				switch chance.IntN(6) {
				case 0:
					processes[i] = w.start()
				case 1:
					processes[i].dead = diesAt(1 + chance.IntN(20))
				case 2:
					if err := processes[i].Heartbeat(ctx, record); errors.Is(err, sam.ErrNeedsConsent) {
						t.Fatalf("locked out: %v", err)
					}
				}
				_, err := processes[i].ask(samtest.CustomerID(chance.IntN(3)))
				switch {
				case errors.Is(err, sam.ErrNeedsConsent):
					t.Fatalf("locked out after %v: %v", w.clock.now().Sub(start), err)
				case err == nil:
					tokens++
				case problemOf(t, err).Kind != sam.Unreachable && problemOf(t, err).Kind != sam.VaultFailed:
					t.Fatalf("%v", err)
				}
				if processes[i].dead != nil && processes[i].dead("asked whether it died") {
					processes[i] = w.start()
				}
				w.clock.forward(time.Duration(chance.IntN(int(6 * time.Hour))))
			}
			w.service.Set(func(s *samtest.Settings) { s.Fault = nil })
			w.clock.forward(time.Hour)
			w.start().mustAsk("")
			w.mustBeSound()
			seen := w.service.Seen()
			if seen.Generations < 100 || tokens < 200 {
				t.Errorf("only %d generations and %d tokens in 90 days", seen.Generations, tokens)
			}
		})
	}
}

func TestHeartbeatsKeepAnIdleConsentAlive(t *testing.T) {
	for name, newWorld := range map[string]func(testing.TB) *world{"entente": newConsentedWorld, "microsoft": newMicrosoftWorld} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.start()
			beats := 0
			for range 120 * 4 {
				before := w.service.Seen().Requests
				if err := p.Heartbeat(ctx, record); err != nil {
					t.Fatal(err)
				}
				beats += w.service.Seen().Requests - before
				if status := sam.StatusOf(w.read(), w.clock.now()); status.DaysLeft < 88 || status.State != vault.Healthy {
					t.Fatalf("%+v", status)
				}
				w.clock.forward(6 * time.Hour)
			}
			if want := map[string]int{"entente": 120 * 4, "microsoft": 120}[name]; beats != want {
				t.Errorf("%d beats, want %d", beats, want)
			}
			w.mustBeSound()
		})
	}
}

func TestAtAMicrosoftCloudTheNewestTokenIsKeptOncePerRound(t *testing.T) {
	w := newMicrosoftWorld(t)
	p := w.start()
	p.mustAsk("")
	stored := w.read()
	for n := range 20 {
		p.mustAsk(samtest.CustomerID(n))
	}
	after := w.read()
	if !after.Next.RT.Equal(stored.Next.RT) || !after.Cur.RT.Equal(stored.Cur.RT) {
		t.Error("every answer was stored")
	}
	w.clock.forward(25 * time.Hour)
	p.mustAsk("")
	if got := w.read(); !got.Cur.RT.Equal(stored.Next.RT) || !got.Prev.Empty() || got.Next.Empty() {
		t.Error("after a day the successor did not take over")
	}
	w.mustBeSound()
}

func TestAVaultThatFailsNeverEndsTheConsent(t *testing.T) {
	for n := 1; n <= 12; n++ {
		w := newConsentedWorld(t)
		p := w.start()
		steps := 0
		p.dead = func(step string) bool {
			if step == "send" || step == "answered" {
				return false
			}
			steps++
			return steps >= n
		}
		_, err := p.ask("")
		if err != nil && (problemOf(t, err).Kind != sam.VaultFailed || errors.Is(err, sam.ErrNeedsConsent)) {
			t.Fatalf("at write step %d: %v", n, err)
		}
		// Row 20: what the vault would not take is stored when it takes it again.
		p.dead = nil
		w.clock.forward(time.Hour)
		p.mustAsk(samtest.Customer)
		if r := w.read(); r.State != vault.Healthy || r.Next.Empty() {
			t.Errorf("at write step %d: %s, next empty %t", n, r.State, r.Next.Empty())
		}
		w.mustBeSound()
	}
}

// thief is somebody who holds a copy of what the vault held.
func (w *world) thief() cloud.App {
	return cloud.App{Cloud: w.cloud, ID: samtest.ClientID, Credential: cloud.ClientSecret(secret.New(samtest.Secret)),
		HTTP: w.service.Client(), Now: w.clock.now, Random: zeros{}}
}

// zeros is no randomness at all.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func (w *world) steal(rt, key secret.Text) cloud.Answer {
	w.t.Helper()
	answer, err := w.thief().Refresh(ctx, cloud.Refresh{Tenant: samtest.Tenant, Resource: w.resource("graph"), Token: rt, Key: key})
	if err != nil {
		w.t.Fatalf("the thief was refused: %v", err)
	}
	return answer
}

// Row 14 and 15: a copy of the token alone shows itself at its first use.
func TestAStolenTokenShowsItselfWithinOneHeartbeat(t *testing.T) {
	w := newConsentedWorld(t)
	p := w.start()
	p.mustAsk("")
	w.clock.forward(6 * time.Hour)
	w.steal(w.read().Next.RT, secret.New("a-key-of-the-thief-000"))
	if err := p.Heartbeat(ctx, record); !errors.Is(err, sam.ErrNeedsConsent) {
		t.Fatalf("err = %v", err)
	}
	if seen := w.service.Seen(); seen.Thefts != 1 || w.read().State != vault.NeedsConsent {
		t.Errorf("%+v, %s", seen, w.read().State)
	}
}

// Row 16: a copy of the whole record, keys and all, gives itself away when the
// thief runs ahead: our own token then brings no successor (V5a).
func TestAStolenVaultRecordShowsItselfWhenTheThiefRunsAhead(t *testing.T) {
	w := newConsentedWorld(t)
	p := w.start()
	p.mustAsk("")
	stolen := w.read()
	w.steal(stolen.Next.RT, stolen.Next.Key)
	_, err := p.ask(samtest.Customer)
	if problem := problemOf(t, err); !errors.Is(err, sam.ErrNeedsConsent) || problem.Message != "M28" {
		t.Errorf("%+v", problem)
	}
	if seen := w.service.Seen(); seen.Revocations != 1 {
		t.Errorf("the authority was not told: %+v", seen)
	}
	if r := w.read(); r.State != vault.Suspect {
		t.Errorf("the record is %s", r.State)
	}
	asked := w.service.Seen().Requests
	w.clock.forward(24 * time.Hour)
	if _, err := p.ask(""); err == nil || w.service.Seen().Requests != asked {
		t.Error("a suspect record was used")
	}
}

// Row 16 again: in step with us, the thief must draw a key for the generation
// after the copy; so two of our refreshes at most.
func TestAThiefInStepIsFoundWithinTwoHeartbeats(t *testing.T) {
	w := newConsentedWorld(t)
	p := w.start()
	p.mustAsk("")
	stolen := w.read()
	w.clock.forward(6 * time.Hour)
	got := w.steal(stolen.Next.RT, stolen.Next.Key)
	w.steal(got.Refresh, secret.New("a-key-of-the-thief-000"))
	var err error
	for range 2 {
		if err = p.Heartbeat(ctx, record); err != nil {
			break
		}
		w.clock.forward(6 * time.Hour)
	}
	if !errors.Is(err, sam.ErrNeedsConsent) {
		t.Errorf("after two heartbeats: %v", err)
	}
}

// Row 19: a vault that was put back to an old copy is not used.
func TestAVaultThatWentBackInTimeIsNotUsed(t *testing.T) {
	w := newConsentedWorld(t)
	p := w.start()
	p.mustAsk("")
	old := map[string][]byte{}
	for _, suffix := range []string{".0", ".1"} {
		content, err := os.ReadFile(filepath.Join(w.vaults, record+suffix))
		if err != nil {
			t.Fatal(err)
		}
		old[suffix] = content
	}
	for range 3 {
		w.clock.forward(7 * time.Hour)
		p.mustAsk("")
	}
	for suffix, content := range old {
		if err := os.WriteFile(filepath.Join(w.vaults, record+suffix), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	asked := w.service.Seen().Requests
	w.clock.forward(7 * time.Hour)
	_, err := p.ask("")
	if problem := problemOf(t, err); problem.Kind != sam.VaultFailed || errors.Is(err, sam.ErrNeedsConsent) {
		t.Errorf("%+v", problem)
	}
	if w.service.Seen().Requests != asked {
		t.Error("an old token was presented")
	}
	w.consent()
	w.clock.forward(time.Minute)
	p.mustAsk("")
}

// Row 13 and V8: what cur replaced is tried before a person is called.
func TestThePreviousTokenIsTriedBeforeAPerson(t *testing.T) {
	w := newMicrosoftWorld(t)
	p := w.start()
	p.mustAsk("")
	v := w.openVault()
	r := w.read()
	r.Prev, r.Cur, r.Next = r.Cur, vault.Held{RT: secret.New("rotten"), Key: secret.New("rotten-key-00000000"), GotAt: r.Cur.GotAt}, vault.Held{}
	good := r.Prev.RT
	if err := v.Swap(ctx, record, r.Seq, r); err != nil {
		t.Fatal(err)
	}
	p.mustAsk(samtest.Customer)
	w.clock.forward(2 * time.Hour)
	p.mustAsk("")
	if got := w.read(); !got.Cur.RT.Equal(good) || !got.Prev.Empty() || got.Next.Empty() {
		t.Error("the record did not return to the token that works")
	}
	w.mustBeSound()
}

func TestASuccessorThatTheServerWaitsForIsTriedBeforeAPerson(t *testing.T) {
	w := newConsentedWorld(t)
	p := w.start()
	p.mustAsk("")
	behind := w.read()
	w.clock.forward(6 * time.Hour)
	if err := p.Heartbeat(ctx, record); err != nil {
		t.Fatal(err)
	}
	// The vault is put back by a round, and a new process does not know it.
	now := w.read()
	behind.Intent.StartedAt = w.clock.now()
	if err := w.openVault().Swap(ctx, record, now.Seq, behind); err != nil {
		t.Fatal(err)
	}
	w.clock.forward(time.Hour)
	w.start().mustAsk("")
	if r := w.read(); r.State != vault.Healthy || !r.Cur.RT.Equal(behind.Next.RT) {
		t.Errorf("the record is %s", r.State)
	}
	if seen := w.service.Seen(); seen.Thefts != 0 || seen.Reuses != 1 {
		t.Errorf("%+v", seen)
	}
}
