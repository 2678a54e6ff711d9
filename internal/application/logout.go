package application

import (
	"net/url"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/fault"
)

// checkLogout holds the addresses that are told of sign-outs to the rules of
// redirect addresses. The browser opens the front one, so it must be where the
// application lives (Front-Channel Logout 2).
func (a Application) checkLogout() error {
	for _, address := range []string{a.FrontLogout, a.BackLogout} {
		if address == "" {
			continue
		}
		if err := (Redirect{URI: address, Platform: Web}).check(); err != nil {
			return err
		}
	}
	at := func(r Redirect) bool { return sameOrigin(r.URI, a.FrontLogout) }
	if a.FrontLogout != "" && !slices.ContainsFunc(a.Redirects, at) {
		return fault.New(fault.RedirectMismatch, "redirect_uri", a.FrontLogout, "rule", "scheme, host and port of a registered redirect address")
	}
	return nil
}

func sameOrigin(a, b string) bool {
	left, err := url.Parse(a)
	if err != nil {
		return false
	}
	right, err := url.Parse(b)
	return err == nil && left.Scheme == right.Scheme && strings.EqualFold(left.Host, right.Host)
}
