-- +goose Up
-- Passkeys of people, and the challenges that were answered: each serves once.
CREATE TABLE passkey (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  credential BYTEA NOT NULL,
  public_key BYTEA NOT NULL,
  counter BIGINT NOT NULL,
  name TEXT NOT NULL,
  synced BOOLEAN NOT NULL,
  browser TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, account, id)
);
CREATE UNIQUE INDEX passkey_credential ON passkey (credential);
CREATE TABLE passkey_challenge (
  digest BYTEA PRIMARY KEY,
  until_at BIGINT NOT NULL
);
CREATE INDEX passkey_challenge_until ON passkey_challenge (until_at);
