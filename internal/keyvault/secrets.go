package keyvault

import (
	"context"
	"encoding/base64"
	"net/url"
	"strconv"
	"time"

	"github.com/entente-id/entente/internal/calls"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/vault"
)

// maxBody bounds the body of everything but a restore, in bytes: a value, its
// escapes, and what is said of it.
const maxBody = 4*vault.MaxValue + 32<<10

// writing is the body of a set and of an update. What is absent is nil.
type writing struct {
	Value       *string           `json:"value"`
	ContentType *string           `json:"contentType"`
	Tags        map[string]string `json:"tags"`
	Attributes  struct {
		Enabled   *bool  `json:"enabled"`
		NotBefore *int64 `json:"nbf"`
		Expires   *int64 `json:"exp"`
	} `json:"attributes"`
}

func (w writing) draft() (vault.Draft, error) {
	d := vault.Draft{ContentType: w.ContentType, Tags: w.Tags, Enabled: w.Attributes.Enabled}
	for _, at := range []struct {
		name string
		sent *int64
		into **time.Time
	}{{"nbf", w.Attributes.NotBefore, &d.NotBefore}, {"exp", w.Attributes.Expires, &d.Expires}} {
		if at.sent == nil {
			continue
		}
		// The year 9999 is the last one that JSON instants can hold.
		if *at.sent < 0 || *at.sent > 253402300799 {
			return d, fault.New(fault.RequestMalformed, "parameter", at.name, "rule", "seconds since 1970, until the year 9999")
		}
		instant := time.Unix(*at.sent, 0).UTC()
		*at.into = &instant
	}
	return d, nil
}

func (e *edge) set(ctx context.Context, c *call) (any, error) {
	var body writing
	if err := c.read(&body, maxBody); err != nil {
		return nil, err
	}
	if body.Value == nil {
		return nil, fault.New(fault.ParameterMissing, "parameter", "value", "rule", "the secret's value")
	}
	draft, err := body.draft()
	if err != nil {
		return nil, err
	}
	v, err := e.Vaults.Set(ctx, c.caller, c.vault, c.name, *body.Value, draft)
	return c.bundle(v, true), err
}

func (e *edge) get(ctx context.Context, c *call) (any, error) {
	v, err := e.Vaults.Get(ctx, c.caller, c.vault, c.name, c.rest)
	return c.bundle(v, true), err
}

func (e *edge) update(ctx context.Context, c *call) (any, error) {
	var body writing
	if err := c.read(&body, maxBody); err != nil {
		return nil, err
	}
	if body.Value != nil {
		return nil, fault.New(fault.RequestMalformed, "parameter", "value", "rule", "absent: a value is changed by setting a new version with PUT")
	}
	draft, err := body.draft()
	if err != nil {
		return nil, err
	}
	v, err := e.Vaults.Update(ctx, c.caller, c.vault, c.name, c.rest, draft)
	return c.bundle(v, false), err
}

func (e *edge) delete(ctx context.Context, c *call) (any, error) {
	d, err := e.Vaults.Delete(ctx, c.caller, c.vault, c.name)
	return c.removed(d, true), err
}

func (e *edge) getDeleted(ctx context.Context, c *call) (any, error) {
	d, err := e.Vaults.Deleted(ctx, c.caller, c.vault, c.name)
	return c.removed(d, true), err
}

func (e *edge) recover(ctx context.Context, c *call) (any, error) {
	v, err := e.Vaults.Recover(ctx, c.caller, c.vault, c.name)
	return c.bundle(v, false), err
}

func (e *edge) purge(ctx context.Context, c *call) (any, error) {
	return nil, e.Vaults.Purge(ctx, c.caller, c.vault, c.name)
}

// sealed is a backup on the wire.
type sealed struct {
	Value string `json:"value"`
}

func (e *edge) backup(ctx context.Context, c *call) (any, error) {
	text, err := e.Vaults.Backup(ctx, c.caller, c.vault, c.name)
	return sealed{base64.RawURLEncoding.EncodeToString(text)}, err
}

func (e *edge) restore(ctx context.Context, c *call) (any, error) {
	var body sealed
	if err := c.read(&body, 2*vault.MaxBackup); err != nil {
		return nil, err
	}
	text, err := base64.RawURLEncoding.DecodeString(body.Value)
	if err != nil {
		return nil, fault.New(fault.RequestMalformed, "parameter", "value", "rule", "what a backup gave, in base64url").Because(err)
	}
	v, err := e.Vaults.Restore(ctx, c.caller, c.vault, text)
	return c.bundle(v, false), err
}

func (e *edge) list(ctx context.Context, c *call) (any, error) {
	page, err := c.page()
	if err != nil {
		return nil, err
	}
	found, more, err := e.Vaults.List(ctx, c.caller, c.vault, page)
	if err != nil {
		return nil, err
	}
	list := listing{Value: make([]any, len(found))}
	for i, v := range found {
		b := c.bundle(v, false)
		b.ID = c.address(live, v.Name)
		list.Value[i] = b
	}
	if more {
		list.next(c, "/"+live, page, found[len(found)-1].Name)
	}
	return list, nil
}

func (e *edge) versions(ctx context.Context, c *call) (any, error) {
	page, err := c.page()
	if err != nil {
		return nil, err
	}
	found, more, err := e.Vaults.Versions(ctx, c.caller, c.vault, c.name, page)
	if err != nil {
		return nil, err
	}
	list := listing{Value: make([]any, len(found))}
	for i, v := range found {
		list.Value[i] = c.bundle(v, false)
	}
	if more {
		list.next(c, "/"+live+"/"+url.PathEscape(c.name)+"/versions", page, found[len(found)-1].ID)
	}
	return list, nil
}

func (e *edge) listDeleted(ctx context.Context, c *call) (any, error) {
	page, err := c.page()
	if err != nil {
		return nil, err
	}
	found, more, err := e.Vaults.ListDeleted(ctx, c.caller, c.vault, page)
	if err != nil {
		return nil, err
	}
	list := listing{Value: make([]any, len(found))}
	for i, d := range found {
		list.Value[i] = c.removed(d, false)
	}
	if more {
		list.next(c, "/"+deleted, page, found[len(found)-1].Name)
	}
	return list, nil
}

// page reads which part of a list is wanted.
func (c *call) page() (vault.Page, error) {
	query := c.r.URL.Query()
	page := vault.Page{Limit: vault.MaxPage, After: query.Get("$skiptoken")}
	if sent := query.Get("maxresults"); sent != "" {
		n, err := strconv.Atoi(sent)
		if err != nil {
			return page, fault.New(fault.RequestMalformed, "parameter", "maxresults", "rule", "1 to "+strconv.Itoa(vault.MaxPage)).Because(err)
		}
		page.Limit = n
	}
	return page, nil
}

// read decodes the body. Members that are not known are left alone: newer
// clients send more.
func (c *call) read(into any, limit int64) error {
	return calls.Object(c.w, c.r, limit, false, into)
}
