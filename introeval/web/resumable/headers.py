"""The headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload), read and checked. Pure.

Every wrong header is a ``ProblemError`` (400 ``bad_header``), never a guess.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from multidict import CIMultiDictProxy

from db.uploads import Upload
from introeval.web.form import MAX_FIELD_BYTES, TEXT_FIELDS, display_name
from introeval.web.incoming import key_of
from introeval.web.problems import ProblemError

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,termination,checksum,expiration"
ALGORITHMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
OFFSET_TYPE = "application/offset+octet-stream"

_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]+")
_NUMBER = re.compile(r"[0-9]{1,15}")

Headers = CIMultiDictProxy[str]


@dataclass(frozen=True, slots=True)
class Given:
    """What an upload's metadata says. ``texts``: the fields of the form. ``file_name``: for people, no path."""

    texts: Mapping[str, str]
    file_name: str
    key: str | None


@dataclass(slots=True)
class Checksum:
    """What the bytes of one request must hash to."""

    running: Any
    expected: bytes

    def update(self, chunk: bytes) -> None:
        """Take bytes."""
        self.running.update(chunk)

    @property
    def matches(self) -> bool:
        return bool(self.running.digest() == self.expected)


def single(headers: Headers, name: str) -> str | None:
    """A header that may be sent once."""
    values = headers.getall(name, [])
    if len(values) > 1:
        raise _bad(f"{name} was sent twice")
    return values[0] if values else None


def number(headers: Headers, name: str) -> int | None:
    """A count of bytes."""
    value = single(headers, name)
    if value is not None and not _NUMBER.fullmatch(value):
        raise _bad(f"{name} is not a number of bytes")
    return None if value is None else int(value)


def length_of(headers: Headers) -> int | None:
    """What a creation says of the length; ``None``: it comes later."""
    length, defer = number(headers, "Upload-Length"), single(headers, "Upload-Defer-Length")
    if defer not in (None, "1"):
        raise _bad("Upload-Defer-Length can only be 1")
    if (length is None) is (defer is None):
        raise _bad("send either Upload-Length or Upload-Defer-Length")
    return length


def checksum_of(headers: Headers) -> Checksum | None:
    """``Upload-Checksum``: an algorithm of ``ALGORITHMS`` and the digest in base64."""
    value = single(headers, "Upload-Checksum")
    if value is None:
        return None
    name, _, digest = value.partition(" ")
    if name not in ALGORITHMS:
        raise _bad(f"Upload-Checksum can be of {' or '.join(ALGORITHMS)}")
    return Checksum(ALGORITHMS[name](), _decoded(digest.strip(), "Upload-Checksum"))


def metadata_of(header: str | None) -> dict[str, bytes]:
    """``Upload-Metadata``: keys with their bytes."""
    found: dict[str, bytes] = {}
    for pair in (header or "").split(","):
        key, _, value = pair.strip().partition(" ")
        if not key and not header:
            break
        if not _KEY.fullmatch(key) or key in found:
            raise _bad("a key of Upload-Metadata is empty, not ASCII, or there twice")
        found[key] = _decoded(value.strip(), "Upload-Metadata")
    return found


def given_by(metadata: Mapping[str, bytes], key: str | None) -> Given:
    """The fields of the form, from metadata; ``key``: an ``Idempotency-Key`` header, which goes first."""
    texts = {}
    for name in sorted(TEXT_FIELDS & metadata.keys()):
        if len(metadata[name]) > MAX_FIELD_BYTES:
            raise ProblemError("bad_field", f"{name}: at most {MAX_FIELD_BYTES} bytes are accepted.")
        try:
            texts[name] = metadata[name].decode()
        except UnicodeDecodeError as error:
            raise ProblemError("bad_field", f"The field '{name}' is not UTF-8 text.") from error
    named = display_name(metadata.get("filename", b"").decode(errors="replace"))
    return Given(texts, named or "file", key or key_of(texts.get("idempotency_key")))


def state(upload: Upload) -> dict[str, str]:
    """What every answer about an upload says."""
    said = {"Upload-Offset": str(upload.received)}
    if upload.length is None:
        said["Upload-Defer-Length"] = "1"
    else:
        said["Upload-Length"] = str(upload.length)
    if upload.open:
        said["Upload-Expires"] = formatdate(upload.expires_at, usegmt=True)
    if upload.task_id is not None:
        said["Introeval-Submission"] = upload.task_id
        said["Link"] = (
            f'</api/v1/submissions/{upload.task_id}>; rel="describedby", </s/{upload.task_id}>; rel="alternate"'
        )
    return said


def _decoded(value: str, header: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad(f"a value of {header} is not base64") from error


def _bad(what: str) -> ProblemError:
    return ProblemError("bad_header", f"A header of the upload is wrong: {what}.")
