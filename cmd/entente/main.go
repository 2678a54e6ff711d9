// Command entente is the one program: an authority to run, a world to develop
// against, and the partner's side of the Secure Application Model.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := rootCommand()
	err := root.ExecuteContext(ctx)
	if err != nil {
		printFailure(os.Stderr, err)
	}
	stop()
	os.Exit(exitCode(err))
}

// rootCommand is the whole command tree.
func rootCommand() *cobra.Command {
	root := noun("entente", "Work with other companies' companies, safely",
		devCommand(), serveCommand(), applyCommand(), appCommand(), loginCommand(), logoutCommand(), whoamiCommand(), approvalsCommand(),
		partnerCommand(), customerCommand(), tokenCommand(), explainCommand(), versionCommand(), docsCommand())
	root.Long = `Entente is an identity authority for companies that work with companies, and the
partner's side of the Secure Application Model: consent once with a second
factor, keep the refresh token in a vault, get tokens for every customer all
year.

Start with a world of your own:

  entente dev`
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  entente version",
		Args:    arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version())
			return err
		},
	}
}

// version is what the Go toolchain stamped into the program.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "entente (built from source)"
	}
	return "entente " + info.Main.Version
}
