// Package fault holds what can go wrong: one catalogue of failures, as data.
//
// A fault carries a code, facts that are safe to show, and a hidden cause for
// the log. It carries no HTTP status and no sentence: each edge has one table
// that turns codes into its own dialect (DESIGN 4.3).
package fault

import (
	"errors"
	"fmt"
	"sort"
	"strings"
)

// Code names a failure. It is the AADSTS number that people already search
// for; what Microsoft has no number for lies in 9700000 to 9709999.
type Code int

// Fault is one failure on its way to an edge. Build it with New; it is never
// changed afterwards.
type Fault struct {
	// Code says which row of the catalogue this is.
	Code Code
	// Facts fill the placeholders of the words. They hold nothing secret and
	// nothing about an organisation that the reader does not belong to.
	Facts map[string]string

	cause error
}

// New builds a fault. Facts are given as name, value, name, value.
func New(code Code, facts ...string) *Fault {
	f := &Fault{Code: code}
	if len(facts) > 0 {
		f.Facts = make(map[string]string, len(facts)/2)
		for i := 0; i+1 < len(facts); i += 2 {
			f.Facts[facts[i]] = facts[i+1]
		}
	}
	return f
}

// Because returns a copy that remembers its cause. The cause goes to the log
// and never to a person or a client.
func (f *Fault) Because(cause error) *Fault {
	c := *f
	c.cause = cause
	return &c
}

// Error is the text for logs.
func (f *Fault) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%d)", Describe(f.Code).Name, f.Code)
	names := make([]string, 0, len(f.Facts))
	for n := range f.Facts {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		fmt.Fprintf(&b, " %s=%q", n, f.Facts[n])
	}
	if f.cause != nil {
		fmt.Fprintf(&b, ": %v", f.cause)
	}
	return b.String()
}

// Unwrap gives the hidden cause, for errors.Is and errors.As.
func (f *Fault) Unwrap() error { return f.cause }

// Is lets errors.Is compare by code alone.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code && t.Facts == nil && t.cause == nil
}

// Of finds the fault in an error. Anything foreign becomes Unexpected, and its
// text stays home.
func Of(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return New(Unexpected).Because(err)
}

// Has reports whether the error is a fault with this code.
func Has(err error, code Code) bool {
	var f *Fault
	return errors.As(err, &f) && f.Code == code
}
