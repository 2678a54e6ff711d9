package connection

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/federation"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/pages/site"
)

// trial is a test sign-in on its way to the provider and back, sealed for the
// browser that makes it.
type trial struct {
	Org      id.Tenant `json:"o"`
	Token    string    `json:"k,omitempty"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"c"`
	At       time.Time `json:"t"`
}

// trialLife is how long a person may be away.
const trialLife = time.Hour

// try sends the person to the provider. Nobody is signed in by it, and nothing
// is changed.
func (h *Handlers) try(w http.ResponseWriter, r *http.Request, p holder) {
	t := trial{Org: p.org.ID, Token: p.token, Nonce: h.Source.Secret(), Verifier: h.Source.Secret(), At: h.Source.Now()}
	plain, err := json.Marshal(t)
	var state, address string
	if err == nil {
		state, err = h.key.SealText(plain, h.site.Browser(w, r).ID)
	}
	if err == nil {
		ask := t.ask()
		ask.State = site.TrialState + state
		address, err = h.Upstreams.Begin(r.Context(), p.org, ask)
	}
	if err != nil {
		h.refuse(w, r, p, err)
		return
	}
	h.site.LeaveTo(w, r, address)
}

func (t trial) ask() federation.Ask {
	return federation.Ask{Nonce: t.Nonce, Verifier: t.Verifier, At: t.At, SecondFactor: true, Trial: true}
}

// resultView is what a test sign-in has shown.
type resultView struct {
	Path, Subject, Issuer, Name, Address string
	Methods                              []string
	Second, Admin                        bool
	// Flow carries what was proved, for an admin who links their own account.
	Flow string
}

// found is a proved person of the company, for the admin's own link.
type found struct {
	Issuer  string    `json:"i"`
	Subject string    `json:"s"`
	At      time.Time `json:"t"`
}

// back takes the provider's answer to a test sign-in.
func (h *Handlers) back(w http.ResponseWriter, r *http.Request, state string) {
	var t trial
	plain, err := h.key.OpenText(state, h.site.Browser(w, r).ID)
	if err != nil || json.Unmarshal(plain, &t) != nil || h.Source.Now().Sub(t.At) > trialLife {
		h.refuse(w, r, holder{}, fault.New(fault.PageExpired))
		return
	}
	p := holder{token: t.Token, path: home}
	if t.Token != "" {
		var ok bool
		if p, ok = h.byLink(w, r, t.Token); !ok {
			return
		}
	}
	if p.org, err = h.Tenants.Find(r.Context(), t.Org); err != nil {
		h.refuse(w, r, p, err)
		return
	}
	query := r.URL.Query()
	proof, err := h.Upstreams.Finish(r.Context(), p.org, t.ask(), federation.Answer{Code: query.Get("code"), Iss: query.Get("iss"), Error: query.Get("error")})
	if err == nil {
		err = h.SetupLinks.UpstreamTested(r.Context(), p.org.ID, *p.org.Upstream)
	}
	if err != nil {
		h.refuse(w, r, p, err)
		return
	}
	v := resultView{
		Path: p.path, Subject: proof.Subject, Issuer: proof.Issuer, Name: proof.Name, Address: proof.Address, Methods: proof.Methods,
		Second: slices.Contains(proof.Methods, "mfa"), Admin: t.Token == "",
	}
	plain, err = json.Marshal(found{proof.Issuer, proof.Subject, h.Source.Now()})
	if err == nil {
		v.Flow, err = h.key.SealText(plain, "link"+string(p.org.ID)+h.site.Browser(w, r).ID)
	}
	if err != nil {
		h.refuse(w, r, p, err)
		return
	}
	h.site.Show(w, pages.View{Frame: h.frame(r, p), Template: "connection-result.html", Title: "connection.result.title", Data: v})
}

// link ties the admin's own account to whom they proved to be at the provider,
// so that switching it on does not lock them out.
func (h *Handlers) link(w http.ResponseWriter, r *http.Request, p holder) error {
	var f found
	plain, err := h.key.OpenText(r.PostForm.Get("flow"), "link"+string(p.org.ID)+h.site.Browser(w, r).ID)
	if err != nil || json.Unmarshal(plain, &f) != nil || h.Source.Now().Sub(f.At) > trialLife {
		return fault.New(fault.PageExpired)
	}
	return h.Links.Add(r.Context(), p.by, account.Link{Tenant: p.org.ID, Issuer: f.Issuer, Subject: f.Subject, Account: p.person.ID})
}
