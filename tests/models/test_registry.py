"""The shipped registry is complete and consistent."""

from pathlib import Path

import pytest

from models import registry
from models.registry import ModelSpec
from models.weights import locate
from scheduler.errors import ConfigurationError

SHARED = Path(__file__).parents[3] / "shared" / "embedded"


@pytest.mark.parametrize("spec", registry.load().values(), ids=lambda spec: spec.name)
def test_each_model_is_complete(spec: ModelSpec) -> None:
    """Sizes, hashes and sources are there; a smaller model exists, is smaller, and says what it costs."""
    hashes = [file.sha256 for file in spec.files] + [wheel.sha256 for wheel in spec.wheels]

    assert spec.sources == ("folder", "hub", "wheels")
    assert all(len(digest) == 64 and int(digest, 16) for digest in hashes)
    assert all(file.size > 0 for file in spec.files)
    assert (spec.smaller is None) == (spec.smaller_means is None)
    if spec.smaller:
        smaller = registry.find(spec.smaller)
        assert smaller.kind == spec.kind
        assert smaller.size < spec.size


@pytest.mark.parametrize("spec", registry.load().values(), ids=lambda spec: spec.name)
def test_wheels_are_those_of_the_owner_s_list(spec: ModelSpec) -> None:
    """Every pinned wheel is in the owner's requirements file, and none is missing."""
    if not SHARED.is_dir():
        pytest.skip("the shared folder is not here")
    lines = (SHARED / f"{spec.name}.txt").read_text().splitlines()

    assert [wheel.pinned for wheel in spec.wheels] == lines


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    """A mistyped model is an error that helps."""
    with pytest.raises(ConfigurationError, match="whisper-base"):
        locate("wisper-base", tmp_path)


def test_a_broken_registry_is_a_configuration_error() -> None:
    """A missing key is told, not a traceback."""
    with pytest.raises(ConfigurationError, match="not well formed"):
        registry.parse('[models.x]\nkind = "llm"\n')
