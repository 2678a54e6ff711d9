package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
)

// Results go to stdout, talk goes to stderr. A terminal gets a table with heads;
// a pipe gets tab-separated lines without them.

var formats = []string{"table", "json", "jsonl", "tsv", "value", "env"}

// output is how a command shows its result.
type output struct {
	format    string
	noHeaders bool
}

func (o *output) addTo(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.format, "output", "o", "", "how to show the result: "+strings.Join(formats, "|")+" (default: table on a terminal, tsv in a pipe)")
	cmd.Flags().BoolVar(&o.noHeaders, "no-headers", false, "leave the head line of a table out")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

// check refuses an unknown format before anything is done.
func (o *output) check() error {
	if o.format == "" || slices.Contains(formats, o.format) {
		return nil
	}
	return misuse("--output "+strings.Join(formats, "|"), "there is no output format %q", o.format)
}

// result is what a command has to show, in both forms.
type result struct {
	columns []string
	rows    [][]string
	objects []any // one for each row, with stable JSON keys
	single  bool  // JSON is one object, not a list
	// env are the lines of --output env: names and values by turns.
	env []string
}

func (o *output) show(w io.Writer, r result) error {
	format := o.format
	if format == "" {
		format = "tsv"
		if isTerminal(w) {
			format = "table"
		}
	}
	switch format {
	case "json":
		return showJSON(w, r)
	case "jsonl":
		encoder := json.NewEncoder(w)
		for _, object := range r.objects {
			if err := encoder.Encode(object); err != nil {
				return fmt.Errorf("write the result: %w", err)
			}
		}
		return nil
	case "env":
		return showEnv(w, r)
	case "value":
		return showLines(w, r.rows, func(row []string) string { return row[0] })
	case "table":
		return o.showTable(w, r)
	default:
		return showLines(w, r.rows, func(row []string) string { return strings.Join(row, "\t") })
	}
}

func showJSON(w io.Writer, r result) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	var value any = r.objects
	if r.single && len(r.objects) == 1 {
		value = r.objects[0]
	} else if r.objects == nil {
		value = []any{}
	}
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// showEnv writes lines that a POSIX shell can evaluate.
func showEnv(w io.Writer, r result) error {
	if len(r.env) == 0 {
		return misuse("--output json", "this result cannot be shown as environment variables")
	}
	for i := 0; i < len(r.env); i += 2 {
		quoted := "'" + strings.ReplaceAll(r.env[i+1], "'", `'\''`) + "'"
		if _, err := fmt.Fprintf(w, "export %s=%s\n", r.env[i], quoted); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
	}
	return nil
}

func showLines(w io.Writer, rows [][]string, line func([]string) string) error {
	for _, row := range rows {
		if _, err := fmt.Fprintln(w, line(clean(row))); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
	}
	return nil
}

func (o *output) showTable(w io.Writer, r result) error {
	var text bytes.Buffer
	aligned := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	if !o.noHeaders {
		fmt.Fprintln(aligned, strings.Join(r.columns, "\t"))
	}
	for _, row := range r.rows {
		fmt.Fprintln(aligned, strings.Join(clean(row), "\t"))
	}
	_ = aligned.Flush() // into memory
	shown := text.String()
	if head, rest, found := strings.Cut(shown, "\n"); found && !o.noHeaders && colourful(w) {
		shown = bold + head + plain + "\n" + rest
	}
	if _, err := io.WriteString(w, shown); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

const (
	bold  = "\x1b[1m"
	red   = "\x1b[31m"
	plain = "\x1b[0m"
)

func clean(row []string) []string {
	cleaned := make([]string, len(row))
	for i, cell := range row {
		cleaned[i] = printable(cell)
	}
	return cleaned
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// colourful says whether to colour what goes to w: on a terminal, unless the
// environment asks not to (NO_COLOR, TERM=dumb) or asks to (CLICOLOR_FORCE).
func colourful(w any) bool {
	switch {
	case os.Getenv("NO_COLOR") != "", os.Getenv("TERM") == "dumb", os.Getenv("CLICOLOR") == "0":
		return false
	case os.Getenv("CLICOLOR_FORCE") != "" && os.Getenv("CLICOLOR_FORCE") != "0":
		return true
	}
	return isTerminal(w)
}
