// Package cloud knows the token services that a partner can speak to: the
// Microsoft clouds, and any Entente. It forms the requests of the Microsoft
// identity platform's version 2 wire, sends them, and reads the answers.
//
// It holds no state: what is kept, and when something is asked again, is decided
// by package sam.
package cloud

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// The audiences of the public cloud. An Entente issues for the same names, so
// that a program needs to change one address only.
const (
	graphAudience         = "https://graph.microsoft.com"
	partnerCenterAudience = "https://api.partnercenter.microsoft.com"
	armAudience           = "https://management.azure.com"
	vaultAudience         = "https://vault.azure.net"
)

// entente is the Name of every cloud that At returns.
const entente = "entente"

// Cloud is a token service and the APIs that take its tokens. Clouds come from
// Global, USGov, China, Germany, At or ByName.
type Cloud struct {
	// Name is "global", "usgov", "china", "germany" or "entente".
	Name string
	// Authority is the https origin of the token service, without a final slash.
	Authority string
	// Closed says why nobody can sign in here any more; empty for living clouds.
	Closed string

	graph, partnerCenter, arm, vault Resource
}

// Resource is an API that tokens are issued for.
type Resource struct {
	// Audience is the name that a token for it carries in aud.
	Audience string
	// Base is where its API answers, version included, without a final slash;
	// empty when the resource has no one address (each key vault has its own).
	Base string
}

// Global is the public Microsoft cloud.
func Global() Cloud {
	return Cloud{
		Name:          "global",
		Authority:     "https://login.microsoftonline.com",
		graph:         Resource{Audience: graphAudience, Base: graphAudience + "/v1.0"},
		partnerCenter: Resource{Audience: partnerCenterAudience, Base: partnerCenterAudience + "/v1"},
		arm:           Resource{Audience: armAudience, Base: armAudience},
		vault:         Resource{Audience: vaultAudience},
	}
}

// USGov is Microsoft's cloud for the government of the United States (GCC High).
// Its partners use the Partner Center of the public cloud.
func USGov() Cloud {
	return Cloud{
		Name:          "usgov",
		Authority:     "https://login.microsoftonline.us",
		graph:         Resource{Audience: "https://graph.microsoft.us", Base: "https://graph.microsoft.us/v1.0"},
		partnerCenter: Resource{Audience: partnerCenterAudience, Base: partnerCenterAudience + "/v1"},
		arm:           Resource{Audience: "https://management.usgovcloudapi.net", Base: "https://management.usgovcloudapi.net"},
		vault:         Resource{Audience: "https://vault.usgovcloudapi.net"},
	}
}

// China is the cloud that 21Vianet runs.
func China() Cloud {
	return Cloud{
		Name:          "china",
		Authority:     "https://login.partner.microsoftonline.cn",
		graph:         Resource{Audience: "https://microsoftgraph.chinacloudapi.cn", Base: "https://microsoftgraph.chinacloudapi.cn/v1.0"},
		partnerCenter: Resource{Audience: "https://partner.partnercenterapi.microsoftonline.cn", Base: "https://partner.partnercenterapi.microsoftonline.cn/v1"},
		arm:           Resource{Audience: "https://management.chinacloudapi.cn", Base: "https://management.chinacloudapi.cn"},
		vault:         Resource{Audience: "https://vault.azure.cn"},
	}
}

// Germany is the cloud that was closed in October 2021. Its addresses are kept so
// that an old configuration is understood, and told why it no longer works.
func Germany() Cloud {
	return Cloud{
		Name:          "germany",
		Authority:     "https://login.microsoftonline.de",
		Closed:        "Microsoft closed its German cloud on 29 October 2021; organisations that lived there moved to the global cloud",
		graph:         Resource{Audience: "https://graph.microsoft.de", Base: "https://graph.microsoft.de/v1.0"},
		partnerCenter: Resource{Audience: partnerCenterAudience, Base: partnerCenterAudience + "/v1"},
		arm:           Resource{Audience: "https://management.microsoftazure.de", Base: "https://management.microsoftazure.de"},
		vault:         Resource{Audience: "https://vault.microsoftazure.de"},
	}
}

// At is the Entente at an address: an https origin such as https://localhost:8443.
// Everything answers on that origin; the audiences keep their Microsoft names.
func At(address string) (Cloud, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return Cloud{}, fmt.Errorf("read the address of the Entente: %w", err)
	case u.Scheme != "https":
		return Cloud{}, fmt.Errorf("the address of an Entente begins with https://, not %q", address)
	case u.Hostname() == "":
		return Cloud{}, fmt.Errorf("the address %q names no host", address)
	case u.User != nil, u.RawQuery != "", u.Fragment != "", strings.Trim(u.Path, "/") != "":
		return Cloud{}, fmt.Errorf("the address %q is more than an origin; write https://%s", address, u.Host)
	}
	origin := "https://" + strings.ToLower(u.Host)
	return Cloud{
		Name:          entente,
		Authority:     origin,
		graph:         Resource{Audience: graphAudience, Base: origin + "/v1.0"},
		partnerCenter: Resource{Audience: partnerCenterAudience, Base: origin + "/v1"},
		arm:           Resource{Audience: armAudience},
		vault:         Resource{Audience: vaultAudience, Base: origin},
	}, nil
}

// Names lists the names that ByName knows, in the order to offer them.
func Names() []string { return []string{"global", "usgov", "china", "germany"} }

// ByName finds a Microsoft cloud by its name.
func ByName(name string) (Cloud, error) {
	for _, c := range []Cloud{Global(), USGov(), China(), Germany()} {
		if strings.EqualFold(c.Name, name) {
			return c, nil
		}
	}
	return Cloud{}, fmt.Errorf("there is no cloud %q; the clouds are %s", name, strings.Join(Names(), ", "))
}

// IsEntente says that the cloud is an Entente, which keeps generations of refresh
// tokens; the Microsoft clouds let an old refresh token live on.
func (c Cloud) IsEntente() bool { return c.Name == entente }

// PartnerCenter is the partner API of the cloud.
func (c Cloud) PartnerCenter() Resource { return c.partnerCenter }

// guid is any letter case of the text form of a GUID.
var guid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// IsGUID says that s is an id such as 11111111-aaaa-4111-8111-000000000001.
func IsGUID(s string) bool { return guid.MatchString(s) }

// Resource finds an API of the cloud by its short name ("graph", "partnercenter",
// "arm", "vault"), or takes any audience: an https address, an api:// name or an
// application id. A final slash of an address is kept: it is part of the name.
func (c Cloud) Resource(name string) (Resource, error) {
	switch strings.ToLower(name) {
	case "graph":
		return c.graph, nil
	case "partnercenter":
		return c.partnerCenter, nil
	case "arm":
		return c.arm, nil
	case "vault":
		return c.vault, nil
	}
	// Clients of the Graph derive the audience from the address they call, which
	// for an Entente is its own origin.
	if c.IsEntente() && strings.EqualFold(strings.TrimSuffix(name, "/"), c.Authority) {
		return c.graph, nil
	}
	for _, known := range []Resource{c.graph, c.partnerCenter, c.arm, c.vault} {
		if name == known.Audience {
			return known, nil
		}
	}
	if IsGUID(name) {
		return Resource{Audience: strings.ToLower(name)}, nil
	}
	u, err := url.Parse(name)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "api") || strings.ContainsAny(name, " \t\r\n") {
		return Resource{}, fmt.Errorf("%q is no resource: use %s, an https address or an application id", name, strings.Join(ResourceNames(), ", "))
	}
	return Resource{Audience: name}, nil
}

// ResourceNames lists the short names that Resource knows.
func ResourceNames() []string { return []string{"graph", "partnercenter", "arm", "vault"} }

// applicationIDs are the ids under which well-known resources are registered in
// every tenant. A token may carry the id in aud where the address was asked for.
var applicationIDs = map[string]string{
	"00000003-0000-0000-c000-000000000000": "graph",
	"fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd": "partnercenter",
	"797f4846-ba00-4fd7-ba43-dac1f8f63013": "arm",
	"cfa8b339-82a2-471a-a3c9-0fc0be7a4093": "vault",
}

// Means says that the audience in a token is the resource that was asked for: the
// same name, give or take a final slash, or the same application by its id.
func (c Cloud) Means(asked, audience string) bool {
	plain := func(s string) string {
		return strings.TrimPrefix(strings.TrimSuffix(s, "/"), "api://")
	}
	if asked == "" || audience == "" {
		return false
	}
	if plain(asked) == plain(audience) {
		return true
	}
	for id, name := range applicationIDs {
		known, err := c.Resource(name)
		if err != nil {
			continue
		}
		oneIsTheID := strings.EqualFold(audience, id) || strings.EqualFold(asked, id)
		other := plain(asked) == plain(known.Audience) || plain(audience) == plain(known.Audience)
		if oneIsTheID && other {
			return true
		}
	}
	return false
}

// errClosed is wrapped by every refusal to speak to a cloud that is closed.
var errClosed = errors.New("this cloud is closed")

// Open refuses a cloud that is closed, saying why.
func (c Cloud) Open() error {
	if c.Closed == "" {
		return nil
	}
	return fmt.Errorf("%w: %s", errClosed, c.Closed)
}
