package sam

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"time"

	"github.com/entente-id/entente/sam/vault"
)

// Browser is how InBrowser reaches the person.
type Browser struct {
	// Port is the loopback port for the answer; 0 picks a free one. An application
	// registers http://localhost and is then answered on any port.
	Port int
	// Show is told the address first, so that the person can open it by hand.
	Show func(address string)
	// Open opens the address in a browser; nil leaves it to the person.
	Open func(address string) error
	// Done is what the page in the browser says when all went well; empty means
	// that the consent is stored.
	Done string
}

// InBrowser runs a whole consent: it begins it, waits on a loopback address for
// the person to come back (RFC 8252 §7.3), finishes it, and tells the person in
// the browser how it ended. It waits as long as ctx allows.
func (c Consent) InBrowser(ctx context.Context, browser Browser) (vault.Record, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", browser.Port))
	if err != nil {
		return vault.Record{}, fmt.Errorf("listen for the answer of the browser: %w", err)
	}
	host := fmt.Sprintf("localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	address, pending, err := c.Begin(ctx, "http://"+host+"/")
	if err != nil {
		listener.Close()
		return vault.Record{}, err
	}

	ended := make(chan ending, 1)
	server := &http.Server{Handler: answers(ctx, host, pending, browser.Done, ended), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	defer func() {
		// Let the page with the result reach the browser before the door closes.
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if server.Shutdown(closing) != nil {
			server.Close()
		}
	}()

	if browser.Show != nil {
		browser.Show(address)
	}
	if browser.Open != nil {
		// A browser that does not open is no failure: the address was shown.
		_ = browser.Open(address)
	}
	select {
	case end := <-ended:
		return end.record, end.err
	case err := <-stopped:
		return vault.Record{}, fmt.Errorf("listen for the answer of the browser: %w", err)
	case <-ctx.Done():
		return vault.Record{}, &Problem{Kind: NeedsPerson, What: "nobody finished the sign-in in the browser", Do: "entente partner consent", cause: ctx.Err()}
	}
}

type ending struct {
	record vault.Record
	err    error
}

// answers serves the redirect address. Whatever does not belong to the sign-in is
// turned away without ending the wait; a request under another host name is
// turned away too, because it comes from a page that points its name at us.
func answers(ctx context.Context, host string, pending *Pending, done string, ended chan<- ending) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		if r.Method != http.MethodGet || r.URL.Path != "/" || r.Host != host {
			http.NotFound(w, r)
			return
		}
		record, err := pending.Finish(ctx, r.URL.Query())
		if errors.Is(err, ErrNotOurs) {
			http.Error(w, "This is not the answer to the sign-in that is under way.", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		// The page is a courtesy: the result goes to the caller either way.
		_ = resultPage.Execute(w, page(record, done, err))
		ended <- ending{record, err}
	})
}

type result struct{ Title, Text, Do, Reference string }

func page(record vault.Record, done string, err error) result {
	if err == nil && done != "" {
		return result{Title: done, Text: "You can close this window."}
	}
	if err == nil {
		return result{Title: "Consent stored", Text: record.SignInName + " lets the application work for your organisation. You can close this window."}
	}
	r := result{Title: "No consent was stored", Text: err.Error()}
	if problem, ok := errors.AsType[*Problem](err); ok {
		r.Do, r.Reference = problem.Do, problem.Reference
	}
	return r
}

var resultPage = template.Must(template.New("result").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Title}}</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}</style>
<main>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
{{with .Do}}<p>Next: {{.}}</p>{{end}}
{{with .Reference}}<p>Reference: {{.}}</p>{{end}}
</main>
</html>
`))
