-- +goose Up
-- What people prove themselves with.
CREATE TABLE password (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (tenant, account)
);
CREATE TABLE authenticator (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  last_step BIGINT NOT NULL,
  PRIMARY KEY (tenant, account)
);
CREATE TABLE recovery_code (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  digest BYTEA NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, account, digest)
);
CREATE TABLE tries (
  name TEXT PRIMARY KEY,
  count BIGINT NOT NULL,
  until_at BIGINT NOT NULL
);

-- Who allowed what. An empty account means everyone in the tenant.
CREATE TABLE delegated_grant (
  tenant TEXT NOT NULL,
  client TEXT NOT NULL,
  resource TEXT NOT NULL,
  account TEXT NOT NULL,
  scopes TEXT NOT NULL,
  PRIMARY KEY (tenant, client, account, resource)
);
CREATE TABLE app_role_grant (
  tenant TEXT NOT NULL,
  client TEXT NOT NULL,
  resource TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (tenant, client, resource, role)
);

-- Sign-ins under way, and browsers that are signed in.
CREATE TABLE journey (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  sealed BYTEA NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX journey_expires ON journey (expires_at);
CREATE TABLE browser_session (
  id TEXT PRIMARY KEY,
  doc TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX browser_session_created ON browser_session (created_at);

-- What tokens are made with and descend from.
CREATE TABLE signing_key (
  realm TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  slot BIGINT NOT NULL,
  sealed BYTEA NOT NULL,
  certificate BYTEA NOT NULL,
  published_at BIGINT NOT NULL,
  active_at BIGINT NOT NULL,
  PRIMARY KEY (realm, algorithm, slot)
);
CREATE TABLE spent_code (
  digest TEXT PRIMARY KEY,
  key_digest TEXT NOT NULL,
  family TEXT NOT NULL,
  at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX spent_code_expires ON spent_code (expires_at);
CREATE TABLE refresh_family (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  client TEXT NOT NULL,
  grant_doc TEXT NOT NULL,
  class TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  active BIGINT NOT NULL,
  active_key TEXT NOT NULL,
  active_at BIGINT NOT NULL,
  superseded_key TEXT NOT NULL,
  superseded_at BIGINT NOT NULL,
  credential TEXT NOT NULL,
  state TEXT NOT NULL,
  reason BIGINT NOT NULL,
  suspect_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  secret BYTEA NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX refresh_family_account ON refresh_family (tenant, account);
-- By creation, which never changes: an index on the last use would be written by every refresh.
CREATE INDEX refresh_family_created ON refresh_family (created_at);
