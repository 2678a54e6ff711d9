package signin_test

import (
	"context"
	"testing"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/signin"
)

// FuzzAChangedFormGoesNowhere changes what a form carries: the journey in it is
// sealed, so nothing but its own text opens, and that on its own browser only.
func FuzzAChangedFormGoesNowhere(f *testing.F) {
	journeys := ententetest.Start(f).Inside().Journeys
	mine, other := session.Browser{ID: "0123456789abcdef0123456789abcdef"}, session.Browser{ID: "0123456789abcdef0123456789abcdee"}
	screen, err := journeys.Begin(context.Background(), signin.Request{Authority: "common", Client: devworld.Account, Work: true, Version: 1, MaxAge: -1}, mine)
	if err != nil || screen.Flow == "" {
		f.Fatalf("%+v, %v", screen, err)
	}
	good := screen.Flow
	for _, at := range []uint16{0, 1, 2, 17, 100, 300, 65535} {
		for _, mask := range []byte{0, 1, 2, 3, 0x20, 0xff} {
			f.Add(at, mask, "")
		}
	}
	for _, tail := range []string{"\n", "\r", "=", "A", "\x00"} {
		f.Add(uint16(0), byte(0), tail)
	}
	f.Fuzz(func(t *testing.T, at uint16, mask byte, tail string) {
		opens := func(text string, b session.Browser) bool {
			screen, err := journeys.Answer(t.Context(), text, b, signin.Answer{Do: "show"})
			if err != nil && !fault.Has(err, fault.OtherBrowser) && !fault.Has(err, fault.PageExpired) {
				t.Errorf("%q: %v, %s", text, err, screen.Step)
			}
			return err == nil
		}
		changed := []byte(good)
		changed[int(at)%len(changed)] ^= mask
		text := string(changed) + tail
		if opens(text, mine) != (text == good) {
			t.Errorf("%q of %q", text, good)
		}
		if opens(text, other) || opens(tail, mine) {
			t.Errorf("%q or %q opens for another browser, or by itself", text, tail)
		}
	})
}
