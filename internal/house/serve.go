package house

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of a connection, so that a slow or endless client holds nothing.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	// drain is how long requests under way may take to end.
	drain = 10 * time.Second
	// carryEvery is how often what waits is looked at without a nudge: another
	// node may have put something there and ended.
	carryEvery = 30 * time.Second
	// tendEvery is how often the house looks after what is due.
	tendEvery = 10 * time.Minute
)

// Serve answers on a listener until the context ends, then lets requests under
// way finish.
func (h *House) Serve(ctx context.Context, l net.Listener, certificate tls.Certificate) error {
	server := &http.Server{
		Handler:           h.Handler(),
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}},
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(h.Log.Handler(), slog.LevelDebug),
	}
	tending, stop := context.WithCancel(ctx)
	defer stop()
	go h.tend(tending)
	go h.whenNudged(tending, "deliver messages", h.Outbox.Nudged(), h.Deliver)
	go h.whenNudged(tending, "tell applications of sign-outs", h.Presences.Nudged(), h.TellApps)
	go breathe(tending)
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(l, "", "") }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := server.Shutdown(closing)
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		return served
	}
	return err
}

func (h *House) tend(ctx context.Context) {
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := h.Tend(ctx); err != nil {
				h.Log.ErrorContext(ctx, "tend", "error", err)
			}
		}
	}
}

// whenNudged does something as it comes.
func (h *House) whenNudged(ctx context.Context, what string, nudged <-chan struct{}, do func(context.Context) error) {
	ticker := time.NewTicker(carryEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-nudged:
		}
		if err := do(ctx); err != nil && ctx.Err() == nil {
			h.Log.ErrorContext(ctx, what, "error", err)
		}
	}
}

// Operations answers the probes of an operator, on a listener of its own.
func (h *House) Operations() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := h.DB.Ready(r.Context()); err != nil {
			http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
	return mux
}
