"""Files with a patient's data: nobody but their owner may read them, and they are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pytwin.errors import InputError


@contextmanager
def private_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A stream into a file of mode 0600, which takes the place of an earlier one when all is written.

    Raises
    ------
    InputError
        ``file.cannot-write`` when the folder is missing or not writable.
    """
    target = Path(path)
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            yield stream
        os.replace(part, target)
    except OSError:
        raise InputError("file.cannot-write", "the file cannot be written", place=target.name) from None
    finally:
        part.unlink(missing_ok=True)
