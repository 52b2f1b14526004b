"""Outputs of a code cell (nbformat 4) to plain text. Pure.

Rules:

1. Of a bundle of representations the plain text is taken, and images are named with their size. HTML, JavaScript,
   LaTeX and everything else is neither run nor taken over; it is named where there is no plain text.
2. An error is its name, its message and its traceback.
3. Neighbouring pieces of printed text are one output.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from introeval.notebooks.notebook import Output, OutputKind
from introeval.notebooks.plain import cut, printed

MAX_OUTPUTS = 20
MAX_OUTPUT_CHARS = 4_000

_PICTURES = frozenset(["png", "jpeg", "jpg", "gif", "svg+xml", "webp", "bmp", "tiff", "avif", "heic"])
"""What an image may be named; whoever writes the file chooses the name, and a model reads it as ours."""

_MIME = re.compile(r"[a-z]+/[\w.+-]{1,60}", re.IGNORECASE)


def read_outputs(raw: Iterable[Mapping[str, Any]]) -> tuple[Output, ...]:
    """The outputs of one cell; ``raw`` is valid against nbformat's schema."""
    found = [output for item in raw for output in _read(item) if output.text]
    merged = [
        output
        for kind, group in groupby(found, key=lambda output: output.kind)
        for output in _merge(kind, group)
    ]
    kept = [Output(output.kind, cut(output.text, MAX_OUTPUT_CHARS)) for output in merged[:MAX_OUTPUTS]]
    if len(merged) > MAX_OUTPUTS:
        kept.append(Output(OutputKind.REFERENCE, f"[cut: {len(merged) - MAX_OUTPUTS} outputs]"))
    return tuple(kept)


def references(bundle: Mapping[str, Any]) -> tuple[str, ...]:
    """The images of a bundle, named with their size."""
    return tuple(
        f"[{_picture(mime)}, {_kilobytes(mime, joined(data))} kB]"
        for mime, data in bundle.items()
        if mime.startswith("image/")
    )


def joined(value: Any) -> str:
    """nbformat's multi-line string: a text, or a list of its lines. Anything else is no text."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _merge(kind: OutputKind, group: Iterable[Output]) -> list[Output]:
    outputs = list(group)
    if kind is not OutputKind.PRINTED:
        return outputs
    return [Output(kind, "\n".join(output.text for output in outputs))]


def _read(raw: Mapping[str, Any]) -> list[Output]:
    match raw.get("output_type"):
        case "stream":
            return [Output(OutputKind.PRINTED, printed(joined(raw.get("text"))))]
        case "execute_result" | "display_data":
            return _bundle(raw.get("data") or {})
        case "error":
            return [Output(OutputKind.ERROR, _error(raw))]
        case _:
            return []


def _bundle(data: Mapping[str, Any]) -> list[Output]:
    found = [Output(OutputKind.REFERENCE, reference) for reference in references(data)]
    if "text/plain" in data:
        found.append(Output(OutputKind.PRINTED, printed(joined(data["text/plain"]))))
    elif data and not found:
        found.append(Output(OutputKind.REFERENCE, f"[{_mime(next(iter(data)))}, not shown]"))
    return found


def _error(raw: Mapping[str, Any]) -> str:
    head = f"{joined(raw.get('ename'))}: {joined(raw.get('evalue'))}"
    trace = printed("\n".join(line for line in raw.get("traceback") or () if isinstance(line, str)))
    return printed(head) + (f"\n{trace}" if trace else "")


def _mime(name: str) -> str:
    return name.lower() if _MIME.fullmatch(name) else "unknown"


def _picture(name: str) -> str:
    return name.lower() if name.partition("/")[2].lower() in _PICTURES else "image"


def _kilobytes(mime: str, data: str) -> int:
    """Of the image itself: other than SVG they travel as base64, four characters for three bytes."""
    size = len(data) if mime == "image/svg+xml" else len(data) * 3 // 4
    return max(1, round(size / 1000))
