package pages

import (
	"html/template"

	"github.com/entente-id/entente/internal/fault"
)

// Told is a failure as its person read it: headline, reason and next steps in
// their language.
type Told struct {
	Headline, Why template.HTML
	Steps         []template.HTML
	plain         []string
}

// Told puts a failure into the words of a language.
func (p *Pages) Told(lang string, code fault.Code, facts map[string]string) Told {
	l, entry := p.words.In(lang), fault.Describe(code)
	headline, why := messageKey(l, entry, "headline"), messageKey(l, entry, "why")
	t := Told{Headline: l.HTML(headline, facts), Why: l.HTML(why, facts), plain: []string{l.Plain(headline, facts), l.Plain(why, facts)}}
	for _, remedy := range entry.Next {
		key := "remedy." + string(remedy)
		t.Steps = append(t.Steps, l.HTML(key, facts))
		t.plain = append(t.plain, l.Plain(key, facts))
	}
	return t
}

// Reply is a text that can be sent to the person as it is.
func (p *Pages) Reply(lang, reference string, t Told) string {
	l := p.words.In(lang)
	return l.Reply(reference, t.plain[0], t.plain[1:])
}
