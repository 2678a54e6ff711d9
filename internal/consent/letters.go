package consent

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/application"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/message"
	"github.com/entente-id/entente/internal/tenant"
)

// matter is what an approval is about: an app in an organisation.
type matter struct {
	org tenant.Tenant
	app application.Application
}

func (a *Approvals) matter(ctx context.Context, t id.Tenant, client id.App) (matter, error) {
	org, err := a.tenants.Find(ctx, t)
	if err != nil {
		return matter{}, err
	}
	app, err := a.apps.Find(ctx, client)
	return matter{org, app}, err
}

// matterOf is matter for what was asked before: an app may have been removed
// since, and those who wait for it are told all the same.
func (a *Approvals) matterOf(ctx context.Context, p Approval) (matter, error) {
	m, err := a.matter(ctx, p.Tenant, p.Client)
	if fault.Has(err, fault.AppUnknown) {
		m.app = application.Application{App: p.Client, Name: string(p.Client)}
		err = nil
	}
	return m, err
}

// toReviewers writes to all who can decide now, each in their language.
func (a *Approvals) toReviewers(ctx context.Context, kind message.Kind, m matter, p Approval, asker Requester) ([]message.Sealed, error) {
	reviewers, err := a.people.Reviewers(ctx, p.Tenant, maxReviewers)
	if err != nil {
		return nil, err
	}
	lines, resources, err := a.permissionNames(ctx, p)
	if err != nil {
		return nil, err
	}
	list := make([]message.Message, 0, len(reviewers))
	for _, r := range reviewers {
		letter := m.letter(kind, p, r)
		letter.Facts["name"], letter.Facts["reason"] = asker.Name, asker.Reason
		letter.Facts["people"], letter.Facts["resource"] = strconv.Itoa(len(p.Requesters)), resources
		letter.Facts["date"] = asker.At.Format(time.RFC3339)
		letter.Lines, letter.Path, letter.Expires = lines, "/organisation/approvals/"+p.ID, p.Expires
		list = append(list, letter)
	}
	return a.outbox.SealAll(list...)
}

// toRequesters writes to those who wait and are still there.
func (a *Approvals) toRequesters(kind message.Kind, m matter, p Approval, people []account.Account, facts map[string]string) ([]message.Sealed, error) {
	list := make([]message.Message, 0, len(people))
	for _, person := range people {
		letter := m.letter(kind, p, person)
		for name, value := range facts {
			letter.Facts[name] = value
		}
		if kind != message.ApprovalDenied {
			letter.Link = m.app.HomeURL
		}
		list = append(list, letter)
	}
	return a.outbox.SealAll(list...)
}

func (m matter) letter(kind message.Kind, p Approval, to account.Account) message.Message {
	letter := message.Message{
		Kind: kind, Tenant: p.Tenant, To: to.Mail, Language: to.Language, Reference: p.Reference,
		Facts: map[string]string{"app": m.app.Name, "org": m.org.Name},
	}
	if letter.To == "" {
		letter.To = to.SignInName
	}
	if letter.Language == "" {
		letter.Language = m.org.Language
	}
	return letter
}

// present are the requesters whose accounts can still be used, as they are now.
func (a *Approvals) present(ctx context.Context, p Approval) ([]account.Account, error) {
	var list []account.Account
	for _, r := range p.Requesters {
		person, err := a.people.Find(ctx, p.Tenant, r.Account)
		if fault.Has(err, fault.AccountUnknown) || err == nil && person.Disabled {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, person)
	}
	return list, nil
}

// permissionNames lists the permissions one by one, and their resources.
func (a *Approvals) permissionNames(ctx context.Context, p Approval) (lines []string, resources string, err error) {
	var names []string
	for _, at := range p.Permissions {
		resource, err := a.apps.Find(ctx, at.Resource)
		if fault.Has(err, fault.AppUnknown) {
			resource, err = application.Application{Name: string(at.Resource)}, nil
		}
		if err != nil {
			return nil, "", err
		}
		names = append(names, resource.Name)
		lines = append(lines, at.Scopes...)
	}
	return lines, strings.Join(names, ", "), nil
}

func nameOf(person account.Account) string {
	if person.Name != "" {
		return person.Name
	}
	return person.SignInName
}
