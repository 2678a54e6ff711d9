//go:build linux

package judges_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entente-id/entente/ententetest"
)

// TestAzidentityOpensABrowser lets the credential find the system's browser as
// it does on a desktop: by the command xdg-open. Ours hands the address to a
// visitor through a pipe.
func TestAzidentityOpensABrowser(t *testing.T) {
	w := ententetest.Start(t)
	folder := t.TempDir()
	pipe := filepath.Join(folder, "address")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\nprintf '%%s' \"$1\" > '%s'\n", pipe)
	if err := os.WriteFile(filepath.Join(folder, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
	ledger.Judge(t, azure, "InteractiveBrowserCredential: the system's browser, then a second resource silently", "", func(t *testing.T) {
		credential, err := azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{
			ClientOptions: options(w), DisableInstanceDiscovery: true, ClientID: ententetest.DeskApp, TenantID: ententetest.Northwind,
		})
		if err != nil {
			t.Fatal(err)
		}
		visited := make(chan error, 1)
		go func() {
			address, err := os.ReadFile(pipe)
			if err == nil {
				err = browse(t.Context(), w.Visitor(ententetest.Ada).SignIn, string(address))
			}
			visited <- err
		}()
		got, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph + "/.default"}})
		if walked := <-visited; walked != nil {
			t.Fatalf("the visitor: %v", walked)
		}
		if err != nil {
			t.Fatal(err)
		}
		expect(t, "token", claimsOf(t, got.Token), map[string]any{"oid": adaID, "amr": []string{"pwd", "mfa"}, "appid": ententetest.DeskApp})
		second, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{partnerCenter + "/.default"}})
		if err != nil {
			t.Fatal(err)
		}
		if seen := get(t, w, "/v1/profiles/organization", bearer(second.Token)...).must(t, 200); !strings.Contains(string(seen.raw), "Northwind") {
			t.Errorf("the profile is %s", seen.raw)
		}
	})
}
