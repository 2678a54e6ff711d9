package graph

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/entente-id/entente/internal/fault"
)

// Route is one row of the table: an address, the permissions that open it, and
// the function that answers.
type Route struct {
	Method string
	// Pattern is the address below the version. Segments in braces are
	// variable; {key=} takes a segment such as key='value'.
	Pattern string
	// Delegated and Application are the permissions of which a token must carry
	// one: with a person behind it, or of an application alone. Without any of
	// the latter the route is for people's tokens only.
	Delegated, Application []string
	// Open routes ask for a token that is proved, and for nothing more.
	Open bool
	// Unversioned routes answer without /v1.0 too.
	Unversioned bool
	// Personal routes answer personal accounts too; all others would show them
	// the accounts of strangers.
	Personal bool

	Answer func(context.Context, *Call) (Reply, error)

	// parts are the segments of the pattern.
	parts []string
}

// Reply is what a route answers.
type Reply struct {
	// Status is 200 when it is 0.
	Status int
	// Body is sent as JSON; nil sends none.
	Body any
	// Location is an absolute address; empty for none.
	Location string
	// RetryAfter is in seconds; 0 for none.
	RetryAfter int
}

// OK is the reply of what was read.
func OK(body any) Reply { return Reply{Status: http.StatusOK, Body: body} }

// Created is the reply of what was made, and where it is from now on.
func Created(location string, body any) Reply {
	return Reply{Status: http.StatusCreated, Body: body, Location: location}
}

// Done is the reply of what was done and has nothing to show.
func Done() Reply { return Reply{Status: http.StatusNoContent} }

// Open adds the routes of a room; all must be added before the first call. Of
// two that fit an address the first answers.
func (d *Door) Open(routes ...Route) {
	for _, r := range routes {
		r.parts = strings.Split(r.Pattern, "/")
		d.routes = append(d.routes, r)
	}
}

// Routes lists all routes in the order in which they were added.
func (d *Door) Routes() []Route { return d.routes }

// maxSegments bounds a path.
const maxSegments = 12

// segments cuts a path at its slashes, and a segment such as users('x') or
// applications(appId='x') into its name and what stands in the parentheses
// (OData 4.01 URL Conventions 4.3). A value of its own loses its quotes.
func segments(path string) ([]string, error) {
	var list []string
	for part := range strings.SplitSeq(path, "/") {
		if part == "" {
			continue
		}
		name, key, keyed := strings.Cut(part, "(")
		key, closed := strings.CutSuffix(key, ")")
		if !keyed || !closed || name == "" {
			list = append(list, part)
			continue
		}
		list = append(list, name)
		if key == "" {
			continue
		}
		if inner, ok := unquote(key); ok {
			key = inner
		}
		list = append(list, key)
	}
	if len(list) > maxSegments {
		return nil, fault.New(fault.PathUnknown)
	}
	return list, nil
}

// unquote reads a text in single quotes, a quote inside it doubled.
func unquote(text string) (string, bool) {
	inner, ok := strings.CutPrefix(text, "'")
	if !ok {
		return "", false
	}
	inner, ok = strings.CutSuffix(inner, "'")
	if !ok {
		return "", false
	}
	return strings.ReplaceAll(inner, "''", "'"), true
}

// find gives the route that a path names, in any letter case.
func (d *Door) find(c *Call) error {
	path, err := segments(c.r.URL.Path)
	if err != nil {
		return err
	}
	if len(path) > 0 {
		switch version := strings.ToLower(path[0]); version {
		case "v1.0", "beta":
			c.version, path = version, path[1:]
		}
	}
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var allowed []string
	for _, r := range d.routes {
		values, ok := match(r.parts, path)
		if !ok || c.version == "" && !r.Unversioned {
			continue
		}
		// An error about the method speaks of the address nevertheless.
		c.route = r
		if r.Method == method {
			c.values = values
			return nil
		}
		allowed = append(allowed, r.Method)
	}
	if len(allowed) == 0 {
		return fault.New(fault.PathUnknown)
	}
	c.w.Header().Set("Allow", strings.Join(allowed, ", "))
	return fault.New(fault.MethodUnsupported)
}

func match(want, path []string) (map[string]string, bool) {
	if len(want) != len(path) {
		return nil, false
	}
	for i, w := range want {
		if !strings.HasPrefix(w, "{") && !strings.EqualFold(w, path[i]) {
			return nil, false
		}
	}
	values := map[string]string{}
	for i, w := range want {
		name, variable := strings.CutPrefix(w, "{")
		if !variable {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		name, _, keyed := strings.Cut(name, "=")
		value := path[i]
		if keyed {
			sent, rest, ok := strings.Cut(value, "=")
			if !ok || !strings.EqualFold(sent, name) {
				return nil, false
			}
			if value = rest; strings.HasPrefix(rest, "'") {
				if value, ok = unquote(rest); !ok {
					return nil, false
				}
			}
		}
		values[name] = value
	}
	return values, true
}

// Value is what stands in a variable segment.
func (c *Call) Value(name string) string { return c.values[name] }

// Ends reports whether the route's last segment is this one.
func (c *Call) Ends(segment string) bool { return c.route.parts[len(c.route.parts)-1] == segment }

// Address is where something is, for contexts and links: the version and a
// path, whose segments are escaped.
func (c *Call) Address(path ...string) string {
	var b strings.Builder
	b.WriteString(c.origin + "/" + c.version)
	for _, p := range path {
		b.WriteString("/" + url.PathEscape(p))
	}
	return b.String()
}

// Context names what an answer is, such as users or users(id)/$entity.
func (c *Call) Context(set string, selected []string, entity bool) string {
	text := c.origin + "/" + c.version + "/$metadata#" + set
	if len(selected) > 0 {
		text += "(" + strings.Join(selected, ",") + ")"
	}
	if entity {
		text += "/$entity"
	}
	return text
}
