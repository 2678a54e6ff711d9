package devworld

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Trust is the world's own certificate authority. It is kept between runs, so
// that it has to be trusted only once.
type Trust struct {
	// File is the authority's certificate in PEM, for others to trust.
	File        string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// OpenTrust reads the authority in a directory or makes it there.
func OpenTrust(directory string, now time.Time) (*Trust, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("make %s: %w", directory, err)
	}
	t := &Trust{File: filepath.Join(directory, "ca.pem")}
	keyFile := filepath.Join(directory, "ca-key.pem")
	if err := t.read(keyFile, now); err == nil {
		return t, nil
	}
	var err error
	if t.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, fmt.Errorf("make the authority's key: %w", err)
	}
	host, _ := os.Hostname()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "Entente development on " + host},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(2, 0, 0), IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign,
		// Whoever steals this key can pretend to be this machine only.
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{"localhost"},
		PermittedIPRanges: []*net.IPNet{{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}, {IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, t.key.Public(), t.key)
	if err != nil {
		return nil, fmt.Errorf("make the authority: %w", err)
	}
	if t.certificate, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(t.key)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600); err != nil {
		return nil, fmt.Errorf("keep the authority's key: %w", err)
	}
	if err := os.WriteFile(t.File, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return nil, fmt.Errorf("keep the authority: %w", err)
	}
	return t, nil
}

// read takes the authority of an earlier run, unless it ends soon.
func (t *Trust) read(keyFile string, now time.Time) error {
	pair, err := tls.LoadX509KeyPair(t.File, keyFile)
	if err != nil {
		return err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || pair.Leaf.NotAfter.Before(now.AddDate(0, 1, 0)) {
		return errors.New("the authority cannot be used any more")
	}
	t.certificate, t.key = pair.Leaf, key
	return nil
}

// Pool trusts this authority alone.
func (t *Trust) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(t.certificate)
	return pool
}

// Certificate is one for this machine's loopback names.
func (t *Trust) Certificate(now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 3, 0),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, t.certificate, key.Public(), t.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der, t.certificate.Raw}, PrivateKey: key}, nil
}

// CheckListen refuses an address that others can reach: everybody knows the
// passwords of this world.
func CheckListen(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen address %q is not HOST:PORT: %w", address, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("the dev world listens on loopback only, and %q is reachable by others", address)
}
