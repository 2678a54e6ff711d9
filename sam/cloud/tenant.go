package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// TenantID finds the id of the tenant that a verified domain belongs to, in the
// authority's public metadata. An id is given back in lower case.
func (a App) TenantID(ctx context.Context, name string) (string, error) {
	if IsGUID(name) {
		return strings.ToLower(name), nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	address := a.Cloud.Authority + "/" + url.PathEscape(name) + "/v2.0/.well-known/openid-configuration"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", fmt.Errorf("look up the tenant %q: %w", name, err)
	}
	response, err := withoutRedirects(a.HTTP).Do(request)
	if err != nil {
		return "", fmt.Errorf("look up the tenant %q: %w: %w", name, ErrUnanswered, err)
	}
	defer response.Body.Close()
	body, err := readAll(response.Body)
	if err != nil {
		return "", fmt.Errorf("look up the tenant %q: %w: %w", name, ErrUnanswered, err)
	}
	if response.StatusCode >= 400 {
		return "", parseRefusal(response, body, "", a.Now(), nil)
	}
	var document struct {
		Issuer string `json:"issuer"`
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return "", fmt.Errorf("look up the tenant %q: %w: the metadata is not JSON", name, ErrUnanswered)
	}
	return a.Cloud.IssuerTenant(document.Issuer)
}

// IssuerTenant reads the tenant's id out of an issuer of this cloud, and refuses
// an issuer that is somebody else's (RFC 9207: the mix-up attack).
func (c Cloud) IssuerTenant(issuer string) (string, error) {
	rest, ours := strings.CutPrefix(issuer, c.Authority+"/")
	id, version, _ := strings.Cut(rest, "/")
	if !ours || version != "v2.0" || !IsGUID(id) {
		return "", fmt.Errorf("the issuer %q is none of %s", presentable(issuer, 200, nil), c.Authority)
	}
	return strings.ToLower(id), nil
}
