package site

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/token"
)

// Door leads into a room of our own pages: an application of the authority
// like any other, with a code, a challenge and a session of its own. So
// whatever the authority asks of an application, it asks of our pages too.
type Door struct {
	site *Site
	// name is the first part of the paths behind the door, and of its cookie.
	name string
	app  func(context.Context) (id.App, error)
	// authority is the tenant segment to sign in under, scope what to ask for.
	authority, scope string
}

// doorLife is how long a session behind a door lives without a new proof
// (row R157).
const doorLife = 12 * time.Hour

// FreshFor is how long a second factor serves for what must not happen behind
// somebody's back (row R151).
const FreshFor = 5 * time.Minute

// Guest is a person behind a door: proved, and still signed in.
type Guest struct {
	Home    tenant.Tenant
	Person  account.Account
	Methods []string
	// FactorAt is when the second factor of the session was used, zero when
	// none was.
	AuthAt, FactorAt time.Time
	// SID is the session id that tokens of this sign-in carry.
	SID string
	app id.App
}

// Caller is the guest as the one on whose word something happens.
func (g Guest) Caller() audit.Caller {
	return audit.Caller{
		Tenant: g.Home.ID, Home: g.Home.ID, Account: g.Person.ID, SignInName: g.Person.SignInName, App: g.app,
		Methods: g.Methods, DirectoryRoles: g.Person.Roles,
	}
}

// pass is what the door's cookie holds, sealed for its browser.
type pass struct {
	Home     id.Tenant `json:"home"`
	Account  id.Object `json:"account"`
	Methods  []string  `json:"amr"`
	AuthAt   time.Time `json:"authAt"`
	FactorAt time.Time `json:"factorAt"`
	SID      string    `json:"sid"`
	Since    time.Time `json:"since"`
}

// errand is where a person was going when the door sent them to sign in. It
// travels in the state, sealed for their browser.
type errand struct {
	Path     string     `json:"path"`
	Verifier string     `json:"verifier"`
	Form     url.Values `json:"form,omitempty"`
	At       time.Time  `json:"at"`
}

// maxErrand bounds a form that is kept across a sign-in.
const maxErrand = 6 << 10

// Door opens a room's way in. Its redirect address is "/<name>/enter".
func (s *Site) Door(name string, app id.App, authority, scope string) *Door {
	return s.DoorOf(name, func(context.Context) (id.App, error) { return app, nil }, authority, scope)
}

// DoorOf is Door for a room whose application is known only while it runs.
func (s *Site) DoorOf(name string, app func(context.Context) (id.App, error), authority, scope string) *Door {
	d := &Door{site: s, name: name, app: app, authority: authority, scope: scope}
	s.mux.HandleFunc("GET "+d.entry(), d.enter)
	return d
}

func (d *Door) entry() string  { return "/" + d.name + "/enter" }
func (d *Door) cookie() string { return "__Host-entente-" + d.name }

// Admit gives the person who visits, or sends them to sign in and back to
// where they were going; the second result is then false. A form that was
// posted meanwhile is kept.
func (d *Door) Admit(w http.ResponseWriter, r *http.Request) (Guest, bool) {
	g, ok, err := d.guest(w, r)
	switch {
	case err != nil:
		d.site.RefuseVisit(w, r, err, d.about(r.Context()))
	case !ok:
		d.Lead(w, r, nil)
	}
	return g, ok && err == nil
}

// AdmitFresh also asks for a second factor that was used within FreshFor.
func (d *Door) AdmitFresh(w http.ResponseWriter, r *http.Request) (Guest, bool) {
	g, ok := d.Admit(w, r)
	if !ok {
		return g, false
	}
	if !g.FactorAt.IsZero() && d.site.source.Now().Sub(g.FactorAt) < FreshFor {
		return g, true
	}
	more := url.Values{"login_hint": {g.Person.SignInName}, "claims": {`{"id_token":{"amr":{"values":["mfa"]}}}`}}
	// A session without a factor gets one; nobody types the password twice. One
	// that is too old has to be proved anew.
	if !g.FactorAt.IsZero() {
		more.Set("prompt", "login")
	}
	d.Lead(w, r, more)
	return g, false
}

// guest reads the cookie and looks whether the person may still be here.
func (d *Door) guest(w http.ResponseWriter, r *http.Request) (Guest, bool, error) {
	c, err := r.Cookie(d.cookie())
	if err != nil || len(c.Value) > 4<<10 {
		return Guest{}, false, nil
	}
	browser := d.site.Browser(w, r)
	var p pass
	plain, err := d.site.key.OpenText(c.Value, d.cookie()+browser.ID)
	if err != nil || json.Unmarshal(plain, &p) != nil {
		return Guest{}, false, nil
	}
	if d.site.source.Now().Sub(p.Since) >= doorLife {
		return Guest{}, false, nil
	}
	ctx := r.Context()
	// A sign-out anywhere on this browser closes this door too.
	signed, err := d.site.rooms.Sessions.SignedIn(ctx, browser)
	if err != nil {
		return Guest{}, false, err
	}
	if !slices.ContainsFunc(signed, func(s session.Signed) bool { return s.Home == p.Home && s.Account == p.Account }) {
		return Guest{}, false, nil
	}
	person, err := d.site.rooms.People.Find(ctx, p.Home, p.Account)
	if fault.Has(err, fault.AccountUnknown) {
		return Guest{}, false, nil
	}
	if err != nil {
		return Guest{}, false, err
	}
	if person.Disabled || p.AuthAt.Before(person.SessionsFrom) {
		return Guest{}, false, nil
	}
	app, err := d.app(ctx)
	if err != nil {
		return Guest{}, false, err
	}
	home, err := d.site.rooms.Tenants.Find(ctx, p.Home)
	return Guest{Home: home, Person: person, Methods: p.Methods, AuthAt: p.AuthAt, FactorAt: p.FactorAt, SID: p.SID, app: app}, err == nil, err
}

// Lead sends a person to the sign-in, with further parameters of the request,
// and afterwards to where they are going now.
func (d *Door) Lead(w http.ResponseWriter, r *http.Request, more url.Values) {
	e := errand{Path: r.URL.RequestURI(), At: d.site.source.Now(), Verifier: d.site.source.Secret()}
	if r.Method == http.MethodPost {
		e.Path, e.Form = r.URL.Path, r.PostForm
		if len(e.Form.Encode()) > maxErrand {
			d.site.RefuseVisit(w, r, fault.New(fault.PageExpired), d.about(r.Context()))
			return
		}
	}
	plain, err := json.Marshal(e)
	if err != nil {
		d.site.RefuseVisit(w, r, err, d.about(r.Context()))
		return
	}
	state, err := d.site.key.SealText(plain, d.entry()+d.site.Browser(w, r).ID)
	if err != nil {
		d.site.RefuseVisit(w, r, err, d.about(r.Context()))
		return
	}
	app, err := d.app(r.Context())
	if err != nil {
		d.site.RefuseVisit(w, r, err, d.about(r.Context()))
		return
	}
	sum := sha256.Sum256([]byte(e.Verifier))
	query := url.Values{
		"client_id": {string(app)}, "response_type": {"code"}, "redirect_uri": {d.site.origin + d.entry()}, "scope": {d.scope},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "state": {state},
	}
	// What a link to one of our pages says about its reader goes along.
	for _, name := range []string{"login_hint", "domain_hint", "ui_locales"} {
		if hint := r.URL.Query().Get(name); hint != "" {
			query.Set(name, hint)
		}
	}
	for name, values := range more {
		query[name] = values
	}
	http.Redirect(w, r, "/"+d.authority+"/oauth2/v2.0/authorize?"+query.Encode(), http.StatusSeeOther)
}

// enter takes the authority's answer.
func (d *Door) enter(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	browser := d.site.Browser(w, r)
	var e errand
	plain, err := d.site.key.OpenText(query.Get("state"), d.entry()+browser.ID)
	if err != nil || json.Unmarshal(plain, &e) != nil || d.site.source.Now().Sub(e.At) > 2*time.Hour {
		d.site.RefuseVisit(w, r, fault.New(fault.PageExpired), d.about(r.Context()))
		return
	}
	about := d.about(r.Context())
	about.Restart = e.Path
	if query.Get("error") != "" {
		d.site.RefuseVisit(w, r, answered(query), about)
		return
	}
	g, err := d.redeem(r, query.Get("code"), e.Verifier)
	if err != nil {
		d.site.RefuseVisit(w, r, err, about)
		return
	}
	plain, err = json.Marshal(pass{
		Home: g.Home, Account: g.Account, Methods: g.Methods, AuthAt: g.AuthAt, FactorAt: g.FactorAt, SID: g.Session, Since: d.site.source.Now(),
	})
	if err != nil {
		d.site.RefuseVisit(w, r, err, about)
		return
	}
	sealed, err := d.site.key.SealText(plain, d.cookie()+browser.ID)
	if err != nil {
		d.site.RefuseVisit(w, r, err, about)
		return
	}
	setCookie(w, d.cookie(), sealed, http.SameSiteLaxMode)
	if len(e.Form) > 0 {
		d.site.Resume(w, pages.ResumeView{Frame: pages.Frame{Lang: d.site.Language(r), Action: e.Path}, Fields: e.Form})
		return
	}
	http.Redirect(w, r, e.Path, http.StatusSeeOther)
}

// redeem spends the code of our own sign-in, as any application does.
func (d *Door) redeem(r *http.Request, code, verifier string) (token.Grant, error) {
	ctx := r.Context()
	app, err := d.app(ctx)
	if err != nil {
		return token.Grant{}, err
	}
	client, err := d.site.rooms.Apps.Authenticate(ctx, application.Proof{App: app})
	if err != nil {
		return token.Grant{}, err
	}
	g, err := d.site.rooms.Families.Open(code, client)
	if err != nil {
		return g, err
	}
	if err := g.CheckVerifier(verifier); err != nil {
		return g, err
	}
	g.Offline = false
	_, err = d.site.rooms.Families.Redeem(ctx, code, g, token.Use{Client: client})
	return g, err
}

// answered reads a refusal of our own authority back into its fault.
func answered(query url.Values) *fault.Fault {
	if query.Get("error_subcode") == "cancel" {
		return fault.New(fault.ConsentDeclined)
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(query.Get("error_description"), "AADSTS"), ":")
	code := fault.Code(0)
	for _, digit := range number {
		if digit < '0' || digit > '9' || code > 1e7 {
			return fault.New(fault.Unexpected)
		}
		code = code*10 + fault.Code(digit-'0')
	}
	return fault.New(code)
}

// Leave forgets the person behind this door.
func (d *Door) Leave(w http.ResponseWriter) { dropCookie(w, d.cookie(), http.SameSiteLaxMode) }

func (d *Door) about(ctx context.Context) signin.About {
	// A refusal is shown all the same where the application cannot be found.
	app, _ := d.app(ctx)
	return signin.About{App: app, Step: d.name}
}
