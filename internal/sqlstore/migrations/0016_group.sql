-- +goose Up
-- Groups by id; who is in one stands in the accounts, by the group's key.
CREATE TABLE directory_group (
  tenant TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  member_key TEXT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, member_key)
);
CREATE INDEX principal_id ON principal (tenant, id);
CREATE INDEX attempt_tenant ON attempt (tenant, at);
