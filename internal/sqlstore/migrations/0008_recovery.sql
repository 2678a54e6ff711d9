-- +goose Up
-- Temporary passes, and the browsers that people have used.
CREATE TABLE temporary_pass (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  digest BYTEA NOT NULL,
  until_at BIGINT NOT NULL,
  once BOOLEAN NOT NULL,
  issued_by TEXT NOT NULL,
  PRIMARY KEY (tenant, account)
);
CREATE TABLE device (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  digest BYTEA NOT NULL,
  browser TEXT NOT NULL,
  since_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, account, id)
);
