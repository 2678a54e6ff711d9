package signout

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/presence"
)

// postTimeout bounds one notice, so that a slow application holds up nobody
// else's for long.
const postTimeout = 5 * time.Second

// Poster hands logout tokens to applications (Back-Channel Logout 2.5). The
// client must be a guarded one (package outbound): the addresses are those that
// organisations register.
func Poster(client *http.Client) presence.Post {
	return func(ctx context.Context, address, logoutToken string) error {
		ctx, cancel := context.WithTimeout(ctx, postTimeout)
		defer cancel()
		body := strings.NewReader(url.Values{"logout_token": {logoutToken}}.Encode())
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, body)
		if err != nil {
			return fmt.Errorf("make sign-out notice: %w", err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := client.Do(request)
		if err != nil {
			return fmt.Errorf("send sign-out notice: %w", err)
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode/100 != 2 {
			return fmt.Errorf("sign-out notice is answered with status %d", response.StatusCode)
		}
		return nil
	}
}
