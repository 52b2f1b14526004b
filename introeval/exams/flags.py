"""What is to be said of a session's pages themselves, where a model got them as text. Pure."""

from collections.abc import Mapping

from introeval.exams.failures import rubric_place
from introeval.exams.material import TITLES, Material, Role
from introeval.exams.readings import Reading
from introeval.grading.report import Flag
from introeval.pages.grade import sheet_flags


def flags_and_doubts(
    material: Material | None, readings: Mapping[tuple[str, int], Reading]
) -> tuple[tuple[Flag, ...], tuple[str, ...]]:
    """What a teacher should look at, and what keeps the grade from being final.

    ``material``: as text; ``None`` when all models saw pictures. ``readings``: of the rubric, by model and try.
    """
    doubts = [
        f"{rubric_place(*who)}: {warning}"
        for who, reading in readings.items()
        for warning in reading.warnings
    ]
    flags = [Flag(code="rubric_warning", message=warning) for warning in doubts]
    if material is not None and material.student.sheet is not None:
        of_student, doubts_of_student = sheet_flags(material.student.sheet)
        flags += of_student
        doubts += doubts_of_student
        for role in (Role.RUBRIC, Role.ANSWER_KEY):
            sheet = material.of(role).sheet
            bad = [] if sheet is None else [page.page for page in sheet.pages if page.unsure]
            if bad:
                pages = ", ".join(str(page) for page in bad)
                message = f"Of {TITLES[role]}, page {pages} was hard to read."
                flags.append(Flag(code="hard_to_read", message=message))
                doubts.append(message)
    return tuple(flags), tuple(doubts)
