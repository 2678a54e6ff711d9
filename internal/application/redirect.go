package application

import (
	"net"
	"net/url"
	"strings"

	"github.com/entente-id/entente/internal/fault"
)

// Platform is the kind of client behind a redirect address.
type Platform string

// The platforms (identity-platform.md 1.7).
const (
	Web     Platform = "web"
	Browser Platform = "spa"
	Native  Platform = "native"
)

// Redirect is an address that answers may be sent to.
type Redirect struct {
	URI      string   `json:"uri"`
	Platform Platform `json:"platform"`
}

// check refuses addresses that could carry an answer to a stranger (row R9).
func (r Redirect) check() error {
	refuse := func(rule string) error {
		return fault.New(fault.RedirectMismatch, "redirect_uri", r.URI, "rule", rule)
	}
	if len(r.URI) > 256 {
		return refuse("at most 256 characters")
	}
	for _, c := range r.URI {
		if c <= ' ' || c == '\\' || c == 0x7f || c == '*' {
			return refuse("no spaces, control characters, backslashes or wildcards")
		}
	}
	u, err := url.Parse(r.URI)
	if err != nil || !u.IsAbs() {
		return refuse("an absolute address")
	}
	if u.Fragment != "" || strings.Contains(r.URI, "#") || u.User != nil {
		return refuse("no fragment and no user name")
	}
	switch u.Scheme {
	case "https":
		if u.Host == "" {
			return refuse("a host name")
		}
	case "http":
		if !loopback(u.Hostname()) {
			return refuse("https, or http on localhost")
		}
	case "javascript", "data", "vbscript", "file", "blob":
		return refuse("no scheme that runs or reads content")
	default:
		if r.Platform != Native {
			return refuse("an own scheme only for native applications")
		}
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// MayRedirectTo finds the registered address that an asked one stands for.
// The comparison is exact (row R7), with two exceptions that the Microsoft
// platform makes: the port of a loopback address is ignored (R8), and an
// address without a path equals the one with "/".
func (a Application) MayRedirectTo(asked string) (Redirect, bool) {
	for _, r := range a.Redirects {
		if r.URI == asked {
			return r, true
		}
	}
	for _, r := range a.Redirects {
		if sameLoopback(r.URI, asked) || slashApart(r.URI, asked) || slashApart(asked, r.URI) {
			return r, true
		}
	}
	return Redirect{}, false
}

// slashApart reports whether two addresses differ in the empty path alone:
// the first has none, the second has "/".
func slashApart(bare, slashed string) bool {
	if bare+"/" != slashed {
		return false
	}
	u, err := url.Parse(bare)
	return err == nil && u.Path == "" && u.RawQuery == "" && u.Host != ""
}

func sameLoopback(registered, asked string) bool {
	r, err := url.Parse(registered)
	if err != nil || r.Scheme != "http" || !loopback(r.Hostname()) {
		return false
	}
	a, err := url.Parse(asked)
	if err != nil || a.Scheme != "http" || a.Hostname() != r.Hostname() || a.User != nil || a.Fragment != "" {
		return false
	}
	path := func(u *url.URL) string {
		if u.EscapedPath() == "" {
			return "/"
		}
		return u.EscapedPath()
	}
	return path(a) == path(r) && a.RawQuery == r.RawQuery && !strings.Contains(asked, "#")
}
