package oauth

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/dialect"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/signin"
	"github.com/entente-id/entente/internal/token"
)

// DevicePath is where a person types the code of a device.
const DevicePath = "/device"

// deviceCode begins the sign-in of a device without a browser
// (identity-platform.md 2.5).
func (e *Edge) deviceCode(w http.ResponseWriter, r *http.Request, c dialect.Call) {
	about := signin.About{Step: "device", CorrelationID: c.Correlation, TraceID: c.Trace}
	code, d, err := e.startDevice(w, r, c, &about)
	if err != nil {
		e.speaker.Fail(w, r, c, err, about)
		return
	}
	page, shown := e.speaker.Origin()+DevicePath, token.ShownCode(d.UserCode)
	life, pause := int(token.DeviceLife.Seconds()), int(token.PollInterval.Seconds())
	answer := map[string]any{
		"user_code": shown, "device_code": code, "verification_uri": page, "expires_in": life, "interval": pause,
		"message": fmt.Sprintf("To sign in, use a web browser to open the page %s and enter the code %s to authenticate.", page, shown),
	}
	if c.Version == 1 {
		delete(answer, "verification_uri")
		answer["verification_url"], answer["expires_in"], answer["interval"] = page, strconv.Itoa(life), strconv.Itoa(pause)
	}
	dialect.NoStore(w.Header())
	dialect.WriteJSON(w, http.StatusOK, answer)
}

func (e *Edge) startDevice(w http.ResponseWriter, r *http.Request, c dialect.Call, about *signin.About) (string, token.DeviceRequest, error) {
	var d token.DeviceRequest
	p, err := dialect.Query(r)
	if r.Method == http.MethodPost {
		p, err = dialect.Body(w, r)
	}
	if err != nil {
		return "", d, err
	}
	ctx := r.Context()
	authority, err := e.rooms.Tenants.Authority(ctx, c.Segment)
	if err != nil {
		return "", d, err
	}
	about.Tenant = authority.Tenant.ID
	text, err := p.Need("client_id")
	if err != nil {
		return "", d, err
	}
	client, err := e.client(ctx, text, authority)
	if err != nil {
		return "", d, err
	}
	about.App, about.AppName = client.App, client.Name
	if !client.Public {
		// Whoever holds a secret can keep one, and has no need of a device's code.
		return "", d, fault.New(fault.CredentialMissing, "app", string(client.App))
	}
	if client.Disabled {
		return "", d, fault.New(fault.AppDisabled, "app", client.Name)
	}
	if err := serves(client, authority); err != nil {
		return "", d, err
	}
	d = token.DeviceRequest{
		Client: client.App, Authority: c.Segment, Version: c.Version, Scope: p.Get("scope"), Resource: p.Get("resource"),
		From: remote(r), Agent: agentOf(r),
	}
	if d.Version == 2 && d.Resource != "" && client.StrictMicrosoft {
		return "", d, fault.New(fault.ResourceOnV2, "parameter", "resource")
	}
	if err := e.deviceWants(ctx, d); err != nil {
		return "", d, err
	}
	return e.rooms.Devices.Start(ctx, d)
}

// agentOf is what the device's library calls itself, in at most 80 characters.
func agentOf(r *http.Request) string {
	agent := r.Header.Get("x-client-SKU")
	if agent == "" {
		agent = r.UserAgent()
	}
	if runes := []rune(agent); len(runes) > 80 {
		agent = string(runes[:80])
	}
	return agent
}

// deviceWants checks that what is asked for exists, before a person is
// bothered.
func (e *Edge) deviceWants(ctx context.Context, d token.DeviceRequest) error {
	if d.Version == 2 {
		_, err := e.rooms.Apps.WantedAt(ctx, d.Scope, d.Resource)
		return err
	}
	if d.Resource == "" {
		return nil
	}
	_, err := e.rooms.Apps.WantedByResource(ctx, d.Resource)
	return err
}

// deviceAuth is the old address of the page.
func (e *Edge) deviceAuth(w http.ResponseWriter, r *http.Request, _ dialect.Call) {
	http.Redirect(w, r, DevicePath, http.StatusFound)
}

// DeviceSignIn turns the request of a device into a sign-in, for the page on
// which its code was typed.
func (e *Edge) DeviceSignIn(ctx context.Context, d token.DeviceRequest) (signin.Request, application.Application, error) {
	client, err := e.rooms.Apps.Find(ctx, d.Client)
	if err != nil {
		return signin.Request{}, client, err
	}
	request := signin.Request{
		Authority: d.Authority, Client: client.App, AppName: client.Name, Work: client.Audience.AdmitsWork(), Personal: client.Audience.AdmitsPersonal(),
		MaxAge: -1, Scope: d.Scope, Resource: d.Resource, Version: d.Version, Restart: DevicePath,
	}
	kept := wire{Device: d.Digest, Offline: true}
	if d.Version == 2 {
		wanted, err := e.rooms.Apps.WantedAt(ctx, d.Scope, d.Resource)
		if err != nil {
			return request, client, err
		}
		kept.Offline = wanted.Offline
	}
	return request, client, keep(&request, kept)
}

// finishDevice gives a finished sign-in to the device that waits for it, if
// the person's organisation allows that.
func (e *Edge) finishDevice(r *http.Request, s signin.Screen, kept wire) error {
	home, err := e.rooms.Tenants.Find(r.Context(), s.Journey.Home)
	if err != nil {
		return err
	}
	if !home.Settings.DeviceCodes {
		return fault.New(fault.DeviceSignInOff, "org", home.Name, "app", s.App.Name)
	}
	return e.rooms.Devices.Approve(r.Context(), kept.Device, granted(r, s.Journey, kept))
}

// pollDevice is the device's own side of it.
func (e *Edge) pollDevice(ctx context.Context, x exchange) (answer, error) {
	name := "device_code"
	if x.form.Get(name) == "" {
		name = "code"
	}
	text, err := x.form.Need(name)
	if err != nil {
		return answer{}, err
	}
	g, err := e.rooms.Devices.Poll(ctx, text, x.client.Application().App)
	if err != nil {
		return answer{}, err
	}
	if err := x.holds(&g); err != nil {
		return answer{}, err
	}
	code, err := e.rooms.Families.Code(g)
	if err != nil {
		return answer{}, err
	}
	h, p, err := e.entitled(ctx, x, g)
	if err != nil {
		return answer{}, err
	}
	g.Offline = g.Offline || p.wanted.Offline
	if p.refresh, err = e.rooms.Families.Redeem(ctx, code, g, token.Use{Client: x.client, Key: x.key}); err != nil {
		return answer{}, err
	}
	p.family = token.FamilyOf(p.refresh)
	return e.answerPerson(ctx, x, h, g, p)
}

// deviceOf reads whether a sign-in is for a device.
func deviceOf(request signin.Request) (wire, bool) {
	kept, err := wireOf(request)
	return kept, err == nil && kept.Device != ""
}
