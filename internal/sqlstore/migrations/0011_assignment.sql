-- +goose Up
-- Apps that an organisation opens only to people it has chosen.
ALTER TABLE principal ADD COLUMN assignment_required BOOLEAN NOT NULL DEFAULT FALSE;
CREATE TABLE assignment (
  tenant TEXT NOT NULL,
  app TEXT NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (tenant, app, account)
);
