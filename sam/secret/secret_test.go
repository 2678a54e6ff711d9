package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/entente-id/entente/sam/secret"
)

const canary = "canary-9f2c-refresh-token"

type around struct {
	Shown  secret.Text
	hidden secret.Text
}

func TestATextDoesNotShowItselfHoweverItIsPrinted(t *testing.T) {
	text := secret.New(canary)
	inside := around{Shown: text, hidden: text}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+"\n", text)
		fmt.Fprintf(&out, verb+"\n", inside)
		fmt.Fprintf(&out, verb+"\n", &inside)
	}
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(handler).Info("record", "text", text, "inside", inside)
	}
	encoded, err := json.Marshal(inside)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)

	if strings.Contains(out.String(), canary) || strings.Contains(out.String(), fmt.Sprintf("%x", canary)) {
		t.Fatalf("the text showed itself:\n%s", out.String())
	}
	if !strings.Contains(out.String(), "[sealed]") {
		t.Fatal("nothing was printed at all")
	}
}

func TestRevealGivesBackWhatWasSealed(t *testing.T) {
	if got := secret.New(canary).Reveal(); got != canary {
		t.Errorf("Reveal = %q", got)
	}
	if !secret.New("").Empty() || secret.New(canary).Empty() {
		t.Error("Empty is wrong")
	}
	if !secret.New(canary).Equal(secret.New(canary)) || secret.New(canary).Equal(secret.New("other")) {
		t.Error("Equal is wrong")
	}
}
