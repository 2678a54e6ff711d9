package ententetest_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/sam/vault"
)

var errCut = errors.New("the connection was cut")

// lossy is a network between broker and authority. It acts on refreshes alone.
type lossy struct {
	next http.RoundTripper
	// cutAt cuts the body of the next answers after so many bytes, as often as
	// cuts says; -1 loses the whole answer.
	cutAt, cuts atomic.Int64
	// repeats delivers each request so many times more before its own answer.
	repeats atomic.Int64
	// length is the body of the last whole answer.
	length atomic.Int64
}

func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/token") {
		return l.next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	for range l.repeats.Load() {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		response, err := l.next.RoundTrip(again)
		if err != nil {
			return nil, err
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	response, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	whole, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	l.length.Store(int64(len(whole)))
	response.Body = io.NopCloser(bytes.NewReader(whole))
	if l.cuts.Add(-1) < 0 {
		return response, nil
	}
	at := l.cutAt.Load()
	if at < 0 {
		return nil, errCut
	}
	response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(whole[:min(at, int64(len(whole))-1)]), failing{}))
	return response, nil
}

// failing is what is read from a connection that was cut.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errCut }

// TestALostOrRepeatedAnswerMakesNoSecondSuccessor cuts answers at many places,
// loses them for so long that the broker gives up, and delivers requests
// several times, also half a minute later (faults F5 to F7).
func TestALostOrRepeatedAnswerMakesNoSecondSuccessor(t *testing.T) {
	clock := &strides{}
	w := ententetest.StartWith(t, ententetest.Options{Now: clock.Now})
	s := newSurvivor(t, clock, w.Origin, w.Client().Transport)
	network := &lossy{next: s.witness}
	s.client = &http.Client{Transport: network}
	s.consent(w.Visitor(ententetest.Ada))
	ask := func(what string) {
		t.Helper()
		if err := s.token(nil, "adatum.example"); err != nil {
			t.Fatalf("locked out after %s: %v", what, err)
		}
		if state := s.state(); state != vault.Healthy {
			t.Fatalf("after %s the record is %s", what, state)
		}
	}
	ask("nothing")
	// Cut once: the broker tries again by itself, with the same key.
	for at := int64(-1); at < network.length.Load(); at += 97 {
		network.cutAt.Store(at)
		network.cuts.Store(1)
		ask("a cut")
	}
	// Cut until the broker gives up; a new one goes on, at once or days later.
	for i, at := range []int64{-1, 0, 1, 500, 1 << 20} {
		network.cutAt.Store(at)
		network.cuts.Store(100)
		if err := s.token(nil, "adatum.example"); err == nil {
			t.Error("a token came through a network that lets nothing through")
		}
		network.cuts.Store(0)
		clock.ahead.Add(int64(time.Duration(i*i) * 5 * 24 * time.Hour))
		ask("a dead network")
	}
	// Delivered again, before the answer and half a minute after it.
	network.repeats.Store(4)
	for range 5 {
		ask("a repetition")
		clock.ahead.Add(int64(30 * time.Second))
	}
	network.repeats.Store(0)
	ask("everything")
	if s.witness.forks > 0 {
		t.Errorf("%d generations had two successors", s.witness.forks)
	}
	t.Logf("%d generations", len(s.witness.successors))
	events, err := w.Inside().DB.Events(t.Context(), devworld.Northwind, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if strings.HasPrefix(e.Verb, "refresh.") {
			t.Errorf("a false alarm: %+v", e)
		}
	}
}
