"""The videos of the demo: the repository's own, or a folder of the person's choice."""

from pathlib import Path

from introeval.cli.roster import entries, files_in, read_manifest
from introeval.client.upload import Entry
from scheduler.errors import ConfigurationError

OWN_SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def demo_entries(folder: Path | None) -> list[Entry]:
    """What the demo hands in. Raises ``ConfigurationError`` when there is nothing."""
    if folder is None and not OWN_SAMPLES.is_dir():
        raise ConfigurationError(
            "The sample videos are not installed with the package: run the demo from a clone of the repository, "
            "or give a folder of videos with --samples."
        )
    chosen = folder or OWN_SAMPLES
    return entries(files_in(chosen), read_manifest(chosen))
