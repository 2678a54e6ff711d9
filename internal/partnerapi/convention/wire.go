package convention

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/fault"
)

// Link is an address that a client can follow; relative to /v1.
type Link struct {
	URI     string   `json:"uri"`
	Method  string   `json:"method"`
	Headers []Header `json:"headers"`
}

// Header is one that a link has to be followed with.
type Header struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Links lead from an object to itself and to its neighbours.
type Links struct {
	Self     *Link `json:"self,omitempty"`
	Next     *Link `json:"next,omitempty"`
	Previous *Link `json:"previous,omitempty"`
}

// Attributes end each object.
type Attributes struct {
	ETag       string `json:"etag,omitempty"`
	ObjectType string `json:"objectType"`
}

// Of is the attributes of an object without an ETag.
func Of(objectType string) Attributes { return Attributes{ObjectType: objectType} }

// Collection is a list, or a page of one.
type Collection[T any] struct {
	TotalCount int        `json:"totalCount"`
	Items      []T        `json:"items"`
	Links      *Links     `json:"links,omitempty"`
	Attributes Attributes `json:"attributes"`
}

// All is a collection that is whole.
func All[T any](items []T) Collection[T] {
	if items == nil {
		items = []T{}
	}
	return Collection[T]{TotalCount: len(items), Items: items, Attributes: Of("Collection")}
}

// Self is the links of an object that can be fetched again.
func Self(uri string) Links { return Links{Self: Get(uri)} }

// Get is a link to fetch.
func Get(uri string, headers ...Header) *Link {
	if headers == nil {
		headers = []Header{}
	}
	return &Link{URI: uri, Method: http.MethodGet, Headers: headers}
}

// Around are the links of a page: uri is its own address, after and before
// whether there is a page to ask for on that side.
func Around(uri, token string, after, before bool) *Links {
	around := Self(uri)
	header := Header{"MS-ContinuationToken", token}
	if after {
		around.Next = Get(uri+"&seekOperation=Next", header)
	}
	if before {
		around.Previous = Get(uri+"&seekOperation=Previous", header)
	}
	return &around
}

// Address is the one shape of an address on this wire. Its fields follow
// those of the rooms' addresses, so that one converts into the other.
type Address struct {
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

// Contact is whom to ask in a company.
type Contact struct {
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Email     string `json:"email"`
	Phone     string `json:"phoneNumber"`
}

// Instant is a date as the documents write it; the zero one is theirs for
// "not set".
func Instant(t time.Time) string {
	if t.IsZero() {
		return "0001-01-01T00:00:00"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// dates are the forms in which clients write dates in queries.
var dates = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02", "1/2/2006 3:04:05 PM", "1/2/2006"}

// Date reads a date of a query parameter. It fails with RequestMalformed.
func Date(parameter, text string) (time.Time, error) {
	for _, form := range dates {
		if t, err := time.Parse(form, text); err == nil && t.Year() > 1 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.New(fault.RequestMalformed, "parameter", parameter, "rule", "a date such as 2026-06-01 or 2026-06-14T00:00:00Z")
}

// Enum is one member of a documented set. Clients send its name in snake_case,
// camelCase or PascalCase, its number, or null for "not set".
type Enum struct {
	// Text is what was sent; empty for null and for no member at all.
	Text string
	// Number is what was sent as a number, -1 otherwise.
	Number int
}

// UnmarshalJSON takes a name, a number or null.
func (e *Enum) UnmarshalJSON(text []byte) error {
	*e = Enum{Number: -1}
	if string(text) == "null" {
		return nil
	}
	if json.Unmarshal(text, &e.Text) == nil {
		if n, err := strconv.Atoi(e.Text); err == nil {
			e.Number = n
		}
		return nil
	}
	if err := json.Unmarshal(text, &e.Number); err != nil || e.Number < 0 {
		return fault.New(fault.RequestMalformed, "parameter", "enum", "rule", "a name or a number")
	}
	e.Text = strconv.Itoa(e.Number)
	return nil
}

// In gives the member in its documented spelling: of the names in the order of
// their numbers. What was not sent is the first one. It fails with
// RequestMalformed, which lists the names.
func (e Enum) In(parameter string, names ...string) (string, error) {
	if e.Text == "" {
		return names[0], nil
	}
	if e.Number >= 0 && e.Number < len(names) && e.Text == strconv.Itoa(e.Number) {
		return names[e.Number], nil
	}
	for _, name := range names {
		if plain(name) == plain(e.Text) {
			return name, nil
		}
	}
	return "", fault.New(fault.EnumUnknown, "parameter", parameter, "rule", strings.Join(names, ", "))
}

func plain(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "") }

// PartnerRelation is an indirect provider or reseller. There is no address to
// fetch one from.
type PartnerRelation struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Type       string     `json:"relationshipType"`
	State      string     `json:"state"`
	MPN        string     `json:"mpnId"`
	Location   string     `json:"location"`
	Attributes Attributes `json:"attributes"`
}
