package pages

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages/words"
)

// Refusal is a failure with everything that helps to put it right.
type Refusal struct {
	Frame
	// Status is the HTTP status; 0 means 400.
	Status int
	Fault  *fault.Fault
	// Reference is what people read aloud; CorrelationID and TraceID what
	// clients and logs know.
	Reference, CorrelationID, TraceID string
	At                                time.Time
	AppID                             string
	// Address is what the person typed; it is shown masked. AccountKind is
	// "work", "personal" or empty.
	Address, AccountKind string
	// Step is where it happened, Browser the browser's family.
	Step, Browser string
	// Restart is where to start again, Back the app's own address; empty when
	// there is none.
	Restart, Back string
	// Checks are the steps that passed before.
	Checks []string
}

// Refuse writes the page for a failure (W4): what happened, who can fix it, and
// what to do next.
func (p *Pages) Refuse(w http.ResponseWriter, r Refusal) {
	if r.Status == 0 {
		r.Status = http.StatusBadRequest
	}
	story := p.tell(r)
	s := &sheet{Frame: r.Frame, View: story, Title: story.Headline}
	if r.Reference != "" {
		s.Again = "/explain/" + url.PathEscape(r.Reference)
	}
	p.render(w, r.Status, "refuse.html", s)
}

// Story is a refusal in the reader's language.
type Story struct {
	Refusal
	Headline, Why template.HTML
	Fixer         string
	Steps         []Step
	Code, Name    string
	Facts         []Fact
	Report        string
}

// Step is one thing to do, with a button where it can be done at once.
type Step struct {
	Text template.HTML
	// Label and Href make the button; Copy is true for the one that copies the
	// report. Help sends the attempt to "it" or to "programme" in one press.
	// Primary is true for the first button.
	Label   template.HTML
	Href    template.URL
	Help    string
	Copy    bool
	Primary bool
	// Retry is after how many milliseconds script presses it; 0 for never.
	Retry int
}

// Fact is one technical detail of the failure.
type Fact struct{ Name, Value string }

// action is what the button of a remedy does.
type action int

const (
	restart action = iota
	back
	writeIT
	writeCustomer
	writeProgramme
	copyReport
)

// remedyActions are the remedies that can be done from the page at once; the
// others are sentences.
var remedyActions = map[fault.Remedy]action{
	fault.TryAgain: restart, fault.StartAgain: restart, fault.UseAnother: restart,
	fault.WaitAndRetry: restart, fault.ConfirmIdentity: restart, fault.SetUpSecondFactor: restart,
	fault.GiveConsent: restart, fault.ReviewAgain: restart,
	fault.BackToApp: back,
	fault.AskIT:     writeIT, fault.ResetPassword: writeIT, fault.AssignRole: writeIT,
	fault.AskCustomer: writeCustomer, fault.RenewRelationship: writeCustomer, fault.AuthorizeCustomer: writeCustomer,
	fault.AskProgramme: writeProgramme, fault.AskForInvitation: writeProgramme, fault.AskForAccess: writeProgramme,
	fault.InvitedElsewhere: restart, fault.ConnectProfile: restart, fault.ReadTerms: restart,
	fault.TypeCodeAgain: restart, fault.NewCode: restart,
	fault.AskForPass: writeIT,
	fault.CopyReport: copyReport,
}

// shownFacts are the facts that developers need to see as they are.
var shownFacts = []string{"parameter", "rule", "redirect_uri", "resource", "scope", "permission", "tenant", "sent", "name", "date"}

// tell puts a refusal into words.
func (p *Pages) tell(r Refusal) Story {
	if r.Fault == nil {
		r.Fault = fault.New(fault.Unexpected)
	}
	if r.AppID == "" && id.IsGUID(r.Fault.Facts["app"]) {
		r.AppID = r.Fault.Facts["app"]
	}
	l, entry, facts := p.words.In(r.Lang), fault.Describe(r.Fault.Code), r.facts()
	story := Story{
		Refusal: r, Fixer: string(entry.Fixer), Name: entry.Name,
		Code:     fmt.Sprintf("AADSTS%d", entry.Code),
		Headline: l.HTML(messageKey(l, entry, "headline"), facts),
		Why:      l.HTML(messageKey(l, entry, "why"), facts),
	}
	for _, fact := range shownFacts {
		if value := words.OneLine(r.Fault.Facts[fact]); value != "" {
			story.Facts = append(story.Facts, Fact{fact, value})
		}
	}
	story.Report = p.report(r, entry, facts)
	story.Steps = p.steps(entry, story, l, facts)
	return story
}

// steps gives the remedies, those that can be done at once first: they are the
// reader's, while plain sentences often address somebody else.
func (p *Pages) steps(e fault.Entry, s Story, l words.Lexicon, facts map[string]string) []Step {
	var now, later []Step
	for _, remedy := range e.Next {
		key := "remedy." + string(remedy)
		step := Step{Text: l.HTML(key, facts)}
		kind, ok := remedyActions[remedy]
		if ok {
			step.Help, step.Copy = s.helpers(kind), kind == copyReport
		}
		if ok && step.Help == "" {
			step.Href = p.reach(kind, s, l, facts)
		}
		if step.Href == "" && step.Help == "" {
			later = append(later, step)
			continue
		}
		step.Label, step.Primary = l.HTML(key+".do", facts), len(now) == 0
		if remedy == fault.WaitAndRetry && e.Code == fault.DirectoryBusy {
			step.Retry = 5000
		}
		now = append(now, step)
	}
	return append(now, later...)
}

// helpers says who gets the attempt at the press of a button. It is kept, so
// nothing has to be typed or reproduced (experience.md 2.9). Whose IT it is must
// be known; a customer's is not.
func (s Story) helpers(kind action) string {
	switch {
	case s.Reference == "":
		return ""
	case kind == writeIT && s.AccountKind == "work":
		return "it"
	case kind == writeProgramme:
		return "programme"
	}
	return ""
}

// messageKey finds the words of a failure: those of the code itself, where its
// message alone would be too vague, else those of the message.
func messageKey(l words.Lexicon, e fault.Entry, part string) string {
	if own := fmt.Sprintf("AADSTS%d.%s", e.Code, part); l.Has(own) {
		return own
	}
	return e.Message + "." + part
}

// facts joins what the fault knows with what the visit knows. Sentences name
// apps and organisations; the ids that faults carry are for the details.
func (r Refusal) facts() map[string]string {
	facts := map[string]string{}
	for fact, value := range r.Fault.Facts {
		if !id.IsGUID(value) {
			facts[fact] = value
		}
	}
	for fact, value := range map[string]string{
		"app": r.AppName, "org": r.OrgName, "reference": r.Reference,
	} {
		if value != "" {
			facts[fact] = value
		}
	}
	return facts
}

// reach gives the address behind a remedy's button, or empty.
func (p *Pages) reach(kind action, s Story, l words.Lexicon, facts map[string]string) template.URL {
	switch kind {
	case restart:
		return outward(s.Restart)
	case back:
		return outward(s.Back)
	case copyReport:
		return "#report"
	case writeProgramme:
		return letter(p.support, l.Plain("mail.subject", facts), l.Plain("mail.body", facts)+"\n\n"+s.Report)
	}
	return letter("", l.Plain("mail.subject", facts), l.Plain("mail.body", facts)+"\n\n"+s.Report)
}

// letter makes a mail that the person's own mail program opens: the request is
// written, only the addressee may be missing.
func letter(to, subject, body string) template.URL {
	query := url.Values{"subject": {subject}, "body": {body}}.Encode()
	return template.URL("mailto:" + url.PathEscape(to) + "?" + strings.ReplaceAll(query, "+", "%20"))
}

// report is the plain text that travels to whoever helps: the same names in
// the same order always, in English, with the reader's own headline beside.
func (p *Pages) report(r Refusal, e fault.Entry, facts map[string]string) string {
	en, own := p.words.In("en"), p.words.In(r.Lang)
	lines := [][2]string{
		{"Reference", r.Reference},
		{"What happened", en.Plain(messageKey(en, e, "headline"), facts)},
	}
	if own.Tag != "en" {
		lines = append(lines, [2]string{"As shown", own.Plain(messageKey(own, e, "headline"), facts)})
	}
	account := mask(r.Address)
	if account != "" && r.AccountKind != "" {
		account += " (" + r.AccountKind + ")"
	}
	lines = append(lines, [][2]string{
		{"Who can fix it", en.Plain("fixer."+string(e.Fixer), facts)},
		{"Code", fmt.Sprintf("AADSTS%d %s", e.Code, e.Name)},
		{"Time", stamp(r.At)},
		{"App", r.AppName}, {"App id", r.AppID}, {"Organisation", r.OrgName}, {"Account", account},
		{"Step", r.Step}, {"Passed", strings.Join(r.Checks, ", ")}, {"Browser", r.Browser},
		{"Correlation id", r.CorrelationID}, {"Trace id", r.TraceID},
	}...)
	for _, fact := range shownFacts {
		lines = append(lines, [2]string{strings.ToUpper(fact[:1]) + strings.ReplaceAll(fact[1:], "_", " "), r.Fault.Facts[fact]})
	}
	var b strings.Builder
	for _, line := range lines {
		if value := words.OneLine(line[1]); value != "" {
			fmt.Fprintf(&b, "%s: %s\n", line[0], value)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// mask hides the middle of an address: enough for its owner to recognise it,
// too little for a stranger.
func mask(address string) string {
	at := strings.LastIndex(address, "@")
	if at < 0 {
		at = len(address)
	}
	local := []rune(address[:at])
	switch {
	case len(local) == 0:
		return ""
	case len(local) < 3:
		return string(local[:1]) + "…" + address[at:]
	}
	return string(local[:1]) + "…" + string(local[len(local)-1:]) + address[at:]
}
