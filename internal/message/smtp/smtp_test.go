package smtp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/message/smtp"
	"github.com/entente-id/entente/internal/pages"
)

// server speaks just enough SMTP (RFC 5321) to take one mail, or to refuse
// its addressee.
func server(t *testing.T, refuse string) (address string, got chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	got = make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		say := func(text string) { fmt.Fprintf(conn, "%s\r\n", text) }
		say("220 test")
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); verb {
			case "RCPT":
				if refuse != "" {
					say(refuse)
					continue
				}
				say("250 ok")
			case "DATA":
				say("354 go on")
				var body strings.Builder
				for {
					line, err := in.ReadString('\n')
					if err != nil || line == ".\r\n" {
						break
					}
					body.WriteString(line)
				}
				got <- body.String()
				say("250 kept")
			case "QUIT":
				say("221 bye")
				return
			default:
				say("250 ok")
			}
		}
	}()
	return "smtp://" + listener.Addr().String(), got
}

var letter = pages.Mail{
	ID: "b1d5c9a2-8f6e-4c3b-a7d4-5e6f7a8b9c0d", To: "mari@contoso.example", Subject: "Olet mukana: Portaali", Text: "Hyvää päivää\n", HTML: "<p>Hyvää päivää</p>",
	Lang: "fi", At: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Calendar: "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
}

func TestAMailArrivesWholeWithItsHeaders(t *testing.T) {
	address, got := server(t, "")
	c, err := smtp.New(smtp.Settings{Server: address, From: "Fabrikam <partners@fabrikam.example>"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Post(context.Background(), letter); err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(<-got))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"To": "<mari@contoso.example>", "From": `"Fabrikam" <partners@fabrikam.example>`, "Subject": "Olet mukana: Portaali", "Auto-Submitted": "auto-generated",
		"Content-Language": "fi", "Message-Id": "<b1d5c9a2-8f6e-4c3b-a7d4-5e6f7a8b9c0d@fabrikam.example>",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if kind := m.Header.Get("Content-Type"); !strings.HasPrefix(kind, "multipart/") {
		t.Errorf("content type %s", kind)
	}
}

func TestAnAddresseeWhoDoesNotExistIsNotTriedAgain(t *testing.T) {
	for answer, gone := range map[string]bool{"550 5.1.1 no such user": true, "451 4.7.1 come again": false} {
		address, _ := server(t, answer)
		c, err := smtp.New(smtp.Settings{Server: address, From: "partners@fabrikam.example"})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Post(context.Background(), letter); err == nil || errors.Is(err, message.ErrGone) != gone {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

func TestSettingsThatWouldSendInTheClearOrShowAPasswordAreRefused(t *testing.T) {
	for server, from := range map[string]string{
		"http://mail.example": "a@b.example", "smtp://": "a@b.example", "smtp://user:secret@mail.example": "a@b.example",
		"smtp://mail.example": "nobody", "smtp://mail.example:x": "a@b.example",
	} {
		if _, err := smtp.New(smtp.Settings{Server: server, From: from}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s, %s: %v", server, from, err)
		}
	}
}
