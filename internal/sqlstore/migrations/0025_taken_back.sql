-- +goose Up
-- When a code came a second time: what it gave is good no longer. 0 means never.
ALTER TABLE spent_code ADD COLUMN taken_back_at BIGINT NOT NULL DEFAULT 0;
