"""The header of a GGUF file: what the model says of itself, without loading it.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (version 3, little endian).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scheduler.errors import ConfigurationError

Scalar = str | int | float | bool
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
# general.file_type, from llama.cpp's enum llama_ftype.
FILE_TYPES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    14: "Q4_K_S",
    15: "Q4_K_M",
    17: "Q5_K_M",
    18: "Q6_K",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufHeader:
    """``values``: the header's scalars and strings by key; arrays are left out, for vocabularies are long."""

    values: Mapping[str, Scalar]
    size: int

    @property
    def family(self) -> str:
        return str(self.values.get("general.architecture", "unknown"))

    @property
    def quantization(self) -> str:
        file_type = self.values.get("general.file_type", -1)
        return FILE_TYPES.get(int(file_type), "unknown")

    @property
    def parameter_size(self) -> str:
        return str(self.values.get("general.size_label", ""))

    @property
    def context_length(self) -> int:
        """Tokens that the model was trained for; 0 when it does not say."""
        return int(self.values.get(f"{self.family}.context_length", 0))

    @property
    def template(self) -> str:
        return str(self.values.get("tokenizer.chat_template", ""))


def read_header(path: Path) -> GgufHeader:
    """Read the header. Raises ``ConfigurationError`` when the file is not there or is no GGUF file."""
    try:
        with path.open("rb") as handle:
            magic, version, _, count = struct.unpack("<4sIQQ", handle.read(24))
            if magic != b"GGUF" or version < 2:
                message = f"{path} is not a GGUF file of version 2 or later"
                raise ConfigurationError(message)
            pairs = [(_string(handle), _value(handle, _number(handle, "I"))) for _ in range(count)]
    except (OSError, struct.error, UnicodeDecodeError, KeyError) as error:
        message = f"{path} cannot be read as a GGUF file: {error}"
        raise ConfigurationError(message) from error
    return GgufHeader(values={k: v for k, v in pairs if v is not None}, size=path.stat().st_size)


def _number(handle: BinaryIO, code: str) -> int:
    return int(struct.unpack("<" + code, handle.read(struct.calcsize("<" + code)))[0])


def _string(handle: BinaryIO) -> str:
    return handle.read(_number(handle, "Q")).decode()


def _value(handle: BinaryIO, kind: int) -> Scalar | None:
    if kind == STRING:
        return _string(handle)
    if kind == ARRAY:
        _skip_array(handle)
        return None
    code = "<" + SCALARS[kind]
    value: Scalar = struct.unpack(code, handle.read(struct.calcsize(code)))[0]
    return value


def _skip_array(handle: BinaryIO) -> None:
    kind, length = _number(handle, "I"), _number(handle, "Q")
    if kind in SCALARS:
        handle.seek(length * struct.calcsize("<" + SCALARS[kind]), 1)
        return
    for _ in range(length):
        if kind == STRING:
            handle.seek(_number(handle, "Q"), 1)
        else:
            _skip_array(handle)
