package ententetest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entente-id/entente/ententetest"
	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/devworld"
	"github.com/entente-id/entente/internal/judges"
	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/secret"
)

// gdap is a world in which a partner and a customer make a relationship.
type gdap struct {
	t       *testing.T
	world   *ententetest.World
	partner *judges.Partner
	ahead   atomic.Int64
}

// wait moves the world's clock and lets the house do what is due.
func (g *gdap) wait(d time.Duration) {
	g.t.Helper()
	g.ahead.Add(int64(d))
	if err := g.world.Inside().Tend(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

// signIn is a person with a second factor, in a browser; it gives a token for
// Graph with these permissions.
func (g *gdap) signIn(person, tenant, scope string) string {
	g.t.Helper()
	answer, err := g.world.Visitor(person).SignIn(g.t.Context(), g.world.Origin+"/"+tenant+"/oauth2/v2.0/authorize?"+url.Values{
		"client_id": {ententetest.PortalApp}, "response_type": {"code"}, "redirect_uri": {"http://localhost/"}, "scope": {scope}, "amr_values": {"mfa"},
	}.Encode(), "http://localhost/")
	if err != nil {
		g.t.Fatal(err)
	}
	_, got := post(g.t, g.world, "/"+tenant+"/oauth2/v2.0/token", url.Values{
		"client_id": {ententetest.PortalApp}, "client_secret": {ententetest.PortalSecret}, "grant_type": {"authorization_code"},
		"code": {answer.Get("code")}, "redirect_uri": {"http://localhost/"},
	})
	token, _ := got["access_token"].(string)
	if token == "" {
		g.t.Fatalf("no token for %s: %v", person, got)
	}
	return token
}

type graphReply struct {
	status   int
	location string
	body     map[string]any
}

func (r graphReply) text(name string) string {
	text, _ := r.body[name].(string)
	return text
}

// call asks Graph, and fails unless the answer has the status.
func (g *gdap) call(token, method, path, etag string, body any, want int) graphReply {
	g.t.Helper()
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			g.t.Fatal(err)
		}
	}
	address := path
	if !strings.HasPrefix(path, "https://") {
		address = g.world.Origin + "/v1.0" + path
	}
	r, err := http.NewRequestWithContext(g.t.Context(), method, address, &sent)
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	if etag != "" {
		r.Header.Set("If-Match", etag)
	}
	answer, err := g.world.Client().Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer answer.Body.Close()
	got := graphReply{status: answer.StatusCode, location: answer.Header.Get("Location")}
	if answer.StatusCode != http.StatusNoContent && answer.StatusCode != http.StatusAccepted {
		if err := json.NewDecoder(answer.Body).Decode(&got.body); err != nil {
			g.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	if got.status != want {
		g.t.Fatalf("%s %s answers %d, want %d: %v", method, path, got.status, want, got.body)
	}
	return got
}

// exchange lets a broker with an empty cache get a token for the customer, and
// gives it with the directory roles in it.
func (g *gdap) exchange() (token string, roles []string, err error) {
	g.t.Helper()
	config := g.partner.Consent
	broker, err := sam.New(sam.Config{Cloud: config.Cloud, ClientID: ententetest.PortalApp, Credential: cloud.ClientSecret(secret.New(ententetest.PortalSecret)),
		Vault: g.partner.Vault, HTTP: g.world.Client()})
	if err != nil {
		g.t.Fatal(err)
	}
	resource, err := config.Cloud.Resource("graph")
	if err != nil {
		g.t.Fatal(err)
	}
	got, err := broker.Token(g.t.Context(), sam.Request{Record: g.partner.Record, Tenant: string(devworld.Tailspin), Resource: resource})
	if err != nil {
		return "", nil, err
	}
	list, _ := claims(g.t, got.Token)["wids"].([]any)
	for _, role := range list {
		roles = append(roles, role.(string))
	}
	return got.Token, roles, nil
}

// rights exchanges once and holds the roles in the token, and what Graph lets
// them do at the customer.
func (g *gdap) rights(readsPeople int, roles ...string) {
	g.t.Helper()
	token, got, err := g.exchange()
	if err != nil {
		g.t.Fatalf("the broker gets no token: %v", err)
	}
	slices.Sort(roles)
	if !slices.Equal(got, roles) {
		g.t.Errorf("the token's roles are %v, want %v", got, roles)
	}
	g.call(token, "GET", "/users", "", nil, readsPeople)
	g.call(token, "GET", "/organization", "", nil, http.StatusOK)
}

// none exchanges once and holds that the customer is closed.
func (g *gdap) none(aadsts string) {
	g.t.Helper()
	if _, roles, err := g.exchange(); err == nil || !strings.Contains(err.Error(), aadsts) {
		g.t.Errorf("the broker gets roles %v, error %v, want %s", roles, err, aadsts)
	}
}

func unified(roles ...string) map[string]any {
	list := make([]map[string]string, len(roles))
	for i, role := range roles {
		list[i] = map[string]string{"roleDefinitionId": role}
	}
	return map[string]any{"unifiedRoles": list}
}

// TestARelationshipIsMadeApprovedAssignedUsedReducedAndEndedByGraphAlone is the
// life of a delegated admin relationship (secure-application-model.md 7.5), in
// which the customer token's rights follow within one exchange at each step.
func TestARelationshipIsMadeApprovedAssignedUsedReducedAndEndedByGraphAlone(t *testing.T) {
	g := &gdap{t: t}
	start := ententetest.Now()
	g.world = ententetest.StartWith(t, ententetest.Options{Now: func() time.Time { return ententetest.Now().Add(time.Duration(g.ahead.Load())) }})
	g.partner = judges.NewPartner(t, g.world)
	if _, err := g.partner.Ask(t.Context(), g.world.Visitor(ententetest.Ada)); err != nil {
		t.Fatal(err)
	}
	g.wait(time.Minute)
	ada := g.signIn(ententetest.Ada, ententetest.Northwind, "https://graph.microsoft.com/DelegatedAdminRelationship.ReadWrite.All https://graph.microsoft.com/Group.ReadWrite.All https://graph.microsoft.com/User.Read")
	const approve = "https://graph.microsoft.com/DelegatedAdminRelationship.ReadWrite.All"
	customer := g.signIn("admin@tailspin.example", string(devworld.Tailspin), approve)
	g.none("9700120") // the old relationship has ended

	// A partner's draft, which the customer cannot see.
	const relationships = "/tenantRelationships/delegatedAdminRelationships"
	made := g.call(ada, "POST", relationships, "", map[string]any{
		"displayName": "Tailspin again", "duration": "P730D", "customer": map[string]string{"tenantId": string(devworld.Tailspin), "displayName": "Tailspin"},
		"accessDetails": unified(account.GlobalAdministrator, account.DirectoryReaders, account.BillingAdministrator),
	}, http.StatusCreated)
	one := relationships + "/" + made.text("id")
	if made.text("status") != "created" || made.location != g.world.Origin+"/v1.0"+one {
		t.Fatalf("made %v at %s", made.body, made.location)
	}
	g.call(customer, "GET", one, "", nil, http.StatusNotFound)
	g.call(ada, "POST", relationships, "", map[string]any{"displayName": "tailspin AGAIN", "duration": "P1D", "accessDetails": unified(account.DirectoryReaders)}, http.StatusConflict)
	g.call(ada, "PATCH", one, "", map[string]string{"duration": "P365D"}, http.StatusBadRequest)
	changed := g.call(ada, "PATCH", one, made.text("@odata.etag"), map[string]string{"duration": "P365D"}, http.StatusOK)
	g.call(ada, "PATCH", one, made.text("@odata.etag"), map[string]string{"duration": "P1D"}, http.StatusPreconditionFailed)

	// Locked, it waits for the customer; only the customer's admin approves.
	g.call(ada, "POST", one+"/requests", changed.text("@odata.etag"), map[string]string{"action": "lockForApproval"}, http.StatusCreated)
	g.call(ada, "POST", one+"/requests", "", map[string]string{"action": "approve"}, http.StatusForbidden)
	if seen := g.call(customer, "GET", one, "", nil, http.StatusOK); seen.text("status") != "approvalPending" {
		t.Errorf("the customer sees %v", seen.body)
	}
	g.none("9700120")
	g.call(customer, "POST", one+"/requests", "", map[string]string{"action": "approve"}, http.StatusCreated)
	g.wait(time.Minute)
	active := g.call(ada, "GET", one, "", nil, http.StatusOK)
	if end, _ := time.Parse(time.RFC3339, active.text("endDateTime")); active.text("status") != "active" || end.Before(start.AddDate(0, 0, 364)) || end.After(start.AddDate(0, 0, 366)) {
		t.Fatalf("approved it is %v", active.body)
	}
	g.none("50020") // active, and nobody has a role of it yet

	// A group of the partner's gets two of the three roles, and Ada is in it.
	group := g.call(ada, "POST", "/groups", "", map[string]any{"displayName": "GDAP Tailspin", "mailEnabled": false, "mailNickname": "gdap-tailspin", "securityEnabled": true}, http.StatusCreated)
	assigned := g.call(ada, "POST", one+"/accessAssignments", "", map[string]any{
		"accessContainer": map[string]string{"accessContainerId": group.text("id"), "accessContainerType": "securityGroup"},
		"accessDetails":   unified(account.GlobalAdministrator, account.DirectoryReaders),
	}, http.StatusCreated)
	if assigned.text("status") != "pending" {
		t.Errorf("assigned it is %v", assigned.body)
	}
	g.wait(time.Minute)
	g.none("50020")
	me := g.call(ada, "GET", "/me", "", nil, http.StatusOK)
	g.call(ada, "POST", "/groups/"+group.text("id")+"/members/$ref", "", map[string]string{"@odata.id": g.world.Origin + "/v1.0/directoryObjects/" + me.text("id")}, http.StatusNoContent)
	g.rights(http.StatusOK, account.GlobalAdministrator, account.DirectoryReaders)
	customers := g.call(ada, "GET", "/tenantRelationships/delegatedAdminCustomers/"+string(devworld.Tailspin), "", nil, http.StatusOK)
	if customers.text("displayName") != "Tailspin" {
		t.Errorf("the customer is %v", customers.body)
	}

	// Reduced: Global Administrator leaves the relationship, then the group's
	// roles are exchanged by an operation that is polled.
	active = g.call(ada, "GET", one, "", nil, http.StatusOK)
	g.call(ada, "PATCH", one, active.text("@odata.etag"), map[string]any{"accessDetails": unified(account.DirectoryReaders, account.BillingAdministrator)}, http.StatusOK)
	g.rights(http.StatusOK, account.DirectoryReaders)
	assignment := one + "/accessAssignments/" + assigned.text("id")
	now := g.call(ada, "GET", assignment, "", nil, http.StatusOK)
	polled := g.call(ada, "PATCH", assignment, now.text("@odata.etag"), map[string]any{"accessDetails": unified(account.BillingAdministrator)}, http.StatusAccepted)
	if o := g.call(ada, "GET", polled.location, "", nil, http.StatusOK); o.text("status") != "running" {
		t.Errorf("the operation is %v", o.body)
	}
	g.none("50020") // what is lost is lost at once
	g.wait(time.Minute)
	if o := g.call(ada, "GET", polled.location, "", nil, http.StatusOK); o.text("status") != "succeeded" {
		t.Errorf("the operation is %v", o.body)
	}
	g.rights(http.StatusForbidden, account.BillingAdministrator)
	g.call(ada, "DELETE", "/groups/"+group.text("id")+"/members/"+me.text("id")+"/$ref", "", nil, http.StatusNoContent)
	g.none("50020")
	g.call(ada, "POST", "/groups/"+group.text("id")+"/members/$ref", "", map[string]string{"@odata.id": g.world.Origin + "/v1.0/directoryObjects/" + me.text("id")}, http.StatusNoContent)
	g.rights(http.StatusForbidden, account.BillingAdministrator)

	// Ended, by the customer.
	g.call(customer, "POST", one+"/requests", "", map[string]string{"action": "terminate"}, http.StatusCreated)
	g.none("9700120")
	g.wait(time.Minute)
	if ended := g.call(ada, "GET", one, "", nil, http.StatusOK); ended.text("status") != "terminated" {
		t.Errorf("ended it is %v", ended.body)
	}
	events, err := g.world.Inside().Attempts.Events(t.Context(), devworld.Tailspin, 50)
	if err != nil {
		t.Fatal(err)
	}
	var verbs []string
	for _, e := range events {
		verbs = append(verbs, e.Verb)
	}
	for _, verb := range []string{"relationship.lockForApproval", "relationship.approve", "relationship.assign", "relationship.change", "relationship.assignment.change", "relationship.terminate"} {
		if !slices.Contains(verbs, verb) {
			t.Errorf("the customer's record has no %s: %v", verb, verbs)
		}
	}
}
