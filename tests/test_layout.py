"""The rules of layout (ARCHITECTURE.md): who may import whom, and which headers may be included where."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = CHECKOUT / "pytwin"
CORE = CHECKOUT / "csrc"

# From the ground up; a layer imports only what stands below it.
LAYERS = [
    {"_core", "errors", "issues", "chance"},
    {"kalman", "units", "formats", "doctor", "datasets"},
    {"model", "record", "genome"},
    {"estimation"},
    {"therapies", "glucose"},
    {"twin"},
    {"rank", "cohort"},
    {"report"},
    {"verify"},
    {"cli", "__main__"},
]
HEIGHT = {name: height for height, layer in enumerate(LAYERS) for name in layer}
# The methods that import upward when called, by module.
UPWARD_METHODS = {"record": {"coverage"}, "twin": {"rank"}, "rank": {"report"}}
MAY_PLOT = "plot"

Imported = tuple[str, int, str]  # module, line, enclosing function or ""


def modules() -> list[tuple[str, Path]]:
    """Every module of the package as (its first name below pytwin, its file)."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts != ("__init__",):
            found.append((parts[0], path))
    return found


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _names(node: ast.AST, path: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        package = ("pytwin", *path.relative_to(PACKAGE).parts)[: -node.level]
        base = ".".join([*package, *filter(None, [base])])
    if base == "pytwin":
        return [f"pytwin.{alias.name}" for alias in node.names]
    return [base]


def imports(path: Path) -> Iterator[Imported]:
    """Imports that run, with the function that they run in; those for type checkers don't."""

    def walk(node: ast.AST, function: str) -> Iterator[Imported]:
        for child in ast.iter_child_nodes(node):
            if _is_type_checking(child):
                continue
            inner = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
            for name in _names(child, path):
                yield name, getattr(child, "lineno", 0), function
            yield from walk(child, inner)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), "")


def _target(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == "pytwin" and len(parts) > 1 else None


def _may_go_up(module: str, function: str) -> bool:
    return function in UPWARD_METHODS.get(module, set()) or function.lstrip("_").startswith(MAY_PLOT)


def test_every_module_has_a_layer() -> None:
    unknown = {name for name, _ in modules() if name not in HEIGHT and name != "reference"}
    assert not unknown, f"add {unknown} to LAYERS"


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda v: v.stem if isinstance(v, Path) else v)
def test_imports_go_one_way(module: str, path: Path) -> None:
    if module == "reference":
        return
    wrong = []
    for name, line, function in imports(path):
        target = _target(name)
        if target is None or target == module or target not in HEIGHT:
            continue
        if HEIGHT[target] >= HEIGHT[module] and not _may_go_up(module, function):
            wrong.append(f"{path.name}:{line} imports {name}")
    assert not wrong


def test_only_reference_imports_reference() -> None:
    wrong = [
        f"{path.name}:{line}"
        for module, path in modules()
        for name, line, _ in imports(path)
        if _target(name) == "reference" and module not in ("reference", "verify")
    ]
    assert not wrong


def test_reference_imports_numpy_alone() -> None:
    wrong = []
    for module, path in modules():
        if module != "reference":
            continue
        for name, line, _ in imports(path):
            top = name.split(".")[0]
            own = _target(name) == "reference"
            if not (own or top == "numpy" or top in sys.stdlib_module_names):
                wrong.append(f"{path.name}:{line} imports {name}")
    assert not wrong


def includes() -> Iterator[tuple[Path, str]]:
    for path in sorted(CORE.rglob("*")):
        if path.suffix in (".c", ".h", ".cpp", ".hpp"):
            for header in re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)', path.read_text(), re.MULTILINE):
                yield path.relative_to(CORE), header


@pytest.mark.parametrize(
    ("folder", "pattern"),
    [
        ("binding", r"Python\.h|numpy/.*|binding/.*"),
        ("linalg", r".*cblas\.h|.*lapacke?\.h|f77blas\.h|.*openblas\.h"),
    ],
)
def test_headers_stay_in_their_folder(folder: str, pattern: str) -> None:
    wrong = [
        f"{path} includes {h}"
        for path, h in includes()
        if re.fullmatch(pattern, h) and path.parts[0] != folder
    ]
    assert not wrong


def test_only_lanes_know_a_vector_width() -> None:
    wrong = [
        str(path.relative_to(CORE))
        for path in sorted(CORE.rglob("*.[ch]*"))
        if path.relative_to(CORE).parts[0] != "lanes"
        and re.search(r"vector_size|immintrin\.h|arm_neon\.h|\b_mm(256|512)?_", path.read_text())
    ]
    assert not wrong


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node, clean=False)
            length = (node.end_lineno or 0) - node.lineno + 1
            yield node.name, length - (len(documented.splitlines()) if documented else 0)


def test_functions_are_short() -> None:
    long = [f"{p.name}:{name} {n}" for _, p in modules() for name, n in _functions(p) if n > 60]
    assert not long


def test_files_fit_in_the_head() -> None:
    sources = [p for _, p in modules()] + [p for p in CORE.rglob("*.[ch]*") if p.is_file()]
    long = [f"{p.relative_to(CHECKOUT)} {n}" for p in sources if (n := len(p.read_text().splitlines())) > 400]
    assert not long
