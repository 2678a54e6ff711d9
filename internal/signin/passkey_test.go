package signin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/uuid"
)

var mine = session.Browser{ID: "0123456789abcdef0123456789abcdef"}

// fob is somebody's passkey.
type fob struct {
	key    *ecdsa.PrivateKey
	handle []byte
	origin string
	count  uint32
}

// newFob gives a person of the world a passkey.
func newFob(t *testing.T, w *ententetest.World, home id.Tenant, signInName string) (*fob, account.Account) {
	t.Helper()
	in := w.Inside()
	person, err := in.People.Named(t.Context(), home, signInName)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	// A COSE key in CBOR: {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
	public := slices.Concat([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, point[1:33], []byte{0x22, 0x58, 32}, point[33:])
	owner := credential.Owner{Tenant: person.Tenant, Account: person.ID}
	p := credential.Passkey{ID: id.Object(signInName), Credential: []byte(signInName), Key: public, Name: "Fob", Created: in.Source.Now(), Used: in.Source.Now()}
	if err := in.DB.AddPasskey(t.Context(), owner, p, 10, nil, audit.Event{ID: signInName, At: in.Source.Now(), Tenant: person.Tenant}); err != nil {
		t.Fatal(err)
	}
	a, b := uuid.MustParse(string(person.Tenant)), uuid.MustParse(string(person.ID))
	return &fob{key: key, handle: slices.Concat(a[:], b[:]), origin: w.Origin}, person
}

// sign answers what a page asks for.
func (f *fob) sign(t *testing.T, signInName, options string) string {
	t.Helper()
	var asked struct{ Challenge, RPID string }
	if err := json.Unmarshal([]byte(options), &asked); err != nil {
		t.Fatalf("%v: %q", err, options)
	}
	f.count++
	b64 := base64.RawURLEncoding.EncodeToString
	host := sha256.Sum256([]byte(asked.RPID))
	data := binary.BigEndian.AppendUint32(append(host[:], 1|4), f.count)
	client, _ := json.Marshal(map[string]any{"type": "webauthn.get", "challenge": asked.Challenge, "origin": f.origin})
	sum := sha256.Sum256(client)
	digest := sha256.Sum256(slices.Concat(data, sum[:]))
	signature, err := ecdsa.SignASN1(rand.Reader, f.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := json.Marshal(map[string]any{
		"id": b64([]byte(signInName)), "rawId": b64([]byte(signInName)), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(f.handle)},
	})
	return string(answer)
}

// use begins a request and answers its first page with the passkey.
func (f *fob) use(t *testing.T, w *ententetest.World, r signin.Request, signInName string) (signin.Screen, error) {
	t.Helper()
	r.Version, r.MaxAge = 1, -1
	screen, err := w.Inside().Journeys.Begin(t.Context(), r, mine)
	if err != nil {
		t.Fatal(err)
	}
	return w.Inside().Journeys.Answer(t.Context(), screen.Flow, mine, signin.Answer{Do: "passkey", Passkey: f.sign(t, signInName, screen.Passkey)})
}

func TestAPasskeyIsBothFactorsWhereOneIsDemanded(t *testing.T) {
	w := ententetest.Start(t)
	f, person := newFob(t, w, devworld.Contoso, devworld.Anna)
	screen, err := f.use(t, w, signin.Request{Authority: "common", Client: devworld.Account, Work: true, Personal: true, SecondFactor: true}, devworld.Anna)
	if err != nil || screen.Step != signin.Done || screen.Person.ID != person.ID {
		t.Fatalf("%s, %v, %v", screen.Step, screen.Journey.Problem, err)
	}
	if got := screen.Journey.Methods; !slices.Equal(got, []string{"fido", "mfa"}) {
		t.Errorf("methods %v", got)
	}
}

func TestAPersonalPasskeyOpensNoAppForWork(t *testing.T) {
	w := ententetest.Start(t)
	// Mari has a work and a personal account of one address.
	f, _ := newFob(t, w, id.Consumers, devworld.Mari)
	screen, err := f.use(t, w, signin.Request{Authority: "organizations", Client: devworld.SalesPortal, Work: true}, devworld.Mari)
	if !fault.Has(err, fault.ForeignAccount) || screen.Journey.Account != "" {
		t.Errorf("%s as %q, %v", screen.Step, screen.Journey.Account, err)
	}
}

func TestAPasskeyIsNoWayAroundACompanysOwnSignIn(t *testing.T) {
	w := ententetest.Start(t)
	const alva = "alva@adventure.example"
	f, _ := newFob(t, w, devworld.Adventure, alva)
	in := w.Inside()
	company, err := in.Tenants.Find(t.Context(), devworld.Adventure)
	if err != nil {
		t.Fatal(err)
	}
	company.Upstream = &tenant.Upstream{
		State: tenant.UpstreamActive, Name: "Adventure sign-in", Issuer: "https://sign-in.adventure.example", ClientID: "us", SetAt: in.Source.Now(),
	}
	if err := in.Tenants.Save(t.Context(), company); err != nil {
		t.Fatal(err)
	}
	screen, err := f.use(t, w, signin.Request{Authority: "organizations", Client: devworld.SalesPortal, Work: true}, alva)
	if err != nil || screen.Step != signin.Upstream || screen.Journey.Account != "" {
		t.Errorf("%s as %q, %v", screen.Step, screen.Journey.Account, err)
	}
}

func TestAPasskeyOfSomebodyWhoWasSwitchedOffEndsThere(t *testing.T) {
	w := ententetest.Start(t)
	f, person := newFob(t, w, devworld.Contoso, devworld.Anna)
	person.Disabled = true
	if err := w.Inside().People.Save(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	screen, err := f.use(t, w, signin.Request{Authority: "organizations", Client: devworld.SalesPortal, Work: true}, devworld.Anna)
	if err != nil || screen.Step != signin.Refused || screen.SessionCookie != "" || screen.Fault.Code != fault.AccountDisabled {
		t.Errorf("%s, %v, %v", screen.Step, screen.Fault, err)
	}
}

func TestAnotherPersonsPasskeyIsNoSecondFactor(t *testing.T) {
	w := ententetest.Start(t)
	f, _ := newFob(t, w, devworld.Contoso, devworld.Ville)
	_, _ = newFob(t, w, devworld.Contoso, devworld.Anna)
	journeys := w.Inside().Journeys
	screen, err := journeys.Begin(t.Context(), signin.Request{Authority: "organizations", Client: devworld.SalesPortal, Work: true, Version: 1, MaxAge: -1}, mine)
	for _, a := range []signin.Answer{{Do: "next", Address: devworld.Anna}, {Do: "next", Password: devworld.Password}} {
		if err == nil {
			screen, err = journeys.Answer(t.Context(), screen.Flow, mine, a)
		}
	}
	if err != nil || screen.Step != signin.Code || screen.Ways.App || screen.Passkey == "" {
		t.Fatalf("%s, %+v, %v", screen.Step, screen.Ways, err)
	}
	screen, err = journeys.Answer(t.Context(), screen.Flow, mine, signin.Answer{Do: "passkey", Passkey: f.sign(t, devworld.Ville, screen.Passkey)})
	if err != nil || screen.Step != signin.Code || screen.Journey.Problem == nil || screen.Journey.HasMFA() {
		t.Errorf("%s, %v, %v", screen.Step, screen.Journey.Problem, err)
	}
}
