package pages

import (
	"html/template"
	"net/http"
	"strings"
)

// AddressView asks whose sign-in this is. It posts flow, address and do=next.
type AddressView struct {
	Frame
	// Address is what was typed before, or the app's hint.
	Address string
	// Personal is true when the app takes personal accounts too.
	Personal bool
}

// Address writes the first page of the sign-in (W1).
func (p *Pages) Address(w http.ResponseWriter, v AddressView) {
	p.step(w, "address.html", v.Frame, v, "address.title", "address")
}

// Tile is one account to choose from.
type Tile struct {
	// Key is what "pick" is posted as.
	Key string
	// Initials may be empty; they are then taken from the name.
	Initials string
	Name     string
	Address  string
	// Kind is "work" or "personal".
	Kind     string
	OrgName  string
	SignedIn bool
	// Reason is a word key such as "picker.reason.personal" when the app does
	// not take this account; empty when it can be chosen.
	Reason string
}

// PickerView offers the accounts of this browser. It posts flow and pick=<key>
// or do=another.
type PickerView struct {
	Frame
	Accounts []Tile
}

// Picker writes the account picker (W2).
func (p *Pages) Picker(w http.ResponseWriter, v PickerView) {
	p.step(w, "picker.html", v.Frame, v, "picker.title", "")
}

// SameAddress reports whether one address stands for two accounts, so that the
// page explains the difference.
func (v PickerView) SameAddress() bool {
	seen := map[string]bool{}
	for _, tile := range v.Accounts {
		if seen[tile.Address] {
			return true
		}
		seen[tile.Address] = true
	}
	return false
}

// PasswordView asks for the password. It posts flow, username, password and
// do=next, or do=another to go back; do=reset, do=pass and do=sign-up lead on
// without one.
type PasswordView struct {
	Frame
	Address string
	// Personal accounts can be made, and their passwords reset, right here.
	Personal bool
	// Notice is the word of something to say first.
	Notice string
}

// Password writes the password page. The address stays visible, and a field
// beside it lets password managers match the account.
func (p *Pages) Password(w http.ResponseWriter, v PasswordView) {
	p.step(w, "password.html", v.Frame, v, "password.title", "password")
}

// CodeView asks for a code of the second factor. It posts flow, code and
// do=next; do=recovery and do=code switch between the two kinds of code.
type CodeView struct {
	Frame
	Address string
	// Recovery is true when a recovery code is asked for.
	Recovery bool
	// NoApp: the person has passkeys, and no authenticator app to read a code
	// from.
	NoApp bool
}

// OnlyPasskey: there is nothing to type on this page.
func (v CodeView) OnlyPasskey() bool { return v.NoApp && !v.Recovery && v.Passkey != "" }

// Code writes the second-factor page.
func (p *Pages) Code(w http.ResponseWriter, v CodeView) {
	title := "code.title"
	if v.Recovery {
		title = "recovery.title"
	}
	p.step(w, "code.html", v.Frame, v, title, "code")
}

// EnrolView sets up an authenticator app. It posts flow, code and do=next.
type EnrolView struct {
	Frame
	Address string
	// QR is a data:image/png address.
	QR template.URL
	// Secret is shown for typing, in groups of four.
	Secret string
	// Link is the otpauth:// address, for an app on this device.
	Link template.URL
	// Own: nobody requires it, the person wants it.
	Own bool
}

// Enrol writes the page that sets up a second factor (W3).
func (p *Pages) Enrol(w http.ResponseWriter, v EnrolView) {
	p.step(w, "enrol.html", v.Frame, v, "enrol.title", "code")
}

// RecoveryView shows the recovery codes, once. It posts flow, kept=yes and
// do=next.
type RecoveryView struct {
	Frame
	Codes []string
}

// RecoveryCodes writes the recovery codes, ready to be printed.
func (p *Pages) RecoveryCodes(w http.ResponseWriter, v RecoveryView) {
	p.step(w, "codes.html", v.Frame, v, "codes.title", "kept")
}

// SignOutView asks whether to sign out. It posts flow and do=yes or do=no.
type SignOutView struct {
	Frame
	Accounts []Tile
}

// SignOut writes the confirmation: a link alone must not sign anybody out.
func (p *Pages) SignOut(w http.ResponseWriter, v SignOutView) {
	p.step(w, "signout.html", v.Frame, v, "signout.title", "")
}

// SignedOutView is the end of a sign-out.
type SignedOutView struct {
	Frame
	// Return is the app's registered address to go back to, or empty.
	Return string
	// Frames are addresses of applications that the browser opens unseen, so
	// that they can sign the person out too. Return waits a moment for them.
	Frames []string
}

// SignedOut writes the page after signing out.
func (p *Pages) SignedOut(w http.ResponseWriter, v SignedOutView) {
	s := p.sheet(v.Frame, v, "signedout.title")
	s.frames = v.Frames
	p.render(w, http.StatusOK, "signedout.html", s)
}

// step writes a page that carries the step's form.
func (p *Pages) step(w http.ResponseWriter, file string, f Frame, view any, title, field string) {
	s := p.sheet(f, view, title)
	s.Form, s.Field = true, field
	if strings.HasPrefix(f.Problem, "problem.passkey") {
		s.Field = "passkey"
	}
	p.render(w, http.StatusOK, file, s)
}

func (p *Pages) sheet(f Frame, view any, title string) *sheet {
	facts := map[string]string{"app": f.AppName, "org": f.OrgName}
	return &sheet{Frame: f, View: view, Title: p.words.In(f.Lang).HTML(title, facts)}
}
