package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/devworld"
)

// entente runs a command line in this process.
func entente(t *testing.T, args ...string) (out, talk string, err error) {
	t.Helper()
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	t.Setenv("TMPDIR", t.TempDir())
	var stdout, stderr bytes.Buffer
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	err = root.ExecuteContext(t.Context())
	return stdout.String(), stderr.String(), err
}

func TestTheDevScriptTellsTheWholeStory(t *testing.T) {
	out, talk, err := entente(t, "dev", "--script")
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, talk)
	}
	for _, want := range []string{
		"without a second factor: refused, nothing stored (M31)", "the refresh token rests in the vault", "isMfaCompliant: true",
		"lists 8 customers", "Graph reads the customer's organisation: Adatum (" + string(devworld.Adatum) + ")",
		"Proseware has not authorised the app: refused with M32", "Tailspin ended the relationship: refused with M45",
		"Wingtip blocks partners by a rule: refused with M30", "Woodgrove gave its roles to another group: refused with M33",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the story lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(talk, "level=ERROR") {
		t.Errorf("the server logged errors:\n%s", talk)
	}
}

func TestTheDevWorldListensOnLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:8443", ":8443", "[::]:8443", "192.0.2.1:8443", "example.com:8443", "8443"} {
		_, _, err := entente(t, "dev", "--listen", address)
		if exitCode(err) != exitUsage {
			t.Errorf("--listen %s: %v", address, err)
		}
	}
}

func TestTheEnvironmentPointsAtTheDevWorld(t *testing.T) {
	out, _, err := entente(t, "dev", "env")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ENTENTE_AUTHORITY", "ENTENTE_CA_FILE", "ENTENTE_TENANT", "ENTENTE_CLIENT_ID", "ENTENTE_CLIENT_SECRET"} {
		if !strings.Contains(out, "export "+name+"='") {
			t.Errorf("the environment lacks %s:\n%s", name, out)
		}
	}
}

func TestACodeIsExplainedOfflineInThreeLanguages(t *testing.T) {
	for lang, want := range map[string]string{"en": "AADSTS65001", "fi": "AADSTS65001", "sv": "AADSTS65001"} {
		out, _, err := entente(t, "explain", "AADSTS65001", "--lang", lang, "--output", "tsv")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out, want) || strings.Contains(out, "{") || strings.Contains(out, "M12.headline") {
			t.Errorf("%s: %s", lang, out)
		}
	}
	out, _, err := entente(t, "explain", "M31", "--output", "json")
	if err != nil {
		t.Fatal(err)
	}
	var story struct {
		Message, Fixer string
		Next           []string
	}
	if err := json.Unmarshal([]byte(out), &story); err != nil || story.Message != "M31" || story.Fixer == "" || len(story.Next) == 0 {
		t.Errorf("%v: %s", err, out)
	}
	if _, _, err := entente(t, "explain", "AADSTS1"); exitCode(err) != exitNotFound {
		t.Errorf("an unknown code: %v", err)
	}
	if _, _, err := entente(t, "explain", "what?"); exitCode(err) != exitUsage {
		t.Errorf("no code at all: %v", err)
	}
}
