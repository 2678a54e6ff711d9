package message_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/seal"
	"github.com/entente-id/entente/internal/sqlstore"
	"github.com/entente-id/entente/internal/sqlstore/storetest"
)

// newOutbox opens the room over a real store, with a clock to move.
func newOutbox(t *testing.T) (box *message.Outbox, now *time.Time, file string) {
	t.Helper()
	file = storetest.File(t)
	db, err := sqlstore.Open(t.Context(), "sqlite:"+file, sqlstore.Options{Forgetful: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	custody, err := seal.NewCustody(make([]byte, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	now = &at
	box, err = message.NewOutbox(db, id.Source{Now: func() time.Time { return at }, Random: rand.Reader}, custody, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return box, now, file
}

// carried collects what is delivered; fail decides about each.
func carried(t *testing.T, box *message.Outbox, fail func(message.Message) error) []message.Message {
	t.Helper()
	var list []message.Message
	err := box.Deliver(t.Context(), func(_ context.Context, m message.Message) error {
		list = append(list, m)
		return fail(m)
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func taken(message.Message) error { return nil }

func TestAMessageIsDeliveredOnceAndWhole(t *testing.T) {
	box, _, _ := newOutbox(t)
	sent := message.Message{Kind: message.Code, To: "anna@contoso.example", Language: "fi", Facts: map[string]string{"code": "123456"}, Lines: []string{"a", "b"}, Path: "/x"}
	if err := box.Send(t.Context(), sent); err != nil {
		t.Fatal(err)
	}
	select {
	case <-box.Nudged():
	default:
		t.Error("nobody was told that something waits")
	}
	list := carried(t, box, taken)
	if len(list) != 1 || list[0].ID == "" || list[0].Facts["code"] != "123456" || list[0].To != sent.To || len(list[0].Lines) != 2 {
		t.Fatalf("%+v", list)
	}
	if again := carried(t, box, taken); len(again) != 0 {
		t.Errorf("delivered again: %+v", again)
	}
}

func TestAMailServerThatIsDownIsTriedAgainLaterAndLater(t *testing.T) {
	box, now, _ := newOutbox(t)
	if err := box.Send(t.Context(), message.Message{Kind: message.Code, To: "anna@contoso.example"}); err != nil {
		t.Fatal(err)
	}
	down := func(message.Message) error { return errors.New("down") }
	for _, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		if got := carried(t, box, down); len(got) != 1 {
			t.Fatalf("%d tries", len(got))
		}
		*now = now.Add(wait - time.Second)
		if got := carried(t, box, down); len(got) != 0 {
			t.Fatalf("tried again before %s", wait)
		}
		*now = now.Add(time.Second)
	}
	if got := carried(t, box, taken); len(got) != 1 {
		t.Error("it was given up")
	}
}

func TestAnAddresseeWhoDoesNotExistIsGivenUp(t *testing.T) {
	box, now, _ := newOutbox(t)
	if err := box.Send(t.Context(), message.Message{Kind: message.Code, To: "nobody@contoso.example"}); err != nil {
		t.Fatal(err)
	}
	carried(t, box, func(message.Message) error { return errors.Join(message.ErrGone, errors.New("550")) })
	*now = now.Add(24 * time.Hour)
	if got := carried(t, box, taken); len(got) != 0 {
		t.Error("it is tried again")
	}
}

func TestWhatIsOverIsNotDelivered(t *testing.T) {
	box, now, _ := newOutbox(t)
	if err := box.Send(t.Context(), message.Message{Kind: message.Code, To: "anna@contoso.example", Expires: now.Add(15 * time.Minute)}); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(time.Hour)
	if got := carried(t, box, taken); len(got) != 0 {
		t.Error("a code that has expired was sent")
	}
}

func TestMessagesRestSealed(t *testing.T) {
	box, _, file := newOutbox(t)
	if err := box.Send(t.Context(), message.Message{Kind: message.Code, To: "anna-the-reader@contoso.example", Facts: map[string]string{"code": "8675309-code"}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, file + "-wal"} {
		rows, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if bytes.Contains(rows, []byte("8675309-code")) || bytes.Contains(rows, []byte("anna-the-reader")) {
			t.Errorf("%s holds a message in the clear", filepath.Base(name))
		}
	}
}
