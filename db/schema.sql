-- The state of introeval. Equal to the sum of db/migrations (a test compares them).
-- Times are seconds since the epoch, UTC. Paths are relative to the state directory.

CREATE TABLE batches (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'transcribing', 'evaluating', 'done')),
    size        INTEGER NOT NULL CHECK (size > 0),
    created_at  REAL NOT NULL,
    updated_at  REAL NOT NULL
) STRICT;

CREATE TABLE processing_tasks (
    id              TEXT PRIMARY KEY,
    user_id         TEXT NOT NULL,
    roll_number     TEXT NOT NULL,
    video_path      TEXT NOT NULL,
    transcript_path TEXT,
    current_phase   TEXT NOT NULL CHECK (current_phase IN ('stt', 'llm', 'completed', 'failed')),
    status          TEXT NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'retry')),
    priority        INTEGER NOT NULL DEFAULT 0,
    created_at      REAL NOT NULL,
    updated_at      REAL NOT NULL,
    completed_at    REAL,
    error_message   TEXT,
    retry_count     INTEGER NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
    -- beyond the minimum
    student_name    TEXT NOT NULL,
    file_name       TEXT NOT NULL,
    size_bytes      INTEGER NOT NULL,
    sha256          TEXT NOT NULL,
    media_seconds   REAL,
    idempotency_key TEXT UNIQUE,
    batch_id        INTEGER REFERENCES batches (id),
    lease           INTEGER NOT NULL DEFAULT 0,
    error_code      TEXT,
    -- a task is in exactly one of the eight states of scheduler/transitions.py
    CHECK ((current_phase IN ('completed', 'failed')) = (status = current_phase)),
    CHECK ((completed_at IS NOT NULL) = (current_phase IN ('completed', 'failed')))
) STRICT;

CREATE INDEX tasks_by_state ON processing_tasks (current_phase, status);
CREATE INDEX tasks_by_batch ON processing_tasks (batch_id);
CREATE INDEX tasks_unbatched ON processing_tasks (priority DESC, created_at, id)
    WHERE batch_id IS NULL AND current_phase = 'stt';
CREATE INDEX tasks_by_roll ON processing_tasks (roll_number);

CREATE TABLE results (
    task_id     TEXT PRIMARY KEY REFERENCES processing_tasks (id),
    score       REAL NOT NULL,
    max_score   REAL NOT NULL,
    report      TEXT NOT NULL CHECK (json_valid(report)),
    model       TEXT,
    server      TEXT,
    prompt_hash TEXT NOT NULL,
    tokens_in   INTEGER NOT NULL,
    tokens_out  INTEGER NOT NULL,
    latency_ms  INTEGER NOT NULL,
    raw_reply   TEXT,
    created_at  REAL NOT NULL
) STRICT;

-- One row per transition, written in its transaction. ``id`` is the SSE event id.
CREATE TABLE events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at          REAL NOT NULL,
    kind        TEXT NOT NULL,
    task_id     TEXT REFERENCES processing_tasks (id),
    batch_id    INTEGER REFERENCES batches (id),
    source      TEXT,
    target      TEXT,
    detail      TEXT CHECK (detail IS NULL OR json_valid(detail))
) STRICT;

CREATE INDEX events_by_task ON events (task_id);

CREATE TABLE switchovers (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    source        TEXT NOT NULL,
    target        TEXT NOT NULL,
    began_at      REAL NOT NULL,
    leave_seconds REAL NOT NULL,
    enter_seconds REAL NOT NULL
) STRICT;

CREATE TABLE system_state (
    id                INTEGER PRIMARY KEY CHECK (id = 1),
    current_phase     TEXT NOT NULL CHECK (current_phase IN ('stt', 'llm', 'switching')),
    last_phase_switch REAL NOT NULL,
    stt_queue_count   INTEGER NOT NULL,
    llm_queue_count   INTEGER NOT NULL,
    active_workers    INTEGER NOT NULL
) STRICT;

INSERT INTO system_state VALUES (1, 'stt', 0, 0, 0, 0);

-- Triggers keep the counters true at every commit, whoever writes: a queue holds what waits, a worker what runs.
CREATE TRIGGER count_inserted AFTER INSERT ON processing_tasks BEGIN
    UPDATE system_state SET
        stt_queue_count = stt_queue_count + (NEW.current_phase = 'stt' AND NEW.status IN ('pending', 'retry')),
        llm_queue_count = llm_queue_count + (NEW.current_phase = 'llm' AND NEW.status IN ('pending', 'retry')),
        active_workers = active_workers + (NEW.status = 'processing');
END;

CREATE TRIGGER count_updated AFTER UPDATE OF current_phase, status ON processing_tasks BEGIN
    UPDATE system_state SET
        stt_queue_count = stt_queue_count
            + (NEW.current_phase = 'stt' AND NEW.status IN ('pending', 'retry'))
            - (OLD.current_phase = 'stt' AND OLD.status IN ('pending', 'retry')),
        llm_queue_count = llm_queue_count
            + (NEW.current_phase = 'llm' AND NEW.status IN ('pending', 'retry'))
            - (OLD.current_phase = 'llm' AND OLD.status IN ('pending', 'retry')),
        active_workers = active_workers + (NEW.status = 'processing') - (OLD.status = 'processing');
END;

CREATE TRIGGER count_deleted AFTER DELETE ON processing_tasks BEGIN
    UPDATE system_state SET
        stt_queue_count = stt_queue_count - (OLD.current_phase = 'stt' AND OLD.status IN ('pending', 'retry')),
        llm_queue_count = llm_queue_count - (OLD.current_phase = 'llm' AND OLD.status IN ('pending', 'retry')),
        active_workers = active_workers - (OLD.status = 'processing');
END;
