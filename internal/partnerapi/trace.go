package partnerapi

import (
	"encoding/base64"
	"net/http"
	"regexp"

	"github.com/entente-id/entente/internal/id"
)

// begin gives a request its ids and writes those headers that every answer
// has (secure-application-model.md 6.2).
func (e *edge) begin(w http.ResponseWriter, r *http.Request) *call {
	c := &call{w: w, r: r}
	c.requestID = e.traced(r, "MS-RequestId")
	c.correlationID = e.traced(r, "MS-CorrelationId")
	c.say("MS-RequestId", c.requestID)
	c.say("MS-CorrelationId", c.correlationID)
	c.say("MS-CV", e.vector(r))
	c.say("MS-ServerId", e.serverID)
	return c
}

// traced gives the client's own id, or a new one when it sent none or
// something that is no GUID: ids are for finding things and refuse nothing.
func (e *edge) traced(r *http.Request, header string) string {
	if sent := r.Header.Get(header); id.IsGUID(sent) {
		return sent
	}
	return e.Source.NewGUID()
}

// correlationVector is the form of MS-CV: a base and counters. The bound keeps
// an answer from growing with what a client sends.
var correlationVector = regexp.MustCompile(`^[A-Za-z0-9+/]{16,22}(\.[0-9]{1,10}){0,8}$`)

func (e *edge) vector(r *http.Request) string {
	if sent := r.Header.Get("MS-CV"); correlationVector.MatchString(sent) {
		return sent + ".0"
	}
	return base64.RawStdEncoding.EncodeToString(e.Source.Bytes(12)) + ".0"
}

// say sets a header in the letter case of the documents: names do not care,
// but some clients' look-ups do.
func (c *call) say(header, value string) { c.w.Header()[header] = []string{value} }
