package pages

import (
	"net/http"
	"time"
)

// DeviceAddress is where the code of a device is taken.
const DeviceAddress = "/device"

// DeviceCodeView takes the code that a device shows. It posts code and do=next.
type DeviceCodeView struct {
	Frame
	Typed string
}

// DeviceConfirmView asks whether the person started this sign-in themselves
// (experience.md 2.18). It posts flow and do=no or do=yes.
type DeviceConfirmView struct {
	Frame
	Code, App, Publisher, PublisherDomain string
	Verified                              bool
	// From and Agent are where the device asked from, and what it calls itself.
	From, Agent string
	Asked       time.Time
	Permissions []Permission
}

// Sections orders the permissions as on a consent page.
func (v DeviceConfirmView) Sections() []Section {
	return ConsentView{Permissions: v.Permissions}.Sections()
}

// DeviceCode writes the page that takes a code (X1).
func (p *Pages) DeviceCode(w http.ResponseWriter, v DeviceCodeView) {
	s := p.sheet(v.Frame, v, "device.title")
	s.Field, s.Again = "code", DeviceAddress
	p.render(w, http.StatusOK, "device.html", s)
}

// DeviceConfirm writes the question whether the person started it.
func (p *Pages) DeviceConfirm(w http.ResponseWriter, v DeviceConfirmView) {
	p.render(w, http.StatusOK, "deviceconfirm.html", p.sheet(v.Frame, v, "device.confirm.title"))
}

// DeviceEndView is the last page; Key is its word.
type DeviceEndView struct {
	Frame
	Key string
}

// DeviceEnd writes what became of it.
func (p *Pages) DeviceEnd(w http.ResponseWriter, v DeviceEndView) {
	p.render(w, http.StatusOK, "deviceend.html", p.sheet(v.Frame, v, v.Key+".title"))
}
