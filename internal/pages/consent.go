package pages

import (
	"net/http"
	"slices"
	"strings"
)

// ConsentView asks whether an app may have what it wants. It posts flow and
// do=no or do=yes, forall=yes when everyone is meant, or do=another.
type ConsentView struct {
	Frame
	Address string
	// Publisher made the app; PublisherDomain is proved when Verified.
	Publisher, PublisherDomain string
	Verified                   bool
	// Purpose completes "so that it can …", in the app's own words.
	Purpose string
	// RedirectHost is where the person goes afterwards.
	RedirectHost string
	Permissions  []Permission
	// MayForAll is true for admins who can decide for everyone; People says how
	// many that is, 0 when it is not known.
	MayForAll bool
	People    int
}

// Permission is one thing an app asks for.
type Permission struct {
	// Resource is the name of the API, Name the permission such as User.Read.
	Resource string
	Name     string
	// New marks what was not allowed before, Alone what the app may do without
	// a person.
	New, Alone bool
}

// Consent writes the consent page (W5).
func (p *Pages) Consent(w http.ResponseWriter, v ConsentView) {
	p.step(w, "consent.html", v.Frame, v, "consent.title", "")
}

// ConsentForAll writes the confirmation that an admin gives for everyone.
func (p *Pages) ConsentForAll(w http.ResponseWriter, v ConsentView) {
	p.step(w, "consentforall.html", v.Frame, v, "consentforall.title", "")
}

// group is the verb under which a permission stands.
type group string

const (
	see    group = "see"
	change group = "change"
	act    group = "act"
	stay   group = "stay"
)

// grant says where a permission stands on the page and whether it is marked.
type grant struct {
	group group
	risky bool
}

// permissions are those that have a sentence of their own ("permission.<name>").
var permissions = map[string]grant{
	"openid":                                   {see, false},
	"profile":                                  {see, false},
	"email":                                    {see, false},
	"offline_access":                           {stay, false},
	"user_impersonation":                       {act, true},
	"User.Read":                                {see, false},
	"User.ReadBasic.All":                       {see, false},
	"User.Read.All":                            {see, false},
	"User.ReadWrite.All":                       {change, true},
	"Organization.Read.All":                    {see, false},
	"Domain.Read.All":                          {see, false},
	"Group.Read.All":                           {see, false},
	"Group.ReadWrite.All":                      {change, true},
	"GroupMember.Read.All":                     {see, false},
	"Directory.Read.All":                       {see, false},
	"Directory.ReadWrite.All":                  {change, true},
	"Directory.AccessAsUser.All":               {act, true},
	"Application.Read.All":                     {see, false},
	"Application.ReadWrite.All":                {change, true},
	"AppRoleAssignment.ReadWrite.All":          {change, true},
	"DelegatedPermissionGrant.ReadWrite.All":   {change, true},
	"DelegatedAdminRelationship.Read.All":      {see, false},
	"DelegatedAdminRelationship.ReadWrite.All": {change, true},
	"RoleManagement.Read.Directory":            {see, false},
	"RoleManagement.ReadWrite.Directory":       {change, true},
	"AuditLog.Read.All":                        {see, false},
	"Reports.Read.All":                         {see, false},
	"Policy.Read.All":                          {see, false},
	"Mail.Read":                                {see, true},
	"Mail.ReadWrite":                           {change, true},
	"Mail.Send":                                {act, true},
	"Calendars.Read":                           {see, false},
	"Contacts.Read":                            {see, false},
	"Files.Read.All":                           {see, true},
	"Files.ReadWrite.All":                      {change, true},
	"Approvals.ReadWrite":                      {act, true},
	"Diagnostics.Read":                         {see, false},
}

// Line is one permission as the page says it.
type Line struct {
	// Group is the verb it stands under: see, change, act or stay. Key is the
	// word that tells it.
	Group, Key, Name, Resource string
	Risky, New, Alone          bool
}

// Section is one verb with its permissions, risky ones first.
type Section struct {
	Group string
	Lines []Line
}

// Line tells a permission. One that has no sentence counts as acting, and as
// risky: the reader cannot know better.
func (p Permission) Line() Line {
	kind, known := permissions[p.Name]
	key := "permission." + p.Name
	if !known {
		kind, key = grant{act, true}, "permission.unknown"
	}
	return Line{string(kind.group), key, p.Name, p.Resource, kind.risky || p.Alone, p.New, p.Alone}
}

// Sections orders the permissions for reading.
func (v ConsentView) Sections() []Section {
	var sections []Section
	for _, g := range []group{see, change, act, stay} {
		var lines []Line
		for _, asked := range v.Permissions {
			if line := asked.Line(); line.Group == string(g) {
				lines = append(lines, line)
			}
		}
		slices.SortStableFunc(lines, func(a, b Line) int { return rank(a) - rank(b) })
		if len(lines) > 0 {
			sections = append(sections, Section{string(g), lines})
		}
	}
	return sections
}

func rank(l Line) int {
	if l.Risky {
		return 0
	}
	return 1
}

// Withheld are the word keys of what the app does not get, so that the page
// can say so truthfully.
func (v ConsentView) Withheld() []string {
	var keys []string
	for _, area := range []struct{ prefix, key string }{
		{"Mail.", "consent.not.mail"}, {"Files.", "consent.not.files"}, {"Contacts.", "consent.not.contacts"},
	} {
		asked := slices.ContainsFunc(v.Permissions, func(p Permission) bool {
			// Acting as the person reaches whatever the person reaches.
			return strings.HasPrefix(p.Name, area.prefix) || permissions[p.Name].group == act || permissions[p.Name].group == ""
		})
		if !asked {
			keys = append(keys, area.key)
		}
	}
	return append(keys, "consent.not.password")
}
