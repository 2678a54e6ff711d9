package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/vault"
)

// consentPatience is how long a person may take in the browser.
const consentPatience = 15 * time.Minute

func partnerCommand() *cobra.Command {
	return noun("partner", "Consent once for your company, and see how the consent fares", partnerConsentCommand(), partnerStatusCommand())
}

func partnerConsentCommand() *cobra.Command {
	var p profile
	var o output
	var hint string
	var port int
	var noBrowser bool
	cmd := &cobra.Command{
		Use:   "consent",
		Short: "Sign in with a second factor and let an application work for your company",
		Long: `A person of the partner's organisation signs in once, with a second factor.
The refresh token goes to the vault; it is never shown. From then on
"entente token" gets access tokens without a person.

The vault is tested before the browser opens. Without a second factor nothing is
stored, because Partner Center refuses such tokens.`,
		Example: `  entente partner consent --authority https://localhost:8443 --client-id 33333333-cccc-4333-8333-000000000003
  entente partner consent --cloud global --tenant northwindpartner.example --client-id ID --certificate-file app.pem
  ENTENTE_CLIENT_SECRET=$(cat secret) entente partner consent --client-id ID --no-browser`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if port < 0 || port > 65535 {
				return misuse("--port 8400", "%d is no port", port)
			}
			consent, err := p.consent(hint)
			if err != nil {
				return err
			}
			browser := sam.Browser{Port: port, Show: func(address string) {
				fmt.Fprintf(cmd.ErrOrStderr(), "Sign in with a second factor at:\n  %s\n", address)
			}}
			if !noBrowser {
				browser.Open = openBrowser
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), consentPatience)
			defer cancel()
			record, err := consent.InBrowser(ctx, browser)
			if err != nil {
				return err
			}
			return o.show(cmd.OutOrStdout(), statusResult([]vault.Record{record}, time.Now(), true))
		},
	}
	p.addTo(cmd)
	o.addTo(cmd)
	cmd.Flags().StringVar(&hint, "login-hint", "", "sign-in name of the integration account")
	cmd.Flags().IntVar(&port, "port", 0, "loopback port for the answer (default: a free one)")
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "only print the address; open it yourself, on this machine")
	return cmd
}

// consent is the consent that the profile asks for.
func (p *profile) consent(hint string) (sam.Consent, error) {
	if err := p.fromEnvironment(); err != nil {
		return sam.Consent{}, err
	}
	c, err := p.chosenCloud()
	if err != nil {
		return sam.Consent{}, err
	}
	if p.clientID == "" {
		return sam.Consent{}, errNoClient
	}
	credential, err := p.credential()
	if err != nil {
		return sam.Consent{}, err
	}
	client, err := p.client()
	if err != nil {
		return sam.Consent{}, err
	}
	v, err := p.openVault()
	if err != nil {
		return sam.Consent{}, err
	}
	return sam.Consent{Cloud: c, ClientID: p.clientID, Credential: credential, Vault: v, HTTP: client, Tenant: p.tenant, LoginHint: hint}, nil
}

// openBrowser opens an address in the person's browser. The address is an
// argument of its own, never part of a shell's line.
func openBrowser(address string) error {
	switch runtime.GOOS {
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", address).Start()
	case "darwin":
		return exec.Command("open", address).Start()
	default:
		return exec.Command("xdg-open", address).Start()
	}
}

func partnerStatusCommand() *cobra.Command {
	var p profile
	var o output
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the stored consents and how they fare",
		Long: `Shows who consented, whether with a second factor, how many of the 90 days
remain before the consent goes stale if nothing uses it, and the last trouble.
It reads the vault only, and exits with 3 if a consent needs a person.`,
		Example: `  entente partner status
  entente partner status --output json`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if err := p.fromEnvironment(); err != nil {
				return err
			}
			v, err := p.openVault()
			if err != nil {
				return err
			}
			records, err := p.recordsThatFit(cmd.Context(), v)
			if err != nil {
				return err
			}
			if len(records) == 0 {
				return &failure{code: exitPerson, what: "no consent is stored", do: "entente partner consent"}
			}
			if err := o.show(cmd.OutOrStdout(), statusResult(records, time.Now(), false)); err != nil {
				return err
			}
			return anyNeedsPerson(records)
		},
	}
	p.addTo(cmd)
	o.addTo(cmd)
	return cmd
}

func (p *profile) recordsThatFit(ctx context.Context, v vault.Vault) ([]vault.Record, error) {
	names, err := v.Names(ctx)
	if err != nil {
		return nil, err
	}
	var records []vault.Record
	for _, name := range names {
		record, err := v.Read(ctx, name)
		if err != nil {
			return nil, &failure{code: exitFailed, what: err.Error(), do: "put a whole copy of the vault back, or consent anew under another --vault", cause: err}
		}
		if p.fits(record) {
			records = append(records, record)
		}
	}
	return records, nil
}

func anyNeedsPerson(records []vault.Record) error {
	for _, r := range records {
		if r.State == vault.NeedsConsent || r.State == vault.Suspect {
			return &failure{
				code: exitPerson, what: fmt.Sprintf("the consent of %s is of no use any more: %s", r.SignInName, r.LastError.Text),
				do: "entente partner consent", message: r.LastError.Message, reference: r.LastError.Reference,
			}
		}
	}
	return nil
}

// shownStatus is a consent in JSON.
type shownStatus struct {
	State     string        `json:"state"`
	Account   string        `json:"account"`
	ObjectID  string        `json:"object_id"`
	Tenant    string        `json:"tenant"`
	ClientID  string        `json:"client_id"`
	Authority string        `json:"authority"`
	ConsentAt string        `json:"consent_at"`
	RenewedAt string        `json:"renewed_at"`
	DaysLeft  int           `json:"days_left"`
	MFA       bool          `json:"mfa"`
	AMR       []string      `json:"amr"`
	LastError *shownTrouble `json:"last_error,omitempty"`
}

type shownTrouble struct {
	Message   string `json:"message,omitempty"`
	AADSTS    int    `json:"aadsts,omitempty"`
	Text      string `json:"text"`
	Reference string `json:"reference,omitempty"`
	At        string `json:"at"`
}

func statusResult(records []vault.Record, now time.Time, single bool) result {
	r := result{single: single, columns: []string{"STATE", "ACCOUNT", "ORGANISATION", "APPLICATION", "SINCE", "DAYS LEFT", "MFA PROOF", "LAST TROUBLE"}}
	for _, record := range records {
		s := sam.StatusOf(record, now)
		trouble := "-"
		shown := shownStatus{
			State: string(s.State), Account: s.SignInName, ObjectID: s.ObjectID, Tenant: s.Tenant, ClientID: s.ClientID, Authority: s.Authority,
			ConsentAt: rfc3339(s.ConsentAt), RenewedAt: rfc3339(s.RenewedAt), DaysLeft: s.DaysLeft, MFA: s.MFA, AMR: s.AMR,
		}
		if e := s.LastError; e.Text != "" {
			trouble = strings.TrimSpace(e.Message + " " + e.Text)
			shown.LastError = &shownTrouble{Message: e.Message, AADSTS: e.AADSTS, Text: e.Text, Reference: e.Reference, At: rfc3339(e.At)}
		}
		r.objects = append(r.objects, shown)
		r.rows = append(r.rows, []string{
			shown.State, s.SignInName, s.Tenant, s.ClientID, shown.ConsentAt, fmt.Sprint(s.DaysLeft), "amr=" + strings.Join(s.AMR, ","), trouble,
		})
	}
	return r
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
