package token

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/signingkey"
	"github.com/go-jose/go-jose/v4"
)

const (
	// logoutType is the typ of a logout token, so that nobody takes it for
	// another one (Back-Channel Logout 2.4).
	logoutType  = "logout+jwt"
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
	logoutLife  = 2 * time.Minute
)

// IssuerOf is the issuer of a tenant in a dialect, 1 or 2.
func (i *Issuer) IssuerOf(t id.Tenant, version int) string {
	if version == 1 {
		return IssuerV1(t)
	}
	return i.IssuerV2(t)
}

// LogoutToken tells an application that a person's session has ended
// (Back-Channel Logout 2.4; row R125). It has no nonce and serves nowhere else.
func (i *Issuer) LogoutToken(ctx context.Context, t id.Tenant, person id.Object, app id.App, sid string, version int) (string, error) {
	now := i.source.Now().Truncate(time.Second)
	payload, err := json.Marshal(claims{
		"iss": i.IssuerOf(t, version), "aud": string(app), "iat": now.Unix(), "exp": now.Add(logoutLife).Unix(), "jti": i.source.NewGUID(),
		"sub": i.subject(t, person, app), "sid": sid, "tid": string(t), "events": map[string]struct{}{logoutEvent: {}},
	})
	if err != nil {
		return "", fmt.Errorf("encode logout token: %w", err)
	}
	key, err := i.keys.Current(ctx, signingkey.RealmOf(t), signingkey.RS256)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: signingkey.RS256, Key: jose.JSONWebKey{Key: key.Private, KeyID: key.ID}}, (&jose.SignerOptions{}).WithType(logoutType))
	if err != nil {
		return "", fmt.Errorf("sign logout token: %w", err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign logout token: %w", err)
	}
	return jws.CompactSerialize()
}
