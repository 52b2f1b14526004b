-- The state of introeval. Equal to the sum of db/migrations (a test compares them).
-- Times are seconds since the epoch, UTC. Paths are relative to the state directory.

CREATE TABLE batches (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'transcribing', 'evaluating', 'done')),
    size        INTEGER NOT NULL CHECK (size > 0),
    created_at  REAL NOT NULL,
    updated_at  REAL NOT NULL
) STRICT;

CREATE TABLE assignments (
    id          TEXT NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 1),
    kind        TEXT NOT NULL CHECK (kind IN ('intro_video', 'notebook', 'pages')),
    title       TEXT NOT NULL,
    definition  TEXT NOT NULL CHECK (json_valid(definition)),
    created_at  REAL NOT NULL,
    PRIMARY KEY (id, version)
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
    kind            TEXT NOT NULL DEFAULT 'intro_video',
    assignment_id   TEXT NOT NULL DEFAULT 'introductions',
    assignment_version INTEGER NOT NULL DEFAULT 1,
    request         TEXT,
    -- when it is to be forgotten (the assignment's retention; null: never by itself), and when it was
    delete_after    REAL,
    purged_at       REAL,
    -- a task is in exactly one of the eight states of scheduler/transitions.py
    CHECK ((current_phase IN ('completed', 'failed')) = (status = current_phase)),
    CHECK ((completed_at IS NOT NULL) = (current_phase IN ('completed', 'failed')))
) STRICT;

CREATE INDEX tasks_by_state ON processing_tasks (current_phase, status);
CREATE INDEX tasks_by_batch ON processing_tasks (batch_id);
CREATE INDEX tasks_unbatched ON processing_tasks (priority DESC, created_at, id)
    WHERE batch_id IS NULL AND current_phase = 'stt';
CREATE INDEX tasks_by_roll ON processing_tasks (roll_number);
CREATE INDEX tasks_unbatched_llm ON processing_tasks (priority DESC, created_at, id)
    WHERE batch_id IS NULL AND current_phase = 'llm';
CREATE INDEX tasks_by_assignment ON processing_tasks (assignment_id, created_at);
CREATE INDEX tasks_by_deletion ON processing_tasks (delete_after) WHERE purged_at IS NULL;

-- Uploads that arrive in pieces. ``client``: who they are counted against. ``length``: null until it is said.
-- ``received``: bytes that are on the disk, synced; the file may be longer after a crash, and is cut to it.
-- ``task_id``: the submission that it became, in that submission's transaction. ``refusal``: why it became none (RFC 9457).
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

-- One result per version of the assignment: a regrade keeps the old ones.
CREATE TABLE results (
    task_id     TEXT NOT NULL REFERENCES processing_tasks (id),
    assignment_version INTEGER NOT NULL DEFAULT 1,
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
    created_at  REAL NOT NULL,
    PRIMARY KEY (task_id, assignment_version)
) STRICT;

-- What each model made of a submission: one row per model and try. A result is made of one or several of them.
CREATE TABLE ratings (
    task_id     TEXT NOT NULL REFERENCES processing_tasks (id),
    assignment_version INTEGER NOT NULL,
    model       TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    server      TEXT NOT NULL,
    score       REAL NOT NULL,
    max_score   REAL NOT NULL,
    marks       TEXT NOT NULL CHECK (json_valid(marks)),
    created_at  REAL NOT NULL,
    PRIMARY KEY (task_id, assignment_version, model, attempt)
) STRICT;

-- Parts of a submission that ended without a result: which, where, why, and what to do.
CREATE TABLE failures (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id     TEXT NOT NULL REFERENCES processing_tasks (id),
    assignment_version INTEGER NOT NULL,
    code        TEXT NOT NULL,
    stage       TEXT NOT NULL,
    place       TEXT NOT NULL,
    message     TEXT NOT NULL,
    advice      TEXT NOT NULL,
    created_at  REAL NOT NULL
) STRICT;

CREATE INDEX failures_by_task ON failures (task_id, id);

-- Every accepted reply of a model, by what decides it: the checkpoints of unfinished work, and a cache.
CREATE TABLE model_calls (
    key         TEXT PRIMARY KEY,
    task_id     TEXT NOT NULL,
    stage       TEXT NOT NULL,
    model       TEXT NOT NULL,
    server      TEXT NOT NULL,
    prompt_hash TEXT NOT NULL,
    tokens_in   INTEGER NOT NULL,
    tokens_out  INTEGER NOT NULL,
    latency_ms  INTEGER NOT NULL,
    load_ms     INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    raw_reply   TEXT,
    created_at  REAL NOT NULL
) STRICT;

CREATE INDEX model_calls_by_task ON model_calls (task_id);
CREATE INDEX model_calls_by_stage ON model_calls (stage, model, attempts, tokens_in, tokens_out);

CREATE TABLE page_texts (
    task_id     TEXT NOT NULL REFERENCES processing_tasks (id),
    page        INTEGER NOT NULL CHECK (page >= 1),
    engine      TEXT NOT NULL,
    confidence  REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    lines       TEXT NOT NULL CHECK (json_valid(lines)),
    created_at  REAL NOT NULL,
    PRIMARY KEY (task_id, page)
) STRICT;

CREATE TABLE sessions (
    id          TEXT PRIMARY KEY,
    title       TEXT NOT NULL,
    questions   TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(questions)),
    created_at  REAL NOT NULL,
    updated_at  REAL NOT NULL
) STRICT;

CREATE TABLE images (
    id          TEXT PRIMARY KEY,
    session_id  TEXT NOT NULL REFERENCES sessions (id),
    role        TEXT NOT NULL CHECK (role IN ('student', 'answer_key', 'grading_rubric')),
    order_index INTEGER NOT NULL CHECK (order_index >= 0),
    file_name   TEXT NOT NULL,
    path        TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    width       INTEGER NOT NULL,
    height      INTEGER NOT NULL,
    size_bytes  INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    created_at  REAL NOT NULL,
    read_by     TEXT,
    confidence  REAL CHECK (confidence BETWEEN 0 AND 1),
    lines       TEXT CHECK (lines IS NULL OR json_valid(lines)),
    UNIQUE (session_id, role, order_index)
) STRICT;

-- One reading of a session's rubric images by a model; every assessment of that model and try shares it.
CREATE TABLE rubric_results (
    session_id  TEXT NOT NULL REFERENCES sessions (id),
    model       TEXT NOT NULL,
    attempt     INTEGER NOT NULL CHECK (attempt >= 1),
    rubric_response TEXT,
    raw_output  TEXT,
    validation_errors TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(validation_errors)),
    warnings    TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(warnings)),
    failure     TEXT CHECK (failure IS NULL OR json_valid(failure)),
    read_from   TEXT CHECK (read_from IN ('images', 'text')),
    call_key    TEXT,
    server      TEXT,
    tokens_in   INTEGER NOT NULL DEFAULT 0,
    tokens_out  INTEGER NOT NULL DEFAULT 0,
    latency_ms  INTEGER NOT NULL DEFAULT 0,
    created_at  REAL NOT NULL,
    UNIQUE (session_id, model, attempt)
) STRICT;

CREATE TABLE assessment_results (
    session_id  TEXT NOT NULL REFERENCES sessions (id),
    task_id     TEXT NOT NULL REFERENCES processing_tasks (id),
    pair_index  INTEGER NOT NULL CHECK (pair_index >= 0),
    attempt     INTEGER NOT NULL CHECK (attempt >= 1),
    instance_id TEXT,
    rubric_model TEXT,
    assessment_model TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('done', 'failed', 'rubric_failed')),
    marks       TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(marks)),
    raw_output  TEXT,
    validation_errors TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(validation_errors)),
    failure     TEXT CHECK (failure IS NULL OR json_valid(failure)),
    read_from   TEXT CHECK (read_from IN ('images', 'text')),
    call_key    TEXT,
    server      TEXT,
    tokens_in   INTEGER NOT NULL DEFAULT 0,
    tokens_out  INTEGER NOT NULL DEFAULT 0,
    latency_ms  INTEGER NOT NULL DEFAULT 0,
    created_at  REAL NOT NULL,
    PRIMARY KEY (task_id, pair_index, attempt)
) STRICT;

CREATE INDEX tasks_by_session ON processing_tasks (json_extract(request, '$.session_id'), created_at)
    WHERE kind = 'session';

-- Prompts that a teacher has changed; the others are the program's own.
CREATE TABLE prompts (
    name        TEXT PRIMARY KEY,
    template    TEXT NOT NULL,
    updated_at  REAL NOT NULL
) STRICT;

-- What the college is to be told, written in the transaction in which it became true. ``event_id`` is the receiver's
-- means to know a repetition.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id    TEXT NOT NULL UNIQUE,
    topic       TEXT NOT NULL,
    task_id     TEXT NOT NULL REFERENCES processing_tasks (id),
    payload     TEXT NOT NULL CHECK (json_valid(payload)),
    created_at  REAL NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_at     REAL NOT NULL,
    delivered_at REAL,
    gave_up_at  REAL,
    last_error  TEXT
) STRICT;

CREATE INDEX outbox_open ON outbox (task_id, id) WHERE delivered_at IS NULL AND gave_up_at IS NULL;

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
