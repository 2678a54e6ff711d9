-- +goose Up
-- How relationships live: a version to swap by, the partner's one name for each, and when the
-- clock moves it next (0 for never). Names of before are not known to SQL and stay without a key.
ALTER TABLE relationship ADD COLUMN row_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE relationship ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE relationship ADD COLUMN open BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE relationship ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX relationship_name ON relationship (partner, name_key) WHERE name_key <> '';
CREATE INDEX relationship_id ON relationship (id);
CREATE INDEX relationship_of_customer ON relationship (customer, id);
CREATE INDEX relationship_due ON relationship (due_at) WHERE due_at > 0;
