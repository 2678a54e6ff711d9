package keyvault

import (
	"net/url"
	"strconv"
	"time"

	"github.com/entente-id/entente/internal/vault"
)

const jsonType = "application/json; charset=utf-8"

// bundle is a secret on the wire (identity-platform.md 9.3). Instants are
// seconds since 1970.
type bundle struct {
	Value       *string           `json:"value,omitempty"`
	ID          string            `json:"id"`
	ContentType string            `json:"contentType,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	Attributes  attributes        `json:"attributes"`
}

type attributes struct {
	Enabled         bool   `json:"enabled"`
	NotBefore       int64  `json:"nbf,omitempty"`
	Expires         int64  `json:"exp,omitempty"`
	Created         int64  `json:"created"`
	Updated         int64  `json:"updated"`
	RecoveryLevel   string `json:"recoveryLevel"`
	RecoverableDays int    `json:"recoverableDays"`
}

// removed is a deleted secret on the wire.
type removed struct {
	bundle
	RecoveryID         string `json:"recoveryId"`
	DeletedDate        int64  `json:"deletedDate"`
	ScheduledPurgeDate int64  `json:"scheduledPurgeDate"`
}

type listing struct {
	Value []any   `json:"value"`
	Next  *string `json:"nextLink"`
}

// next points to the following page, under the host that was asked: the vault
// answered on it.
func (l *listing) next(c *call, path string, page vault.Page, after string) {
	query := url.Values{"api-version": {c.r.URL.Query().Get("api-version")}, "maxresults": {strconv.Itoa(page.Limit)}, "$skiptoken": {after}}
	link := "https://" + c.vault.Host + path + "?" + query.Encode()
	l.Next = &link
}

func (c *call) address(collection, name string) string {
	return "https://" + c.vault.Host + "/" + collection + "/" + name
}

func (c *call) bundle(v vault.Version, withValue bool) bundle {
	b := bundle{
		ID: c.address(live, v.Name) + "/" + v.ID, ContentType: v.ContentType, Tags: v.Tags,
		Attributes: attributes{
			Enabled: v.Enabled, NotBefore: seconds(v.NotBefore), Expires: seconds(v.Expires), Created: seconds(v.Created), Updated: seconds(v.Updated),
			RecoveryLevel: recoveryLevel(c.vault), RecoverableDays: c.vault.RetentionDays,
		},
	}
	if withValue {
		b.Value = &v.Value
	}
	return b
}

// removed shows a deleted secret; in lists its id has no version.
func (c *call) removed(d vault.Deleted, withVersion bool) removed {
	b := c.bundle(d.Version, false)
	if !withVersion {
		b.ID = c.address(live, d.Name)
	}
	return removed{b, c.address(deleted, d.Name), seconds(d.At), seconds(d.Purge)}
}

// usualDays is the retention that has a name of its own.
const usualDays = 90

func recoveryLevel(v vault.Vault) string {
	level := "Recoverable"
	if v.RetentionDays < usualDays {
		level = "CustomizedRecoverable"
	}
	if !v.PurgeProtected {
		level += "+Purgeable"
	}
	return level
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
