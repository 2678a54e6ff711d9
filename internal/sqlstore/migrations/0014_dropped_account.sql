-- +goose Up
-- People who were deleted and can still come back. They are in no other list, and their names are free.
CREATE TABLE dropped_account (
  tenant TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  doc TEXT NOT NULL,
  dropped_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX dropped_account_at ON dropped_account (dropped_at);
