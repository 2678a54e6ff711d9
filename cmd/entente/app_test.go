package main

import (
	"encoding/xml"
	"strings"
	"testing"
)

func TestJ58_TheSettingsOfAnAppsProgramArePrinted(t *testing.T) {
	o := newOperator(t)
	o.applied("-f", o.example(), "--yes")
	env := func(args ...string) said {
		return o.run(append(append([]string{"app", "env"}, args...), append(o.store(), "--tenant", "northwind.example")...)...)
	}
	for format, wants := range map[string][]string{
		"dotnet": {`<add key="ida:CSPApplicationId" value="` + integrationApp + `" />`, `<add key="ida:AADInstance" value="` + o.origin + `/" />`,
			`<add key="ida:CSPApplicationSecret" value="" />`, `<add key="KeyVaultEndpoint" value="` + o.origin + `" />`},
		"java": {"partnercenter.clientId=" + integrationApp, "azuread.authority=https\\://", "keyvault.clientSecret=\n",
			"<param-name>client_id</param-name><param-value>" + integrationApp + "<"},
		"dotenv":     {`AZURE_CLIENT_ID="` + integrationApp + `"`, `ENTENTE_AUTHORITY="` + o.origin + `"`, "# AZURE_CLIENT_SECRET="},
		"powershell": {"$ApplicationId = '" + integrationApp + "'", "$ApplicationSecret = Read-Host"},
	} {
		s := env("northwind portal integration", "--format", format)
		for _, want := range wants {
			if !strings.Contains(s.out, want) {
				t.Errorf("%s lacks %q:\n%s%s", format, want, s.out, s.err)
			}
		}
	}
	if s := env("Northwind Portal Integratoin"); s.code != exitNotFound || !strings.Contains(s.err, `entente app env "Northwind Portal Integration"`) {
		t.Errorf("a mistyped name: %d %s", s.code, s.err)
	}
	if s := env(integrationApp, "--format", "toml"); s.code != exitUsage {
		t.Errorf("a format that there is not: %d", s.code)
	}
}

func TestASecretIsPrintedOnlyOutOfAFileThatIsNamed(t *testing.T) {
	o := newOperator(t)
	const secret = `a"b\c$d'e<f`
	t.Setenv("ENTENTE_CLIENT_SECRET", secret)
	file := o.write("secret.txt", secret+"\n")
	for format, want := range map[string]string{
		"dotnet": "a&#34;b\\c$d&#39;e&lt;f", "java": `a"b\\c$d'e<f`, "dotenv": `"a\"b\\c\$d'e<f"`, "powershell": `'a"b\c$d''e<f'`,
	} {
		args := []string{"app", "env", integrationApp, "--authority", o.origin, "--tenant", "northwind.example", "--format", format}
		if s := o.run(args...); s.code != exitOK || strings.Contains(s.out, "c$d") {
			t.Errorf("%s tells the secret unasked, or fails: %d\n%s%s", format, s.code, s.out, s.err)
		}
		s := o.run(append(args, "--with-secret-file", file)...)
		if !strings.Contains(s.out, want) {
			t.Errorf("%s lacks the secret %s:\n%s%s", format, want, s.out, s.err)
		}
		if format == "dotnet" && xml.Unmarshal([]byte(s.out), new(struct{})) != nil {
			t.Errorf("no XML:\n%s", s.out)
		}
	}
	if s := o.run("app", "env", "a name", "--authority", o.origin, "--tenant", "x.example"); s.code != exitUsage || !strings.Contains(s.err, "--store") {
		t.Errorf("a name without a store: %d %s", s.code, s.err)
	}
}
