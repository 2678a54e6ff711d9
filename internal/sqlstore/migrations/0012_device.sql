-- +goose Up
-- Sign-ins that devices without a browser ask for.
CREATE TABLE device_request (
  digest TEXT PRIMARY KEY,
  user_code TEXT NOT NULL UNIQUE,
  row_version BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  doc TEXT NOT NULL
);
CREATE INDEX device_request_expires ON device_request (expires_at);
