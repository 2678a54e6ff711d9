package directory

import (
	"testing"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

func FuzzReadReference(f *testing.F) {
	for _, seed := range []string{"https://graph.microsoft.com/v1.0/directoryObjects/aaaaaaaa-0000-4000-8000-000000000002", "users/x", "/", "", "directoryObjects/", "a/b/c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		key, err := readReference(address)
		if err == nil && !id.IsGUID(string(key)) || err != nil && !fault.Has(err, fault.RequestMalformed) {
			t.Fatalf("%q is read as %q, %v", address, key, err)
		}
	})
}
