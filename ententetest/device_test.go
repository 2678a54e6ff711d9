package ententetest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/devworld"
)

// device is a program without a browser.
type device struct {
	t    *testing.T
	w    *ententetest.World
	code string
	// typed is what its person has to type.
	typed string
}

func (d device) post(path string, form url.Values) (int, map[string]any) {
	d.t.Helper()
	response, err := d.w.Client().PostForm(d.w.Origin+path, form)
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		d.t.Fatal(err)
	}
	return response.StatusCode, body
}

func newDevice(t *testing.T, w *ententetest.World) device {
	t.Helper()
	d := device{t: t, w: w}
	status, body := d.post("/organizations/oauth2/v2.0/devicecode", url.Values{"client_id": {string(devworld.Desk)}, "scope": {"openid profile offline_access User.Read"}})
	if status != http.StatusOK || body["verification_uri"] != w.Origin+"/device" || body["expires_in"] != 900.0 || body["interval"] != 5.0 {
		t.Fatalf("%d %v", status, body)
	}
	d.code, d.typed = body["device_code"].(string), body["user_code"].(string)
	return d
}

// polls asks for the token, and gives the error, "" for success.
func (d device) polls() string {
	d.t.Helper()
	_, body := d.post("/organizations/oauth2/v2.0/token", url.Values{
		"grant_type": {"device_code"}, "client_id": {string(devworld.Desk)}, "device_code": {d.code}})
	if body["access_token"] != nil && body["refresh_token"] != nil && body["id_token"] != nil {
		return ""
	}
	text, _ := body["error"].(string)
	return text
}

func (d device) wants(want string) {
	d.t.Helper()
	if got := d.polls(); got != want {
		d.t.Fatalf("the poll answers %q, want %q", got, want)
	}
}

// watch is a clock that a test moves.
type watch struct{ at atomic.Int64 }

func newWatch() *watch {
	w := &watch{}
	w.at.Store(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).UnixMicro())
	return w
}
func (w *watch) now() time.Time          { return time.UnixMicro(w.at.Load()).UTC() }
func (w *watch) advance(d time.Duration) { w.at.Add(d.Microseconds()) }

func worldAt(t *testing.T) (*ententetest.World, *watch) {
	clock := newWatch()
	return ententetest.StartWith(t, ententetest.Options{Now: clock.now}), clock
}

func TestADeviceIsSignedInByWhoeverTypesItsCodeAndSaysSo(t *testing.T) {
	w, clock := worldAt(t)
	d := newDevice(t, w)
	d.wants("authorization_pending")
	p := newWalker(t, w, devworld.Anna)
	p.open("/device?user_code=" + url.QueryEscape(d.typed))
	p.sees(d.typed, `name="code"`) // a link fills it in and confirms nothing
	p.press("do=next", "code", " "+d.typed[:4]+d.typed[5:])
	p.sees("Northwind Desk", "127.0.0.1", "Continue only if you started this yourself", d.typed)
	clock.advance(6 * time.Second)
	d.wants("authorization_pending")
	p.press("do=yes")
	p.press("do=next", "address", devworld.Anna)
	p.press("do=next", "password", ententetest.Password)
	p.press("do=yes")
	p.sees("Your device is signed in")
	clock.advance(6 * time.Second)
	d.wants("")
	d.wants("invalid_grant") // once
	// The code is used up.
	p.open("/device")
	p.press("do=next", "code", d.typed)
	p.message("M39")
}

func TestADeviceThatItsPersonDeclinesGetsNothing(t *testing.T) {
	w, _ := worldAt(t)
	d := newDevice(t, w)
	p := newWalker(t, w, devworld.Anna)
	p.open("/device")
	p.press("do=next", "code", d.typed)
	p.press("do=no")
	p.sees("was not signed in")
	d.wants("authorization_declined")
}

func TestADevicesCodeRunsOutAndWrongOnesSlowDown(t *testing.T) {
	w, clock := worldAt(t)
	d := newDevice(t, w)
	p := newWalker(t, w, devworld.Anna)
	p.open("/device")
	for range 5 {
		p.press("do=next", "code", "BBBB-BBBB")
		p.message("M39")
	}
	p.press("do=next", "code", d.typed)
	p.message("M06")
	clock.advance(16 * time.Minute)
	p.press("do=next", "code", d.typed)
	p.message("M39")
	d.wants("expired_token")
	if _, body := d.post("/organizations/oauth2/v2.0/token", url.Values{"grant_type": {"device_code"}, "client_id": {string(devworld.Desk)}, "device_code": {"nothing"}}); body["error"] != "bad_verification_code" {
		t.Errorf("%v", body)
	}
}

func TestAnOrganisationThatForbidsDeviceCodesGivesNone(t *testing.T) {
	w, _ := worldAt(t)
	home, err := w.Inside().Tenants.Find(t.Context(), devworld.Contoso)
	if err != nil {
		t.Fatal(err)
	}
	home.Settings.DeviceCodes = false
	if err := w.Inside().Tenants.Save(t.Context(), home); err != nil {
		t.Fatal(err)
	}
	d := newDevice(t, w)
	p := newWalker(t, w, devworld.Anna)
	p.open("/device")
	p.press("do=next", "code", d.typed)
	p.press("do=yes")
	p.press("do=next", "address", devworld.Anna)
	p.press("do=next", "password", ententetest.Password)
	p.press("do=yes")
	p.message("M30")
	p.sees("browser")
	d.wants("authorization_pending")
}

func TestADeviceThatAsksTooOftenIsToldToSlowDown(t *testing.T) {
	w, clock := worldAt(t)
	d := newDevice(t, w)
	for range 4 {
		d.wants("authorization_pending")
	}
	d.wants("slow_down")
	clock.advance(time.Minute)
	if got := d.polls(); got != "slow_down" && got != "authorization_pending" {
		t.Errorf("%q", got)
	}
}

func TestADevicesCodeServesItsOwnAppAlone(t *testing.T) {
	w, _ := worldAt(t)
	d := newDevice(t, w)
	_, body := d.post("/organizations/oauth2/v2.0/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"},
		"client_id": {string(devworld.AzureCLI)}, "device_code": {d.code}})
	if body["error"] == nil || body["access_token"] != nil {
		t.Errorf("%v", body)
	}
	d.wants("authorization_pending")
}
