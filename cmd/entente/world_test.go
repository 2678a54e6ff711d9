package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// newcomer is a person at a terminal beside a real world.
func newcomer(t *testing.T) (*ententetest.World, *desk) {
	t.Helper()
	w := ententetest.Start(t)
	home := t.TempDir()
	ca := filepath.Join(home, "ca.pem")
	if err := os.WriteFile(ca, w.CertificatePEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"HOME": home, "XDG_DATA_HOME": filepath.Join(home, "data"), "XDG_CONFIG_HOME": filepath.Join(home, "config"), "NO_COLOR": "1",
		"ENTENTE_CLOUD": "", "ENTENTE_VAULT": "", "ENTENTE_VAULT_KEY": "", "ENTENTE_VAULT_KEY_FILE": "",
		"ENTENTE_AUTHORITY": w.Origin, "ENTENTE_CA_FILE": ca, "ENTENTE_TENANT": ententetest.Northwind,
		"ENTENTE_CLIENT_ID": ententetest.PortalApp, "ENTENTE_CLIENT_SECRET": ententetest.PortalSecret,
	} {
		t.Setenv(name, value)
	}
	return w, &desk{t: t}
}

// consents runs "partner consent" with a visitor as the browser.
func consents(t *testing.T, d *desk, v *devworld.Visitor) said {
	t.Helper()
	return d.runWith(strings.NewReader(""), func(line string) {
		found := address.FindString(line)
		if !strings.Contains(found, "/authorize?") {
			return
		}
		go func() {
			asked, err := url.Parse(found)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := v.SignIn(t.Context(), found, asked.Query().Get("redirect_uri")); err != nil {
				t.Errorf("sign-in after %q: %v", v.Steps, err)
				return
			}
			response, err := http.Get(v.Page.Header.Get("Location"))
			if err != nil {
				t.Errorf("bring the answer: %v", err)
				return
			}
			_ = response.Body.Close()
		}()
	}, "partner", "consent", "--no-browser")
}

func TestTheMainJobByHandAgainstARealWorld(t *testing.T) {
	w, d := newcomer(t)
	integration := w.Visitor(ententetest.Integration)

	refused := consents(t, d, integration)
	d.expect(refused, exitPerson, "without a second factor", "nothing was stored", w.Origin+"/account/second-factor")
	d.expect(d.run("token", "--resource", "graph", "--customer", "adatum"), exitPerson)

	if _, err := integration.SignIn(t.Context(), w.Origin+"/account/second-factor", w.Origin+"/account/done"); err != nil {
		t.Fatal(err)
	}
	again := w.Visitor(ententetest.Integration)
	again.Seed = integration.Seed
	again.At(func() time.Time { return time.Now().Add(30 * time.Second) })
	d.expect(consents(t, d, again), exitOK)

	list := d.run("customer", "list")
	d.expect(list, exitOK)
	if !strings.Contains(list.out, "adatum.example") || strings.Contains(list.out, "blueyonder") {
		t.Errorf("customers:\n%s", list.out)
	}
	token := d.run("token", "--resource", "graph", "--customer", "adatum")
	d.expect(token, exitOK)
	inspected := d.runWith(strings.NewReader(token.out), nil, "token", "inspect", "--output", "json")
	d.expect(inspected, exitOK)
	if !strings.Contains(inspected.out, string(devworld.Adatum)) {
		t.Errorf("the token is not Adatum's:\n%s", inspected.out)
	}
	request, err := http.NewRequest(http.MethodGet, w.Origin+"/v1.0/organization", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(token.out))
	response, err := w.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("Graph answers the command's token with %d", response.StatusCode)
	}

	broken := d.run("token", "--resource", "graph", "--customer", "proseware")
	d.expect(broken, exitPerson, "has not authorised", "entente explain M32")
	reference := broken.err[strings.Index(broken.err, "Ref:   ")+7:][:9]
	story, err := findStory(t.Context(), &profile{}, reference)
	if err != nil || story.Message != "M12" || story.Tenant != string(devworld.Proseware) {
		t.Errorf("explain %s: %+v, %v", reference, story, err)
	}
	d.expect(d.run("token", "--app", "--resource", "graph"), exitOK)
	d.expect(d.run("partner", "status"), exitOK)
	for _, said := range []said{refused, list, broken} {
		if strings.Contains(said.err+said.out, ententetest.PortalSecret) {
			t.Error("a command shows the application's secret")
		}
	}
}
