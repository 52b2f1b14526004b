-- Assignments in versions, results per version, sessions of page images, kept model calls, and the outbox.

CREATE TABLE assignments (
    id          TEXT NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 1),
    kind        TEXT NOT NULL CHECK (kind IN ('intro_video', 'notebook', 'pages')),
    title       TEXT NOT NULL,
    definition  TEXT NOT NULL CHECK (json_valid(definition)),
    created_at  REAL NOT NULL,
    PRIMARY KEY (id, version)
) STRICT;

ALTER TABLE processing_tasks ADD COLUMN kind TEXT NOT NULL DEFAULT 'intro_video';
ALTER TABLE processing_tasks ADD COLUMN assignment_id TEXT NOT NULL DEFAULT 'introductions';
ALTER TABLE processing_tasks ADD COLUMN assignment_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE processing_tasks ADD COLUMN request TEXT;

CREATE INDEX tasks_unbatched_llm ON processing_tasks (priority DESC, created_at, id)
    WHERE batch_id IS NULL AND current_phase = 'llm';
CREATE INDEX tasks_by_assignment ON processing_tasks (assignment_id, created_at);

-- A regrade under a new version keeps the old results.
ALTER TABLE results RENAME TO results_of_version_1;
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
INSERT INTO results (task_id, score, max_score, report, model, server, prompt_hash, tokens_in, tokens_out,
                     latency_ms, raw_reply, created_at)
SELECT task_id, score, max_score, report, model, server, prompt_hash, tokens_in, tokens_out,
       latency_ms, raw_reply, created_at FROM results_of_version_1;
DROP TABLE results_of_version_1;

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
