package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/vault"
	"github.com/entente-id/entente/sam/vault/file"
)

// commandLineApp is the client id of this program, the one that tools on the
// Microsoft platform share; ownAPI is what its tokens are for.
const (
	commandLineApp = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
	ownAPI         = "api://entente"
)

// station is where a person is signed in with this program: one authority, one
// sealed record beside the vault of consents.
type station struct{ profile }

func (s *station) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.authority, "authority", "", "address of an Entente, such as https://localhost:8443 ($ENTENTE_AUTHORITY)")
	f.StringVar(&s.caFile, "ca-file", "", "PEM file with further certificate authorities to trust ($ENTENTE_CA_FILE, $SSL_CERT_FILE)")
}

// open finds the authority, and the place where sign-ins are kept. They lie
// apart from the consents of applications: a person is not one of those.
func (s *station) open() (cloud.Cloud, *file.Vault, error) {
	if s.authority == "" {
		s.authority = os.Getenv("ENTENTE_AUTHORITY")
	}
	if s.caFile == "" {
		s.caFile = os.Getenv("ENTENTE_CA_FILE")
	}
	if s.caFile == "" {
		s.caFile = os.Getenv("SSL_CERT_FILE")
	}
	if s.authority == "" {
		return cloud.Cloud{}, nil, misuse("--authority https://HOST, or set ENTENTE_AUTHORITY", "which Entente? None was named")
	}
	c, err := s.chosenCloud()
	if err != nil {
		return c, nil, err
	}
	consents, err := (&profile{}).vaultDirectory()
	if err != nil {
		return c, nil, err
	}
	s.vault = filepath.Join(filepath.Dir(consents), "sign-ins")
	v, err := s.openVault()
	return c, v, err
}

// recordOf names the sign-in at an authority. There is one: whoever signs in
// next takes its place.
func recordOf(c cloud.Cloud) string { return sam.RecordName(c, "signed-in", commandLineApp) }

// signedIn reads the sign-in, or fails with exit code 4.
func (s *station) signedIn(ctx context.Context) (cloud.Cloud, *file.Vault, vault.Record, error) {
	c, v, err := s.open()
	if err != nil {
		return c, nil, vault.Record{}, err
	}
	r, err := v.Read(ctx, recordOf(c))
	if errors.Is(err, vault.ErrAbsent) || err == nil && r.Cur.Empty() {
		return c, v, r, signInNeeded("nobody is signed in at "+c.Authority, nil)
	}
	return c, v, r, err
}

func signInNeeded(what string, cause error) error {
	return &failure{code: exitSignIn, what: what, do: "entente login", cause: cause}
}

// token gets an access token for our own API from the sign-in.
func (s *station) token(ctx context.Context) (cloud.Cloud, *http.Client, string, error) {
	c, v, _, err := s.signedIn(ctx)
	if err != nil {
		return c, nil, "", err
	}
	client, err := s.client()
	if err != nil {
		return c, nil, "", err
	}
	b, err := sam.New(sam.Config{Cloud: c, ClientID: commandLineApp, Credential: cloud.PublicClient(), Vault: v, HTTP: client})
	if err != nil {
		return c, nil, "", err
	}
	token, err := b.Token(ctx, sam.Request{Record: recordOf(c), Resource: cloud.Resource{Audience: ownAPI}})
	return c, client, token.Token, asSignIn(err)
}

// asSignIn says of what a consent would need that it is a sign-in here.
func asSignIn(err error) error {
	p, ok := errors.AsType[*sam.Problem](err)
	if !ok || p.Kind != sam.NeedsPerson {
		return err
	}
	return &failure{code: exitSignIn, what: "the sign-in is of no use any more: " + p.Error(), do: "entente login", message: p.Message, reference: p.Reference, cause: err}
}

func loginCommand() *cobra.Command {
	var s station
	var o output
	var hint string
	var port int
	var noBrowser bool
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in with a browser, to work with your own account",
		Long: `Opens the sign-in page in your browser and asks for your second factor. What
keeps you signed in is sealed on this machine and never shown. Signing in again
takes the place of the earlier sign-in at that authority.`,
		Example: `  entente login --authority https://localhost:8443
  entente login --tenant contoso.example --login-hint liisa@contoso.example
  entente login --no-browser`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if port < 0 || port > 65535 {
				return misuse("--port 8400", "%d is no port", port)
			}
			c, v, err := s.open()
			if err != nil {
				return err
			}
			client, err := s.client()
			if err != nil {
				return err
			}
			ask := sam.Consent{
				Cloud: c, ClientID: commandLineApp, Credential: cloud.PublicClient(), Vault: v, HTTP: client, Tenant: s.tenant, LoginHint: hint,
				Record: recordOf(c), Resource: cloud.Resource{Audience: ownAPI}, AskMFA: true,
			}
			browser := sam.Browser{Port: port, Done: "You are signed in", Show: func(address string) {
				fmt.Fprintf(cmd.ErrOrStderr(), "Sign in at:\n  %s\n", address)
			}}
			if !noBrowser {
				browser.Open = openBrowser
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), consentPatience)
			defer cancel()
			r, err := ask.InBrowser(ctx, browser)
			if p, ok := errors.AsType[*sam.Problem](err); ok && p.Kind == sam.NeedsPerson {
				return &failure{code: exitPerson, what: p.Error(), do: "entente login", message: p.Message, reference: p.Reference, cause: err}
			}
			if err != nil {
				return err
			}
			return o.show(cmd.OutOrStdout(), whoResult(r))
		},
	}
	s.addTo(cmd)
	o.addTo(cmd)
	cmd.Flags().StringVar(&s.tenant, "tenant", "", "your organisation, by id or domain (default: your account decides)")
	cmd.Flags().StringVar(&hint, "login-hint", "", "your sign-in name")
	cmd.Flags().IntVar(&port, "port", 0, "loopback port for the answer (default: a free one)")
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "only print the address; open it yourself, on this machine")
	cmd.SetFlagErrorFunc(flagMisuse)
	return cmd
}

func whoamiCommand() *cobra.Command {
	var s station
	var o output
	cmd := &cobra.Command{
		Use:     "whoami",
		Short:   "Show who is signed in",
		Example: "  entente whoami\n  entente whoami --output json",
		Args:    arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			_, _, r, err := s.signedIn(cmd.Context())
			if err != nil {
				return err
			}
			return o.show(cmd.OutOrStdout(), whoResult(r))
		},
	}
	s.addTo(cmd)
	o.addTo(cmd)
	cmd.SetFlagErrorFunc(flagMisuse)
	return cmd
}

// shownPerson is who is signed in, in JSON.
type shownPerson struct {
	Account   string `json:"account"`
	ObjectID  string `json:"object_id"`
	Tenant    string `json:"tenant"`
	Authority string `json:"authority"`
	MFA       bool   `json:"mfa"`
	Since     string `json:"since"`
}

func whoResult(r vault.Record) result {
	shown := shownPerson{r.SignInName, r.ObjectID, r.Tenant, r.Authority, r.MFA, rfc3339(r.ConsentAt)}
	return result{
		single: true, columns: []string{"ACCOUNT", "ORGANISATION", "AUTHORITY", "MFA", "SINCE"}, objects: []any{shown},
		rows: [][]string{{r.SignInName, r.Tenant, r.Authority, fmt.Sprint(r.MFA), shown.Since}},
	}
}

func logoutCommand() *cobra.Command {
	var s station
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "Sign out on this machine",
		Long: `Tells the authority that the sign-in ends, and forgets it here. Sign-ins of your
browser, and consents of applications, stay.`,
		Example: "  entente logout",
		Args:    arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, v, r, err := s.signedIn(cmd.Context())
			if err != nil {
				return err
			}
			client, err := s.client()
			if err != nil {
				return err
			}
			app := cloud.App{Cloud: c, ID: commandLineApp, Credential: cloud.PublicClient(), HTTP: client, Now: time.Now, Random: rand.Reader}
			revoked := app.Revoke(cmd.Context(), r.Tenant, r.Cur.RT)
			if err := forget(cmd.Context(), v, recordOf(c)); err != nil {
				return err
			}
			if revoked != nil {
				return &failure{
					code: exitUnreachable, what: "the sign-in was forgotten here, but " + c.Authority + " could not be told", cause: revoked,
					do: "end it on the page of your account, below Sessions",
				}
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s is signed out.\n", printable(r.SignInName))
			return nil
		},
	}
	s.addTo(cmd)
	cmd.SetFlagErrorFunc(flagMisuse)
	return cmd
}

// forget replaces a sign-in by nothing, twice: a vault keeps the version before
// the newest.
func forget(ctx context.Context, v vault.Vault, name string) error {
	for range 2 {
		r, err := v.Read(ctx, name)
		if err != nil {
			return err
		}
		gone := vault.Record{State: vault.NeedsConsent, Cloud: r.Cloud, Authority: r.Authority, ClientID: r.ClientID}
		if err := v.Swap(ctx, name, r.Seq, gone); err != nil {
			return fmt.Errorf("forget the sign-in: %w", err)
		}
	}
	return nil
}
