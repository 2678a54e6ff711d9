-- +goose Up
-- Requests for help with a failed attempt. The tenant is that of the people who can help.
CREATE TABLE help (
  tenant TEXT NOT NULL,
  reference TEXT NOT NULL,
  state TEXT NOT NULL,
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, reference)
);
CREATE INDEX help_state ON help (tenant, state, at);
