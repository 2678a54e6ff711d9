package fresh_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/fresh"
)

func TestAValueIsReadAgainWhenItIsOldOrForgotten(t *testing.T) {
	now := time.Unix(0, 0)
	loads := 0
	c := fresh.New[int](func() time.Time { return now }, time.Second, 10)
	get := func() int {
		v, err := c.Get(context.Background(), "k", func(context.Context) (int, error) { loads++; return loads, nil })
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	get()
	if got := get(); got != 1 {
		t.Errorf("a fresh value was read again: %d", got)
	}
	now = now.Add(time.Second)
	if got := get(); got != 2 {
		t.Errorf("a value of full age was kept: %d", got)
	}
	c.Forget()
	if got := get(); got != 3 {
		t.Errorf("a forgotten value was kept: %d", got)
	}
}

func TestAFailureIsNotKept(t *testing.T) {
	c := fresh.New[int](time.Now, time.Hour, 10)
	bad := errors.New("no")
	if _, err := c.Get(context.Background(), "k", func(context.Context) (int, error) { return 0, bad }); !errors.Is(err, bad) {
		t.Fatalf("error = %v", err)
	}
	if v, err := c.Get(context.Background(), "k", func(context.Context) (int, error) { return 7, nil }); v != 7 || err != nil {
		t.Errorf("after a failure: %d, %v", v, err)
	}
}

func TestALoadThatBeganBeforeAChangeIsNotKept(t *testing.T) {
	c := fresh.New[int](time.Now, time.Hour, 10)
	_, _ = c.Get(context.Background(), "k", func(context.Context) (int, error) { c.Forget(); return 1, nil })
	if v, _ := c.Get(context.Background(), "k", func(context.Context) (int, error) { return 2, nil }); v != 2 {
		t.Errorf("the value from before the change was kept: %d", v)
	}
}

// TestWhoAsksAfterAChangeDoesNotGetALoadFromBeforeIt lets one load hang across
// a change: who asks after the change must not join it.
func TestWhoAsksAfterAChangeDoesNotGetALoadFromBeforeIt(t *testing.T) {
	c := fresh.New[int](time.Now, time.Hour, 10)
	loading, release, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = c.Get(context.Background(), "k", func(context.Context) (int, error) {
			close(loading)
			<-release
			return 1, nil
		})
	}()
	<-loading
	c.Forget()
	after := make(chan int)
	go func() {
		v, _ := c.Get(context.Background(), "k", func(context.Context) (int, error) { return 2, nil })
		after <- v
	}()
	select {
	case v := <-after:
		if v != 2 {
			t.Errorf("who asked after the change got %d", v)
		}
		close(release)
	case <-time.After(10 * time.Second):
		t.Error("who asked after the change waits for a load from before it")
		close(release)
		<-after
	}
	<-ended
	if v, _ := c.Get(context.Background(), "k", func(context.Context) (int, error) { return 3, nil }); v != 2 {
		t.Errorf("the value from before the change was kept: %d", v)
	}
}
