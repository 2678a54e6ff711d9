package vault_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault"
)

func newRecord() vault.Record {
	at := time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)
	held := func(name string) vault.Held {
		return vault.Held{RT: secret.New("canary-rt-" + name), Key: secret.New("canary-key-" + name), GotAt: at}
	}
	return vault.Record{
		Seq: 7, Cur: held("cur"), Prev: held("prev"), Next: held("next"),
		Intent:    vault.Intent{StartedAt: at, Attempt: 3},
		Lease:     vault.Lease{Owner: "worker", Fence: 6, Until: at.Add(time.Minute)},
		State:     vault.NeedsConsent,
		LastError: vault.Trouble{Message: "M27", AADSTS: 700082, Text: "stale", Reference: "ref", At: at},
		Cloud:     "entente", Authority: "https://localhost:8443", Tenant: "t", ClientID: "c",
		SignInName: "bot@contoso.example", ObjectID: "o", ConsentAt: at, MFA: true, AMR: []string{"pwd", "mfa"},
	}
}

func TestARecordSurvivesItsEncoding(t *testing.T) {
	sameText := cmp.Comparer(func(a, b secret.Text) bool { return a.Equal(b) })
	for name, want := range map[string]vault.Record{"full": newRecord(), "empty": {}} {
		text, err := vault.Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := vault.Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, sameText); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestOnlyTheCodecWritesTheSecrets(t *testing.T) {
	r := newRecord()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(text) + fmt.Sprintf("%v %+v %#v", r, r, &r)
	if strings.Contains(shown, "canary") {
		t.Errorf("a secret showed itself: %s", shown)
	}
}

func TestAnUnknownFormatIsRefusedWithoutQuotingIt(t *testing.T) {
	for _, text := range []string{`{"format":2,"cur":{"rt":"canary"}}`, `{}`, `{"format":1,"cur":"canary"}`, `canary`, strings.Repeat(" ", 300<<10)} {
		_, err := vault.Decode([]byte(text))
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%.30s: err = %v", text, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	text, err := vault.Encode(newRecord())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := vault.Decode(text)
		if err != nil {
			return
		}
		if _, err := vault.Encode(r); err != nil {
			t.Errorf("what was decoded cannot be encoded: %v", err)
		}
	})
}
