-- +goose Up
-- What organisations run in the cloud.
CREATE TABLE subscription (
  tenant TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
