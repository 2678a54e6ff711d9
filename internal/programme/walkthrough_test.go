package programme_test

import (
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/message"
)

func TestAWalkthroughIsMailedToBothWithACalendarFile(t *testing.T) {
	w := newProgramme(t)
	w.member(anna, "anna@contoso.example")
	w.mails()
	at := w.now.Add(50 * time.Hour)
	wish := "Deals, leads; and \\ how " + strings.Repeat("ääkköset ", 20)
	if err := w.AskWalkthrough(t.Context(), anna, at, wish); err != nil {
		t.Fatal(err)
	}
	var to []string
	for _, m := range w.mails() {
		if m.Kind != message.Walkthrough {
			continue
		}
		to = append(to, m.To)
		if !strings.Contains(m.Calendar, "DTSTART:"+at.UTC().Format("20060102T150405Z")+"\r\n") || !strings.HasSuffix(m.Calendar, "END:VCALENDAR\r\n") {
			t.Errorf("the calendar is %q", m.Calendar)
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(m.Calendar, "\r\n"), "\r\n") {
			if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
				t.Errorf("a line of %d bytes: %q", len(line), line)
			}
		}
		if whole := strings.ReplaceAll(m.Calendar, "\r\n ", ""); !strings.Contains(whole, `DESCRIPTION:Deals\, leads\; and \\ how ääkköset`) {
			t.Errorf("the wish is written %q", whole)
		}
	}
	if len(to) != 2 {
		t.Errorf("mails went to %q", to)
	}
}

func TestAWalkthroughIsForMembersSoonAndNotTooOften(t *testing.T) {
	w := newProgramme(t)
	if err := w.AskWalkthrough(t.Context(), anna, w.now.Add(time.Hour), ""); !fault.Has(err, fault.MembershipMissing) {
		t.Errorf("a stranger gets %v", err)
	}
	w.member(anna, "anna@contoso.example")
	for _, bad := range []time.Duration{0, -time.Hour, 91 * 24 * time.Hour} {
		if err := w.AskWalkthrough(t.Context(), anna, w.now.Add(bad), ""); !fault.Has(err, fault.InputInvalid) {
			t.Errorf("in %v: %v", bad, err)
		}
	}
	if err := w.AskWalkthrough(t.Context(), anna, w.now.Add(time.Hour), "a\r\nb"); !fault.Has(err, fault.InputInvalid) {
		t.Errorf("two lines: %v", err)
	}
	for range 3 {
		if err := w.AskWalkthrough(t.Context(), anna, w.now.Add(time.Hour), ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.AskWalkthrough(t.Context(), anna, w.now.Add(time.Hour), ""); !fault.Has(err, fault.RequestRepeated) {
		t.Errorf("the fourth within an hour: %v", err)
	}
}
