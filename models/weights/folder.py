"""The local folder as a source, for labs without a network.

Places: ``<folder>/<name>/<file>`` or ``<folder>/<hub file>``.
"""

from collections.abc import Callable
from pathlib import Path

from models.registry import FileSpec, ModelSpec
from models.weights.cache import install_file, read_chunks
from models.weights.errors import SourceError


def find_file(folder: Path, spec: ModelSpec, file: FileSpec) -> Path:
    """The file in the folder. Raises ``SourceError`` when neither place has it."""
    places = [folder / spec.name / file.name]
    if file.hub != file.name:
        places.append(folder / Path(file.hub).name)
    for place in places:
        if place.is_file():
            return place
    message = f"there is no {' or '.join(str(place) for place in places)}"
    raise SourceError(message)


def copy_missing(
    spec: ModelSpec, files: tuple[FileSpec, ...], folder: Path, target: Path, report: Callable[[int], None]
) -> None:
    """Copy the files into the cache (blocking). Raises ``SourceError``."""
    for file in files:
        source = find_file(folder, spec, file)
        try:
            install_file(read_chunks(source), file, target, report)
        except SourceError as error:
            message = f"{source}: {error}"
            raise SourceError(message) from error
