package pages

import "net/http"

// MailboxView takes a code from a mail. It posts code and do=next, or
// do=resend, or do=password to go back.
type MailboxView struct {
	Frame
	Address string
	// Reset is true when a password was forgotten, else an account is made.
	Reset bool
}

// Mailbox writes the page that proves a mailbox.
func (p *Pages) Mailbox(w http.ResponseWriter, v MailboxView) {
	p.step(w, "mailbox.html", v.Frame, v, "mailbox.title", "code")
}

// NewAccountView takes the name and the password of a new personal account. It
// posts name, password and do=next.
type NewAccountView struct {
	Frame
	Address, Name string
}

// NewAccount writes the last page of a sign-up.
func (p *Pages) NewAccount(w http.ResponseWriter, v NewAccountView) {
	field := "password"
	if v.Problem == "problem.name" {
		field = "name"
	}
	p.step(w, "newaccount.html", v.Frame, v, "newaccount.title", field)
}

// NewPasswordView takes a new password. It posts password and do=next.
type NewPasswordView struct {
	Frame
	Address string
}

// NewPassword writes the page at the end of a reset.
func (p *Pages) NewPassword(w http.ResponseWriter, v NewPasswordView) {
	p.step(w, "newpassword.html", v.Frame, v, "newpassword.title", "password")
}

// PassView takes a temporary pass. It posts code and do=next, or do=password.
type PassView struct {
	Frame
	Address string
}

// Pass writes the page for a temporary pass.
func (p *Pages) Pass(w http.ResponseWriter, v PassView) {
	p.step(w, "pass.html", v.Frame, v, "pass.title", "code")
}
