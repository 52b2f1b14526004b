"""What must hold at every commit, read from the tables by a connection of its own."""

import sqlite3

MAX_RETRIES = 2

# Each finds the rows that break the rule in its name.
_NEVER = {
    "the counters of system_state differ from the rows": """
        SELECT * FROM system_state WHERE
            stt_queue_count <> (SELECT count(*) FROM processing_tasks
                WHERE current_phase = 'stt' AND status IN ('pending', 'retry'))
            OR llm_queue_count <> (SELECT count(*) FROM processing_tasks
                WHERE current_phase = 'llm' AND status IN ('pending', 'retry'))
            OR active_workers <> (SELECT count(*) FROM processing_tasks WHERE status = 'processing')""",
    "STT and language-model work are handed out at once": """
        SELECT a.id, b.id FROM processing_tasks a, processing_tasks b
        WHERE a.status = 'processing' AND b.status = 'processing'
            AND a.current_phase = 'stt' AND b.current_phase = 'llm'""",
    "work is handed out in the other side's phase": """
        SELECT t.id FROM processing_tasks t, system_state s
        WHERE t.status = 'processing' AND t.current_phase <> s.current_phase""",
    "a task has a result and is not completed, or the other way round": """
        SELECT t.id FROM processing_tasks t LEFT JOIN results r ON r.task_id = t.id
        WHERE (t.current_phase = 'completed') <> (r.task_id IS NOT NULL)""",
    "a task failed without a reason": """
        SELECT id FROM processing_tasks
        WHERE current_phase = 'failed' AND (error_message IS NULL OR error_code IS NULL)""",
    "a task was retried too often": f"SELECT id FROM processing_tasks WHERE retry_count > {MAX_RETRIES}",
    "a task waits for a grade without a transcript": """
        SELECT id FROM processing_tasks WHERE current_phase IN ('llm', 'completed') AND transcript_path IS NULL""",
    "a task was transcribed or evaluated twice": """
        SELECT task_id, kind FROM events WHERE kind IN ('transcribed', 'evaluated')
        GROUP BY task_id, kind HAVING count(*) > 1""",
    "a task's state is not the one that its last event led to": """
        SELECT t.id FROM processing_tasks t JOIN events e
            ON e.id = (SELECT max(id) FROM events WHERE task_id = t.id)
        WHERE e.target <> t.current_phase || '/' || t.status""",
    "two batches wait for STT": "SELECT max(id) FROM batches WHERE state = 'waiting' HAVING count(*) > 1",
    "a batch is done with open tasks, or open with none": """
        SELECT b.id FROM batches b WHERE (b.state = 'done') = EXISTS (
            SELECT 1 FROM processing_tasks t WHERE t.batch_id = b.id AND t.current_phase IN ('stt', 'llm'))""",
}


def broken(tables: sqlite3.Connection, accepted: set[str]) -> list[str]:
    """Which rules the last commit breaks."""
    found = [f"{rule}: {row}" for rule, sql in _NEVER.items() if (row := _first(tables, sql))]
    rows = {row[0] for row in tables.execute("SELECT id FROM processing_tasks")}
    return found + [f"{task_id} was accepted and is lost" for task_id in sorted(accepted - rows)]


def _first(tables: sqlite3.Connection, sql: str) -> list[object] | None:
    row = tables.execute(sql).fetchone()
    return None if row is None else list(row)
