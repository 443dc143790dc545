"""Files with a patient's data: nobody but their owner may read them, and they are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pytwin.errors import InputError


def new_folder(path: str | os.PathLike[str]) -> Path:
    """A folder that is made where it is not there, and must be empty: files of one folder are read together.

    Raises
    ------
    InputError
        ``file.exists``, ``file.cannot-write``.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        taken = any(folder.iterdir())
    except OSError:
        raise InputError("file.cannot-write", "the folder cannot be written", place=folder.name) from None
    if taken:
        hint = "Name a new folder: what lies in one folder is read together."
        raise InputError("file.exists", "the folder is not empty", place=folder.name, hint=hint)
    return folder


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
