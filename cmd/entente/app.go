package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/house"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/nearest"
)

func appCommand() *cobra.Command {
	return noun("app", "Registered applications, and what their programs need to know", appListCommand(), appEnvCommand())
}

func appListCommand() *cobra.Command {
	var o struct {
		storeOptions
		output
		tenant string
	}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List an organisation's applications",
		Example: "  entente app list --tenant northwind.example --data ./world",
		Args:    arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			h, list, err := registered(cmd, o.storeOptions, o.tenant)
			if err != nil {
				return err
			}
			defer h.Close()
			r := result{columns: []string{"ID", "NAME", "AUDIENCE", "CREDENTIALS"}}
			for _, a := range list {
				row := []string{string(a.Application.App), a.Application.Name, string(a.Application.Audience), fmt.Sprint(len(a.Credentials))}
				r.rows = append(r.rows, row)
				r.objects = append(r.objects, map[string]any{"id": row[0], "name": row[1], "audience": row[2], "credentials": len(a.Credentials)})
			}
			return o.show(cmd.OutOrStdout(), r)
		},
	}
	o.storeOptions.addTo(cmd)
	o.output.addTo(cmd)
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "the organisation, by domain or id ($ENTENTE_TENANT)")
	return cmd
}

// registered lists an organisation's apps out of the store.
func registered(cmd *cobra.Command, o storeOptions, tenant string) (*house.House, []application.Owned, error) {
	if tenant == "" {
		tenant = os.Getenv("ENTENTE_TENANT")
	}
	if tenant == "" {
		return nil, nil, misuse("--tenant DOMAIN", "--tenant is missing")
	}
	h, err := o.open(cmd)
	if err != nil {
		return nil, nil, err
	}
	home, err := h.Tenants.Named(cmd.Context(), tenant)
	if err != nil {
		_ = h.Close()
		return nil, nil, &failure{code: exitNotFound, what: fmt.Sprintf("there is no organisation %q", tenant), do: "--tenant DOMAIN", cause: err}
	}
	list, err := h.Apps.Owned(cmd.Context(), home.ID)
	if err != nil {
		_ = h.Close()
		return nil, nil, err
	}
	return h, list, nil
}

// appEnvOptions are the flags of "entente app env".
type appEnvOptions struct {
	storeOptions
	profile                           profile
	format, vaultEndpoint, secretFile string
}

func appEnvCommand() *cobra.Command {
	var o appEnvOptions
	cmd := &cobra.Command{
		Use:   "env APP",
		Short: "Print the settings that an application's program needs",
		Long: `Prints what the official samples ask for: the .NET App.config keys, the Java
properties (and web.xml parameters), a dotenv file, or PowerShell variables. APP is
an id, or with a store the name. The secret is left empty, unless a file with it is
named: what is printed ends up in histories and logs.`,
		Example: `  entente app env "Northwind Portal Integration" --tenant northwind.example --data ./world --format dotnet
  entente app env 0f3a6a8e-6f0f-4b53-9d0e-5c8c2b8a9d11 --authority https://localhost:8443 --tenant northwind.example --format dotenv`,
		Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runAppEnv(cmd, args, o) },
	}
	o.addTo(cmd)
	f := cmd.Flags()
	f.StringVar(&o.profile.authority, "authority", "", "address of an Entente, where there is no store at hand ($ENTENTE_AUTHORITY)")
	f.StringVar(&o.profile.tenant, "tenant", "", "the organisation, by domain or id ($ENTENTE_TENANT)")
	f.StringVar(&o.format, "format", "dotenv", "dotnet|java|dotenv|powershell")
	f.StringVar(&o.vaultEndpoint, "vault-endpoint", "", "https address of the vault (default: the authority's)")
	f.StringVar(&o.secretFile, "with-secret-file", "", "print the secret too, out of this file")
	return cmd
}

// settings are what a program has to know of its application.
type settings struct{ authority, tenant, app, name, vault, secret string }

func runAppEnv(cmd *cobra.Command, args []string, o appEnvOptions) error {
	write, ok := map[string]func(settings) string{"dotnet": dotnetSettings, "java": javaSettings, "dotenv": dotenvSettings, "powershell": powershellSettings}[o.format]
	switch {
	case !ok:
		return misuse("--format dotnet|java|dotenv|powershell", "there is no format %q", o.format)
	case len(args) == 0:
		return misuse("entente app env APP", "which application?")
	}
	s, err := o.settings(cmd, args[0])
	if err != nil {
		return err
	}
	if s.vault = strings.TrimSuffix(o.vaultEndpoint, "/"); s.vault == "" {
		s.vault = s.authority
	}
	if o.secretFile != "" {
		text, err := os.ReadFile(o.secretFile)
		if err != nil {
			return misuse("--with-secret-file FILE", "the secret cannot be read: %v", err)
		}
		s.secret = strings.TrimSpace(string(text))
	}
	for _, value := range []string{s.authority, s.tenant, s.app, s.name, s.vault, s.secret} {
		if printable(value) != value {
			return misuse("use values of one line", "a setting holds control characters")
		}
	}
	if _, err := fmt.Fprint(cmd.OutOrStdout(), write(s)); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return nil
}

// settings looks the app up in the store, or else takes what was said.
func (o appEnvOptions) settings(cmd *cobra.Command, app string) (settings, error) {
	if !o.given() {
		if err := o.profile.fromEnvironment(); err != nil {
			return settings{}, err
		}
		c, err := o.profile.chosenCloud()
		if err != nil {
			return settings{}, err
		}
		switch {
		case !id.IsGUID(app):
			return settings{}, misuse("name it by its id, or add --store or --data", "without a store an application is known by its id alone, not as %q", app)
		case o.profile.tenant == "":
			return settings{}, misuse("--tenant DOMAIN", "--tenant is missing")
		}
		return settings{authority: c.Authority, tenant: o.profile.tenant, app: strings.ToLower(app), name: app}, nil
	}
	h, list, err := registered(cmd, o.storeOptions, o.profile.tenant)
	if err != nil {
		return settings{}, err
	}
	defer h.Close()
	var names []string
	for _, a := range list {
		if strings.EqualFold(string(a.Application.App), app) || strings.EqualFold(a.Application.Name, app) {
			return settings{authority: h.Origin, tenant: string(a.Application.Tenant), app: string(a.Application.App), name: a.Application.Name}, nil
		}
		names = append(names, a.Application.Name)
	}
	do := "entente app list"
	if near := nearest.To(app, names); len(near) > 0 {
		do = fmt.Sprintf("entente app env %q", near[0])
	}
	return settings{}, &failure{code: exitNotFound, what: fmt.Sprintf("the organisation has no application %q", app), do: do}
}

// dotnetSettings are the keys of the .NET samples' App.config and web.config
// (secure-application-model.md 2.6). AADInstance ends with a slash there.
func dotnetSettings(s settings) string {
	var b strings.Builder
	b.WriteString("<appSettings>\n")
	for _, kv := range [][2]string{
		{"ida:AADInstance", s.authority + "/"}, {"ida:CSPApplicationId", s.app}, {"ida:CSPApplicationSecret", s.secret},
		{"ida:CPVApplicationId", s.app}, {"ida:CPVApplicationSecret", s.secret}, {"KeyVaultEndpoint", s.vault},
		{"ida:KeyVaultClientId", s.app}, {"ida:KeyVaultClientSecret", s.secret},
	} {
		fmt.Fprintf(&b, "  <add key=\"%s\" value=\"%s\" />\n", kv[0], xmlText(kv[1]))
	}
	b.WriteString("</appSettings>\n")
	return b.String()
}

func xmlText(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}

// javaSettings are the Java samples' application.properties, with the parameters
// of the consent site's web.xml as comments (secure-application-model.md 2.6).
func javaSettings(s settings) string {
	var b strings.Builder
	escape := strings.NewReplacer(`\`, `\\`, ":", `\:`, "=", `\=`, "#", `\#`, "!", `\!`).Replace
	for _, kv := range [][2]string{
		{"azuread.authority", s.authority}, {"keyvault.baseurl", s.vault}, {"keyvault.clientId", s.app}, {"keyvault.clientSecret", s.secret},
		{"keyvault.tenantId", s.tenant}, {"partnercenter.accountId", s.tenant}, {"partnercenter.clientId", s.app},
		{"partnercenter.clientSecret", s.secret}, {"partnercenter.displayName", s.name},
	} {
		fmt.Fprintf(&b, "%s=%s\n", kv[0], escape(kv[1]))
	}
	b.WriteString("\n# web.xml of the consent site: <context-param> authority, the others <init-param> of the filter\n")
	for _, kv := range [][2]string{
		{"authority", s.authority}, {"client_id", s.app}, {"client_secret", s.secret}, {"keyvault_base_url", s.vault},
		{"keyvault_client_id", s.app}, {"keyvault_client_secret", s.secret},
	} {
		fmt.Fprintf(&b, "# <param-name>%s</param-name><param-value>%s</param-value>\n", kv[0], xmlText(kv[1]))
	}
	return b.String()
}

func dotenvSettings(s settings) string {
	var b strings.Builder
	quote := func(text string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(text) + `"`
	}
	for _, kv := range [][2]string{
		{"AZURE_AUTHORITY_HOST", s.authority}, {"AZURE_TENANT_ID", s.tenant}, {"AZURE_CLIENT_ID", s.app}, {"AZURE_CLIENT_SECRET", s.secret},
		{"ENTENTE_AUTHORITY", s.authority}, {"ENTENTE_TENANT", s.tenant}, {"ENTENTE_CLIENT_ID", s.app}, {"ENTENTE_CLIENT_SECRET", s.secret},
		{"KEY_VAULT_ENDPOINT", s.vault},
	} {
		if strings.HasSuffix(kv[0], "_SECRET") && kv[1] == "" {
			fmt.Fprintf(&b, "# %s= keep it out of files where you can\n", kv[0])
			continue
		}
		fmt.Fprintf(&b, "%s=%s\n", kv[0], quote(kv[1]))
	}
	return b.String()
}

func powershellSettings(s settings) string {
	quote := func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
	secret := "Read-Host -AsSecureString 'Secret'"
	if s.secret != "" {
		secret = "ConvertTo-SecureString -AsPlainText -Force " + quote(s.secret)
	}
	return fmt.Sprintf("$Authority = %s\n$TenantId = %s\n$ApplicationId = %s\n$VaultEndpoint = %s\n$ApplicationSecret = %s\n"+
		"$Credential = [System.Management.Automation.PSCredential]::new($ApplicationId, $ApplicationSecret)\n",
		quote(s.authority), quote(s.tenant), quote(s.app), quote(s.vault), secret)
}
