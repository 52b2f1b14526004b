"""Having the models: the wanted one, or the next smaller that can be had, with what that means for the grades."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from introeval.cli.weights import pull_display
from introeval.settings import Settings
from models import registry, weights
from models.weights import WeightsError
from scheduler.errors import ConfigurationError

FAST_STT, FAST_LLM = "whisper-tiny.en", "smollm2-135m-instruct"
FAST_MEANS = "The smallest models, because of --fast: the grades mean nothing, only the machinery is shown."

Pull = Callable[[str], Awaitable[Path]]


@dataclass(frozen=True, slots=True)
class Models:
    """Installed models; ``llm`` as in the settings. ``remarks``: what a reader of the grades has to know about them."""

    stt: str
    llm: str
    remarks: tuple[str, ...] = ()


async def have_models(settings: Settings, fast: bool, out: Console) -> Models:
    """Install what is missing, all at once. Raises ``WeightsError`` when not even the smallest can be had."""
    own = (str(settings.speech_folder or settings.speech_model), *settings.embedded.models)
    wanted = (FAST_STT, FAST_LLM) if fast else own
    with pull_display(out) as on_progress:
        pull = partial(
            weights.pull,
            cache_dir=settings.cache_dir,
            local_dir=settings.models_dir,
            on_progress=on_progress,
        )
        had = await have_all(wanted, pull)
    names = [name for name, _ in had]
    remarks = [line for _, lines in had for line in lines]
    for line in remarks:
        out.print(line, style="yellow")
    return Models(names[0], ",".join(names[1:]), (*([FAST_MEANS] if fast else []), *remarks))


async def have_all(names: Sequence[str], pull: Pull) -> list[tuple[str, list[str]]]:
    """``have_or_smaller`` of all names at once; the results in their order. Raises the first error."""
    try:
        async with asyncio.TaskGroup() as group:
            having = [group.create_task(have_or_smaller(name, pull)) for name in names]
    except* ConfigurationError as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in having]


async def have_or_smaller(name: str, pull: Pull) -> tuple[str, list[str]]:
    """The name of the model that ``pull`` could install, and a remark for each that it could not.

    Raises ``WeightsError`` when not even the smallest can be had.
    """
    # A folder with a model of one's own is nothing to install.
    if Path(name).is_absolute():
        return name, []
    remarks: list[str] = []
    while True:
        spec = registry.find(name)
        try:
            await pull(name)
        except WeightsError as error:
            if spec.smaller is None:
                raise
            remarks.append(f"{error}. Going on with {spec.smaller}. {spec.smaller_means or ''}".strip())
            name = spec.smaller
        else:
            return name, remarks
