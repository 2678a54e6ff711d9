package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/tenant"
)

// maxBody bounds the body of one request, in bytes.
const maxBody = 256 << 10

// Body reads the request's JSON object into v. Annotations (@odata.…) are left
// out; a member that v has no room for is refused, so that nobody believes it
// was kept. It fails with EncodingUnsupported, BodyTooLarge or
// RequestMalformed.
func (c *Call) Body(v any) error {
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return fault.New(fault.EncodingUnsupported, "parameter", "Content-Type", "rule", "application/json")
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return fault.New(fault.BodyTooLarge, "rule", strconv.Itoa(maxBody)+" bytes")
		}
		return fault.New(fault.RequestMalformed, "rule", "a body that arrives whole").Because(err)
	}
	return decode(text, v)
}

// decode reads one JSON object, and nothing after it.
func decode(text []byte, v any) error {
	var sent any
	if err := json.Unmarshal(text, &sent); err != nil {
		return fault.New(fault.RequestMalformed, "rule", "a body of JSON").Because(err)
	}
	if _, object := sent.(map[string]any); !object {
		return fault.New(fault.RequestMalformed, "rule", "a JSON object")
	}
	plain, err := json.Marshal(withoutAnnotations(sent))
	if err != nil {
		return fault.New(fault.RequestMalformed, "rule", "a body of JSON").Because(err)
	}
	d := json.NewDecoder(bytes.NewReader(plain))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fault.New(fault.RequestMalformed, "parameter", memberOf(err), "rule", "a member that can be set here, of its type").Because(err)
	}
	return nil
}

// withoutAnnotations drops what clients say about types: we know them.
func withoutAnnotations(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if strings.Contains(name, "@odata.") && name != "@odata.id" && !strings.HasSuffix(name, "@odata.bind") {
				delete(v, name)
				continue
			}
			v[name] = withoutAnnotations(inner)
		}
	case []any:
		for i := range v {
			v[i] = withoutAnnotations(v[i])
		}
	}
	return v
}

// memberOf names what a decoder stumbled over.
func memberOf(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return tenant.Shorten(wrong.Field)
	}
	if _, name, found := strings.Cut(err.Error(), "unknown field "); found {
		return tenant.Shorten(strings.Trim(name, `"`))
	}
	return ""
}

// IfMatch gives the etag that a change is made on top of, as ETag wrote it. It
// fails with HeaderInvalid when there is none or it is no such one.
func (c *Call) IfMatch() (string, error) {
	sent := c.r.Header.Get("If-Match")
	if etag, ok := readETag(sent); ok {
		return etag, nil
	}
	return "", fault.New(fault.HeaderInvalid, "parameter", "If-Match", "rule", "the @odata.etag of the object as it was last read")
}

// ETag writes the version of an object as clients carry it.
func ETag(version string) string { return `W/"` + version + `"` }

func readETag(text string) (string, bool) {
	inner, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(text), "W/"), `"`)
	if !ok {
		return "", false
	}
	inner, ok = strings.CutSuffix(inner, `"`)
	return inner, ok && inner != "" && len(inner) <= 100
}
