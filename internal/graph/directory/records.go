package directory

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/graph"
)

// recordReaders are the directory roles that may read what was done.
var recordReaders = []string{account.GlobalReader, account.ReportsReader, account.SecurityReader, account.SecurityAdministrator}

// maxRecords is how far back a request looks: the newest records.
const maxRecords = 5_000

// newestFirst is a key by which records are in order, the newest first.
func newestFirst(at time.Time, id string) string {
	return fmt.Sprintf("%016x-%s", math.MaxInt64-at.UnixMicro(), id)
}

func eventKey(e audit.Event) string { return newestFirst(e.At, e.ID) }

var eventProperties = []graph.Property[audit.Event]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(e audit.Event) any { return e.ID }},
	{Name: "activityDateTime", Usual: true, Kind: graph.Instant, Of: func(e audit.Event) any { return graph.Stamp(e.At) }},
	{Name: "activityDisplayName", Usual: true, Kind: graph.Text, Of: func(e audit.Event) any { return e.Verb }},
	{Name: "category", Usual: true, Kind: graph.Text, Of: func(e audit.Event) any {
		room, _, _ := strings.Cut(e.Verb, ".")
		return room
	}},
	{Name: "correlationId", Usual: true, Of: func(e audit.Event) any { return e.ID }},
	{Name: "loggedByService", Usual: true, Of: func(audit.Event) any { return "Core Directory" }},
	{Name: "operationType", Usual: true, Of: func(e audit.Event) any {
		_, deed, _ := strings.Cut(e.Verb, ".")
		return deed
	}},
	{Name: "result", Usual: true, Kind: graph.Key, Of: func(audit.Event) any { return "success" }},
	{Name: "resultReason", Usual: true, Of: func(audit.Event) any { return "" }},
	{Name: "initiatedBy", Usual: true, Of: initiator},
	{Name: "targetResources", Usual: true, Of: func(e audit.Event) any {
		return []map[string]any{{"id": e.Object, "displayName": graph.OrNull(e.Facts["name"]), "type": "Other", "modifiedProperties": []string{}}}
	}},
	{Name: "additionalDetails", Usual: true, Of: func(e audit.Event) any {
		details := []map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(e.Facts)) {
			details = append(details, map[string]string{"key": name, "value": e.Facts[name]})
		}
		return details
	}},
}

func initiator(e audit.Event) any {
	if e.Account == "" {
		return map[string]any{"user": nil, "app": map[string]any{"appId": graph.OrNull(string(e.App)), "displayName": nil, "servicePrincipalId": nil}}
	}
	return map[string]any{"app": nil, "user": map[string]any{"id": string(e.Account), "displayName": nil, "userPrincipalName": e.SignInName, "ipAddress": nil}}
}

// checkRecords asks for a role that reads records, of members too.
func checkRecords(c *graph.Call) error { return account.MayAct(c.Caller, recordReaders...) }

func (m *room) directoryAudits(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if err := checkRecords(c); err != nil {
		return graph.Reply{}, err
	}
	list, err := m.Records.Events(ctx, c.Caller.Tenant, maxRecords)
	if err != nil {
		return graph.Reply{}, err
	}
	slices.SortFunc(list, func(a, b audit.Event) int { return strings.Compare(eventKey(a), eventKey(b)) })
	return graph.Whole(ctx, c, "auditLogs/directoryAudits", eventProperties, list, eventKey)
}

// signInRow is a row of the sign-in log: a sign-in that succeeded, or an
// attempt that failed.
type signInRow struct {
	audit.Attempt
	name    string
	methods []string
}

func rowKey(r signInRow) string { return newestFirst(r.At, r.TraceID) }

// rowOf shows a sign-in that succeeded.
func rowOf(s audit.SignIn) signInRow {
	return signInRow{
		Attempt: audit.Attempt{
			At: s.At, Tenant: s.Tenant, Home: s.Tenant, Account: s.Account, Address: s.SignInName, App: s.App, AppName: s.AppName,
			Step: "page", CorrelationID: s.CorrelationID, TraceID: s.ID, Browser: s.Browser,
		},
		name: s.Name, methods: s.Methods,
	}
}

// signInProperties are the members of a sign-in log row (identity-platform.md
// 8.4).
var signInProperties = []graph.Property[signInRow]{
	{Name: "id", Usual: true, Kind: graph.Key, Of: func(a signInRow) any { return a.TraceID }},
	{Name: "createdDateTime", Usual: true, Kind: graph.Instant, Of: func(a signInRow) any { return graph.Stamp(a.At) }},
	{Name: "userDisplayName", Usual: true, Of: func(a signInRow) any { return graph.OrNull(a.name) }},
	{Name: "userPrincipalName", Usual: true, Kind: graph.Text, Of: func(a signInRow) any { return graph.OrNull(a.Address) }},
	{Name: "userId", Usual: true, Kind: graph.Key, Of: func(a signInRow) any { return graph.OrNull(string(a.Account)) }},
	{Name: "appId", Usual: true, Kind: graph.Key, Of: func(a signInRow) any { return graph.OrNull(string(a.App)) }},
	{Name: "appDisplayName", Usual: true, Kind: graph.Text, Of: func(a signInRow) any { return graph.OrNull(a.AppName) }},
	{Name: "ipAddress", Usual: true, Of: func(signInRow) any { return nil }},
	{Name: "clientAppUsed", Usual: true, Of: func(a signInRow) any { return graph.OrNull(a.Browser) }},
	{Name: "correlationId", Usual: true, Kind: graph.Key, Of: func(a signInRow) any { return graph.OrNull(a.CorrelationID) }},
	{Name: "conditionalAccessStatus", Usual: true, Of: func(a signInRow) any {
		if a.Code == fault.BlockedByPolicy || a.Code == fault.DelegationBlocked {
			return "failure"
		}
		return "notApplied"
	}},
	{Name: "isInteractive", Usual: true, Kind: graph.Flag, Of: func(a signInRow) any { return a.Step != "token" }},
	{Name: "resourceDisplayName", Usual: true, Of: func(a signInRow) any { return graph.OrNull(a.Resource) }},
	{Name: "resourceTenantId", Usual: true, Of: func(a signInRow) any { return graph.OrNull(string(a.Tenant)) }},
	{Name: "homeTenantId", Usual: true, Of: func(a signInRow) any { return graph.OrNull(string(a.Home)) }},
	{Name: "crossTenantAccessType", Usual: true, Kind: graph.Key, Of: func(a signInRow) any {
		if a.Home != "" && a.Home != a.Tenant {
			return "serviceProvider"
		}
		return "none"
	}},
	{Name: "status", Usual: true, Of: func(a signInRow) any {
		if a.Code == 0 {
			// The platform says so of every success.
			return map[string]any{"errorCode": 0, "failureReason": "Other.", "additionalDetails": nil}
		}
		return map[string]any{"errorCode": int(a.Code), "failureReason": fault.Describe(a.Code).Name, "additionalDetails": a.Reference}
	}},
	{Name: "status/errorCode", Kind: graph.Number, Of: func(a signInRow) any { return int(a.Code) }},
	{Name: "authenticationRequirement", Usual: true, Kind: graph.Key, Of: func(a signInRow) any {
		switch {
		case a.Code != 0:
			return nil
		case slices.Contains(a.methods, "mfa"):
			return "multiFactorAuthentication"
		}
		return "singleFactorAuthentication"
	}},
	{Name: "appliedConditionalAccessPolicies", Usual: true, Of: func(signInRow) any { return []string{} }},
}

// signInSteps are the steps of a sign-in; calls of an API are none.
var signInSteps = []string{"authorize", "page", "device", "token"}

func (m *room) signIns(ctx context.Context, c *graph.Call) (graph.Reply, error) {
	if err := checkRecords(c); err != nil {
		return graph.Reply{}, err
	}
	failed, err := m.Records.Attempts(ctx, c.Caller.Tenant, maxRecords)
	if err != nil {
		return graph.Reply{}, err
	}
	done, err := m.Records.SignIns(ctx, c.Caller.Tenant, maxRecords)
	if err != nil {
		return graph.Reply{}, err
	}
	var list []signInRow
	for _, a := range failed {
		if slices.Contains(signInSteps, a.Step) {
			list = append(list, signInRow{Attempt: a})
		}
	}
	for _, s := range done {
		list = append(list, rowOf(s))
	}
	slices.SortFunc(list, func(a, b signInRow) int { return strings.Compare(rowKey(a), rowKey(b)) })
	return graph.Whole(ctx, c, "auditLogs/signIns", signInProperties, list, rowKey)
}
