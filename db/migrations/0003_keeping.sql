-- Uploads that arrive in pieces (db/schema.sql says what the columns are), and when a submission is to be forgotten.

CREATE TABLE uploads (
    id          TEXT PRIMARY KEY,
    client      TEXT NOT NULL,
    length      INTEGER CHECK (length >= 0),
    received    INTEGER NOT NULL DEFAULT 0 CHECK (received >= 0 AND (length IS NULL OR received <= length)),
    metadata    TEXT NOT NULL CHECK (json_valid(metadata)),
    created_at  REAL NOT NULL,
    updated_at  REAL NOT NULL,
    expires_at  REAL NOT NULL,
    task_id     TEXT REFERENCES processing_tasks (id),
    refusal     TEXT CHECK (refusal IS NULL OR json_valid(refusal))
) STRICT;

CREATE INDEX uploads_by_expiry ON uploads (expires_at);
CREATE INDEX uploads_by_task ON uploads (task_id);

ALTER TABLE processing_tasks ADD COLUMN delete_after REAL;
ALTER TABLE processing_tasks ADD COLUMN purged_at REAL;

CREATE INDEX tasks_by_deletion ON processing_tasks (delete_after) WHERE purged_at IS NULL;
