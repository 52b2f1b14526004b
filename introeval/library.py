"""``AssignmentLibrary``: the assignments of a lab as values, kept in versions in the tables.

Versions are immutable, so what was read once is remembered.
"""

import asyncio
from collections.abc import Callable, Sequence

from db.assignments import Assignments, StoredAssignment
from introeval.assignments import (
    INTRODUCTIONS,
    Assignment,
    AssignmentChangedError,
    AssignmentError,
    FieldError,
    Kind,
    load_assignment,
)
from introeval.assignments.unused import unused
from introeval.grading import Rubric, default_rubric
from introeval.prompts import wrong_prompts
from introeval.served import unserved
from scheduler.ports import Clock

REMEMBERED = 256


class AssignmentLibrary:
    """Reads and adds assignments. ``on_change``: called after a version was added; must not block.

    ``models``: those that the configured servers serve; ``None``: not known, so that a plan may name any.
    """

    def __init__(self, stored: Assignments, clock: Clock, models: Sequence[str] | None = None) -> None:
        self._models = models
        self._stored = stored
        self._clock = clock
        self._read: dict[tuple[str, int], Assignment] = {}
        self.on_change: Callable[[], None] = lambda: None
        self._lock = asyncio.Lock()

    async def version(self, assignment_id: str, version: int) -> Assignment:
        """One version. Raises ``AssignmentError`` when there is none."""
        known = self._read.get((assignment_id, version))
        if known is not None:
            return known
        found = await self._stored.version(assignment_id, version)
        if found is None:
            raise AssignmentError(f"There is no version {version} of the assignment '{assignment_id}'.")
        return self._remember(found)

    async def latest(self, assignment_id: str) -> Assignment:
        """The newest version. Raises ``AssignmentError`` when there is no such assignment."""
        found = await self._stored.latest(assignment_id)
        if found is None:
            names = ", ".join(item.id for item in await self._stored.all())
            raise AssignmentError(f"There is no assignment '{assignment_id}'; there are: {names}.")
        return self._remember(found)

    async def all(self) -> list[Assignment]:
        """The newest version of each, by id."""
        return [self._remember(found) for found in await self._stored.all()]

    async def add(self, assignment: Assignment, replaces: int | None = None) -> Assignment:
        """Add it as a further version (the same again adds none). Returns it with its version.

        ``replaces``: the version that it was made from, 0 for a new assignment; ``None``: whatever is the newest.

        Raises ``AssignmentChangedError`` when the newest is another one, and ``AssignmentError`` when a prompt cannot
        be used, when a field says what its kind does not use, when the plan names a model that no configured server
        serves, or when one of that name has another kind: its submissions could not be regraded.
        """
        wrong = [*wrong_prompts(assignment), *unused(assignment)]
        wrong += [] if self._models is None else unserved(assignment.plan, self._models)
        return await self._add(assignment, replaces, wrong)

    async def _add(
        self, assignment: Assignment, replaces: int | None = None, wrong: Sequence[FieldError] = ()
    ) -> Assignment:
        async with self._lock:
            earlier = await self._stored.latest(assignment.id)
            # The version is the table's to give, so it is no part of what is compared.
            definition = assignment.model_copy(update={"version": 1}).model_dump_json()
            if earlier is not None and earlier.definition == definition:
                return self._remember(earlier)
            if earlier is not None and earlier.kind != assignment.kind:
                said = f"'{assignment.id}' is an assignment of kind {earlier.kind}; choose another id for this one"
                raise AssignmentError.of_fields([FieldError("kind", said)])
            if wrong:
                raise AssignmentError.of_fields(wrong)
            _require_newest(assignment.id, 0 if earlier is None else earlier.version, replaces)
            new = StoredAssignment(
                id=assignment.id,
                version=1,
                kind=assignment.kind.value,
                title=assignment.title,
                definition=definition,
                created_at=self._clock.now(),
            )
            added = self._remember(await self._stored.add(new))
            self.on_change()
            return added

    async def introductions(self, rubric: Rubric | None) -> Assignment:
        """The assignment that a lab has without writing one. ``rubric``: that of the settings file, if it names one; it
        then is the assignment's, and a changed one is a new version. Without one, what is stored stays.

        The models of its plan are not looked at, nor what else only new versions must not say: neither a changed
        configuration nor a newer program must keep the daemon from starting.
        """
        earlier = await self._stored.latest(INTRODUCTIONS)
        if earlier is None:
            plain = Assignment(
                id=INTRODUCTIONS,
                kind=Kind.INTRO_VIDEO,
                title="Introduction videos",
                rubric=rubric or default_rubric(),
            )
            return await self._add(plain)
        assignment = self._remember(earlier)
        if rubric is None or assignment.rubric == rubric:
            return assignment
        return await self._add(assignment.model_copy(update={"rubric": rubric}))

    def _remember(self, found: StoredAssignment) -> Assignment:
        key = (found.id, found.version)
        if key not in self._read:
            if len(self._read) >= REMEMBERED:
                self._read.pop(next(iter(self._read)))
            read = load_assignment(found.definition, "json")
            self._read[key] = read.model_copy(update={"version": found.version})
        return self._read[key]


def _require_newest(assignment_id: str, newest: int, replaces: int | None) -> None:
    if replaces in (None, newest):
        return
    if not newest:
        said = (
            f"there is no assignment '{assignment_id}' whose version {replaces} this could replace: leave the version "
            "out to make a new one"
        )
    elif not replaces:
        said = f"there is an assignment '{assignment_id}' already, in version {newest}"
    else:
        said = (
            f"the newest version of '{assignment_id}' is {newest}, and this was made from version {replaces}: "
            "read the newest one and make the change there"
        )
    raise AssignmentChangedError(said, newest)
