package customer

import "regexp"

// Rules are what an address in a country needs.
type Rules struct {
	Country                 string
	City, State, PostalCode bool
	// Pattern is a regular expression for postal codes, empty for none.
	Pattern string
	postal  *regexp.Regexp
}

// countries are those whose rules differ from the usual: a city and a postal
// code, no state.
var countries = map[string]Rules{
	"US": rules(true, `^[0-9]{5}(-[0-9]{4})?$`),
	"CA": rules(true, `^[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]$`),
	"AU": rules(true, `^[0-9]{4}$`),
	"GB": rules(false, `^[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}$`),
	"FI": rules(false, `^[0-9]{5}$`),
	"SE": rules(false, `^[0-9]{3} ?[0-9]{2}$`),
	"DE": rules(false, `^[0-9]{5}$`),
	"IE": {City: true},
	"HK": {City: true},
	"AE": {City: true},
}

func rules(state bool, pattern string) Rules {
	return Rules{City: true, State: state, PostalCode: true, Pattern: pattern, postal: regexp.MustCompile(pattern)}
}

// RulesOf gives the rules of a country by its ISO 3166-1 code.
func RulesOf(country string) Rules {
	r, own := countries[country]
	if !own {
		r = Rules{City: true, PostalCode: true}
	}
	r.Country = country
	return r
}
