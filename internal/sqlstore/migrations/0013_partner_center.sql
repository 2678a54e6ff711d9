-- +goose Up
-- What partners file: profiles, agreements, service requests, registrations.
CREATE TABLE partner_paper (
  partner TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  customer TEXT NOT NULL,
  etag TEXT NOT NULL,
  at BIGINT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (partner, kind, id)
);
CREATE INDEX partner_paper_newest ON partner_paper (partner, kind, at);

-- Calls of partners' people, for the reports on the second factor.
CREATE TABLE partner_request (
  id TEXT PRIMARY KEY,
  partner TEXT NOT NULL,
  at BIGINT NOT NULL,
  doc TEXT NOT NULL
);
CREATE INDEX partner_request_newest ON partner_request (partner, at, id);
CREATE INDEX partner_request_at ON partner_request (at);

-- Deeds that clients ask for under an id of theirs, and what they were answered.
CREATE TABLE deed (
  tenant TEXT NOT NULL,
  request TEXT NOT NULL,
  digest TEXT NOT NULL,
  sealed BYTEA,
  until_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, request)
);
CREATE INDEX deed_until ON deed (until_at);

-- The standing invitation of each partner.
CREATE TABLE customer_invitation (
  partner TEXT PRIMARY KEY REFERENCES tenant (id) ON DELETE CASCADE,
  id TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL
);

-- The indirect reseller whose customer it is.
ALTER TABLE customer ADD COLUMN reseller TEXT NOT NULL DEFAULT '';
