package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/diagnosis"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
	"github.com/entente-id/entente/internal/pages"
)

func explainCommand() *cobra.Command {
	var p profile
	var o output
	var lang string
	cmd := &cobra.Command{
		Use:   "explain REFERENCE | CODE | MESSAGE",
		Short: "Tell what went wrong, who can fix it, and how",
		Long: `Explains a reference such as 7Q4K-2MXD, a trace or correlation id, by asking the
authority; a code such as AADSTS50076 and a message such as M31 offline. Whoever
is signed in ("entente login") is told as much as they may know.`,
		Example: `  entente explain 7Q4K-2MXD
  entente explain AADSTS65001 --lang fi
  entente explain M31`,
		Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if len(args) == 0 {
				return misuse("entente explain 7Q4K-2MXD", "there is nothing to explain")
			}
			story, err := findStory(cmd.Context(), &p, args[0])
			if err != nil {
				return err
			}
			words, err := pages.New(pages.Options{})
			if err != nil {
				return err
			}
			return o.show(cmd.OutOrStdout(), storyResult(words, lang, story))
		},
	}
	p.addTo(cmd)
	o.addTo(cmd)
	cmd.Flags().StringVar(&lang, "lang", "en", "language of the answer: en|fi|sv")
	return cmd
}

// findStory explains codes and messages from the catalogue, and asks the
// authority about references.
func findStory(ctx context.Context, p *profile, word string) (diagnosis.Story, error) {
	bare := strings.TrimPrefix(strings.ToUpper(word), "AADSTS")
	if n, err := strconv.Atoi(bare); err == nil {
		if !fault.Known(fault.Code(n)) {
			return diagnosis.Story{}, &failure{code: exitNotFound, what: "the catalogue has no code " + word, do: "entente explain REFERENCE"}
		}
		return diagnosis.Explain(audit.Attempt{Code: fault.Code(n)}, diagnosis.Holder), nil
	}
	for _, entry := range fault.All() {
		if strings.EqualFold(entry.Message, word) {
			return diagnosis.Explain(audit.Attempt{Code: entry.Code}, diagnosis.Holder), nil
		}
	}
	reference, ok := id.ParseReference(word)
	if !ok {
		if !id.IsGUID(word) {
			return diagnosis.Story{}, misuse("entente explain 7Q4K-2MXD", "%q is no reference, code or message", word)
		}
		reference = strings.ToLower(word)
	}
	return askStory(ctx, p, reference)
}

func askStory(ctx context.Context, p *profile, reference string) (diagnosis.Story, error) {
	var story diagnosis.Story
	if err := p.fromEnvironment(); err != nil {
		return story, err
	}
	if p.authority == "" {
		return story, misuse("entente explain REFERENCE --authority https://HOST", "a reference is explained by the authority that gave it, and none is named")
	}
	s := station{profile: *p}
	if _, _, _, err := s.signedIn(ctx); err == nil {
		// Whoever may know more of it is told more.
		return story, s.call(ctx, http.MethodGet, "/diagnostics/"+url.PathEscape(reference), nil, &story)
	}
	client, err := p.client()
	if err != nil {
		return story, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(p.authority, "/")+"/explain/"+url.PathEscape(reference), nil)
	if err != nil {
		return story, misuse("--authority https://HOST", "%s", err.Error())
	}
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return story, &failure{code: exitUnreachable, what: "the authority " + p.authority + " cannot be reached", do: "check --authority and --ca-file", cause: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return story, err
	}
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") || json.Unmarshal(body, &story) != nil {
		return story, &failure{code: exitNotFound, what: p.authority + " does not know the reference " + reference, do: "check it letter by letter"}
	}
	return story, nil
}

// storyResult puts a story into rows: the same names always, so that a report
// can be searched.
func storyResult(words *pages.Pages, lang string, s diagnosis.Story) result {
	r := result{columns: []string{"WHAT", "ANSWER"}, objects: []any{s}, single: true}
	add := func(name, value string) {
		if value != "" {
			r.rows = append(r.rows, []string{name, value})
		}
	}
	facts := map[string]string{}
	for name, value := range s.Facts {
		facts[name] = value
	}
	if s.App != "" {
		facts["app"] = s.App
	}
	add("reference", s.Reference)
	add("happened", words.Text(lang, s.Message+".headline", facts))
	add("why", words.Text(lang, s.Message+".why", facts))
	add("who", words.Text(lang, "fixer."+s.Fixer, facts))
	for i, next := range s.Next {
		add(fmt.Sprintf("step %d", i+1), words.Text(lang, "remedy."+next, facts))
	}
	add("code", s.Code+" "+s.Name)
	add("message", s.Message)
	if !s.At.IsZero() {
		add("time", rfc3339(s.At))
	}
	add("where", s.Step)
	add("passed", strings.Join(s.Checks, ", "))
	add("app", strings.TrimSpace(s.App+" "+s.AppID))
	add("tenant", s.Tenant)
	add("account", s.Address)
	add("correlation", s.CorrelationID)
	add("trace", s.TraceID)
	return r
}
