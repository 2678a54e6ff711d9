package devworld

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
	"github.com/entente-id/entente/sam/secret"
	"github.com/entente-id/entente/sam/vault/file"
)

// Story walks the main job by itself, as a person and a job runner would, and
// tells each step with its time.
type Story struct {
	world     *Running
	out       io.Writer
	transport *http.Transport
	client    *http.Client
	cloud     cloud.Cloud
	vault     *file.Vault
	record    string
	broker    *sam.Broker
	// seed is the authenticator app of the integration account.
	seed  string
	began time.Time
	step  int
}

// storyRedirect is where the consent's answer would go; nobody listens there,
// because the visitor reads the answer itself.
const storyRedirect = "http://localhost:8400/"

// Tell runs the whole story against a running world and returns the first
// thing that went otherwise than told.
func Tell(ctx context.Context, w *Running, t *Trust, out io.Writer) error {
	folder, err := os.MkdirTemp("", "entente-story-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	started := w.Source.Now()
	s := &Story{world: w, out: out, began: started}
	s.transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: t.Pool(), MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 4}
	defer s.transport.CloseIdleConnections()
	s.client = &http.Client{Transport: s.transport, Timeout: 30 * time.Second}
	if s.cloud, err = cloud.At(w.Origin); err != nil {
		return err
	}
	if err := s.openVault(folder); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		s.consentWithoutSecondFactor, s.setUpSecondFactor, s.consent, s.partnerToken, s.customers, s.organisation, s.brokenCustomers,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "    %7.1f ms  in all\n", milliseconds(w.Source.Now().Sub(started)))
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (s *Story) openVault(folder string) error {
	records := filepath.Join(folder, "vault")
	key, err := file.KeyFromFile(filepath.Join(folder, "key", "vault.key"), records)
	if err != nil {
		return err
	}
	s.vault, err = file.Open(records, key)
	return err
}

// tell prints a step with the time since the last one began.
func (s *Story) tell(format string, a ...any) {
	s.step++
	fmt.Fprintf(s.out, "%2d  %7.1f ms  %s\n", s.step, milliseconds(s.world.Source.Now().Sub(s.began)), fmt.Sprintf(format, a...))
	s.began = s.world.Source.Now()
}

func (s *Story) askConsent(ctx context.Context, v *Visitor) error {
	ask := sam.Consent{
		Cloud: s.cloud, ClientID: string(Portal), Credential: cloud.ClientSecret(secret.New(PortalSecret)), Vault: s.vault, HTTP: s.client,
		Now: s.world.Source.Now, Random: s.world.Source.Random,
	}
	address, pending, err := ask.Begin(ctx, storyRedirect)
	if err != nil {
		return err
	}
	values, err := v.SignIn(ctx, address, storyRedirect)
	if err != nil {
		return fmt.Errorf("sign in as %s: %w", v.SignInName, err)
	}
	record, err := pending.Finish(ctx, values)
	s.record = sam.RecordName(s.cloud, record.Tenant, record.ClientID)
	return err
}

func (s *Story) consentWithoutSecondFactor(ctx context.Context) error {
	err := s.askConsent(ctx, NewVisitor(s.transport, s.world.Source.Now, Integration))
	if !errors.Is(err, sam.ErrNoMFA) {
		return fmt.Errorf("consent without a second factor: got %v, want a refusal", err)
	}
	names, err := s.vault.Names(ctx)
	if err != nil {
		return err
	}
	if len(names) != 0 {
		return fmt.Errorf("the vault holds %d records after a refused consent", len(names))
	}
	s.tell("%s consents without a second factor: refused, nothing stored (M31)", Integration)
	return nil
}

func (s *Story) setUpSecondFactor(ctx context.Context) error {
	v := NewVisitor(s.transport, s.world.Source.Now, Integration)
	if _, err := v.SignIn(ctx, s.world.Origin+"/account/second-factor", s.world.Origin+"/account/done"); err != nil {
		return fmt.Errorf("set up a second factor: %w", err)
	}
	s.tell("%s sets up an authenticator app and keeps the recovery codes", Integration)
	s.seed = v.Seed
	return nil
}

func (s *Story) consent(ctx context.Context) error {
	v := NewVisitor(s.transport, s.world.Source.Now, Integration)
	v.Seed = s.seed
	// A one-time code serves once, and the current one was used a moment ago.
	// One step of drift is allowed, so the next one is good already.
	v.At(func() time.Time { return s.world.Source.Now().Add(30 * time.Second) })
	if err := s.askConsent(ctx, v); err != nil {
		return fmt.Errorf("consent with a second factor: %w", err)
	}
	s.tell("%s consents with a second factor: the refresh token rests in the vault", Integration)
	broker, err := sam.New(sam.Config{
		Cloud: s.cloud, ClientID: string(Portal), Credential: cloud.ClientSecret(secret.New(PortalSecret)), Vault: s.vault, HTTP: s.client,
		Now: s.world.Source.Now, Random: s.world.Source.Random,
	})
	s.broker = broker
	return err
}

func (s *Story) partnerToken(ctx context.Context) error {
	token, err := s.broker.Token(ctx, sam.Request{Record: s.record, Resource: s.cloud.PartnerCenter()})
	if err != nil {
		return fmt.Errorf("partner token: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.world.Origin+"/v1/profiles/organization", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token.Token)
	request.Header.Set("ValidateMfa", "true")
	var profile struct {
		CompanyName string `json:"companyName"`
	}
	header, err := s.get(request, &profile)
	if err != nil {
		return fmt.Errorf("organisation profile: %w", err)
	}
	s.tell("a headless broker asks Partner Center who we are: %s (isMfaCompliant: %s)", profile.CompanyName, header.Get("isMfaCompliant"))
	return nil
}

func (s *Story) customers(ctx context.Context) error {
	n := 0
	for _, err := range s.broker.Customers(ctx, s.record) {
		if err != nil {
			return fmt.Errorf("list customers: %w", err)
		}
		n++
	}
	s.tell("Partner Center lists %d customers", n)
	return nil
}

func (s *Story) organisation(ctx context.Context) error {
	graph, err := s.cloud.Resource("graph")
	if err != nil {
		return err
	}
	token, err := s.broker.Token(ctx, sam.Request{Record: s.record, Tenant: "adatum.example", Resource: graph})
	if err != nil {
		return fmt.Errorf("token for Adatum: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.world.Origin+"/v1.0/organization", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token.Token)
	var list struct {
		Value []struct {
			ID          string `json:"id"`
			DisplayName string `json:"displayName"`
		} `json:"value"`
	}
	if _, err := s.get(request, &list); err != nil {
		return fmt.Errorf("organisation of Adatum: %w", err)
	}
	if len(list.Value) != 1 || list.Value[0].ID != string(Adatum) {
		return fmt.Errorf("organisation of Adatum: got %v", list.Value)
	}
	s.tell("Graph reads the customer's organisation: %s (%s)", list.Value[0].DisplayName, list.Value[0].ID)
	return nil
}

func (s *Story) brokenCustomers(ctx context.Context) error {
	graph, err := s.cloud.Resource("graph")
	if err != nil {
		return err
	}
	for _, c := range customers {
		if c.partner != Northwind || c.story == works {
			continue
		}
		_, err := s.broker.Token(ctx, sam.Request{Record: s.record, Tenant: c.domain(), Resource: graph})
		var problem *sam.Problem
		if !errors.As(err, &problem) {
			return fmt.Errorf("token for %s, which %s: got %v, want a refusal", c.name, c.story, err)
		}
		s.tell("%s %s: refused with %s, reference %s", c.name, c.story, problem.Message, problem.Reference)
	}
	return nil
}

func (s *Story) get(request *http.Request, into any) (http.Header, error) {
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d: %s", response.StatusCode, body)
	}
	return response.Header, json.Unmarshal(body, into)
}
