"""Files of patients: for their owner's eyes, whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pytwin.errors import InputError


def _refused(error: OSError, path: Path) -> InputError:
    return InputError("file.cannot-write", "the file or folder cannot be written", place=path.name)


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
        if any(folder.iterdir()):
            hint = "Name a new folder: what lies in one folder is read together."
            raise InputError("file.exists", "the folder is not empty", place=folder.name, hint=hint)
    except OSError as error:
        raise _refused(error, folder) from error
    return folder


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file of mode 0600 that has its name once it is whole; on an error nothing is left of it.

    Raises
    ------
    InputError
        ``file.cannot-write``.
    """
    part = path.with_name(path.name + ".part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise _refused(error, path) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        os.replace(part, path)
    except OSError as error:
        raise _refused(error, path) from error
    finally:
        part.unlink(missing_ok=True)
