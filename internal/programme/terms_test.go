package programme_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/programme"
)

func (w *house) publish(texts map[string]string) programme.Terms {
	w.t.Helper()
	terms, err := w.Publish(w.t.Context(), olga, texts)
	if err != nil {
		w.t.Fatal(err)
	}
	return terms
}

func TestJ26TermsAreKeptAsTheyWereAcceptedByPersonAndOrganisation(t *testing.T) {
	w := newProgramme(t)
	w.member(anna, "anna@contoso.example")
	w.member(bob, "bob@contoso.example")
	if err := w.TermsDue(t.Context(), contoso, "anna"); err != nil {
		t.Errorf("before there are any: %v", err)
	}
	w.publish(map[string]string{"en": "Be kind.", "fi": "Ole kiltti."})
	wantFault(t, w.TermsDue(t.Context(), contoso, "anna"), fault.TermsPending, "date", "2026-11-22", "version", "1")
	if err := w.AcceptTerms(t.Context(), anna, 1, "fi"); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	if err := w.AcceptTerms(t.Context(), anna, 1, "en"); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := w.AcceptTerms(t.Context(), bob, 1, "en"); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("Ole kiltti."))
	for _, who := range []string{"anna", ""} {
		got, err := w.Accepted(t.Context(), contoso, by(contoso, who).Account)
		if err != nil || got.Version != 1 || got.Language != "fi" || got.Hash != hex.EncodeToString(sum[:]) || !got.At.Equal(noon) || got.SignInName != "anna@contoso.example" {
			t.Errorf("%q accepted %+v, %v", who, got, err)
		}
	}
	if err := w.TermsDue(t.Context(), contoso, "anna"); err != nil {
		t.Errorf("after: %v", err)
	}
	w.now = noon.AddDate(0, 1, 0)
	w.publish(map[string]string{"en": "Be very kind."})
	wantFault(t, w.TermsDue(t.Context(), contoso, "anna"), fault.TermsPending, "date", "2026-12-22", "version", "2")
	wantFault(t, w.AcceptTerms(t.Context(), anna, 1, "fi"), fault.ChangedMeanwhile)
	wantFault(t, w.AcceptTerms(t.Context(), anna, 2, "fi"), fault.InputInvalid)
	if text, hash, err := w.TermsText(t.Context(), 1, "fi"); err != nil || text != "Ole kiltti." || hash != hex.EncodeToString(sum[:]) {
		t.Errorf("as accepted: %q %s, %v", text, hash, err)
	}
	_, _, err := w.TermsText(t.Context(), 2, "fi")
	wantFault(t, err, fault.ObjectUnknown)
}

func TestTheOwnerListsWhoAcceptedAVersion(t *testing.T) {
	w := newProgramme(t)
	w.publish(map[string]string{"en": "Be kind."})
	w.member(bob, "bob@contoso.example")
	w.member(anna, "anna@contoso.example")
	w.member(frank, "frank@fabrikam.example")
	if err := w.AcceptTerms(t.Context(), frank, 1, "en"); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"bob", "anna"} {
		if err := w.AcceptTerms(t.Context(), by(contoso, who), 1, "en"); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	var after programme.Acceptance
	for {
		list, err := w.Acceptances(t.Context(), olga, 1, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		for _, a := range list {
			got = append(got, string(a.Tenant[35:])+"/"+string(a.Account))
		}
		after = list[len(list)-1]
	}
	if text := strings.Join(got, " "); text != "1/ 1/anna 1/bob 2/ 2/frank" {
		t.Errorf("listed %s", text)
	}
}

func TestOnlyMembersAcceptTerms(t *testing.T) {
	w := newProgramme(t)
	w.publish(map[string]string{"en": "Be kind."})
	wantFault(t, w.AcceptTerms(t.Context(), anna, 1, "en"), fault.MembershipMissing)
	_, err := w.Accepted(t.Context(), contoso, "")
	wantFault(t, err, fault.ObjectUnknown)
}

func TestTermsThatCannotBeAreRefused(t *testing.T) {
	w := newProgramme(t)
	_, err := w.CurrentTerms(t.Context())
	wantFault(t, err, fault.ObjectUnknown)
	for _, texts := range []map[string]string{
		nil, {"": "text"}, {"??": "text"}, {"en": " "}, {"en": "\xff"}, {"en": "a\x00b"}, {"en": strings.Repeat("x", 200_001)},
	} {
		_, err := w.Publish(t.Context(), olga, texts)
		wantFault(t, err, fault.InputInvalid)
	}
	if got := w.publish(map[string]string{"en": "a", "pt-BR": "b"}); got.Version != 1 || len(got.Hashes) != 2 {
		t.Errorf("%+v", got)
	}
	if got, err := w.CurrentTerms(t.Context()); err != nil || got.Version != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
