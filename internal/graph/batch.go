package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/fault"
)

// maxParts is how many requests one batch holds (identity-platform.md 8.1).
const maxParts = 20

// part is one request of a batch.
type part struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

type partReply struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// batch is POST /$batch: each of its requests passes the gate by itself, with
// the batch's own token. They run one after the other in their order.
func (d *Door) batch(ctx context.Context, c *Call) (Reply, error) {
	var sent struct {
		Requests []part `json:"requests"`
	}
	if err := c.Body(&sent); err != nil {
		return Reply{}, err
	}
	if err := checkParts(sent.Requests); err != nil {
		return Reply{}, err
	}
	replies := make([]partReply, 0, len(sent.Requests))
	for _, p := range sent.Requests {
		if failed := firstFailed(p.DependsOn, replies); failed != "" {
			body, err := json.Marshal(errorBody{errorDetail{"FailedDependency", "The request " + failed + " that this one depends on has failed.",
				innerError{d.Source.Now().Format("2006-01-02T15:04:05"), c.requestID, c.clientRequestID}}})
			if err != nil {
				return Reply{}, err
			}
			replies = append(replies, partReply{ID: p.ID, Status: http.StatusFailedDependency, Headers: map[string]string{"Content-Type": "application/json"}, Body: body})
			continue
		}
		reply, err := d.part(ctx, c, p)
		if err != nil {
			return Reply{}, err
		}
		replies = append(replies, reply)
	}
	return OK(map[string]any{"responses": replies}), nil
}

// checkParts refuses a batch that cannot be understood as a whole.
func checkParts(parts []part) error {
	refuse := func(parameter, rule string) error {
		return fault.New(fault.RequestMalformed, "parameter", parameter, "rule", rule)
	}
	if len(parts) < 1 || len(parts) > maxParts {
		return refuse("requests", "1 to 20 requests")
	}
	var seen []string
	for _, p := range parts {
		switch {
		case p.ID == "" || len(p.ID) > 100 || slices.Contains(seen, p.ID):
			return refuse("id", "an id for each request, once")
		case !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete}, strings.ToUpper(p.Method)):
			return refuse("method", "GET, POST, PATCH, PUT or DELETE")
		case p.URL == "" || len(p.URL) > maxTarget:
			return refuse("url", "an address below the version, at most 8192 bytes")
		}
		for _, on := range p.DependsOn {
			if !slices.Contains(seen, on) {
				return refuse("dependsOn", "ids of requests that stand before")
			}
		}
		seen = append(seen, p.ID)
	}
	return nil
}

// maxTarget bounds the address of one request of a batch, in bytes.
const maxTarget = 8 << 10

func firstFailed(on []string, replies []partReply) string {
	for _, r := range replies {
		if slices.Contains(on, r.ID) && r.Status >= http.StatusBadRequest {
			return r.ID
		}
	}
	return ""
}

// part runs one request of a batch.
func (d *Door) part(ctx context.Context, c *Call, p part) (partReply, error) {
	target, err := url.Parse("/" + c.version + "/" + strings.TrimPrefix(p.URL, "/"))
	if err != nil || target.Host != "" {
		return partReply{}, fault.New(fault.RequestMalformed, "parameter", "url", "rule", "an address below the version")
	}
	if inner, err := segments(target.Path); err != nil || len(inner) > 1 && strings.EqualFold(inner[1], "$batch") {
		return partReply{}, fault.New(fault.RequestMalformed, "parameter", "url", "rule", "no batch within a batch")
	}
	r, err := http.NewRequestWithContext(ctx, strings.ToUpper(p.Method), target.String(), bytes.NewReader(p.Body))
	if err != nil {
		return partReply{}, fault.New(fault.RequestMalformed, "parameter", "url", "rule", "an address below the version").Because(err)
	}
	for name, value := range p.Headers {
		r.Header.Set(name, value)
	}
	// Whoever sends a batch acts as one: no part has a token of its own.
	r.Header["Authorization"] = c.r.Header["Authorization"]
	kept := &keeper{header: http.Header{}}
	d.ServeHTTP(kept, r)
	reply := partReply{ID: p.ID, Status: kept.status, Headers: map[string]string{}}
	for _, name := range []string{"Content-Type", "Location", "Retry-After", "request-id", "X-Entente-Reference"} {
		if value := kept.header.Get(name); value != "" {
			reply.Headers[name] = value
		}
	}
	if kept.body.Len() > 0 {
		reply.Body = kept.body.Bytes()
	}
	return reply, nil
}

// keeper takes the answer of one request of a batch.
type keeper struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *keeper) Header() http.Header            { return k.header }
func (k *keeper) WriteHeader(status int)         { k.status = status }
func (k *keeper) Write(text []byte) (int, error) { return k.body.Write(text) }
