"""The pages of the package: one a room, its files in the order of their names. They follow from the folders alone."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "plip_tutorial"
FOLDER = PACKAGE.parent / "book" / "api"


def rooms() -> list[str]:
    """Rooms and single files of the package that others import."""
    entries = (path for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists())
    return sorted(path.stem for path in entries if not path.name.startswith("__"))


def page(room: str) -> str:
    """The text of a room's page."""
    files = sorted(path.stem for path in (PACKAGE / room).glob("*.py") if path.stem != "__init__")
    if not files:
        return f"# `{room}`\n\n" + _documented(room, "   :members:\n")
    parts = [f"# `{room}`\n\n" + _documented(room)]
    parts += [f"## `{room}.{name}`\n\n" + _documented(f"{room}.{name}", "   :members:\n") for name in files]
    return "\n".join(parts)


def _documented(module: str, options: str = "") -> str:
    return f"```{{eval-rst}}\n.. automodule:: plip_tutorial.{module}\n{options}```\n"


def api_pages() -> dict[Path, str]:
    """All pages by their file."""
    return {FOLDER / f"{room}.md": page(room) for room in rooms()}
