package site

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/diagnosis"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/words"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/signin"
)

const (
	// browserCookie binds forms to the browser they were made for;
	// sessionCookie is the session. The session goes along in frames of other
	// sites, for silent renewal; the other one never needs to.
	browserCookie = "__Host-entente-browser"
	sessionCookie = "__Host-entente-session"
	// deviceCookie is by what a browser is known that its person has used
	// before; kindCookie remembers the kind of account for an app.
	deviceCookie = "__Host-entente-device"
	kindCookie   = "__Host-entente-kind"
	// longLived is for cookies that outlive the browser's session.
	longLived = 400 * 24 * 60 * 60
)

// Browser reads the browser's cookies, and gives it an id if it has none.
func (s *Site) Browser(w http.ResponseWriter, r *http.Request) session.Browser {
	var b session.Browser
	if c, err := r.Cookie(browserCookie); err == nil && len(c.Value) == 32 {
		b.ID = c.Value
	} else {
		b.ID = s.source.Hex(16)
		setCookie(w, browserCookie, b.ID, http.SameSiteLaxMode)
	}
	if c, err := r.Cookie(sessionCookie); err == nil {
		b.Session = c.Value
	}
	if c, err := r.Cookie(deviceCookie); err == nil && len(c.Value) < 100 {
		b.Device = c.Value
	}
	if c, err := r.Cookie(kindCookie); err == nil {
		b.Kinds = readKinds(c.Value)
	}
	b.Family = browserFamily(r)
	return b
}

// maxKinds bounds how many apps a browser remembers a kind of account for.
const maxKinds = 20

// readKinds reads "app=w.app=p".
func readKinds(text string) map[id.App]string {
	kinds := map[id.App]string{}
	for part := range strings.SplitSeq(text, ".") {
		app, kind, _ := strings.Cut(part, "=")
		switch {
		case !id.IsGUID(app) || len(kinds) == maxKinds:
		case kind == "w":
			kinds[id.App(app)] = "work"
		case kind == "p":
			kinds[id.App(app)] = "personal"
		}
	}
	return kinds
}

// remember sets the cookies that a journey has brought.
func (s *Site) remember(w http.ResponseWriter, r *http.Request, screen signin.Screen) {
	if screen.SessionCookie != "" {
		setCookie(w, sessionCookie, screen.SessionCookie, http.SameSiteNoneMode)
	}
	if screen.DeviceCookie != "" {
		keepCookie(w, deviceCookie, screen.DeviceCookie)
	}
	if j := screen.Journey; j.Remember && j.Kind != "" {
		kinds := s.Browser(w, r).Kinds
		text := string(j.Request.Client) + "=" + j.Kind[:1]
		for app, kind := range kinds {
			if app != j.Request.Client {
				text += "." + string(app) + "=" + kind[:1]
			}
		}
		keepCookie(w, kindCookie, text)
	}
}

func keepCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: longLived, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// TrialState begins the state of a test sign-in, which no journey waits for.
const TrialState = "test."

// takeUpstream takes the answer of a company's own provider. It comes by GET,
// but serves once, in the browser that was sent there, and nowhere else.
func (s *Site) takeUpstream(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if state, ok := strings.CutPrefix(query.Get("state"), TrialState); ok && s.Trial != nil {
		s.Trial(w, r, state)
		return
	}
	screen, err := s.journeys.Return(r.Context(), query.Get("state"), s.Browser(w, r), signin.UpstreamAnswer{
		Code: query.Get("code"), Iss: query.Get("iss"), Error: query.Get("error"),
	})
	s.arrive(w, r, screen, err)
}

func setCookie(w http.ResponseWriter, name, value string, site http.SameSite) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: site})
}

func dropCookie(w http.ResponseWriter, name string, site http.SameSite) {
	http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: site})
}

// languageOf is the language of a visit; what the application asked for counts
// through all steps of the journey.
func (s *Site) languageOf(r *http.Request, locales string) string {
	if locales == "" {
		return s.Language(r)
	}
	asked := r.Clone(r.Context())
	asked.URL.RawQuery = url.Values{"ui_locales": {locales}}.Encode()
	return s.Language(asked)
}

// choose takes an explicit choice of language, for this answer and the next
// ones: the first of several cookies of one name counts.
func (s *Site) choose(w http.ResponseWriter, r *http.Request, lang string) {
	if !s.SetLanguage(w, lang) {
		return
	}
	r.Header.Set("Cookie", words.LanguageCookie+"="+lang+"; "+r.Header.Get("Cookie"))
}

// RefuseVisit keeps the attempt and shows why it goes no further.
func (s *Site) RefuseVisit(w http.ResponseWriter, r *http.Request, err error, about signin.About) {
	f := fault.Of(err)
	about.Language = s.Language(r)
	kept := s.attempts.Keep(r.Context(), about.Attempt(f, browserFamily(r)))
	if f.Code == fault.Unexpected || f.Code == fault.DirectoryBusy {
		s.log.ErrorContext(r.Context(), "page failed", "path", r.URL.Path, "reference", kept.Reference, "error", err)
	}
	kind := ""
	if about.Home != "" {
		kind = "work"
		if about.Home == id.Consumers {
			kind = "personal"
		}
	}
	w.Header().Set("X-Entente-Reference", kept.Reference)
	if fault.Describe(f.Code).Kind == fault.Temporary {
		w.Header().Set("Retry-After", retryAfter(f))
	}
	s.Refuse(w, pages.Refusal{
		Frame:  pages.Frame{Lang: s.Language(r), AppName: about.AppName, OrgName: about.Organisation},
		Status: pageStatus(f), Fault: f, Reference: kept.Reference, CorrelationID: kept.CorrelationID, TraceID: kept.TraceID,
		At: kept.At, AppID: string(about.App), Address: about.Address, AccountKind: kind, Step: about.Step,
		Browser: kept.Browser, Restart: about.Restart, Back: about.Back, Checks: about.Checks,
	})
}

// retryAfter is in seconds.
func retryAfter(f *fault.Fault) string {
	if minutes, err := strconv.Atoi(f.Facts["minutes"]); err == nil {
		return strconv.Itoa(60 * minutes)
	}
	return "5"
}

// pageStatus is the status of a page about a failure: the request's fault is a
// 400, ours a 500; a person who has to do something gets a page like any other.
func pageStatus(f *fault.Fault) int {
	if f.Code == fault.MethodUnsupported {
		return http.StatusMethodNotAllowed
	}
	switch fault.Describe(f.Code).Kind {
	case fault.Person, fault.Interaction, fault.Refused:
		return http.StatusOK
	case fault.Absent:
		return http.StatusNotFound
	case fault.Temporary:
		return http.StatusServiceUnavailable
	case fault.Internal:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// browserFamily names the browser's family and nothing finer.
func browserFamily(r *http.Request) string {
	agent := r.UserAgent()
	for _, family := range []string{"Edg", "Firefox", "Chrome", "Safari"} {
		if strings.Contains(agent, family) {
			return strings.Replace(family, "Edg", "Edge", 1)
		}
	}
	return "other"
}

// FormPostTo carries an answer to an application by a form.
func (s *Site) FormPostTo(w http.ResponseWriter, r *http.Request, target string, fields [][2]string) {
	s.FormPost(w, pages.FormPostView{Frame: pages.Frame{Lang: s.Language(r)}, Target: target, Fields: fields})
}

// LeaveTo carries a person to an address that a redirect cannot reach.
func (s *Site) LeaveTo(w http.ResponseWriter, r *http.Request, target string) {
	s.Leave(w, pages.LeaveView{Frame: pages.Frame{Lang: s.Language(r)}, Target: target})
}

// secondFactor sends a person through a sign-in that demands a second factor:
// whoever has none sets one up there. Nothing else is asked for.
func (s *Site) secondFactor(w http.ResponseWriter, r *http.Request) {
	query := url.Values{
		"client_id": {AccountApp}, "response_type": {"code"}, "redirect_uri": {s.origin + pages.AccountDoneAddress}, "resource": {accountResource},
		"code_challenge": {accountChallenge}, "code_challenge_method": {"S256"}, "amr_values": {"mfa"},
	}
	http.Redirect(w, r, "/common/oauth2/authorize?"+query.Encode(), http.StatusFound)
}

// secondFactorDone is where that sign-in comes back to. The code it brings is
// not redeemed: the sign-in itself was the purpose.
func (s *Site) secondFactorDone(w http.ResponseWriter, r *http.Request) {
	s.AccountDone(w, pages.AccountDoneView{Frame: pages.Frame{Lang: s.Language(r)}})
}

func (s *Site) home(w http.ResponseWriter, r *http.Request) {
	s.Home(w, pages.HomeView{Frame: pages.Frame{Lang: s.Language(r)}})
}

// explain tells the public part of an attempt's story to whoever holds its
// reference: what happened, who can fix it and how, nothing about an account.
func (s *Site) explain(w http.ResponseWriter, r *http.Request) {
	asked := r.PathValue("reference")
	if asked == "" {
		asked = r.URL.Query().Get("reference")
	}
	v := pages.ExplainView{Frame: pages.Frame{Lang: s.Language(r), Action: "/explain"}, Reference: asked, Public: true}
	reference, ok := id.ParseReference(asked)
	if !ok && id.IsGUID(asked) {
		reference, ok = strings.ToLower(asked), true
	}
	if ok {
		a, err := s.attempts.Find(r.Context(), reference)
		switch {
		case err == nil && strings.Contains(r.Header.Get("Accept"), "application/json"):
			s.explainJSON(w, a)
			return
		case err == nil:
			v.Found, v.At, v.Reference, v.Fault = true, a.At, a.Reference, fault.New(a.Code)
		case !fault.Has(err, fault.ReferenceUnknown):
			s.RefuseVisit(w, r, err, signin.About{Step: "explain"})
			return
		}
	}
	s.Explain(w, v)
}

// explainJSON tells the story to a program: the command line of an operator.
// In the dev world whoever asks is one.
func (s *Site) explainJSON(w http.ResponseWriter, a audit.Attempt) {
	reader := diagnosis.Holder
	if s.Dev() {
		reader = diagnosis.Operator
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := json.NewEncoder(w).Encode(diagnosis.Explain(a, reader)); err != nil {
		s.log.Debug("write explanation", "error", err)
	}
}

// explainCode is the catalogue page that error_uri points to.
func (s *Site) explainCode(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(r.URL.Query().Get("code")), "AADSTS"))
	if err != nil || !fault.Known(fault.Code(n)) {
		s.RefuseVisit(w, r, fault.New(fault.ReferenceUnknown, "reference", r.URL.Query().Get("code")), signin.About{Step: "explain"})
		return
	}
	s.Explain(w, pages.ExplainView{Frame: pages.Frame{Lang: s.Language(r), Action: "/explain"}, Reference: "AADSTS" + strconv.Itoa(n), Found: true, Fault: fault.New(fault.Code(n)), Public: true})
}
