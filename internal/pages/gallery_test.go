package pages_test

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/pages"
)

// scene is one page in one state, and the languages worth opening it in.
type scene struct {
	name      string
	languages []string
	show      func(p *pages.Pages, w http.ResponseWriter, lang string)
}

const (
	longName    = "Österreichische Bundesverbandsvermittlungsgesellschaft für Partnerprogrammkoordination mbH"
	longAddress = "anna-maria.virtanen-korhonen.johtava-asiantuntija@tietojenkasittely.pohjois-pohjanmaa.contoso-konserni.example"
	hostile     = `"><script>alert(1)</script><img src=x onerror=alert(1)>{app}{{.}}` + "\u202egnp.exe\r\nSet-Cookie: a=b"
)

// cast is the data a scene plays with.
type cast struct{ app, org, address, publisher string }

var (
	usual   = cast{"Partner Sales Portal", "Contoso", "anna@contoso.example", "Fabrikam Oy"}
	wordy   = cast{longName + " Portal", longName, longAddress, longName}
	wicked  = cast{hostile, hostile, hostile, hostile}
	unnamed = cast{}
)

// sink is where answers to an app go when no server is needed.
const sink = "https://app.example/cb"

// scenes lists every page: as usual, with nothing known, with long and with
// hostile data, and after each problem. Answers to the app go to target.
func scenes(target string) []scene {
	var all []scene
	for _, act := range []struct {
		suffix    string
		cast      cast
		languages []string
	}{
		{"", usual, languages}, {"-long", wordy, []string{"fi", "ar-XB"}}, {"-hostile", wicked, []string{"en"}}, {"-unnamed", unnamed, []string{"en"}},
	} {
		c := act.cast
		frame := func(lang string) pages.Frame {
			return pages.Frame{Lang: lang, AppName: c.app, OrgName: c.org, Action: "/sink", Flow: "sealed" + c.app}
		}
		everyPage(c, target, frame, func(name string, show func(*pages.Pages, http.ResponseWriter, string)) {
			all = append(all, scene{name + act.suffix, act.languages, show})
		})
	}
	for _, problem := range []struct{ page, key string }{
		{"address", "problem.address.missing"}, {"address", "problem.address.form"},
		{"address", "problem.personal"}, {"mailbox", "problem.mailcode"}, {"mailbox", "problem.repeated"}, {"new-password", "problem.password.common"},
		{"new-account", "problem.name"}, {"pass", "problem.pass"}, {"ask-approval", "problem.reason"}, {"device", "problem.device.wrong"},
		{"password", "problem.credentials"}, {"password", "problem.wait"},
		{"code", "problem.code"}, {"code", "problem.code.used"}, {"code", "problem.code.clock"}, {"code", "problem.code.form"},
		{"enrol", "problem.code.clock"}, {"codes", "problem.kept"},
	} {
		frame := func(lang string) pages.Frame {
			return pages.Frame{Lang: lang, AppName: usual.app, OrgName: usual.org, Action: "/sink", Flow: "sealed",
				Problem: problem.key, ProblemFacts: map[string]string{"domain": "contoso.example", "minutes": "1"}}
		}
		everyPage(usual, target, frame, func(name string, show func(*pages.Pages, http.ResponseWriter, string)) {
			if name == problem.page {
				all = append(all, scene{name + "-" + problem.key, []string{"en", "fi"}, show})
			}
		})
	}
	return all
}

func everyPage(c cast, target string, frame func(lang string) pages.Frame, add func(string, func(*pages.Pages, http.ResponseWriter, string))) {
	type (
		P = *pages.Pages
		W = http.ResponseWriter
	)
	tiles := []pages.Tile{
		{Key: "1", Name: "Anna Virtanen", Address: c.address, Kind: "work", OrgName: c.org, SignedIn: true},
		{Key: "2", Name: "Ville Laine", Address: "ville@adatum.example", Kind: "work", OrgName: "Adatum"},
		{Key: "3", Initials: "A", Name: "Anna", Address: c.address, Kind: "personal", Reason: "picker.reason.personal"},
	}
	consent := func(lang string) pages.ConsentView {
		return pages.ConsentView{Frame: frame(lang), Address: c.address, Publisher: c.publisher, PublisherDomain: "fabrikam.example",
			Verified: c.app == usual.app, RedirectHost: "portal.fabrikam.example", MayForAll: true, People: 214,
			Permissions: []pages.Permission{
				{Resource: "Microsoft Graph", Name: "User.Read"}, {Resource: "Microsoft Graph", Name: "Organization.Read.All", New: true},
				{Resource: "Microsoft Graph", Name: "Directory.ReadWrite.All"},
				{Resource: "Microsoft Partner Center", Name: "user_impersonation"}, {Resource: "Microsoft Graph", Name: "offline_access"},
			}}
	}
	add("address", func(p P, w W, lang string) {
		p.Address(w, pages.AddressView{Frame: frame(lang), Address: c.address})
	})
	add("address-any", func(p P, w W, lang string) {
		p.Address(w, pages.AddressView{Frame: frame(lang), Personal: true})
	})
	add("picker", func(p P, w W, lang string) { p.Picker(w, pages.PickerView{Frame: frame(lang), Accounts: tiles}) })
	add("password", func(p P, w W, lang string) {
		p.Password(w, pages.PasswordView{Frame: frame(lang), Address: c.address})
	})
	add("code", func(p P, w W, lang string) { p.Code(w, pages.CodeView{Frame: frame(lang), Address: c.address}) })
	add("code-recovery", func(p P, w W, lang string) {
		p.Code(w, pages.CodeView{Frame: frame(lang), Address: c.address, Recovery: true})
	})
	add("enrol", func(p P, w W, lang string) {
		p.Enrol(w, pages.EnrolView{Frame: frame(lang), Address: c.address, QR: checkerboard(),
			Secret: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", Link: "otpauth://totp/Contoso:anna?secret=JBSWY3DP"})
	})
	add("codes", func(p P, w W, lang string) {
		p.RecoveryCodes(w, pages.RecoveryView{Frame: frame(lang), Codes: strings.Fields(
			"7Q4K-2MXD-4T9B 77QX-0HJR-M3WZ 9C2F-D5KE-6N8P VT1A-2GYS-41QD 8W7E-KZ3M-B5X0 R9TJ-Q3DC-6FHN 1VPA-E8YG-0D2K 5HSX-TT1B-9PQR 3EAD-KM7N-XW2Z C8YF-4GJH-V6TE")})
	})
	add("consent", func(p P, w W, lang string) {
		v := consent(lang)
		v.Purpose = map[bool]string{true: "show your firm’s deals to you", false: c.publisher}[c.app == usual.app]
		p.Consent(w, v)
	})
	add("consent-plain", func(p P, w W, lang string) {
		v := consent(lang)
		v.Permissions, v.MayForAll, v.Verified = v.Permissions[:2], false, false
		v.Permissions = append(v.Permissions, pages.Permission{Resource: c.publisher, Name: "Deals.Approve"})
		p.Consent(w, v)
	})
	add("consent-for-all", func(p P, w W, lang string) { p.ConsentForAll(w, consent(lang)) })
	add("sign-out", func(p P, w W, lang string) {
		p.SignOut(w, pages.SignOutView{Frame: frame(lang), Accounts: tiles[:2]})
	})
	add("signed-out", func(p P, w W, lang string) {
		p.SignedOut(w, pages.SignedOutView{Frame: frame(lang), Return: "https://portal.fabrikam.example/bye"})
	})
	add("expected", func(p P, w W, lang string) {
		p.Expected(w, pages.ExpectedView{Frame: frame(lang), Expected: c.address, Typed: "ville@adatum.example"})
	})
	add("unknown", func(p P, w W, lang string) {
		p.Unknown(w, pages.UnknownView{Frame: frame(lang), Address: c.address, Domain: "contoso.example", Reference: "7Q4K-2MXD"})
	})
	add("kind", func(p P, w W, lang string) {
		p.Kind(w, pages.KindView{Frame: frame(lang), Address: c.address, Rename: "/account/sign-in-name"})
	})
	add("upstream", func(p P, w W, lang string) {
		p.Upstream(w, pages.UpstreamView{Frame: frame(lang), Address: c.address, Provider: c.org})
	})
	add("password-personal", func(p P, w W, lang string) {
		p.Password(w, pages.PasswordView{Frame: frame(lang), Address: c.address, Personal: true, Notice: "signup.exists"})
	})
	add("mailbox", func(p P, w W, lang string) {
		p.Mailbox(w, pages.MailboxView{Frame: frame(lang), Address: c.address, Reset: true})
	})
	add("new-account", func(p P, w W, lang string) {
		p.NewAccount(w, pages.NewAccountView{Frame: frame(lang), Address: c.address, Name: c.publisher})
	})
	add("new-password", func(p P, w W, lang string) {
		p.NewPassword(w, pages.NewPasswordView{Frame: frame(lang), Address: c.address})
	})
	add("pass", func(p P, w W, lang string) { p.Pass(w, pages.PassView{Frame: frame(lang), Address: c.address}) })
	add("ask-approval", func(p P, w W, lang string) {
		p.AskApproval(w, pages.AskApprovalView{ConsentView: consent(lang), Reason: c.publisher, Reviewers: 3})
	})
	add("waiting", func(p P, w W, lang string) {
		p.Waiting(w, pages.WaitingView{ConsentView: consent(lang), Since: noon, Reminded: noon, Reviewers: 1, Reference: "7Q4K-2MXD", Notice: "waiting.reminded"})
	})
	add("device", func(p P, w W, lang string) {
		p.DeviceCode(w, pages.DeviceCodeView{Frame: frame(lang), Typed: "WDJB-MJHT"})
	})
	add("device-confirm", func(p P, w W, lang string) {
		p.DeviceConfirm(w, pages.DeviceConfirmView{Frame: frame(lang), Code: "WDJB-MJHT", App: c.app, Publisher: c.publisher, PublisherDomain: "fabrikam.example",
			Verified: true, From: "192.0.2.7", Agent: "MSAL.Go " + c.publisher, Asked: noon, Permissions: consent(lang).Permissions})
	})
	add("device-end", func(p P, w W, lang string) {
		p.DeviceEnd(w, pages.DeviceEndView{Frame: frame(lang), Key: "device.done"})
	})
	add("resume", func(p P, w W, lang string) {
		p.Resume(w, pages.ResumeView{Frame: frame(lang), Fields: url.Values{"text": {c.publisher}}})
	})
	add("account-done", func(p P, w W, lang string) { p.AccountDone(w, pages.AccountDoneView{Frame: frame(lang)}) })
	add("form-post", func(p P, w W, lang string) {
		p.FormPost(w, pages.FormPostView{Frame: frame(lang), Target: target, Fields: [][2]string{{"code", c.publisher}, {"state", "x y"}}})
	})
	add("leave", func(p P, w W, lang string) {
		p.Leave(w, pages.LeaveView{Frame: frame(lang), Target: "com.fabrikam.sales://auth?code=abc&state=x"})
	})
	for name, code := range map[string]fault.Code{
		"approval": fault.ApprovalRequired, "redirect": fault.RedirectMismatch, "locked": fault.TooManyTries,
		"broken": fault.Unexpected, "expired": fault.PageExpired, "secret": fault.SecretExpired,
	} {
		add("refuse-"+name, func(p P, w W, lang string) {
			p.Refuse(w, pages.Refusal{Frame: frame(lang), Status: 403,
				Fault:     fault.New(code, "rule", "an address that is registered "+c.publisher, "parameter", "redirect_uri", "redirect_uri", "https://app.example/"+c.app, "minutes", "12"),
				Reference: "7Q4K-2MXD", CorrelationID: "7e8f2f36-5a0f-4f9e-9d0e-0a4a3c1b2d11", TraceID: "b1d5c9a2-8f6e-4c3b-a7d4-5e6f7a8b9c0d",
				At: noon, AppID: "3f6c2a10-0000-4000-8000-000000000001", Address: c.address, AccountKind: "work", Step: "consent",
				Browser: "Firefox", Restart: "/common/oauth2/v2.0/authorize?client_id=1&prompt=select_account", Back: "com.fabrikam.sales://back",
				Checks: []string{"domain", "account", "password", "second-factor", c.publisher}})
		})
	}
	add("home", func(p P, w W, lang string) {
		p.Home(w, pages.HomeView{Frame: frame(lang), Tenants: []pages.HomeTenant{{Name: "Contoso", Domain: "contoso.example"}, {Name: c.org + " ", Domain: "fabrikam-strict.example"}}})
	})
	add("explain", func(p P, w W, lang string) { p.Explain(w, pages.ExplainView{Frame: frame(lang)}) })
	add("explain-unknown", func(p P, w W, lang string) {
		p.Explain(w, pages.ExplainView{Frame: frame(lang), Reference: "7Q4K-" + c.publisher})
	})
	add("explain-public", func(p P, w W, lang string) {
		p.Explain(w, pages.ExplainView{Frame: frame(lang), Reference: "7Q4K-2MXD", Found: true, Public: true, At: noon, Fault: fault.New(fault.NotAssigned)})
	})
	add("explain-full", func(p P, w W, lang string) {
		p.Explain(w, pages.ExplainView{Frame: frame(lang), Reference: "7Q4K-2MXD", Found: true, At: noon, Fault: fault.New(fault.BlockedByPolicy, "policy", c.publisher),
			Checks: []string{"domain", "account", "password"}, AppID: "3f6c2a10-0000-4000-8000-000000000001", Address: c.address, AccountKind: "personal", Step: "policy", Browser: "Safari",
			CorrelationID: "7e8f2f36-5a0f-4f9e-9d0e-0a4a3c1b2d11", TraceID: "b1d5c9a2-8f6e-4c3b-a7d4-5e6f7a8b9c0d"})
	})
	add("inbox", func(p P, w W, lang string) {
		p.Inbox(w, pages.InboxView{Frame: frame(lang), Messages: []pages.InboxMessage{
			{To: c.address, Subject: "Your recovery code was used " + c.publisher, Kind: "mail", At: noon, Body: "Hello Anna,\n\nsomebody signed in with a recovery code at 14:02.\n\n" + c.publisher},
			{To: "+358 40 123 4567", Subject: "Code 123456", Kind: "text", At: noon, Body: "123456\n@localhost #123456"},
		}})
	})
	add("inbox-empty", func(p P, w W, lang string) { p.Inbox(w, pages.InboxView{Frame: frame(lang)}) })
}

// render gives one scene as an answer.
func (s scene) render(p *pages.Pages, lang string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.show(p, w, lang)
	return w
}

// newGallery serves every scene at /gallery/{lang}/{scene}. Forms end at /sink, which
// answers 204, so that the browser stays on the page.
func newGallery(t testing.TB, p *pages.Pages) string {
	mux := http.NewServeMux()
	mux.Handle("/assets/", p.Assets())
	mux.HandleFunc("/sink", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	all := map[string]scene{}
	for _, s := range scenes(server.URL + "/sink") {
		all[s.name] = s
	}
	mux.HandleFunc("/gallery/{lang}/{scene}", func(w http.ResponseWriter, r *http.Request) {
		s, ok := all[r.PathValue("scene")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		s.show(p, w, r.PathValue("lang"))
	})
	return server.URL
}

// checkerboard stands for a QR code.
func checkerboard() template.URL {
	const side = 33
	img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for i := range img.Pix {
		img.Pix[i] = uint8((i*i*7 + i/side*3) >> 2 & 1)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return ""
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()))
}
