package devworld

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/house"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/signin"
)

// inbox is where mails, texts and codes of the dev world land.
type inbox struct {
	house *house.House
	world *World

	mu    sync.Mutex
	seeds map[string]string
	mails []pages.InboxMessage
}

// maxMails bounds what a long-running world keeps.
const maxMails = 200

func newInbox(h *house.House) *inbox {
	b := &inbox{house: h, seeds: map[string]string{}}
	for _, p := range People() {
		if p.Seed != "" {
			b.seeds[p.SignInName] = p.Seed
		}
	}
	return b
}

// watch learns the seed of an authenticator app that is being set up, so that
// a developer without a phone can read its codes here.
func (b *inbox) watch(s signin.Screen) {
	if s.Step != signin.Enrol {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seeds[account.FoldName(s.Journey.SignInName)] = string(s.Seed)
}

// post takes a mail instead of the world's mail servers.
func (b *inbox) post(_ context.Context, m pages.Mail) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = append(b.mails, pages.InboxMessage{To: m.To, Kind: "mail", Subject: m.Subject, Body: m.Text, HTML: m.HTML, Link: m.Link, At: b.house.Source.Now()})
	if len(b.mails) > maxMails {
		b.mails = slices.Delete(b.mails, 0, len(b.mails)-maxMails)
	}
	return nil
}

// Mails are those that went to an address, newest first. What waits in the
// outbox is delivered before.
func (w *World) Mails(ctx context.Context, to string) ([]pages.InboxMessage, error) {
	if err := w.Deliver(ctx); err != nil {
		return nil, err
	}
	w.inbox.mu.Lock()
	defer w.inbox.mu.Unlock()
	var list []pages.InboxMessage
	for _, m := range slices.Backward(w.inbox.mails) {
		if account.FoldName(m.To) == account.FoldName(to) {
			list = append(list, m)
		}
	}
	return list, nil
}

// ServeHTTP shows the inbox.
func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch name, story := strings.CutPrefix(strings.TrimSuffix(r.URL.Path, "/")+"/", "/dev/scenario/"); {
	case story:
		b.scenarioPage(w, r, strings.TrimSuffix(name, "/"))
		return
	case r.URL.Path == "/dev/loop":
		b.loop(w, r)
		return
	}
	if r.URL.Path != "/dev/inbox" {
		b.house.Pages.RefuseVisit(w, r, fault.New(fault.PageUnknown, "path", r.URL.Path), signin.About{Step: "page"})
		return
	}
	if err := b.house.Deliver(r.Context()); err != nil {
		b.house.Pages.RefuseVisit(w, r, err, signin.About{Step: "page"})
		return
	}
	b.house.Pages.Inbox(w, pages.InboxView{Frame: pages.Frame{Lang: b.house.Pages.Language(r)}, Messages: b.messages()})
}

// messages are the current codes first, then the mails, newest first.
func (b *inbox) messages() []pages.InboxMessage {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.house.Source.Now()
	var list []pages.InboxMessage
	for who, seed := range b.seeds {
		code, err := CodeAt(seed, now)
		if err != nil {
			continue
		}
		left := 30 - now.Unix()%30
		list = append(list, pages.InboxMessage{
			To: who, Kind: "code", Subject: "Authenticator code " + code, At: now.Truncate(30 * time.Second),
			Body: fmt.Sprintf("%s is good for %d more seconds.", code, left),
		})
	}
	slices.SortFunc(list, func(a, c pages.InboxMessage) int { return strings.Compare(a.To, c.To) })
	for _, m := range slices.Backward(b.mails) {
		list = append(list, m)
	}
	return list
}
