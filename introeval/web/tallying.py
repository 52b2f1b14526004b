"""How far an assignment's submissions are, with what the common scale of the models leaves in doubt."""

from db.assignments import Tally
from introeval.web.context import WebContext


async def tally_of(context: WebContext, assignment_id: str) -> Tally:
    """The tally. Its provisional grades are those that the lists and pages show as such. Raises ``StateError``."""
    doubted = list[tuple[str, int]]()
    for version in await context.tallies.graded_versions(assignment_id):
        fair = await context.fairness.of(await context.library.version(assignment_id, version))
        doubted += [(task_id, version) for task_id in fair.doubted()]
    return await context.tallies.tally(assignment_id, doubted)
