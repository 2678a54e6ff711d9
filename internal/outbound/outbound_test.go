package outbound_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/outbound"
)

// serve runs a TLS server here, and tells how often it was asked.
func serve(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(handler)
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s, roots
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func TestAddressesOfOurOwnNetworksAreRefusedWhateverTheirNameSays(t *testing.T) {
	asked := 0
	s, roots := serve(t, func(http.ResponseWriter, *http.Request) { asked++ })
	_, port, _ := strings.Cut(hostOf(t, s.URL), ":")
	client := outbound.New(outbound.Options{Roots: roots})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"} {
		response, err := client.Get("https://" + host + ":" + port + "/")
		if err == nil {
			_ = response.Body.Close()
		}
		if !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if asked != 0 {
		t.Errorf("the server was asked %d times", asked)
	}
}

func TestAnAllowedHostIsReachedAtItsPortAlone(t *testing.T) {
	s, roots := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("here")) })
	other, _ := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the other port was asked") })
	client := outbound.New(outbound.Options{Allow: []string{hostOf(t, s.URL)}, Roots: roots})
	response, err := client.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if b, err := outbound.Read(response.Body); err != nil || string(b) != "here" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := client.Get(other.URL); !errors.Is(err, outbound.ErrRefused) { //nolint:bodyclose // there is no answer
		t.Errorf("another port of an allowed host: %v", err)
	}
}

func TestPlainHTTPIsForAllowedHostsAlone(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	if _, err := outbound.New(outbound.Options{}).Get(s.URL); !errors.Is(err, outbound.ErrRefused) { //nolint:bodyclose // there is no answer
		t.Errorf("plain http: %v", err)
	}
	response, err := outbound.New(outbound.Options{Allow: []string{"127.0.0.1"}}).Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
}

func TestARedirectStaysWithinItsServer(t *testing.T) {
	reached := 0
	other, _ := serve(t, func(http.ResponseWriter, *http.Request) { reached++ })
	var target string
	s, roots := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/there":
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		default:
			http.Redirect(w, r, target, http.StatusFound)
		}
	})
	roots.AddCert(other.Certificate())
	client := outbound.New(outbound.Options{Allow: []string{"127.0.0.1", "localhost"}, Roots: roots})
	for _, c := range []struct {
		name, target string
		follows      bool
	}{
		{"to another path", "/there", true},
		{"to another server", other.URL, false},
		{"to another name of this server", strings.Replace(s.URL, "127.0.0.1", "localhost", 1), false},
		{"to plain http", strings.Replace(s.URL, "https", "http", 1), false},
		{"in a circle", "/round", false},
	} {
		target = c.target
		response, err := client.Get(s.URL)
		if err == nil {
			_ = response.Body.Close()
		}
		if (err == nil) != c.follows || (err != nil && !errors.Is(err, outbound.ErrRefused)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if reached != 0 {
		t.Errorf("the other server was asked %d times", reached)
	}
}

func TestAProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:9")
	t.Setenv("ALL_PROXY", "http://127.0.0.1:9")
	s, roots := serve(t, func(http.ResponseWriter, *http.Request) {})
	response, err := outbound.New(outbound.Options{Allow: []string{"127.0.0.1"}, Roots: roots}).Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
}

func TestABodyIsReadUpToOneMebibyte(t *testing.T) {
	if b, err := outbound.Read(bytes.NewReader(make([]byte, outbound.MaxBody))); err != nil || len(b) != outbound.MaxBody {
		t.Errorf("of the limit: %d bytes, %v", len(b), err)
	}
	if _, err := outbound.Read(bytes.NewReader(make([]byte, outbound.MaxBody+1))); !errors.Is(err, outbound.ErrTooLarge) {
		t.Errorf("a byte more: %v", err)
	}
}

func TestPublicAddressesAreToldFromAllOthers(t *testing.T) {
	for text, public := range map[string]bool{
		"8.8.8.8": true, "2606:4700:4700::1111": true, "::ffff:8.8.8.8": true,
		"10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false, "127.0.0.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1%eth0": false, "fd00::1": false, "ff02::1": false, "::ffff:10.0.0.1": false,
		"::ffff:100.64.0.1": false, "fec0::1%eth0": false, "::7f00:1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001::1": false, "fec0::1": false,
	} {
		if got := outbound.Public(netip.MustParseAddr(text)); got != public {
			t.Errorf("%s: public is %v", text, got)
		}
	}
}
