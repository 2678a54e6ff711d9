package federation

import (
	"context"
	"fmt"
	"mime"
	"net/http"

	"github.com/entente-id/entente/internal/outbound"
)

// maxDocument bounds what a client says of itself, in bytes.
const maxDocument = 16 << 10

// ClientDocument reads the document at a client's address (OAuth Client ID
// Metadata Document). It follows no redirect: the address is the client's id,
// and nobody else's.
func (u *Upstreams) ClientDocument(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errForm, err)
	}
	request.Header.Set("Accept", "application/json")
	client := *u.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the client's server: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", errStatus, response.StatusCode)
	}
	if kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, fmt.Errorf("%w: media type %q", errForm, response.Header.Get("Content-Type"))
	}
	text, err := outbound.Read(response.Body)
	if err != nil {
		return nil, err
	}
	if len(text) > maxDocument {
		return nil, outbound.ErrTooLarge
	}
	return text, nil
}
