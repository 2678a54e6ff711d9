package customer

import (
	"context"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// Qualification is what a customer is, so that it may buy what is for such
// customers alone.
type Qualification struct {
	Name  string
	Since time.Time
}

// Qualifications are the names that there are, in the order of their numbers on the wire.
var Qualifications = []string{"none", "education", "government_community_cloud", "state_owned_entity"}

// Qualify notes one more qualification of a customer; twice is once. It fails
// with EnumUnknown for one that there is not.
func (b *Book) Qualify(ctx context.Context, caller audit.Caller, at id.Tenant, name string) (Customer, error) {
	if caller.AppOnly {
		return Customer{}, fault.New(fault.AppOnlyRefused)
	}
	if i := slices.Index(Qualifications, name); i < 1 {
		return Customer{}, fault.New(fault.EnumUnknown, "parameter", "qualification", "rule", "education, government_community_cloud or state_owned_entity")
	}
	return b.change(ctx, caller, at, "customer.qualify", func(c *Customer) error {
		if !slices.ContainsFunc(c.Qualifications, func(q Qualification) bool { return q.Name == name }) {
			c.Qualifications = append(c.Qualifications, Qualification{Name: name, Since: b.source.Now()})
		}
		return nil
	})
}
