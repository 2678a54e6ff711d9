package pages

import (
	"net/http"
	"time"
)

// AskApprovalView asks why an app is wanted that the reader's IT has to allow
// (M14). It posts reason and do=send, or do=no.
type AskApprovalView struct {
	ConsentView
	Reason string
	// Reviewers is how many people can decide.
	Reviewers int
}

// AskApproval writes the request page (experience.md 2.8).
func (p *Pages) AskApproval(w http.ResponseWriter, v AskApprovalView) {
	p.step(w, "askapproval.html", v.Frame, v, "M14.headline", "reason")
}

// WaitingView shows a request that nobody has decided yet (M15). It posts
// do=remind, do=withdraw or do=check.
type WaitingView struct {
	ConsentView
	// Since is when it was sent, Reminded when the reviewers were last
	// reminded, zero for never.
	Since, Reminded time.Time
	Reviewers       int
	Reference       string
	// Notice is the word of what was just done, empty for nothing.
	Notice string
}

// Waiting writes the status of a request.
func (p *Pages) Waiting(w http.ResponseWriter, v WaitingView) {
	p.step(w, "waiting.html", v.Frame, v, "waiting.title", "")
}
