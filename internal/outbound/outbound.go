// Package outbound is the one way by which the server asks other servers for
// something (DESIGN 4.12). Addresses come from organisations' own settings and
// from documents of strangers, so each is held to one rule: https, no network
// of ours, little time, few bytes.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Options are what an operator decides. The zero value reaches the public
// internet alone.
type Options struct {
	// Allow lists hosts, as "name" or "name:port", to which the rules of https
	// and of public addresses do not apply: a provider in the operator's own
	// network.
	Allow []string
	// Roots are the certificate authorities that are trusted; nil means the
	// machine's.
	Roots *x509.CertPool
}

const (
	// Timeout bounds a request from the look-up of the name to the last byte.
	Timeout = 10 * time.Second
	// MaxBody is the most that Read takes, in bytes.
	MaxBody = 1 << 20

	maxHeader    = 64 << 10
	maxRedirects = 3
)

// ErrRefused means that an address breaks the rules; nothing was sent to it.
var ErrRefused = errors.New("address is refused")

// ErrTooLarge means that an answer has more than MaxBody bytes.
var ErrTooLarge = errors.New("answer is too large")

// New makes the guarded client. It takes no proxy from the environment: behind
// a proxy the check of addresses would look at the proxy's.
func New(o Options) *http.Client {
	g := &guard{allow: o.Allow}
	g.transport = &http.Transport{
		DialContext:            g.dial,
		TLSClientConfig:        &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    Timeout,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        time.Minute,
	}
	return &http.Client{Transport: g, CheckRedirect: sameHost, Timeout: Timeout}
}

// Read takes a whole body of at most MaxBody bytes, or fails with ErrTooLarge.
func Read(body io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(body, MaxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(b) > MaxBody {
		return nil, ErrTooLarge
	}
	return b, nil
}

// sameHost follows redirects within one server only: what we trust is the
// address in the settings, not where its owner points today.
func sameHost(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	if next.URL.Host != first.Host || next.URL.Scheme != first.Scheme {
		return fmt.Errorf("%w: redirect to another host", ErrRefused)
	}
	if len(before) > maxRedirects {
		return fmt.Errorf("%w: more than %d redirects", ErrRefused, maxRedirects)
	}
	return nil
}

type guard struct {
	allow     []string
	transport *http.Transport
}

// RoundTrip holds the address itself to the rules before anything is sent.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && (r.URL.Scheme != "http" || !g.allows(r.URL.Hostname(), r.URL.Port())) {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, fmt.Errorf("%w: it is not https", ErrRefused)
	}
	return g.transport.RoundTrip(r)
}

func (g *guard) allows(host, port string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc(g.allow, func(a string) bool {
		a = strings.ToLower(a)
		return a == host || a == net.JoinHostPort(host, port)
	})
}

// dial looks at the address that the connection really goes to: a name that
// pointed elsewhere when somebody looked before it is caught here.
func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: Timeout, KeepAlive: 30 * time.Second}
	if !g.allows(host, port) {
		dialer.Control = func(_, resolved string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(resolved)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrRefused, err)
			}
			if !Public(at.Addr()) {
				return fmt.Errorf("%w: it leads into a network that is not public", ErrRefused)
			}
			return nil
		}
	}
	return dialer.DialContext(ctx, network, address)
}

// notPublic are the special-purpose blocks of IANA (RFC 6890 and its registry)
// that netip does not tell by itself, and those in which an IPv4 address is
// wrapped, so that a private one cannot come in disguise.
var notPublic = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, 0, len(texts))
	for _, t := range texts {
		list = append(list, netip.MustParsePrefix(t))
	}
	return list
}

// Public reports whether an address belongs to the public internet.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(a) })
}
