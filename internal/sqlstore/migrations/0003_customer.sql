-- +goose Up
-- Partners' own profiles, their customers, and the delegated rights over those.
CREATE TABLE partner_profile (
  tenant TEXT PRIMARY KEY REFERENCES tenant (id) ON DELETE CASCADE,
  etag TEXT NOT NULL,
  doc TEXT NOT NULL
);
-- A customer's organisation may live elsewhere, so only the partner is a reference.
CREATE TABLE customer (
  partner TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  tenant TEXT NOT NULL,
  name_key TEXT NOT NULL,
  domain_key TEXT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (partner, tenant)
);
CREATE TABLE relationship (
  partner TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  customer TEXT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (partner, id)
);
CREATE INDEX relationship_customer ON relationship (partner, customer, id);
