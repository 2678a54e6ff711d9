package credential_test

import (
	"encoding/base32"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/pquerna/otp/hotp"
)

// rfcSeed is the secret of RFC 6238, appendix B.
var rfcSeed = credential.Seed(base32.StdEncoding.EncodeToString([]byte("12345678901234567890")))

// codeAt is what an app shows that is some steps of 30 seconds ahead of us.
func codeAt(t *testing.T, now *clock, ahead int64) string {
	t.Helper()
	code, err := hotp.GenerateCode(string(rfcSeed), uint64(now.Now().Unix()/30+ahead))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// enrol gives a person the app with rfcSeed and lets the code of the proof
// grow old.
func enrol(t *testing.T, safe *credential.Safe, now *clock, owner credential.Owner) (recovery []string) {
	t.Helper()
	recovery, err := safe.Enrol(t.Context(), owner, rfcSeed, codeAt(t, now, 0))
	if err != nil {
		t.Fatalf("enrol: %v", err)
	}
	now.advance(5 * time.Minute)
	return recovery
}

func TestTheCodesOfRFC6238AreTaken(t *testing.T) {
	for at, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471",
		1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		safe, now := newSafe(t)
		now.set(time.Unix(at-300, 0))
		if at < 300 {
			now.set(time.Unix(0, 0))
		}
		if _, err := safe.Enrol(t.Context(), anna, rfcSeed, codeAt(t, now, 0)); err != nil {
			t.Fatalf("at %d: enrol: %v", at, err)
		}
		now.set(time.Unix(at, 0))
		if err := safe.CheckCode(t.Context(), anna, code); err != nil {
			t.Errorf("at %d: %v", at, err)
		}
	}
}

func TestACodeIsTakenOneStepOffAndAFartherOneIsToldItsClockIsWrong(t *testing.T) {
	for _, c := range []struct {
		ahead  int64
		reason string
	}{{-21, "wrong"}, {-20, "clock"}, {-2, "clock"}, {-1, ""}, {0, ""}, {1, ""}, {2, "clock"}, {20, "clock"}, {21, "wrong"}} {
		safe, now := newSafe(t)
		enrol(t, safe, now, anna)
		// Later than every step that is asked about, so that none is used.
		now.advance(time.Hour)
		err := safe.CheckCode(t.Context(), anna, codeAt(t, now, c.ahead))
		if c.reason != "" {
			wantFault(t, err, fault.SecondFactorWrong, "reason", c.reason)
		} else if err != nil {
			t.Errorf("%d steps ahead: %v", c.ahead, err)
		}
	}
}

func TestACodeIsReadAsPeopleTypeIt(t *testing.T) {
	safe, now := newSafe(t)
	enrol(t, safe, now, anna)
	code := codeAt(t, now, 0)
	for _, typed := range []string{"", code[:5], code + "0", "12345a", "１２３４５６", strings.Repeat("1", 1<<20)} {
		err := safe.CheckCode(t.Context(), anna, typed)
		wantFault(t, err, fault.SecondFactorWrong, "reason", "form")
	}
	if err := safe.CheckCode(t.Context(), anna, " "+code[:3]+" "+code[3:]+" "); err != nil {
		t.Error(err)
	}
}

func TestACodeServesOnceAndOlderOnesNoMore(t *testing.T) {
	safe, now := newSafe(t)
	ctx := t.Context()
	if _, err := safe.Enrol(ctx, anna, rfcSeed, codeAt(t, now, 0)); err != nil {
		t.Fatal(err)
	}
	wantFault(t, safe.CheckCode(ctx, anna, codeAt(t, now, 0)), fault.SecondFactorWrong, "reason", "used")
	if err := safe.CheckCode(ctx, anna, codeAt(t, now, 1)); err != nil {
		t.Fatalf("the next one: %v", err)
	}
	now.advance(30 * time.Second)
	for _, ahead := range []int64{-1, 0} {
		wantFault(t, safe.CheckCode(ctx, anna, codeAt(t, now, ahead)), fault.SecondFactorWrong, "reason", "used")
	}
}

func TestOfManyWhoUseOneCodeAtOnceOneGetsIn(t *testing.T) {
	safe, now := newSafe(t)
	recovery := enrol(t, safe, now, anna)
	for name, try := range map[string]func() error{
		"code":     func() error { return safe.CheckCode(t.Context(), anna, codeAt(t, now, 0)) },
		"recovery": func() error { return safe.CheckRecovery(t.Context(), anna, recovery[0]) },
	} {
		now.advance(time.Hour)
		if got := atOnce(try); got[""] != 1 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// atOnce runs a try fifty times at once and counts the outcomes by the name of
// the fault, "" for success.
func atOnce(try func() error) map[string]int {
	var mu sync.Mutex
	outcomes := map[string]int{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			name := ""
			if err := try(); err != nil {
				name = fault.Describe(fault.Of(err).Code).Name
			}
			mu.Lock()
			defer mu.Unlock()
			outcomes[name]++
		})
	}
	all.Wait()
	return outcomes
}

func TestWrongCodesAreCountedForThePersonWhateverTheyAre(t *testing.T) {
	safe, now := newSafe(t)
	ctx := t.Context()
	recovery := enrol(t, safe, now, anna)
	enrol(t, safe, now, bob)
	for range 5 {
		wantFault(t, safe.CheckCode(ctx, anna, "12345"), fault.SecondFactorWrong)
		wantFault(t, safe.CheckRecovery(ctx, anna, "AAAA-AAAA-AAAA"), fault.SecondFactorWrong)
	}
	wantFault(t, safe.CheckCode(ctx, anna, codeAt(t, now, 0)), fault.TooManyTries)
	wantFault(t, safe.CheckRecovery(ctx, anna, recovery[0]), fault.TooManyTries)
	if err := safe.CheckCode(ctx, bob, codeAt(t, now, 0)); err != nil {
		t.Errorf("bob: %v", err)
	}
	now.advance(time.Minute)
	if err := safe.CheckCode(ctx, anna, codeAt(t, now, 0)); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

// TestGuessesAtOnceAreNoMoreThanGuessesInTurn: a million codes do not stand
// against whoever may try thousands at once before the first is counted.
func TestGuessesAtOnceAreNoMoreThanGuessesInTurn(t *testing.T) {
	safe, now := newSafe(t)
	enrol(t, safe, now, anna)
	got := atOnce(func() error { return safe.CheckCode(t.Context(), anna, "12345") })
	wrong, refused := fault.Describe(fault.SecondFactorWrong).Name, fault.Describe(fault.TooManyTries).Name
	if got[wrong] != 10 || got[refused] != 40 {
		t.Errorf("outcomes %v, want 10 tries and 40 refused", got)
	}
	now.advance(15 * time.Minute)
	got = atOnce(func() error { return safe.CheckCode(t.Context(), anna, "12345") })
	if got[wrong] != 1 || got[refused] != 49 {
		t.Errorf("after the wait: outcomes %v, want one try and 49 refused", got)
	}
}

func TestAPersonWithoutAnAppHasNoSecondFactor(t *testing.T) {
	safe, now := newSafe(t)
	ctx := t.Context()
	wantFault(t, safe.CheckCode(ctx, anna, "123456"), fault.SecondFactorMissing)
	wantFault(t, safe.CheckRecovery(ctx, anna, "AAAA-AAAA-AAAA"), fault.SecondFactorWrong, "reason", "recovery")
	if _, err := safe.Enrol(ctx, anna, rfcSeed, "12345"); !fault.Has(err, fault.SecondFactorWrong) {
		t.Errorf("enrolled without a proof: %v", err)
	}
	for _, c := range []struct {
		owner credential.Owner
		want  bool
	}{{anna, false}, {bob, true}} {
		if c.want {
			enrol(t, safe, now, c.owner)
		}
		if got, err := safe.HasSecondFactor(ctx, c.owner); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", c.owner.Account, got, err)
		}
	}
}

func TestARecoveryCodeServesOnceAndItsOwnerAlone(t *testing.T) {
	safe, now := newSafe(t)
	ctx := t.Context()
	codes := enrol(t, safe, now, anna)
	enrol(t, safe, now, bob)
	form := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`)
	seen := map[string]bool{}
	for _, code := range codes {
		if !form.MatchString(code) || seen[code] {
			t.Errorf("code %q", code)
		}
		seen[code] = true
	}
	if len(codes) != 10 {
		t.Errorf("%d codes", len(codes))
	}
	wantFault(t, safe.CheckRecovery(ctx, bob, codes[0]), fault.SecondFactorWrong, "reason", "recovery")
	for _, typed := range []string{codes[0], strings.ToLower(codes[1]), " " + strings.ReplaceAll(codes[2], "-", " ")} {
		if err := safe.CheckRecovery(ctx, anna, typed); err != nil {
			t.Errorf("%q: %v", typed, err)
		}
		wantFault(t, safe.CheckRecovery(ctx, anna, typed), fault.SecondFactorWrong, "reason", "recovery")
	}
}

func TestANewAppKillsTheOldOneAndItsRecoveryCodes(t *testing.T) {
	safe, now := newSafe(t)
	ctx := t.Context()
	old := enrol(t, safe, now, anna)
	seed := safe.NewSeed()
	proof, err := hotp.GenerateCode(string(seed), uint64(now.Now().Unix()/30))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := safe.Enrol(ctx, anna, seed, proof)
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, safe.CheckRecovery(ctx, anna, old[0]), fault.SecondFactorWrong)
	wantFault(t, safe.CheckCode(ctx, anna, codeAt(t, now, 1)), fault.SecondFactorWrong)
	if err := safe.CheckRecovery(ctx, anna, fresh[0]); err != nil {
		t.Error(err)
	}
}

func TestTheAddressOfASeedIsReadByApps(t *testing.T) {
	safe, _ := newSafe(t)
	seed := safe.NewSeed()
	if raw, err := base32.StdEncoding.DecodeString(string(seed)); err != nil || len(raw) != 20 {
		t.Errorf("seed of %d bytes, %v", len(raw), err)
	}
	if other := safe.NewSeed(); other == seed {
		t.Error("two seeds are the same")
	}
	const issuer, name = "Contoso & Co", "änna+1@contoso.example"
	u, err := url.Parse(seed.URL(issuer, name))
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/"+issuer+":"+name {
		t.Errorf("address %s", u)
	}
	if q := u.Query(); q.Get("secret") != string(seed) || q.Get("issuer") != issuer || len(q) != 2 {
		t.Errorf("query %v", q)
	}
	// Apps that read a plus as a plus would show it in the name.
	if strings.Contains(u.RawQuery, "+") {
		t.Errorf("query %s", u.RawQuery)
	}
}
