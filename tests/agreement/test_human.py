"""A teacher's file of grades: every spreadsheet's habits, and every mistake told with its place."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from introeval.agreement.errors import HumanGradesError, Problem
from introeval.agreement.human import HumanGrade, read_grades
from introeval.agreement.matching import match
from introeval.agreement.raters import Scale
from introeval.cli.cells import csv_text

ROLLS = {"t1": "R1", "t2": "R2", "t3": "R3", "t4": "R3"}


def scores(data: bytes) -> list[tuple[str, str | None, float | None]]:
    """Whose, which question, how much."""
    return [(grade.submission or grade.roll, grade.question, grade.score) for grade in read_grades(data)]


def problems(data: bytes) -> list[Problem]:
    """What is wrong with the file."""
    with pytest.raises(HumanGradesError) as caught:
        read_grades(data)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    "data",
    [
        b"roll_number,score\nR1,7.5\nR2,\n",
        b"Roll No.;Marks\r\nR1;7,5\r\nR2;\r\n",
        b"\xef\xbb\xbfROLL-NUMBER\tGrade\nR1\t7,50\nR2\t\n",
        b'name,roll number,human score\n"Rao, Asha",R1,"7,5"\n"Ben\nB.",R2,\n\n',
        b"sep=;\nroll;points\nR1;7.5\nR2;\n",
        b"\n,\nroll,score\nR1,7.5\n,,\nR2\n",
        "roll;score\nR1;7,5\nR2;\n".encode("utf-16"),
        b"roll_number;name;score\nR1;J\xfcrgen;7,5\nR2;;\n",
        b"roll,score\rR1,07.500\rR2,\r",
    ],
    ids=["plain", "excel", "tabs", "quoted", "sep", "blank lines", "utf-16", "windows-1252", "old mac"],
)
def test_spreadsheets_habits(data: bytes) -> None:
    """All of these are R1 with 7.5 and R2 without a grade."""
    assert scores(data) == [("R1", None, 7.5), ("R2", None, None)]


def test_questions_and_lines() -> None:
    """A criterion a row; lines are counted as an editor does, whatever is inside quotes."""
    data = b'id,criterion,score,remark\nt1,Content structure,8,"two\nlines"\nt1,clarity,0,\n'
    assert read_grades(data) == (
        HumanGrade(line=2, submission="t1", roll="", question="Content structure", score=8),
        HumanGrade(line=4, submission="t1", roll="", question="clarity", score=0),
    )


def test_our_own_csv_with_its_scores_overwritten() -> None:
    """The id decides; the apostrophe before a formula is taken away again."""
    data = csv_text(
        ("roll_number", "name", "score", "max_score", "id"), [("=R1", "A", 7.5, 10, "t1")]
    ).encode()
    assert read_grades(data) == (HumanGrade(2, "t1", "=R1", None, 7.5),)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (b"8/10", "'8/10'"),
        (b"-1", "'-1'"),
        (b"nan", "'nan'"),
        (b"inf", "'inf'"),
        (b"1e3", "'1e3'"),
        (b"good", "'good'"),
        (b"1.234.5", "'1.234.5'"),
        (b"=1+1", "'=1+1'"),
        (b"\x1b[31m9", "'?[31m9'"),
        ("\u0667".encode(), "'\u0667'"),
        (b"9" * 100, f"'{'9' * 40}...'"),
    ],
)
def test_what_is_no_score(cell: bytes, shown: str) -> None:
    """Named with its line, its column and itself, short and without what steers a terminal."""
    (problem,) = problems(b"roll;Marks\nR1;5\nR2;" + cell + b"\n")
    assert (problem.line, problem.column) == (3, "'Marks'")
    assert problem.message.startswith(f"{shown} is no score")


def test_all_that_is_wrong_is_told_at_once() -> None:
    """Line and column of each; the sentence holds ten and says how many more there are."""
    data = b"roll,question,score\n,1,5\nR1,,5\nR1,2,x\n" + b"".join(b"R%d,1,x\n" % n for n in range(9))
    with pytest.raises(HumanGradesError) as caught:
        read_grades(data)
    found = [(problem.line, problem.column) for problem in caught.value.problems]
    assert found[:3] == [(2, "'roll'"), (3, "'question'"), (4, "'score'")]
    assert len(found) == 12
    assert "line 2, column 'roll': it is empty" in str(caught.value)
    assert "and 2 more" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"", 1, "the file is empty"),
        (b"\n,,\n", 2, "no such column"),
        (b"roll,remark\nR1,good\n", 1, "no such column (there are: 'roll', 'remark')"),
        (b"name,score\nA,5\n", 1, "neither this nor 'id'"),
        (b"roll,score,Marks\nR1,5,5\n", 1, "'score' and 'Marks' both mean the score"),
        (b"roll,score\nR1,7,5\n", 2, "more cells than the header"),
        (b"roll,score\nR1,5\nR1,6\n", 3, "'R1' was graded in line 2 already"),
        (b'roll,score\nR1,5\n"R2,6\n', 3, "this is no CSV"),
        (b"roll,score\n" + b"x" * 201 + b",6\n", 2, "longer than 200 characters"),
        (b"roll,score\n" + b" " * 5_000_000, 1, "larger than 5 MB"),
        (b"roll,score\n" + b"R,\n" * 100_001, 100_002, "more than 100000 rows"),
    ],
)
def test_files_that_cannot_be_used(data: bytes, line: int, message: str) -> None:
    """The first place and the reason."""
    problem = problems(data)[0]
    assert problem.line == line
    assert message in problem.message


@given(st.binary(max_size=200) | st.text(alphabet='roll,score;\t\n\r"\x00R7.5é', max_size=60).map(str.encode))
def test_any_bytes_are_grades_or_a_refusal(data: bytes) -> None:
    """Nothing else comes out, whatever is put in."""
    with contextlib.suppress(HumanGradesError):
        grades = read_grades(b"roll,score\n" + data)
        assert all(grade.roll and (grade.score is None or grade.score >= 0) for grade in grades)


def test_matching_by_id_and_by_roll_number() -> None:
    """An id decides, a roll number is read in any case; who handed in nothing is listed."""
    found = match(
        read_grades(b"id,roll,score\nt3,R9,4\n,r1,5\n,R7,6\nt9,R2,7\n"), ROLLS, Scale(questions={"1": 10.0})
    )
    assert found.sheet.totals == {"t3": 4, "t1": 5}
    assert found.sheet.marks == {}
    assert [str(stranger) for stranger in found.strangers] == [
        "line 4, column roll number: 'R7' handed in nothing here",
        "line 5, column id: 't9' handed in nothing here",
    ]


def test_matching_questions() -> None:
    """Spellings of one question; 1.2 is not 12."""
    data = b"roll,question,score\nR1,Q1,1\nR1,question 1.2,2\nR1,12,3\nR1,Content Structure,4\nR2,1,\n"
    found = match(
        read_grades(data),
        ROLLS,
        Scale(questions=dict.fromkeys(("1", "1.2", "12", "content_structure"), 10.0)),
    )
    assert found.sheet.marks == {"t1": {"1": 1, "1.2": 2, "12": 3, "content_structure": 4}, "t2": {"1": None}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"roll,score\nR3,5\n", "line 2, column roll number: 'R3' has 2 submissions; give the id"),
        (b"roll,q,score\nR1,3,5\n", "line 2, column question: no question '3' (there are: 1, Q2)"),
        (b"id,roll,score\nt1,,5\n,R1,5\n", "line 3, column roll number: 'R1' was graded in line 2 already"),
        (b"roll,q,score\nR1,2,5\nR1,Q2,5\n", "line 3, column roll number: 'R1' was graded in line 2 already"),
    ],
)
def test_what_does_not_match_is_refused(data: bytes, message: str) -> None:
    """A grade is never guessed onto a work."""
    with pytest.raises(HumanGradesError) as caught:
        match(read_grades(data), ROLLS, Scale(questions={"1": 10.0, "Q2": 10.0}))
    assert message in str(caught.value)
