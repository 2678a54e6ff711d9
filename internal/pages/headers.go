package pages

import (
	"net/http"
	"net/url"
	"strings"
)

// secure sets the headers of every page (experience.md 2.27). There is no
// Cross-Origin-Opener-Policy on purpose: MSAL Browser before version 5 watches
// the window it opened.
func (p *Pages) secure(h http.Header, formAction string, frames []string) {
	framed := ""
	for _, address := range frames {
		if origin := originOf(address); origin != "" {
			framed += " " + origin
		}
	}
	if framed != "" {
		framed = "frame-src" + framed + "; "
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "+
		"img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "+framed+"form-action "+formAction)
	// With no-referrer a browser sends "Origin: null" on our own forms, and the
	// check against foreign forms would refuse them.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Permissions-Policy", "publickey-credentials-get=(self), publickey-credentials-create=(self), "+
		"camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if p.dev {
		h.Set("X-Entente-Dev", "1")
		return
	}
	h.Set("Strict-Transport-Security", "max-age=31536000")
}

// originOf gives the web origin of an address in the form a policy can name,
// or "" when it has none. Nothing that could end a directive comes through.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return ""
	}
	if strings.HasPrefix(u.Host, "[") {
		// A policy cannot name an IPv6 literal (CSP3 2.3.1): the scheme is the
		// narrowest source that admits it.
		return u.Scheme + ":"
	}
	if strings.Trim(u.Host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:") != "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
