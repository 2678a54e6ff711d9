package application

import (
	"context"
	"slices"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/tenant"
)

// GraphApp is the directory API, to which scopes without a resource belong.
const GraphApp = "00000003-0000-0000-c000-000000000000"

// Wanted is what a client asks for in one request.
type Wanted struct {
	// OpenID, Profile, Email and Offline are the scopes of OpenID Connect.
	OpenID, Profile, Email, Offline bool
	// Resources in the order they were named; the first is what a token is
	// made for, the others can be consented to.
	Resources []WantedResource
}

// WantedResource is what is asked of one API.
type WantedResource struct {
	Resource Application
	// Audience is the resource's name as the client typed it; it becomes the
	// aud of a v1 token.
	Audience string
	// Names are permissions in the resource's own spelling. With Default the
	// client takes whatever was allowed for it.
	Names   []string
	Default bool
	// Typed are the scopes as the client wrote them: MSAL Go and azidentity
	// fail unless the answer repeats them (DESIGN 4.17).
	Typed []string
}

// Limits of a scope parameter.
const (
	maxScopes    = 100
	maxScopeText = 8 << 10
)

// WantedByScope reads the scope parameter of v2 (identity-platform.md 2.9).
func (r *Registry) WantedByScope(ctx context.Context, scope string) (Wanted, error) {
	var w Wanted
	if len(scope) > maxScopeText {
		return w, fault.New(fault.ParameterTooLong, "parameter", "scope")
	}
	words := strings.Fields(scope)
	if len(words) == 0 {
		return w, fault.New(fault.ParameterMissing, "parameter", "scope")
	}
	if len(words) > maxScopes {
		return w, fault.New(fault.ScopeInvalid, "scope", "", "rule", "at most 100 scopes")
	}
	for _, word := range words {
		switch strings.ToLower(word) {
		case "openid":
			w.OpenID = true
		case "profile":
			w.Profile = true
		case "email":
			w.Email = true
		case "offline_access":
			w.Offline = true
		default:
			if err := r.addScope(ctx, &w, word); err != nil {
				return w, err
			}
		}
	}
	return w, nil
}

func (r *Registry) addScope(ctx context.Context, w *Wanted, word string) error {
	audience, name := splitScope(word)
	resource, err := r.Identified(ctx, audience)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(w.Resources, func(have WantedResource) bool { return have.Resource.App == resource.App })
	if i < 0 {
		w.Resources = append(w.Resources, WantedResource{Resource: resource, Audience: audience})
		i = len(w.Resources) - 1
	}
	at := &w.Resources[i]
	if strings.EqualFold(name, ".default") {
		at.Default = true
	} else {
		p, ok := resource.Scope(name)
		if !ok {
			return fault.New(fault.ScopeInvalid, "scope", tenant.Shorten(word), "rule", "a permission that the resource offers")
		}
		at.Names = append(at.Names, p.Name)
	}
	if at.Default && len(at.Names) > 0 {
		return fault.New(fault.ScopeInvalid, "scope", tenant.Shorten(word), "rule", ".default stands alone, without named permissions")
	}
	at.Typed = append(at.Typed, word)
	return nil
}

// splitScope parts a scope into the resource's name and the permission's.
// Scopes without a resource are the directory's. A resource that ends in a
// slash keeps it: https://management.core.windows.net//.default is right.
func splitScope(word string) (audience, name string) {
	i := strings.LastIndex(word, "/")
	if i < 0 {
		return GraphApp, word
	}
	return word[:i], word[i+1:]
}

// WantedByResource reads the resource parameter of v1, which means all that
// was allowed for it. Without one the directory is meant: the Java consent
// sample sends none (secure-application-model.md 2.2).
func (r *Registry) WantedByResource(ctx context.Context, resource string) (WantedResource, error) {
	if resource == "" {
		resource = GraphApp
	}
	if len(resource) > 1024 {
		return WantedResource{}, fault.New(fault.ParameterTooLong, "parameter", "resource")
	}
	a, err := r.Identified(ctx, resource)
	if fault.Has(err, fault.ResourceUnknown) {
		// Official documents name resources with a slash more or less.
		if other, slashErr := r.Identified(ctx, toggleSlash(resource)); slashErr == nil {
			a, err = other, nil
		}
	}
	if err != nil {
		return WantedResource{}, err
	}
	return WantedResource{Resource: a, Audience: resource, Default: true}, nil
}

func toggleSlash(s string) string {
	if cut, ok := strings.CutSuffix(s, "/"); ok {
		return cut
	}
	return s + "/"
}
