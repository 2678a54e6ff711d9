package oauth

import (
	"net/http"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/tenant"
)

// adminConsent sends an admin through a sign-in to decide about an application
// for everyone in their organisation (identity-platform.md 1.8). v1 asks for
// the whole registered list, v2 for a scope. As at the authorize address,
// failures are pages until the redirect address is verified.
func (e *Edge) adminConsent(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	p, err := dialect.Query(r)
	about := signin.About{Step: "adminconsent", CorrelationID: c.Correlation, TraceID: c.Trace}
	request, client, redirectErr := e.target(r.Context(), c, p, &about)
	if redirectErr != nil {
		e.speaker.Fail(w, r, c, redirectErr, about)
		return
	}
	if err == nil {
		err = e.readAdminConsent(r, c, p, client, &request)
	}
	if err != nil {
		e.answerError(w, r, request, err, about)
		return
	}
	about.Restart = request.Restart
	e.begin(w, r, c, request, client, about)
}

func (e *Edge) readAdminConsent(r *http.Request, c dialect.Call, p dialect.Form, client application.Application, request *signin.Request) error {
	if !client.Audience.AdmitsWork() {
		return fault.New(fault.PersonalAtWorkOnly, "app", client.Name, "domain", tenant.Shorten(c.Segment))
	}
	kept, err := wireOf(*request)
	if err != nil {
		return err
	}
	request.Organisation, request.Personal = true, false
	// Without a scope the registered list is meant, in either version.
	request.Scope, request.Version = p.Get("scope"), 1
	if c.Version == 2 && request.Scope != "" {
		request.Version = 2
		if _, err := e.rooms.Apps.WantedByScope(r.Context(), request.Scope); err != nil {
			return err
		}
	}
	if err := e.readHints(r.Context(), p, request); err != nil {
		return err
	}
	kept.AdminConsent, kept.ResponseMode = true, "query"
	again := p.Again()
	again.Del("prompt")
	request.Prompt, request.Restart = "", r.URL.EscapedPath()+"?"+again.Encode()
	return keep(request, kept)
}

// consented is the answer to an admin who said yes.
func consented(s signin.Screen) [][2]string {
	fields := [][2]string{{"admin_consent", "True"}, {"tenant", string(s.Journey.Home)}}
	if scope := s.Journey.Request.Scope; scope != "" {
		fields = append(fields, [2]string{"scope", scope})
	}
	return fields
}
