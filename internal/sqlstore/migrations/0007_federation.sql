-- +goose Up
-- Who people are at their company's own sign-in, and links by which it is set up.
CREATE TABLE upstream_link (
  tenant TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  account TEXT NOT NULL,
  since BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, issuer, subject),
  FOREIGN KEY (tenant, account) REFERENCES account (tenant, id) ON DELETE CASCADE
);
CREATE INDEX upstream_link_account ON upstream_link (tenant, account, since);
-- The token rests as its digest.
CREATE TABLE setup_link (
  digest TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  doc TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  done BOOLEAN NOT NULL,
  UNIQUE (tenant, id)
);
CREATE INDEX setup_link_tenant ON setup_link (tenant, made_at);
