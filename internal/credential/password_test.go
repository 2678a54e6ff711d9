package credential_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
)

const annasName, annasPassword = "anna@contoso.example", "correct horse battery"

// newSafeWithAnna is newSafe where anna has a password.
func newSafeWithAnna(t *testing.T) (*credential.Safe, *clock) {
	t.Helper()
	safe, now := newSafe(t)
	if err := safe.SetPassword(t.Context(), anna, annasPassword); err != nil {
		t.Fatal(err)
	}
	return safe, now
}

func TestTheRightPasswordOpensAndAWrongOneDoesNot(t *testing.T) {
	safe, _ := newSafeWithAnna(t)
	ctx := t.Context()
	if err := safe.CheckPassword(ctx, anna, annasName, annasPassword, ""); err != nil {
		t.Errorf("the right one: %v", err)
	}
	for _, wrong := range []string{"", annasPassword + " ", strings.ToUpper(annasPassword), annasPassword[1:]} {
		wantFault(t, safe.CheckPassword(ctx, anna, annasName, wrong, ""), fault.WrongPassword)
	}
	wantFault(t, safe.CheckPassword(ctx, bob, "bob@contoso.example", annasPassword, ""), fault.WrongPassword)
}

func TestAReplacedPasswordOpensNoMore(t *testing.T) {
	safe, _ := newSafeWithAnna(t)
	ctx := t.Context()
	if err := safe.SetPassword(ctx, anna, "another one entirely"); err != nil {
		t.Fatal(err)
	}
	wantFault(t, safe.CheckPassword(ctx, anna, annasName, annasPassword, ""), fault.WrongPassword)
	if err := safe.CheckPassword(ctx, anna, annasName, "another one entirely", ""); err != nil {
		t.Error(err)
	}
}

// TestAnUnknownNameIsAnsweredAndCountedLikeAKnownOne is row R143: neither the
// fault, nor its facts, nor the count of wrong tries tells which names exist.
func TestAnUnknownNameIsAnsweredAndCountedLikeAKnownOne(t *testing.T) {
	safe, _ := newSafeWithAnna(t)
	ctx := t.Context()
	for try := range 11 {
		known := safe.CheckPassword(ctx, anna, annasName, "wrong password", "")
		unknown := safe.CheckPassword(ctx, noone, "nobody@contoso.example", "wrong password", "")
		if known == nil || unknown == nil || known.Error() != unknown.Error() {
			t.Fatalf("try %d: known %v, unknown %v", try, known, unknown)
		}
	}
	wantFault(t, safe.CheckPassword(ctx, noone, "nobody@contoso.example", "wrong password", ""), fault.TooManyTries)
	wantFault(t, safe.CheckPassword(ctx, noone, "somebody.else@contoso.example", "wrong password", ""), fault.WrongPassword)
}

func TestTheWaitDoublesFromAMinuteToAQuarterOfAnHourAndEnds(t *testing.T) {
	safe, now := newSafeWithAnna(t)
	ctx := t.Context()
	for range 10 {
		wantFault(t, safe.CheckPassword(ctx, anna, annasName, "wrong password", ""), fault.WrongPassword)
	}
	for _, minutes := range []int{1, 2, 4, 8, 15, 15} {
		wait := time.Duration(minutes) * time.Minute
		// The right password does not shorten the wait, or a guesser would
		// learn it by trying.
		wantFault(t, safe.CheckPassword(ctx, anna, annasName, annasPassword, ""), fault.TooManyTries)
		now.advance(wait - time.Second)
		wantFault(t, safe.CheckPassword(ctx, anna, annasName, "wrong password", ""), fault.TooManyTries, "minutes", "1")
		now.advance(time.Second)
		wantFault(t, safe.CheckPassword(ctx, anna, annasName, "wrong password", ""), fault.WrongPassword)
	}
	now.advance(15 * time.Minute)
	if err := safe.CheckPassword(ctx, anna, annasName, annasPassword, ""); err != nil {
		t.Fatalf("after the wait: %v", err)
	}
	// A proof forgets what went before it.
	for range 10 {
		wantFault(t, safe.CheckPassword(ctx, anna, annasName, "wrong password", ""), fault.WrongPassword)
	}
}

func TestTheMinutesOfAWaitAreThoseThatAreLeft(t *testing.T) {
	safe, now := newSafe(t)
	ctx := t.Context()
	for range 14 {
		_ = safe.CheckPassword(ctx, noone, annasName, "wrong password", "")
		now.advance(15 * time.Minute)
	}
	wantFault(t, safe.CheckPassword(ctx, noone, annasName, "wrong password", ""), fault.WrongPassword)
	for _, c := range []struct {
		pass time.Duration
		want string
	}{{30 * time.Second, "15"}, {time.Minute, "14"}, {13 * time.Minute, "1"}} {
		now.advance(c.pass)
		wantFault(t, safe.CheckPassword(ctx, noone, annasName, "wrong password", ""), fault.TooManyTries, "minutes", c.want)
	}
}

func TestAWaitAtOneNameHoldsUpNobodyElse(t *testing.T) {
	safe, _ := newSafeWithAnna(t)
	ctx := t.Context()
	if err := safe.SetPassword(ctx, bob, "bob's own password"); err != nil {
		t.Fatal(err)
	}
	for range 11 {
		_ = safe.CheckPassword(ctx, anna, annasName, "wrong password", "")
	}
	wantFault(t, safe.CheckPassword(ctx, anna, annasName, annasPassword, ""), fault.TooManyTries)
	if err := safe.CheckPassword(ctx, bob, "bob@contoso.example", "bob's own password", ""); err != nil {
		t.Errorf("bob: %v", err)
	}
	elsewhere := credential.Owner{Tenant: "22222222-bbbb-4222-8222-000000000002"}
	wantFault(t, safe.CheckPassword(ctx, elsewhere, annasName, "wrong password", ""), fault.WrongPassword)
}

func TestGuessesAtOnceAreCountedLikeGuessesInTurn(t *testing.T) {
	safe, _ := newSafeWithAnna(t)
	ctx := t.Context()
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() { _ = safe.CheckPassword(ctx, anna, annasName, "wrong password", "") })
	}
	all.Wait()
	wantFault(t, safe.CheckPassword(ctx, anna, annasName, annasPassword, ""), fault.TooManyTries)
}

func TestTheLengthOfAPasswordIsCountedInCharactersFromBelowAndBytesFromAbove(t *testing.T) {
	safe, _ := newSafe(t)
	ctx := t.Context()
	for _, c := range []struct {
		name, password string
		taken          bool
	}{
		{"seven characters", "seven77", false},
		{"seven characters of two bytes", strings.Repeat("ä", 7), false},
		{"eight characters", strings.Repeat("ä", 8), true},
		{"eight code points that compose to four", strings.Repeat("a\u0308", 4), false},
		{"the most", strings.Repeat("x", credential.MaxPassword), true},
		{"one more", strings.Repeat("x", credential.MaxPassword+1), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := safe.SetPassword(ctx, anna, c.password)
			if !c.taken {
				wantFault(t, err, fault.RequestMalformed, "parameter", "password")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := safe.CheckPassword(ctx, anna, annasName, c.password, ""); err != nil {
				t.Errorf("does not open what it was set for: %v", err)
			}
		})
	}
}

// TestAMegabyteIsRefusedAndNotCounted: what is longer than any password can be
// was not guessed, and is not hashed: fifty of them take no time.
func TestAMegabyteIsRefusedAndNotCounted(t *testing.T) {
	safe, _ := newSafeWithAnna(t)
	huge := strings.Repeat("x", 1<<20)
	for range 50 {
		wantFault(t, safe.CheckPassword(t.Context(), anna, annasName, huge, ""), fault.WrongPassword)
	}
	// Nothing was guessed, so nothing was counted.
	if err := safe.CheckPassword(t.Context(), anna, annasName, annasPassword, ""); err != nil {
		t.Error(err)
	}
	wantFault(t, safe.SetPassword(t.Context(), anna, huge), fault.RequestMalformed)
}

// TestEveryByteOfAPasswordCounts is row R136.
func TestEveryByteOfAPasswordCounts(t *testing.T) {
	safe, _ := newSafe(t)
	ctx := t.Context()
	for _, at := range []int{72, 128, credential.MaxPassword} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			same := strings.Repeat("x", at-1)
			if err := safe.SetPassword(ctx, anna, same+"1"); err != nil {
				t.Fatal(err)
			}
			wantFault(t, safe.CheckPassword(ctx, anna, annasName, same+"2", ""), fault.WrongPassword)
			wantFault(t, safe.CheckPassword(ctx, anna, annasName, same, ""), fault.WrongPassword)
			if err := safe.CheckPassword(ctx, anna, annasName, same+"1", ""); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAPasswordOpensHoweverTheKeyboardComposesIt(t *testing.T) {
	safe, _ := newSafe(t)
	ctx := t.Context()
	composed, apart := "p\u00e4\u00e4ss\u00e4n\u00e5", "pa\u0308a\u0308ssa\u0308na\u030a"
	for _, set := range []string{composed, apart} {
		if err := safe.SetPassword(ctx, anna, set); err != nil {
			t.Fatal(err)
		}
		for _, typed := range []string{composed, apart} {
			if err := safe.CheckPassword(ctx, anna, annasName, typed, ""); err != nil {
				t.Errorf("set %+q, typed %+q: %v", set, typed, err)
			}
		}
	}
	wantFault(t, safe.CheckPassword(ctx, anna, annasName, "paassana", ""), fault.WrongPassword)
}
