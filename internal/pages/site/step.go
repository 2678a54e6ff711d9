package site

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/signin"
	"rsc.io/qr"
)

// keep keeps an attempt before its reference is shown.
func (s *Site) keep(r *http.Request, about signin.About, f *fault.Fault) audit.Attempt {
	about.Language = s.Language(r)
	return s.attempts.Keep(r.Context(), about.Attempt(f, browserFamily(r)))
}

// drawWaiting keeps an attempt, so that the person can quote where they stand.
func (s *Site) drawWaiting(w http.ResponseWriter, r *http.Request, f pages.Frame, screen signin.Screen) {
	j := screen.Journey
	kept := s.keep(r, j.About(screen.Step), screen.Fault)
	w.Header().Set("X-Entente-Reference", kept.Reference)
	s.Waiting(w, pages.WaitingView{
		ConsentView: consentView(f, screen), Since: screen.Standing.Since, Reminded: screen.Standing.Reminded,
		Reviewers: screen.Reviewers, Reference: screen.Standing.Reference, Notice: j.Notice,
	})
}

// drawUnknown keeps the attempt first: a request for help is about it.
func (s *Site) drawUnknown(w http.ResponseWriter, r *http.Request, f pages.Frame, screen signin.Screen) {
	j := screen.Journey
	domain, _ := account.DomainOf(j.Address)
	kept := s.keep(r, j.About(screen.Step), fault.New(fault.TenantNotInferred, "domain", domain))
	w.Header().Set("X-Entente-Reference", kept.Reference)
	s.Unknown(w, pages.UnknownView{Frame: f, Address: j.Address, Domain: domain, Reference: kept.Reference})
}

func (s *Site) drawEnrol(w http.ResponseWriter, r *http.Request, f pages.Frame, screen signin.Screen) {
	v, err := NewEnrolView(f, screen.Journey.SignInName, screen.Seed)
	if err != nil {
		s.RefuseVisit(w, r, err, screen.Journey.About(screen.Step))
		return
	}
	s.Enrol(w, v)
}

// NewEnrolView draws a seed for an authenticator app.
func NewEnrolView(f pages.Frame, signInName string, seed credential.Seed) (pages.EnrolView, error) {
	link := seed.URL("Entente", signInName)
	picture, err := qr.Encode(link, qr.M)
	if err != nil {
		return pages.EnrolView{}, fmt.Errorf("draw seed: %w", err)
	}
	return pages.EnrolView{
		Frame: f, Address: signInName, Secret: spaced(string(seed)),
		QR:   template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(picture.PNG())),
		Link: template.URL(link),
	}, nil
}

func consentView(f pages.Frame, screen signin.Screen) pages.ConsentView {
	v := pages.ConsentView{
		Frame: f, Address: screen.Person.SignInName, Publisher: screen.App.Publisher, PublisherDomain: screen.App.PublisherDomain,
		Verified: screen.App.Verified, Purpose: screen.App.Purpose, MayForAll: screen.MayForAll, People: screen.Headcount,
	}
	if u, err := url.Parse(screen.Journey.Request.RedirectOrigin); err == nil {
		v.RedirectHost = u.Host
	}
	for _, p := range screen.Permissions {
		v.Permissions = append(v.Permissions, pages.Permission{Resource: p.Resource, Name: p.Name, Alone: p.Alone})
	}
	return v
}

func (s *Site) tiles(f pages.Frame, people []session.Signed) []pages.Tile {
	var list []pages.Tile
	for _, p := range people {
		kind := "work"
		if p.Home == id.Consumers {
			kind = "personal"
		}
		list = append(list, pages.Tile{Key: p.Key(), Initials: initials(p.Display), Name: p.Display, Address: p.SignInName, Kind: kind, OrgName: f.OrgName, SignedIn: true})
	}
	return list
}

func initials(name string) string {
	var b strings.Builder
	for _, word := range strings.Fields(name) {
		for _, r := range word {
			b.WriteRune(r)
			break
		}
		if b.Len() >= 2 {
			break
		}
	}
	return strings.ToUpper(b.String())
}

func spaced(seed string) string {
	var groups []string
	for len(seed) > 4 {
		groups, seed = append(groups, seed[:4]), seed[4:]
	}
	return strings.Join(append(groups, seed), " ")
}

// problemKey is the word of a mistake that can be mended on the same page.
func problemKey(f *fault.Fault) string {
	switch f.Code {
	case fault.ParameterMissing:
		if f.Facts["parameter"] == "kept" {
			return "problem.kept"
		}
		return "problem.address.missing"
	case fault.PersonalAtWorkOnly:
		return "problem.personal"
	case fault.TooManyTries:
		return "problem.wait"
	case fault.RequestRepeated:
		return "problem.repeated"
	case fault.MailCodeWrong:
		return "problem.mailcode"
	case fault.MailCodeExpired:
		return "problem.mailcode.late"
	case fault.PassWrong:
		return "problem.pass"
	case fault.PasswordWeak:
		return "problem.password." + f.Facts["rule"]
	case fault.InputInvalid:
		return "problem." + f.Facts["parameter"]
	case fault.SecondFactorWrong:
		switch f.Facts["reason"] {
		case "used":
			return "problem.code.used"
		case "clock":
			return "problem.code.clock"
		case "form":
			return "problem.code.form"
		case "passkey-late", "passkey-challenge":
			return "problem.passkey.late"
		case "passkey-copied":
			return "problem.passkey.copied"
		case "passkey-other", "passkey-proof", "passkey-unknown", "passkey-form":
			return "problem.passkey.wrong"
		}
		return "problem.code"
	}
	return "problem.credentials"
}
