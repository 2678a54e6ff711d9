package credential

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"golang.org/x/text/unicode/norm"
)

const (
	// aloneAtLeast is the shortest password that is the only proof, besideAtLeast
	// the shortest one beside a second factor (row R135).
	aloneAtLeast  = 15
	besideAtLeast = 8
)

// common are the words that passwords of the leaked lists are built around.
// They are compared after digits, signs and look-alikes are folded away, so
// that "P4ssw0rd2026!" is one of them (row R137).
var common = []string{
	"password", "passwort", "salasana", "losenord", "motdepasse", "contrasena", "parola", "senha", "wachtwoord", "haslo",
	"qwerty", "qwertyui", "qwertyuiop", "qwertz", "azerty", "asdf", "asdfgh", "asdfghjkl", "zxcvbn", "zxcvbnm", "qazwsx", "qazwsxedc",
	"abc", "abcd", "abcdef", "abcdefgh", "iloveyou", "ihateyou", "letmein", "welcome", "willkommen", "tervetuloa", "valkommen",
	"admin", "administrator", "root", "user", "guest", "login", "test", "testing", "default", "changeme", "changeit", "secret", "master",
	"monkey", "dragon", "football", "baseball", "soccer", "hockey", "basketball", "superman", "batman", "pokemon", "starwars", "princess",
	"sunshine", "shadow", "ashley", "michael", "jordan", "jennifer", "thomas", "daniel", "charlie", "andrew", "hunter", "ranger",
	"summer", "winter", "spring", "autumn", "kesa", "talvi", "sommar", "vinter", "january", "february", "monday", "friday",
	"computer", "internet", "microsoft", "windows", "google", "samsung", "facebook", "freedom", "whatever", "trustno", "mustang",
	"cheese", "pepper", "cookie", "chocolate", "banana", "orange", "flower", "purple", "silver", "golden", "hello", "hallo", "hei", "moi",
	"perkele", "suomi", "helsinki", "stockholm", "london", "berlin", "paris", "liverpool", "chelsea", "arsenal", "barcelona",
	"entente", "partner", "company", "office", "business", "corporate",
}

// Strong says whether a password can be chosen. alone is true when no second
// factor stands beside it; context are words that an attacker would try first,
// such as the person's name. It fails with PasswordWeak and the rule.
func Strong(password string, alone bool, context ...string) error {
	password = norm.NFC.String(password)
	least := besideAtLeast
	if alone {
		least = aloneAtLeast
	}
	switch {
	case utf8.RuneCountInString(password) < least:
		return fault.New(fault.PasswordWeak, "rule", "short", "count", fmt.Sprint(least))
	case len(password) > MaxPassword:
		return fault.New(fault.PasswordWeak, "rule", "long", "count", fmt.Sprint(MaxPassword))
	case monotone(password):
		return fault.New(fault.PasswordWeak, "rule", "common")
	}
	words := slices.Clone(common)
	for _, c := range context {
		for _, w := range strings.FieldsFunc(c, func(r rune) bool { return !unicode.IsLetter(r) }) {
			if w = onlyLetters(plain(w)); len(w) > 2 {
				words = append(words, w)
			}
		}
	}
	// Longer words first, so that none is left half.
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	// A digit may stand for a letter, or be nothing but padding.
	for _, reading := range []string{plain(password), lookAlikes.Replace(plain(password))} {
		rest := onlyLetters(reading)
		for _, w := range words {
			rest = strings.ReplaceAll(rest, w, "")
		}
		if utf8.RuneCountInString(rest) < 3 && !variedDigits(password) {
			return fault.New(fault.PasswordWeak, "rule", "common")
		}
	}
	return nil
}

// lookAlikes are the signs that stand for letters in the oldest trick.
var lookAlikes = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// plain folds case and the dots of our languages, as the words are written.
func plain(text string) string {
	return strings.NewReplacer("ö", "o", "ä", "a", "å", "a", "é", "e", "ü", "u").Replace(strings.ToLower(text))
}

func onlyLetters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, text)
}

// monotone is one character, or one short run, again and again, or a sequence.
func monotone(password string) bool {
	runes := []rune(strings.ToLower(password))
	distinct := map[rune]bool{}
	steps := 0
	for i, r := range runes {
		distinct[r] = true
		if i > 0 && (r-runes[i-1] == 1 || r-runes[i-1] == -1 || r == runes[i-1]) {
			steps++
		}
	}
	return len(distinct) < 4 || steps >= len(runes)-2
}

// variedDigits: enough of a password is a number that is no sequence.
func variedDigits(password string) bool {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, password)
	return len(digits) >= 10 && !monotone(digits)
}

// ChoosePassword keeps a password that a person chose, if it is strong enough,
// and tells them. Every session that rested on the old one ends. It fails with
// PasswordWeak.
func (s *Safe) ChoosePassword(ctx context.Context, t Told, password string, about ...string) error {
	owner := t.owner()
	has, err := s.HasSecondFactor(ctx, owner)
	if err != nil {
		return err
	}
	if err := Strong(password, !has, about...); err != nil {
		return err
	}
	hash, err := s.Hash(ctx, password)
	if err != nil {
		return err
	}
	letters, err := Notice(t.Outbox, s.source, t.Person, "password-changed")
	if err != nil {
		return err
	}
	now := s.source.Now()
	err = s.store.ChangePassword(ctx, owner, hash, func(a *account.Account) error {
		a.SessionsFrom, a.MustChangePassword = now, false
		return nil
	}, letters, Event(s.source, t.By, "password.change", string(owner.Account)))
	if err != nil {
		return err
	}
	t.Outbox.Nudge()
	return nil
}
