"""Rows to values. Paths are kept relative to the state directory and handed out absolute."""

import sqlite3
from functools import cache
from pathlib import Path

from scheduler.task import Batch, BatchState, Stage, Status, Task, TaskState


def task_from_row(row: sqlite3.Row, root: Path) -> Task:
    """A row of ``processing_tasks``; ``root`` is the state directory."""
    # A row looks a name up by comparing it with each of its columns' in turn.
    values = dict(zip(row.keys(), row, strict=True))
    transcript = values["transcript_path"]
    return Task(
        id=values["id"],
        user_id=values["user_id"],
        roll_number=values["roll_number"],
        student_name=values["student_name"],
        file_name=values["file_name"],
        video_path=f"{root}/{values['video_path']}",
        transcript_path=None if transcript is None else f"{root}/{transcript}",
        state=_state(values["current_phase"], values["status"]),
        priority=values["priority"],
        created_at=values["created_at"],
        updated_at=values["updated_at"],
        completed_at=values["completed_at"],
        batch_id=values["batch_id"],
        retry_count=values["retry_count"],
        lease=values["lease"],
        media_seconds=values["media_seconds"],
        error_code=values["error_code"],
        error_message=values["error_message"],
        kind=values["kind"],
        assignment_id=values["assignment_id"],
        assignment_version=values["assignment_version"],
        request=values["request"],
    )


@cache
def _state(phase: str, status: str) -> TaskState:
    return TaskState(Stage(phase), Status(status))


def batch_from_row(row: sqlite3.Row) -> Batch:
    """A row of ``batches``."""
    return Batch(id=row["id"], state=BatchState(row["state"]), created_at=row["created_at"], size=row["size"])
