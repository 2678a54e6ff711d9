package customer

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// MaxPage is the most customers one page can hold, and what a page holds when
// nothing is said (secure-application-model.md 6.4).
const MaxPage = 500

// Seek is where a page lies, seen from the page that the token came with.
type Seek int

// The directions.
const (
	Next Seek = iota
	Previous
	First
)

// Page says which customers are wanted.
type Page struct {
	// Size is 1 to MaxPage; 0 means MaxPage.
	Size int
	Seek Seek
	// Token is the one that came with another page; empty for the first.
	Token  string
	Filter Filter
}

// Listing is one page of customers, in the order of their ids.
type Listing struct {
	Customers []Customer
	// Token asks for the neighbours of this page.
	Token string
	// HasNext and HasPrevious tell whether there is a neighbour to ask for.
	HasNext, HasPrevious bool
}

// Field is what a filter looks at.
type Field string

// The fields.
const (
	CompanyName Field = "CompanyName"
	Domain      Field = "Domain"
	// IndirectReseller is the id of the customer's associated partner; it is
	// compared whole.
	IndirectReseller Field = "IndirectReseller"
)

// Operator is how a filter compares; always without regard to letter case.
type Operator string

// The operators.
const (
	StartsWith Operator = "starts_with"
	Contains   Operator = "substring"
	Equals     Operator = "equals"
)

// Filter keeps the customers that match. The zero value keeps all.
type Filter struct {
	Field    Field
	Operator Operator
	Value    string
}

// maxFilter bounds a filter's value, in bytes.
const maxFilter = 256

func (f Filter) check() error {
	if f == (Filter{}) {
		return nil
	}
	switch {
	case f.Field != CompanyName && f.Field != Domain && (f.Field != IndirectReseller || f.Operator != Equals):
		return fault.New(fault.FilterInvalid, "parameter", "Field", "rule", "CompanyName or Domain")
	case f.Operator != StartsWith && f.Operator != Contains && f.Operator != Equals:
		return fault.New(fault.FilterInvalid, "parameter", "Operator", "rule", "starts_with, substring or equals")
	case f.Value == "" || len(f.Value) > maxFilter || strings.ContainsRune(f.Value, 0):
		return fault.New(fault.FilterInvalid, "parameter", "Value", "rule", "1 to "+strconv.Itoa(maxFilter)+" bytes of text")
	}
	return nil
}

// Query is what the store is asked for: at most Limit customers after one id,
// or the nearest ones before another, that the filter keeps.
type Query struct {
	After, Before id.Tenant
	Filter        Filter
	Limit         int
}

// List gives a page of the caller's own customers.
func (l *Ledger) List(ctx context.Context, caller audit.Caller, page Page) (Listing, error) {
	partner, err := l.partner(ctx, caller)
	if err != nil {
		return Listing{}, err
	}
	if page.Size < 0 || page.Size > MaxPage {
		return Listing{}, fault.New(fault.PageInvalid, "parameter", "size", "rule", "0 to "+strconv.Itoa(MaxPage))
	}
	if page.Size == 0 {
		page.Size = MaxPage
	}
	if err := page.Filter.check(); err != nil {
		return Listing{}, err
	}
	q := Query{Filter: page.Filter, Limit: page.Size + 1}
	from, err := page.from()
	if err != nil {
		return Listing{}, err
	}
	if page.Seek == Previous {
		q.Before = from.first
	} else {
		q.After = from.last
	}
	found, err := l.store.Customers(ctx, partner, q)
	if err != nil {
		return Listing{}, err
	}
	return cut(found, page, from), nil
}

// cut removes the one customer that was asked for only to learn whether there
// are more, and says what lies on either side.
func cut(found []Customer, page Page, from span) Listing {
	more := len(found) > page.Size
	var list Listing
	if page.Seek == Previous {
		if more {
			found = found[1:]
		}
		list.HasPrevious, list.HasNext = more, true
	} else {
		if more {
			found = found[:page.Size]
		}
		list.HasNext, list.HasPrevious = more, from != span{}
	}
	list.Customers = slices.Clip(found)
	if len(found) == 0 {
		// Nothing is left on this side; the neighbours are where they were.
		list.Token = from.token()
		return list
	}
	list.Token = span{found[0].Tenant, found[len(found)-1].Tenant}.token()
	return list
}

// span is where a page lies: its first and its last customer.
type span struct{ first, last id.Tenant }

// token is no secret and needs no seal: it holds ids of the partner's own
// customers, and each query is bound to the partner whatever the token says.
func (s span) token() string {
	if s == (span{}) {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte("c1" + string(s.first) + string(s.last)))
}

func (p Page) from() (span, error) {
	refuse := func(rule string) (span, error) {
		return span{}, fault.New(fault.PageInvalid, "parameter", "MS-ContinuationToken", "rule", rule)
	}
	if p.Seek == First {
		return span{}, nil
	}
	if p.Token == "" {
		if p.Seek == Previous {
			return refuse("the token of the page to go back from")
		}
		return span{}, nil
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(p.Token)
	if err != nil || len(text) != 2+36+36 || string(text[:2]) != "c1" {
		return refuse("a token that came with a page")
	}
	s := span{id.Tenant(text[2:38]), id.Tenant(text[38:])}
	for _, end := range []id.Tenant{s.first, s.last} {
		if !id.IsGUID(string(end)) || strings.ToLower(string(end)) != string(end) {
			return refuse("a token that came with a page")
		}
	}
	return s, nil
}
