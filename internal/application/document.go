package application

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/tenant"
)

// Documents is the door to what clients say of themselves: it gives what stands
// at the address that is a client's id (OAuth Client ID Metadata Document).
type Documents interface {
	ClientDocument(ctx context.Context, address string) ([]byte, error)
}

// ReadFrom opens the door to clients' documents. Without it, no address is a
// client.
func (r *Registry) ReadFrom(documents Documents) { r.documents = documents }

const (
	// documentLife is how long a document serves before it is read again;
	// documentStale how long when its server does not answer.
	documentLife  = time.Hour
	documentStale = 24 * time.Hour
	// documentRest is how long a document that was refused is not asked for
	// again: whoever sends requests does not decide how often we ask others.
	documentRest = time.Minute
	maxRefused   = 1_000

	maxAddress           = 255
	maxDocumentRedirects = 20
)

// IsAddress reports whether a client_id is the address of a document rather
// than the id of a registration.
func IsAddress(clientID string) bool { return strings.HasPrefix(clientID, "https://") }

// AppAt is the id that the client of an address has in an organisation. Each
// organisation that lets it in has a registration of its own.
func AppAt(t id.Tenant, address string) id.App { return id.App(id.NamedGUID(string(t), address)) }

// AppOf gives the id under which an organisation knows a client_id: that of a
// registration, or of the document at an address that it lets in. It fails with
// ClientDocument, and with NotAnApp for what is neither.
func AppOf(of tenant.Tenant, clientID string) (id.App, error) {
	switch {
	case id.IsGUID(clientID):
		return id.App(lower(clientID)), nil
	case !IsAddress(clientID):
		return "", fault.New(fault.NotAnApp, "app", tenant.Shorten(clientID))
	}
	u, err := documentAddress(clientID)
	if err != nil {
		return "", err
	}
	if !slices.Contains(of.Settings.ClientHosts, strings.ToLower(u.Host)) {
		return "", refuseDocument(clientID, "an address on a host that the organisation "+of.DefaultDomain()+" lets in")
	}
	return AppAt(of.ID, clientID), nil
}

// ClientID is what a client calls itself on the wire: the address of its
// document, or the id of its registration.
func (a Application) ClientID() string {
	if a.Document != "" {
		return a.Document
	}
	return string(a.App)
}

// Described gives the client whose id is the address of a document, as the
// organisation knows it: registered anew from the document when it was not read
// for an hour. Only hosts that the organisation has named are asked. It fails
// with ClientDocument, whose fact "rule" says what is wrong.
func (r *Registry) Described(ctx context.Context, of tenant.Tenant, address string) (Application, error) {
	app, err := AppOf(of, address)
	if err != nil {
		return Application{}, err
	}
	if r.documents == nil {
		return Application{}, refuseDocument(address, "an installation that reads clients' documents")
	}
	have, err := r.Find(ctx, app)
	switch {
	case err == nil && r.source.Now().Before(have.ReadAt.Add(documentLife)):
		return have, nil
	case err != nil && !fault.Has(err, fault.AppUnknown):
		return Application{}, err
	}
	a, refused := r.describe(ctx, of, address)
	switch {
	case refused == nil:
		a.ID, a.Disabled = have.ID, have.Disabled
		return r.adopt(ctx, a)
	case err == nil && r.source.Now().Before(have.ReadAt.Add(documentStale)):
		return have, nil
	}
	return Application{}, refused
}

// answered is what came of reading a document.
type answered struct {
	app    Application
	failed error
}

// describe reads a document, and one that was refused not again at once.
func (r *Registry) describe(ctx context.Context, of tenant.Tenant, address string) (Application, error) {
	got, err := r.described.Get(ctx, string(of.ID)+" "+address, func(ctx context.Context) (answered, error) {
		text, err := r.documents.ClientDocument(ctx, address)
		if err != nil {
			return answered{failed: refuseDocument(address, "an address that answers with a JSON document over https").Because(err)}, nil
		}
		a, err := readDocument(text, address)
		a.App, a.Tenant, a.ReadAt = AppAt(of.ID, address), of.ID, r.source.Now()
		return answered{a, err}, nil
	})
	if err != nil {
		return Application{}, err
	}
	return got.app, got.failed
}

// adopt registers what a document says.
func (r *Registry) adopt(ctx context.Context, a Application) (Application, error) {
	if a.ID == "" {
		a.ID = id.Object(r.source.NewGUID())
		owned, err := r.store.ApplicationsOf(ctx, a.Tenant, MaxOwned)
		if err != nil {
			return Application{}, err
		}
		if len(owned) == MaxOwned {
			return Application{}, refuseDocument(a.Document, "an organisation with fewer than "+strconv.Itoa(MaxOwned)+" applications")
		}
	}
	if err := r.Save(ctx, a, nil); err != nil {
		return Application{}, err
	}
	_, err := r.Enrol(ctx, a.Tenant, a.App)
	return a, err
}

// documentAddress reads an address that a document may have.
func documentAddress(address string) (*url.URL, error) {
	refuse := func(rule string) (*url.URL, error) { return nil, refuseDocument(address, rule) }
	u, err := url.Parse(address)
	switch {
	case err != nil || len(address) > maxAddress || u.Scheme != "https" || u.Host == "" || u.Opaque != "":
		return refuse("an https address of at most " + strconv.Itoa(maxAddress) + " characters")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(address, "#"):
		return refuse("an address without a user name, a query or a fragment")
	case u.Path == "" || u.Path == "/" || u.Path != u.EscapedPath() || strings.Contains(u.Path, "//"):
		return refuse("an address with a path, unescaped")
	case slices.ContainsFunc(strings.Split(u.Path, "/"), func(s string) bool { return s == "." || s == ".." }):
		return refuse("a path without dot segments")
	case u.String() != address:
		return refuse("an address in its usual spelling")
	}
	return u, nil
}

// readDocument makes an application of a document. Of its members, those are
// read that mean something here; secrets have no place in it.
func readDocument(text []byte, address string) (Application, error) {
	refuse := func(rule string) (Application, error) { return Application{}, refuseDocument(address, rule) }
	var d struct {
		ClientID   string   `json:"client_id"`
		Name       string   `json:"client_name"`
		Home       string   `json:"client_uri"`
		Redirects  []string `json:"redirect_uris"`
		AuthMethod string   `json:"token_endpoint_auth_method"`
		Secret     any      `json:"client_secret"`
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return refuse("a document that is one JSON object")
	}
	switch {
	case d.ClientID != address:
		return refuse("client_id equal to the document's address")
	case d.AuthMethod != "" && d.AuthMethod != "none" || d.Secret != nil:
		return refuse("token_endpoint_auth_method none: a client of this kind proves itself by PKCE")
	case len(d.Redirects) == 0 || len(d.Redirects) > maxDocumentRedirects:
		return refuse("1 to " + strconv.Itoa(maxDocumentRedirects) + " redirect_uris")
	}
	u, err := url.Parse(address)
	if err != nil {
		return refuse("an https address")
	}
	a := Application{
		Document: address, Name: d.Name, Publisher: u.Host, PublisherDomain: u.Hostname(), Audience: OneTenant, Public: true, TokenVersion: 2,
	}
	if a.Name = strings.TrimSpace(a.Name); !isName(a.Name) {
		a.Name = u.Host
	}
	for _, uri := range d.Redirects {
		redirect := Redirect{URI: uri, Platform: Native}
		if err := redirect.check(); err != nil {
			return refuse("redirect_uris that are https, loopback or of an own scheme, without a fragment")
		}
		a.Redirects = append(a.Redirects, redirect)
	}
	if home, err := url.Parse(d.Home); err == nil && home.Scheme == "https" && home.Host == u.Host && len(d.Home) <= maxAddress {
		a.HomeURL = d.Home
	}
	return a, nil
}

func refuseDocument(address, rule string) *fault.Fault {
	return fault.New(fault.ClientDocument, "app", tenant.Shorten(address), "rule", rule)
}
