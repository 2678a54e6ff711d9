package words_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/pages/words"
)

func load(t *testing.T) words.Dictionary {
	t.Helper()
	all, err := words.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// readWords gives the texts of a language as translators wrote them.
func readWords(t *testing.T, lang string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := json.Unmarshal(content, &texts); err != nil {
		t.Fatal(err)
	}
	return texts
}

var placeholder = regexp.MustCompile(`\{([a-z]+)[},]`)

// placeholders lists the facts a text uses, each once.
func placeholders(text string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestEveryLanguageHasTheSameKeys(t *testing.T) {
	english := readWords(t, "en")
	for _, lang := range []string{"fi", "sv"} {
		texts := readWords(t, lang)
		for key := range english {
			if texts[key] == "" {
				t.Errorf("%s lacks %s", lang, key)
			}
		}
		for key, text := range texts {
			if _, ok := english[key]; !ok {
				t.Errorf("%s has %s, which English lacks", lang, key)
			}
			// A translation may name the app or the organisation elsewhere in
			// its sentence, or leave it out; it may not need what is not given.
			for _, fact := range placeholders(text) {
				if !slices.Contains(placeholders(english[key]), fact) && !slices.Contains([]string{"app", "org"}, fact) {
					t.Errorf("%s: %s needs %s, which English does not", lang, key, fact)
				}
			}
		}
	}
}

func TestHeadlinesAreShortAndPlain(t *testing.T) {
	forbidden := map[string][]string{
		"en": {"oops", "invalid", "whoops", "uh-oh", "please contact", "administrator", "error"},
		"fi": {"hups", "virheellinen", "ota yhteyttä järjestelmänvalvojaan", "virhe"},
		"sv": {"hoppsan", "ogiltig", "kontakta din administratör", "fel:"},
	}
	code := regexp.MustCompile(`AADSTS|\d{4,}|M\d\d`)
	all := load(t)
	for lang, bad := range forbidden {
		for key, text := range readWords(t, lang) {
			if !strings.HasSuffix(key, ".headline") {
				continue
			}
			// As it stands without facts, when every stand-in is used.
			shown := all.In(lang).Plain(key, nil)
			if n := utf8.RuneCountInString(shown); n > 60 {
				t.Errorf("%s: %s has %d characters: %s", lang, key, n, shown)
			}
			if code.MatchString(text) {
				t.Errorf("%s: %s shows a code: %s", lang, key, text)
			}
			for _, word := range bad {
				if strings.Contains(strings.ToLower(text), word) {
					t.Errorf("%s: %s says %q", lang, key, word)
				}
			}
			if strings.HasSuffix(text, ".") || strings.Contains(text, "!") {
				t.Errorf("%s: %s ends or shouts: %s", lang, key, text)
			}
		}
	}
}

func TestTextsAreCalmEverywhere(t *testing.T) {
	for _, lang := range []string{"en", "fi", "sv"} {
		for key, text := range readWords(t, lang) {
			if strings.Contains(text, "!") {
				t.Errorf("%s: %s shouts: %s", lang, key, text)
			}
			if strings.ContainsAny(text, `<>'"`) {
				t.Errorf("%s: %s holds markup or straight quotes: %s", lang, key, text)
			}
			if strings.TrimSpace(text) != text {
				t.Errorf("%s: %s has space around it", lang, key)
			}
		}
	}
}

func TestWhySaysAtMostThreeSentences(t *testing.T) {
	sentence := regexp.MustCompile(`[.?](\s|$)`)
	for _, lang := range []string{"en", "fi", "sv"} {
		for key, text := range readWords(t, lang) {
			if strings.HasSuffix(key, ".why") && len(sentence.FindAllString(text, -1)) > 3 {
				t.Errorf("%s: %s is too long: %s", lang, key, text)
			}
		}
	}
}

func TestFactsAreWrittenInTheReadersWay(t *testing.T) {
	all := load(t)
	for _, c := range []struct {
		lang, key string
		facts     map[string]string
		want      string
	}{
		{"en", "problem.wait", map[string]string{"minutes": "1"}, "Wait 1 minute, then"},
		{"en", "problem.wait", map[string]string{"minutes": "12"}, "Wait 12 minutes, then"},
		{"fi", "problem.wait", map[string]string{"minutes": "12"}, "Odota 12 minuuttia ja"},
		{"sv", "problem.wait", map[string]string{"minutes": "1"}, "Vänta 1 minut och"},
		{"en", "problem.wait", map[string]string{"minutes": "<b>"}, "Wait a few minutes, then"},
		{"en", "M25.headline", map[string]string{"app": "Billing", "date": "2026-11-02"}, "Billing expired on 2 Nov 2026"},
		{"fi", "M25.headline", map[string]string{"date": "2026-11-02"}, "(2.11.2026)"},
		{"fi", "M25.headline", map[string]string{"date": "2026-11-02T10:00:00Z"}, "(2.11.2026 klo 10.00.00 UTC)"},
		{"en", "M12.headline", nil, "This app asks for access"},
		{"sv", "M07.headline", nil, "Ditt konto på din organisation är avstängt"},
		{"en", "M12.headline", map[string]string{"app": "a\u202eb\nc"}, "ab c asks for access"},
	} {
		if got := all.In(c.lang).Plain(c.key, c.facts); !strings.Contains(got, c.want) {
			t.Errorf("%s %s %v = %q, want %q in it", c.lang, c.key, c.facts, got, c.want)
		}
	}
}
