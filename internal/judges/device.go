package judges

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/entente-id/entente/internal/devworld"
)

// Approve lets a person type a device's code, say that they started it, and
// sign in.
func Approve(ctx context.Context, v *devworld.Visitor, address, code string) error {
	if err := v.Open(ctx, address+"?user_code="+url.QueryEscape(code)); err != nil {
		return err
	}
	if err := v.Submit(ctx, "do=next", url.Values{"code": {code}}); err != nil {
		return err
	}
	if err := v.Submit(ctx, "do=yes", nil); err != nil {
		return err
	}
	// The walk ends on the page that says so: it leads nowhere.
	_, err := v.Walk(ctx, "")
	if !strings.Contains(v.Page.Body, "Your device is signed in") {
		return fmt.Errorf("approve the device: %w", err)
	}
	return nil
}
