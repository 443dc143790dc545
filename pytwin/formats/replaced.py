"""Text that is not UTF-8, made so: a stream for readers that take nothing else."""

from __future__ import annotations

import codecs
import io
from typing import IO, Any

_CHUNK = 1 << 20


class Replaced(io.RawIOBase):
    """A stream in which bytes that are not UTF-8 are U+FFFD.

    Parameters
    ----------
    stream : binary file
        Read to its end; the caller closes it.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._whole = True  # no character was cut in two by the end of the last piece
        self._ready = b""

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill some of the buffer."""
        while not self._ready:
            data = self._stream.read(_CHUNK)
            if self._whole and data.isascii():
                self._ready = data
            else:
                self._ready = self._decoder.decode(data, final=not data).encode()
                self._whole = not self._decoder.getstate()[0]
            if not data:
                break
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size


def replaced(stream: IO[bytes]) -> IO[bytes]:
    """A buffered ``Replaced``."""
    return io.BufferedReader(Replaced(stream), _CHUNK)
