package partnerapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
)

// link is an address that a client can follow; relative to /v1.
type link struct {
	URI     string   `json:"uri"`
	Method  string   `json:"method"`
	Headers []header `json:"headers"`
}

type header struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type links struct {
	Self     *link `json:"self,omitempty"`
	Next     *link `json:"next,omitempty"`
	Previous *link `json:"previous,omitempty"`
}

type attributes struct {
	ETag       string `json:"etag,omitempty"`
	ObjectType string `json:"objectType"`
}

type collection[T any] struct {
	TotalCount int        `json:"totalCount"`
	Items      []T        `json:"items"`
	Links      links      `json:"links"`
	Attributes attributes `json:"attributes"`
}

// self is the links of an object that can be fetched again.
func self(uri string) links { return links{Self: get(uri)} }

func get(uri string, headers ...header) *link {
	if headers == nil {
		headers = []header{}
	}
	return &link{URI: uri, Method: http.MethodGet, Headers: headers}
}

// addressBody is the one shape of an address on this wire. Its fields follow
// those of the rooms' addresses, so that one converts into the other.
type addressBody struct {
	Country    string `json:"country"`
	Region     string `json:"region,omitempty"`
	City       string `json:"city"`
	State      string `json:"state"`
	Line1      string `json:"addressLine1"`
	Line2      string `json:"addressLine2"`
	PostalCode string `json:"postalCode"`
	FirstName  string `json:"firstName"`
	LastName   string `json:"lastName"`
	Phone      string `json:"phoneNumber"`
}

// query gives a parameter by name, in any letter case.
func (c *call) query(name string) string {
	for key, values := range c.parameters() {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

func (c *call) parameters() url.Values { return c.r.URL.Query() }

// page reads what a request says about paging (secure-application-model.md
// 6.4).
func (c *call) page() (customer.Page, error) {
	p := customer.Page{Token: c.r.Header.Get("MS-ContinuationToken")}
	if size := c.query("size"); size != "" {
		n, err := strconv.Atoi(size)
		if err != nil {
			return p, fault.New(fault.PageInvalid, "parameter", "size", "rule", "0 to "+strconv.Itoa(customer.MaxPage))
		}
		p.Size = n
	}
	switch strings.ToLower(c.query("seekOperation")) {
	case "", "next":
	case "previous":
		p.Seek = customer.Previous
	case "first":
		p.Seek = customer.First
	default:
		return p, fault.New(fault.PageInvalid, "parameter", "seekOperation", "rule", "Next, Previous or First")
	}
	return p, nil
}

// maxBody bounds a request body, in bytes.
const maxBody = 64 << 10

// read decodes a request body. Members may be in any letter case, as the .NET
// client writes them, and unknown ones are ignored.
func (c *call) read(into any) error {
	if sent := c.r.Header.Get("Content-Type"); sent != "" {
		if kind, _, err := mime.ParseMediaType(sent); err != nil || kind != "application/json" && kind != "text/json" {
			return fault.New(fault.EncodingUnsupported, "parameter", "Content-Type", "rule", "application/json")
		}
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.New(fault.BodyTooLarge, "rule", "at most "+strconv.Itoa(maxBody)+" bytes")
	}
	if err != nil {
		return fault.New(fault.RequestMalformed, "rule", "a body of the announced length").Because(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fault.New(fault.RequestMalformed, "rule", "a JSON object with members of the documented types").Because(err)
	}
	return nil
}

// ifMatch reads the ETag that a change builds on: from If-Match, where it
// stands in double quotes, or else from the body. Empty means any.
func (c *call) ifMatch(inBody string) (string, error) {
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
