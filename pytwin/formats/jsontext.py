"""JSON text: decoding with errors that say where, and never what."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from pytwin.errors import InputError

T = TypeVar("T")
_BYTE = re.compile(r"\(byte (\d+)\)")
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class ShapeError(Exception):
    """JSON is well-formed and not of the expected shape; ``pointer`` says where."""

    def __init__(self, pointer: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer


def as_utf8(data: bytes) -> tuple[bytes, bool]:
    """The text in UTF-8 without a byte order mark, and whether bytes had to be replaced."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data.decode(encoding, errors="replace")
            return text.encode("utf-8", errors="replace"), "\ufffd" in text
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", errors="replace").encode(), True
    return data, False


def _position(data: bytes, at: int) -> str:
    line = data.count(b"\n", 0, at) + 1
    column = at - (data.rfind(b"\n", 0, at) + 1) + 1
    return f"line {line}, column {column}"


def syntax_error(data: bytes, name: str, message: str) -> InputError:
    """The typed error of a text that is not JSON, from the decoder's message."""
    if "truncated" in message:
        place = f"{name}:{_position(data, len(data))}"
        return InputError("json.truncated", "the JSON text ends too early", place=place)
    found = _BYTE.search(message)
    if found and "trailing" in message and b"{" in data[int(found[1]) - 1 : int(found[1]) + 1]:
        message = "the file holds several JSON texts (NDJSON), which are not read yet"
        return InputError("format.unsupported", message, place=name)
    place = f"{name}:{_position(data, int(found[1]))}, byte {found[1]}" if found else name
    return InputError("json.not-json", "the text is not JSON", place=place)


def pointer_of(message: str) -> str:
    """JSON pointer from the decoder's path ``$.valueQuantity.value`` or ``$.coding[...]``."""
    _, _, path = message.rpartition("`$")
    return re.sub(r"\[(\.\.\.|\d+)\]", "", path.rstrip("`")).replace(".", "/")


def decode(data: bytes | msgspec.Raw, kind: type[T], name: str = "") -> T:
    """Decode JSON into a type.

    Parameters
    ----------
    data : bytes or Raw
        UTF-8.
    kind : type
        What to decode into.
    name : str
        File, for the error's place.

    Raises
    ------
    InputError
        ``json.not-json``, ``json.truncated`` or ``json.too-deep``.
    ShapeError
        Well-formed, but not a ``kind``.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise ShapeError(pointer_of(str(error))) from None
    except msgspec.DecodeError as error:
        raise syntax_error(bytes(data), name, str(error)) from None
    except RecursionError:
        raise InputError("json.too-deep", "the JSON text is nested too deeply", place=name) from None
    except (UnicodeDecodeError, ValueError, OverflowError):
        raise ShapeError("") from None
