// Package site serves the pages to visitors: it reads what a person sends, moves
// their journey on, and has what comes back drawn. Doors lead from it into the
// rooms that have pages of their own.
package site

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/presence"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
	"github.com/entente-id/entente/internal/token"
)

// Site is the room: it reads what a person sends, calls the journey once, and
// draws what comes back.
type Site struct {
	*pages.Pages
	rooms    Rooms
	journeys *signin.Journeys
	attempts *audit.Log
	source   id.Source
	key      *seal.Key
	mux      *http.ServeMux
	log      *slog.Logger
	// origin is the external address of the site.
	origin string
	// Finish and Decline answer the application; the house plugs in the edge
	// that speaks its protocol.
	Finish  func(http.ResponseWriter, *http.Request, signin.Screen)
	Decline func(http.ResponseWriter, *http.Request, signin.Screen, error)
	// Trial takes the answer to a test sign-in at a company's provider, with the
	// state that came back, without TrialState.
	Trial func(w http.ResponseWriter, r *http.Request, state string)
	// DeviceSignIn turns the request of a device into a sign-in; the house plugs
	// in the edge.
	DeviceSignIn func(context.Context, token.DeviceRequest) (signin.Request, application.Application, error)
	// Watch, when set, sees each screen: the inbox of the dev world shows the
	// codes of authenticator apps that nobody has installed.
	Watch func(signin.Screen)

	crossOrigin *http.CrossOriginProtection
}

// Rooms are what the pages call.
type Rooms struct {
	Journeys *signin.Journeys
	Sessions *session.Keeper
	Attempts *audit.Log
	People   *account.People
	Tenants  *tenant.Directory
	Apps     *application.Registry
	Families *token.Families
	Custody  *seal.Custody
	Devices  *token.Devices
	Safe     *credential.Safe
	// Presences is where people are signed in.
	Presences *presence.Ledger
}

// NewSite opens the pages for visitors.
func NewSite(p *pages.Pages, origin string, rooms Rooms, source id.Source, log *slog.Logger) (*Site, error) {
	key, err := rooms.Custody.Key("pages")
	if err != nil {
		return nil, err
	}
	s := &Site{
		Pages: p, origin: origin, rooms: rooms, journeys: rooms.Journeys, attempts: rooms.Attempts, source: source, log: log,
		key: key, mux: http.NewServeMux(), crossOrigin: http.NewCrossOriginProtection(),
	}
	s.route()
	return s, nil
}

// Addresses of the site.
const (
	stepAddress     = "/signin/step"
	upstreamAddress = "/signin/upstream"
	signOutAddress  = "/signout"
	// AccountApp is the client id of our own application for the account pages; its challenge
	// has no verifier, because its codes are never redeemed.
	AccountApp       = "d1000000-0000-4000-8000-0000000000ac"
	accountResource  = "https://graph.microsoft.com"
	accountChallenge = "the-code-of-an-account-page-is-never-redeemed"
	// maxForm bounds a posted form; a request with long state travels in it.
	maxForm = 512 << 10
)

// Mux takes the addresses of rooms that have pages of their own.
func (s *Site) Mux() *http.ServeMux { return s.mux }

func (s *Site) route() {
	mux := s.mux
	mux.Handle("GET /assets/", s.Assets())
	mux.HandleFunc("POST "+stepAddress, s.takeStep)
	mux.HandleFunc("GET "+upstreamAddress, s.takeUpstream)
	mux.HandleFunc("GET "+pages.DeviceAddress, s.device)
	mux.HandleFunc("POST "+pages.DeviceAddress, s.takeDevice)
	mux.HandleFunc("GET /signin/", s.outOfDate)
	mux.HandleFunc("GET "+signOutAddress, func(w http.ResponseWriter, r *http.Request) { s.AskSignOut(w, r, SignOutWish{}) })
	mux.HandleFunc("POST "+signOutAddress, s.signOut)
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /account/second-factor", s.secondFactor)
	mux.HandleFunc("GET "+pages.AccountDoneAddress, s.secondFactorDone)
	mux.HandleFunc("GET /explain", s.explain)
	mux.HandleFunc("GET /explain/{reference}", s.explain)
	mux.HandleFunc("GET /error", s.explainCode)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.RefuseVisit(w, r, fault.New(fault.PageUnknown, "path", r.URL.Path), signin.About{Step: "page"})
	})
}

// Handler answers the site's own addresses and those of its rooms.
func (s *Site) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The language links of pages without a form.
		if lang := r.URL.Query().Get("ui_locales"); lang != "" && r.Method == http.MethodGet {
			s.choose(w, r, lang)
		}
		s.mux.ServeHTTP(w, r)
	})
}

// takeStep takes the answer to one page of a journey.
func (s *Site) takeStep(w http.ResponseWriter, r *http.Request) {
	if !s.Form(w, r) {
		return
	}
	browser := s.Browser(w, r)
	answer := signin.Answer{
		Do: r.PostForm.Get("do"), Pick: r.PostForm.Get("pick"), Address: r.PostForm.Get("address"),
		Password: r.PostForm.Get("password"), Code: r.PostForm.Get("code"),
		Name: r.PostForm.Get("name"), Reason: r.PostForm.Get("reason"), Kept: r.PostForm.Has("kept"), ForAll: r.PostForm.Has("forall"),
		Passkey: r.PostForm.Get("passkey"),
	}
	lang := r.PostForm.Get("lang")
	if lang != "" {
		s.choose(w, r, lang)
		answer.Do = "show"
	}
	screen, err := s.journeys.Answer(r.Context(), r.PostForm.Get("flow"), browser, answer)
	s.arrive(w, r, screen, err)
}

// arrive answers a journey that has moved: with its next page, the
// application's answer, or why it goes no further.
func (s *Site) arrive(w http.ResponseWriter, r *http.Request, screen signin.Screen, err error) {
	s.remember(w, r, screen)
	switch {
	case fault.Has(err, fault.ConsentDeclined):
		s.Decline(w, r, screen, err)
	case err != nil:
		s.RefuseVisit(w, r, err, screen.Journey.About(screen.Step))
	case screen.Step == signin.Done:
		s.Finish(w, r, screen)
	case screen.Leave != "":
		// A page, not a redirect: under form-action a browser may block one to
		// an origin that the form did not name (experience.md 2.27).
		s.LeaveTo(w, r, screen.Leave)
	default:
		s.Draw(w, r, screen)
	}
}

// Form reads a posted form and refuses one that another site made the browser
// send; it has answered when it gives false.
func (s *Site) Form(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := s.crossOrigin.Check(r); err != nil {
		s.RefuseVisit(w, r, fault.New(fault.CrossSite).Because(err), signin.About{Step: "page"})
		return false
	}
	if err := r.ParseForm(); err != nil {
		s.RefuseVisit(w, r, fault.New(fault.RequestMalformed, "parameter", "body", "rule", "a form of at most 512 KiB").Because(err), signin.About{Step: "page"})
		return false
	}
	return true
}

// outOfDate: an address of a step that was opened or reloaded by itself.
func (s *Site) outOfDate(w http.ResponseWriter, r *http.Request) {
	s.RefuseVisit(w, r, fault.New(fault.PageExpired), signin.About{Step: "page"})
}

// Draw shows a step of a journey.
func (s *Site) Draw(w http.ResponseWriter, r *http.Request, screen signin.Screen) {
	if s.Watch != nil {
		s.Watch(screen)
	}
	j := screen.Journey
	f := pages.Frame{
		Lang: s.languageOf(r, j.Request.Locales), AppName: screen.App.Name, OrgName: screen.Organisation,
		FormOrigin: j.Request.RedirectOrigin, Action: stepAddress, Flow: screen.Flow, Passkey: screen.Passkey,
	}
	if j.Problem != nil {
		kept := s.keep(r, j.About(screen.Step), j.Problem)
		f.Problem, f.ProblemFacts = problemKey(j.Problem), j.Problem.Facts
		w.Header().Set("X-Entente-Reference", kept.Reference)
	}
	switch screen.Step {
	case signin.Address:
		s.Address(w, pages.AddressView{Frame: f, Address: j.Address, Personal: j.Request.Personal})
	case signin.Pick:
		s.Picker(w, pages.PickerView{Frame: f, Accounts: s.tiles(f, screen.People)})
	case signin.Password:
		s.Password(w, pages.PasswordView{Frame: f, Address: j.Address, Personal: j.Home == id.Consumers, Notice: j.Notice})
	case signin.Expected:
		s.Expected(w, pages.ExpectedView{Frame: f, Expected: j.Request.LoginHint, Typed: j.Address})
	case signin.Unknown:
		s.drawUnknown(w, r, f, screen)
	case signin.Kind:
		s.Kind(w, pages.KindView{Frame: f, Address: j.Address, Rename: "/account/sign-in-name?login_hint=" + url.QueryEscape(j.Address)})
	case signin.Upstream:
		s.Upstream(w, pages.UpstreamView{Frame: f, Address: j.Address, Provider: screen.Provider})
	case signin.Mailbox:
		s.Mailbox(w, pages.MailboxView{Frame: f, Address: j.Address, Reset: j.Errand == signin.Reset})
	case signin.NewAccount:
		s.NewAccount(w, pages.NewAccountView{Frame: f, Address: j.Address, Name: j.Name})
	case signin.NewPassword:
		s.NewPassword(w, pages.NewPasswordView{Frame: f, Address: j.Address})
	case signin.ResetCode:
		s.Code(w, pages.CodeView{Frame: f, Address: j.Address, Recovery: j.Recovery})
	case signin.Pass:
		s.Pass(w, pages.PassView{Frame: f, Address: j.Address})
	case signin.Code:
		s.Code(w, pages.CodeView{Frame: f, Address: j.SignInName, Recovery: j.Recovery, NoApp: !screen.Ways.App})
	case signin.Enrol:
		s.drawEnrol(w, r, f, screen)
	case signin.RecoveryCodes:
		s.RecoveryCodes(w, pages.RecoveryView{Frame: f, Codes: screen.Codes})
	case signin.Consent:
		s.Consent(w, consentView(f, screen))
	case signin.AskApproval:
		s.AskApproval(w, pages.AskApprovalView{ConsentView: consentView(f, screen), Reason: j.Reason, Reviewers: screen.Reviewers})
	case signin.Waiting:
		s.drawWaiting(w, r, f, screen)
	case signin.ConsentForAll:
		s.ConsentForAll(w, consentView(f, screen))
	default:
		refusal := screen.Fault
		if refusal == nil {
			refusal = fault.New(fault.Unexpected)
		}
		about := j.About(screen.Step)
		about.Organisation = screen.Organisation
		s.RefuseVisit(w, r, refusal, about)
	}
}
