package graph

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/fault"
)

// Query is what a request asks for beyond the address (identity-platform.md
// 8.2).
type Query struct {
	// Selected are property names as typed; empty for the usual set.
	Selected []string
	// Expand are the names of $expand, without what stands in parentheses.
	Expand []string
	// top is the size of a page, 0 for the usual one.
	top int
	// count asks for @odata.count.
	count bool
	// eventual is true with the header ConsistencyLevel: eventual.
	eventual bool
	// after is where the page before ended.
	after string
	// sent are the options as they came, by name without the dollar sign.
	sent map[string]string
}

const (
	usualPage = 100
	maxPage   = 999
	// maxOption bounds each option, in bytes.
	maxOption = 2 << 10
)

// options are the system query options. Their dollar sign may be left out, and
// may come percent-encoded.
var options = []string{"select", "filter", "top", "skip", "skiptoken", "count", "orderby", "expand", "search", "format"}

// Query reads a request's options; those that the route does not take are
// refused rather than overlooked, because their answer would be wrong.
func (c *Call) Query(takes ...string) (Query, error) {
	q := Query{sent: map[string]string{}, eventual: strings.EqualFold(c.Header("ConsistencyLevel"), "eventual")}
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return q, fault.New(fault.RequestMalformed, "rule", "a percent-encoded query").Because(err)
	}
	for key, sent := range values {
		name := strings.ToLower(strings.TrimPrefix(key, "$"))
		if !slices.Contains(options, name) {
			if strings.HasPrefix(key, "$") {
				return q, unsupported("$"+name, "a known query option")
			}
			continue
		}
		if _, twice := q.sent[name]; twice || len(sent) != 1 || len(sent[0]) > maxOption {
			return q, fault.New(fault.RequestMalformed, "parameter", "$"+name, "rule", "each option once, at most "+strconv.Itoa(maxOption)+" bytes")
		}
		if !slices.Contains(takes, name) {
			return q, unsupported("$"+name, "one of $"+strings.Join(takes, ", $"))
		}
		q.sent[name] = sent[0]
	}
	return q, q.read()
}

// Listing are the options that a list takes.
var Listing = []string{"select", "filter", "top", "skiptoken", "count", "orderby"}

func unsupported(parameter, rule string) error {
	return fault.New(fault.QueryUnsupported, "parameter", parameter, "rule", rule)
}

func (q *Query) read() error {
	q.Selected = names(q.sent["select"])
	for _, name := range names(q.sent["expand"]) {
		name, _, _ = strings.Cut(name, "(")
		q.Expand = append(q.Expand, name)
	}
	if text, ok := q.sent["top"]; ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPage {
			return fault.New(fault.PageInvalid, "parameter", "$top", "rule", "1 to "+strconv.Itoa(maxPage))
		}
		q.top = n
	}
	if text, ok := q.sent["count"]; ok {
		n, err := strconv.ParseBool(text)
		if err != nil {
			return fault.New(fault.RequestMalformed, "parameter", "$count", "rule", "true or false")
		}
		q.count = n
	}
	if text, ok := q.sent["skiptoken"]; ok {
		var valid bool
		if q.after, valid = readToken(text); !valid {
			return fault.New(fault.PageInvalid, "parameter", "$skiptoken", "rule", "a token that came with a page")
		}
	}
	return nil
}

func names(text string) []string {
	var list []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			list = append(list, name)
		}
	}
	return list
}

// token is where a page ended. No secret and no seal: it holds an id of the
// caller's own tenant, and each query is bound to the tenant whatever the token
// says.
func token(after string) string { return base64.RawURLEncoding.EncodeToString([]byte("u1" + after)) }

func readToken(text string) (after string, valid bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	after, ours := strings.CutPrefix(string(raw), "u1")
	// The decoder overlooks line breaks and loose bits at the end: no token that
	// was given out has any.
	valid = err == nil && ours && token(after) == text && after != "" && len(after) <= 128 && utf8.ValidString(after) &&
		!strings.ContainsFunc(after, func(r rune) bool {
			return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_/.", r)
		})
	return after, valid
}

// next is the address of the page that comes after, with the options of this
// one.
func (c *Call) next(q Query, after string) string {
	var b strings.Builder
	b.WriteString(c.origin + (&url.URL{Path: c.r.URL.Path}).EscapedPath() + "?")
	for _, name := range options {
		if text, ok := q.sent[name]; ok && name != "skiptoken" {
			b.WriteString("$" + name + "=" + url.QueryEscape(text) + "&")
		}
	}
	b.WriteString("$skiptoken=" + token(after))
	return b.String()
}
