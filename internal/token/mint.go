package token

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/signingkey"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/google/uuid"
)

// Issuer is the part of the room that mints tokens. It decides nothing: what
// it is told has been decided and is durable.
type Issuer struct {
	keys     *signingkey.Ring
	source   id.Source
	pairwise *seal.Key
	behind   *seal.Key
	standing *standing
	// origin is the external address of the authority, without a trailing
	// slash. It is configured and never taken from a request (row R112).
	origin string
}

// NewIssuer opens it. People, apps, consents and store are asked whether a
// token still stands.
func NewIssuer(keys *signingkey.Ring, store Store, people *account.People, apps *application.Registry, consents *consent.Ledger, source id.Source, custody *seal.Custody, origin string) (*Issuer, error) {
	pairwise, err := custody.Key("pairwise subject")
	if err != nil {
		return nil, err
	}
	behind, err := custody.Key("behind a token")
	if err != nil {
		return nil, err
	}
	return &Issuer{
		keys: keys, source: source, pairwise: pairwise, behind: behind, origin: strings.TrimSuffix(origin, "/"),
		standing: newStanding(people, apps, consents, store, source.Now),
	}, nil
}

// IssuerV2 is the issuer of a tenant in the v2 dialect: always its GUID.
func (i *Issuer) IssuerV2(t id.Tenant) string { return i.origin + "/" + string(t) + "/v2.0" }

// issuerV1Prefix begins the issuer of every v1 token, on every host
// (identity-platform.md 3.1).
const issuerV1Prefix = "https://sts.windows.net/"

// IssuerV1 is the issuer of a tenant in the v1 dialect.
func IssuerV1(t id.Tenant) string { return issuerV1Prefix + string(t) + "/" }

// Person is somebody in the tenant that issues: a member, or a partner's
// person who acts there without an account of the tenant.
type Person struct {
	account.Account
	// ObjectID is the id in the issuing tenant; a partner's person has another
	// one in each customer.
	ObjectID id.Object
	// Foreign is true when the account lives elsewhere.
	Foreign bool
	// Roles are directory role templates held in the issuing tenant.
	Roles []string
}

// Member is a person in their own tenant.
func Member(a account.Account) Person {
	return Person{Account: a, ObjectID: a.ID, Roles: append(slices.Clone(a.Roles), account.Member)}
}

// Visitor is a partner's person in a customer's tenant, with the roles that
// were delegated.
func (i *Issuer) Visitor(a account.Account, customer id.Tenant, roles []string) Person {
	mac := i.pairwise.MAC([]byte("foreign principal"), []byte(customer), []byte(a.Tenant), []byte(a.ID))
	u := uuid.UUID(mac[:16])
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return Person{Account: a, ObjectID: id.Object(u.String()), Foreign: true, Roles: roles}
}

// Access is what an access token says.
type Access struct {
	Tenant   tenant.Tenant
	Client   application.Authenticated
	Resource application.Application
	// Audience is the resource's name as the client typed it.
	Audience string
	// Person is nil for an application alone.
	Person *Person
	// Principal is the client's service principal, for an application alone.
	Principal id.Object
	Scopes    []string
	Roles     []string
	Grant     Grant
	// Family is the refresh family that goes out with the token, "" for none.
	Family string
	// Code names the code that was redeemed for the token (see CodeOf), "" for
	// none. It counts where no family goes out.
	Code string
	// Capable: the client can be told that a token was taken back (client
	// capability CP1), so a token for our own resources may live a day.
	Capable bool
	// JKT is the thumbprint of the key that the token is bound to, "" for none
	// (RFC 9449 6.1).
	JKT string
}

// long: our own resources look with each request whether it still stands, so
// it need not end soon. A right in somebody else's organisation is not kept
// that long.
func (a Access) long() bool {
	return a.Capable && a.Resource.FastTokens && (a.Person == nil || !a.Person.Foreign)
}

// Minted is a token and its times.
type Minted struct {
	Text      string
	NotBefore time.Time
	Expires   time.Time
	// Long: it lives a day, and clients should get the next one before its end.
	Long bool
	// JKT is the key that it is bound to, "" for none.
	JKT string
}

const (
	// Access tokens live 60 to 90 minutes, at random, so that a fleet of
	// clients does not come back at one instant (identity-platform.md 2.10).
	minAccessLife = 60 * 60
	accessSpread  = 30 * 60
	// 24 to 28 hours for those that are looked after.
	minLongLife = 24 * 60 * 60
	longSpread  = 4 * 60 * 60
	idTokenLife = time.Hour
)

type claims map[string]any

func (c claims) set(name string, value string) {
	if value != "" {
		c[name] = value
	}
}

// AccessToken mints an access token in the dialect that its resource reads.
func (i *Issuer) AccessToken(ctx context.Context, a Access) (Minted, error) {
	now := i.source.Now().Truncate(time.Second)
	entropy := i.source.Bytes(40)
	life := minAccessLife + int(binary.BigEndian.Uint16(entropy))%accessSpread
	if a.long() {
		life = minLongLife + int(binary.BigEndian.Uint16(entropy))%longSpread
	}
	m := Minted{NotBefore: now, Expires: now.Add(time.Duration(life) * time.Second)}
	c := claims{
		"iat": now.Unix(), "nbf": now.Unix(), "exp": m.Expires.Unix(),
		"tid": string(a.Tenant.ID),
		"uti": base64.RawURLEncoding.EncodeToString(entropy[8:24]),
		"aio": base64.RawURLEncoding.EncodeToString(entropy[24:40]),
		"rh":  "1." + base64.RawURLEncoding.EncodeToString(entropy[2:8]),
	}
	v2 := a.Resource.TokenVersion == 2
	if v2 {
		c["iss"], c["ver"], c["aud"] = i.IssuerV2(a.Tenant.ID), "2.0", string(a.Resource.App)
		c["azp"], c["azpacr"] = string(a.Client.Application().App), string(a.Client.Method())
	} else {
		c["iss"], c["ver"], c["aud"] = IssuerV1(a.Tenant.ID), "1.0", a.Audience
		c["appid"], c["appidacr"] = string(a.Client.Application().App), string(a.Client.Method())
	}
	if a.JKT != "" {
		c["cnf"] = map[string]string{"jkt": a.JKT}
	}
	if a.Capable {
		c["xms_cc"] = []string{capability}
	}
	if a.Person == nil {
		i.appClaims(c, a, v2)
	} else if err := i.personClaims(c, a, v2); err != nil {
		return m, err
	}
	algorithm := signingkey.RS256
	if a.Resource.FastTokens {
		algorithm = signingkey.ES256
	}
	var err error
	m.Long, m.JKT = a.long(), a.JKT
	m.Text, err = i.sign(ctx, a.Tenant.ID, algorithm, c, !v2)
	return m, err
}

func (i *Issuer) appClaims(c claims, a Access, v2 bool) {
	c["oid"], c["sub"] = string(a.Principal), string(a.Principal)
	if len(a.Roles) > 0 {
		c["roles"] = a.Roles
	}
	if !v2 {
		c["idp"], c["idtyp"] = IssuerV1(a.Tenant.ID), "app"
		c["app_displayname"] = a.Client.Application().Name
		c.set("tenant_region_scope", a.Tenant.Region)
	}
}

// capability is what a client declares that understands claims challenges.
const capability = "CP1"

func (i *Issuer) personClaims(c claims, a Access, v2 bool) (err error) {
	p := a.Person
	b := behind{
		Home: a.Grant.Home, Account: a.Grant.Account, AuthAt: a.Grant.AuthAt, FactorAt: a.Grant.FactorAt,
		Family: a.Family, Methods: a.Grant.Methods,
	}
	if b.Family == "" {
		b.Code = a.Code
	}
	if c["aio"], err = i.seal(b); err != nil {
		return err
	}
	c["oid"], c["sub"] = string(p.ObjectID), i.subject(a.Tenant.ID, p.ObjectID, a.Resource.App)
	c["scp"] = strings.Join(a.Scopes, " ")
	c.set("name", p.Name)
	if p.Foreign {
		c["idp"] = IssuerV1(p.Tenant)
	}
	if v2 {
		c["preferred_username"] = p.SignInName
		return nil
	}
	c["acr"], c["amr"], c["idtyp"] = "1", a.Grant.Methods, "user"
	c["app_displayname"] = a.Client.Application().Name
	c["unique_name"], c["upn"] = p.SignInName, p.SignInName
	c.set("given_name", p.Given)
	c.set("family_name", p.Family)
	c.set("ipaddr", a.Grant.Address)
	c.set("tenant_region_scope", a.Tenant.Region)
	c["wids"] = p.Roles
	return nil
}

// Identity is what an ID token says.
type Identity struct {
	Tenant tenant.Tenant
	Client application.Application
	Person Person
	Grant  Grant
	// Version is the dialect: 1 or 2.
	Version int
	// Profile and Email are the scopes that were asked for.
	Profile, Email bool
	// Nonce is repeated from the authorize request; empty on a refresh.
	Nonce string
	// Code and AccessToken are bound by c_hash and at_hash, where they go out
	// together with the ID token.
	Code, AccessToken string
}

// IDToken mints an ID token.
func (i *Issuer) IDToken(ctx context.Context, d Identity) (string, error) {
	now := i.source.Now().Truncate(time.Second)
	p := d.Person
	entropy := i.source.Bytes(38)
	c := claims{
		"aud": d.Client.ClientID(), "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(idTokenLife).Unix(),
		"tid": string(d.Tenant.ID), "sub": i.subject(d.Tenant.ID, p.ObjectID, d.Client.App),
		"uti": base64.RawURLEncoding.EncodeToString(entropy[:16]),
		"aio": base64.RawURLEncoding.EncodeToString(entropy[16:32]),
		"rh":  "1." + base64.RawURLEncoding.EncodeToString(entropy[32:]),
	}
	if !d.Grant.AuthAt.IsZero() {
		c["auth_time"] = d.Grant.AuthAt.Unix()
	}
	c.set("nonce", d.Nonce)
	c.set("sid", d.Grant.Session)
	c.set("c_hash", halfHash(d.Code))
	c.set("at_hash", halfHash(d.AccessToken))
	if p.Foreign || d.Tenant.Personal() {
		c["idp"] = IssuerV1(p.Tenant)
	}
	if d.Version == 2 {
		c["iss"], c["ver"] = i.IssuerV2(d.Tenant.ID), "2.0"
		if d.Profile {
			c["oid"], c["preferred_username"] = string(p.ObjectID), p.SignInName
			c.set("name", p.Name)
		}
		if d.Email && !p.Foreign {
			c.set("email", p.Mail)
		}
		if d.Grant.TellMethods {
			c["amr"] = d.Grant.Methods
		}
	} else {
		c["iss"], c["ver"] = IssuerV1(d.Tenant.ID), "1.0"
		c["oid"], c["amr"] = string(p.ObjectID), d.Grant.Methods
		c["unique_name"], c["upn"] = p.SignInName, p.SignInName
		c.set("name", p.Name)
		c.set("given_name", p.Given)
		c.set("family_name", p.Family)
		c.set("ipaddr", d.Grant.Address)
	}
	return i.sign(ctx, d.Tenant.ID, signingkey.RS256, c, d.Version == 1)
}

func (i *Issuer) sign(ctx context.Context, t id.Tenant, algorithm signingkey.Algorithm, c claims, thumbprinted bool) (string, error) {
	key, err := i.keys.Current(ctx, signingkey.RealmOf(t), algorithm)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	signer := key.Plain
	if thumbprinted {
		signer = key.Thumbprinted
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return jws.CompactSerialize()
}

// subject is pairwise: one value per person and application, so that two
// applications cannot compare notes (identity-platform.md 3.3).
func (i *Issuer) subject(t id.Tenant, person id.Object, app id.App) string {
	return base64.RawURLEncoding.EncodeToString(i.pairwise.MAC([]byte("subject"), []byte(t), []byte(person), []byte(app)))
}

// Subject is the sub of a person for an application.
func (i *Issuer) Subject(t id.Tenant, person id.Object, app id.App) string {
	return i.subject(t, person, app)
}

// halfHash is c_hash and at_hash: the left half of the SHA-256 (OpenID Connect
// Core 3.3.2.11).
func halfHash(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// ClientInfo is what keys every MSAL cache: the person's home, also when the
// token is for another tenant (identity-platform.md 0, rule 22).
func ClientInfo(home id.Tenant, person id.Object) string {
	b, _ := json.Marshal(struct {
		UID  id.Object `json:"uid"`
		UTID id.Tenant `json:"utid"`
	}{person, home})
	return base64.RawURLEncoding.EncodeToString(b)
}
