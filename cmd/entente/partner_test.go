package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/sam/samtest"
)

// desk is a person at a terminal, with a partner's token service to talk to.
type desk struct {
	t       *testing.T
	service *samtest.Service
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	home := t.TempDir()
	service := samtest.New(t, nil)
	ca := filepath.Join(home, "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: service.Certificate()}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"HOME": home, "XDG_DATA_HOME": filepath.Join(home, "data"), "XDG_CONFIG_HOME": filepath.Join(home, "config"),
		"ENTENTE_CA_FILE": ca, "ENTENTE_CLIENT_SECRET": samtest.Secret, "NO_COLOR": "1",
		"ENTENTE_AUTHORITY": "", "ENTENTE_CLOUD": "", "ENTENTE_TENANT": "", "ENTENTE_CLIENT_ID": "", "ENTENTE_VAULT": "",
		"ENTENTE_VAULT_KEY": "", "ENTENTE_VAULT_KEY_FILE": "",
	} {
		t.Setenv(name, value)
	}
	return &desk{t: t, service: service}
}

// said is how a command ended.
type said struct {
	code     int
	out, err string
}

func (d *desk) run(args ...string) said { return d.runWith(strings.NewReader(""), nil, args...) }

// runWith runs a command in this process. Each line of talk goes to hear.
func (d *desk) runWith(in io.Reader, hear func(line string), args ...string) said {
	d.t.Helper()
	root := &cobra.Command{Use: "entente", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(partnerCommand(), customerCommand(), tokenCommand(), loginCommand(), logoutCommand(), whoamiCommand(), approvalsCommand())
	var out, talk bytes.Buffer
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(&out)
	root.SetErr(&hearing{&talk, hear})
	err := root.ExecuteContext(context.Background())
	if err != nil {
		printFailure(&talk, err)
	}
	s := said{exitCode(err), out.String(), talk.String()}
	if strings.Contains(s.err, "canary") {
		d.t.Errorf("%v: the talk shows a secret: %s", args, s.err)
	}
	return s
}

// hearing passes on what is written, write by write.
type hearing struct {
	to   *bytes.Buffer
	hear func(string)
}

func (h *hearing) Write(p []byte) (int, error) {
	if h.hear != nil {
		h.hear(string(p))
	}
	return h.to.Write(p)
}

var address = regexp.MustCompile(`https://\S+`)

// consent runs the whole consent, with the service as the person's browser.
func (d *desk) consent(more ...string) said {
	d.t.Helper()
	visited := make(chan error, 1)
	args := append([]string{"partner", "consent", "--no-browser", "--authority", d.service.Address, "--client-id", samtest.ClientID}, more...)
	s := d.runWith(strings.NewReader(""), func(line string) {
		if found := address.FindString(line); strings.Contains(found, "/authorize?") {
			go func() { visited <- d.service.Visit(found) }()
		}
	}, args...)
	if s.code == exitOK {
		if err := <-visited; err != nil {
			d.t.Fatal(err)
		}
	}
	return s
}

func newConsentedDesk(t *testing.T, customers ...string) *desk {
	t.Helper()
	d := newDesk(t)
	d.service.Set(func(s *samtest.Settings) { s.Customers = customers })
	if s := d.consent(); s.code != exitOK {
		t.Fatalf("%+v", s)
	}
	return d
}

func (d *desk) expect(got said, code int, talk ...string) {
	d.t.Helper()
	if got.code != code {
		d.t.Errorf("exit code %d, want %d: %s", got.code, code, got.err)
	}
	for _, want := range talk {
		if !strings.Contains(got.err, want) {
			d.t.Errorf("the talk lacks %q:\n%s", want, got.err)
		}
	}
}

func TestJ60_AConsentIsGivenOnceAndTokensFollow(t *testing.T) {
	d := newConsentedDesk(t, "Adatum Cust", "Fabrikam", "Contoso")
	for _, args := range [][]string{
		{"token", "--resource", "graph"},
		{"token", "--resource", "graph", "--customer", "adatum"},
		{"token", "--resource", "graph", "--customer", "Adatum Cust"},
		{"token", "--resource", "graph", "--customer", "ADATUM.example"},
		{"token", "--resource", "https://vault.azure.net", "--customer", samtest.Customer},
	} {
		s := d.run(args...)
		d.expect(s, exitOK)
		if strings.Count(s.out, "\n") != 1 || strings.Count(s.out, ".") != 2 || s.err != "" {
			t.Errorf("%v printed %q and said %q", args, s.out, s.err)
		}
	}
	if seen := d.service.Seen(); seen.Thefts != 0 || seen.Generations != 2 {
		t.Errorf("%+v", seen)
	}
}

func TestPartnerStatusShowsTheConsentWithoutItsSecrets(t *testing.T) {
	d := newConsentedDesk(t)
	s := d.run("partner", "status", "--output", "json")
	d.expect(s, exitOK)
	var shown []shownStatus
	if err := json.Unmarshal([]byte(s.out), &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown) != 1 || shown[0].State != "HEALTHY" || shown[0].Account != samtest.Name || !shown[0].MFA || shown[0].DaysLeft < 89 || shown[0].Tenant != samtest.Tenant {
		t.Errorf("%+v", shown)
	}
	for _, format := range []string{"table", "tsv", "jsonl", "value"} {
		if s := d.run("partner", "status", "-o", format); s.code != exitOK || strings.Contains(s.out, "canary") || !strings.Contains(s.out, "HEALTHY") {
			t.Errorf("%s: %+v", format, s)
		}
	}
}

func TestM31_AConsentWithoutASecondFactorIsNotStored(t *testing.T) {
	d := newDesk(t)
	d.service.Set(func(s *samtest.Settings) { s.AMR = []string{"pwd"} })
	d.expect(d.consent(), exitPerson, "Error: ", "without a second factor", "only pwd", "Do:    ", "docs: entente explain M31")
	d.expect(d.run("partner", "status"), exitPerson, "no consent is stored")
}

func TestJ60_TheVaultIsTestedBeforeTheBrowserOpens(t *testing.T) {
	d := newDesk(t)
	occupied := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(occupied, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := d.consent("--vault", occupied)
	if s.code == exitOK || strings.Contains(s.err, "Sign in with") {
		t.Errorf("%+v", s)
	}
}

func TestAConsentThatIsGoneCallsAPerson(t *testing.T) {
	d := newConsentedDesk(t)
	d.service.Revoke()
	d.expect(d.run("token", "--resource", "graph"), exitPerson,
		"Error: the stored consent was revoked (AADSTS50173)", "Do:    entente partner consent", "Ref:   c0221e1a-", "docs: entente explain M28")
	d.expect(d.run("partner", "status"), exitPerson, "is of no use any more", "explain M28")
	if s := d.consent(); s.code != exitOK {
		t.Errorf("%+v", s)
	}
	d.expect(d.run("token", "--resource", "graph"), exitOK)
}

func TestJ65_ACustomerThatHasNotAuthorisedTheAppIsNamed(t *testing.T) {
	d := newConsentedDesk(t, "Adatum Cust")
	d.service.Set(func(s *samtest.Settings) {
		s.Deny = map[string]samtest.Denial{samtest.Customer: {Error: "invalid_grant", Number: 90099}}
	})
	d.expect(d.run("token", "--resource", "graph", "--customer", "adatum.example"), exitPerson,
		"Error: adatum.example has not authorised application "+samtest.ClientID+" (AADSTS90099)",
		"Do:    have an administrator of adatum.example consent to it", "docs: entente explain M32")
	d.service.Set(func(s *samtest.Settings) {
		s.Deny = map[string]samtest.Denial{samtest.Customer: {Error: "invalid_grant", Number: 53003}}
	})
	d.expect(d.run("token", "--resource", "graph", "--customer", "adatum"), exitPolicy, "M30")
}

func TestACustomerIsFoundByTheBeginningOfItsName(t *testing.T) {
	d := newConsentedDesk(t, "Adatum Cust", "Contoso North", "Contoso South", "Fabrikam")
	d.expect(d.run("token", "--resource", "graph", "--customer", "con"), exitUsage, "can mean 2 customers", "Contoso North", "Contoso South")
	d.expect(d.run("token", "--resource", "graph", "--customer", "adatim"), exitNotFound, "no customer is called adatim", "--customer adatum")
	d.expect(d.run("token", "--resource", "graph", "--customer", "fabrikan.example"), exitNotFound, "--customer fabrikam.example")
	d.expect(d.run("token", "--resource", "graph", "--customer", "zzz"), exitNotFound, "entente customer list")
	d.expect(d.run("token", "--resource", "graph", "--customer", "unheard-of-domain.test"), exitNotFound, "unheard-of-domain.test", "M04")
}

func TestCustomersAreListedInEachForm(t *testing.T) {
	d := newConsentedDesk(t, "Adatum Cust", "Evil\x1b[2J\tName", "Contoso")
	for format, want := range map[string]string{
		"":      samtest.Customer + "\tAdatum Cust\tadatum.example\treseller\n",
		"value": samtest.Customer + "\n" + samtest.CustomerID(1) + "\n" + samtest.CustomerID(2) + "\n",
		"table": "ID                                     COMPANY",
		"jsonl": `{"id":"` + samtest.Customer + `","company":"Adatum Cust","domain":"adatum.example","relationship":"reseller"}` + "\n",
	} {
		args := []string{"customer", "list"}
		if format != "" {
			args = append(args, "--output", format)
		}
		s := d.run(args...)
		d.expect(s, exitOK)
		if !strings.HasPrefix(s.out, want) || strings.Contains(s.out, "\x1b") {
			t.Errorf("%s: %q", format, s.out)
		}
	}
	d.expect(d.run("customer", "list", "--output", "env"), exitUsage)
	d.expect(d.run("customer", "list", "--output", "xml"), exitUsage, "there is no output format", "--output table|json")
}

func TestATokenIsShownInEachForm(t *testing.T) {
	d := newConsentedDesk(t)
	s := d.run("token", "--resource", "graph", "--output", "json")
	var shown map[string]any
	if err := json.Unmarshal([]byte(s.out), &shown); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"access_token", "expires_on", "tenant", "resource", "mfa", "reference"} {
		if _, ok := shown[key]; !ok {
			t.Errorf("%s is missing: %v", key, shown)
		}
	}
	if s := d.run("token", "--resource", "graph", "-o", "env"); !strings.HasPrefix(s.out, "export ENTENTE_ACCESS_TOKEN='ey") {
		t.Errorf("%+v", s)
	}
}

func TestJ50_TheApplicationsOwnTokenNeedsNoConsent(t *testing.T) {
	d := newDesk(t)
	s := d.run("token", "--app", "--resource", "graph", "--authority", d.service.Address, "--client-id", samtest.ClientID, "--tenant", samtest.Tenant)
	d.expect(s, exitOK)
	inspected := d.runWith(strings.NewReader(s.out), nil, "token", "inspect")
	if !strings.Contains(inspected.out, "the application's own token") {
		t.Errorf("%+v", inspected)
	}
	d.expect(d.run("token", "--app", "--resource", "graph", "--authority", d.service.Address, "--client-id", samtest.ClientID), exitUsage, "--tenant")
}

func TestJ68_InspectPrintsAComplianceLine(t *testing.T) {
	d := newConsentedDesk(t)
	token := d.run("token", "--resource", "partnercenter").out
	s := d.runWith(strings.NewReader(token), nil, "token", "inspect", "-")
	d.expect(s, exitOK)
	if !strings.Contains(s.out, "verdict\ta second factor was proved") || !strings.Contains(s.out, "signature\tnot verified") {
		t.Errorf("%s", s.out)
	}
	d.service.Set(func(s *samtest.Settings) { s.AMR = []string{"pwd"} })
	token = d.run("token", "--resource", "partnercenter").out
	s = d.run("token", "inspect", strings.TrimSpace(token), "--output", "json")
	if !strings.Contains(s.out, `"mfa_compliant": false`) || !strings.Contains(s.out, "M31") {
		t.Errorf("%s", s.out)
	}
	d.expect(d.runWith(strings.NewReader("rubbish"), nil, "token", "inspect"), exitUsage, "three parts")
}

func TestMisuseNamesTheRightUse(t *testing.T) {
	d := newConsentedDesk(t)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"partner", "consnet"}, "entente partner consent"},
		{[]string{"token", "inspct"}, "entente token inspect"},
		{[]string{"token"}, "--resource graph|partnercenter|arm|vault"},
		{[]string{"token", "--resource", "grahp"}, "--resource graph"},
		{[]string{"token", "--resource", "graph", "--nonsense"}, "entente token --help"},
		{[]string{"partner", "status", "extra"}, "does not understand"},
		{[]string{"token", "--resource", "graph", "--cloud", "golbal"}, "no stored consent fits"},
		{[]string{"partner", "consent", "--cloud", "golbal", "--client-id", "x"}, "--cloud global"},
		{[]string{"partner", "consent", "--cloud", "germany", "--client-id", "x"}, "October 2021"},
		{[]string{"partner", "consent", "--cloud", "global", "--authority", "https://x", "--client-id", "x"}, "exclude each other"},
		{[]string{"partner", "consent", "--authority", "http://localhost", "--client-id", "x"}, "begins with https://"},
		{[]string{"partner", "consent", "--authority", d.service.Address}, "--client-id ID"},
	} {
		s := d.run(test.args...)
		if s.code != exitUsage && s.code != exitPerson {
			t.Errorf("%v: exit code %d", test.args, s.code)
		}
		if !strings.Contains(s.err, test.want) {
			t.Errorf("%v lacks %q:\n%s", test.args, test.want, s.err)
		}
	}
}

func TestAnAuthorityThatIsDownIsUnreachable(t *testing.T) {
	d := newConsentedDesk(t)
	d.service.Set(func(s *samtest.Settings) {
		s.Fault = func(int, string) samtest.Fault { return samtest.Fault{Status: 429, RetryAfter: "3600"} }
	})
	d.expect(d.run("token", "--resource", "graph"), exitUnreachable, "is busy or out of order", "try again")
}

func TestAForeignCertificateIsNotTrusted(t *testing.T) {
	d := newConsentedDesk(t)
	t.Setenv("ENTENTE_CA_FILE", "")
	t.Setenv("SSL_CERT_FILE", "")
	s := d.run("token", "--app", "--resource", "graph", "--authority", d.service.Address, "--client-id", samtest.ClientID, "--tenant", samtest.Tenant)
	d.expect(s, exitUnreachable, "is not trusted here", "--ca-file FILE")
}

func TestEveryCommandShowsAnExample(t *testing.T) {
	root := &cobra.Command{Use: "entente"}
	root.AddCommand(partnerCommand(), customerCommand(), tokenCommand(), loginCommand(), logoutCommand(), whoamiCommand(), approvalsCommand())
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		if cmd.RunE != nil && !cmd.HasSubCommands() && cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		if cmd.Flags().Lookup("client-secret") != nil {
			t.Errorf("%s takes a secret as a flag's value", cmd.CommandPath())
		}
	}
	walk(root)
}
