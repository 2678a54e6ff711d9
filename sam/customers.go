package sam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/entente-id/entente/sam/cloud"
)

// Customer is a customer of the partner, as Partner Center lists it.
type Customer struct {
	ID           string // tenant id
	Company      string
	Domain       string
	Relationship string // "reseller", "advisor", …; often "none" in lists
}

const (
	pageSize  = 200
	pageLimit = 1 << 20
	pageTime  = 30 * time.Second
)

// customerPage is one part of a Partner Center collection with seek paging.
type customerPage struct {
	Items []struct {
		ID      string `json:"id"`
		Profile struct {
			TenantID string `json:"tenantId"`
			Domain   string `json:"domain"`
			Company  string `json:"companyName"`
		} `json:"companyProfile"`
		Relationship string `json:"relationshipToPartner"`
	} `json:"items"`
	Links struct {
		Next struct {
			URI     string `json:"uri"`
			Headers []struct {
				Key   string `json:"key"`
				Value string `json:"value"`
			} `json:"headers"`
		} `json:"next"`
	} `json:"links"`
}

// Customers lists the customers of the partner who consented, page by page. It
// ends with the first error.
func (b *Broker) Customers(ctx context.Context, record string) iter.Seq2[Customer, error] {
	return func(yield func(Customer, error) bool) {
		base := b.app.Cloud.PartnerCenter().Base
		next, continuation := base+"/customers?size="+strconv.Itoa(pageSize), ""
		for next != "" {
			page, err := b.customerPage(ctx, record, next, continuation)
			if err != nil {
				yield(Customer{}, fmt.Errorf("list the customers: %w", err))
				return
			}
			for _, item := range page.Items {
				id := item.Profile.TenantID
				if id == "" {
					id = item.ID
				}
				if !yield(Customer{ID: strings.ToLower(id), Company: item.Profile.Company, Domain: item.Profile.Domain, Relationship: item.Relationship}, nil) {
					return
				}
			}
			before := next + continuation
			next, continuation, err = following(base, page)
			if err == nil && next != "" && next+continuation == before {
				err = errors.New("partner center's next page is the same page again")
			}
			if err != nil {
				yield(Customer{}, fmt.Errorf("list the customers: %w", err))
				return
			}
		}
	}
}

// following is the address and continuation token of the next page. The address
// must stay at Partner Center: the request carries a token.
func following(base string, page customerPage) (address, continuation string, err error) {
	if page.Links.Next.URI == "" {
		return "", "", nil
	}
	for _, header := range page.Links.Next.Headers {
		if strings.EqualFold(header.Key, "MS-ContinuationToken") {
			continuation = header.Value
		}
	}
	root, err := url.Parse(base)
	if err != nil {
		return "", "", fmt.Errorf("read the address of partner center: %w", err)
	}
	link, err := url.Parse(page.Links.Next.URI)
	if err != nil || link.Host != "" && link.Host != root.Host || link.Scheme != "" && link.Scheme != root.Scheme {
		return "", "", errors.New("partner center's next page lies elsewhere")
	}
	path := link.Path
	if link.Host == "" {
		// Links are relative to the version, with or without a slash before them.
		path = strings.TrimSuffix(root.Path, "/") + "/" + strings.TrimLeft(strings.TrimPrefix(path, root.Path+"/"), "/")
	}
	return (&url.URL{Scheme: root.Scheme, Host: root.Host, Path: path, RawQuery: link.RawQuery}).String(), continuation, nil
}

func (b *Broker) customerPage(ctx context.Context, record, address, continuation string) (customerPage, error) {
	for attempt := 1; ; attempt++ {
		token, err := b.Token(ctx, Request{Record: record, Resource: b.app.Cloud.PartnerCenter()})
		if err != nil {
			return customerPage{}, err
		}
		page, wait, err := b.askPartnerCenter(ctx, token.Token, address, continuation)
		if err == nil || wait == 0 || attempt == 4 {
			return page, err
		}
		if err := b.sleep(ctx, wait); err != nil {
			return customerPage{}, err
		}
	}
}

// askPartnerCenter gets one page. With an error, wait says after how long it is
// worth asking again; 0 means never.
func (b *Broker) askPartnerCenter(ctx context.Context, token, address, continuation string) (page customerPage, wait time.Duration, err error) {
	base := b.app.Cloud.PartnerCenter().Base
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return page, 0, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("ValidateMfa", "true")
	if continuation != "" {
		request.Header.Set("MS-ContinuationToken", continuation)
	}
	client := *b.app.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(request)
	if err != nil {
		return page, time.Second, unreachable(base, fmt.Errorf("%w: %w", cloud.ErrUnanswered, err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, pageLimit+1))
	if err != nil {
		return page, time.Second, unreachable(base, fmt.Errorf("%w: %w", cloud.ErrUnanswered, err))
	}
	if len(body) > pageLimit {
		return page, 0, fmt.Errorf("partner center's page is larger than %d MiB", pageLimit>>20)
	}
	if response.StatusCode != http.StatusOK {
		wait, err := partnerCenterProblem(base, response, body)
		return page, wait, err
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return page, 0, errors.New("partner center's page is not the JSON of a list")
	}
	return page, 0, nil
}

// partnerCenterProblem explains a refusal of Partner Center.
func partnerCenterProblem(base string, response *http.Response, body []byte) (wait time.Duration, err error) {
	var said struct {
		Code        json.RawMessage `json:"code"`
		Description string          `json:"description"`
	}
	// The body may be empty, or a gateway's page; the status says enough then.
	_ = json.Unmarshal(body, &said)
	code := strings.Trim(string(said.Code), `"`)
	p := &Problem{Kind: Unexpected, What: fmt.Sprintf("partner center answered %d", response.StatusCode), Reference: response.Header.Get("MS-CorrelationId")}
	switch {
	case code == "900421" || strings.Contains(said.Description, "MFA required") || strings.EqualFold(response.Header.Get("isMfaCompliant"), "false") && response.StatusCode == http.StatusUnauthorized:
		p.Kind, p.Message = NeedsPerson, "M31"
		p.What, p.Do = "the stored consent was given without a second factor, and Partner Center refuses it", "entente partner consent"
	case response.StatusCode == http.StatusUnauthorized:
		p.What, p.Do = "Partner Center does not accept the token", "entente token --resource partnercenter | entente token inspect -"
	case response.StatusCode == http.StatusForbidden:
		p.Kind, p.Message = NeedsPerson, "M46"
		p.What, p.Do = "the account that consented may not list customers", "make it an Admin Agent of the partner organisation"
	case response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 500:
		p = unreachable(base, nil)
		p.What, p.Reference = fmt.Sprintf("partner center is busy or out of order (%d)", response.StatusCode), response.Header.Get("MS-CorrelationId")
		wait = 2 * time.Second
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
			wait = time.Duration(min(seconds, 60)) * time.Second
		}
	}
	return wait, p
}
