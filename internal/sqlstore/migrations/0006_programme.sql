-- +goose Up
-- The partner programme: one for each installation; its owner is a tenant.
CREATE TABLE programme (
  slot BIGINT PRIMARY KEY,
  version BIGINT NOT NULL,
  doc TEXT NOT NULL
);
CREATE TABLE member (
  owner TEXT NOT NULL,
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  address_key TEXT NOT NULL,
  domain TEXT NOT NULL,
  state TEXT NOT NULL,
  version BIGINT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (owner, tenant, account)
);
CREATE INDEX member_address ON member (owner, address_key);
CREATE INDEX member_domain ON member (owner, domain);
CREATE TABLE invitation (
  owner TEXT NOT NULL,
  id TEXT NOT NULL,
  address_key TEXT NOT NULL,
  domain TEXT NOT NULL,
  state TEXT NOT NULL,
  token_hash TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (owner, id)
);
CREATE UNIQUE INDEX invitation_token ON invitation (token_hash);
-- An address has one open invitation.
CREATE UNIQUE INDEX invitation_open ON invitation (owner, address_key) WHERE state IN ('sent', 'opened', 'elsewhere');
CREATE INDEX invitation_domain ON invitation (owner, domain);
CREATE INDEX invitation_at ON invitation (owner, at, id);
CREATE INDEX invitation_expires ON invitation (owner, state, expires_at);
CREATE TABLE access_request (
  owner TEXT NOT NULL,
  id TEXT NOT NULL,
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  state TEXT NOT NULL,
  at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (owner, id)
);
-- A person has one open request.
CREATE UNIQUE INDEX access_request_open ON access_request (owner, tenant, account) WHERE state = 'open';
CREATE INDEX access_request_at ON access_request (owner, state, at);
CREATE TABLE roster (
  owner TEXT NOT NULL,
  tenant TEXT NOT NULL,
  state TEXT NOT NULL,
  at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (owner, tenant)
);
CREATE TABLE swap (
  owner TEXT NOT NULL,
  id TEXT NOT NULL,
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  state TEXT NOT NULL,
  undo_hash TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (owner, id)
);
CREATE UNIQUE INDEX swap_undo ON swap (undo_hash);
CREATE INDEX swap_person ON swap (owner, tenant, account, at);
CREATE INDEX swap_state ON swap (owner, state, expires_at);
-- How many codes a mailbox was sent of late.
CREATE TABLE swap_mailbox (
  owner TEXT NOT NULL,
  address_key TEXT NOT NULL,
  version BIGINT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (owner, address_key)
);
CREATE TABLE terms (
  owner TEXT NOT NULL,
  number BIGINT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (owner, number)
);
-- An empty account is the organisation's own, first acceptance.
CREATE TABLE terms_acceptance (
  owner TEXT NOT NULL,
  number BIGINT NOT NULL,
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  at BIGINT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (owner, number, tenant, account)
);
CREATE INDEX terms_acceptance_person ON terms_acceptance (owner, tenant, account, number);
