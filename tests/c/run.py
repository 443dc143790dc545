"""Compile the core without Python, run its C tests, compare the bits of builds of different vector width.

``run.py [--cc CC] [--cxx CXX] [--run PREFIX] [--level LEVEL] [--sanitize] [--stage STAGE] [NAME ...]``

Stage ``tests`` builds csrc/ (without binding/) as a library and runs every tests/c/test_*.c and .cpp against
it; NAME keeps those whose file name contains it. Stage ``widths`` builds hash_lanes.c for vectors of 2, 4 and
8 doubles with a fused multiply-add and compares what they print with hash_lanes.expected, which is the same
file for every processor. For another processor::

    run.py --cc aarch64-linux-gnu-gcc --run "qemu-aarch64 -L /usr/aarch64-linux-gnu"
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
CSRC = HERE.parents[1] / "csrc"
LEVELS = {
    "v2": ["-march=x86-64-v2"],
    "v3": ["-march=x86-64-v3"],
    "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
    "generic": [],
}
COMMON = [
    "-ffp-contract=off", "-fno-math-errno", "-pthread", "-Wall", "-Wextra", "-Werror", "-Wno-psabi",
    '-DPT_VERSION="test"', '-DPT_LEVEL="test"', '-DPT_BUILD="test"',
]  # fmt: skip
SANITIZE = ["-O1", "-g1", "-fno-var-tracking", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
CXX_FLAGS = ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"]


@dataclass
class Toolchain:
    """Compilers, flags and the way to run what they make."""

    cc: list[str]
    cxx: list[str]
    prefix: list[str]
    flags: list[str]
    blas_compile: list[str] = field(default_factory=list)
    blas_link: list[str] = field(default_factory=list)

    def compile(self, source: Path, target: Path, extra: list[str]) -> Path:
        is_cxx = source.suffix == ".cpp"
        start = [*self.cxx, *CXX_FLAGS] if is_cxx else [*self.cc, "-std=c17"]
        includes = [f"-I{CSRC}", f"-I{HERE}", *self.blas_compile]
        call([*start, *self.flags, *extra, *includes, "-c", str(source), "-o", str(target)])
        return target

    def link(self, objects: list[Path], library: Path | None, target: Path, is_cxx: bool) -> Path:
        start = self.cxx if is_cxx else self.cc
        libraries = [str(library)] if library else []
        call([*start, *self.flags, *map(str, objects), *libraries, *self.blas_link, "-lm", "-o", str(target)])
        return target

    def output(self, program: Path) -> tuple[int, str]:
        done = subprocess.run([*self.prefix, str(program)], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)}\n{done.stdout}{done.stderr}")


def blas_arguments() -> tuple[list[str], list[str]] | None:
    """Compile and link arguments of the OpenBLAS wheel of this Python, if it is installed."""
    spec = find_spec("scipy_openblas32")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    lib = home / "lib"
    return (
        [f"-isystem{home / 'include'}", "-DPT_BLAS_PREFIX=1"],
        [f"-L{lib}", f"-Wl,-rpath,{lib}", "-lscipy_openblas"],
    )


def needs_blas(source: Path) -> bool:
    return source.parent.name == "linalg" and "openblas.h" in source.read_text()


def library_sources(with_blas: bool) -> list[Path]:
    found = sorted(p for p in CSRC.rglob("*") if p.suffix in (".c", ".cpp"))
    mine = [p for p in found if p.parent.name != "binding"]
    return [p for p in mine if with_blas or not needs_blas(p)]


def build_library(tools: Toolchain, folder: Path) -> Path:
    sources = library_sources(bool(tools.blas_link))
    targets = [folder / (str(p.relative_to(CSRC)).replace("/", "-") + ".o") for p in sources]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(lambda source, target: tools.compile(source, target, []), sources, targets))
    library = folder / "libpytwin.a"
    call([archiver(tools.cc), "rcs", str(library), *map(str, objects)])
    return library


def archiver(cc: list[str]) -> str:
    """``ar`` of the same target as the compiler: aarch64-linux-gnu-gcc -> aarch64-linux-gnu-ar."""
    name = Path(cc[-1]).name
    return f"{name.removesuffix('-gcc')}-ar" if name.endswith("-gcc") else "ar"


def run_tests(tools: Toolchain, names: list[str]) -> bool:
    programs = sorted(p for p in HERE.glob("test_*") if p.suffix in (".c", ".cpp"))
    wanted = [p for p in programs if not names or any(name in p.name for name in names)]
    passed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        library = build_library(tools, folder)
        for source in wanted:
            unit = tools.compile(source, folder / f"{source.name}.o", [])
            program = tools.link([unit], library, folder / source.stem, source.suffix == ".cpp")
            code, text = tools.output(program)
            passed += code == 0
            print(f"{source.name}: {text.strip()}{'' if code == 0 else f' (exit status {code})'}", flush=True)
    print(f"{passed} passed, {len(wanted) - passed} failed")
    return passed == len(wanted)


HASHED = ["lanes/apply.c", "lanes/random.c", "linalg/batch.c", "linalg/small.c", "status.c"]


def hash_of_width(tools: Toolchain, width: int | None, folder: Path) -> str:
    macro = [f"-DPT_W_OVERRIDE={width}"] if width else []
    sources = [HERE / "hash_lanes.c", *(CSRC / name for name in HASHED)]
    units = [tools.compile(p, folder / f"{p.stem}-{width}.o", macro) for p in sources]
    code, text = tools.output(tools.link(units, None, folder / f"hash-{width}", False))
    if code:
        raise SystemExit(f"hash_lanes failed with exit status {code}\n{text}")
    return text


def run_widths(tools: Toolchain, update: bool) -> bool:
    expected = HERE / "hash_lanes.expected"
    good = True
    with tempfile.TemporaryDirectory() as name:
        for width in (None, 2, 4, 8):
            text = hash_of_width(tools, width, Path(name))
            if update:
                expected.write_text(text)
            same = text == expected.read_text()
            update, good = False, good and same
            print(f"width {width or 'native'}: {'same bits' if same else 'DIFFERS'}", flush=True)
            if not same:
                print(text)
    return good


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compile the core without Python and run its C tests.")
    parser.add_argument("--cc", default=os.environ.get("CC", "gcc"))
    parser.add_argument("--cxx", help="default: the C++ compiler beside CC")
    parser.add_argument("--run", default="", metavar="PREFIX", help="what starts a program, such as qemu")
    parser.add_argument("--level", choices=sorted(LEVELS), help="default: v3 on x86-64, else generic")
    parser.add_argument("--sanitize", action="store_true", help="address and undefined-behaviour sanitizers")
    parser.add_argument("--no-blas", action="store_true", help="leave OpenBLAS and what includes it out")
    parser.add_argument("--stage", choices=["tests", "widths", "all"], help="default: all that apply")
    parser.add_argument("--update", action="store_true", help="write hash_lanes.expected anew")
    parser.add_argument("names", nargs="*", help="parts of file names")
    return parser.parse_args(arguments)


def cxx_beside(cc: list[str]) -> list[str]:
    """``aarch64-linux-gnu-gcc`` -> ``aarch64-linux-gnu-g++``, ``clang-14`` -> ``clang++-14``."""
    last = cc[-1]
    return [*cc[:-1], last.replace("clang", "clang++") if "clang" in last else last.replace("gcc", "g++")]


def target_level(cc: list[str]) -> str:
    done = subprocess.run([*cc, "-dumpmachine"], capture_output=True, text=True, check=True)
    return "v3" if done.stdout.startswith("x86_64") else "generic"


def toolchain(options: argparse.Namespace) -> Toolchain:
    kind = SANITIZE if options.sanitize else ["-O3"]
    cc = shlex.split(options.cc)
    from_environment = os.environ.get("CXX") if options.cc == os.environ.get("CC") else None
    cxx = options.cxx or from_environment
    level = options.level or target_level(cc)
    tools = Toolchain(
        cc,
        shlex.split(cxx) if cxx else cxx_beside(cc),
        shlex.split(options.run),
        [*kind, *LEVELS[level], *COMMON],
    )
    blas = None if options.no_blas or tools.prefix else blas_arguments()
    if blas:
        tools.blas_compile, tools.blas_link = blas
    return tools


def stages(options: argparse.Namespace) -> tuple[str, ...]:
    """Widths are a matter of release builds with a fused multiply-add."""
    if options.stage == "all" or (options.stage is None and not options.names):
        return ("tests",) if options.level == "v2" or options.sanitize else ("widths", "tests")
    return (options.stage or "tests",)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    tools = toolchain(options)
    wanted = stages(options)
    good = run_widths(tools, options.update) if "widths" in wanted else True
    if "tests" in wanted:
        good = run_tests(tools, options.names) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
