package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/internal/nearest"
	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
)

func tokenCommand() *cobra.Command {
	var p profile
	var o output
	var resource, customer string
	var appOnly bool
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Get an access token from the stored consent",
		Long: `Prints an access token, and nothing else, for a resource in the partner's own
organisation or in a customer's. Nobody has to be present: the stored consent is
used. Parallel calls are safe.

With --app the token is the application's own: the client id and the secret take
the places of a user name and a password, and no consent is used.`,
		Example: `  entente token --resource graph --customer adatum
  entente token --resource partnercenter --output json
  curl -H "Authorization: Bearer $(entente token --resource graph)" https://graph.microsoft.com/v1.0/me
  eval "$(entente token --resource arm --customer adatum.example --output env)"
  entente token --app --resource graph --tenant northwindpartner.example --client-id ID --certificate-file app.pem`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			if err := o.check(); err != nil {
				return err
			}
			if resource == "" {
				return misuse("--resource "+strings.Join(cloud.ResourceNames(), "|"), "for which resource is the token?")
			}
			token, err := getToken(cmd, &p, resource, customer, appOnly)
			if err != nil {
				return err
			}
			if o.format == "" {
				// Alike on a terminal and in a pipe: the token is what was asked for.
				_, err := fmt.Fprintln(cmd.OutOrStdout(), token.Token)
				return err
			}
			return o.show(cmd.OutOrStdout(), tokenResult(token))
		},
		Args: cobra.ArbitraryArgs,
	}
	p.addTo(cmd)
	o.addTo(cmd)
	cmd.Flags().StringVar(&resource, "resource", "", strings.Join(cloud.ResourceNames(), "|")+", an https address, or an application id")
	cmd.Flags().StringVar(&customer, "customer", "", "a customer, by id, domain, name, or the beginning of one (default: your own organisation)")
	cmd.Flags().BoolVar(&appOnly, "app", false, "get a token of the application itself, without a person")
	_ = cmd.RegisterFlagCompletionFunc("resource", cobra.FixedCompletions(cloud.ResourceNames(), cobra.ShellCompDirectiveNoFileComp))
	cmd.AddCommand(tokenInspectCommand())
	cmd.SetFlagErrorFunc(flagMisuse)
	return cmd
}

func getToken(cmd *cobra.Command, p *profile, resource, customer string, appOnly bool) (sam.AccessToken, error) {
	if appOnly {
		return getAppToken(cmd, p, resource, customer)
	}
	ctx := cmd.Context()
	b, c, record, err := p.storedBroker(ctx)
	if err != nil {
		return sam.AccessToken{}, err
	}
	r, err := findResource(c, resource)
	if err != nil {
		return sam.AccessToken{}, err
	}
	tenant := ""
	if customer != "" {
		if tenant, err = findCustomer(ctx, b, record, customer); err != nil {
			return sam.AccessToken{}, err
		}
	}
	token, err := b.Token(ctx, sam.Request{Record: record, Tenant: tenant, Resource: r})
	return token, naming(err, tenant, customer)
}

func getAppToken(cmd *cobra.Command, p *profile, resource, customer string) (sam.AccessToken, error) {
	if err := p.fromEnvironment(); err != nil {
		return sam.AccessToken{}, err
	}
	tenant := p.tenant
	if customer != "" {
		tenant = customer
	}
	if tenant == "" || !strings.Contains(tenant, ".") && !cloud.IsGUID(tenant) {
		return sam.AccessToken{}, misuse("--tenant ID or --customer ID, or a domain", "a token of the application itself is for one organisation, named by its id or domain")
	}
	b, c, err := p.broker(nil)
	if err != nil {
		return sam.AccessToken{}, err
	}
	r, err := findResource(c, resource)
	if err != nil {
		return sam.AccessToken{}, err
	}
	return b.Token(cmd.Context(), sam.Request{Tenant: tenant, Resource: r, AppOnly: true})
}

func findResource(c cloud.Cloud, name string) (cloud.Resource, error) {
	r, err := c.Resource(name)
	if err == nil {
		return r, nil
	}
	do := "--resource " + strings.Join(cloud.ResourceNames(), "|")
	if near := nearest.To(name, cloud.ResourceNames()); len(near) > 0 {
		do = "--resource " + near[0]
	}
	return r, misuse(do, "%s", err.Error())
}

// shownToken is a token in JSON.
type shownToken struct {
	AccessToken string `json:"access_token"`
	ExpiresOn   string `json:"expires_on"`
	Tenant      string `json:"tenant"`
	Resource    string `json:"resource"`
	MFA         bool   `json:"mfa"`
	Reference   string `json:"reference"`
}

func tokenResult(t sam.AccessToken) result {
	shown := shownToken{AccessToken: t.Token, ExpiresOn: rfc3339(t.ExpiresOn), Tenant: t.Tenant, Resource: t.Resource, MFA: t.MFA, Reference: t.Reference}
	return result{
		single:  true,
		columns: []string{"ACCESS TOKEN", "EXPIRES", "ORGANISATION", "RESOURCE", "MFA", "REFERENCE"},
		rows:    [][]string{{t.Token, shown.ExpiresOn, t.Tenant, t.Resource, fmt.Sprint(t.MFA), t.Reference}},
		objects: []any{shown},
		env: []string{
			"ENTENTE_ACCESS_TOKEN", t.Token, "ENTENTE_TOKEN_EXPIRES_ON", shown.ExpiresOn,
			"ENTENTE_TOKEN_TENANT", t.Tenant, "ENTENTE_TOKEN_RESOURCE", t.Resource,
		},
	}
}

// tokenLimit bounds what is read as a token.
const tokenLimit = 256 << 10

func tokenInspectCommand() *cobra.Command {
	var o output
	cmd := &cobra.Command{
		Use:   "inspect [TOKEN|-]",
		Short: "Show what an access token says, and whether Partner Center would take it",
		Long: `Decodes a token without verifying its signature: it shows what the token says,
not that it is true. Give the token on stdin; as an argument it stays in the
history of the shell.`,
		Example: `  entente token --resource partnercenter | entente token inspect
  entente token inspect --output json - < token.txt`,
		Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			token, err := tokenText(cmd, args)
			if err != nil {
				return err
			}
			inspection, err := sam.Inspect(token, time.Now())
			if err != nil {
				return misuse("entente token --resource graph | entente token inspect", "%s", err.Error())
			}
			return o.show(cmd.OutOrStdout(), inspectionResult(inspection))
		},
	}
	o.addTo(cmd)
	return cmd
}

func tokenText(cmd *cobra.Command, args []string) (string, error) {
	if len(args) == 1 && args[0] != "-" {
		return args[0], nil
	}
	in := cmd.InOrStdin()
	if len(args) == 0 && isTerminal(in) {
		return "", misuse("entente token --resource graph | entente token inspect", "give the token on stdin")
	}
	text, err := io.ReadAll(io.LimitReader(in, tokenLimit+1))
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	if len(text) > tokenLimit {
		return "", errors.New("what came on stdin is too large to be a token")
	}
	return strings.TrimSpace(string(text)), nil
}

// shownInspection is what a token says, in JSON.
type shownInspection struct {
	Audience     []string `json:"audience"`
	Tenant       string   `json:"tenant"`
	Application  string   `json:"application"`
	Account      string   `json:"account,omitempty"`
	ObjectID     string   `json:"object_id"`
	AMR          []string `json:"amr"`
	Scopes       []string `json:"scopes,omitempty"`
	Roles        []string `json:"roles,omitempty"`
	Issuer       string   `json:"issuer"`
	ExpiresOn    string   `json:"expires_on"`
	Expired      bool     `json:"expired"`
	MFA          bool     `json:"mfa"`
	MFACompliant bool     `json:"mfa_compliant"`
	Verdict      string   `json:"verdict"`
	Verified     bool     `json:"signature_verified"`
}

func inspectionResult(i sam.Inspection) result {
	shown := shownInspection{
		Audience: i.Audience, Tenant: i.Tenant, Application: i.Application, Account: i.SignInName, ObjectID: i.ObjectID, AMR: i.AMR,
		Scopes: i.Scopes, Roles: i.Roles, Issuer: i.Issuer, ExpiresOn: rfc3339(i.Expires), Expired: i.Expired,
		MFA: i.MFA(), MFACompliant: i.Compliant, Verdict: i.Verdict,
	}
	expiry := shown.ExpiresOn
	if i.Expired {
		expiry += " (expired)"
	}
	return result{
		single: true, columns: []string{"CLAIM", "VALUE"}, objects: []any{shown},
		rows: [][]string{
			{"verdict", i.Verdict},
			{"amr", strings.Join(i.AMR, " ")},
			{"resource", strings.Join(i.Audience, " ")},
			{"organisation", i.Tenant},
			{"application", i.Application},
			{"account", i.SignInName},
			{"permissions", strings.Join(append(i.Scopes, i.Roles...), " ")},
			{"expires", expiry},
			{"issuer", i.Issuer},
			{"signature", "not verified"},
		},
	}
}
