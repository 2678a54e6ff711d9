package partnerapi

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/entente-id/entente/internal/customer"
	"github.com/entente-id/entente/internal/fault"
)

// maxFilterText bounds the filter parameter, in bytes.
const maxFilterText = 2 << 10

// parseFilter reads the filter parameter: a JSON object whose members and
// values come in any letter case and with or without underscores, because
// each client library writes them in its own way.
func parseFilter(text string) (customer.Filter, error) {
	refuse := func(parameter, rule string) (customer.Filter, error) {
		return customer.Filter{}, fault.New(fault.FilterInvalid, "parameter", parameter, "rule", rule)
	}
	if len(text) > maxFilterText {
		return refuse("filter", "at most "+strconv.Itoa(maxFilterText)+" bytes")
	}
	var sent struct{ Field, Value, Operator string }
	if err := json.Unmarshal([]byte(text), &sent); err != nil {
		return refuse("filter", "a JSON object with Field, Value and Operator")
	}
	f := customer.Filter{Value: sent.Value}
	switch plain(sent.Field) {
	case "companyname":
		f.Field = customer.CompanyName
	case "domain":
		f.Field = customer.Domain
	default:
		return refuse("Field", "CompanyName or Domain")
	}
	switch plain(sent.Operator) {
	case "startswith":
		f.Operator = customer.StartsWith
	case "substring":
		f.Operator = customer.Contains
	case "equals":
		f.Operator = customer.Equals
	default:
		return refuse("Operator", "starts_with, substring or equals")
	}
	if f.Value == "" {
		return refuse("Value", "the text to look for")
	}
	return f, nil
}

func plain(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "") }
