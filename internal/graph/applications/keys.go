package applications

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
	"github.com/entente-id/entente/internal/id"
)

// addKey is POST …/addKey: a certificate that takes the place of another one,
// on a proof by the key of one that the application has.
func (m *room) addKey(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	o, err := m.proven(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	var sent struct {
		Credential struct {
			Type  string `json:"type"`
			Usage string `json:"usage"`
			Key   []byte `json:"key"`
		} `json:"keyCredential"`
		// Password is of keys that sign here; there are none.
		Password *struct{} `json:"passwordCredential"`
		Proof    string    `json:"proof"`
	}
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	if sent.Credential.Type != "AsymmetricX509Cert" || sent.Credential.Usage != "Verify" || sent.Password != nil {
		return graph.Reply{}, fault.New(fault.InputInvalid, "parameter", "keyCredential", "rule", "type AsymmetricX509Cert and usage Verify, without a password")
	}
	if _, err := x509.ParseCertificate(sent.Credential.Key); err != nil {
		return graph.Reply{}, fault.New(fault.InputInvalid, "parameter", "key", "rule", "a certificate in DER form, in base64").Because(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: sent.Credential.Key}))
	kept, err := m.Apps.AddKey(ctx, c.Caller, o.Application, text, sent.Proof)
	if err != nil {
		return graph.Reply{}, err
	}
	shown := credentials(owned{Credentials: []application.Credential{kept}}, true)[0]
	shown["@odata.context"] = c.Context("microsoft.graph.keyCredential", nil, false)
	return graph.OK(shown), nil
}

// removeKey is POST …/removeKey.
func (m *room) removeKey(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	o, err := m.proven(ctx, c)
	if err != nil {
		return graph.Reply{}, err
	}
	var sent struct {
		KeyID string `json:"keyId"`
		Proof string `json:"proof"`
	}
	if err := c.Body(&sent); err != nil {
		return graph.Reply{}, err
	}
	return graph.Done(), m.Apps.RemoveKey(ctx, c.Caller, o.Application, id.Object(strings.ToLower(sent.KeyID)), sent.Proof)
}
