package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/internal/house"
	"github.com/entente-id/entente/internal/message/smtp"
	"github.com/entente-id/entente/internal/pages"
)

// serveOptions are the flags of "entente serve".
type serveOptions struct {
	origin, listen, operations, store, masterKeyFile, certFile, keyFile, supportMail, mailServer, mailFrom string
}

func serveCommand() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run an authority",
		Long: `Answers every surface on one https address. Any number of processes may serve
over one PostgreSQL with the same master key. An empty store gets its schema and
signing keys at the first start; "entente apply" makes its first organisations.`,
		Example: `  entente serve --origin https://login.fabrikam.example --store sqlite:/var/lib/entente/entente.db \
    --master-key-file /etc/entente/master.key --tls-certificate tls.pem --tls-key tls.key`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return runServe(cmd, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.origin, "origin", "", "external https address, without a path")
	f.StringVar(&o.listen, "listen", ":443", "HOST:PORT to listen on")
	f.StringVar(&o.operations, "operations", "", "HOST:PORT for /healthz and /readyz; empty for none")
	f.StringVar(&o.store, "store", "", `"sqlite:PATH"; or put a PostgreSQL address in $ENTENTE_STORE`)
	f.StringVar(&o.masterKeyFile, "master-key-file", "", "file with at least 32 bytes, kept apart from the store")
	f.StringVar(&o.certFile, "tls-certificate", "", "PEM file with the certificate chain")
	f.StringVar(&o.keyFile, "tls-key", "", "PEM file with the private key")
	f.StringVar(&o.supportMail, "support-mail", "", "address that pages offer to write to")
	f.StringVar(&o.mailServer, "mail-server", "", "smtps://USER@HOST or smtp://USER@HOST; its password in $ENTENTE_MAIL_PASSWORD")
	f.StringVar(&o.mailFrom, "mail-from", "", "sender of mails, such as \"Fabrikam partners <partners@fabrikam.example>\"")
	return cmd
}

func runServe(cmd *cobra.Command, o serveOptions) error {
	if o.store == "" {
		// A DSN carries a password, which must not stand in a flag.
		o.store = os.Getenv("ENTENTE_STORE")
	}
	for _, needed := range [][2]string{
		{"--origin", o.origin}, {"--store", o.store}, {"--master-key-file", o.masterKeyFile}, {"--tls-certificate", o.certFile}, {"--tls-key", o.keyFile},
	} {
		if needed[1] == "" {
			return misuse("entente serve --help", "%s is missing", needed[0])
		}
	}
	if !strings.HasPrefix(o.origin, "https://") {
		return misuse("--origin https://HOST", "the origin must begin with https://")
	}
	master, err := os.ReadFile(o.masterKeyFile)
	if err != nil {
		return misuse("--master-key-file FILE", "the master key cannot be read: %v", err)
	}
	certificate, err := tls.LoadX509KeyPair(o.certFile, o.keyFile)
	if err != nil {
		return misuse("--tls-certificate FILE --tls-key FILE", "the certificate cannot be used: %v", err)
	}
	log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
	post, err := o.carrier(log)
	if err != nil {
		return err
	}
	h, err := house.Open(cmd.Context(), house.Config{
		Post: post, Origin: strings.TrimSuffix(o.origin, "/"), Store: o.store, MasterKey: master, Log: log, Source: house.System(), SupportMail: o.supportMail,
	})
	if err != nil {
		return err
	}
	defer h.Close()
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return &failure{code: exitConflict, what: "cannot listen on " + o.listen, do: "choose another --listen", cause: err}
	}
	if o.operations != "" {
		probes := &http.Server{Addr: o.operations, Handler: h.Operations(), ReadHeaderTimeout: 5 * time.Second}
		defer probes.Close()
		go func() {
			if err := probes.ListenAndServe(); err != nil && err != http.ErrServerClosed {
				log.Error("operations listener", "error", err)
			}
		}()
	}
	log.Info("ready", "origin", o.origin, "listen", listener.Addr().String())
	return h.Serve(cmd.Context(), listener, certificate)
}

// carrier is how mails go out; nil keeps them waiting.
func (o serveOptions) carrier(log *slog.Logger) (func(context.Context, pages.Mail) error, error) {
	if o.mailServer == "" {
		log.Warn("no mail server: invitations, codes and notices wait in the outbox until they expire", "flag", "--mail-server")
		return nil, nil
	}
	c, err := smtp.New(smtp.Settings{Server: o.mailServer, Password: os.Getenv("ENTENTE_MAIL_PASSWORD"), From: o.mailFrom})
	if err != nil {
		return nil, misuse("entente serve --mail-server smtps://USER@HOST --mail-from ADDRESS", "%s", err.Error())
	}
	return c.Post, nil
}
