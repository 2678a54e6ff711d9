package samtest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// authorize signs the person in at once and sends the code to the redirect
// address.
func (s *Service) authorize(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := r.URL.Query()
	code := fmt.Sprintf("canary-code-%d", len(s.codes)+s.seen.Codes+1)
	s.codes[code] = asked
	target, err := url.Parse(asked.Get("redirect_uri"))
	if err != nil || asked.Get("client_id") != ClientID {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	target.RawQuery = url.Values{"code": {code}, "state": {asked.Get("state")}, "iss": {s.issuer(Tenant)}}.Encode()
	http.Redirect(w, r, target.String(), http.StatusFound)
}

// Visit plays the person's browser: it opens the address and follows the redirect
// to whoever listens there.
func (s *Service) Visit(address string) error {
	client := s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Get(address)
	if err != nil {
		return err
	}
	response.Body.Close()
	back := response.Header.Get("Location")
	if back == "" {
		return fmt.Errorf("the service answered %s", response.Status)
	}
	response, err = http.Get(back)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func challengeFits(challenge, verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return challenge == base64.RawURLEncoding.EncodeToString(sum[:])
}

// discovery knows the tenants by id, and each customer by "NAME.example".
func (s *Service) discovery(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tenant := r.PathValue("tenant")
	for i, name := range s.settings.Customers {
		if tenant == domainOf(name) {
			tenant = CustomerID(i)
		}
	}
	if len(tenant) != len(Tenant) {
		status, body := refuse(Denial{"invalid_tenant", 90002, ""})
		w.WriteHeader(status)
		_, _ = w.Write(body)
		return
	}
	_, _ = w.Write(mustJSON(map[string]any{"issuer": s.issuer(tenant)}))
}

// customers is the first page or a later one of Partner Center's list, two
// customers each, with seek paging.
func (s *Service) customers(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.Pages++
	if s.settings.Partner != nil && s.settings.Partner(w, r) {
		return
	}
	start := 0
	if r.URL.Query().Get("seekOperation") == "Next" {
		n, err := strconv.Atoi(r.Header.Get("MS-ContinuationToken"))
		if err != nil {
			http.Error(w, "no continuation token", http.StatusBadRequest)
			return
		}
		start = n
	}
	end := min(start+2, len(s.settings.Customers))
	items := []map[string]any{}
	for i := start; i < end; i++ {
		items = append(items, map[string]any{
			"id": CustomerID(i), "relationshipToPartner": "reseller",
			"companyProfile": map[string]any{"tenantId": CustomerID(i), "companyName": s.settings.Customers[i], "domain": domainOf(s.settings.Customers[i])},
		})
	}
	links := map[string]any{}
	if end < len(s.settings.Customers) {
		links["next"] = map[string]any{
			"uri": "/customers?size=2&seekOperation=Next", "method": "GET",
			"headers": []map[string]string{{"key": "MS-ContinuationToken", "value": strconv.Itoa(end)}},
		}
	}
	w.Header().Set("isMfaCompliant", "true")
	_, _ = w.Write(mustJSON(map[string]any{"totalCount": len(s.settings.Customers), "items": items, "links": links}))
}

func (s *Service) revoke(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.Revocations++
	s.revoked = true
	w.WriteHeader(http.StatusOK)
}

// domainOf is the verified domain of a customer: the first word of its name.
func domainOf(company string) string {
	word, _, _ := strings.Cut(strings.ToLower(company), " ")
	return word + ".example"
}
