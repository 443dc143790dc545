"""How much memory a process takes that reads a file to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# The peak of this process alone: what getrusage says of a child holds that of its parent, too.
_READ = """
import sys
from pathlib import Path
from pytwin.record import stream_events
for events in stream_events(sys.argv[1]):
    pass
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def peak(path: Path) -> float:
    """MiB at most, the interpreter and its modules included."""
    command = [sys.executable, "-c", _READ, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024
