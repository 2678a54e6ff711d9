// Package judges holds the judges of Entente: unmodified real clients that are
// told only another address and use a running server, and literal replays of
// the request sequences that official samples and documents show.
//
// A judge is a test. Its verdict is written to a ledger, and the ledger is
// rendered into docs/compatibility.md: a full run fails while that page says
// anything else than what was just seen. To write the page anew:
//
//	go test -p 1 ./internal/judges/... -update
//
// The package graphsdk has its judge in a folder of its own, because the whole
// Graph SDK takes minutes to build. The package conformance asserts what the
// OpenID Foundation's certification plans do.
package judges
