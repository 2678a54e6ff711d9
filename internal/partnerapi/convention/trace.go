package convention

import (
	"encoding/base64"
	"net/http"
	"regexp"

	"github.com/entente-id/entente/internal/id"
)

// Begin gives a request its ids and writes those headers that every answer
// has (secure-application-model.md 6.2). The server id is digits.
func Begin(w http.ResponseWriter, r *http.Request, source id.Source, serverID string) *Call {
	c := &Call{w: w, r: r, Chosen: id.IsGUID(r.Header.Get("MS-RequestId"))}
	c.RequestID = traced(r, source, "MS-RequestId")
	c.CorrelationID = traced(r, source, "MS-CorrelationId")
	c.Say("MS-RequestId", c.RequestID)
	c.Say("MS-CorrelationId", c.CorrelationID)
	c.Say("MS-CV", vector(r, source))
	c.Say("MS-ServerId", serverID)
	return c
}

// traced gives the client's own id, or a new one when it sent none or
// something that is no GUID: ids are for finding things and refuse nothing.
func traced(r *http.Request, source id.Source, header string) string {
	if sent := r.Header.Get(header); id.IsGUID(sent) {
		return sent
	}
	return source.NewGUID()
}

// correlationVector is the form of MS-CV: a base and counters. The bound keeps
// an answer from growing with what a client sends.
var correlationVector = regexp.MustCompile(`^[A-Za-z0-9+/]{16,22}(\.[0-9]{1,10}){0,8}$`)

func vector(r *http.Request, source id.Source) string {
	if sent := r.Header.Get("MS-CV"); correlationVector.MatchString(sent) {
		return sent + ".0"
	}
	return base64.RawStdEncoding.EncodeToString(source.Bytes(12)) + ".0"
}
