package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/internal/nearest"
	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault"
	"github.com/entente-id/entente/sam/vault/file"
)

// profile says which cloud, which application and which vault a command works
// with. Flags go before environment variables, these before what the one stored
// consent says, and that before the defaults.
type profile struct {
	authority, cloud, tenant, clientID string
	secretFile, certificateFile        string
	caFile, vault                      string
}

// addTo adds the flags that all commands of the partner side share.
func (p *profile) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.authority, "authority", "", "address of an Entente, such as https://localhost:8443 ($ENTENTE_AUTHORITY)")
	f.StringVar(&p.cloud, "cloud", "", "Microsoft cloud: "+strings.Join(cloud.Names(), "|")+" ($ENTENTE_CLOUD)")
	f.StringVar(&p.tenant, "tenant", "", "the partner's organisation, by id or domain ($ENTENTE_TENANT)")
	f.StringVar(&p.clientID, "client-id", "", "id of the application ($ENTENTE_CLIENT_ID)")
	f.StringVar(&p.secretFile, "client-secret-file", "", "file with the application's secret; or put the secret in $ENTENTE_CLIENT_SECRET")
	f.StringVar(&p.certificateFile, "certificate-file", "", "PEM file with the application's certificate and private key")
	f.StringVar(&p.caFile, "ca-file", "", "PEM file with further certificate authorities to trust ($ENTENTE_CA_FILE, $SSL_CERT_FILE)")
	f.StringVar(&p.vault, "vault", "", "directory of the vault ($ENTENTE_VAULT)")
	_ = cmd.RegisterFlagCompletionFunc("cloud", cobra.FixedCompletions(cloud.Names(), cobra.ShellCompDirectiveNoFileComp))
}

// fromEnvironment fills in what no flag said.
func (p *profile) fromEnvironment() error {
	if p.authority != "" && p.cloud != "" {
		return misuse("leave one of them out", "--authority and --cloud exclude each other")
	}
	if p.authority == "" && p.cloud == "" {
		p.authority, p.cloud = os.Getenv("ENTENTE_AUTHORITY"), os.Getenv("ENTENTE_CLOUD")
		if p.authority != "" && p.cloud != "" {
			return misuse("unset one of them", "ENTENTE_AUTHORITY and ENTENTE_CLOUD exclude each other")
		}
	}
	for value, name := range map[*string]string{&p.tenant: "ENTENTE_TENANT", &p.clientID: "ENTENTE_CLIENT_ID", &p.vault: "ENTENTE_VAULT", &p.caFile: "ENTENTE_CA_FILE"} {
		if *value == "" {
			*value = os.Getenv(name)
		}
	}
	if p.caFile == "" {
		p.caFile = os.Getenv("SSL_CERT_FILE")
	}
	return nil
}

// chosenCloud is the cloud that was named, or the global one.
func (p *profile) chosenCloud() (cloud.Cloud, error) {
	if p.authority != "" {
		c, err := cloud.At(p.authority)
		if err != nil {
			return c, misuse("--authority https://HOST[:PORT]", "%s", err.Error())
		}
		return c, nil
	}
	if p.cloud == "" {
		return cloud.Global(), nil
	}
	c, err := cloud.ByName(p.cloud)
	if err == nil {
		err = c.Open()
	}
	if err != nil {
		do := "--cloud " + strings.Join(cloud.Names()[:3], "|")
		if near := nearest.To(p.cloud, cloud.Names()); c.Name == "" && len(near) > 0 {
			do = "--cloud " + near[0]
		}
		return c, misuse(do, "%s", err.Error())
	}
	return c, nil
}

// credential is the application's proof: a certificate or a secret, never out of
// a flag's value, which other users of the machine could read.
func (p *profile) credential() (cloud.Credential, error) {
	if p.certificateFile != "" {
		text, err := os.ReadFile(p.certificateFile)
		if err != nil {
			return nil, misuse("--certificate-file FILE", "the certificate cannot be read: %v", err)
		}
		credential, err := cloud.CertificatePEM(text)
		if err != nil {
			return nil, misuse("--certificate-file FILE", "%s: %v", p.certificateFile, err)
		}
		return credential, nil
	}
	text := os.Getenv("ENTENTE_CLIENT_SECRET")
	if p.secretFile != "" {
		raw, err := os.ReadFile(p.secretFile)
		if err != nil {
			return nil, misuse("--client-secret-file FILE", "the secret cannot be read: %v", err)
		}
		text = strings.TrimSpace(string(raw))
	}
	if text == "" {
		return nil, misuse("--certificate-file FILE, --client-secret-file FILE, or set ENTENTE_CLIENT_SECRET", "the application has neither a certificate nor a secret to prove itself with")
	}
	return cloud.ClientSecret(secret.New(text)), nil
}

// client is an HTTP client that also trusts the authorities of the CA file.
func (p *profile) client() (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if p.caFile != "" {
		text, err := os.ReadFile(p.caFile)
		if err != nil {
			return nil, misuse("--ca-file FILE", "the certificate authorities cannot be read: %v", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(text) {
			return nil, misuse("--ca-file FILE", "%s holds no certificate in PEM form", p.caFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: transport}, nil
}

// openVault opens the vault, making it and its key on the first use.
func (p *profile) openVault() (*file.Vault, error) {
	directory, err := p.vaultDirectory()
	if err != nil {
		return nil, err
	}
	key, err := vaultKey(directory)
	if err != nil {
		return nil, &failure{code: exitFailed, what: err.Error(), do: "set ENTENTE_VAULT_KEY_FILE, or ENTENTE_VAULT_KEY to 32 bytes in base64", cause: err}
	}
	return file.Open(directory, key)
}

func (p *profile) vaultDirectory() (string, error) {
	if p.vault != "" {
		return p.vault, nil
	}
	if data := os.Getenv("XDG_DATA_HOME"); data != "" {
		return filepath.Join(data, "entente", "vault"), nil
	}
	if local := os.Getenv("LocalAppData"); runtime.GOOS == "windows" && local != "" {
		return filepath.Join(local, "entente", "vault"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", misuse("--vault DIRECTORY", "there is no home directory to keep the vault in: %v", err)
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "entente", "vault"), nil
	}
	return filepath.Join(home, ".local", "share", "entente", "vault"), nil
}

func vaultKey(records string) (file.Key, error) {
	if text := os.Getenv("ENTENTE_VAULT_KEY"); text != "" {
		return file.ParseKey(text)
	}
	path := os.Getenv("ENTENTE_VAULT_KEY_FILE")
	if path == "" {
		config, err := os.UserConfigDir()
		if err != nil {
			return file.Key{}, fmt.Errorf("find a place for the vault key: %w", err)
		}
		path = filepath.Join(config, "entente", "vault.key")
	}
	return file.KeyFromFile(path, records)
}

// consentOf finds the one stored consent that fits what was said, and takes over
// from it what was not said.
func (p *profile) consentOf(ctx context.Context, v vault.Vault) (name string, r vault.Record, err error) {
	names, err := v.Names(ctx)
	if err != nil {
		return "", r, err
	}
	var fitting []string
	var seen []string
	for _, candidate := range names {
		record, err := v.Read(ctx, candidate)
		if err != nil {
			return "", r, &failure{code: exitFailed, what: err.Error(), do: "entente partner status", cause: err}
		}
		seen = append(seen, fmt.Sprintf("--tenant %s --client-id %s (%s)", record.Tenant, record.ClientID, record.Authority))
		if p.fits(record) {
			fitting, name, r = append(fitting, seen[len(seen)-1]), candidate, record
		}
	}
	switch {
	case len(fitting) > 1:
		return "", r, misuse("choose one: "+strings.Join(fitting, "; "), "%d stored consents fit", len(fitting))
	case len(fitting) == 0 && len(seen) > 0:
		return "", r, &failure{code: exitPerson, what: "no stored consent fits", do: "entente partner consent, or use " + strings.Join(seen, "; ")}
	case len(fitting) == 0:
		return "", r, &failure{code: exitPerson, what: "no consent is stored yet", do: "entente partner consent"}
	}
	p.clientID, p.tenant = r.ClientID, r.Tenant
	p.authority, p.cloud = "", r.Cloud
	if !slices.Contains(cloud.Names(), r.Cloud) {
		p.authority, p.cloud = r.Authority, ""
	}
	return name, r, nil
}

// fits says that a record contradicts nothing that was said. A tenant that was
// named by a domain cannot be compared, and is left to the authority.
func (p *profile) fits(r vault.Record) bool {
	if p.authority != "" || p.cloud != "" {
		c, err := p.chosenCloud()
		if err != nil || c.Authority != r.Authority {
			return false
		}
	}
	if p.clientID != "" && !strings.EqualFold(p.clientID, r.ClientID) {
		return false
	}
	return p.tenant == "" || !cloud.IsGUID(p.tenant) || strings.EqualFold(p.tenant, r.Tenant)
}

// broker is a broker for what the profile says. The vault may be nil for tokens of
// the application itself.
func (p *profile) broker(v vault.Vault) (*sam.Broker, cloud.Cloud, error) {
	c, err := p.chosenCloud()
	if err != nil {
		return nil, c, err
	}
	if p.clientID == "" {
		return nil, c, errNoClient
	}
	credential, err := p.credential()
	if err != nil {
		return nil, c, err
	}
	client, err := p.client()
	if err != nil {
		return nil, c, err
	}
	b, err := sam.New(sam.Config{Cloud: c, ClientID: p.clientID, Credential: credential, Vault: v, HTTP: client})
	return b, c, err
}

var errNoClient error = &failure{code: exitUsage, what: "which application? No client id was given", do: "--client-id ID, or set ENTENTE_CLIENT_ID"}

// storedBroker is the broker of the one stored consent that fits.
func (p *profile) storedBroker(ctx context.Context) (*sam.Broker, cloud.Cloud, string, error) {
	if err := p.fromEnvironment(); err != nil {
		return nil, cloud.Cloud{}, "", err
	}
	v, err := p.openVault()
	if err != nil {
		return nil, cloud.Cloud{}, "", err
	}
	name, _, err := p.consentOf(ctx, v)
	if err != nil {
		return nil, cloud.Cloud{}, "", err
	}
	b, c, err := p.broker(v)
	if err != nil {
		return nil, c, "", err
	}
	return b, c, name, nil
}
