"""The house in figures: how much there is, how it hangs together, what a reader of the training has to read.

    python benchmarks/house.py [folder of a package, default plip_tutorial] [module of the training]

- *entries*: what ``ls`` shows of the package; *lines*: all lines of its modules.
- *private, called once*: functions whose name begins with ``_`` and stands in the package twice: where the function is
  defined and where it is used. Each costs its reader a jump.
- *circles*: modules that import each other, directly or by way of others; rooms likewise. Imports inside functions
  count, imports for types only do not.
- *floors*: a room stands one floor above the highest that it imports.
- *training*: modules, lines and depth of all that is imported from the module of the training on; its own room and
  `contrastive` alone, and with every foundation.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from functools import cache
from pathlib import Path

Graph = dict[str, set[str]]


def name_of(path: Path, package: Path) -> str:
    """``collect/pairs.py`` -> ``collect.pairs``; ``collect/__init__.py`` -> ``collect``."""
    return ".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__")


def modules(package: Path) -> dict[str, Path]:
    """All modules by name; the package itself is ``__init__``."""
    return {name_of(path, package): path for path in sorted(package.rglob("*.py"))}


@cache
def tree(path: Path) -> ast.Module:
    """The parsed source."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path, known: frozenset[str], package: str) -> set[str]:
    """Modules of the package that a module imports when it runs, at its top or inside a function."""
    nodes = list(ast.walk(tree(path)))
    for_types = {id(inner) for node in nodes if _for_types(node) for inner in ast.walk(node)}
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and id(node) not in for_types and node.module:
            base = node.module.split(".")
            if base[0] == package:
                stem = ".".join(base[1:])
                for alias in node.names:
                    whole = f"{stem}.{alias.name}".strip(".")
                    found.add(whole if whole in known else stem or alias.name)
    return found & known


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def graph(package: Path) -> Graph:
    """Who imports whom, by module."""
    files = modules(package)
    known = frozenset(files)
    return {name: imports(path, known, package.name) - {name} for name, path in files.items()}


def rooms(by_module: Graph) -> Graph:
    """Who imports whom, by entry of the package."""
    found: Graph = {}
    for name, others in by_module.items():
        room = name.split(".")[0]
        found.setdefault(room, set()).update({other.split(".")[0] for other in others} - {room})
    return found


def circles(edges: Graph) -> list[list[str]]:
    """Groups that import each other: strongly connected components with more than one member."""
    reach = {name: {name, *closure(edges, name)} for name in edges}
    groups = {tuple(sorted(b for b in edges if b in reach[a] and a in reach[b])) for a in edges}
    return sorted(list(group) for group in groups if len(group) > 1)


def closure(edges: Graph, start: str) -> dict[str, int]:
    """All that is imported from a module on, with how many imports deep."""
    depth, layer = {}, [start]
    while layer:
        layer = sorted({b for a in layer for b in edges.get(a, ())} - depth.keys() - {start})
        depth.update(dict.fromkeys(layer, max(depth.values(), default=0) + 1))
    return depth


def floors(edges: Graph) -> dict[str, int]:
    """The floor of each room; needs a graph without circles."""

    @cache
    def floor(room: str) -> int:
        return max((floor(other) + 1 for other in edges[room]), default=0)

    return {room: floor(room) for room in edges}


def private_called_once(package: Path) -> tuple[list[str], int]:
    """Private functions that are used in one place, and how many functions there are."""
    functions, names = [], Counter[str]()
    for path in modules(package).values():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions.append((path, node.name))
            elif isinstance(node, ast.Name):
                names[node.id] += 1
            elif isinstance(node, ast.Attribute):
                names[node.attr] += 1
    private = [
        f"{path.relative_to(package)}: {name}" for path, name in functions if _private(name) and names[name] == 1
    ]
    return private, len(functions)


def _private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def lines(path: Path) -> int:
    """How many there are."""
    return path.read_text(encoding="utf-8").count("\n")


def main(folder: str = "plip_tutorial", training: str = "") -> None:
    """Print all figures."""
    package = Path(folder)
    files, edges = modules(package), graph(package)
    entries = [path.name for path in package.iterdir() if path.name != "__pycache__"]
    private, functions = private_called_once(package)
    print(f"entries in {package.name}/: {len(entries)}, modules: {len(files)}")
    print(f"lines: {sum(map(lines, files.values())):,}")
    print(f"functions: {functions}, private and called once: {len(private)} ({len(private) / functions:.0%})")
    print(f"circles of modules: {circles(edges) or 'none'}; of rooms: {circles(rooms(edges)) or 'none'}")
    start = training or next(name for name in ("finetune.loop", "finetune") if name in files)
    near = {
        name: deep for name, deep in closure(edges, start).items() if name.split(".")[0] in ("finetune", "contrastive")
    }
    for title, found in {"its room and contrastive": near, "all": closure(edges, start)}.items():
        total = lines(files[start]) + sum(lines(files[name]) for name in found)
        print(f"training, {title}: {len(found) + 1} modules, {total:,} lines, {max(found.values(), default=0)} deep")
    if not circles(rooms(edges)):
        found_floors = floors(rooms(edges))
        for floor in sorted(set(found_floors.values()), reverse=True):
            print(f"floor {floor}: {', '.join(sorted(room for room in found_floors if found_floors[room] == floor))}")
    if "-v" in sys.argv:
        print(*private, sep="\n")


if __name__ == "__main__":
    main(*(argument for argument in sys.argv[1:] if argument != "-v"))
