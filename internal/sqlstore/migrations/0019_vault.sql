-- +goose Up
-- Vaults and the secrets of programs. A secret's name_key is its name in lower
-- case; deleted_at is 0 while it is not deleted.
CREATE TABLE vault (
  tenant TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  host TEXT NOT NULL UNIQUE,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE TABLE secret (
  tenant TEXT NOT NULL,
  vault TEXT NOT NULL,
  name_key TEXT NOT NULL,
  latest TEXT NOT NULL,
  deleted_at BIGINT NOT NULL,
  purge_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, vault, name_key),
  FOREIGN KEY (tenant, vault) REFERENCES vault (tenant, name) ON DELETE CASCADE
);
CREATE INDEX secret_purge ON secret (purge_at);
CREATE TABLE secret_version (
  tenant TEXT NOT NULL,
  vault TEXT NOT NULL,
  name_key TEXT NOT NULL,
  id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  doc TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  PRIMARY KEY (tenant, vault, name_key, id),
  FOREIGN KEY (tenant, vault, name_key) REFERENCES secret (tenant, vault, name_key) ON DELETE CASCADE
);
