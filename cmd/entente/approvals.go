package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func approvalsCommand() *cobra.Command {
	return noun("approvals", "Decide which apps the people of your organisation may use",
		approvalsListCommand(), approvalsShowCommand(), approvalsApproveCommand(),
		approvalsRefuseCommand("deny", "Refuse an app to the people who asked, with a reason",
			"The people who asked are told the reason, and can ask again after 30 days."),
		approvalsRefuseCommand("block", "Refuse an app, and block it in the whole organisation",
			"Nobody can use the app any more, whatever was allowed before, until it is\nunblocked on the page of your organisation."))
}

// shownApproval is a request for an app, as the API tells it.
type shownApproval struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	State     string `json:"state"`
	Version   int64  `json:"version"`
	App       struct {
		ID              string `json:"id"`
		Name            string `json:"name"`
		Publisher       string `json:"publisher,omitempty"`
		PublisherDomain string `json:"publisherDomain,omitempty"`
		Verified        bool   `json:"verified"`
	} `json:"app"`
	Permissions []struct {
		ResourceID   string   `json:"resourceId"`
		ResourceName string   `json:"resourceName"`
		Scopes       []string `json:"scopes"`
	} `json:"permissions"`
	Requesters []struct {
		Account    string    `json:"account"`
		SignInName string    `json:"signInName"`
		Name       string    `json:"name"`
		Reason     string    `json:"reason"`
		At         time.Time `json:"at"`
	} `json:"requesters"`
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"expiresAt"`
	Decision  *struct {
		By       string    `json:"by,omitempty"`
		At       time.Time `json:"at"`
		Reason   string    `json:"reason,omitempty"`
		Everyone bool      `json:"everyone"`
	} `json:"decision,omitempty"`
}

// maxPages bounds how far a list is followed.
const maxPages = 50

func approvalsListCommand() *cobra.Command {
	var s station
	var o output
	var state string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the requests for apps",
		Example: `  entente approvals list
  entente approvals list --state all --output json`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			query := url.Values{"limit": {"100"}}
			if state != "all" {
				query.Set("state", state)
			}
			r := approvalsResult(nil)
			for range maxPages {
				var page struct {
					Value []shownApproval `json:"value"`
					Next  string          `json:"next"`
				}
				if err := s.call(cmd.Context(), http.MethodGet, "/approvals?"+query.Encode(), nil, &page); err != nil {
					return err
				}
				more := approvalsResult(page.Value)
				r.rows, r.objects = append(r.rows, more.rows...), append(r.objects, more.objects...)
				next, err := url.Parse(page.Next)
				if err != nil || page.Next == "" {
					break
				}
				query = next.Query()
			}
			return o.show(cmd.OutOrStdout(), r)
		},
	}
	s.addTo(cmd)
	o.addTo(cmd)
	cmd.Flags().StringVar(&state, "state", "waiting", "which ones: waiting|approved|denied|blocked|expired|withdrawn|closed|all")
	return cmd
}

func approvalsResult(list []shownApproval) result {
	r := result{columns: []string{"ID", "STATE", "APP", "PEOPLE", "ASKED", "REFERENCE"}}
	for _, a := range list {
		r.objects = append(r.objects, a)
		r.rows = append(r.rows, []string{a.ID, a.State, a.App.Name, fmt.Sprint(len(a.Requesters)), rfc3339(a.CreatedAt), a.Reference})
	}
	return r
}

func approvalsShowCommand() *cobra.Command {
	var s station
	var o output
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "Show a request: who asked, why, and for what",
		Example: "  entente approvals show 0b1c6f0e-6a57-4b8a-9f57-6a1f4b1d2c3e",
		Args:    arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			a, err := s.approval(cmd, args)
			if err != nil {
				return err
			}
			return o.show(cmd.OutOrStdout(), approvalResult(a))
		},
	}
	s.addTo(cmd)
	o.addTo(cmd)
	return cmd
}

// approval reads the request that the argument names.
func (s *station) approval(cmd *cobra.Command, args []string) (shownApproval, error) {
	var a shownApproval
	if len(args) == 0 {
		return a, misuse(cmd.CommandPath()+" ID", "which request? Its id stands in the list: entente approvals list")
	}
	return a, s.call(cmd.Context(), http.MethodGet, "/approvals/"+url.PathEscape(args[0]), nil, &a)
}

func approvalResult(a shownApproval) result {
	r := result{single: true, columns: []string{"WHAT", "ANSWER"}, objects: []any{a}}
	add := func(what, answer string) {
		if answer != "" {
			r.rows = append(r.rows, []string{what, answer})
		}
	}
	verified := "publisher not verified"
	if a.App.Verified {
		verified = "verified: " + a.App.PublisherDomain
	}
	add("id", a.ID)
	add("state", a.State)
	add("app", a.App.Name+" "+a.App.ID)
	add("publisher", strings.TrimSpace(a.App.Publisher+" ("+verified+")"))
	for _, p := range a.Permissions {
		add("permission", p.ResourceName+": "+strings.Join(p.Scopes, " "))
	}
	for _, q := range a.Requesters {
		add("asked", fmt.Sprintf("%s (%s) %s: %s", q.Name, q.SignInName, rfc3339(q.At), q.Reason))
	}
	add("expires", rfc3339(a.ExpiresAt))
	if d := a.Decision; d != nil {
		add("decided", strings.TrimSpace(rfc3339(d.At)+" "+d.By))
		add("for", map[bool]string{true: "everyone"}[d.Everyone])
		add("reason", d.Reason)
	}
	add("reference", a.Reference)
	return r
}

func approvalsApproveCommand() *cobra.Command {
	var s station
	var o output
	var everyone bool
	cmd := &cobra.Command{
		Use:   "approve ID",
		Short: "Allow an app to the people who asked, or to everyone",
		Long: `Allows what was asked, and tells the people who asked. Who joins the request in
between makes the command fail with exit code 6: look at it again. Approving
twice does no harm.`,
		Example: `  entente approvals approve 0b1c6f0e-6a57-4b8a-9f57-6a1f4b1d2c3e
  entente approvals approve 0b1c6f0e-6a57-4b8a-9f57-6a1f4b1d2c3e --everyone`,
		Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			a, err := s.approval(cmd, args)
			if err != nil {
				return err
			}
			sent := map[string]any{"everyone": everyone, "seen": a.Version}
			if err := s.call(cmd.Context(), http.MethodPost, "/approvals/"+a.ID+"/approve", sent, &a); err != nil {
				return err
			}
			return o.show(cmd.OutOrStdout(), approvalResult(a))
		},
	}
	s.addTo(cmd)
	o.addTo(cmd)
	cmd.Flags().BoolVar(&everyone, "everyone", false, "allow it to everyone in the organisation, not only to the people who asked")
	return cmd
}

func approvalsRefuseCommand(verb, short, long string) *cobra.Command {
	var s station
	var o output
	var reason string
	cmd := &cobra.Command{
		Use:     verb + " ID --reason TEXT",
		Short:   short,
		Long:    long,
		Example: "  entente approvals " + verb + ` 0b1c6f0e-6a57-4b8a-9f57-6a1f4b1d2c3e --reason "We use the CRM for this."`,
		Args:    arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if strings.TrimSpace(reason) == "" {
				return misuse(`--reason "We use the CRM for this."`, "the people who asked are told a reason, and none was given")
			}
			if len(args) == 0 {
				return misuse(cmd.CommandPath()+" ID", "which request? Its id stands in the list: entente approvals list")
			}
			var a shownApproval
			if err := s.call(cmd.Context(), http.MethodPost, "/approvals/"+url.PathEscape(args[0])+"/"+verb, map[string]any{"reason": reason}, &a); err != nil {
				return err
			}
			return o.show(cmd.OutOrStdout(), approvalResult(a))
		},
	}
	s.addTo(cmd)
	o.addTo(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why, in one sentence of up to 300 characters; the people who asked read it")
	return cmd
}

// apiPatience is how long one call of the API may take.
const apiPatience = 30 * time.Second

// call asks our own API as the person who is signed in.
func (s *station) call(ctx context.Context, method, path string, body, into any) error {
	c, client, token, err := s.token(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("form a request: %w", err)
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.Authority+"/api/v1"+path, sent)
	if err != nil {
		return fmt.Errorf("form a request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return &failure{code: exitUnreachable, what: c.Authority + " cannot be reached", do: "check --authority and --ca-file", cause: err}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return refused(c.Authority, response.StatusCode, answer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// refused turns a problem of the API into a failure with its exit code.
func refused(authority string, status int, answer []byte) error {
	var p struct {
		Title     string `json:"title"`
		Detail    string `json:"detail"`
		Message   string `json:"message"`
		Reference string `json:"reference"`
	}
	if json.Unmarshal(answer, &p) != nil || p.Title == "" {
		return &failure{code: exitFailed, what: fmt.Sprintf("%s answered %d", authority, status), do: "check --authority"}
	}
	f := &failure{code: exitFailed, what: strings.TrimSpace(p.Title + " " + p.Detail), message: p.Message, reference: p.Reference}
	switch {
	case status == http.StatusUnauthorized || p.Message == "M31":
		f.code, f.do = exitSignIn, "entente login"
	case status == http.StatusForbidden:
		f.code, f.do = exitPolicy, "ask the IT of your organisation for the role"
	case status == http.StatusNotFound:
		f.code, f.do = exitNotFound, "check it letter by letter"
	case status == http.StatusConflict:
		f.code, f.do = exitConflict, "entente approvals show ID, then decide again"
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		f.code, f.do = exitUnreachable, "wait a little, then try again"
	case status < http.StatusInternalServerError:
		f.code = exitUsage
	}
	return f
}
