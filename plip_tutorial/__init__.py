"""How PLIP, the pathology CLIP, was made and is used: the code behind the units of the book.

A pair, an image and its caption, is born as a post and ends in a search; the rooms follow its way, as the units do::

    contrastive    one space for pictures and words, and the loss that makes it
    collect        posts become pairs
    expand         the web brings their relatives
    clean          what does not belong goes
    finetune       the pairs train a model
    plip           the model turns pictures and words into vectors
    zero_shot, linear_probe, retrieval    three ways to use them
    slide          where they are used: tissue as it comes from the scanner
    limits, audit                         two ways to doubt them

They stand on `microcosm` (a world of pathology whose truth is known), `sources` (files, the hub), `metrics`, `plots`,
`widgets`, `storage` and `tracks`. Above them: `artifacts` (what was made, and how), `studies`, `at_scale`, `commands`.

Importing this package imports nothing else; `PLIP` is loaded when it is asked for.

>>> from plip_tutorial.microcosm import render_tile
>>> render_tile("adipose", seed=0).shape
(64, 64, 3)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plip_tutorial.plip.model import PLIP as PLIP

__all__ = ["PLIP", "__version__"]
__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    """``from plip_tutorial import PLIP``, without loading torch for those who want something else."""
    if name == "PLIP":
        from plip_tutorial.plip.model import PLIP

        return PLIP
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
