package token

import (
	"fmt"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/application"
)

// The model is a server's family, one vault, a lossy network, crashes at any
// point and, in some runs, a thief who copies the whole vault record. It calls
// the real decision (Family.Present) and explores every state that can be
// reached within a few generations (security-and-reliability.md 5.7).

// modelGenerations bounds the exploration; what happens from one generation to
// the next repeats.
const modelGenerations = 5

// copyOf is a refresh token in somebody's hands, with the key it will be
// presented with. Keys are names: "b2" the broker's for generation 2, "t2" the
// thief's own.
type copyOf struct {
	generation uint32
	key        string
}

// scene is one state of the model. It is comparable, so that a map can tell
// which were seen.
type scene struct {
	active     uint32
	activeKey  string
	superKey   string
	superOld   bool // the overlap of the superseded generation is over
	suspect    bool
	dead       bool
	class      application.RefreshClass
	cur, next  copyOf
	prev       copyOf
	confirmed  bool // cur was used successfully
	thief      copyOf
	thiefOwn   bool   // the thief has used a token
	afterTheft uint32 // broker refreshes with a new generation since then
	noticed    bool   // the broker saw that somebody else used its token
	lastCommit uint32 // generation before the last commit, for a lost one; 0 none
}

var modelNow = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func (s scene) family() Family {
	f := Family{
		Class: s.class, Active: s.active, ActiveKey: s.activeKey, ActiveAt: modelNow, SupersededKey: s.superKey,
		SupersededAt: modelNow, State: Live, Created: modelNow, Used: modelNow, Credential: "certificate",
	}
	if s.superOld {
		f.SupersededAt = modelNow.Add(-25 * time.Hour)
	}
	if s.suspect {
		f.State, f.SuspectAt = Suspect, modelNow
	}
	if s.dead {
		f.State = Revoked
	}
	return f
}

// present asks the real decision and gives the scene after it is durable.
func (s scene) present(c copyOf) (scene, Verdict) {
	v := s.family().Present(Presentation{Generation: c.generation, Key: c.key, Credential: "certificate", At: modelNow})
	if !v.Changed {
		return s, v
	}
	after := s
	if v.Next.Active != s.active {
		after.lastCommit, after.superOld = s.active, false
	}
	after.active, after.activeKey, after.superKey, after.class = v.Next.Active, v.Next.ActiveKey, v.Next.SupersededKey, v.Next.Class
	after.suspect, after.dead = v.Next.State == Suspect, v.Next.State == Revoked || v.Next.State == Stolen
	return after, v
}

// move is one thing that can happen.
type move struct {
	name string
	to   scene
	// loud is set when honest parties would be told of theft or reuse.
	loud bool
}

// brokerMoves are what the broker can do, with every loss and crash.
func (s scene) brokerMoves(keyed bool) []move {
	var moves []move
	key := func(generation uint32) string {
		if !keyed {
			return ""
		}
		return fmt.Sprintf("b%d", generation)
	}
	if s.noticed {
		return nil
	}
	// Present cur. The request may be lost (no move), the answer may be lost
	// or the broker may die before it has stored it (server moves alone), or
	// all goes well.
	after, v := s.present(s.cur)
	if s.thiefOwn && v.Changed && v.Outcome == Successor {
		after.afterTheft++
	}
	loud := v.Outcome == Refuse
	moves = append(moves, move{"present cur, answer lost", after, loud})
	switch v.Outcome {
	case Successor:
		stored := after
		stored.confirmed, stored.prev = true, copyOf{}
		if stored.next.generation == 0 {
			stored.next = copyOf{s.cur.generation + 1, key(s.cur.generation + 1)}
		}
		moves = append(moves, move{"present cur, successor stored", stored, false})
	case AccessOnly:
		// V5a: somebody used the successor of a token that we still hold as
		// current. It was not us: next was never presented.
		noticed := after
		noticed.noticed = true
		moves = append(moves, move{"present cur, access only", noticed, s.thief.generation == 0})
	}
	// The heartbeat promotes next before it is presented. prev stays.
	if s.next.generation != 0 {
		promoted := s
		promoted.prev, promoted.cur, promoted.next, promoted.confirmed = s.cur, s.next, copyOf{}, false
		moves = append(moves, move{"promote", promoted, false})
	}
	return moves
}

// faultMoves are what nobody wants.
func (s scene) faultMoves() []move {
	var moves []move
	if s.superKey != "" || s.active > 1 {
		late := s
		late.superOld = true
		moves = append(moves, move{"a day passes", late, false})
	}
	// A failover loses the last commit, once, before the broker has gone on.
	if s.lastCommit != 0 && s.active == s.lastCommit+1 {
		lost := s
		lost.active, lost.activeKey, lost.lastCommit = s.lastCommit, s.superKey, 0
		lost.superKey = ""
		moves = append(moves, move{"failover loses the last commit", lost, false})
	}
	return moves
}

func (s scene) thiefMoves() []move {
	var moves []move
	if s.thief.generation == 0 {
		stolen := s
		stolen.thief = s.cur
		moves = append(moves, move{"thief copies the record", stolen, false})
		if s.next.generation != 0 {
			stolen.thief = s.next
			moves = append(moves, move{"thief copies the successor too", stolen, false})
		}
		return moves
	}
	for _, key := range []string{s.thief.key, fmt.Sprintf("t%d", s.thief.generation)} {
		after, v := s.present(copyOf{s.thief.generation, key})
		if v.Outcome == Refuse {
			moves = append(moves, move{"thief refused", after, true})
			continue
		}
		after.thiefOwn = true
		moves = append(moves, move{"thief gets an access token", after, false})
		if v.Outcome == Successor {
			after.thief = copyOf{s.thief.generation + 1, fmt.Sprintf("t%d", s.thief.generation+1)}
			moves = append(moves, move{"thief keeps the successor", after, false})
		}
	}
	return moves
}

// explore visits every scene that can be reached and checks each move.
func explore(t *testing.T, start scene, moves func(scene) []move, check func(t *testing.T, from scene, m move)) int {
	t.Helper()
	seen := map[scene]bool{start: true}
	queue := []scene{start}
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for _, m := range moves(from) {
			check(t, from, m)
			if t.Failed() {
				return len(seen)
			}
			if seen[m.to] || m.to.active > modelGenerations || m.to.cur.generation > modelGenerations {
				continue
			}
			seen[m.to] = true
			queue = append(queue, m.to)
		}
	}
	return len(seen)
}

// open: some token of the vault is accepted, so nobody is locked out.
func (s scene) open() bool {
	for _, held := range []copyOf{s.cur, s.next, s.prev} {
		if held.generation == 0 {
			continue
		}
		if _, v := s.present(held); v.Outcome != Refuse {
			return true
		}
	}
	return false
}

func TestAnHonestBrokerIsNeverLockedOutAndNeverAlarms(t *testing.T) {
	for _, class := range []application.RefreshClass{application.Keyed, application.Overlap} {
		t.Run(string(class), func(t *testing.T) {
			keyed := class == application.Keyed
			start := scene{class: class, cur: copyOf{generation: 1}}
			if keyed {
				start.cur.key = "b1"
			}
			n := explore(t, start, func(s scene) []move { return append(s.brokerMoves(keyed), s.faultMoves()...) },
				func(t *testing.T, from scene, m move) {
					if m.loud || m.to.dead || m.to.suspect {
						t.Errorf("%s raises an alarm\nfrom %+v\nto   %+v", m.name, from, m.to)
					}
					if !m.to.open() {
						t.Errorf("%s locks the broker out\nfrom %+v\nto   %+v", m.name, from, m.to)
					}
				})
			t.Logf("%d states", n)
			if n < 20 {
				t.Errorf("only %d states were explored", n)
			}
		})
	}
}

func TestAThiefOfTheWholeRecordDoesNotSurviveTwoRefreshes(t *testing.T) {
	start := scene{class: application.Keyed, cur: copyOf{1, "b1"}}
	n := explore(t, start, func(s scene) []move {
		if s.dead {
			return nil
		}
		return append(s.brokerMoves(true), s.thiefMoves()...)
	}, func(t *testing.T, from scene, m move) {
		// The thief is found when the family is dead or watched, or when the
		// broker itself noticed.
		if m.to.afterTheft > 2 && !m.to.dead && !m.to.suspect && !m.to.noticed && m.to.thiefAlive() {
			t.Errorf("after %q a thief who used a token is still unseen\nfrom %+v\nto   %+v", m.name, from, m.to)
		}
	})
	t.Logf("%d states", n)
	if n < 100 {
		t.Errorf("only %d states were explored", n)
	}
}

// thiefAlive: what the thief holds would still get a refresh token.
func (s scene) thiefAlive() bool {
	for _, key := range []string{s.thief.key, fmt.Sprintf("t%d", s.thief.generation)} {
		if _, v := s.present(copyOf{s.thief.generation, key}); v.Outcome == Successor {
			return true
		}
	}
	return false
}

func TestOneGenerationHasOneSuccessor(t *testing.T) {
	// Whatever class, key and state: a successor is always the next number, so
	// two presentations of one generation can never fork the chain.
	for _, class := range []application.RefreshClass{application.Strict, application.Keyed, application.Overlap} {
		for active := uint32(0); active <= 4; active++ {
			for _, activeKey := range []string{"", "a"} {
				for _, superKey := range []string{"", "a"} {
					for _, age := range []time.Duration{0, 11 * time.Second, 11 * time.Minute, 25 * time.Hour} {
						f := Family{Class: class, Active: active, ActiveKey: activeKey, SupersededKey: superKey, State: Live,
							ActiveAt: modelNow.Add(-age), SupersededAt: modelNow.Add(-age), Created: modelNow, Used: modelNow.Add(-age)}
						for generation := uint32(0); generation <= 8; generation++ {
							for _, key := range []string{"", "a", "b"} {
								v := f.Present(Presentation{Generation: generation, Key: key, At: modelNow})
								if v.Outcome == Successor && v.Next.Active != generation {
									t.Fatalf("%s, active %d: generation %d got a successor while %d is active", class, active, generation, v.Next.Active)
								}
								if v.Outcome != Refuse && v.Next.State != Live {
									t.Fatalf("%s, active %d: generation %d got something from a family that is %s", class, active, generation, v.Next.State)
								}
								if v.Outcome == Successor && generation+1 < active+1 && generation != active {
									t.Fatalf("%s: a retired generation %d of %d got a successor", class, generation, active)
								}
							}
						}
					}
				}
			}
		}
	}
}

func TestAStrictFamilyForgivesALostAnswerAndNothingElse(t *testing.T) {
	f := Family{Class: application.Strict, State: Live, Created: modelNow, Used: modelNow}
	first := f.Present(Presentation{Generation: 1, At: modelNow}).Next
	if v := first.Present(Presentation{Generation: 1, At: modelNow.Add(9 * time.Second)}); v.Outcome != Successor || v.Changed {
		t.Errorf("a lost answer within the grace: %+v", v)
	}
	if v := first.Present(Presentation{Generation: 1, At: modelNow.Add(11 * time.Second)}); v.Outcome != Refuse || v.Next.State != Revoked {
		t.Errorf("a reuse after the grace leaves the family %s", v.Next.State)
	}
	second := first.Present(Presentation{Generation: 2, At: modelNow.Add(time.Second)}).Next
	if v := second.Present(Presentation{Generation: 1, At: modelNow.Add(2 * time.Second)}); v.Outcome != Refuse || v.Next.State != Revoked {
		t.Errorf("a retired token within the grace leaves the family %s", v.Next.State)
	}
}

func TestAScriptThatNeverStoresTheSuccessorKeepsWorking(t *testing.T) {
	// secure-application-model.md 0, fact 3: the official samples do this.
	f := Family{Class: application.Overlap, State: Live, Created: modelNow, Used: modelNow}
	at := modelNow
	for day := range 400 {
		v := f.Present(Presentation{Generation: 1, At: at})
		if v.Outcome != Successor {
			t.Fatalf("day %d: %+v", day, v)
		}
		f, at = v.Next, at.Add(24*time.Hour+time.Minute)
	}
	if v := f.Present(Presentation{Generation: 1, At: at.Add(91 * 24 * time.Hour)}); v.Outcome != Refuse {
		t.Error("an unused family outlived 90 days")
	}
}
