package ententetest_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/credential"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/id"
)

// TestAChangeOfMyAccountIsThereWithItsLetterAndItsRecordOrNotAtAll ends the
// server's store after one more commit each time, until the change is made:
// what was to be written after it never is.
func TestAChangeOfMyAccountIsThereWithItsLetterAndItsRecordOrNotAtAll(t *testing.T) {
	var typed string
	for name, c := range map[string]struct {
		path, verb, letter string
		// ready brings the visitor to the form; do submits it.
		ready func(*testing.T, *ententetest.World, *devworld.Visitor)
		do    func(*devworld.Visitor) error
		made  func(account.Account, credential.Ways) bool
	}{
		"a password": {
			path: "/account/password", verb: "password.change", letter: "was changed",
			do: func(v *devworld.Visitor) error {
				return v.Submit(t.Context(), "do=save", url.Values{"old": {devworld.Password}, "password": {"seven wet dogs on a roof"}})
			},
			made: func(a account.Account, _ credential.Ways) bool { return !a.SessionsFrom.IsZero() },
		},
		"an authenticator": {
			path: "/account/authenticator", verb: "factor.add", letter: "was added",
			do: func(v *devworld.Visitor) error {
				seed := regexp.MustCompile(`secret=([A-Z2-7]+)`).FindStringSubmatch(v.Page.Body)
				return v.Submit(t.Context(), "do=next", url.Values{"code": {code(t, seed[1], time.Now())}})
			},
			made: func(_ account.Account, w credential.Ways) bool { return w.App },
		},
		"a sign-in name": {
			path: "/account/sign-in-name", verb: "account.rename", letter: "kaisa.k@letters.example",
			ready: func(t *testing.T, w *ententetest.World, v *devworld.Visitor) {
				submit(t, v, "do=send", url.Values{"address": {"kaisa.k@letters.example"}})
				typed = sixDigits.FindString(mailsTo(t, w, "kaisa.k@letters.example"))
			},
			do: func(v *devworld.Visitor) error {
				return v.Submit(t.Context(), "do=check", url.Values{"code": {typed}})
			},
			made: func(a account.Account, _ credential.Ways) bool { return a.SignInName != devworld.Private },
		},
		"a profile": {
			path: "/account", verb: "account.change-own",
			do: func(v *devworld.Visitor) error {
				return v.Submit(t.Context(), "do=save", url.Values{"name": {"Kaisa K."}, "language": {"sv"}})
			},
			made: func(a account.Account, _ credential.Ways) bool { return a.Name == "Kaisa K." && a.Language == "sv" },
		},
		"the end of all sessions": {
			path: "/account/devices", verb: "account.end-sessions",
			do:   func(v *devworld.Visitor) error { return v.Submit(t.Context(), "do=end", nil) },
			made: func(a account.Account, _ credential.Ways) bool { return !a.SessionsFrom.IsZero() },
		},
	} {
		t.Run(name, func(t *testing.T) {
			var left atomic.Int64
			const endless = 1 << 40
			left.Store(endless)
			w := ententetest.StartWith(t, ententetest.Options{Failpoint: func(step string) error {
				if step == "before commit" && left.Add(-1) < 0 {
					return errors.New("the server has ended")
				}
				return nil
			}})
			in, ctx := w.Inside(), t.Context()
			kaisa, err := in.People.Named(ctx, id.Consumers, devworld.Private)
			if err != nil {
				t.Fatal(err)
			}
			for commits := int64(0); ; commits++ {
				v := w.Visitor(devworld.Private)
				enter(t, w, v, c.path)
				if c.ready != nil {
					c.ready(t, w, v)
				}
				left.Store(commits)
				err := c.do(v)
				left.Store(endless)
				if err != nil {
					t.Fatal(err)
				}
				now, err := in.People.Find(ctx, id.Consumers, kaisa.ID)
				if err != nil {
					t.Fatal(err)
				}
				ways, err := in.Safe.Ways(ctx, credential.Owner{Tenant: id.Consumers, Account: kaisa.ID})
				if err != nil {
					t.Fatal(err)
				}
				events, err := in.DB.Events(ctx, id.Consumers, 100)
				if err != nil {
					t.Fatal(err)
				}
				recorded := false
				for _, e := range events {
					recorded = recorded || e.Verb == c.verb && e.Account == kaisa.ID && e.Object == string(kaisa.ID)
				}
				made := c.made(now, ways)
				told := c.letter != "" && strings.Contains(mailsTo(t, w, devworld.Private), c.letter)
				if recorded != made || told != (made && c.letter != "") {
					t.Fatalf("ended after %d commits: made %t, told %t, recorded %t", commits, made, told, recorded)
				}
				if made {
					return
				}
				if commits > 8 {
					t.Fatal("it is never made")
				}
			}
		})
	}
}
