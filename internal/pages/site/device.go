package site

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/token"
)

const (
	devicePurpose  = "device"
	deviceFormLife = token.DeviceLife
)

// deviceFlow is what the confirming page carries.
type deviceFlow struct {
	UserCode string    `json:"u"`
	At       time.Time `json:"t"`
}

// device asks for the code of a device. A link may bring it, but never
// confirms it: strangers send links.
func (s *Site) device(w http.ResponseWriter, r *http.Request) {
	typed := r.URL.Query().Get("user_code")
	if len(typed) > 40 {
		typed = ""
	}
	s.drawDeviceCode(w, r, pages.Frame{}, typed)
}

func (s *Site) drawDeviceCode(w http.ResponseWriter, r *http.Request, f pages.Frame, typed string) {
	f.Lang, f.Action = s.Language(r), pages.DeviceAddress
	s.DeviceCode(w, pages.DeviceCodeView{Frame: f, Typed: typed})
}

// takeDevice takes a code, or the answer to the question that follows it.
func (s *Site) takeDevice(w http.ResponseWriter, r *http.Request) {
	if !s.Form(w, r) {
		return
	}
	switch do := r.PostForm.Get("do"); do {
	case "yes", "no":
		s.confirmDevice(w, r, do == "yes")
	default:
		s.findDevice(w, r, r.PostForm.Get("code"))
	}
}

func (s *Site) findDevice(w http.ResponseWriter, r *http.Request, typed string) {
	var d token.DeviceRequest
	browser := s.Browser(w, r)
	err := s.rooms.Safe.Limited(r.Context(), "device/"+browser.ID, func() (err error) {
		d, err = s.rooms.Devices.Typed(r.Context(), typed)
		return err
	})
	f := fault.Of(err)
	switch {
	case err == nil:
		s.askDevice(w, r, browser, d)
	case f.Code == fault.DeviceCodeWrong, f.Code == fault.DeviceCodeExpired, f.Code == fault.TooManyTries:
		kept := s.keep(r, signin.About{Step: "device"}, f)
		w.Header().Set("X-Entente-Reference", kept.Reference)
		key := map[fault.Code]string{fault.DeviceCodeWrong: "problem.device.wrong", fault.DeviceCodeExpired: "problem.device.late", fault.TooManyTries: "problem.wait"}[f.Code]
		s.drawDeviceCode(w, r, pages.Frame{Problem: key, ProblemFacts: f.Facts}, typed)
	default:
		s.RefuseVisit(w, r, err, signin.About{Step: "device"})
	}
}

// askDevice shows what wants to be signed in, from where and since when.
func (s *Site) askDevice(w http.ResponseWriter, r *http.Request, browser session.Browser, d token.DeviceRequest) {
	app, err := s.rooms.Apps.Find(r.Context(), d.Client)
	var wanted application.Wanted
	if err == nil && d.Version == 2 {
		wanted, err = s.rooms.Apps.WantedAt(r.Context(), d.Scope, d.Resource)
	}
	var plain []byte
	if err == nil {
		plain, err = json.Marshal(deviceFlow{d.UserCode, s.source.Now()})
	}
	f := pages.Frame{Lang: s.Language(r), AppName: app.Name, Action: pages.DeviceAddress}
	if err == nil {
		f.Flow, err = s.key.SealText(plain, devicePurpose+browser.ID)
	}
	if err != nil {
		s.RefuseVisit(w, r, err, signin.About{Step: "device"})
		return
	}
	v := pages.DeviceConfirmView{
		Frame: f, Code: token.ShownCode(d.UserCode), App: app.Name, Publisher: app.Publisher, PublisherDomain: app.PublisherDomain, Verified: app.Verified,
		From: d.From, Agent: d.Agent, Asked: d.Asked,
	}
	for _, resource := range wanted.Resources {
		for _, name := range resource.Names {
			v.Permissions = append(v.Permissions, pages.Permission{Resource: resource.Resource.Name, Name: name})
		}
	}
	s.DeviceConfirm(w, v)
}

func (s *Site) confirmDevice(w http.ResponseWriter, r *http.Request, yes bool) {
	browser := s.Browser(w, r)
	var flow deviceFlow
	plain, err := s.key.OpenText(r.PostForm.Get("flow"), devicePurpose+browser.ID)
	about := signin.About{Step: "device", Restart: pages.DeviceAddress}
	if err != nil || json.Unmarshal(plain, &flow) != nil || s.source.Now().Sub(flow.At) > deviceFormLife {
		s.RefuseVisit(w, r, fault.New(fault.PageExpired), about)
		return
	}
	d, err := s.rooms.Devices.Typed(r.Context(), flow.UserCode)
	if err != nil {
		s.RefuseVisit(w, r, err, about)
		return
	}
	if !yes {
		if err := s.rooms.Devices.Decline(r.Context(), d.Digest); err != nil {
			s.RefuseVisit(w, r, err, about)
			return
		}
		s.DeviceEnd(w, pages.DeviceEndView{Frame: pages.Frame{Lang: s.Language(r)}, Key: "device.declined"})
		return
	}
	request, _, err := s.DeviceSignIn(r.Context(), d)
	if err != nil {
		s.RefuseVisit(w, r, err, about)
		return
	}
	request.Locales = strings.ToLower(s.Language(r))
	screen, err := s.journeys.Begin(r.Context(), request, browser)
	if err == nil && screen.Step == signin.Done {
		// A session that is there already is no consent to a device: the person
		// chooses the account.
		request.Prompt = "select_account"
		screen, err = s.journeys.Begin(r.Context(), request, browser)
	}
	s.arrive(w, r, screen, err)
}

// DeviceDone says that the device is signed in.
func (s *Site) DeviceDone(w http.ResponseWriter, r *http.Request, screen signin.Screen) {
	s.remember(w, r, screen)
	s.DeviceEnd(w, pages.DeviceEndView{Frame: pages.Frame{Lang: s.Language(r)}, Key: "device.done"})
}
