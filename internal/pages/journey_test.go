package pages_test

import (
	"html"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/pages"
)

var scripts = regexp.MustCompile(`<script[^>]*>`)

func TestHostileDataIsShownAndNeverRun(t *testing.T) {
	p := newPages(t)
	for _, s := range scenes(sink) {
		w := s.render(p, "en")
		body := w.Body.String()
		if got := scripts.FindAllString(body, -1); len(got) != 1 || !strings.Contains(got[0], `src="/assets/script.`) {
			t.Errorf("%s: scripts %v", s.name, got)
		}
		for _, bad := range []string{"<img src=x", " style=", "javascript:", "ZgotmplZ", "<no value>"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %q", s.name, bad)
			}
		}
		if regexp.MustCompile(`<[^>]*\son[a-z]+=`).MatchString(stripAttributes(body)) {
			t.Errorf("%s has an inline handler", s.name)
		}
		if w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: a header was smuggled in", s.name)
		}
	}
}

// stripAttributes empties attribute values, in which anything may stand.
func stripAttributes(body string) string {
	return regexp.MustCompile(`"[^"]*"`).ReplaceAllString(body, `""`)
}

func TestFieldsCanBeFilledByPasswordManagersAndKeyboards(t *testing.T) {
	p := newPages(t)
	named := map[string]scene{}
	for _, s := range scenes(sink) {
		named[s.name] = s
	}
	for page, wants := range map[string][]string{
		"address":       {`name="address" type="text" inputmode="email"`, `autocomplete="username webauthn"`, `autocapitalize="none"`, `spellcheck="false"`, "Work e-mail or user name", `name="do" value="next"`},
		"address-any":   {"E-mail or user name"},
		"password":      {`name="username" value="anna@contoso.example" autocomplete="username"`, `autocomplete="current-password" maxlength="256"`, `name="do" value="another"`},
		"code":          {`inputmode="numeric"`, `autocomplete="one-time-code"`, `name="do" value="recovery" formnovalidate`},
		"code-recovery": {`name="do" value="code" formnovalidate`},
		"enrol":         {`src="data:image/png;base64,`, `href="otpauth://totp/`, "JBSW Y3DP EHPK 3PXP"},
		"codes":         {"7Q4K-2MXD-4T9B", `name="kept" type="checkbox" value="yes" required`},
		"picker":        {`name="pick" value="1"`, "Personal accounts are not accepted here", `name="do" value="another"`},
	} {
		body := named[page].render(p, "en").Body.String()
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %s", page, want)
			}
		}
	}
	if strings.Contains(named["picker"].render(p, "en").Body.String(), `value="3"`) {
		t.Error("an account that the app does not take can be picked")
	}
}

func TestAProblemIsSaidFirstAndAtItsField(t *testing.T) {
	p := newPages(t)
	w := httptest.NewRecorder()
	p.Address(w, pages.AddressView{Frame: pages.Frame{Lang: "en", OrgName: "Contoso", Problem: "problem.personal"}, Address: "anna@contoso"})
	body := w.Body.String()
	for _, want := range []string{"<title>Error: Sign in · Contoso</title>", `role="alert"`, `<a href="#address">`, `id="address-problem"`,
		`aria-invalid="true" aria-describedby="address-problem address-hint"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Index(body, `role="alert"`) > strings.Index(body, "<h1>") {
		t.Error("the summary does not come first")
	}
}

func TestAnUnknownDomainHasThreeWaysOn(t *testing.T) {
	w := httptest.NewRecorder()
	newPages(t).Unknown(w, pages.UnknownView{Frame: pages.Frame{Lang: "en"}, Domain: `<b>contoso</b>`, Address: "anna@contoso", Reference: "7Q4K-2MXD"})
	body := w.Body.String()
	for _, want := range []string{"&lt;b&gt;contoso&lt;/b&gt;", "You have another sign-in name", "mailto:?", `action="/help"`, `value="7Q4K-2MXD"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestConsentSaysWhatItGivesAndWhatItDoesNot(t *testing.T) {
	p := newPages(t)
	show := func(names ...string) string {
		v := pages.ConsentView{Frame: pages.Frame{Lang: "en", AppName: "CRM", OrgName: "Contoso"}, Address: "anna@contoso.example"}
		for _, n := range names {
			v.Permissions = append(v.Permissions, pages.Permission{Resource: "Microsoft Partner Center", Name: n})
		}
		w := httptest.NewRecorder()
		p.Consent(w, v)
		return w.Body.String()
	}
	body := show("User.Read", "offline_access")
	for _, want := range []string{"Stay signed in when you are away (until you revoke it)", "your mail", "your files", "your password", "publisher not verified"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, `name="forall"`) {
		t.Error("somebody who is no admin may decide for everyone")
	}
	if no, yes := strings.Index(body, `value="no"`), strings.Index(body, `value="yes"`); no < 0 || yes < no {
		t.Error("No does not come before Yes")
	}
	if strings.Contains(show("Mail.Read"), "<li>your mail</li>") {
		t.Error("an app that reads mail is said not to get it")
	}
	impersonation := show("user_impersonation")
	if !strings.Contains(impersonation, "Act for you in <bdi>Microsoft Partner Center</bdi>") || strings.Contains(impersonation, "<li>your files</li>") {
		t.Error("acting for a person is not told as what it is")
	}
	unknown := show("Deals.<Approve>")
	if !strings.Contains(unknown, "Deals.&lt;Approve&gt;") || !strings.Contains(unknown, `class="risky"`) {
		t.Error("an unknown permission is not named or not marked")
	}
}

func refusal(code fault.Code) pages.Refusal {
	return pages.Refusal{Frame: pages.Frame{Lang: "fi", AppName: "Portal", OrgName: "Contoso"}, Fault: fault.New(code, facts...),
		Reference: "7Q4K-2MXD", CorrelationID: "corr", TraceID: "trace", At: noon, AppID: "3f6c2a10-0000-4000-8000-000000000001",
		Address: "anna.virtanen@contoso.example", AccountKind: "work", Step: "consent", Browser: "Firefox",
		Restart: "/again", Back: "com.example.app://back", Checks: []string{"domain", "password"}}
}

func TestTheReportHelpsWithoutTellingTooMuch(t *testing.T) {
	p := newPages(t)
	for _, entry := range fault.All() {
		w := httptest.NewRecorder()
		p.Refuse(w, refusal(entry.Code))
		body := w.Body.String()
		report := html.UnescapeString(regexp.MustCompile(`(?s)<pre id="report"[^>]*>(.*?)</pre>`).FindStringSubmatch(body)[1])
		lines := strings.Split(report, "\n")
		if len(lines) > 25 || lines[0] != "Reference: 7Q4K-2MXD" {
			t.Errorf("%d: %d lines, first %q", entry.Code, len(lines), lines[0])
		}
		for _, want := range []string{"Time: 2026-11-22T12:02:11Z", "Account: a…n@contoso.example (work)", "Passed: domain, password"} {
			if !strings.Contains(report, want) {
				t.Errorf("%d: the report lacks %q", entry.Code, want)
			}
		}
		if strings.Contains(body, "anna.virtanen@") {
			t.Errorf("%d: the whole address is shown", entry.Code)
		}
		if n := strings.Count(body, `class="button primary"`) + strings.Count(body, `class="primary"`); n > 1 {
			t.Errorf("%d: %d primary buttons", entry.Code, n)
		}
	}
}

func TestNoRefusalIsADeadEnd(t *testing.T) {
	p := newPages(t)
	for _, entry := range fault.All() {
		r := refusal(entry.Code)
		r.Lang = "en"
		w := httptest.NewRecorder()
		p.Refuse(w, r)
		main := w.Body.String()
		main = main[strings.Index(main, "<main"):strings.Index(main, "</main>")]
		if !strings.Contains(main, `<ol class="steps">`) || !strings.Contains(main, "<li><p>") {
			t.Errorf("%d has no next step", entry.Code)
		}
	}
}

func TestOnesOwnITGetsTheAttemptAtThePressOfAButton(t *testing.T) {
	w := httptest.NewRecorder()
	r := refusal(fault.AccountDisabled)
	r.Lang, r.AccountKind = "en", "work"
	newPages(t).Refuse(w, r)
	for _, want := range []string{`<form method="post" action="/help">`, `name="reference" value="7Q4K-2MXD"`, `name="to" value="it"`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestALetterIsReadyToSend(t *testing.T) {
	p := newPages(t)
	r := refusal(fault.ApprovalRequired)
	r.Lang, r.AccountKind = "en", ""
	w := httptest.NewRecorder()
	p.Refuse(w, r)
	href := regexp.MustCompile(`href="(mailto:\?[^"]+)"`).FindStringSubmatch(w.Body.String())
	if href == nil {
		t.Fatal("no letter to IT")
	}
	u, err := url.Parse(html.UnescapeString(href[1]))
	if err != nil {
		t.Fatal(err)
	}
	if q := u.Query(); !strings.Contains(q.Get("subject"), "7Q4K-2MXD") || !strings.Contains(q.Get("body"), "AADSTS90094") || strings.Contains(href[1], "+") {
		t.Errorf("letter: %v", q)
	}
}

func TestAReferenceAloneOpensThePublicTextOnly(t *testing.T) {
	p := newPages(t)
	v := pages.ExplainView{Frame: pages.Frame{Lang: "en", OrgName: "Contoso"}, Reference: "7Q4K-2MXD", Found: true, At: noon,
		Fault: fault.New(fault.BlockedByPolicy, "policy", "Office network", "org", "Adatum", "redirect_uri", "https://secret.example"), Checks: []string{"password"},
		AppID: "3f6c2a10-0000-4000-8000-000000000001", CorrelationID: "corr-1", TraceID: "trace-1", Address: "anna@contoso.example", AccountKind: "work", Step: "policy", Browser: "Safari"}
	hidden := []string{"Office network", "secret.example", "3f6c2a10", "corr-1", "trace-1", "a…a@contoso.example", "Safari", "✓"}
	full, public := httptest.NewRecorder(), httptest.NewRecorder()
	p.Explain(full, v)
	v.Public = true
	p.Explain(public, v)
	for _, word := range hidden {
		if !strings.Contains(full.Body.String(), word) {
			t.Errorf("the full page lacks %q", word)
		}
		if strings.Contains(public.Body.String(), word) {
			t.Errorf("the public page tells %q", word)
		}
	}
	if !strings.Contains(public.Body.String(), "A rule at") || !strings.Contains(public.Body.String(), "Your IT") {
		t.Error("the public page does not say what happened and who can fix it")
	}
}

func TestRefusalsTakeTheirStatus(t *testing.T) {
	p := newPages(t)
	for status, want := range map[int]int{0: 400, 404: 404, 503: 503} {
		r := refusal(fault.PageUnknown)
		r.Status = status
		w := httptest.NewRecorder()
		p.Refuse(w, r)
		if w.Code != want {
			t.Errorf("%d became %d", status, w.Code)
		}
	}
}
