package main

import (
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/internal/devworld"
)

func devScenarioCommand() *cobra.Command {
	var o output
	var list bool
	cmd := &cobra.Command{
		Use:   "scenario [NAME]",
		Short: "Print where a story of the dev world begins",
		Long: `Each journey of the seeds and each message of the catalogue can be walked by name
in a running dev world: the page says whom to sign in as and what to do, and its
button sets the world up for it.`,
		Example: `  entente dev scenario J30
  entente dev scenario --list`,
		Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			origin := strings.TrimSuffix(os.Getenv("ENTENTE_AUTHORITY"), "/")
			if origin == "" {
				_, port, err := net.SplitHostPort(devListen)
				if err != nil {
					return err
				}
				origin = "https://localhost:" + port
			}
			if len(args) == 0 && !list {
				return misuse("entente dev scenario --list", "no story is named")
			}
			r := result{columns: []string{"STORY", "ADDRESS", "AS", "TITLE"}}
			for _, s := range devworld.Scenarios() {
				if len(args) == 0 || strings.EqualFold(s.ID, args[0]) {
					r.rows = append(r.rows, []string{s.ID, origin + "/dev/scenario/" + s.ID, s.As, s.Title})
					r.objects = append(r.objects, map[string]any{
						"story": s.ID, "address": origin + "/dev/scenario/" + s.ID, "as": s.As, "title": s.Title, "messages": s.Messages, "steps": s.Steps,
					})
				}
			}
			if len(r.rows) == 0 {
				return &failure{code: exitNotFound, what: "there is no story " + args[0], do: "entente dev scenario --list"}
			}
			return o.show(cmd.OutOrStdout(), r)
		},
	}
	o.addTo(cmd)
	cmd.Flags().BoolVar(&list, "list", false, "print all stories")
	return cmd
}
