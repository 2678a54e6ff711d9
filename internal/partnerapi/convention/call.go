// Package convention is what all scenarios of the Partner Center REST protocol
// have in common: the request on its way, bodies, links, pages, filters and
// enums (secure-application-model.md 6).
package convention

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Call is one request on its way through the gate.
type Call struct {
	w http.ResponseWriter
	r *http.Request

	// RequestID and CorrelationID are the client's own where it sent GUIDs.
	RequestID, CorrelationID string
	// Chosen is true where the client chose the RequestID: then it is the key
	// under which a repeated deed is found again.
	Chosen bool
	// Caller is who calls; Known is false until the token is proved.
	Caller audit.Caller
	Known  bool
	// Segments are the variable parts of the path, by name.
	Segments map[string]string
	// Passed are the checks that this call has behind it.
	Passed []string
	// Status is the status of a good answer; 0 means 200.
	Status int

	body []byte
	read bool
	fail error
}

// Request gives what the client sent.
func (c *Call) Request() *http.Request { return c.r }

// Say sets a header in the letter case of the documents: names do not care,
// but some clients' look-ups do.
func (c *Call) Say(header, value string) { c.w.Header()[header] = []string{value} }

// Header gives the headers of the answer.
func (c *Call) Header() http.Header { return c.w.Header() }

// Made marks the answer as a new thing at an address below /v1.
func (c *Call) Made(uri string) {
	c.Status = http.StatusCreated
	if uri != "" {
		c.Say("Location", "/v1"+uri)
	}
}

// Empty marks the answer as one without a body.
func (c *Call) Empty(status int) (any, error) {
	c.Status = status
	return nil, nil
}

// Customer gives the customer that the path names. It fails with
// CustomerIDMalformed.
func (c *Call) Customer() (id.Tenant, error) {
	sent := c.Segments["customer"]
	if !id.IsGUID(sent) {
		return "", fault.New(fault.CustomerIDMalformed)
	}
	return id.Tenant(strings.ToLower(sent)), nil
}

// Segment gives a variable part of the path that must be a GUID, in lower
// case. It fails with ObjectUnknown: what is no id names nothing.
func (c *Call) Segment(name string) (string, error) {
	sent := c.Segments[name]
	if !id.IsGUID(sent) {
		return "", fault.New(fault.ObjectUnknown, "parameter", name, "rule", "a GUID")
	}
	return strings.ToLower(sent), nil
}

// Query gives a parameter by name, in any letter case.
func (c *Call) Query(name string) string {
	for key, values := range c.r.URL.Query() {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// MaxBody bounds a request body, in bytes.
const MaxBody = 64 << 10

// maxDepth bounds how deep a body is nested: nothing documented is deeper than
// half of it.
const maxDepth = 16

// Body gives the whole request body, once read for all who ask.
func (c *Call) Body() ([]byte, error) {
	if !c.read {
		c.read = true
		c.body, c.fail = c.take()
	}
	return c.body, c.fail
}

func (c *Call) take() ([]byte, error) {
	if encoding := c.r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, fault.New(fault.EncodingUnsupported, "parameter", "Content-Encoding", "rule", "an uncompressed body")
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, fault.New(fault.BodyTooLarge, "rule", "at most "+strconv.Itoa(MaxBody)+" bytes")
	}
	if err != nil {
		return nil, fault.New(fault.RequestMalformed, "rule", "a body of the announced length").Because(err)
	}
	return text, nil
}

// Read decodes the request body. Members may be in any letter case, as the
// .NET client writes them, and unknown ones are ignored.
func (c *Call) Read(into any) error {
	if sent := c.r.Header.Get("Content-Type"); sent != "" {
		if kind, _, err := mime.ParseMediaType(sent); err != nil || kind != "application/json" && kind != "text/json" {
			return fault.New(fault.EncodingUnsupported, "parameter", "Content-Type", "rule", "application/json")
		}
	}
	text, err := c.Body()
	if err != nil {
		return err
	}
	return Decode(text, into)
}

// Decode reads one JSON object. It fails with RequestMalformed, which names
// the member of a wrong type.
func Decode(text []byte, into any) error {
	if deep(text) {
		return fault.New(fault.RequestMalformed, "rule", "a JSON object nested at most "+strconv.Itoa(maxDepth)+" deep")
	}
	err := json.Unmarshal(text, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return fault.New(fault.RequestMalformed, "parameter", wrong.Field, "rule", "another type than "+wrong.Value).Because(err)
	}
	var f *fault.Fault
	if errors.As(err, &f) {
		return f
	}
	if err != nil || bytes.Equal(bytes.TrimSpace(text), []byte("null")) {
		return fault.New(fault.RequestMalformed, "rule", "a JSON object with members of the documented types").Because(err)
	}
	return nil
}

// deep looks at brackets alone, before anything is built from the text.
func deep(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	return false
}

// IfMatch reads the ETag that a change builds on: from If-Match, where it
// stands in double quotes, or else from the body. Empty means any.
func (c *Call) IfMatch(inBody string) (string, error) {
	sent := strings.TrimSpace(c.r.Header.Get("If-Match"))
	switch {
	case sent == "":
		return inBody, nil
	case sent == "*":
		return "", nil
	case len(sent) > 2 && sent[0] == '"' && sent[len(sent)-1] == '"' && !strings.Contains(sent[1:len(sent)-1], `"`):
		return sent[1 : len(sent)-1], nil
	}
	return "", fault.New(fault.HeaderInvalid, "parameter", "If-Match", "rule", "one ETag in double quotes")
}

// Write sends a body. Nothing of it has left when it fails.
func (c *Call) Write(status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	c.Send(status, text)
	return nil
}

// Send sends a body that is JSON already; none where it is nil.
func (c *Call) Send(status int, text []byte) {
	h := c.w.Header()
	if text != nil {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(text)))
	}
	c.w.WriteHeader(status)
	// A client that went away is no failure of ours.
	_, _ = c.w.Write(text)
}

// Bearer gives the access token as it was sent; the gate has proved it.
func (c *Call) Bearer() string {
	_, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token)
}
