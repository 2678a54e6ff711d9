-- +goose Up
-- Where the people of a browser session are signed in, and who must hear that it ended.
CREATE TABLE presence (
  tenant TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  sid TEXT NOT NULL,
  app TEXT NOT NULL,
  account TEXT NOT NULL,
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, sid, app)
);
CREATE INDEX presence_next ON presence (next_at);
