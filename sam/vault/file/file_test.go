package file_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault"
	"github.com/entente-id/entente/sam/vault/file"
)

var ctx = context.Background()

var keyText = base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))

func newKey(t testing.TB) file.Key {
	t.Helper()
	key, err := file.ParseKey(keyText)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newVault(t testing.TB, directory string) *file.Vault {
	t.Helper()
	v, err := file.Open(directory, newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newRecord(rt string) vault.Record {
	return vault.Record{
		Cur:   vault.Held{RT: secret.New(rt), Key: secret.New("key-of-" + rt), GotAt: time.Unix(1, 0).UTC()},
		State: vault.Healthy, Tenant: "t", ClientID: "c", Authority: "https://localhost:8443",
	}
}

// write makes the next version of the record hold rt.
func write(t testing.TB, v *file.Vault, name string, seq uint64, rt string) {
	t.Helper()
	if err := v.Swap(ctx, name, seq, newRecord(rt)); err != nil {
		t.Fatal(err)
	}
}

func TestARecordIsReadBackByAnotherProcess(t *testing.T) {
	directory := t.TempDir()
	write(t, newVault(t, directory), "r", 0, "first")
	write(t, newVault(t, directory), "r", 1, "second")
	got, err := newVault(t, directory).Read(ctx, "r")
	if err != nil || got.Seq != 2 || got.Cur.RT.Reveal() != "second" || got.Cur.Key.Reveal() != "key-of-second" {
		t.Errorf("seq %d, %v", got.Seq, err)
	}
	names, err := newVault(t, directory).Names(ctx)
	if err != nil || !slices.Equal(names, []string{"r"}) {
		t.Errorf("names = %v, %v", names, err)
	}
}

func TestASwapFromAnotherVersionConflicts(t *testing.T) {
	v := newVault(t, t.TempDir())
	if _, err := v.Read(ctx, "r"); !errors.Is(err, vault.ErrAbsent) {
		t.Errorf("read of nothing: %v", err)
	}
	if err := v.Swap(ctx, "r", 1, newRecord("x")); !errors.Is(err, vault.ErrConflict) {
		t.Errorf("swap of nothing: %v", err)
	}
	write(t, v, "r", 0, "first")
	for _, seq := range []uint64{0, 2} {
		if err := v.Swap(ctx, "r", seq, newRecord("x")); !errors.Is(err, vault.ErrConflict) {
			t.Errorf("swap from %d: %v", seq, err)
		}
	}
}

func TestOfManySwapsFromOneVersionExactlyOneWins(t *testing.T) {
	directory := t.TempDir()
	write(t, newVault(t, directory), "r", 0, "first")
	var wg sync.WaitGroup
	won := make(chan int, 32)
	for i := range 32 {
		v := newVault(t, directory)
		wg.Go(func() {
			err := v.Swap(ctx, "r", 1, newRecord(fmt.Sprint("rt", i)))
			if err == nil {
				won <- i
			} else if !errors.Is(err, vault.ErrConflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d swaps won", len(won))
	}
	got, err := newVault(t, directory).Read(ctx, "r")
	if err != nil || got.Cur.RT.Reveal() != fmt.Sprint("rt", <-won) {
		t.Errorf("the winner's record is not there: %v", err)
	}
}

// The same between processes: the test binary runs itself as writers.
func TestCompareAndSetHoldsBetweenProcesses(t *testing.T) {
	const rounds, writers = 20, 4
	if directory := os.Getenv("ENTENTE_TEST_WRITER"); directory != "" {
		v := newVault(t, directory)
		for done := 0; done < rounds; {
			r, err := v.Read(ctx, "r")
			if err != nil {
				t.Fatal(err)
			}
			r.Intent.Attempt++
			switch err := v.Swap(ctx, "r", r.Seq, r); {
			case err == nil:
				done++
			case !errors.Is(err, vault.ErrConflict):
				t.Fatal(err)
			}
		}
		return
	}
	directory := t.TempDir()
	write(t, newVault(t, directory), "r", 0, "first")
	var wg sync.WaitGroup
	for range writers {
		command := exec.Command(os.Args[0], "-test.run=^TestCompareAndSetHoldsBetweenProcesses$")
		command.Env = append(os.Environ(), "ENTENTE_TEST_WRITER="+directory)
		wg.Go(func() {
			if out, err := command.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	got, err := newVault(t, directory).Read(ctx, "r")
	if err != nil || got.Intent.Attempt != rounds*writers || got.Seq != 1+rounds*writers {
		t.Errorf("attempt %d, seq %d, %v; want %d: an update was lost", got.Intent.Attempt, got.Seq, err, rounds*writers)
	}
}

// slotOf returns the file that holds the newest version, found by which write
// touched it.
func slotOf(t *testing.T, directory string, seq int) string {
	t.Helper()
	return filepath.Join(directory, fmt.Sprintf("r.%d", (seq-1)%2))
}

func TestADamagedFileFallsBackToThePreviousVersion(t *testing.T) {
	directory := t.TempDir()
	v := newVault(t, directory)
	write(t, v, "r", 0, "first")
	write(t, v, "r", 1, "second")
	slot := slotOf(t, directory, 2)
	whole, err := os.ReadFile(slot)
	if err != nil {
		t.Fatal(err)
	}
	damage := map[string][]byte{"empty": {}, "longer": append(slices.Clone(whole), 0)}
	for at := 0; at < len(whole); at += 64 {
		flipped := slices.Clone(whole)
		flipped[at] ^= 1
		damage[fmt.Sprint("flipped at ", at)] = flipped
		damage[fmt.Sprint("cut at ", at)] = whole[:at]
		damage[fmt.Sprint("torn at ", at)] = append(slices.Clone(whole[:at]), make([]byte, len(whole)-at)...)
	}
	for name, content := range damage {
		if err := os.WriteFile(slot, content, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := newVault(t, directory).Read(ctx, "r")
		if err != nil || got.Seq != 1 || got.Cur.RT.Reveal() != "first" {
			t.Errorf("%s: seq %d, %v", name, got.Seq, err)
		}
	}
	// Life goes on from the version that is left, over the damaged file.
	write(t, v, "r", 1, "again")
	if got, err := v.Read(ctx, "r"); err != nil || got.Seq != 2 || got.Cur.RT.Reveal() != "again" {
		t.Errorf("after the damage: seq %d, %v", got.Seq, err)
	}
}

func TestWhenBothVersionsAreDamagedNothingIsPretendedOrOverwritten(t *testing.T) {
	directory := t.TempDir()
	v := newVault(t, directory)
	write(t, v, "r", 0, "first")
	write(t, v, "r", 1, "second")
	for seq := 1; seq <= 2; seq++ {
		if err := os.WriteFile(slotOf(t, directory, seq), []byte("rubbish"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := v.Read(ctx, "r"); !errors.Is(err, file.ErrDamaged) || errors.Is(err, vault.ErrAbsent) {
		t.Errorf("read: %v", err)
	}
	if err := v.Swap(ctx, "r", 0, newRecord("new")); !errors.Is(err, file.ErrDamaged) {
		t.Errorf("swap: %v", err)
	}
}

func TestAFileOpensOnlyWithItsKeyAndUnderItsName(t *testing.T) {
	directory := t.TempDir()
	v := newVault(t, directory)
	write(t, v, "r", 0, "canary-refresh-token")

	other, err := file.ParseKey(base64.StdEncoding.EncodeToString([]byte("another key, also 32 bytes long!")))
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := file.Open(directory, other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Read(ctx, "r"); err == nil || !strings.Contains(err.Error(), "another vault key") {
		t.Errorf("another key: %v", err)
	}

	content, err := os.ReadFile(filepath.Join(directory, "r.0"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(content), "canary") {
		t.Error("the token lies in clear")
	}
	if err := os.WriteFile(filepath.Join(directory, "s.0"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Read(ctx, "s"); !errors.Is(err, file.ErrDamaged) {
		t.Errorf("a record under another name: %v", err)
	}
}

func TestAtEveryStepOfAWriteOneWholeVersionIsInPlace(t *testing.T) {
	killed := errors.New("killed")
	for _, step := range []string{"temp-written", "temp-synced", "renamed", "dir-synced"} {
		for _, seq := range []uint64{0, 1, 2} {
			directory := t.TempDir()
			v := newVault(t, directory)
			for i := range seq {
				write(t, v, "r", i, fmt.Sprint("rt", i+1))
			}
			v.Failpoint = func(at string) error {
				if at == step {
					return killed
				}
				return nil
			}
			if err := v.Swap(ctx, "r", seq, newRecord("new")); !errors.Is(err, killed) {
				t.Fatalf("%s: %v", step, err)
			}
			after := newVault(t, directory)
			got, err := after.Read(ctx, "r")
			switch {
			case step == "renamed" || step == "dir-synced":
				if err != nil || got.Seq != seq+1 || got.Cur.RT.Reveal() != "new" {
					t.Errorf("%s from %d: seq %d, %v", step, seq, got.Seq, err)
				}
			case seq == 0:
				if !errors.Is(err, vault.ErrAbsent) {
					t.Errorf("%s from 0: %v", step, err)
				}
			default:
				if err != nil || got.Seq != seq || got.Cur.RT.Reveal() != fmt.Sprint("rt", seq) {
					t.Errorf("%s from %d: seq %d, %v", step, seq, got.Seq, err)
				}
			}
			write(t, after, "r", got.Seq, "next")
		}
	}
}

func TestCheckTellsAVaultThatCannotBeWritten(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "vault")
	v := newVault(t, directory)
	if err := v.Check(ctx); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(directory)
	if err != nil || len(entries) != 0 {
		t.Errorf("the check left %v, %v", entries, err)
	}
	if err := os.RemoveAll(directory); err != nil {
		t.Fatal(err)
	}
	if err := v.Check(ctx); err == nil {
		t.Error("a vault without a directory passed")
	}
}

func TestFilesAreForTheOwnerAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file modes")
	}
	home := t.TempDir()
	records, keyFile := filepath.Join(home, "data", "vault"), filepath.Join(home, "config", "vault.key")
	key, err := file.KeyFromFile(keyFile, records)
	if err != nil {
		t.Fatal(err)
	}
	v, err := file.Open(records, key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, v, "r", 0, "rt")
	for path, want := range map[string]os.FileMode{records: 0o700, keyFile: 0o600, filepath.Join(records, "r.0"): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
	if err := os.Chmod(keyFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := file.KeyFromFile(keyFile, records); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that all may read: %v", err)
	}
}

func TestTheKeyIsMadeOnceAndNeverInsideTheVault(t *testing.T) {
	home := t.TempDir()
	records, keyFile := filepath.Join(home, "vault"), filepath.Join(home, "vault.key")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			key, err := file.KeyFromFile(keyFile, records)
			if err != nil {
				t.Error(err)
				return
			}
			v, err := file.Open(records, key)
			if err != nil {
				t.Error(err)
				return
			}
			if err := v.Swap(ctx, fmt.Sprint("r", i), 0, newRecord("rt")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	key, err := file.KeyFromFile(keyFile, records)
	if err != nil {
		t.Fatal(err)
	}
	v, err := file.Open(records, key)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		if _, err := v.Read(ctx, fmt.Sprint("r", i)); err != nil {
			t.Errorf("two processes made two keys: %v", err)
		}
	}
	for _, inside := range []string{filepath.Join(records, "key"), filepath.Join(records, "deep", "..", "key"), records} {
		if _, err := file.KeyFromFile(inside, records); err == nil {
			t.Errorf("the key was put at %s", inside)
		}
	}
	if _, err := os.Stat(filepath.Join(records, "key")); err == nil {
		t.Error("a key file was made inside the vault")
	}
}

func TestABadKeyOrNameIsRefused(t *testing.T) {
	for _, bad := range []string{"", "short", base64.StdEncoding.EncodeToString(make([]byte, 31)), "canary!!"} {
		if _, err := file.ParseKey(bad); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if shown := fmt.Sprintf("%v %+v %#v %v", newKey(t), newKey(t), newKey(t), newVault(t, t.TempDir())); strings.Contains(shown, "0123456789abcdef") || strings.Contains(shown, "48 49 50") {
		t.Errorf("the key shows itself: %s", shown)
	}
	v := newVault(t, t.TempDir())
	for _, bad := range []string{"", "../r", "a/b", "UPPER", ".hidden", strings.Repeat("a", 201)} {
		if err := v.Swap(ctx, bad, 0, newRecord("rt")); err == nil {
			t.Errorf("the name %q was taken", bad)
		}
	}
}

func TestTheGoroutineThatWaitsForALockHeedsItsContext(t *testing.T) {
	directory := t.TempDir()
	v, other := newVault(t, directory), newVault(t, directory)
	write(t, v, "r", 0, "rt")
	waiting, cancel := context.WithCancel(ctx)
	v.Failpoint = func(step string) error {
		if step != "temp-written" {
			return nil
		}
		// While this write holds the lock, another vault asks for it and gives up.
		cancel()
		if _, err := other.Read(waiting, "r"); !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
		return nil
	}
	write(t, v, "r", 1, "rt2")
}

func FuzzOpen(f *testing.F) {
	directory := f.TempDir()
	v := newVault(f, directory)
	write(f, v, "r", 0, "rt")
	content, err := os.ReadFile(filepath.Join(directory, "r.0"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte("entente-vault-1\n"))
	f.Fuzz(func(t *testing.T, mutated []byte) {
		if err := os.WriteFile(filepath.Join(directory, "r.0"), mutated, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := v.Read(ctx, "r"); err == nil && got.Cur.RT.Reveal() != "rt" {
			t.Error("a changed file gave another token")
		}
	})
}
