package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/internal/nearest"
	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
)

func customerCommand() *cobra.Command {
	return noun("customer", "See the customers of your company", customerListCommand())
}

// shownCustomer is a customer in JSON.
type shownCustomer struct {
	ID           string `json:"id"`
	Company      string `json:"company"`
	Domain       string `json:"domain"`
	Relationship string `json:"relationship"`
}

func customerListCommand() *cobra.Command {
	var p profile
	var o output
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the customers that Partner Center knows",
		Example: `  entente customer list
  entente customer list --output json
  entente customer list --output value        the ids alone, one a line`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			b, _, record, err := p.storedBroker(cmd.Context())
			if err != nil {
				return err
			}
			r := result{columns: []string{"ID", "COMPANY", "DOMAIN", "RELATIONSHIP"}}
			for c, err := range b.Customers(cmd.Context(), record) {
				if err != nil {
					return err
				}
				r.rows = append(r.rows, []string{c.ID, c.Company, c.Domain, c.Relationship})
				r.objects = append(r.objects, shownCustomer(c))
			}
			return o.show(cmd.OutOrStdout(), r)
		},
	}
	p.addTo(cmd)
	o.addTo(cmd)
	return cmd
}

// findCustomer finds the one customer that a person means by an id, a domain, a
// company's name or the beginning of one. A domain that Partner Center does not
// list is returned as it is, for the authority to look up.
func findCustomer(ctx context.Context, b *sam.Broker, record, word string) (tenant string, err error) {
	if cloud.IsGUID(word) {
		return strings.ToLower(word), nil
	}
	var exact, beginning []sam.Customer
	var names []string
	for c, err := range b.Customers(ctx, record) {
		if err != nil {
			return "", err
		}
		names = append(names, c.Domain, c.Company)
		switch {
		case strings.EqualFold(c.Domain, word) || strings.EqualFold(c.Company, word):
			exact = append(exact, c)
		case hasPrefixFold(c.Domain, word) || hasPrefixFold(c.Company, word):
			beginning = append(beginning, c)
		}
	}
	found := exact
	if len(found) == 0 {
		found = beginning
	}
	switch {
	case len(found) == 1:
		return found[0].ID, nil
	case len(found) > 1:
		var choices []string
		for _, c := range found[:min(len(found), 5)] {
			choices = append(choices, "--customer "+c.Domain+" ("+c.Company+")")
		}
		return "", misuse(strings.Join(choices, ", "), "%q can mean %d customers", word, len(found))
	}
	near := nearest.To(word, nearable(names, word))
	if strings.Contains(word, ".") && len(near) == 0 {
		return word, nil
	}
	do := "entente customer list"
	if len(near) > 0 {
		do = "--customer " + strings.Join(near, ", or --customer ")
	}
	return "", &failure{code: exitNotFound, what: "no customer is called " + word, do: do}
}

func hasPrefixFold(text, prefix string) bool {
	return len(prefix) > 0 && len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

// nearable are the names a mistyped word may be compared with: a short word with
// first words too, because "adatim" means "Adatum Cust" and "adatum.example".
func nearable(names []string, word string) []string {
	if strings.ContainsAny(word, ". ") {
		return names
	}
	var all []string
	for _, name := range names {
		first := name
		if end := strings.IndexAny(name, ". "); end > 0 {
			first = name[:end]
		}
		if all = append(all, strings.ToLower(first)); first != name {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// naming puts the word that the person typed in place of the tenant's id, in what
// went wrong and what to do.
func naming(err error, tenant, word string) error {
	p, ok := errors.AsType[*sam.Problem](err)
	if !ok || tenant == "" || tenant == word {
		return err
	}
	named := *p
	named.What = strings.ReplaceAll(p.What, tenant, word)
	named.Do = strings.ReplaceAll(p.Do, tenant, word)
	return &named
}
