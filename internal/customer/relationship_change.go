package customer

import (
	"context"
	"slices"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Change is what a partner changes; nil leaves a thing as it is.
type Change struct {
	DisplayName, Duration, AutoExtend *string
	Customer                          *id.Tenant
	CustomerName                      *string
	Roles                             []string
}

// Change alters a draft freely, and of an active relationship only two things:
// how it is prolonged, and Global Administrator away from its roles. It fails
// with ChangedMeanwhile for another ETag, StateConflict, RequestMalformed,
// RoleMissing or ObjectUnknown.
func (l *Relationships) Change(ctx context.Context, by audit.Caller, key, etag string, c Change) (Relationship, error) {
	return l.amend(ctx, by, key, "relationship.change", PartnerSide, func(r *Relationship) error {
		if err := r.checkETag(etag); err != nil {
			return err
		}
		switch r.Status {
		case Created:
			return r.fill(c.Over(*r), l.source.Now())
		case Active:
			return r.reduce(c)
		}
		return fault.New(fault.StateConflict, "rule", "a relationship that is created or active, not "+string(r.Status))
	})
}

func (r Relationship) checkETag(etag string) error {
	if etag != r.ETag() {
		return fault.New(fault.ChangedMeanwhile, "object", r.ID)
	}
	return nil
}

// Over gives the draft that a relationship was made of, with the change.
func (c Change) Over(r Relationship) Draft {
	d := Draft{r.DisplayName, r.Customer, r.CustomerName, r.Duration, r.AutoExtend, r.Roles}
	replace(&d.DisplayName, c.DisplayName)
	replace(&d.CustomerName, c.CustomerName)
	replace(&d.Duration, c.Duration)
	replace(&d.AutoExtend, c.AutoExtend)
	if c.Customer != nil {
		d.Customer = *c.Customer
	}
	if c.Roles != nil {
		d.Roles = c.Roles
	}
	return d
}

func replace(have *string, by *string) {
	if by != nil {
		*have = *by
	}
}

// reduce is the change of an active relationship.
func (r *Relationship) reduce(c Change) error {
	if c.DisplayName != nil && *c.DisplayName != r.DisplayName || c.Duration != nil && *c.Duration != r.Duration ||
		c.Customer != nil && *c.Customer != r.Customer || c.CustomerName != nil && *c.CustomerName != r.CustomerName {
		return fault.New(fault.StateConflict, "rule", "autoExtendDuration, or the removal of Global Administrator, of an active relationship")
	}
	if c.Roles != nil {
		roles, err := rolesFrom(c.Roles, account.DirectoryRoles())
		if err != nil {
			return err
		}
		less := slices.DeleteFunc(slices.Clone(r.Roles), func(role string) bool { return role == account.GlobalAdministrator })
		if !slices.Equal(roles, r.Roles) && !slices.Equal(roles, less) {
			return fault.New(fault.StateConflict, "rule", "the roles as they are, or without Global Administrator alone")
		}
		r.Roles = roles
	}
	if c.AutoExtend != nil {
		if err := mayExtend(*c.AutoExtend, r.Roles); err != nil {
			return err
		}
		r.AutoExtend = *c.AutoExtend
	}
	return nil
}

// Delete takes a draft away. It fails with StateConflict for one that the
// customer has seen, and like Change.
func (l *Relationships) Delete(ctx context.Context, by audit.Caller, key, etag string) error {
	r, stored, err := l.load(ctx, by, key)
	if err != nil {
		return err
	}
	if err := l.acting(ctx, by, r.SideOf(by.Tenant), PartnerSide); err != nil {
		return err
	}
	if err := r.checkETag(etag); err != nil {
		return err
	}
	if r.Status != Created {
		return fault.New(fault.StateConflict, "rule", "a relationship that is created, not "+string(r.Status))
	}
	r.Version = stored.Version
	gone, err := l.store.RemoveRelationship(ctx, r, l.event(by, r, "relationship.delete"))
	if err == nil && !gone {
		return fault.New(fault.ChangedMeanwhile, "object", key)
	}
	return err
}
