"""One notebook with all that is known of it before a model is asked. Pure."""

from dataclasses import dataclass

from introeval.grading.rubric import Criterion, Rubric
from introeval.notebooks.counts import Counts, count
from introeval.notebooks.given import given
from introeval.notebooks.guards import without_code
from introeval.notebooks.layout import Layout, code_layout, text_layout
from introeval.notebooks.notebook import CellKind, Notebook
from introeval.notebooks.report import NotebookGuard, PartName
from introeval.notebooks.screening import Screened, screen


@dataclass(frozen=True, slots=True)
class Case:
    """``code`` and ``text``: what the technical and the feedback model see. ``refused``: the guard because of which the
    technical model is not asked.
    """

    rubric: Rubric
    instructions: str
    screened: Screened
    counts: Counts
    code: Layout
    text: Layout
    refused: NotebookGuard | None

    @property
    def notebook(self) -> Notebook:
        return self.screened.notebook

    def criteria(self, part: PartName) -> tuple[Criterion, ...]:
        """The rubric's criteria of one part."""
        return tuple(criterion for criterion in self.rubric.criteria if criterion.part == part)

    @property
    def code_cells(self) -> tuple[int, ...]:
        """Cells that the technical model can cite."""
        cells = (self.notebook.cell(number) for number in self.code.shown)
        return tuple(cell.number for cell in cells if cell.kind is CellKind.CODE)

    @property
    def text_cells(self) -> tuple[int, ...]:
        """Cells that the feedback model can cite; none when the student wrote nothing."""
        return tuple(self.text.shown) if self.counts.own_words else ()

    @property
    def asks_technical(self) -> bool:
        """Whether there is code for the technical model to judge."""
        return self.refused is None and bool(self.code_cells) and bool(self.criteria("technical"))

    @property
    def sample(self) -> str:
        """Enough of the notebook to tell which scripts it is written in."""
        return f"{self.code.text[:4000]} {self.text.text[:4000]}"


def open_case(notebook: Notebook, rubric: Rubric, instructions: str) -> Case:
    """Screen, count and lay out one notebook that was handed in for these instructions."""
    known = given(instructions)
    screened = screen(notebook, known)
    counts = count(screened, known)
    return Case(
        rubric=rubric,
        instructions=instructions,
        screened=screened,
        counts=counts,
        code=code_layout(screened),
        text=text_layout(screened),
        refused=without_code(counts, rubric),
    )
