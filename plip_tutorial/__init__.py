"""How PLIP, the pathology CLIP, was made and is used: the code behind the chapters of the book.

Each chapter has a module of the same name; below them lie the microcosm (a world of pathology whose truth is known),
metrics and figures. Importing this package imports nothing else; `PLIP` is loaded when it is asked for.

>>> from plip_tutorial.microcosm import render_tile
>>> render_tile("adipose", seed=0).shape
(64, 64, 3)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plip_tutorial.plip import PLIP as PLIP

__all__ = ["PLIP", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """``from plip_tutorial import PLIP``, without loading torch for those who want something else."""
    if name == "PLIP":
        from plip_tutorial.plip import PLIP

        return PLIP
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
