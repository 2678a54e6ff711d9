package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/internal/declaration"
	inwriting "github.com/entente-id/entente/internal/declaration/written"
	"github.com/entente-id/entente/internal/fault"
)

// applyOptions are the flags of "entente apply".
type applyOptions struct {
	storeOptions
	file, operator, output, failOn, secretsFile string
	planOnly, yes                               bool
}

func applyCommand() *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Make an authority as a file declares it",
		Long: `Compares a declaration with what there is, shows each difference, and makes it so:
organisations, people, apps, customers, relationships, vaults and the programme
itself. What the file does not name stays as it is, and applying it twice changes
nothing. The authority may be running. Passes and secrets that are made are told
once.`,
		Example: `  entente apply -f world.yaml --origin https://login.fabrikam.example \
    --store sqlite:/var/lib/entente/entente.db --master-key-file /etc/entente/master.key
  entente apply -f world.yaml --data ./world --plan --fail-on changes`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return runApply(cmd, o) },
	}
	o.addTo(cmd)
	f := cmd.Flags()
	f.StringVarP(&o.file, "file", "f", "", "the declaration, YAML or JSON; - reads stdin")
	f.BoolVar(&o.planOnly, "plan", false, "show the differences and change nothing")
	f.StringVar(&o.failOn, "fail-on", "", "with --plan: \"changes\" ends with exit code 9 when there are any")
	f.BoolVar(&o.yes, "yes", false, "do not ask before applying")
	f.StringVar(&o.operator, "operator", "", "who does it, for the records (default: $USER)")
	f.StringVar(&o.secretsFile, "secrets-file", "", "new file for the passes and secrets that are made, instead of stdout")
	f.StringVarP(&o.output, "output", "o", "table", "how to show it: table|json")
	return cmd
}

func runApply(cmd *cobra.Command, o applyOptions) error {
	switch {
	case o.file == "":
		return misuse("entente apply -f FILE", "--file is missing")
	case o.output != "table" && o.output != "json":
		return misuse("--output table|json", "there is no output format %q", o.output)
	case o.failOn != "" && (o.failOn != "changes" || !o.planOnly):
		return misuse("--plan --fail-on changes", "--fail-on needs --plan, and the one word changes")
	}
	document, err := o.read(cmd)
	if err != nil {
		return refusedFile(cmd, o.file, err)
	}
	h, err := o.open(cmd)
	if err != nil {
		return err
	}
	defer h.Close()
	plan, err := h.Declarations.Plan(cmd.Context(), document, o.named())
	if err != nil {
		return refusedFile(cmd, o.file, err)
	}
	if o.planOnly || plan.Changes() == 0 {
		if err := o.show(cmd.OutOrStdout(), plan, nil); err != nil {
			return err
		}
		if o.failOn == "changes" && plan.Changes() > 0 {
			return &failure{code: exitWarnings, what: fmt.Sprintf("%d things differ from %s", plan.Changes(), o.file), do: "entente apply -f " + o.file}
		}
		return nil
	}
	if err := o.confirm(cmd, plan); err != nil {
		return err
	}
	return o.apply(cmd, h.Declarations, plan)
}

// read reads the declaration from its file or from stdin.
func (o applyOptions) read(cmd *cobra.Command) (declaration.Document, error) {
	in := cmd.InOrStdin()
	if o.file != "-" {
		file, err := os.Open(o.file)
		if err != nil {
			return declaration.Document{}, misuse("entente apply -f FILE", "the file cannot be read: %v", err)
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, inwriting.MaxBytes+1))
	if err != nil {
		return declaration.Document{}, misuse("entente apply -f FILE", "the file cannot be read: %v", err)
	}
	return inwriting.Parse(text)
}

// refusedFile tells all that is wrong in a file, line by line.
func refusedFile(cmd *cobra.Command, file string, err error) error {
	problems, ok := errors.AsType[declaration.Problems](err)
	if !ok {
		return err
	}
	for _, p := range problems {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", file, printable(p.String()))
	}
	what := "one problem"
	if len(problems) > 1 {
		what = fmt.Sprintf("%d problems", len(problems))
	}
	return &failure{code: exitUsage, what: fmt.Sprintf("%s has %s; nothing was written", file, what), do: "correct it and apply again", cause: err}
}

// named is how the records call the operator.
func (o applyOptions) named() string {
	name := o.operator
	for _, variable := range []string{"USER", "USERNAME"} {
		if name == "" {
			name = os.Getenv(variable)
		}
	}
	return strings.TrimSpace("operator " + printable(name))
}

// confirm shows the plan and asks, where somebody is there to answer.
func (o applyOptions) confirm(cmd *cobra.Command, plan declaration.Plan) error {
	if o.yes {
		return nil
	}
	if o.file == "-" || !isTerminal(cmd.InOrStdin()) {
		return misuse("entente apply --yes, or --plan to look first", "%d changes, and nobody to ask", plan.Changes())
	}
	if err := showPlan(cmd.ErrOrStderr(), plan); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Apply %d changes? [y/N] ", plan.Changes())
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return &failure{code: exitInterrupted, what: "nothing was changed"}
	}
	return nil
}

// apply does it. What was made is shown even when a later step fails: nobody can
// show it again.
func (o applyOptions) apply(cmd *cobra.Command, office *declaration.Office, plan declaration.Plan) error {
	var made []declaration.Made
	tell := func(m declaration.Made) error { made = append(made, m); return nil }
	if o.secretsFile != "" {
		file, err := os.OpenFile(o.secretsFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return misuse("--secrets-file NEWFILE", "the file for secrets cannot be made: %v", err)
		}
		defer file.Close()
		tell = func(m declaration.Made) error {
			if _, err := fmt.Fprintf(file, "%s\t%s\t%s\t%s\t%s\n", m.Kind, m.For, m.Name, m.Value, m.Until.Format(time.RFC3339)); err != nil {
				return fmt.Errorf("write %s: %w", o.secretsFile, err)
			}
			m.Value = "(in " + o.secretsFile + ")"
			made = append(made, m)
			return file.Sync()
		}
	}
	err := office.Apply(cmd.Context(), plan, tell)
	if shown := o.show(cmd.OutOrStdout(), plan, made); shown != nil && err == nil {
		err = shown
	}
	if f := fault.Of(err); err != nil && (f.Code == fault.ChangedMeanwhile || f.Code == fault.StateConflict || f.Code == fault.NameTaken || f.Code == fault.DomainTaken || f.Code == fault.ReferenceExists) {
		return &failure{code: exitConflict, what: err.Error(), do: "apply again; what was done is kept", cause: err}
	}
	return err
}

// Shapes of the result in JSON.
type (
	appliedJSON struct {
		Steps []stepJSON `json:"steps"`
		Made  []madeJSON `json:"made,omitempty"`
	}
	stepJSON struct {
		Verb   string      `json:"verb"`
		Kind   string      `json:"kind"`
		Name   string      `json:"name"`
		Fields []fieldJSON `json:"fields,omitempty"`
		Note   string      `json:"note,omitempty"`
	}
	fieldJSON struct {
		Name string `json:"name"`
		From string `json:"from"`
		To   string `json:"to"`
	}
	madeJSON struct {
		Kind  string    `json:"kind"`
		For   string    `json:"for"`
		Name  string    `json:"name,omitempty"`
		Value string    `json:"value"`
		Until time.Time `json:"until"`
	}
)

func (o applyOptions) show(w io.Writer, plan declaration.Plan, made []declaration.Made) error {
	if o.output == "table" {
		if err := showPlan(w, plan); err != nil {
			return err
		}
		for _, m := range made {
			line := fmt.Sprintf("%s of %s", m.Kind, m.For)
			if m.Name != "" {
				line += " (" + m.Name + ")"
			}
			if _, err := fmt.Fprintf(w, "! %s: %s   until %s, told once\n", printable(line), m.Value, m.Until.Format(time.RFC3339)); err != nil {
				return fmt.Errorf("write the result: %w", err)
			}
		}
		return nil
	}
	result := appliedJSON{Steps: []stepJSON{}}
	for _, s := range plan.Steps {
		step := stepJSON{Verb: string(s.Verb), Kind: s.Kind, Name: s.Name, Note: s.Note}
		for _, f := range s.Fields {
			step.Fields = append(step.Fields, fieldJSON(f))
		}
		result.Steps = append(result.Steps, step)
	}
	for _, m := range made {
		result.Made = append(result.Made, madeJSON(m))
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(result); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// signs mark the verbs, so that no colour is needed to tell them apart.
var signs = map[declaration.Verb]string{declaration.Create: "+", declaration.Change: "~", declaration.Keep: "=", declaration.Remove: "-"}

func showPlan(w io.Writer, plan declaration.Plan) error {
	var text strings.Builder
	count := map[declaration.Verb]int{}
	for _, s := range plan.Steps {
		count[s.Verb]++
		fmt.Fprintf(&text, "%s %s %s", signs[s.Verb], s.Kind, printable(s.Name))
		if s.Note != "" {
			fmt.Fprintf(&text, "   (%s)", printable(s.Note))
		}
		text.WriteByte('\n')
		for _, f := range s.Fields {
			switch {
			case f.From == "":
				fmt.Fprintf(&text, "    %s: %s\n", f.Name, printable(f.To))
			case f.To == "":
				fmt.Fprintf(&text, "    %s: %s → (nothing)\n", f.Name, printable(f.From))
			default:
				fmt.Fprintf(&text, "    %s: %s → %s\n", f.Name, printable(f.From), printable(f.To))
			}
		}
	}
	fmt.Fprintf(&text, "%d to create, %d to change, %d to remove, %d kept\n",
		count[declaration.Create], count[declaration.Change], count[declaration.Remove], count[declaration.Keep])
	if _, err := io.WriteString(w, text.String()); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}
