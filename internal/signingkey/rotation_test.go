package signingkey_test

import (
	"crypto"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/go-jose/go-jose/v4"
)

// verifier is an API of somebody else: it keeps the key set and asks again
// only when a token names a key that it does not know.
type verifier struct {
	t     *testing.T
	w     *ententetest.World
	keys  map[string]crypto.PublicKey
	asked int
}

func (v *verifier) fetch() {
	v.t.Helper()
	v.asked++
	response, err := v.w.Client().Get(v.w.Origin + "/" + ententetest.Northwind + "/discovery/v2.0/keys")
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(response.Body).Decode(&set); err != nil {
		v.t.Fatal(err)
	}
	v.keys = map[string]crypto.PublicKey{}
	for _, k := range set.Keys {
		if !k.IsPublic() || k.Use != "sig" {
			v.t.Errorf("the key set holds %q: public %t, use %q", k.KeyID, k.IsPublic(), k.Use)
		}
		if _, twice := v.keys[k.KeyID]; twice {
			v.t.Errorf("two keys are called %q", k.KeyID)
		}
		v.keys[k.KeyID] = k.Key
	}
}

// verify checks a signature and names the key it was made with.
func (v *verifier) verify(text string) string {
	v.t.Helper()
	jws, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		v.t.Fatal(err)
	}
	kid := jws.Signatures[0].Header.KeyID
	if v.keys[kid] == nil {
		v.fetch()
	}
	if _, err := jws.Verify(v.keys[kid]); err != nil {
		v.t.Errorf("a token of key %q does not verify: %v", kid, err)
	}
	return kid
}

// appToken asks for a token of an application alone at a resource.
func appToken(t *testing.T, w *ententetest.World, resource string) string {
	t.Helper()
	response, err := w.Client().PostForm(w.Origin+"/"+ententetest.Northwind+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret}, "scope": {resource + "/.default"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", resource, response.StatusCode, err)
	}
	return got.Access
}

// TestEveryTokenVerifiesWhileKeysRotate lives through a year of rotations, with
// one that an operator asked for (rows R115 and R116). The verifier's key set
// is never fetched without need, and a token that was issued just before keys
// changed is still good at its end.
func TestEveryTokenVerifiesWhileKeysRotate(t *testing.T) {
	var mu sync.Mutex
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	now := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return at
	}
	w := ententetest.StartWith(t, ententetest.Options{Now: now})
	v := &verifier{t: t, w: w}
	resources := []string{"https://graph.microsoft.com", "api://" + ententetest.PortalApp}
	used, published := map[string]bool{}, map[string]time.Time{}
	var earlier []string
	const step = 75 * time.Minute
	for n := 0; now().Before(time.Date(2027, 11, 22, 0, 0, 0, 0, time.UTC)); n++ {
		if n == 100 {
			if err := w.Inside().Keys.Rotate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n%10 == 0 {
			if err := w.Inside().Tend(t.Context()); err != nil {
				t.Fatal(err)
			}
			look := &verifier{t: t, w: w}
			look.fetch()
			for kid := range look.keys {
				if _, known := published[kid]; !known {
					published[kid] = now()
				}
			}
		}
		for _, old := range earlier {
			v.verify(old)
		}
		earlier = earlier[:0]
		// A token every fifteen hours is enough to see every change.
		if n%12 == 0 {
			for _, resource := range resources {
				text := appToken(t, w, resource)
				kid := v.verify(text)
				if first := now().Sub(published[kid]); !used[kid] && n > 0 && first < 24*time.Hour {
					t.Errorf("a key signed %v after it was published", first)
				}
				used[kid] = true
				earlier = append(earlier, text)
			}
		}
		mu.Lock()
		at = at.Add(step)
		mu.Unlock()
	}
	if len(used) < 2*5 {
		t.Errorf("only %d keys signed in a year", len(used))
	}
	if v.asked > len(used) {
		t.Errorf("the key set was fetched %d times for %d keys", v.asked, len(used))
	}
}
