package api

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/consent"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// approvalBody is a request for an app on the wire. Its names are stable.
type approvalBody struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	State     string `json:"state"`
	// Version is what a decision has to name as seen.
	Version     int64            `json:"version"`
	App         appBody          `json:"app"`
	Permissions []permissionBody `json:"permissions"`
	Requesters  []requesterBody  `json:"requesters"`
	CreatedAt   time.Time        `json:"createdAt"`
	ExpiresAt   time.Time        `json:"expiresAt"`
	Decision    *decisionBody    `json:"decision,omitempty"`
}

type appBody struct {
	ID              id.App `json:"id"`
	Name            string `json:"name"`
	Publisher       string `json:"publisher,omitempty"`
	PublisherDomain string `json:"publisherDomain,omitempty"`
	Verified        bool   `json:"verified"`
}

type permissionBody struct {
	ResourceID   id.App   `json:"resourceId"`
	ResourceName string   `json:"resourceName"`
	Scopes       []string `json:"scopes"`
}

type requesterBody struct {
	Account    id.Object `json:"account"`
	SignInName string    `json:"signInName"`
	Name       string    `json:"name"`
	Reason     string    `json:"reason"`
	At         time.Time `json:"at"`
}

type decisionBody struct {
	By       string    `json:"by,omitempty"`
	At       time.Time `json:"at"`
	Reason   string    `json:"reason,omitempty"`
	Everyone bool      `json:"everyone"`
}

type listBody struct {
	Value []approvalBody `json:"value"`
	// Next is the address of the next page, absent on the last one.
	Next string `json:"next,omitempty"`
}

// The sizes of a page of a list.
const (
	defaultPage = 50
	maxPage     = 100
)

// listApprovals is GET /approvals?state=&after=&limit=, newest first.
func (e *edge) listApprovals(ctx context.Context, c *call) (any, error) {
	query := c.r.URL.Query()
	limit := defaultPage
	if sent := query.Get("limit"); sent != "" {
		n, err := strconv.Atoi(sent)
		if err != nil || n < 1 || n > maxPage {
			return nil, fault.New(fault.PageInvalid, "parameter", "limit", "rule", "1 to 100")
		}
		limit = n
	}
	list, err := e.Approvals.List(ctx, c.caller, consent.State(query.Get("state")), query.Get("after"), limit+1)
	if err != nil {
		return nil, err
	}
	body := listBody{Value: []approvalBody{}}
	if len(list) > limit {
		list = list[:limit]
		next := url.Values{"after": {list[limit-1].ID}, "limit": {strconv.Itoa(limit)}}
		if state := query.Get("state"); state != "" {
			next.Set("state", state)
		}
		body.Next = e.Origin + "/api/v1/approvals?" + next.Encode()
	}
	for _, p := range list {
		one, err := e.body(ctx, p)
		if err != nil {
			return nil, err
		}
		body.Value = append(body.Value, one)
	}
	return body, nil
}

// approval is GET /approvals/{approval}.
func (e *edge) approval(ctx context.Context, c *call) (any, error) {
	p, err := e.Approvals.Find(ctx, c.caller, c.r.PathValue("approval"))
	if err != nil {
		return nil, err
	}
	return e.body(ctx, p)
}

// approve is POST /approvals/{approval}/approve with {"everyone", "seen"}.
// Both are needed: nobody allows an app for everyone by forgetting a word.
func (e *edge) approve(ctx context.Context, c *call) (any, error) {
	var sent struct {
		Everyone *bool  `json:"everyone"`
		Seen     *int64 `json:"seen"`
	}
	if err := c.read(&sent); err != nil {
		return nil, err
	}
	if sent.Everyone == nil {
		return nil, fault.New(fault.InputInvalid, "parameter", "everyone", "rule", "true or false")
	}
	if sent.Seen == nil {
		return nil, fault.New(fault.InputInvalid, "parameter", "seen", "rule", "the version of the request that you looked at")
	}
	approval := c.r.PathValue("approval")
	err := e.Approvals.Approve(ctx, c.caller, approval, *sent.Seen, *sent.Everyone)
	return e.settled(ctx, c, err, func(p consent.Approval) bool {
		return p.State == consent.Approved && p.Decided.Everyone == *sent.Everyone
	})
}

// deny is POST /approvals/{approval}/deny with {"reason"}.
func (e *edge) deny(ctx context.Context, c *call) (any, error) {
	reason, err := c.reason()
	if err != nil {
		return nil, err
	}
	err = e.Approvals.Deny(ctx, c.caller, c.r.PathValue("approval"), reason)
	return e.settled(ctx, c, err, func(p consent.Approval) bool { return p.State == consent.Denied })
}

// block is POST /approvals/{approval}/block with {"reason"}.
func (e *edge) block(ctx context.Context, c *call) (any, error) {
	reason, err := c.reason()
	if err != nil {
		return nil, err
	}
	err = e.Approvals.Block(ctx, c.caller, c.r.PathValue("approval"), reason)
	return e.settled(ctx, c, err, func(p consent.Approval) bool { return p.State == consent.Blocked })
}

func (c *call) reason() (string, error) {
	var sent struct {
		Reason string `json:"reason"`
	}
	err := c.read(&sent)
	return sent.Reason, err
}

// settled answers a decision with what then stands. A decision that stands
// already is answered as if it were made now, so that a request whose answer
// was lost can be sent again.
func (e *edge) settled(ctx context.Context, c *call, err error, same func(consent.Approval) bool) (any, error) {
	if err != nil && !fault.Has(err, fault.ChangedMeanwhile) {
		return nil, err
	}
	p, problem := e.Approvals.Find(ctx, c.caller, c.r.PathValue("approval"))
	if problem != nil {
		return nil, problem
	}
	if err != nil && !same(p) {
		return nil, fault.New(fault.ChangedMeanwhile, "state", string(p.State))
	}
	return e.body(ctx, p)
}

func (e *edge) body(ctx context.Context, p consent.Approval) (approvalBody, error) {
	app, err := e.nameApp(ctx, p.Client)
	if err != nil {
		return approvalBody{}, err
	}
	b := approvalBody{
		ID: p.ID, Reference: p.Reference, State: string(p.State), Version: p.Version,
		App:         appBody{app.App, app.Name, app.Publisher, app.PublisherDomain, app.Verified},
		Permissions: []permissionBody{}, Requesters: []requesterBody{}, CreatedAt: p.Created, ExpiresAt: p.Expires,
	}
	for _, at := range p.Permissions {
		resource, err := e.nameApp(ctx, at.Resource)
		if err != nil {
			return b, err
		}
		b.Permissions = append(b.Permissions, permissionBody{at.Resource, resource.Name, at.Scopes})
	}
	for _, r := range p.Requesters {
		b.Requesters = append(b.Requesters, requesterBody{r.Account, r.SignInName, r.Name, r.Reason, r.At})
	}
	if !p.Decided.At.IsZero() {
		b.Decision = &decisionBody{p.Decided.By, p.Decided.At, p.Decided.Reason, p.Decided.Everyone}
	}
	return b, nil
}

// nameApp finds an app; one that was removed since is called by its id.
func (e *edge) nameApp(ctx context.Context, app id.App) (application.Application, error) {
	found, err := e.Apps.Find(ctx, app)
	if fault.Has(err, fault.AppUnknown) {
		return application.Application{App: app, Name: string(app)}, nil
	}
	return found, err
}
