package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/internal/devworld"
)

// devListen is where the dev world answers, unless told otherwise.
const devListen = "127.0.0.1:8443"

// devOptions are the flags of "entente dev".
type devOptions struct {
	listen, data, store string
	script, verbose     bool
	output              string
}

func devCommand() *cobra.Command {
	var o devOptions
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run a whole partner world on this machine",
		Long: `One command, one port, no set-up: a partner programme with a partner, its people,
apps and eight customers, some of them broken on purpose. It listens on loopback
only and forgets everything at the end, unless --data names a place to keep it.`,
		Example: `  entente dev
  entente dev --script          walk the main job by itself and exit
  eval "$(entente dev env)"     point the other commands at it`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return runDev(cmd, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", devListen, "HOST:PORT on loopback; port 0 takes a free one")
	f.StringVar(&o.data, "data", "", "directory to keep the world in")
	f.StringVar(&o.store, "store", "", "PostgreSQL address, for several processes over one world; needs --data for the shared keys")
	f.BoolVar(&o.script, "script", false, "walk the main job headless, print each step with its time, and exit")
	f.BoolVar(&o.verbose, "verbose", false, "log each request")
	f.StringVarP(&o.output, "output", "o", "text", "how to print the world: text|json|env")
	cmd.AddCommand(devEnvCommand(), devScenarioCommand())
	return cmd
}

func runDev(cmd *cobra.Command, o devOptions) error {
	began := time.Now()
	if err := devworld.CheckListen(o.listen); err != nil {
		return misuse("entente dev --listen "+devListen, "%s", err.Error())
	}
	if o.store != "" && o.data == "" {
		return misuse("entente dev --store … --data DIRECTORY", "--store needs --data: processes that share a database share the keys that seal it")
	}
	if o.script && !cmd.Flags().Changed("listen") {
		o.listen = "127.0.0.1:0"
	}
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelDebug
	}
	folder, err := devFolder()
	if err != nil {
		return err
	}
	trust, err := devworld.OpenTrust(folder, began)
	if err != nil {
		return err
	}
	world, err := devworld.Open(cmd.Context(), devworld.Setting{
		Listen: o.listen, Data: o.data, Store: o.store,
		Log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		if _, ok := err.(*net.OpError); ok || strings.Contains(err.Error(), "address already in use") {
			return &failure{code: exitConflict, what: o.listen + " is in use by another program", do: "entente dev --listen 127.0.0.1:0", cause: err}
		}
		return err
	}
	defer world.Close()
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	served := make(chan error, 1)
	go func() { served <- world.Serve(ctx, trust) }()
	if o.script {
		err := devworld.Tell(ctx, world, trust, cmd.OutOrStdout())
		stop()
		if ended := <-served; err == nil {
			err = ended
		}
		return err
	}
	if err := printWorld(cmd.OutOrStdout(), o.output, world, trust, time.Since(began)); err != nil {
		return err
	}
	return <-served
}

// devFolder is where the certificate authority of the dev world rests.
func devFolder() (string, error) {
	if data := os.Getenv("XDG_DATA_HOME"); data != "" {
		return filepath.Join(data, "entente", "dev"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", misuse("set XDG_DATA_HOME", "there is no home directory to keep the development certificate in: %v", err)
	}
	return filepath.Join(home, ".local", "share", "entente", "dev"), nil
}

func devEnvCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "env",
		Short:   "Print what points the other commands at a running dev world",
		Example: `  eval "$(entente dev env)" && entente partner consent`,
		Args:    arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder, err := devFolder()
			if err != nil {
				return err
			}
			_, port, err := net.SplitHostPort(devListen)
			if err != nil {
				return err
			}
			return printEnv(cmd.OutOrStdout(), "https://localhost:"+port, filepath.Join(folder, "ca.pem"))
		},
	}
}

// environment is what a partner's tools need to know of the dev world.
func environment(origin, caFile string) [][2]string {
	return [][2]string{
		{"ENTENTE_AUTHORITY", origin}, {"ENTENTE_CA_FILE", caFile}, {"ENTENTE_TENANT", string(devworld.Northwind)},
		{"ENTENTE_CLIENT_ID", string(devworld.Portal)}, {"ENTENTE_CLIENT_SECRET", devworld.PortalSecret},
	}
}

func printEnv(out io.Writer, origin, caFile string) error {
	for _, line := range environment(origin, caFile) {
		if _, err := fmt.Fprintf(out, "export %s='%s'\n", line[0], line[1]); err != nil {
			return err
		}
	}
	return nil
}

func printWorld(out io.Writer, form string, w *devworld.Running, t *devworld.Trust, took time.Duration) error {
	switch form {
	case "env":
		return printEnv(out, w.Origin, t.File)
	case "json":
		return json.NewEncoder(out).Encode(w.Describe(t.File))
	case "text":
		return w.Describe(t.File).Print(out, took)
	}
	return misuse("entente dev --output text|json|env", "there is no output format %q", form)
}
