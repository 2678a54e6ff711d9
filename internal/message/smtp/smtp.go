// Package smtp carries mails to the operator's mail server.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/pages"
	"github.com/wneessen/go-mail"
)

// Settings say where mails go out.
type Settings struct {
	// Server is smtps://HOST[:465], or smtp://HOST[:587] with STARTTLS. The
	// user stands in the address, the password beside it: addresses get printed.
	Server string
	// Password is empty for servers that know us by our address.
	Password string
	// From is the sender, such as "Fabrikam partners <partners@fabrikam.example>".
	From string
	// Roots are the certificate authorities that are trusted; nil means the
	// machine's.
	Roots *x509.CertPool
}

// Carrier posts mails.
type Carrier struct {
	client *mail.Client
	from   string
	domain string
}

// timeout bounds one delivery.
const timeout = 30 * time.Second

// New checks the settings. Nothing is sent in the clear: a server without TLS
// is refused, unless it is on this machine.
func New(s Settings) (*Carrier, error) {
	u, err := url.Parse(s.Server)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, fmt.Errorf("the mail server is smtp://HOST or smtps://HOST")
	}
	if _, set := u.User.Password(); set {
		return nil, errors.New("the password of the mail server does not belong into its address")
	}
	probe := mail.NewMsg()
	if err := probe.From(s.From); err != nil {
		return nil, fmt.Errorf("read the sender's address: %w", err)
	}
	options := []mail.Option{mail.WithTimeout(timeout), mail.WithTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname(), RootCAs: s.Roots})}
	port := 587
	if u.Scheme == "smtps" {
		port = 465
		options = append(options, mail.WithSSL())
	} else {
		policy := mail.TLSMandatory
		if host := u.Hostname(); host == "localhost" || host == "127.0.0.1" || host == "::1" {
			policy = mail.TLSOpportunistic
		}
		options = append(options, mail.WithTLSPolicy(policy))
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, fmt.Errorf("read the port of the mail server: %w", err)
		}
	}
	options = append(options, mail.WithPort(port))
	if user := u.User.Username(); user != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(user), mail.WithPassword(s.Password))
	}
	client, err := mail.NewClient(u.Hostname(), options...)
	if err != nil {
		return nil, fmt.Errorf("set up the mail server: %w", err)
	}
	_, domain, _ := strings.Cut(strings.TrimSuffix(s.From, ">"), "@")
	return &Carrier{client: client, from: s.From, domain: domain}, nil
}

// Post carries one mail. It fails with message.ErrGone when the server refuses
// the addressee for good.
func (c *Carrier) Post(ctx context.Context, m pages.Mail) error {
	letter := mail.NewMsg()
	if err := letter.From(c.from); err != nil {
		return fmt.Errorf("write the sender: %w", err)
	}
	if err := letter.To(m.To); err != nil {
		// An address that no mail program takes will not become one.
		return errors.Join(message.ErrGone, err)
	}
	letter.Subject(m.Subject)
	letter.SetDateWithValue(m.At)
	letter.SetMessageIDWithValue(m.ID + "@" + c.domain)
	// No machine answers it (RFC 3834).
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetGenHeader("Content-Language", m.Lang)
	letter.SetBodyString(mail.TypeTextPlain, m.Text)
	letter.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	if m.Calendar != "" {
		if err := letter.AttachReader("walkthrough.ics", strings.NewReader(m.Calendar), mail.WithFileContentType("text/calendar; charset=utf-8; method=PUBLISH")); err != nil {
			return fmt.Errorf("attach calendar: %w", err)
		}
	}
	err := c.client.DialAndSendWithContext(ctx, letter)
	var refused *mail.SendError
	if errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode() >= 550 {
		return errors.Join(message.ErrGone, err)
	}
	return err
}
