package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/sam"
	"github.com/entente-id/entente/sam/cloud"
)

// The exit codes, the same in all commands.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPerson      = 3 // a person must act: consent, second factor, approval
	exitSignIn      = 4 // sign-in needed
	exitNotFound    = 5
	exitConflict    = 6
	exitPolicy      = 7 // refused by policy
	exitUnreachable = 8 // unreachable, or took too long
	exitWarnings    = 9 // warnings, with --fail-on
	exitInterrupted = 130
)

// failure is an error of the command line: what happened, what to do, and how the
// process ends.
type failure struct {
	code      int
	what, do  string
	message   string // id in the message catalogue; may be empty
	reference string // correlation id; may be empty
	cause     error
}

func (f *failure) Error() string { return f.what }
func (f *failure) Unwrap() error { return f.cause }

// misuse is a failure to use the command as it is meant.
func misuse(do, format string, a ...any) error {
	return &failure{code: exitUsage, what: fmt.Sprintf(format, a...), do: do}
}

// flagMisuse turns what cobra says about flags into a failure.
func flagMisuse(cmd *cobra.Command, err error) error {
	return misuse(cmd.CommandPath()+" --help", "%s", err.Error())
}

// noun makes a command that only holds others: alone it shows its help, and for
// an unknown verb it names the nearest.
func noun(use, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs}
	cmd.AddCommand(verbs...)
	cmd.SetFlagErrorFunc(flagMisuse)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return unknownVerb(cmd, args[0])
	}
	return cmd
}

func unknownVerb(cmd *cobra.Command, word string) error {
	cmd.SuggestionsMinimumDistance = 2
	do := cmd.CommandPath() + " --help"
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		do = cmd.CommandPath() + " " + near[0]
	}
	return misuse(do, "there is no command %q under %s", word, cmd.CommandPath())
}

// arguments checks how many arguments a command gets.
func arguments(most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > most {
			return misuse(cmd.CommandPath()+" --help", "%s does not understand %q", cmd.CommandPath(), args[most])
		}
		return nil
	}
}

// exitCode is how the process ends after an error.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if f, ok := errors.AsType[*failure](err); ok {
		return f.code
	}
	if p, ok := errors.AsType[*sam.Problem](err); ok {
		switch p.Kind {
		case sam.NeedsPerson:
			return exitPerson
		case sam.ByPolicy:
			return exitPolicy
		case sam.NotFound:
			return exitNotFound
		case sam.Unreachable:
			return exitUnreachable
		}
		return exitFailed
	}
	switch {
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, cloud.ErrUnanswered):
		return exitUnreachable
	}
	return exitFailed
}

// printFailure tells a person what happened and what to do about it.
func printFailure(w io.Writer, err error) {
	f := describe(err)
	head := "Error:"
	if colourful(w) {
		head = red + head + plain
	}
	fmt.Fprintf(w, "%s %s\n", head, printable(f.what))
	if f.do != "" {
		fmt.Fprintf(w, "Do:    %s\n", printable(f.do))
	}
	var ref []string
	if f.reference != "" {
		ref = append(ref, printable(f.reference))
	}
	if f.message != "" {
		ref = append(ref, "docs: entente explain "+f.message)
	}
	if len(ref) > 0 {
		fmt.Fprintf(w, "Ref:   %s\n", strings.Join(ref, "   "))
	}
}

func describe(err error) failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return *f
	}
	if p, ok := errors.AsType[*sam.Problem](err); ok {
		return failure{what: p.Error(), do: p.Do, message: p.Message, reference: p.Reference}
	}
	if errors.Is(err, context.Canceled) {
		return failure{what: "interrupted"}
	}
	return failure{what: err.Error()}
}

// printable keeps foreign text from moving the cursor or forging a line.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
