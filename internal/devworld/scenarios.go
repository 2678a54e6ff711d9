package devworld

import (
	"context"
	"time"

	"github.com/entente-id/entente/internal/fault"
)

// Scenarios are all stories, journeys first.
func Scenarios() []Scenario { return append(journeys(), messages()...) }

func journeys() []Scenario {
	return []Scenario{
		{ID: "J01", Title: "Is my company connected?", Start: "/check", Steps: []string{"Type any address, such as anna@contoso.example or niko@northgate.example."}},
		{ID: "J02", Title: "First start of the portal", As: Anna, Start: "/portal", Steps: []string{"Sign in; a second start asks nothing."}},
		{ID: "J03", Title: "Signed in as the wrong person", As: Liisa, Start: "/portal", Steps: []string{"Sign in as Liisa, then start again and choose another account."}},
		{ID: "J04", Title: "An address of the programme owner that a partner holds", As: Pat, Start: "/programme", Steps: []string{"Look at the addresses of ours that partners hold."}},
		{ID: "J05", Title: "The account works, the portal does not know it", As: Ville, Start: portalFor(Ville), Messages: []string{"M17"}, Steps: []string{"Sign in and ask for access.", "Sign in as " + Pat + " at /programme and let Ville in."}},
		{ID: "J06", Title: "A work address that is also a personal account", As: Mari, Start: console("login_hint", Mari), Messages: []string{"M03"}, Steps: []string{"Choose the personal account, then go to /portal."}},
		{ID: "J07", Title: "Consent at the first success", As: Anna, Start: portalFor(Anna), Messages: []string{"M12", "M13"}, Steps: []string{"Say no once, then review again."}},
		{ID: "J08", Title: "The mail that says you are in", As: Ville, Start: portalFor(Ville), Steps: []string{"Ask for access, let Pat admit you, follow the mail."}},
		{ID: "J09", Title: "Work or personal?", As: Mari, Start: console("login_hint", Mari), Messages: []string{"M03"}, Steps: []string{"Choose, and let it be remembered; or give the personal account another name."}},
		{ID: "J10", Title: "A broken request is not a wrong account", Start: "/organizations/oauth2/v2.0/authorize?response_type=code", Messages: []string{"M34"}, Steps: []string{"The page names the developer and what is missing."}},
		{ID: "J11", Title: "An address that nobody knows", As: Niko, Start: portalFor(Niko), Messages: []string{"M04"}, Steps: []string{"Three ways on; none makes a personal account."}},
		{ID: "J16", Title: "The company's own sign-in", As: "alva@adventure.example", Start: "/organisation/sign-in", Steps: []string{"Connect a provider, test it, switch it on."}},
		{ID: "J19", Title: "Naming the people of an organisation", As: Liisa, Start: "/portal/people", Steps: []string{"Send a list; Pat approves it once at /programme."}},
		{ID: "J20", Title: "In the reader's language", Start: "/explain?ui_locales=fi", Steps: []string{"Pages speak Finnish, Swedish and English."}},
		{ID: "J21", Title: "The portal decides by itself", As: Anna, Start: "/portal", Steps: []string{"No guide to read: type the address."}},
		{ID: "J22", Title: "Another address than the invited one", As: Ville, Start: portalFor(Anna), Steps: []string{"Change the address to " + Ville + ": the page asks before the password."}},
		{ID: "J23", Title: "Choose the kind of account", As: Mari, Start: console("login_hint", Mari), Messages: []string{"M03"}, Steps: []string{"Two tiles."}},
		{ID: "J24", Title: "The password, at one's own company's page", As: Anna, Start: portalFor(Anna), Steps: []string{"The page shows Contoso."}},
		{ID: "J25", Title: "Consent for oneself or for everyone", As: Liisa, Start: portalFor(Liisa), Messages: []string{"M12"}, Steps: []string{"Liisa is an admin: tick the box for everyone."}},
		{ID: "J26", Title: "Language and terms", As: Anna, Start: portalFor(Anna), Messages: []string{"M21"}, Steps: []string{"After the consent: language first, then the terms in it."}},
		{ID: "J27", Title: "The dashboard", As: Anna, Start: portalFor(Anna), Steps: []string{"Come in, then book a walkthrough."}},
		{ID: "J28", Title: "An error page is its own index entry", Start: "/explain", Steps: []string{"Type a reference, a code such as AADSTS50020, or nothing."}},
		{ID: "J29", Title: "A consumer address at an app for work", As: Private, Start: portalFor(Private), Messages: []string{"M01"}, Steps: []string{"The address is refused before any password."}},
		{ID: "J30", Title: "A personal account at an app for work", As: Mari, Start: console("login_hint", Mari), Messages: []string{"M02"}, Steps: []string{"Choose personal and sign in.", "Open /portal: one button leads back with the address kept."}},
		{ID: "J31", Title: "Wrong password, or unknown domain", As: Anna, Start: portalFor(Anna), Messages: []string{"M05"}, Steps: []string{"Type a wrong password; compare with J11."}},
		{ID: "J32", Title: "IT has to approve", As: Kai, Start: portalFor(Kai), Messages: []string{"M14", "M15"}, Steps: []string{"Send the request; Lena gets a mail.", "Sign in as " + Lena + " from that mail and approve."}},
		{ID: "J33", Title: "What a message means", Start: "/error?code=AADSTS90094", Messages: []string{"M14"}, Steps: []string{"Each code has its page."}},
		{ID: "J40", Title: "Another sign-in name for an invitation", As: Ville, Start: "/portal/swap", Steps: []string{"Type the invited address, prove its mailbox with the code from the inbox."}},
		{ID: "J44", Title: "Old codes stay explained", Start: "/error?code=50020", Messages: []string{"M02"}, Steps: []string{"Addresses of codes never change."}},
	}
}

func messages() []Scenario {
	return []Scenario{
		{ID: "M06", Title: "Too many tries", As: Ville, Start: portalFor(Ville), Messages: []string{"M06"}, prepare: lockOut, Steps: []string{"The right password has to wait too, on a browser that Ville never used."}},
		{ID: "M07", Title: "Account switched off", As: "lee@northwind.example", Start: desk("login_hint", "lee@northwind.example"), Messages: []string{"M07"}, Steps: []string{"Shown only after the right password."}},
		{ID: "M08", Title: "Password past its time", As: "petra@contoso.example", Start: portalFor("petra@contoso.example"), Messages: []string{"M08"}, Steps: []string{"Choose another one and go on."}},
		{ID: "M09", Title: "A second factor must be set up", As: Enforced, Start: desk("login_hint", Enforced), Messages: []string{"M09"}, Steps: []string{"The inbox shows the codes of the app."}},
		{ID: "M10", Title: "The second factor is needed", As: Ada, Start: desk("login_hint", Ada), Messages: []string{"M10"}, Steps: []string{"Type a wrong code, then the one from the inbox."}},
		{ID: "M11", Title: "A second factor only with a pass", As: Wilma, Start: portalFor(Wilma), Messages: []string{"M11"}, Steps: []string{"walter@wideworld.example can issue a temporary pass at /organisation/people."}},
		{ID: "M16", Title: "The app was refused", As: Noora, Start: portalFor(Noora), Messages: []string{"M16"}, Steps: []string{"Send the request, let " + Lena + " deny it with a reason, sign in again."}},
		{ID: "M18", Title: "Not open to you", As: Helpdesk, Start: authorizeAt("northwind.example", Inhouse, "https://intranet.northwind.example/signed-in", "openid", "login_hint", Helpdesk), Messages: []string{"M18"}, Steps: []string{"Northwind opens its intranet to chosen people."}},
		{ID: "M19", Title: "An invitation that cannot be used", Start: "/portal/invitation/not-a-link", Messages: []string{"M19"}, Steps: []string{"Ask for a new one."}},
		{ID: "M20", Title: "Known organisation, new account", As: Ville, Start: portalFor(Ville), Messages: []string{"M20"}, Steps: []string{"First let Anna come in (J26), then sign in as Ville: was there another account before?"}},
		{ID: "M22", Title: "An app that is not registered", Start: authorizeAt("organizations", "00000000-0000-4000-8000-000000000000", "http://localhost", "openid"), Messages: []string{"M22"}, Steps: []string{"The developer gets a report."}},
		{ID: "M23", Title: "A redirect address that is not registered", Start: authorizeAt("organizations", Desk, "https://elsewhere.example/", "openid"), Messages: []string{"M23"}, Steps: []string{"Nobody is sent there."}},
		{ID: "M35", Title: "A page that is out of date", Start: "/signin/step", Messages: []string{"M35"}, Steps: []string{"Start again."}},
		{ID: "M36", Title: "Back and forth", As: Pat, Start: "/dev/loop", Messages: []string{"M36"}, Steps: []string{"Sign in; the app sends you back until we stop it."}},
		{ID: "M37", Title: "Busy", As: Anna, Start: desk("login_hint", Anna), Messages: []string{"M37"}, prepare: breakFor(fault.New(fault.DirectoryBusy)), Steps: []string{"Sign in within a minute and a half; the page tries again by itself."}},
		{ID: "M39", Title: "A device code that does not work", Start: "/device?user_code=BBBB-BBBB", Messages: []string{"M39"}, Steps: []string{"Send the code; no device waits for it."}},
		{ID: "M46", Title: "Another role is needed", As: Anna, Start: "/programme", Messages: []string{"M46"}, Steps: []string{"Only the owner's staff is let in."}},
		{ID: "M47", Title: "Something broke on our side", As: Anna, Start: desk("login_hint", Anna), Messages: []string{"M47"}, prepare: breakFor(errDev), Steps: []string{"Sign in within a minute and a half."}},
		{ID: "M48", Title: "Maintenance", As: Anna, Start: desk("login_hint", Anna), Messages: []string{"M48"}, Steps: []string{"Sign in within a minute and a half: pages can be read, nothing can be changed."},
			prepare: func(_ context.Context, w *World) error {
				w.Maintain(w.Source.Now().Add(faultLife).Truncate(time.Second))
				return nil
			}},
	}
}
