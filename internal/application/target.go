package application

import (
	"context"
	"strings"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/tenant"
)

// WantedAt reads the scope parameter of v2 together with the resource
// parameter of RFC 8707, which may be empty: all permissions are of that one
// resource, named with it or without; none at all means whatever was allowed
// there. It fails with InvalidTarget where the two differ or the resource is
// not known, and like WantedByScope.
func (r *Registry) WantedAt(ctx context.Context, scope, resource string) (Wanted, error) {
	if resource == "" {
		return r.WantedByScope(ctx, scope)
	}
	at, err := r.WantedByResource(ctx, resource)
	if fault.Has(err, fault.ResourceUnknown) {
		return Wanted{}, fault.New(fault.InvalidTarget, "resource", tenant.Shorten(resource), "rule", "It must be registered.")
	}
	if err != nil {
		return Wanted{}, err
	}
	words := strings.Fields(scope)
	for i, word := range words {
		if _, ok := at.Resource.Scope(word); ok && !isOpenID(word) {
			words[i] = at.Audience + "/" + word
		}
	}
	var w Wanted
	if len(words) > 0 {
		if w, err = r.WantedByScope(ctx, strings.Join(words, " ")); err != nil {
			return w, err
		}
	}
	switch {
	case len(w.Resources) == 0:
		w.Resources = []WantedResource{at}
	case len(w.Resources) > 1 || w.Resources[0].Resource.App != at.Resource.App:
		return w, fault.New(fault.InvalidTarget, "resource", tenant.Shorten(resource), "rule", "The scope names another one.")
	default:
		// What the client typed without the resource goes back to it so.
		w.Resources[0].Audience, w.Resources[0].Typed = at.Audience, typed(strings.Fields(scope))
	}
	return w, nil
}

func typed(words []string) []string {
	var list []string
	for _, word := range words {
		if !isOpenID(word) {
			list = append(list, word)
		}
	}
	return list
}

// isOpenID: the scopes of OpenID Connect, which accompany any resource.
func isOpenID(word string) bool {
	switch strings.ToLower(word) {
	case "openid", "profile", "email", "offline_access":
		return true
	}
	return false
}
