package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/devworld"
)

// operator is a person at the terminal of a machine without any authority yet.
type operator struct {
	*testing.T
	folder, origin, listen string
	trust                  *devworld.Trust
}

func newOperator(t *testing.T) *operator {
	t.Helper()
	for _, name := range []string{"ENTENTE_STORE", "ENTENTE_AUTHORITY", "ENTENTE_TENANT", "ENTENTE_CLIENT_ID", "ENTENTE_CLIENT_SECRET"} {
		t.Setenv(name, "")
	}
	t.Setenv("NO_COLOR", "1")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	o := &operator{T: t, folder: t.TempDir(), listen: free.Addr().String(), origin: "https://" + free.Addr().String()}
	if o.trust, err = devworld.OpenTrust(o.folder, time.Now()); err != nil {
		t.Fatal(err)
	}
	o.write("master.key", strings.Repeat("k", 32))
	return o
}

func (o *operator) path(name string) string { return filepath.Join(o.folder, name) }

func (o *operator) write(name, text string) string {
	o.Helper()
	if err := os.WriteFile(o.path(name), []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
	return o.path(name)
}

// example is the world of the documents, at this machine's address.
func (o *operator) example() string {
	o.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "docs/reference/world.yaml"))
	if err != nil {
		o.Fatal(err)
	}
	return o.write("world.yaml", strings.ReplaceAll(string(text), "localhost:8443", o.listen))
}

func (o *operator) store() []string {
	return []string{"--origin", o.origin, "--store", "sqlite:" + o.path("entente.db"), "--master-key-file", o.path("master.key")}
}

func (o *operator) run(args ...string) said { return o.runWith(o.Context(), "", args...) }

func (o *operator) runWith(ctx context.Context, in string, args ...string) said {
	root := rootCommand()
	var out, talk bytes.Buffer
	root.SetArgs(args)
	root.SetIn(strings.NewReader(in))
	root.SetOut(&out)
	root.SetErr(&talk)
	err := root.ExecuteContext(ctx)
	if err != nil {
		printFailure(&talk, err)
	}
	return said{exitCode(err), out.String(), talk.String()}
}

func (o *operator) apply(args ...string) said {
	return o.run(append(append([]string{"apply"}, o.store()...), args...)...)
}

func (o *operator) applied(args ...string) appliedJSON {
	o.Helper()
	s := o.apply(append(args, "--output", "json")...)
	var got appliedJSON
	if err := json.Unmarshal([]byte(s.out), &got); s.code != exitOK || err != nil {
		o.Fatalf("exit code %d, %v: %s", s.code, err, s.err)
	}
	return got
}

func (a appliedJSON) value(o *operator, kind, of string) string {
	o.Helper()
	for _, m := range a.Made {
		if m.Kind == kind && m.For == of {
			return m.Value
		}
	}
	o.Fatalf("no %s of %s was made", kind, of)
	return ""
}

func (a appliedJSON) changes() []string {
	var list []string
	for _, s := range a.Steps {
		if s.Verb != "keep" {
			list = append(list, s.Verb+" "+s.Kind+" "+s.Name)
		}
	}
	return list
}

// serve runs "entente serve" until the test ends.
func (o *operator) serve() *http.Client {
	o.Helper()
	certificate, err := o.trust.Certificate(time.Now())
	if err != nil {
		o.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		o.Fatal(err)
	}
	var chain bytes.Buffer
	for _, der := range certificate.Certificate {
		_ = pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	o.write("tls.pem", chain.String())
	o.write("tls.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	ctx, stop := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() {
		s := o.runWith(ctx, "", append([]string{"serve", "--listen", o.listen, "--tls-certificate", o.path("tls.pem"), "--tls-key", o.path("tls.key")}, o.store()...)...)
		if s.code != exitOK {
			o.Errorf("serve ended with %d: %s", s.code, s.err)
		}
	})
	o.Cleanup(func() { stop(); served.Wait() })
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: o.trust.Pool()}}, Timeout: 10 * time.Second}
	for deadline := time.Now().Add(20 * time.Second); ; {
		connection, err := tls.Dial("tcp", o.listen, &tls.Config{RootCAs: o.trust.Pool()})
		if err == nil {
			_ = connection.Close()
			return client
		}
		if time.Now().After(deadline) {
			o.Fatalf("the authority does not answer: %v", err)
		}
	}
}

// signIn goes to an app with nothing but a temporary pass.
func (o *operator) signIn(client *http.Client, name, pass, address, redirect string) url.Values {
	o.Helper()
	v := devworld.NewVisitor(client.Transport, time.Now, name)
	press := func(button string, typed url.Values) {
		o.Helper()
		if err := v.Submit(o.Context(), button, typed); err != nil {
			o.Fatalf("after %q: %v", v.Steps, err)
		}
		for v.Page.Header.Get("Location") != "" {
			if err := v.Open(o.Context(), v.Page.Header.Get("Location")); err != nil {
				o.Fatal(err)
			}
		}
	}
	if err := v.Open(o.Context(), address); err != nil {
		o.Fatal(err)
	}
	press("do=next", url.Values{"address": {name}})
	press("do=pass", nil)
	if err := v.Submit(o.Context(), "do=next", url.Values{"code": {pass}}); err != nil {
		o.Fatalf("after %q: %v", v.Steps, err)
	}
	answer, err := v.Walk(o.Context(), redirect)
	if err != nil {
		o.Fatalf("after %q: %v", v.Steps, err)
	}
	return answer
}

func (o *operator) post(client *http.Client, address string, form url.Values) map[string]any {
	o.Helper()
	response, err := client.PostForm(address, form)
	if err != nil {
		o.Fatal(err)
	}
	defer response.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		o.Fatal(err)
	}
	return body
}

const integrationApp = "0f3a6a8e-6f0f-4b53-9d0e-5c8c2b8a9d11"

func TestAProgrammeIsFoundedFromAFileAndServed(t *testing.T) {
	o := newOperator(t)
	made := o.applied("-f", o.example(), "--yes", "--operator", "olga")
	secret := made.value(o, "secret", "Northwind Portal Integration")
	client := o.serve()

	authorize := o.origin + "/northwind.example/oauth2/authorize?" + url.Values{
		"client_id": {integrationApp}, "response_type": {"code"}, "redirect_uri": {"http://localhost"}, "resource": {"https://api.partnercenter.microsoft.com"},
	}.Encode()
	answer := o.signIn(client, "ada@northwind.example", made.value(o, "pass", "ada@northwind.example"), authorize, "http://localhost")
	token := o.post(client, o.origin+"/northwind.example/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {"http://localhost"},
		"client_id": {integrationApp}, "client_secret": {secret}, "resource": {"https://api.partnercenter.microsoft.com"},
	})
	access, ok := token["access_token"].(string)
	if !ok || token["refresh_token"] == nil {
		t.Fatalf("token answer: %v", token)
	}
	if got := inspected(t, access); got.Account != "ada@northwind.example" || !slices.Contains(got.Audience, "https://api.partnercenter.microsoft.com") {
		t.Errorf("claims: %+v", got)
	}

	// The partner's app reaches the customer through the declared relationship.
	customers := o.post(client, o.origin+"/adatum.example/oauth2/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {token["refresh_token"].(string)}, "client_id": {integrationApp}, "client_secret": {secret},
		"resource": {"https://graph.microsoft.com"},
	})
	at, ok := customers["access_token"].(string)
	if !ok {
		t.Fatalf("no token for the customer: %v", customers["error_description"])
	}
	if got := inspected(t, at); got.Tenant == inspected(t, access).Tenant || !slices.Contains(got.Scopes, "Directory.Read.All") {
		t.Errorf("the customer's token: %+v", got)
	}

	// The owner's first administrator comes in where the programme is run.
	portal := o.origin + "/fabrikam.example/oauth2/authorize?" + url.Values{
		"client_id": {portalOf(o)}, "response_type": {"code"}, "redirect_uri": {o.origin + "/portal/enter"}, "resource": {"https://graph.microsoft.com"},
		"code_challenge": {"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}, "code_challenge_method": {"S256"},
	}.Encode()
	if got := o.signIn(client, "pat@fabrikam.example", made.value(o, "pass", "pat@fabrikam.example"), portal, o.origin+"/portal/enter"); got.Get("code") == "" {
		t.Errorf("the owner's answer: %v", got)
	}

	// What is served can be declared again, and nothing differs.
	if again := o.applied("-f", o.path("world.yaml"), "--plan"); len(again.changes()) > 0 {
		t.Errorf("the second plan changes %q", again.changes())
	}
}

// portalOf finds the id of the portal's app.
func portalOf(o *operator) string {
	o.Helper()
	for _, line := range strings.Split(o.run(append([]string{"app", "list", "--tenant", "fabrikam.example", "-o", "tsv"}, o.store()...)...).out, "\n") {
		if id, name, _ := strings.Cut(line, "\t"); strings.HasPrefix(name, "Partner Sales Portal") {
			return id
		}
	}
	o.Fatal("the portal is not listed")
	return ""
}

// claims are what "token inspect" says of a token.
type claims struct {
	Account, Tenant  string
	Audience, Scopes []string
}

func inspected(t *testing.T, token string) claims {
	t.Helper()
	d := &desk{t: t}
	s := d.runWith(strings.NewReader(token), nil, "token", "inspect", "--output", "json")
	var c claims
	if err := json.Unmarshal([]byte(s.out), &c); err != nil {
		t.Fatalf("%v: %s %s", err, s.out, s.err)
	}
	return c
}

func TestAPlanTellsTheDifferencesAndChangesNothing(t *testing.T) {
	o := newOperator(t)
	file := o.example()
	s := o.apply("-f", file, "--plan", "--fail-on", "changes")
	if s.code != exitWarnings || !strings.Contains(s.out, "+ tenant fabrikam.example\n    name: Fabrikam\n") || !strings.Contains(s.out, "0 kept") {
		t.Errorf("exit code %d:\n%s%s", s.code, s.out, s.err)
	}
	if again := o.apply("-f", file, "--plan"); again.code != exitOK || !strings.Contains(again.out, "+ tenant fabrikam.example") {
		t.Errorf("the plan wrote something: %s", again.out)
	}
	if asked := o.apply("-f", file); asked.code != exitUsage || !strings.Contains(asked.err, "nobody to ask") {
		t.Errorf("without anybody to ask: %d %s", asked.code, asked.err)
	}
}

func TestPassesAndSecretsGoToAFileForTheOperatorAlone(t *testing.T) {
	o := newOperator(t)
	file, secrets := o.example(), o.path("secrets.tsv")
	s := o.apply("-f", file, "--yes", "--secrets-file", secrets)
	text, err := os.ReadFile(secrets)
	if s.code != exitOK || err != nil {
		t.Fatalf("%d, %v: %s", s.code, err, s.err)
	}
	info, err := os.Stat(secrets)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 5 {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		if cells := strings.Split(line, "\t"); len(cells) != 5 || strings.Contains(s.out+s.err, cells[3]) {
			t.Errorf("a secret is told twice, or the line is broken: %d cells", len(cells))
		}
	}
	if taken := o.apply("-f", file, "--yes", "--secrets-file", secrets); taken.code != exitOK {
		t.Errorf("nothing to make, no file needed: %s", taken.err)
	}
}

func TestADeclarationWithMistakesIsRefusedWithAllOfThem(t *testing.T) {
	o := newOperator(t)
	text, err := os.ReadFile(o.example())
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.NewReplacer(
		"scopes: [user_impersonation]", "scopes: [user_impersonatoin]", "customer: adatum.example", "customer: adatun.example",
		"http://localhost\"", "http://portal.example\"", "- Helpdesk", "- Helpdesk", "group: HelpdeskAgents", "group: HelpdeskAgent",
		"partnerMFA: enforce", "partnerMFA: enforced", "country: FI", "country: Finland",
	).Replace(string(text))
	s := o.apply("-f", o.write("broken.yaml", broken), "--yes")
	for _, want := range []string{
		"tenants[0].country: must be an ISO 3166-1 code", "did you mean user_impersonation?", "did you mean adatum.example?", "did you mean enforce?",
		"apps[1].redirectUris: must be https", "problems; nothing was written",
	} {
		if !strings.Contains(s.err, want) {
			t.Errorf("no word of %q in:\n%s", want, s.err)
		}
	}
	if s.code != exitUsage || !strings.Contains(s.err, "broken.yaml: line ") {
		t.Errorf("exit code %d: %s", s.code, s.err)
	}
	if left := o.applied("-f", o.path("world.yaml"), "--plan"); len(left.changes()) != len(left.Steps) {
		t.Errorf("a refused file left something behind: %q", left.changes())
	}
}

func TestADeclarationIsReadFromStdin(t *testing.T) {
	o := newOperator(t)
	text, err := os.ReadFile(o.example())
	if err != nil {
		t.Fatal(err)
	}
	s := o.runWith(t.Context(), string(text), append([]string{"apply", "-f", "-", "--plan"}, o.store()...)...)
	if s.code != exitOK || !strings.Contains(s.out, "+ programme Fabrikam partner programme") {
		t.Errorf("%d: %s", s.code, s.err)
	}
	if long := o.runWith(t.Context(), strings.Repeat("#", 2<<20), append([]string{"apply", "-f", "-", "--plan"}, o.store()...)...); long.code != exitUsage || !strings.Contains(long.err, "1 MiB") {
		t.Errorf("%d: %s", long.code, long.err)
	}
}
