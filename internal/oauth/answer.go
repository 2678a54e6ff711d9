package oauth

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/presence"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/token"
)

// Finish answers an application whose person is proved and has consented: it
// issues the code and sends the browser back.
func (e *Edge) Finish(w http.ResponseWriter, r *http.Request, s signin.Screen) {
	if kept, ok := deviceOf(s.Journey.Request); ok {
		if err := e.finishDevice(r, s, kept); err != nil {
			e.pages.Refuse(w, r, err, s.Journey.About(s.Step))
			return
		}
		e.pages.DeviceDone(w, r, s)
		return
	}
	fields, err := e.success(r, s)
	if err != nil {
		e.answerError(w, r, s.Journey.Request, err, s.Journey.About(s.Step))
		return
	}
	e.send(w, r, s.Journey.Request, fields)
}

// Decline answers an application whose person said no, or was told no.
func (e *Edge) Decline(w http.ResponseWriter, r *http.Request, s signin.Screen, err error) {
	if kept, ok := deviceOf(s.Journey.Request); ok {
		if answered := e.rooms.Devices.Decline(r.Context(), kept.Device); answered != nil {
			err = answered
		}
		e.pages.Refuse(w, r, err, s.Journey.About(s.Step))
		return
	}
	e.answerError(w, r, s.Journey.Request, err, s.Journey.About(s.Step))
}

func (e *Edge) success(r *http.Request, s signin.Screen) ([][2]string, error) {
	j := s.Journey
	kept, err := wireOf(j.Request)
	if err != nil {
		return nil, err
	}
	if kept.AdminConsent {
		return consented(s), nil
	}
	g := granted(r, j, kept)
	code, err := e.rooms.Families.Code(g)
	if err != nil {
		return nil, err
	}
	err = e.rooms.Presences.Enter(r.Context(), s.App, presence.Presence{Tenant: j.Home, Account: j.Account, SID: j.SID, Version: j.Request.Version})
	if err != nil {
		return nil, err
	}
	fields := [][2]string{{"code", code}}
	if kept.IDToken {
		home, err := e.rooms.Tenants.Find(r.Context(), j.Home)
		if err != nil {
			return nil, err
		}
		idToken, err := e.rooms.Issuer.IDToken(r.Context(), token.Identity{
			Tenant: home, Client: s.App, Person: token.Member(s.Person), Grant: g, Version: j.Request.Version,
			Profile: hasWord(j.Request.Scope, "profile"), Email: hasWord(j.Request.Scope, "email"), Nonce: kept.Nonce, Code: code,
		})
		if err != nil {
			return nil, err
		}
		fields = append(fields, [2]string{"id_token", idToken})
	}
	if kept.ClientInfo {
		fields = append(fields, [2]string{"client_info", token.ClientInfo(j.Home, j.Account)})
	}
	return append(fields, [2]string{"session_state", j.SID}), nil
}

// granted is what a finished sign-in gives to its application.
func granted(r *http.Request, j signin.Journey, kept wire) token.Grant {
	return token.Grant{
		Client: j.Request.Client, Home: j.Home, Account: j.Account, SignInName: j.SignInName, Authority: kept.Authority,
		RedirectURI: kept.RedirectURI, RedirectGiven: kept.RedirectGiven, Browser: kept.Browser,
		Scope: j.Request.Scope, Resource: j.Request.Resource, Offline: kept.Offline, Nonce: kept.Nonce, TellMethods: kept.Methods,
		JKT: kept.JKT, Challenge: kept.Challenge, ChallengeMethod: "S256",
		Methods: j.Methods, AuthAt: j.AuthAt, FactorAt: j.FactorAt, Session: j.SID, Address: remote(r),
	}
}

func hasWord(text, word string) bool { return slices.Contains(strings.Fields(text), word) }

// remote is the address that the browser's connection comes from.
func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

// answerError sends a failure back to the application, where that may be, or
// shows it to the person. The person sees what they or their IT can mend; what
// the request's maker must mend goes to the application.
func (e *Edge) answerError(w http.ResponseWriter, r *http.Request, request signin.Request, err error, about signin.About) {
	f := fault.Of(err)
	if !dialect.Redirectable(f) || request.Wire == nil || (staysHere(f) && request.Prompt != "none") {
		e.speaker.Fail(w, r, dialect.Call{Version: request.Version, Correlation: about.CorrelationID, Trace: about.TraceID}, err, about)
		return
	}
	e.send(w, r, request, e.speaker.Redirected(r.Context(), f, about))
}

// staysHere: somebody in front of the page can do something about it, so a
// page with the next step serves better than the application's error.
func staysHere(f *fault.Fault) bool {
	switch fault.Describe(f.Code).Kind {
	case fault.Person, fault.Interaction, fault.Refused:
		return f.Code != fault.ConsentDeclined
	}
	return false
}

// send carries the fields to the application in the response mode it asked
// for. After a POST the redirect is a 303, so that no form is repeated there
// (row R33).
func (e *Edge) send(w http.ResponseWriter, r *http.Request, request signin.Request, fields [][2]string) {
	kept, err := wireOf(request)
	if err != nil {
		e.speaker.Fail(w, r, dialect.Call{Version: request.Version}, err, signin.About{})
		return
	}
	if kept.Pushed != "" {
		if err := e.rooms.Pushes.Spend(r.Context(), kept.Pushed); err != nil {
			e.speaker.Fail(w, r, dialect.Call{Version: request.Version}, err, signin.About{Step: "authorize"})
			return
		}
	}
	if kept.State != "" {
		fields = append(fields, [2]string{"state", kept.State})
	}
	if kept.NamesIssuer {
		fields = append(fields, [2]string{"iss", e.issuer(kept.Authority, request.Version)})
	}
	dialect.NoStore(w.Header())
	if kept.ResponseMode == "form_post" {
		e.pages.FormPost(w, r, kept.RedirectURI, fields)
		return
	}
	target := address(kept, fields)
	if !strings.HasPrefix(target, "https://") && !strings.HasPrefix(target, "http://") {
		e.pages.Leave(w, r, target)
		return
	}
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	http.Redirect(w, r, target, status)
}

// issuer is how the metadata of the authority that was asked names itself: a
// client compares the two as texts (RFC 9207 2.4).
func (e *Edge) issuer(authority id.Tenant, version int) string {
	if authority == "" {
		authority = dialect.TenantPlaceholder
	}
	if version == 1 {
		return token.IssuerV1(authority)
	}
	return e.rooms.Issuer.IssuerV2(authority)
}

// address appends the fields to the redirect address; its own query survives
// (row R11), and an empty path becomes "/" as on the Microsoft platform.
func address(kept wire, fields [][2]string) string {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(f[0] + "=" + url.QueryEscape(f[1]))
	}
	target := kept.RedirectURI
	if u, err := url.Parse(target); err == nil && u.Path == "" && u.RawQuery == "" && u.Host != "" {
		target += "/"
	}
	switch {
	case kept.ResponseMode == "fragment":
		return target + "#" + b.String()
	case strings.Contains(target, "?"):
		return target + "&" + b.String()
	}
	return target + "?" + b.String()
}
