"""Rows to values. Paths are kept relative to the state directory and handed out absolute."""

import sqlite3
from functools import cache
from pathlib import Path

from scheduler.task import Batch, BatchState, Stage, Status, Task, TaskState


def task_from_row(row: sqlite3.Row, root: Path) -> Task:
    """A row of ``processing_tasks``; ``root`` is the state directory."""
    transcript = row["transcript_path"]
    return Task(
        id=row["id"],
        user_id=row["user_id"],
        roll_number=row["roll_number"],
        student_name=row["student_name"],
        file_name=row["file_name"],
        video_path=f"{root}/{row['video_path']}",
        transcript_path=None if transcript is None else f"{root}/{transcript}",
        state=_state(row["current_phase"], row["status"]),
        priority=row["priority"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        completed_at=row["completed_at"],
        batch_id=row["batch_id"],
        retry_count=row["retry_count"],
        lease=row["lease"],
        media_seconds=row["media_seconds"],
        error_code=row["error_code"],
        error_message=row["error_message"],
        kind=row["kind"],
        assignment_id=row["assignment_id"],
        assignment_version=row["assignment_version"],
        request=row["request"],
    )


@cache
def _state(phase: str, status: str) -> TaskState:
    return TaskState(Stage(phase), Status(status))


def batch_from_row(row: sqlite3.Row) -> Batch:
    """A row of ``batches``."""
    return Batch(id=row["id"], state=BatchState(row["state"]), created_at=row["created_at"], size=row["size"])
