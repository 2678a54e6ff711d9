package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/entente-id/entente/internal/house"
)

// storeOptions are the flags of commands that work on a store directly, beside
// the authority that serves it or before there is one.
type storeOptions struct{ origin, store, masterKeyFile, data string }

func (o *storeOptions) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.origin, "origin", "", "external https address of the authority, without a path")
	f.StringVar(&o.store, "store", "", `"sqlite:PATH"; or put a PostgreSQL address in $ENTENTE_STORE`)
	f.StringVar(&o.masterKeyFile, "master-key-file", "", "file with at least 32 bytes, kept apart from the store")
	f.StringVar(&o.data, "data", "", "directory of a dev world, instead of the three")
}

// given reports whether a store was named at all.
func (o *storeOptions) given() bool {
	return o.store != "" || o.data != "" || os.Getenv("ENTENTE_STORE") != ""
}

// fill completes the options, from the dev world's directory or the environment.
func (o *storeOptions) fill(cmd *cobra.Command) error {
	help := cmd.CommandPath() + " --help"
	if o.data != "" {
		if o.store != "" || o.masterKeyFile != "" {
			return misuse("leave --data out, or the others", "--data already says which store and which key")
		}
		o.store, o.masterKeyFile = "sqlite:"+filepath.Join(o.data, "entente.db"), filepath.Join(o.data, "master.key")
		if o.origin == "" {
			o.origin = "https://localhost:" + strings.TrimPrefix(devListen, "127.0.0.1:")
		}
	}
	if o.store == "" {
		// A DSN carries a password, which must not stand in a flag.
		o.store = os.Getenv("ENTENTE_STORE")
	}
	for _, needed := range [][2]string{{"--origin", o.origin}, {"--store", o.store}, {"--master-key-file", o.masterKeyFile}} {
		if needed[1] == "" {
			return misuse(help, "%s is missing", needed[0])
		}
	}
	if !strings.HasPrefix(o.origin, "https://") {
		return misuse("--origin https://HOST", "the origin must begin with https://")
	}
	return nil
}

// open builds the rooms over the store. Close the house in the end.
func (o *storeOptions) open(cmd *cobra.Command) (*house.House, error) {
	if err := o.fill(cmd); err != nil {
		return nil, err
	}
	master, err := os.ReadFile(o.masterKeyFile)
	if err != nil {
		return nil, misuse("--master-key-file FILE", "the master key cannot be read: %v", err)
	}
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	return house.Open(cmd.Context(), house.Config{
		Origin: strings.TrimSuffix(o.origin, "/"), Store: o.store, MasterKey: master, Log: log, Source: house.System(),
	})
}
