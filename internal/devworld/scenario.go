package devworld

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/signin"
)

// Scenario is a story of the world that can be walked by name: a journey of
// the seeds, or a message of the catalogue (experience.md 1).
type Scenario struct {
	ID, Title string
	// As is whom to sign in as, Start the first address, below the origin.
	As, Start string
	// Messages come up on the way.
	Messages []string
	Steps    []string
	// prepare sets the world up when the story begins.
	prepare func(ctx context.Context, w *World) error
}

// Begin prepares the world for a story.
func (w *World) Begin(ctx context.Context, s Scenario) error {
	if s.prepare == nil {
		return nil
	}
	return s.prepare(ctx, w)
}

// FindScenario gives a story by its name, in any letter case.
func FindScenario(name string) (Scenario, bool) {
	for _, s := range Scenarios() {
		if strings.EqualFold(s.ID, name) {
			return s, true
		}
	}
	return Scenario{}, false
}

// portalFor begins a sign-in to the portal with an address filled in, as the
// link of an invitation does.
func portalFor(address string) string { return "/portal?login_hint=" + url.QueryEscape(address) }

// authorizeAt begins a sign-in to an app of the world.
func authorizeAt(authority string, app id.App, redirect, scope string, more ...string) string {
	query := url.Values{
		"client_id": {string(app)}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {scope},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] == "" {
			query.Del(more[i])
			continue
		}
		query.Set(more[i], more[i+1])
	}
	return "/" + authority + "/oauth2/v2.0/authorize?" + query.Encode()
}

// console is an app for work and personal accounts alike, desk one for work.
func console(more ...string) string {
	return authorizeAt("common", Console, "https://console.northwind.example/", "openid profile User.Read", more...)
}

func desk(more ...string) string {
	return authorizeAt("organizations", Desk, "http://localhost", "openid profile User.Read", more...)
}

// faultLife is how long a fault that a story needs stays switched on.
const faultLife = 90 * time.Second

// breakFor lets every write fail for a while.
func breakFor(err error) func(context.Context, *World) error {
	return func(_ context.Context, w *World) error {
		until := w.Source.Now().Add(faultLife)
		w.DB.Hold(func() error {
			if w.Source.Now().After(until) {
				return nil
			}
			return err
		})
		return nil
	}
}

// lockOut makes wrong tries until the account has to wait.
func lockOut(ctx context.Context, w *World) error {
	p, _ := FindPerson(Ville)
	owner := credential.Owner{Tenant: p.Tenant, Account: p.ID}
	for range 10 {
		err := w.Safe.CheckPassword(ctx, owner, p.SignInName, "not the password", "")
		if !fault.Has(err, fault.WrongPassword) && !fault.Has(err, fault.TooManyTries) {
			return err
		}
	}
	return nil
}

var errDev = errors.New("a fault of the dev world, switched on by a scenario")

// scenarioPage shows a story, and begins it at the press of its button.
func (b *inbox) scenarioPage(w http.ResponseWriter, r *http.Request, name string) {
	site := b.house.Pages
	view := func(s Scenario) pages.ScenarioView {
		return pages.ScenarioView{ID: s.ID, Title: s.Title, As: s.As, Password: Password, Messages: s.Messages, Steps: s.Steps}
	}
	frame := pages.Frame{Lang: site.Language(r), Action: "/dev/scenario/" + url.PathEscape(name)}
	if name == "" {
		list := pages.ScenarioView{Frame: frame}
		for _, s := range Scenarios() {
			list.Others = append(list.Others, view(s))
		}
		site.Scenario(w, list)
		return
	}
	s, ok := FindScenario(name)
	if !ok {
		site.RefuseVisit(w, r, fault.New(fault.PageUnknown, "path", r.URL.Path), signin.About{Step: "page"})
		return
	}
	if r.Method != http.MethodPost {
		v := view(s)
		v.Frame = frame
		site.Scenario(w, v)
		return
	}
	if !site.Form(w, r) {
		return
	}
	if err := b.world.Begin(r.Context(), s); err != nil {
		site.RefuseVisit(w, r, err, signin.About{Step: "page"})
		return
	}
	http.Redirect(w, r, s.Start, http.StatusSeeOther)
}

// loop is an app that sends people back and forth for ever (M36).
func (b *inbox) loop(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, authorizeAt("organizations", Loop, b.house.Origin+"/dev/loop", "openid"), http.StatusFound)
}
