package credential_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
)

const origin = "https://login.entente.example"

// wanda and walt have ids as the directory gives them.
var (
	wanda = account.Account{
		Tenant: "11111111-aaaa-4111-8111-000000000001", ID: "22222222-aaaa-4111-8111-000000000001",
		SignInName: "wanda@contoso.example", Name: "Wanda", Mail: "wanda@contoso.example",
	}
	walt = account.Account{Tenant: wanda.Tenant, ID: "22222222-aaaa-4111-8111-000000000002", SignInName: "walt@contoso.example", Name: "Walt"}
)

func ownerOf(a account.Account) credential.Owner {
	return credential.Owner{Tenant: a.Tenant, Account: a.ID}
}

// ring is the room of passkeys over a real store, with its letters.
type ring struct {
	*credential.Passkeys
	safe   *credential.Safe
	outbox *message.Outbox
	clock  *clock
}

func newRing(t *testing.T) ring {
	t.Helper()
	db := storetest.Open(t)
	now := &clock{}
	now.set(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	source := id.Source{Now: now.Now, Random: rand.Reader}
	custody, err := seal.NewCustody(make([]byte, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	safe, err := credential.NewSafe(db, source, custody, 2)
	if err != nil {
		t.Fatal(err)
	}
	outbox, err := message.NewOutbox(db, source, custody, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	passkeys, err := credential.NewPasskeys(db, safe, outbox, source, custody, origin)
	if err != nil {
		t.Fatal(err)
	}
	return ring{Passkeys: passkeys, safe: safe, outbox: outbox, clock: now}
}

// letters are the facts "what" of the mails that wait.
func (r ring) letters(t *testing.T) []string {
	t.Helper()
	var list []string
	err := r.outbox.Deliver(t.Context(), func(_ context.Context, m message.Message) error {
		list = append(list, m.Facts["what"])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// token is an authenticator with one key: what a phone or a security key is to
// the browser.
type token struct {
	key     *ecdsa.PrivateKey
	id      []byte
	handle  string
	counter uint32
	origin  string
	// flags of the authenticator data: present 1, verified 4, can be synced 8.
	flags byte
}

func newToken(t *testing.T) *token {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &token{key: key, id: []byte(rand.Text()), counter: 1, origin: origin, flags: 1 | 4}
}

type options struct {
	Challenge string `json:"challenge"`
	RPID      string `json:"rpId"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
}

func read(t *testing.T, text string) options {
	t.Helper()
	var o options
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// sheet is the authenticator data (WebAuthn 6.1).
func (k *token) sheet(host string, flags byte) []byte {
	sum := sha256.Sum256([]byte(host))
	return binary.BigEndian.AppendUint32(append(sum[:], flags), k.counter)
}

func (k *token) clientData(ceremony, challenge string) []byte {
	b, _ := json.Marshal(map[string]any{"type": ceremony, "challenge": challenge, "origin": k.origin, "crossOrigin": false})
	return b
}

// make answers navigator.credentials.create.
func (k *token) make(t *testing.T, text string) string {
	t.Helper()
	o := read(t, text)
	k.handle = o.User.ID
	data := k.sheet(o.RP.ID, k.flags|0x40)
	data = append(data, make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.id)))
	data = append(data, k.id...)
	point, err := k.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	// A COSE key in CBOR: {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
	data = append(data, 0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32)
	data = append(data, point[1:33]...)
	data = append(data, 0x22, 0x58, 32)
	data = append(data, point[33:]...)
	// {"fmt": "none", "attStmt": {}, "authData": data}
	var object bytes.Buffer
	object.WriteString("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59")
	_ = binary.Write(&object, binary.BigEndian, uint16(len(data)))
	object.Write(data)
	answer, _ := json.Marshal(map[string]any{
		"id": b64(k.id), "rawId": b64(k.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64(k.clientData("webauthn.create", o.Challenge)), "attestationObject": b64(object.Bytes())},
	})
	return string(answer)
}

// sign answers navigator.credentials.get.
func (k *token) sign(t *testing.T, text string) string {
	t.Helper()
	o := read(t, text)
	k.counter++
	data, client := k.sheet(o.RPID, k.flags), k.clientData("webauthn.get", o.Challenge)
	sum := sha256.Sum256(client)
	digest := sha256.Sum256(append(bytes.Clone(data), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := json.Marshal(map[string]any{
		"id": b64(k.id), "rawId": b64(k.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": k.handle},
	})
	return string(answer)
}

func callerOf(a account.Account) audit.Caller {
	return audit.Caller{Tenant: a.Tenant, Home: a.Tenant, Account: a.ID, SignInName: a.SignInName}
}

// add registers the token's key for a person.
func (r ring) add(t *testing.T, a account.Account, k *token) credential.Passkey {
	t.Helper()
	offer, err := r.ToAdd(t.Context(), a, "browser")
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Add(t.Context(), callerOf(a), a, "browser", "Chrome", k.make(t, offer))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ask makes the options of a sign-in in the browser "browser".
func (r ring) ask(t *testing.T) string {
	t.Helper()
	text, err := r.ToSignIn("browser")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAPasskeyIsAddedAndProvesItsPersonAndCountsAsASecondFactor(t *testing.T) {
	r, k := newRing(t), newToken(t)
	added := r.add(t, wanda, k)
	if has, err := r.safe.HasSecondFactor(t.Context(), ownerOf(wanda)); err != nil || !has {
		t.Errorf("a person with a passkey has no second factor: %v, %v", has, err)
	}
	r.clock.advance(time.Hour)
	owner, copied, err := r.Check(t.Context(), "browser", "Firefox", k.sign(t, r.ask(t)))
	if err != nil || owner != ownerOf(wanda) || copied {
		t.Fatalf("%+v, %v, %v", owner, copied, err)
	}
	list, err := r.List(t.Context(), owner)
	if err != nil || len(list) != 1 || list[0].ID != added.ID || list[0].Browser != "Firefox" || !list[0].Used.Equal(r.clock.Now()) || list[0].Synced {
		t.Errorf("%+v, %v", list, err)
	}
	if got := r.letters(t); len(got) != 1 || got[0] != "passkey-added" {
		t.Errorf("letters %v", got)
	}
}

func TestAChallengeServesOnceInItsBrowserAndItsTime(t *testing.T) {
	r, k := newRing(t), newToken(t)
	r.add(t, wanda, k)
	answer := k.sign(t, r.ask(t))
	if _, _, err := r.Check(t.Context(), "another browser", "", answer); !fault.Has(err, fault.SecondFactorWrong) {
		t.Errorf("another browser: %v", err)
	}
	if _, _, err := r.Check(t.Context(), "browser", "", answer); err != nil {
		t.Fatal(err)
	}
	_, _, err := r.Check(t.Context(), "browser", "", answer)
	wantFault(t, err, fault.SecondFactorWrong, "reason", "passkey-challenge")
	late := k.sign(t, r.ask(t))
	r.clock.advance(61 * time.Minute)
	_, _, err = r.Check(t.Context(), "browser", "", late)
	wantFault(t, err, fault.SecondFactorWrong, "reason", "passkey-late")
}

func TestWhatAPasskeyDidNotSignForUsIsRefused(t *testing.T) {
	for name, spoil := range map[string]struct {
		token  func(*token)
		answer func(string) string
		reason string
	}{
		"signed at another origin":       {token: func(k *token) { k.origin = "https://login.entente.example.evil" }, reason: "passkey-proof"},
		"signed at another port":         {token: func(k *token) { k.origin = origin + ":8443" }, reason: "passkey-proof"},
		"without a PIN or a finger":      {token: func(k *token) { k.flags = 1 }, reason: "passkey-proof"},
		"by another key":                 {token: func(k *token) { k.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }, reason: "passkey-proof"},
		"in the name of somebody else":   {token: func(k *token) { k.handle = b64(make([]byte, 32)) }, reason: "passkey-unknown"},
		"a handle of a strange length":   {token: func(k *token) { k.handle = b64([]byte("wanda")) }, reason: "passkey-unknown"},
		"suddenly able to be copied":     {token: func(k *token) { k.flags |= 8 }, reason: "passkey-proof"},
		"not an answer":                  {answer: func(string) string { return "{}" }, reason: "passkey-form"},
		"an answer too heavy to look at": {answer: func(s string) string { return s + strings.Repeat(" ", credential.MaxPasskeyAnswer) }, reason: "passkey-form"},
	} {
		t.Run(name, func(t *testing.T) {
			r, k := newRing(t), newToken(t)
			r.add(t, wanda, k)
			if spoil.token != nil {
				spoil.token(k)
			}
			answer := k.sign(t, r.ask(t))
			if spoil.answer != nil {
				answer = spoil.answer(answer)
			}
			_, _, err := r.Check(t.Context(), "browser", "", answer)
			wantFault(t, err, fault.SecondFactorWrong, "reason", spoil.reason)
		})
	}
}

func TestACounterThatGoesBackIsFlaggedAsACopy(t *testing.T) {
	r, k := newRing(t), newToken(t)
	r.add(t, wanda, k)
	k.counter = 40
	if _, _, err := r.Check(t.Context(), "browser", "", k.sign(t, r.ask(t))); err != nil {
		t.Fatal(err)
	}
	k.counter = 7
	owner, copied, err := r.Check(t.Context(), "browser", "", k.sign(t, r.ask(t)))
	wantFault(t, err, fault.SecondFactorWrong, "reason", "passkey-copied")
	if !copied || owner != ownerOf(wanda) {
		t.Errorf("copied %v of %v", copied, owner)
	}
}

func TestWrongAnswersOfAPasskeyBringAWait(t *testing.T) {
	r, k := newRing(t), newToken(t)
	r.add(t, wanda, k)
	good := k.key
	k.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for range 10 {
		if _, _, err := r.Check(t.Context(), "browser", "", k.sign(t, r.ask(t))); !fault.Has(err, fault.SecondFactorWrong) {
			t.Fatal(err)
		}
	}
	k.key = good
	if _, _, err := r.Check(t.Context(), "browser", "", k.sign(t, r.ask(t))); !fault.Has(err, fault.TooManyTries) {
		t.Fatalf("no wait after ten wrong answers: %v", err)
	}
	r.clock.advance(2 * time.Minute)
	if _, _, err := r.Check(t.Context(), "browser", "", k.sign(t, r.ask(t))); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestARemovedPasskeyOpensNothingAndItsPersonIsTold(t *testing.T) {
	r, k := newRing(t), newToken(t)
	added := r.add(t, wanda, k)
	if err := r.Remove(t.Context(), callerOf(walt), walt, added.ID); !fault.Has(err, fault.ObjectUnknown) {
		t.Errorf("somebody else removed it: %v", err)
	}
	if err := r.Remove(t.Context(), callerOf(wanda), wanda, added.ID); err != nil {
		t.Fatal(err)
	}
	_, _, err := r.Check(t.Context(), "browser", "", k.sign(t, r.ask(t)))
	wantFault(t, err, fault.SecondFactorWrong, "reason", "passkey-unknown")
	if got := r.letters(t); len(got) != 2 || got[0] != "factor-removed" {
		t.Errorf("letters %v", got)
	}
}

func TestAPersonHasTenPasskeysAtMostAndNobodyTakesAnothers(t *testing.T) {
	r, k := newRing(t), newToken(t)
	r.add(t, wanda, k)
	offer, err := r.ToAdd(t.Context(), walt, "browser")
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Add(t.Context(), callerOf(walt), walt, "browser", "", k.make(t, offer))
	wantFault(t, err, fault.InputInvalid, "parameter", "passkey")
	for range credential.MaxPasskeys - 1 {
		r.add(t, wanda, newToken(t))
	}
	if offer, err = r.ToAdd(t.Context(), wanda, "browser"); err != nil {
		t.Fatal(err)
	}
	_, err = r.Add(t.Context(), callerOf(wanda), wanda, "browser", "", newToken(t).make(t, offer))
	wantFault(t, err, fault.InputInvalid, "parameter", "passkey")
}

func TestAPasskeyIsNotMadeForAnotherPersonOrWithoutProof(t *testing.T) {
	r := newRing(t)
	offer, err := r.ToAdd(t.Context(), wanda, "browser")
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Add(t.Context(), callerOf(walt), walt, "browser", "", newToken(t).make(t, offer))
	wantFault(t, err, fault.SecondFactorWrong, "reason", "passkey-challenge")
	k := newToken(t)
	k.flags = 1
	_, err = r.Add(t.Context(), callerOf(wanda), wanda, "browser", "", k.make(t, offer))
	wantFault(t, err, fault.SecondFactorWrong, "reason", "passkey-proof")
	// A sign-in's challenge makes nothing, either.
	signIn := read(t, r.ask(t))
	crossed := strings.Replace(offer, read(t, offer).Challenge, signIn.Challenge, 1)
	_, err = r.Add(t.Context(), callerOf(wanda), wanda, "browser", "", newToken(t).make(t, crossed))
	wantFault(t, err, fault.SecondFactorWrong, "reason", "passkey-challenge")
}

func TestAPasskeyIsNamedByItsPerson(t *testing.T) {
	r := newRing(t)
	p := r.add(t, wanda, newToken(t))
	for _, name := range []string{"", "   ", strings.Repeat("x", 61), "a\xff"} {
		if err := r.Rename(t.Context(), callerOf(wanda), ownerOf(wanda), p.ID, name); !fault.Has(err, fault.InputInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := r.Rename(t.Context(), callerOf(wanda), ownerOf(wanda), p.ID, " Blue key "); err != nil {
		t.Fatal(err)
	}
	if list, err := r.List(t.Context(), ownerOf(wanda)); err != nil || list[0].Name != "Blue key" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestAnAuthenticatorAppIsRemovedWithItsRecoveryCodes(t *testing.T) {
	r := newRing(t)
	codes, err := r.safe.Enrol(t.Context(), ownerOf(wanda), rfcSeed, codeAt(t, r.clock, 0))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := r.safe.NewRecoveryCodes(t.Context(), callerOf(wanda), ownerOf(wanda))
	if err != nil || len(fresh) != len(codes) {
		t.Fatalf("%v, %v", fresh, err)
	}
	if err := r.safe.CheckRecovery(t.Context(), ownerOf(wanda), codes[0]); !fault.Has(err, fault.SecondFactorWrong) {
		t.Errorf("a former recovery code: %v", err)
	}
	if err := r.safe.CheckRecovery(t.Context(), ownerOf(wanda), fresh[0]); err != nil {
		t.Error(err)
	}
	told := credential.Told{By: callerOf(wanda), Person: wanda, Outbox: r.outbox}
	if err := r.safe.RemoveAuthenticator(t.Context(), told); err != nil {
		t.Fatal(err)
	}
	if err := r.safe.CheckRecovery(t.Context(), ownerOf(wanda), fresh[1]); !fault.Has(err, fault.SecondFactorWrong) {
		t.Errorf("a recovery code without its app: %v", err)
	}
	if ways, err := r.safe.Ways(t.Context(), ownerOf(wanda)); err != nil || ways.Second() || ways.Codes != 0 {
		t.Errorf("%+v, %v", ways, err)
	}
	if err := r.safe.RemoveAuthenticator(t.Context(), told); !fault.Has(err, fault.SecondFactorMissing) {
		t.Errorf("removed twice: %v", err)
	}
	if got := r.letters(t); len(got) != 1 || got[0] != "factor-removed" {
		t.Errorf("letters %v", got)
	}
}
