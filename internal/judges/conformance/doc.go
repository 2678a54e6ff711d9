// Package conformance asserts what the OpenID Foundation's certification plans
// assert of a provider, module by module, each under its own id: Basic OP,
// Config OP, Form Post Basic OP and RP-initiated logout. The tests are our own
// and run with every commit; the real suite stays the outside judge.
//
// Every module runs at the authority of a work tenant and at that of personal
// accounts. What the suite would only warn of stands as the known difference
// of the module. A module that it would leave out here is not skipped: its
// test holds the reason to be true.
package conformance
