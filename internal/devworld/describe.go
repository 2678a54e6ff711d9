package devworld

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Description is what a developer needs to know of a running world. Its JSON
// names are stable.
type Description struct {
	Origin    string            `json:"origin"`
	Authority string            `json:"authority"`
	Graph     string            `json:"graph"`
	Partner   string            `json:"partnerCenter"`
	Manager   string            `json:"resourceManager"`
	Vault     string            `json:"vault"`
	Inbox     string            `json:"inbox"`
	CAFile    string            `json:"caFile"`
	Tenant    string            `json:"partnerTenant"`
	Password  string            `json:"password"`
	People    []DescribedPerson `json:"people"`
	Apps      []DescribedApp    `json:"apps"`
	Customers []DescribedTenant `json:"customers"`
}

// DescribedPerson is somebody to sign in as.
type DescribedPerson struct {
	SignInName string `json:"signInName"`
	Seed       string `json:"totpSecret,omitempty"`
	Story      string `json:"story"`
}

// DescribedApp is a client to be.
type DescribedApp struct {
	Name        string `json:"name"`
	ID          string `json:"id"`
	Secret      string `json:"secret,omitempty"`
	Certificate string `json:"certificateFile,omitempty"`
}

// DescribedTenant is a customer to act for.
type DescribedTenant struct {
	Name   string `json:"name"`
	Domain string `json:"domain"`
	ID     string `json:"id"`
	Story  string `json:"story"`
}

// Describe lists the world.
func (r *Running) Describe(caFile string) Description {
	d := Description{
		Origin: r.Origin, Authority: r.Origin + "/{tenant}", Graph: r.Origin + "/v1.0", Partner: r.Origin + "/v1", Inbox: r.Origin + "/dev/inbox",
		Manager: r.Origin + "/subscriptions", Vault: r.Origin + "/secrets",
		CAFile: caFile, Tenant: string(Northwind), Password: Password,
		Apps: []DescribedApp{
			{Name: "Northwind Portal Integration", ID: string(Portal), Secret: PortalSecret},
			{Name: "Northwind Nightly Jobs", ID: string(Nightly), Certificate: r.NightlyFile},
			{Name: "Northwind Desk (public)", ID: string(Desk)},
			{Name: "Northwind Console (browser)", ID: string(Console)},
		},
	}
	for _, p := range People() {
		if p.Tenant == Northwind || p.Tenant == Fabrikam {
			d.People = append(d.People, DescribedPerson{p.SignInName, p.Seed, p.Story})
		}
	}
	for _, c := range customers {
		if c.partner == Northwind {
			d.Customers = append(d.Customers, DescribedTenant{c.name, c.domain(), string(c.tenant), string(c.story)})
		}
	}
	return d
}

// Print writes the world for a person.
func (d Description) Print(out io.Writer, took time.Duration) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(format string, a ...any) { fmt.Fprintf(t, format+"\n", a...) }
	line("Entente dev · ready in %.1f s · loopback only · known passwords and keys", took.Seconds())
	line("")
	line("  Start\t%s/", d.Origin)
	line("  Authority\t%s", d.Authority)
	line("  Graph\t%s", d.Graph)
	line("  Partner Center\t%s", d.Partner)
	line("  Resource Manager\t%s", d.Manager)
	line("  Vault\t%s\t(Northwind's, for its two integrations)", d.Vault)
	line("  Inbox\t%s\t(mails and one-time codes)", d.Inbox)
	line("  Trust\t%s\t(curl --cacert, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, or import it)", d.CAFile)
	line("")
	line("People (password %s)", d.Password)
	for _, p := range d.People {
		line("  %s\t%s", p.SignInName, p.Story)
	}
	line("")
	line("Apps of Northwind, tenant %s", d.Tenant)
	for _, a := range d.Apps {
		line("  %s\t%s\t%s%s", a.Name, a.ID, a.Secret, a.Certificate)
	}
	line("")
	line("Customers")
	for _, c := range d.Customers {
		line("  %s\t%s\t%s", c.Domain, c.ID, c.Story)
	}
	line("")
	line("Try")
	line("  curl --cacert %s %s/northwind.example/v2.0/.well-known/openid-configuration", d.CAFile, d.Origin)
	line("  eval \"$(entente dev env)\"; entente partner consent; entente token --resource graph --customer adatum")
	line("")
	line("Ctrl-C stops it.")
	return t.Flush()
}
