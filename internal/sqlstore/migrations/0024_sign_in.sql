-- +goose Up
-- Sign-ins that succeeded; what failed is an attempt.
CREATE TABLE sign_in (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  at BIGINT NOT NULL,
  doc TEXT NOT NULL
);
CREATE INDEX sign_in_tenant ON sign_in (tenant, at);
CREATE INDEX sign_in_at ON sign_in (at);
