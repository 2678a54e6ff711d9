package partner

import (
	"context"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"golang.org/x/text/language"
)

// Profile gives the profile of the caller's own organisation.
func (r *Register) Profile(ctx context.Context, caller audit.Caller) (Profile, error) {
	if err := r.Admit(ctx, caller, Agents...); err != nil {
		return Profile{}, err
	}
	return r.store.Profile(ctx, caller.Tenant)
}

// Change replaces what an organisation may say about itself: company name,
// e-mail, language, culture and address. Its id and its domain stay whatever
// the new profile says (R162). With an ETag, the change fails with
// ChangedMeanwhile unless the profile still has it.
func (r *Register) Change(ctx context.Context, caller audit.Caller, to Profile, etag string) (Profile, error) {
	if caller.AppOnly {
		return Profile{}, fault.New(fault.AppOnlyRefused)
	}
	if err := r.Admit(ctx, caller, account.AdminAgents); err != nil {
		return Profile{}, err
	}
	if err := to.Check(); err != nil {
		return Profile{}, err
	}
	p, err := r.store.Profile(ctx, caller.Tenant)
	if err != nil {
		return Profile{}, err
	}
	if etag == "" {
		etag = p.ETag
	}
	p.CompanyName, p.Email, p.Language, p.Culture, p.Address = to.CompanyName, to.Email, to.Language, to.Culture, to.Address
	p.ETag = r.etag()
	err = r.store.ChangeProfile(ctx, p, etag, audit.Event{
		ID: r.source.NewGUID(), At: r.source.Now(), Tenant: caller.Tenant,
		Account: caller.Account, SignInName: caller.SignInName, App: caller.App,
		Verb: "profile.change", Object: string(caller.Tenant),
	})
	if err != nil {
		return Profile{}, err
	}
	return p, nil
}

// Save creates or replaces a profile; a new one gets its first ETag.
func (r *Register) Save(ctx context.Context, p Profile) error {
	if !id.IsGUID(string(p.Tenant)) {
		return fault.New(fault.RequestMalformed, "parameter", "tenantId", "rule", "a GUID")
	}
	if err := p.Check(); err != nil {
		return err
	}
	if p.ETag == "" {
		p.ETag = r.etag()
	}
	return r.store.SaveProfile(ctx, p)
}

// etag makes a value that no earlier state of the profile had: 63 random bits
// in digits, the form that clients put into If-Match.
func (r *Register) etag() string {
	return strconv.FormatUint(binary.BigEndian.Uint64(r.source.Bytes(8))>>1|1<<60, 10)
}

// maxField bounds each text of a profile, in bytes.
const maxField = 256

// Check holds a profile to its rules. It fails with RequestMalformed, whose fact
// "parameter" is the member that breaks one.
func (p Profile) Check() error {
	refuse := func(parameter, rule string) error {
		return fault.New(fault.RequestMalformed, "parameter", parameter, "rule", rule)
	}
	a := p.Address
	for _, text := range []struct{ name, value string }{
		{"companyName", p.CompanyName}, {"email", p.Email}, {"region", a.Region}, {"city", a.City}, {"state", a.State},
		{"addressLine1", a.Line1}, {"addressLine2", a.Line2}, {"postalCode", a.PostalCode},
		{"firstName", a.FirstName}, {"lastName", a.LastName}, {"phoneNumber", a.Phone},
	} {
		if len(text.value) > maxField || strings.ContainsFunc(text.value, unicode.IsControl) {
			return refuse(text.name, "at most "+strconv.Itoa(maxField)+" bytes, no control characters")
		}
	}
	if strings.TrimSpace(p.CompanyName) == "" {
		return refuse("companyName", "a name")
	}
	if _, ok := account.DomainOf(p.Email); !ok {
		return refuse("email", "an e-mail address")
	}
	for _, tag := range []struct{ name, value string }{{"language", p.Language}, {"culture", p.Culture}} {
		if _, err := language.Parse(tag.value); err != nil || len(tag.value) > maxField {
			return refuse(tag.name, "a language tag such as en-GB")
		}
	}
	if len(a.Country) != 2 || strings.ToUpper(a.Country) != a.Country {
		return refuse("country", "an ISO 3166-1 code such as GB")
	}
	return nil
}

// Declare creates or replaces a profile on the word of whoever runs the
// installation. It fails as Check does.
func (r *Register) Declare(ctx context.Context, by audit.Caller, p Profile) error {
	if err := p.Check(); err != nil {
		return err
	}
	p.ETag = r.etag()
	return r.store.DeclareProfile(ctx, p, audit.Event{
		ID: r.source.NewGUID(), At: r.source.Now(), Tenant: p.Tenant, SignInName: by.SignInName, Verb: "partner.declare", Object: string(p.Tenant),
	})
}
