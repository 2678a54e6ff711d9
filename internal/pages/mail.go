package pages

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/pages/words"
)

// Mail is a message in the words of its reader: a complete plain text and the
// same in HTML, without remote images and with one link (experience.md 2.17).
type Mail struct {
	// ID names the message, At is when it was written.
	ID                      string
	At                      time.Time
	To, Subject, Text, HTML string
	// Link is its one link, empty for none.
	Link string
	// Lang is the language it is written in.
	Lang string
	// Calendar is an attached calendar file, empty for none.
	Calendar string
}

// mailView is what the HTML form of a mail is drawn from.
type mailView struct {
	Lang, Dir, Subject string
	Paragraphs, Lines  []string
	Link, Action       string
	Foot               []string
}

// Mail puts a message into words. Links are made from the configured origin,
// never from a request.
func (p *Pages) Mail(origin string, m message.Message) (Mail, error) {
	lang, ok := p.offer.Find(m.Language)
	if !ok {
		lang, _ = p.offer.Match(m.Language)
	}
	l := p.words.In(lang)
	facts := map[string]string{"reference": m.Reference}
	for name, value := range m.Facts {
		facts[name] = value
	}
	key := "mail." + string(m.Kind)
	body := key + ".body"
	if own := key + "." + m.Facts["what"] + ".body"; m.Facts["what"] != "" && l.Has(own) {
		body = own
	}
	v := mailView{Lang: l.Tag, Dir: "ltr", Subject: words.OneLine(l.Plain(key+".subject", facts)), Lines: m.Lines}
	if l.Tag == words.Pseudo {
		v.Dir = "rtl"
	}
	for paragraph := range strings.SplitSeq(l.Plain(body, facts), "\n\n") {
		// A paragraph that is a fact alone is left out when the fact is not known.
		if text := strings.TrimSpace(paragraph); text != "" && text != l.Plain("fact.reason", nil) {
			v.Paragraphs = append(v.Paragraphs, text)
		}
	}
	if v.Link = m.Link; m.Path != "" {
		v.Link = origin + m.Path
	}
	if v.Link != "" {
		v.Action = l.Plain(key+".action", facts)
		v.Foot = append(v.Foot, l.Plain("mail.foot.safe", nil))
	}
	v.Foot = append(v.Foot, mailFoot(l, m)...)
	var page bytes.Buffer
	if err := p.templates["mail.html"].ExecuteTemplate(&page, "mail", v); err != nil {
		return Mail{}, fmt.Errorf("draw mail: %w", err)
	}
	return Mail{ID: m.ID, At: m.At, To: m.To, Subject: v.Subject, Text: v.text(), HTML: page.String(), Link: v.Link, Lang: l.Tag, Calendar: m.Calendar}, nil
}

func mailFoot(l words.Lexicon, m message.Message) []string {
	var foot []string
	if !m.Expires.IsZero() {
		foot = append(foot, l.Plain("mail.foot.expires", map[string]string{"date": m.Expires.Format(time.RFC3339)}))
	}
	if m.Reference != "" {
		foot = append(foot, l.Plain("mail.foot.reference", map[string]string{"reference": m.Reference}))
	}
	if m.Facts["org"] != "" {
		foot = append(foot, l.Plain("mail.foot.why", m.Facts))
	}
	return foot
}

// text is the mail for readers without HTML, complete.
func (v mailView) text() string {
	parts := append([]string(nil), v.Paragraphs...)
	if len(v.Lines) > 0 {
		parts = append(parts, "- "+strings.Join(v.Lines, "\n- "))
	}
	if v.Link != "" {
		parts = append(parts, v.Action+":\n"+v.Link)
	}
	return strings.Join(append(parts, strings.Join(v.Foot, "\n")), "\n\n") + "\n"
}
