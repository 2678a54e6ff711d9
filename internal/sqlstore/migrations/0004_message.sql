-- +goose Up
-- Messages that wait to be delivered, sealed: codes and invitations travel in them.
CREATE TABLE message (
  id TEXT PRIMARY KEY,
  body BYTEA NOT NULL,
  tries BIGINT NOT NULL,
  at BIGINT NOT NULL,
  next_at BIGINT NOT NULL
);
CREATE INDEX message_next ON message (next_at);
