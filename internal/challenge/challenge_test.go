package challenge_test

import (
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/challenge"
	"github.com/entente-id/entente/internal/fault"
)

func TestAChallengeSaysWhatIsWrongAndWhereTokensComeFrom(t *testing.T) {
	const resource = "https://id.example:8443/v1.0"
	const metadata = `resource_metadata="https://id.example:8443/.well-known/oauth-protected-resource/v1.0"`
	for name, c := range map[string]struct {
		f        *fault.Fault
		resource string
		want     string
	}{
		"no token":            {fault.New(fault.AccessTokenMissing), resource, metadata},
		"a wrong token":       {fault.New(fault.AccessTokenInvalid), resource, `error="invalid_token", ` + metadata},
		"a token taken back":  {fault.New(fault.AccessTokenRevoked, "claims", "e30="), resource, `error="insufficient_claims", claims="e30=", ` + metadata},
		"no such description": {fault.New(fault.AccessTokenExpired), "", `error="invalid_token"`},
	} {
		if got := challenge.Bearer("", c.f, c.resource); got != "Bearer "+c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	for own, want := range map[string]string{"": "Bearer", `realm=""`: `Bearer realm=""`} {
		if got := challenge.Bearer(own, fault.New(fault.AccessTokenMissing), ""); got != want {
			t.Errorf("%q alone: %s", own, got)
		}
		if got := challenge.Bearer(own, fault.New(fault.AccessTokenExpired), ""); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ` error="invalid_token"`) {
			t.Errorf("%q with an error: %s", own, got)
		}
	}
	if got := challenge.MetadataAddress("https://id.example"); got != "https://id.example/.well-known/oauth-protected-resource" {
		t.Errorf("a resource without a path describes itself at %s", got)
	}
}
