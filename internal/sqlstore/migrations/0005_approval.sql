-- +goose Up
-- When each permission was given, and in which words it was asked: one mark for each of the
-- scopes, in their order. A scope without a mark was given on a day that nobody wrote down.
ALTER TABLE delegated_grant ADD COLUMN marks TEXT NOT NULL DEFAULT '[]';
CREATE INDEX delegated_grant_account ON delegated_grant (tenant, account);

-- People who may allow apps for everyone: few among many, and asked for whenever somebody waits.
ALTER TABLE account ADD COLUMN reviewer BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE account SET reviewer = TRUE WHERE
  doc LIKE '%62e90394-69f5-4237-9190-012177145e10%' OR doc LIKE '%e8611ab8-c189-46e8-94e1-60213ab1f814%' OR
  doc LIKE '%9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3%' OR doc LIKE '%158c047a-c907-4556-b7ef-446551a6b5f7%';
CREATE INDEX account_reviewer ON account (tenant, id) WHERE reviewer;

-- Requests for an app that wait for an admin, and what became of them.
CREATE TABLE approval (
  tenant TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  client TEXT NOT NULL,
  state TEXT NOT NULL,
  doc TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX approval_waiting ON approval (tenant, client) WHERE state = 'waiting';
CREATE INDEX approval_client ON approval (tenant, client, created_at);
CREATE INDEX approval_newest ON approval (tenant, created_at, id);
CREATE INDEX approval_state ON approval (tenant, state, created_at, id);
CREATE INDEX approval_due ON approval (due_at) WHERE state = 'waiting';
