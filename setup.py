"""Builds the C core: one extension module for each processor level, and `_cpu`, which asks for features.

Everything that can be data is in pyproject.toml. Variables of the environment that change a build:

PYTWIN_LEVELS   which levels, for example ``v3`` or ``v2,v3,v4`` (default: all that this processor family has)
PYTWIN_BUILD    ``release`` (default), ``debug``, ``sanitize`` or ``coverage``; all but release hold one level
PYTWIN_BLAS     ``scipy`` (default: the wheel scipy-openblas32) or ``system`` (pkg-config openblas)
PYTWIN_WIDTH    doubles in a lane vector, against the machine's own width: to test that widths agree
PYTWIN_WERROR   ``1`` makes warnings errors
PYTWIN_JOBS     compilers that run at once (default: the number of cores)
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
X86_LEVELS = {
    "v2": ["-march=x86-64-v2"],
    "v3": ["-march=x86-64-v3"],
    "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
}
# GCC copies a group of vectors by pieces of 16 bytes, some through integer registers, unless it is told that
# the machine can do better; other compilers do not know the flag.
WHOLE_VECTORS = {
    "v3": ["-mmove-max=256", "-mstore-max=256"],
    "v4": ["-mmove-max=512", "-mstore-max=512"],
}
KINDS = {
    "release": ["-O3"],
    "debug": ["-O0", "-g3", "-UNDEBUG"],
    "sanitize": [
        "-O1",
        "-g1",
        "-fno-var-tracking",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=undefined",
    ]
    + ["-fno-omit-frame-pointer"],
    "coverage": ["-O0", "-g", "--coverage"],
}
LINK_KINDS = {"sanitize": ["-fsanitize=address,undefined"], "coverage": ["--coverage"]}
COMMON = [
    "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", "-fno-math-errno", "-pthread",
    "-Wall", "-Wextra", "-Wno-psabi", *shlex.split(os.environ.get("ARCHFLAGS", "")),
]  # fmt: skip
# No exceptions, RTTI or guards for statics: nothing of the C++ run-time library is needed or linked.
CXX_FLAGS = ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"]
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
LIMITED_API = not FREE_THREADED
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def env_choice(name: str, allowed: list[str]) -> str:
    value = os.environ.get(name) or allowed[0]
    if value not in allowed:
        raise SystemExit(f"{name}={value}: expected one of {', '.join(allowed)}")
    return value


KIND = env_choice("PYTWIN_BUILD", list(KINDS))
BLAS = env_choice("PYTWIN_BLAS", ["scipy", "system"])


def target_is_x86() -> bool:
    """Whether the extension is for x86-64; on a Mac ARCHFLAGS may ask for another than the machine's."""
    target = os.environ.get("ARCHFLAGS") or platform.machine()
    if "x86_64" in target and "arm64" in target:
        raise SystemExit("ARCHFLAGS: build one architecture at a time; the levels differ")
    return "x86_64" in target or "AMD64" in target


def levels() -> dict[str, list[str]]:
    known = X86_LEVELS if target_is_x86() else {"generic": []}
    default = list(known) if KIND == "release" else ["v3" if "v3" in known else "generic"]
    wanted = os.environ.get("PYTWIN_LEVELS", "").replace(",", " ").split() or default
    if unknown := [level for level in wanted if level not in known]:
        raise SystemExit(f"PYTWIN_LEVELS: {', '.join(unknown)} unknown here; there is {', '.join(known)}")
    if KIND != "release" and len(wanted) != 1:
        raise SystemExit(f"PYTWIN_BUILD={KIND} holds one level; PYTWIN_LEVELS names {len(wanted)}")
    return {level: known[level] for level in wanted}


class Blas:
    """Where OpenBLAS is: its compile and link arguments, and the files that must travel with the package."""

    def __init__(self) -> None:
        self.includes: list[str] = []
        self.macros: list[str] = []
        self.link: list[str] = []
        self.files: list[Path] = []
        self.version = ""
        (self._from_wheel if BLAS == "scipy" else self._from_system)()

    def _from_wheel(self) -> None:
        from importlib.metadata import distribution

        wheel = distribution("scipy-openblas32")
        home = Path(str(wheel.locate_file("scipy_openblas32")))
        libraries = [p for p in (home / "lib").iterdir() if p.suffix in (".so", ".dylib") or ".so." in p.name]
        support = [p for p in (home / ".dylibs").glob("*")] if (home / ".dylibs").is_dir() else []
        licences = [Path(str(wheel.locate_file(f))) for f in wheel.files or [] if "LICENSE" in f.name]
        self.version = wheel.version
        self.includes = [f"-isystem{home / 'include'}"]
        self.macros = ["-DPT_BLAS_PREFIX=1"]
        self.link = [f"-L{home / 'lib'}", "-lscipy_openblas"]
        self.files = libraries + support + licences

    def _from_system(self) -> None:
        def pkg_config(package: str, what: str) -> list[str] | None:
            command = ["pkg-config", what, package]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            return shlex.split(done.stdout) if done.returncode == 0 else None

        version = pkg_config("openblas", "--modversion")
        if version is None:
            raise SystemExit("PYTWIN_BLAS=system: pkg-config finds no openblas")
        self.version = f"system {version[0]}"
        # Some systems put LAPACKE in a library of its own.
        for package in ("lapacke", "openblas"):
            self.includes += pkg_config(package, "--cflags") or []
            self.link += pkg_config(package, "--libs") or []


def compilers() -> tuple[list[str], list[str]]:
    """The C and the C++ compiler, each with its leading arguments (``ccache gcc`` is fine)."""
    cc = os.environ.get("CC") or (sysconfig.get_config_var("CC") or "cc").split()[0]
    if not os.environ.get("CC") and not shutil.which(cc):
        cc = "cc"
    cxx = os.environ.get("CXX") or {"gcc": "g++", "clang": "clang++"}.get(cc, "c++")
    return shlex.split(cc), shlex.split(cxx)


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    sys.stderr.write(done.stderr)
    if done.returncode:
        raise SystemExit(f"the compiler failed ({done.returncode}): {shlex.join(command)}")


def accepts(compiler: list[str], flags: list[str]) -> bool:
    command = [*compiler, *flags, "-E", "-x", "c", os.devnull]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def prerequisites(object_file: Path) -> list[Path] | None:
    """Files that an object was made from, from the compiler's .d file; None if there is no such list."""
    listing = object_file.with_suffix(".d")
    if not listing.exists():
        return None
    text = listing.read_text().replace("\\\n", " ").split(":", 1)[1]
    return [Path(p) for p in shlex.split(text)]


def is_fresh(object_file: Path) -> bool:
    made_from = prerequisites(object_file)
    if made_from is None or not object_file.exists():
        return False
    age = object_file.stat().st_mtime
    return all(p.exists() and p.stat().st_mtime <= age for p in made_from)


class CoreExtension(Extension):
    """All of csrc/ for one level, or (level None) the feature test `_cpu` for the baseline."""

    def __init__(self, level: str | None, arch: list[str]) -> None:
        self.level, self.arch = level, arch
        name = "_cpu" if level is None else f"_core_{level}"
        if level is None:
            self.parts = ["csrc/binding/cpu.c"]
        else:
            found = sorted((ROOT / "csrc").rglob("*.c")) + sorted((ROOT / "csrc").rglob("*.cpp"))
            self.parts = [p.relative_to(ROOT).as_posix() for p in found if p.name != "cpu.c"]
        super().__init__(f"pytwin.{name}", self.parts, py_limited_api=LIMITED_API)


class BuildCore(build_ext):
    """Compiles objects of all levels side by side, each level in a build directory of its own."""

    def build_extensions(self) -> None:
        import numpy

        self.blas = Blas()
        self.cc, self.cxx = compilers()
        self.whole_vectors = {k: f if accepts(self.cc, f) else [] for k, f in WHOLE_VECTORS.items()}
        self.python_includes = [f"-isystem{sysconfig.get_path('include')}", f"-isystem{numpy.get_include()}"]
        versions = [self.blas.version, numpy.__version__, str(sysconfig.get_config_var("SOABI"))]
        self.environment_key = " ".join([KIND, BLAS, *versions, *self.cc, *self.cxx])
        cores = [e for e in self.extensions if isinstance(e, CoreExtension)]
        with ThreadPoolExecutor(int(os.environ.get("PYTWIN_JOBS") or os.cpu_count() or 1)) as pool:
            jobs = {e.name: [pool.submit(self.compile_part, e, part) for part in e.parts] for e in cores}
            objects = {name: [job.result() for job in parts] for name, parts in jobs.items()}
        for extension in cores:
            self.link_core(extension, objects[extension.name])
        self.copy_libraries()
        self.remove_other_levels(cores)

    def flags(self, extension: CoreExtension) -> list[str]:
        name = extension.name.rpartition(".")[2]
        flags = [*KINDS[KIND], *COMMON, *extension.arch, *self.blas.macros, f"-DPT_MODULE={name}"]
        flags += self.whole_vectors.get(extension.level or "", [])
        flags += [f'-DPT_LEVEL="{extension.level}"', f'-DPT_BUILD="{KIND}"', f'-DPT_VERSION="{VERSION}"']
        if width := os.environ.get("PYTWIN_WIDTH"):
            flags.append(f"-DPT_W_OVERRIDE={int(width)}")
        return [*flags, "-DPy_LIMITED_API=0x030B0000"] if LIMITED_API else flags

    def build_folder(self, extension: CoreExtension, flags: list[str]) -> Path:
        """One for each level, kind of build and set of versions: what is in it fits and can be used again."""
        digest = hashlib.sha256(" ".join([self.environment_key, *flags]).encode()).hexdigest()[:12]
        return ROOT / "build" / "core" / f"{KIND}-{extension.level or 'cpu'}-{digest}"

    def compile_part(self, extension: CoreExtension, part: str) -> Path:
        flags = self.flags(extension)
        target = self.build_folder(extension, flags) / f"{part}.o"
        if is_fresh(target):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        compiler = [*self.cxx, *CXX_FLAGS] if part.endswith(".cpp") else [*self.cc, "-std=c17"]
        if os.environ.get("PYTWIN_WERROR") == "1":
            compiler.append("-Werror")
        includes = [f"-I{ROOT / 'csrc'}", *self.blas.includes, *self.python_includes]
        listing = ["-MMD", "-MF", str(target.with_suffix(".d"))]
        partial = target.with_suffix(".partial")
        run([*compiler, *flags, *includes, *listing, "-c", str(ROOT / part), "-o", str(partial)])
        partial.replace(target)
        return target

    def link_core(self, extension: CoreExtension, objects: list[Path]) -> None:
        output = Path(self.get_ext_fullpath(extension.name))
        output.parent.mkdir(parents=True, exist_ok=True)
        command = [*self.cc, *map(str, objects), *LINK_KINDS.get(KIND, []), "-pthread", "-o", str(output)]
        if sys.platform == "darwin":
            command += [
                "-bundle",
                "-undefined",
                "dynamic_lookup",
                *shlex.split(os.environ.get("ARCHFLAGS", "")),
            ]
        else:
            command += ["-shared", "-Wl,-z,now", "-Wl,-z,relro", "-Wl,--as-needed"]
        if extension.level is not None:
            origin = "@loader_path" if sys.platform == "darwin" else "$ORIGIN"
            command += [*self.blas.link, *([f"-Wl,-rpath,{origin}/_libs"] if self.blas.files else [])]
        run([*command, "-lm"])

    def package_folder(self) -> Path:
        return Path(self.get_ext_fullpath("pytwin._cpu")).parent

    def copy_libraries(self) -> None:
        folder = self.package_folder() / "_libs"
        shutil.rmtree(folder, ignore_errors=True)
        if self.blas.files:
            folder.mkdir(parents=True)
        for file in self.blas.files:
            name = f"{file.stem}-openblas{file.suffix}" if "LICENSE" in file.name else file.name
            shutil.copy2(file, folder / name)

    def remove_other_levels(self, cores: list[CoreExtension]) -> None:
        """A build for fewer levels must not leave an older core of another level beside it."""
        kept = {Path(self.get_ext_fullpath(e.name)).name for e in cores}
        for old in [*self.package_folder().glob("_core_*.so"), *self.package_folder().glob("_cpu*.so")]:
            if old.name not in kept:
                old.unlink()

    def get_outputs(self) -> list[str]:
        libraries = [str(p) for p in (self.package_folder() / "_libs").glob("*")]
        return super().get_outputs() + libraries

    def copy_extensions_to_source(self) -> None:
        """Nothing: an editable build links straight into the source tree."""

    def get_ext_fullpath(self, ext_name: str) -> str:
        inplace = ROOT if self.inplace or self.editable_mode else Path(self.build_lib).resolve()
        return str(inplace / "pytwin" / self.get_ext_filename(ext_name.rpartition(".")[2]))

    def get_ext_filename(self, fullname: str) -> str:
        suffix = ".abi3.so" if LIMITED_API else sysconfig.get_config_var("EXT_SUFFIX")
        return str(Path(*fullname.split("."))) + suffix


EXTENSIONS = [CoreExtension(None, []), *(CoreExtension(level, arch) for level, arch in levels().items())]
OPTIONS = {"bdist_wheel": {"py_limited_api": "cp311"}} if LIMITED_API else {}
if sys.platform == "darwin" and "universal2" in sysconfig.get_platform():
    # A universal Python still gets a core for one architecture, and a wheel that says so.
    version = os.environ.get("MACOSX_DEPLOYMENT_TARGET", "11.0")
    OPTIONS.setdefault("bdist_wheel", {})["plat_name"] = f"macosx-{version}-{platform.machine()}"

# The bundled patient lives in datasets/ at the top and is packaged as pytwin.datasets.
DATASETS = ["pytwin.datasets"] if (ROOT / "datasets" / "__init__.py").exists() else []

setup(
    packages=find_packages(include=["pytwin", "pytwin.*"]) + DATASETS,
    package_dir={"pytwin": "pytwin", "pytwin.datasets": "datasets"},
    ext_modules=EXTENSIONS,
    cmdclass={"build_ext": BuildCore},
    options=OPTIONS,
)
