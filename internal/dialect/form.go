package dialect

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/fault"
)

const (
	// maxBody and maxParameters bound what is parsed (row R66).
	maxBody       = 64 << 10
	maxParameters = 100
)

// Form is the fields of a request, each at most once.
type Form struct{ values url.Values }

// limits are the longest values, in bytes; others get defaultLimit. state
// travels to the client unchanged and MSAL packs JSON in it.
var limits = map[string]int{
	"state": 8 << 10, "scope": 8 << 10, "code": 8 << 10, "client_assertion": 16 << 10, "claims": 8 << 10,
	"id_token_hint": 16 << 10, "refresh_token": 8 << 10, "token": 8 << 10, "assertion": 16 << 10, "redirect_uri": 2 << 10,
	"request": 16 << 10, "request_uri": 12 << 10, "nonce": 1 << 10,
}

const defaultLimit = 2 << 10

// known are the parameters that are read. Others are ignored, however they
// look (RFC 6749 3.1).
var known = map[string]bool{
	"client_id": true, "client_secret": true, "client_assertion": true, "client_assertion_type": true,
	"grant_type": true, "code": true, "redirect_uri": true, "code_verifier": true, "refresh_token": true, "token": true, "token_type_hint": true,
	"scope": true, "resource": true, "client_info": true, "username": true, "password": true,
	"response_type": true, "response_mode": true, "state": true, "nonce": true, "prompt": true, "max_age": true,
	"login_hint": true, "domain_hint": true, "code_challenge": true, "code_challenge_method": true,
	"claims": true, "amr_values": true, "id_token_hint": true, "request": true, "request_uri": true,
	"post_logout_redirect_uri": true, "logout_hint": true, "assertion": true, "requested_token_use": true, "requested_token_type": true, "ui_locales": true, "mkt": true,
	"device_code": true, "dpop_jkt": true,
}

// Body reads a form. Only forms are accepted, and only of a bounded size.
func Body(w http.ResponseWriter, r *http.Request) (Form, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return Form{}, fault.New(fault.RequestMalformed, "parameter", "Content-Type", "rule", "application/x-www-form-urlencoded")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return Form{}, fault.New(fault.RequestMalformed, "parameter", "body", "rule", "at most 64 KiB").Because(err)
	}
	return parse(string(text))
}

// Query reads the query of a request that a browser makes; the empty first element that
// official documents show ("?&client_id=") is fine.
func Query(r *http.Request) (Form, error) {
	if len(r.URL.RawQuery) > maxBody {
		return Form{}, fault.New(fault.ParameterTooLong, "parameter", "query")
	}
	return parse(r.URL.RawQuery)
}

func parse(text string) (Form, error) {
	if strings.Count(text, "&") >= maxParameters {
		return Form{}, fault.New(fault.RequestMalformed, "parameter", "body", "rule", fmt.Sprintf("at most %d parameters", maxParameters))
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return Form{}, fault.New(fault.RequestMalformed, "parameter", "encoding", "rule", "percent-encoded UTF-8").Because(err)
	}
	p := Form{values}
	for name, list := range values {
		if !known[name] {
			continue
		}
		if len(list) > 1 {
			// Neither value is used (row R4).
			delete(values, name)
			err = fault.New(fault.RequestMalformed, "parameter", name, "rule", "given once")
		}
		limit, ok := limits[name]
		if !ok {
			limit = defaultLimit
		}
		switch value := list[0]; {
		case len(value) > limit:
			delete(values, name)
			err = fault.New(fault.ParameterTooLong, "parameter", name, "limit", fmt.Sprint(limit))
		case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
			delete(values, name)
			err = fault.New(fault.RequestMalformed, "parameter", name, "rule", "percent-encoded UTF-8")
		}
	}
	return p, err
}

// Kept reads what Again gave, encoded, under the same rules.
func Kept(query string) (Form, error) { return parse(query) }

// Get gives a parameter, "" when it is not there.
func (p Form) Get(name string) string { return p.values.Get(name) }

// Has reports whether a parameter is there and not empty.
func (p Form) Has(name string) bool { return p.values.Get(name) != "" }

// Need gives a parameter that must be there, or fails with ParameterMissing.
func (p Form) Need(name string) (string, error) {
	if v := p.Get(name); v != "" {
		return v, nil
	}
	return "", fault.New(fault.ParameterMissing, "parameter", name)
}

// Again are the parameters that were read, to make the same request once more.
func (p Form) Again() url.Values {
	again := url.Values{}
	for name, list := range p.values {
		if known[name] && len(list) == 1 {
			again.Set(name, list[0])
		}
	}
	return again
}
