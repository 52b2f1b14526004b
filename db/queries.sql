-- Every statement that the code runs, by name. A test checks that each name is used and each use exists.

-- name: read_phase
-- The machine's row.
SELECT current_phase, last_phase_switch, stt_queue_count, llm_queue_count, active_workers FROM system_state;

-- name: write_phase
-- Move the machine, if it is still in the phase that was read.
UPDATE system_state SET current_phase = :target, last_phase_switch = :now
WHERE current_phase = :source;

-- name: begin_clock
-- A fresh state's phase begins with the first start.
UPDATE system_state SET last_phase_switch = :now WHERE last_phase_switch = 0;

-- name: queue_state
-- The machine's phase, how many videos no batch has taken and since when the oldest waits, and whether other work does.
SELECT current_phase, last_phase_switch, waiting, oldest,
       EXISTS (SELECT 1 FROM processing_tasks WHERE batch_id IS NULL AND current_phase = 'llm') AS others_wait
FROM (SELECT count(*) AS waiting, min(created_at) AS oldest FROM processing_tasks
      WHERE batch_id IS NULL AND current_phase = 'stt') CROSS JOIN system_state;

-- name: open_batches
-- Batches that are not done, oldest first.
SELECT id, state, size, created_at FROM batches WHERE state <> 'done' ORDER BY id;

-- name: open_batch_tasks
-- Tasks of open batches that have not ended.
SELECT * FROM processing_tasks
WHERE current_phase IN ('stt', 'llm') AND batch_id IS NOT NULL
ORDER BY batch_id, priority DESC, created_at, id;

-- name: unbatched_tasks
-- The first tasks, in turn, that no batch has taken.
SELECT * FROM processing_tasks
WHERE batch_id IS NULL AND current_phase = 'stt'
ORDER BY priority DESC, created_at, id LIMIT :most;

-- name: unbatched_llm_tasks
-- The first tasks, in turn, that need no STT and that no batch has taken.
SELECT * FROM processing_tasks
WHERE batch_id IS NULL AND current_phase = 'llm'
ORDER BY priority DESC, created_at, id LIMIT :most;

-- name: processing_tasks
-- Tasks in somebody's hands: after a crash, in a dead process's.
SELECT * FROM processing_tasks WHERE status = 'processing';

-- name: insert_batch
-- A new, closed batch.
INSERT INTO batches (state, size, created_at, updated_at) VALUES ('waiting', :size, :now, :now) RETURNING id;

-- name: join_batch
-- Put a waiting, unbatched task into a batch.
UPDATE processing_tasks SET batch_id = :batch_id, updated_at = :now
WHERE id = :id AND batch_id IS NULL AND current_phase IN ('stt', 'llm') AND status IN ('pending', 'retry');

-- name: start_task
-- Hand a task out under a new lease.
UPDATE processing_tasks
SET current_phase = :phase, status = :status, updated_at = :now, lease = lease + 1
WHERE id = :id AND current_phase = :old_phase AND status = :old_status AND lease = :lease
RETURNING *;

-- name: finish_stt
-- A transcript is on disk.
UPDATE processing_tasks
SET current_phase = :phase, status = :status, updated_at = :now, transcript_path = :transcript_path,
    media_seconds = :media_seconds, error_code = NULL, error_message = NULL
WHERE id = :id AND current_phase = :old_phase AND status = :old_status AND lease = :lease;

-- name: finish_llm
-- A task has its grade.
UPDATE processing_tasks
SET current_phase = :phase, status = :status, updated_at = :now, completed_at = :now,
    error_code = NULL, error_message = NULL
WHERE id = :id AND current_phase = :old_phase AND status = :old_status AND lease = :lease;

-- name: put_back
-- An attempt ended without a result: retried, given up or released.
UPDATE processing_tasks
SET current_phase = :phase, status = :status, updated_at = :now, completed_at = :completed_at,
    retry_count = retry_count + :retries, error_code = :error_code, error_message = :error_message
WHERE id = :id AND current_phase = :old_phase AND status = :old_status AND lease = :lease;

-- name: newest_result
-- The grade that a task has, as its newest version gave it.
SELECT assignment_version, score, max_score, report FROM results
WHERE task_id = :id ORDER BY assignment_version DESC LIMIT 1;

-- name: keep_grade
-- A regrade ended without a result: the task is again what the earlier version made of it.
UPDATE processing_tasks
SET current_phase = :phase, status = :status, updated_at = :now, completed_at = :now,
    assignment_version = :version, error_code = NULL, error_message = NULL
WHERE id = :id AND current_phase = :old_phase AND status = :old_status AND lease = :lease;

-- name: forget_regrade
-- What became of the last regrade is past when the next one begins: a failure under a version without a result.
DELETE FROM failures
WHERE task_id = :id AND assignment_version NOT IN (SELECT assignment_version FROM results WHERE task_id = :id);

-- name: insert_result
-- The one result of a task under a version of its assignment.
INSERT INTO results (task_id, assignment_version, score, max_score, report, model, server, prompt_hash,
                     tokens_in, tokens_out, latency_ms, raw_reply, created_at)
VALUES (:task_id, :assignment_version, :score, :max_score, :report, :model, :server, :prompt_hash,
        :tokens_in, :tokens_out, :latency_ms, :raw_reply, :now);

-- name: insert_rating
-- What one model made of a submission in one try; a repetition after a crash changes nothing.
INSERT OR IGNORE INTO ratings (task_id, assignment_version, model, attempt, server, score, max_score, marks, created_at)
VALUES (:task_id, :assignment_version, :model, :attempt, :server, :score, :max_score, :marks, :now);

-- name: insert_failure
-- A part of a submission that ended without a result.
INSERT INTO failures (task_id, assignment_version, code, stage, place, message, advice, created_at)
VALUES (:task_id, :assignment_version, :code, :stage, :place, :message, :advice, :now);

-- name: insert_outbox
-- A message for the college, in the transaction in which it became true.
INSERT INTO outbox (event_id, topic, task_id, payload, created_at, next_at)
VALUES (:event_id, :topic, :task_id, :payload, :now, :now);

-- name: regrade_task
-- An ended task is to be graded again, under a version of its assignment, and leases of its own.
UPDATE processing_tasks
SET current_phase = :phase, status = :status, updated_at = :now, completed_at = NULL, batch_id = NULL,
    retry_count = 0, error_code = NULL, error_message = NULL, assignment_version = :version, lease = :next_life
WHERE id = :id AND current_phase = :old_phase AND status = :old_status AND lease = :lease;

-- name: has_result
-- Whether a task has a result under a version of its assignment.
SELECT 1 FROM results WHERE task_id = :id AND assignment_version = :version;

-- name: insert_event
-- What happened, in the transaction in which it happened.
INSERT INTO events (at, kind, task_id, batch_id, source, target, detail)
VALUES (:at, :kind, :task_id, :batch_id, :source, :target, :detail);

-- name: batch_progress
-- A batch's state, how many of its tasks are in which queue, and how many somebody works on.
SELECT b.state,
       coalesce(sum(t.current_phase = 'stt'), 0) AS in_stt,
       coalesce(sum(t.current_phase = 'llm'), 0) AS in_llm,
       coalesce(sum(t.status = 'processing'), 0) AS begun
FROM batches b LEFT JOIN processing_tasks t ON t.batch_id = b.id
WHERE b.id = :id GROUP BY b.id;

-- name: move_batch
-- A batch goes on to its next state.
UPDATE batches SET state = :target, updated_at = :now WHERE id = :id AND state = :source;

-- name: insert_switchover
-- One finished hand-over of the machine.
INSERT INTO switchovers (source, target, began_at, leave_seconds, enter_seconds)
VALUES (:source, :target, :began_at, :leave_seconds, :enter_seconds);

-- name: insert_task
-- An accepted submission; its file is already synced to disk.
INSERT INTO processing_tasks (id, user_id, roll_number, student_name, file_name, video_path, size_bytes, sha256,
                              media_seconds, idempotency_key, priority, kind, assignment_id, assignment_version,
                              request, current_phase, status, created_at, updated_at, delete_after)
VALUES (:id, :user_id, :roll_number, :student_name, :file_name, :video_path, :size_bytes, :sha256,
        :media_seconds, :idempotency_key, :priority, :kind, :assignment_id, :assignment_version,
        :request, :phase, 'pending', :now, :now,
        :now + 86400.0 * coalesce((SELECT json_extract(definition, '$.retention_days') FROM assignments
                                   WHERE id = :assignment_id AND :kind <> 'session'
                                   ORDER BY version DESC LIMIT 1), :keep_days));

-- name: task_by_idempotency_key
-- The submission that this key made before.
SELECT * FROM processing_tasks WHERE idempotency_key = :key;

-- name: task_by_id
-- One task.
SELECT * FROM processing_tasks WHERE id = :id;

-- name: known_files
-- Every video that a row accounts for.
SELECT video_path FROM processing_tasks WHERE video_path <> '';

-- name: waiting_count
-- Tasks that have not ended: the backlog that admission looks at.
SELECT count(*) AS waiting FROM processing_tasks WHERE current_phase IN ('stt', 'llm');

-- name: submission
-- One submission with its result, what became of its last regrade, and how many waiting tasks are before it.
SELECT t.*, r.score, r.max_score, r.report, r.model, r.server, r.tokens_in, r.tokens_out, r.latency_ms,
    r.assignment_version AS graded_version,
    f.assignment_version AS regrade_version, f.created_at AS regrade_at, f.code AS regrade_code,
    f.stage AS regrade_stage, f.place AS regrade_place, f.message AS regrade_message, f.advice AS regrade_advice,
    CASE WHEN t.status IN ('pending', 'retry') THEN (
        SELECT count(*) FROM processing_tasks a
        WHERE a.current_phase = t.current_phase AND a.status IN ('pending', 'retry')
          AND (coalesce(a.batch_id, 9e15), a.status = 'retry', -a.priority, a.created_at, a.id)
            < (coalesce(t.batch_id, 9e15), t.status = 'retry', -t.priority, t.created_at, t.id)
    ) END AS ahead
FROM processing_tasks t LEFT JOIN results r ON r.task_id = t.id
    AND r.assignment_version = (SELECT max(assignment_version) FROM results WHERE task_id = t.id)
    LEFT JOIN failures f ON f.id = (SELECT max(id) FROM failures
        WHERE task_id = t.id
          AND assignment_version NOT IN (SELECT assignment_version FROM results WHERE task_id = t.id))
WHERE t.id = :id;

-- name: submissions
-- A page of what students handed in, newest first, optionally of one roll number, stage, status, kind or assignment.
SELECT t.*, r.score, r.max_score, r.model, r.server, r.report, r.assignment_version AS graded_version,
    f.assignment_version AS regrade_version, f.created_at AS regrade_at, f.code AS regrade_code,
    f.stage AS regrade_stage, f.place AS regrade_place, f.message AS regrade_message, f.advice AS regrade_advice
FROM processing_tasks t LEFT JOIN results r ON r.task_id = t.id
    AND r.assignment_version = (SELECT max(assignment_version) FROM results WHERE task_id = t.id)
    LEFT JOIN failures f ON f.id = (SELECT max(id) FROM failures
        WHERE task_id = t.id
          AND assignment_version NOT IN (SELECT assignment_version FROM results WHERE task_id = t.id))
WHERE t.purged_at IS NULL AND (:roll_number IS NULL OR t.roll_number = :roll_number)
  AND (:stage IS NULL OR t.current_phase = :stage)
  AND (:status IS NULL OR t.status = :status)
  AND (:assignment_id IS NULL OR t.assignment_id = :assignment_id)
  AND CASE WHEN :kind IS NULL THEN t.kind IN ('intro_video', 'notebook', 'pages') ELSE t.kind = :kind END
ORDER BY t.created_at DESC, t.id DESC LIMIT :limit OFFSET :offset;

-- name: graded_submissions
-- What one version of an assignment gave its submissions, newest first; a newer result changes nothing here.
SELECT t.*, r.score, r.max_score, r.model, r.server, r.report, r.assignment_version AS graded_version,
    NULL AS regrade_version, NULL AS regrade_at, NULL AS regrade_code,
    NULL AS regrade_stage, NULL AS regrade_place, NULL AS regrade_message, NULL AS regrade_advice
FROM processing_tasks t JOIN results r ON r.task_id = t.id AND r.assignment_version = :version
WHERE t.purged_at IS NULL AND t.assignment_id = :assignment_id
  AND t.kind IN ('intro_video', 'notebook', 'pages')
ORDER BY t.created_at DESC, t.id DESC LIMIT :limit;

-- name: count_submissions
-- How many submissions the same filter finds.
SELECT count(*) AS found FROM processing_tasks t
WHERE t.purged_at IS NULL AND (:roll_number IS NULL OR t.roll_number = :roll_number)
  AND (:stage IS NULL OR t.current_phase = :stage)
  AND (:status IS NULL OR t.status = :status)
  AND (:assignment_id IS NULL OR t.assignment_id = :assignment_id)
  AND CASE WHEN :kind IS NULL THEN t.kind IN ('intro_video', 'notebook', 'pages') ELSE t.kind = :kind END;

-- name: totals
-- How many tasks are in which stage.
SELECT current_phase, count(*) AS tasks FROM processing_tasks GROUP BY current_phase;

-- name: recent_batches
-- The newest batches and how many of their tasks are in which stage.
SELECT b.id, b.state, b.size, b.created_at,
       sum(t.current_phase = 'stt') AS stt, sum(t.current_phase = 'llm') AS llm,
       sum(t.current_phase = 'completed') AS completed, sum(t.current_phase = 'failed') AS failed
FROM (SELECT * FROM batches ORDER BY id DESC LIMIT :most) b
JOIN processing_tasks t ON t.batch_id = b.id GROUP BY b.id ORDER BY b.id DESC;

-- name: events_after
-- Events after an id, oldest first.
SELECT id, at, kind, task_id, batch_id, source, target, detail FROM events
WHERE id > :after ORDER BY id LIMIT :most;

-- name: last_event
-- The newest event's id.
SELECT coalesce(max(id), 0) AS id FROM events;

-- name: task_events
-- What happened to one task, oldest first.
SELECT id, at, kind, task_id, batch_id, source, target, detail FROM events WHERE task_id = :id ORDER BY id;

-- name: violations
-- How many breaches of the exclusion there ever were; must be 0.
SELECT count(*) AS breaches FROM events WHERE kind = 'violation';

-- name: switchover_summary
-- How many hand-overs there were, and how long the newest took.
SELECT count(*) AS hand_overs,
       (SELECT leave_seconds + enter_seconds FROM switchovers ORDER BY id DESC LIMIT 1) AS last_seconds
FROM switchovers;

-- name: phase_seconds
-- How long the machine was in each phase, from the first hand-over until now.
SELECT phase, sum(until - at) AS seconds FROM (
    SELECT target AS phase, at, lead(at, 1, :now) OVER (ORDER BY id) AS until FROM events WHERE kind = 'phase'
) GROUP BY phase;

-- name: pace
-- Mean seconds of recent work: STT per second of media, language model per grade, one hand-over.
SELECT
    (SELECT avg(json_extract(detail, '$.compute_seconds') / max(json_extract(detail, '$.media_seconds'), 1.0))
     FROM (SELECT detail FROM events WHERE kind = 'transcribed' ORDER BY id DESC LIMIT 50)) AS stt_per_media_second,
    (SELECT avg(latency_ms) / 1000.0
     FROM (SELECT latency_ms FROM results WHERE model IS NOT NULL ORDER BY created_at DESC LIMIT 50)) AS llm_seconds,
    (SELECT avg(leave_seconds + enter_seconds)
     FROM (SELECT * FROM switchovers ORDER BY id DESC LIMIT 10)) AS switchover_seconds;

-- name: results_of_task
-- A task's results, oldest version first.
SELECT * FROM results WHERE task_id = :id ORDER BY assignment_version;

-- name: open_outbox
-- The next message of each task that is due, fresh ones first: a later one waits until the earlier one has left.
SELECT o.* FROM outbox o
WHERE o.delivered_at IS NULL AND o.gave_up_at IS NULL AND o.next_at <= :now
  AND NOT EXISTS (SELECT 1 FROM outbox e
                  WHERE e.task_id = o.task_id AND e.id < o.id AND e.delivered_at IS NULL AND e.gave_up_at IS NULL)
ORDER BY o.attempts, o.id LIMIT :most;

-- name: next_outbox
-- When the next message becomes due after now.
SELECT min(next_at) AS next_at FROM outbox
WHERE delivered_at IS NULL AND gave_up_at IS NULL AND next_at > :now;

-- name: deliver_outbox
-- The receiver has a message; its last error is past.
UPDATE outbox SET delivered_at = :now, attempts = attempts + 1, last_error = NULL
WHERE id = :id AND delivered_at IS NULL AND gave_up_at IS NULL;

-- name: retry_outbox
-- A try at a message failed.
UPDATE outbox SET attempts = attempts + 1, last_error = :error, next_at = :next_at
WHERE id = :id AND delivered_at IS NULL AND gave_up_at IS NULL;

-- name: give_up_outbox
-- A message is not tried again.
UPDATE outbox SET attempts = attempts + 1, last_error = :error, gave_up_at = :now
WHERE id = :id AND delivered_at IS NULL AND gave_up_at IS NULL;

-- name: expire_outbox
-- Give up all that is too old.
UPDATE outbox SET gave_up_at = :now, last_error = :error
WHERE delivered_at IS NULL AND gave_up_at IS NULL AND created_at < :before RETURNING task_id, attempts;

-- name: hurry_outbox
-- Make messages due that would wait longer; no list: all.
UPDATE outbox SET next_at = :now
WHERE delivered_at IS NULL AND gave_up_at IS NULL AND next_at > :now
  AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)));

-- name: purge_outbox
-- Delete what left long ago and, if told so, what nobody wanted.
DELETE FROM outbox
WHERE coalesce(delivered_at, gave_up_at) < :left_before
   OR (delivered_at IS NULL AND gave_up_at IS NULL AND created_at < :unsent_before);

-- name: outbox_status
-- What waits, what was given up, since when the oldest waits, and why: the waiting ones' error before a past one's.
SELECT count(*) FILTER (WHERE gave_up_at IS NULL) AS pending,
       count(*) FILTER (WHERE gave_up_at IS NOT NULL) AS failed,
       min(created_at) FILTER (WHERE gave_up_at IS NULL) AS oldest_at,
       (SELECT last_error FROM outbox WHERE delivered_at IS NULL AND last_error IS NOT NULL
        ORDER BY gave_up_at IS NOT NULL, gave_up_at DESC, id LIMIT 1) AS last_error
FROM outbox WHERE delivered_at IS NULL;

-- name: model_call
-- The kept model call of this key; one whose text retention has dropped is none.
SELECT * FROM model_calls WHERE key = :key AND raw_reply IS NOT NULL;

-- name: keep_model_call
-- Keep a model call, unless there is one under its key that still has its text, another one than :instead_of.
INSERT INTO model_calls (key, task_id, stage, model, server, prompt_hash, tokens_in, tokens_out, latency_ms,
                         load_ms, attempts, raw_reply, created_at)
VALUES (:key, :task_id, :stage, :model, :server, :prompt_hash, :tokens_in, :tokens_out, :latency_ms,
        :load_ms, :attempts, :raw_reply, :now)
ON CONFLICT (key) DO UPDATE SET
    task_id = excluded.task_id, stage = excluded.stage, model = excluded.model, server = excluded.server,
    prompt_hash = excluded.prompt_hash, tokens_in = excluded.tokens_in, tokens_out = excluded.tokens_out,
    latency_ms = excluded.latency_ms, load_ms = excluded.load_ms, attempts = excluded.attempts,
    raw_reply = excluded.raw_reply, created_at = excluded.created_at
WHERE model_calls.raw_reply IS NULL OR model_calls.raw_reply = :instead_of;

-- name: assignment_version
-- One version of an assignment.
SELECT * FROM assignments WHERE id = :id AND version = :version;

-- name: latest_assignment
-- The newest version of an assignment.
SELECT * FROM assignments WHERE id = :id ORDER BY version DESC LIMIT 1;

-- name: latest_assignments
-- The newest version of each assignment.
SELECT * FROM assignments a
WHERE version = (SELECT max(version) FROM assignments b WHERE b.id = a.id) ORDER BY id;

-- name: insert_assignment
-- A further version of an assignment.
INSERT INTO assignments (id, version, kind, title, definition, created_at)
VALUES (:id, :version, :kind, :title, :definition, :created_at);

-- name: assignment_tally
-- How many submissions an assignment has, and how many have ended how.
SELECT count(*) AS submitted, coalesce(sum(current_phase = 'completed'), 0) AS graded,
       coalesce(sum(current_phase = 'failed'), 0) AS failed
FROM processing_tasks WHERE assignment_id = :id AND kind IN ('intro_video', 'notebook', 'pages');

-- name: assignment_reasons
-- Why submissions of an assignment ended without a grade, the commonest reason first.
SELECT error_code AS code, coalesce(max(error_message), 'no reason was given') AS message, count(*) AS tasks
FROM processing_tasks
WHERE assignment_id = :id AND kind IN ('intro_video', 'notebook', 'pages') AND current_phase = 'failed'
GROUP BY error_code ORDER BY tasks DESC, error_code;

-- name: assignment_kept
-- Why regrades of an assignment's submissions ended without a grade, so that an earlier one stays; commonest first.
SELECT f.code, max(f.message) AS message, count(DISTINCT t.id) AS tasks
FROM processing_tasks t JOIN failures f ON f.task_id = t.id
    AND f.assignment_version NOT IN (SELECT assignment_version FROM results WHERE task_id = t.id)
WHERE t.assignment_id = :id AND t.kind IN ('intro_video', 'notebook', 'pages') AND t.current_phase = 'completed'
GROUP BY f.code ORDER BY tasks DESC, f.code;

-- name: assignment_provisional
-- How many of an assignment's newest results a person must confirm; doubted: further ones, by id and version.
SELECT count(*) AS tasks FROM processing_tasks t JOIN results r ON r.task_id = t.id
    AND r.assignment_version = (SELECT max(assignment_version) FROM results WHERE task_id = t.id)
WHERE t.assignment_id = :id AND t.kind IN ('intro_video', 'notebook', 'pages') AND t.current_phase = 'completed'
  AND (coalesce(json_array_length(r.report, '$.review'), 0) > 0
       OR t.id || ' ' || r.assignment_version IN (SELECT value FROM json_each(:doubted)));

-- name: graded_versions
-- The versions that gave an assignment's submissions their newest results.
SELECT DISTINCT (SELECT max(assignment_version) FROM results WHERE task_id = t.id) AS version FROM processing_tasks t
WHERE t.assignment_id = :id AND t.kind IN ('intro_video', 'notebook', 'pages') AND t.current_phase = 'completed'
  AND EXISTS (SELECT 1 FROM results WHERE task_id = t.id) ORDER BY version;

-- name: assignment_tasks
-- The submissions of an assignment, oldest first.
SELECT id FROM processing_tasks
WHERE assignment_id = :id AND kind IN ('intro_video', 'notebook', 'pages') ORDER BY created_at, id;

-- name: assignment_ratings
-- What each model made of the submissions under one version; of each, in the order in which they were asked.
SELECT r.task_id, r.model, r.attempt, r.server, r.score, r.max_score, r.marks FROM ratings r
JOIN processing_tasks t ON t.id = r.task_id
WHERE t.assignment_id = :id AND r.assignment_version = :version ORDER BY r.task_id, r.rowid;

-- name: ratings_mark
-- What changes with the ratings under one version and with the submissions of its assignment.
SELECT count(*) AS ratings, max(r.rowid) AS newest, max(r.created_at) AS latest,
       (SELECT count(*) FROM processing_tasks WHERE assignment_id = :id) AS submissions
FROM processing_tasks t JOIN ratings r ON r.task_id = t.id AND r.assignment_version = :version
WHERE t.assignment_id = :id;

-- name: compared_grade
-- Whether a plan lets several models grade, how many graded a submission, and whether another one graded a neighbour.
SELECT CASE a.plan WHEN 'both' THEN 1 WHEN 'round_robin' THEN a.kind <> 'notebook' ELSE 0 END AS compares,
       (SELECT count(DISTINCT model) FROM ratings WHERE task_id = :id AND assignment_version = :version) AS models,
       EXISTS (SELECT 1 FROM processing_tasks t JOIN ratings r ON r.task_id = t.id AND r.assignment_version = :version
               WHERE t.assignment_id = :assignment_id AND r.model NOT IN (
                   SELECT model FROM ratings WHERE task_id = :id AND assignment_version = :version)) AS others
FROM (SELECT kind, json_extract(definition, '$.plan.plan') AS plan FROM assignments
      WHERE id = :assignment_id AND version = :version) a;

-- name: assignment_caps
-- The lowest cap of a guard that each result under one version keeps to; a score is rounded, so it may be 0.05 above.
SELECT r.task_id, min(json_extract(r.report, g.fullkey || '.cap')) AS cap
FROM processing_tasks t JOIN results r ON r.task_id = t.id AND r.assignment_version = :version
JOIN json_each(r.report, '$.guards') g
WHERE t.assignment_id = :id AND json_type(r.report, g.fullkey || '.cap') IN ('integer', 'real')
  AND json_extract(r.report, g.fullkey || '.cap') >= r.score - 0.051
GROUP BY r.task_id;

-- name: newest_failures
-- The parts of several submissions that ended without a result, under the version that gave the newest result.
SELECT f.task_id, f.code, f.stage, f.place, f.message, f.advice FROM failures f
WHERE f.task_id IN (SELECT value FROM json_each(:ids))
  AND f.assignment_version = (SELECT max(assignment_version) FROM results WHERE task_id = f.task_id) ORDER BY f.id;

-- name: task_failures
-- The parts of a submission that ended without a result under one version.
SELECT code, stage, place, message, advice FROM failures
WHERE task_id = :id AND assignment_version = :version ORDER BY id;

-- name: page_texts
-- What was read on the pages of a submission.
SELECT page, engine, confidence, lines FROM page_texts WHERE task_id = :task_id ORDER BY page;

-- name: keep_page_text
-- Keep what was read on a page, unless there is something already.
INSERT INTO page_texts (task_id, page, engine, confidence, lines, created_at)
VALUES (:task_id, :page, :engine, :confidence, :lines, :now) ON CONFLICT (task_id, page) DO NOTHING;

-- name: forget_page_texts
-- Have the pages of a submission read anew.
DELETE FROM page_texts WHERE task_id = :task_id;

-- name: unread_submissions
-- The page submissions of an assignment of which nothing was read, oldest first, and the task that is to read each.
WITH readers AS MATERIALIZED (
    SELECT json_extract(request, '$.submission') AS submission, min(id) AS id FROM processing_tasks
    WHERE assignment_id = :assignment_id AND kind = 'transcription' AND current_phase NOT IN ('completed', 'failed')
    GROUP BY submission
)
SELECT t.id, r.id AS reader FROM processing_tasks t LEFT JOIN readers r ON r.submission = t.id
WHERE t.assignment_id = :assignment_id AND t.kind = 'pages' AND t.purged_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM page_texts p WHERE p.task_id = t.id)
ORDER BY t.created_at, t.id;

-- name: pages_file
-- Where the file of a submission of pages is.
SELECT video_path FROM processing_tasks WHERE id = :id AND kind = 'pages' AND purged_at IS NULL;

-- name: insert_session
-- A new session, without pages and questions.
INSERT INTO sessions (id, title, created_at, updated_at) VALUES (:id, :title, :now, :now);

-- name: session
-- One session.
SELECT * FROM sessions WHERE id = :id;

-- name: write_questions
-- A session's questions, in place of those before.
UPDATE sessions SET questions = :questions, updated_at = :now WHERE id = :id;

-- name: session_images
-- The page images of a session, by role, in their order.
SELECT * FROM images WHERE session_id = :session_id ORDER BY role, order_index;

-- name: count_session_images
-- How many page images of a role a session has.
SELECT count(*) AS images FROM images WHERE session_id = :session_id AND role = :role;

-- name: insert_image
-- A page image; its file is already synced to disk. Nothing when its place is taken.
INSERT INTO images (id, session_id, role, order_index, file_name, path, media_type, width, height, size_bytes, sha256,
                    created_at)
VALUES (:id, :session_id, :role, :order_index, :file_name, :path, :media_type, :width, :height, :size_bytes, :sha256,
        :now)
ON CONFLICT (session_id, role, order_index) DO NOTHING;

-- name: write_image_lines
-- What was read on a page image.
UPDATE images SET read_by = :read_by, confidence = :confidence, lines = :lines WHERE id = :id;

-- name: known_images
-- Every file of a page image that a row accounts for.
SELECT path FROM images;

-- name: prompt
-- A stored prompt template.
SELECT * FROM prompts WHERE name = :name;

-- name: write_prompt
-- Store a prompt template.
INSERT INTO prompts (name, template, updated_at) VALUES (:name, :template, :now)
ON CONFLICT (name) DO UPDATE SET template = excluded.template, updated_at = excluded.updated_at;

-- name: delete_prompt
-- Go back to the program's own prompt.
DELETE FROM prompts WHERE name = :name;

-- name: keep_rubric_result
-- A model's reading of a session's rubric. One that failed never takes the place of the same call's that did not.
INSERT INTO rubric_results (session_id, model, attempt, rubric_response, raw_output, validation_errors, warnings,
                            failure, read_from, call_key, server, tokens_in, tokens_out, latency_ms, created_at)
VALUES (:session_id, :model, :attempt, :rubric_response, :raw_output, :validation_errors, :warnings,
        :failure, :read_from, :call_key, :server, :tokens_in, :tokens_out, :latency_ms, :now)
ON CONFLICT (session_id, model, attempt) DO UPDATE SET
    rubric_response = excluded.rubric_response, raw_output = excluded.raw_output,
    validation_errors = excluded.validation_errors, warnings = excluded.warnings, failure = excluded.failure,
    read_from = excluded.read_from, call_key = excluded.call_key, server = excluded.server,
    tokens_in = excluded.tokens_in, tokens_out = excluded.tokens_out, latency_ms = excluded.latency_ms,
    created_at = excluded.created_at
WHERE excluded.failure IS NULL OR rubric_results.failure IS NOT NULL
   OR rubric_results.call_key IS NOT excluded.call_key;

-- name: rubric_results
-- The readings of a session's rubric.
SELECT * FROM rubric_results WHERE session_id = :session_id ORDER BY model, attempt;

-- name: keep_assessment_result
-- How a try of a pair ended, in place of how it ended before.
INSERT INTO assessment_results (session_id, task_id, pair_index, attempt, instance_id, rubric_model, assessment_model,
                                state, marks, raw_output, validation_errors, failure, read_from, call_key, server,
                                tokens_in, tokens_out, latency_ms, created_at)
VALUES (:session_id, :task_id, :pair_index, :attempt, :instance_id, :rubric_model, :assessment_model,
        :state, :marks, :raw_output, :validation_errors, :failure, :read_from, :call_key, :server,
        :tokens_in, :tokens_out, :latency_ms, :now)
ON CONFLICT (task_id, pair_index, attempt) DO UPDATE SET
    state = excluded.state, marks = excluded.marks, raw_output = excluded.raw_output,
    validation_errors = excluded.validation_errors, failure = excluded.failure, read_from = excluded.read_from,
    call_key = excluded.call_key, server = excluded.server, tokens_in = excluded.tokens_in,
    tokens_out = excluded.tokens_out, latency_ms = excluded.latency_ms, created_at = excluded.created_at;

-- name: assessment_results
-- How the tries of a grading ended.
SELECT * FROM assessment_results WHERE task_id = :task_id ORDER BY pair_index, attempt;

-- name: session_tasks
-- The gradings of a session, newest first.
SELECT id FROM processing_tasks
WHERE kind = 'session' AND json_extract(request, '$.session_id') = :session_id
ORDER BY created_at DESC, id DESC LIMIT :most;

-- name: session_usage
-- What all gradings of a session have asked for, by stage and model; shared calls count for who asked first.
SELECT c.stage, c.model, count(*) AS calls, sum(c.attempts) AS requests, sum(c.tokens_in) AS tokens_in,
       sum(c.tokens_out) AS tokens_out, sum(c.latency_ms) AS latency_ms
FROM model_calls c JOIN processing_tasks t ON t.id = c.task_id
WHERE t.kind = 'session' AND json_extract(t.request, '$.session_id') = :session_id
GROUP BY c.stage, c.model ORDER BY c.stage, c.model;

-- name: task_usage
-- What a task has asked for in all.
SELECT coalesce(sum(tokens_in), 0) AS tokens_in, coalesce(sum(tokens_out), 0) AS tokens_out,
       coalesce(sum(latency_ms), 0) AS latency_ms, coalesce(sum(load_ms), 0) AS load_ms
FROM model_calls WHERE task_id = :task_id;

-- name: call_totals
-- What all kept calls have cost, by stage and model; from the index alone.
SELECT stage, model, count(*) AS calls, sum(attempts) AS requests, sum(tokens_in) AS tokens_in,
       sum(tokens_out) AS tokens_out
FROM model_calls GROUP BY stage, model ORDER BY stage, model;

-- name: insert_upload
-- An upload that will arrive in pieces.
INSERT INTO uploads (id, client, length, received, metadata, created_at, updated_at, expires_at, task_id)
VALUES (:id, :client, :length, :received, :metadata, :created_at, :updated_at, :expires_at, :task_id);

-- name: upload_by_id
-- One upload in pieces.
SELECT * FROM uploads WHERE id = :id;

-- name: open_upload_by_key
-- The newest upload that still goes on and was begun with this idempotency key.
SELECT * FROM uploads
WHERE task_id IS NULL AND refusal IS NULL AND expires_at > :now AND json_extract(metadata, '$.key') = :key
ORDER BY created_at DESC, id LIMIT 1;

-- name: open_uploads
-- Uploads that are neither a submission nor refused: their files are kept.
SELECT * FROM uploads WHERE task_id IS NULL AND refusal IS NULL ORDER BY created_at, id;

-- name: open_upload_count
-- How many uploads a client has begun that are neither a submission nor refused.
SELECT count(*) AS uploads FROM uploads WHERE client = :client AND task_id IS NULL AND refusal IS NULL;

-- name: expired_uploads
-- Uploads that are to be forgotten.
SELECT * FROM uploads WHERE expires_at <= :now ORDER BY expires_at, id;

-- name: advance_upload
-- So many bytes of an upload are durable now.
UPDATE uploads SET received = :received, length = :length, updated_at = :now, expires_at = :expires_at
WHERE id = :id AND task_id IS NULL AND refusal IS NULL;

-- name: settle_upload
-- An upload has become a submission; its answer is now that one.
UPDATE uploads SET task_id = :task_id, updated_at = :now WHERE id = :id AND task_id IS NULL AND refusal IS NULL;

-- name: refuse_upload
-- An upload is refused for good; the reason is told again to whoever asks, and nothing else of it is kept.
UPDATE uploads SET refusal = :refusal, metadata = '{}', updated_at = :now WHERE id = :id AND task_id IS NULL;

-- name: expire_upload
-- An upload whose time is over goes, if it is neither a submission nor refused: its file goes after it.
DELETE FROM uploads WHERE id = :id AND expires_at <= :now AND task_id IS NULL AND refusal IS NULL;

-- name: expire_ended_upload
-- The row of an upload that has ended goes when its time is over; what became of it stays.
DELETE FROM uploads WHERE id = :id AND expires_at <= :now AND (task_id IS NOT NULL OR refusal IS NOT NULL);

-- name: delete_upload
-- An upload is forgotten.
DELETE FROM uploads WHERE id = :id;

-- name: follow_retention
-- Give every submission the date that its assignment's newest version, or the setting, says; a teacher's date stays.
UPDATE processing_tasks AS t SET delete_after = t.created_at + 86400.0 * p.days
FROM (SELECT a.id AS id, coalesce(json_extract(a.definition, '$.retention_days'), :days) AS days, 0 AS sessions
      FROM assignments a WHERE a.version = (SELECT max(version) FROM assignments WHERE id = a.id)
      UNION ALL SELECT NULL, :days, 1) p
WHERE t.purged_at IS NULL AND (p.sessions = (t.kind = 'session')) AND (p.sessions OR p.id = t.assignment_id)
  AND (:id IS NULL OR t.id = :id)
  AND t.delete_after IS NOT t.created_at + 86400.0 * p.days
  AND coalesce((SELECT e.kind FROM events e WHERE e.task_id = t.id AND e.kind IN ('date_set', 'date_unset')
                ORDER BY e.id DESC LIMIT 1), 'date_unset') = 'date_unset';

-- name: set_deletion_date
-- A teacher's own date for one submission; null: never by itself.
UPDATE processing_tasks SET delete_after = :at WHERE id = :id AND purged_at IS NULL;

-- name: due_deletions
-- What has ended and is to be forgotten by now.
SELECT id, kind, assignment_id, created_at, delete_after FROM processing_tasks
WHERE purged_at IS NULL AND delete_after <= :now AND current_phase IN ('completed', 'failed')
ORDER BY delete_after, id;

-- name: next_deletion
-- When the next date comes.
SELECT min(delete_after) AS at FROM processing_tasks WHERE purged_at IS NULL AND delete_after > :now;

-- name: newest_row
-- The time of the newest row, by which a clock is judged that was not seen before.
SELECT max(updated_at) AS at FROM processing_tasks;

-- name: readings_of
-- Tasks that read the pages of a submission, and so hold what is on them.
SELECT id, current_phase FROM processing_tasks
WHERE kind = 'transcription' AND purged_at IS NULL AND json_extract(request, '$.submission') = :id;

-- name: unended_with_readings
-- A submission and the tasks that read its pages, as far as they have not ended.
SELECT id FROM processing_tasks
WHERE current_phase IN ('stt', 'llm')
  AND (id = :id OR (kind = 'transcription' AND json_extract(request, '$.submission') = :id));

-- name: gradings_left
-- How many gradings of a session are not forgotten, one left aside.
SELECT count(*) AS gradings FROM processing_tasks
WHERE kind = 'session' AND id <> :id AND purged_at IS NULL AND json_extract(request, '$.session_id') = :session_id;

-- name: session_touched
-- When somebody last worked on a session: its own rows and its pages.
SELECT max(s.updated_at, coalesce((SELECT max(i.created_at) FROM images i WHERE i.session_id = s.id), 0)) AS at
FROM sessions s WHERE s.id = :session_id;

-- name: idle_sessions
-- Sessions that have no grading (none was asked for, or all are forgotten) and that nobody has touched since.
SELECT s.id FROM sessions s WHERE s.updated_at < :before
  AND NOT EXISTS (SELECT 1 FROM images i WHERE i.session_id = s.id AND i.created_at >= :before)
  AND NOT EXISTS (SELECT 1 FROM processing_tasks t
                  WHERE t.kind = 'session' AND json_extract(t.request, '$.session_id') = s.id);

-- name: forget_task
-- What is left of a submission: a row without a name. ``request``: the files that are still to be removed.
UPDATE processing_tasks
SET user_id = '', roll_number = '', student_name = '', file_name = '', video_path = '', transcript_path = NULL,
    size_bytes = 0, sha256 = '', media_seconds = NULL, idempotency_key = NULL, error_message = NULL,
    request = :files, purged_at = :now, updated_at = :now
WHERE id = :id AND purged_at IS NULL AND current_phase IN ('completed', 'failed');

-- name: unfinished_purges
-- Rows whose files may still be there, and those of late: whoever worked on them may have written something after it.
SELECT id, request FROM processing_tasks WHERE purged_at IS NOT NULL AND (request IS NOT NULL OR purged_at >= :since);

-- name: finish_purge
-- The files are gone, and so is what the state file held of them.
UPDATE processing_tasks SET request = NULL WHERE id = :id AND purged_at IS NOT NULL;

-- name: forgotten
-- Every submission that was forgotten.
SELECT id, purged_at FROM processing_tasks WHERE purged_at IS NOT NULL;

-- name: forget_results
-- Its results.
DELETE FROM results WHERE task_id = :id;

-- name: forget_ratings
-- What each model made of it.
DELETE FROM ratings WHERE task_id = :id;

-- name: forget_failures
-- The parts of it that failed.
DELETE FROM failures WHERE task_id = :id;

-- name: forget_assessments
-- How the tries of a grading ended.
DELETE FROM assessment_results WHERE task_id = :id;

-- name: forget_outbox
-- What the college was, or is, to be told of it.
DELETE FROM outbox WHERE task_id = :id;

-- name: forget_uploads
-- The upload that it was made of: its metadata holds names.
DELETE FROM uploads WHERE task_id = :id;

-- name: forget_calls
-- Replies about it, and what could be recognised by its content; the numbers stay for the sums.
UPDATE model_calls SET key = 'purged-' || lower(hex(randomblob(16))), prompt_hash = '', raw_reply = NULL
WHERE task_id = :id AND (raw_reply IS NOT NULL OR prompt_hash <> '');

-- name: forget_event_details
-- Of what happened to it: numbers, names of models and servers, and codes stay.
UPDATE events SET detail = (
    SELECT json_group_object(key, value) FROM json_each(events.detail)
    WHERE type IN ('integer', 'real', 'true', 'false', 'null') OR key IN ('model', 'server', 'error'))
WHERE task_id = :id AND detail IS NOT NULL;

-- name: forgotten_sessions
-- Every session that was forgotten.
SELECT json_extract(detail, '$.session') AS id FROM events WHERE kind = 'session_purged';

-- name: images_of_session
-- The files of a session's pages.
SELECT path FROM images WHERE session_id = :session_id;

-- name: forget_images
-- The page images of a session.
DELETE FROM images WHERE session_id = :session_id RETURNING path;

-- name: forget_rubric_results
-- The readings of a session's rubric.
DELETE FROM rubric_results WHERE session_id = :session_id;

-- name: forget_session_assessments
-- What is left of the tries of a session's gradings.
DELETE FROM assessment_results WHERE session_id = :session_id;

-- name: forget_session
-- The session itself.
DELETE FROM sessions WHERE id = :session_id;

-- name: drop_call_replies
-- The texts of replies about what ended long enough ago; their numbers stay.
UPDATE model_calls SET raw_reply = NULL
WHERE raw_reply IS NOT NULL AND task_id IN (
    SELECT id FROM processing_tasks WHERE current_phase IN ('completed', 'failed') AND completed_at < :before);

-- name: drop_result_replies
-- The same of results.
UPDATE results SET raw_reply = NULL
WHERE raw_reply IS NOT NULL AND task_id IN (
    SELECT id FROM processing_tasks WHERE current_phase IN ('completed', 'failed') AND completed_at < :before);

-- name: drop_assessment_replies
-- The same of the tries of gradings.
UPDATE assessment_results SET raw_output = NULL
WHERE raw_output IS NOT NULL AND task_id IN (
    SELECT id FROM processing_tasks WHERE current_phase IN ('completed', 'failed') AND completed_at < :before);

-- name: drop_rubric_replies
-- The same of the readings of rubrics, once all gradings of the session have ended.
UPDATE rubric_results SET raw_output = NULL
WHERE raw_output IS NOT NULL AND created_at < :before AND session_id NOT IN (
    SELECT json_extract(request, '$.session_id') FROM processing_tasks
    WHERE kind = 'session' AND request IS NOT NULL AND purged_at IS NULL
      AND (completed_at IS NULL OR completed_at >= :before));
