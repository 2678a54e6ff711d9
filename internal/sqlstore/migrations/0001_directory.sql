-- +goose Up
-- Organisations, people and applications. Documents are JSON that SQL never looks into.
CREATE TABLE tenant (
  id TEXT PRIMARY KEY,
  doc TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TABLE domain (
  name TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE
);
CREATE INDEX domain_tenant ON domain (tenant);
CREATE TABLE account (
  tenant TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  name_key TEXT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, name_key)
);
CREATE TABLE application (
  app TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  doc TEXT NOT NULL,
  credentials TEXT NOT NULL
);
CREATE INDEX application_tenant ON application (tenant);
CREATE TABLE application_identifier (
  identifier TEXT PRIMARY KEY,
  app TEXT NOT NULL REFERENCES application (app) ON DELETE CASCADE
);
CREATE INDEX application_identifier_app ON application_identifier (app);
CREATE TABLE principal (
  tenant TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  app TEXT NOT NULL,
  id TEXT NOT NULL,
  disabled BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, app)
);
CREATE TABLE assertion (
  app TEXT NOT NULL,
  jti TEXT NOT NULL,
  until_at BIGINT NOT NULL,
  PRIMARY KEY (app, jti)
);

-- What was done, and what failed.
CREATE TABLE event (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  target TEXT NOT NULL,
  at BIGINT NOT NULL,
  doc TEXT NOT NULL
);
CREATE INDEX event_tenant ON event (tenant, at);
CREATE INDEX event_target ON event (target, at);
CREATE TABLE attempt (
  reference TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  trace TEXT NOT NULL,
  correlation TEXT NOT NULL,
  at BIGINT NOT NULL,
  doc TEXT NOT NULL
);
CREATE INDEX attempt_trace ON attempt (trace);
CREATE INDEX attempt_correlation ON attempt (correlation, at);
