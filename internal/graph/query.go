package graph

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// query is what a request asks for beyond the address (identity-platform.md
// 8.2).
type query struct {
	// selected are property names as typed; empty for the usual set.
	selected []string
	filter   filter
	// top is the size of a page.
	top int
	// count asks for @odata.count.
	count bool
	// after is where the page before ended.
	after id.Object
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

// ask reads a request's options; those that the resource does not take are
// refused rather than overlooked, because their answer would be wrong.
func (c *call) ask(takes ...string) (query, error) {
	q := query{top: usualPage, sent: map[string]string{}}
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
	return q, q.read(c)
}

func unsupported(parameter, rule string) error {
	return fault.New(fault.QueryUnsupported, "parameter", parameter, "rule", rule)
}

func (q *query) read(c *call) error {
	if text, ok := q.sent["select"]; ok {
		for name := range strings.SplitSeq(text, ",") {
			if name = strings.TrimSpace(name); name != "" {
				q.selected = append(q.selected, name)
			}
		}
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
	if q.count && !strings.EqualFold(c.r.Header.Get("ConsistencyLevel"), "eventual") {
		return unsupported("$count", "the header ConsistencyLevel: eventual")
	}
	if text, ok := q.sent["skiptoken"]; ok {
		after, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil || len(after) != 2+36 || string(after[:2]) != "u1" || !id.IsGUID(string(after[2:])) {
			return fault.New(fault.PageInvalid, "parameter", "$skiptoken", "rule", "a token that came with a page")
		}
		q.after = id.Object(after[2:])
	}
	if text, ok := q.sent["filter"]; ok {
		var err error
		q.filter, err = parseFilter(text)
		return err
	}
	return nil
}

// next is the address of the page after the given account, with the options of
// this one.
func (e *edge) next(c *call, q query, path string, after id.Object) string {
	var b strings.Builder
	b.WriteString(e.address(c, path))
	b.WriteByte('?')
	for _, name := range []string{"select", "filter", "top", "count"} {
		if text, ok := q.sent[name]; ok {
			b.WriteString("$" + name + "=" + url.QueryEscape(text) + "&")
		}
	}
	// No secret and no seal: it holds an id of the caller's own tenant, and
	// each query is bound to the tenant whatever the token says.
	b.WriteString("$skiptoken=" + base64.RawURLEncoding.EncodeToString([]byte("u1"+string(after))))
	return b.String()
}

// context names what an answer is.
func (e *edge) context(c *call, set string, selected []string, entity bool) string {
	text := e.address(c, "$metadata#"+set)
	if len(selected) > 0 {
		text += "(" + strings.Join(selected, ",") + ")"
	}
	if entity {
		text += "/$entity"
	}
	return text
}
