"""A pool of pictures from the web with their alt texts: little pathology, many lookalikes, much of everything else.

This is the microcosm's LAION. Its few per cent of pathology come from textbooks, shops and slide sets; the alt text is
often right, sometimes about something else, and often a file name.

>>> web_pool(2)["text"][0]
'a picture of immunohistochemistry'
"""

from __future__ import annotations

from typing import Any

from datasets import Dataset, Features, Image, Value

from plip_tutorial.microcosm import captions
from plip_tutorial.microcosm.everyday import KINDS, LOOKALIKES
from plip_tutorial.microcosm.pictures import Picture
from plip_tutorial.microcosm.seeding import pick, rng, seed_of
from plip_tutorial.microcosm.stain import TRAINING_LABS
from plip_tutorial.microcosm.tissues import TISSUES

ENGLISH = 0.62  # share of alt texts; the rest is spread over the other languages
EMPTY, BOILERPLATE, WRONG = 0.04, 0.1, 0.06  # shares of alt texts
ROWS_PER_SLIDE = 40  # so that a slide gives two or three pictures to the pool
SITES = ("atlas", "stockphotos", "shop", "blog", "museum", "lecture", "wiki", "gallery")
FILE_NAMES = ("IMG_{}.jpg", "image {}", "Download PDF", "thumbnail", "slide{}.png", "Figure {}", "untitled", "DSC0{}")
_TEXT, _FLAG = Value("string"), Value("bool")
FEATURES = Features(
    {
        "image": Image(), "text": _TEXT, "url": _TEXT, "truth_kind": _TEXT, "truth_pathology": _FLAG,
        "truth_tissue": _TEXT, "truth_language": _TEXT, "truth_match": _FLAG, "truth_patient": _TEXT,
        "truth_slide": _TEXT,
    }
)  # fmt: skip


def web_pool(n: int, seed: int = 0, *, pathology: float = 0.06, lookalike: float = 0.24, size: int = 64) -> Dataset:
    """The first ``n`` pictures of the web; picture ``i`` is the same whatever ``n`` is.

    Args:
        n: how many.
        seed: which web.
        pathology: share of stained tissue.
        lookalike: share of pictures that look like it, see `everyday.LOOKALIKES`.
        size: pixels a side.

    Returns:
        ``text`` is the alt text, "" where there is none. ``truth_kind`` is pathology, lookalike or everyday;
        ``truth_tissue`` names the tissue or the kind of everyday picture; ``truth_language`` is "" where the alt text
        says nothing.

    Raises:
        ValueError: shares that are negative, or more than 1 together.
    """
    if min(pathology, lookalike) < 0 or pathology + lookalike > 1:
        raise ValueError(f"pathology={pathology} and lookalike={lookalike} are shares: 0 or more, at most 1 together.")
    rows = [_row(seed, i, pathology, lookalike, size) for i in range(n)]
    return Dataset.from_dict({name: [row[name] for row in rows] for name in FEATURES}, features=FEATURES)


def _row(seed: int, i: int, pathology: float, lookalike: float, size: int) -> dict[str, Any]:
    draw = rng("web", seed, i)
    place, own = draw.random(), seed_of("web picture", seed, i)
    kind = "pathology" if place < pathology else "lookalike" if place < pathology + lookalike else "everyday"
    everyday = [name for name in KINDS if name not in LOOKALIKES]
    names = {"pathology": list(TISSUES), "lookalike": list(LOOKALIKES), "everyday": everyday}[kind]
    name = pick(draw, names)
    slide = i // ROWS_PER_SLIDE
    lab = TRAINING_LABS[int(rng("web lab", seed, slide // 2).integers(len(TRAINING_LABS)))]
    english, site = draw.random() < ENGLISH, int(draw.integers(len(SITES)))
    language = "en" if english else pick(draw, captions.LANGUAGES[1:])
    picture = Picture(name, own, lab, seed_of("web slide", seed, slide), size=size)
    text, language, match = _alt(kind, picture, language, own, draw.random())
    return {
        "image": picture.encoded(),
        "text": text,
        "url": f"https://{SITES[site]}{i % 97}.example/{own}.jpg",  # .example leads nowhere (RFC 2606)
        "truth_kind": kind,
        "truth_pathology": kind == "pathology",
        "truth_tissue": name,
        "truth_language": language,
        "truth_match": match,
        "truth_patient": f"web{seed}-patient{slide // 2}" if kind == "pathology" else "",
        "truth_slide": f"web{seed}-slide{slide}" if kind == "pathology" else "",
    }


def _alt(kind: str, picture: Picture, language: str, seed: int, fate: float) -> tuple[str, str, bool]:
    """Alt text, its language, and whether it describes the picture."""
    name = picture.kind
    if fate < EMPTY:
        return "", "", False
    if fate < EMPTY + BOILERPLATE:
        return FILE_NAMES[seed % len(FILE_NAMES)].format(seed % 9973), "", False
    match = fate > EMPTY + BOILERPLATE + WRONG
    if kind == "pathology":
        told = name if match else [other for other in TISSUES if other != name][seed % (len(TISSUES) - 1)]
        field = picture.shown if match else None
        return captions.write("alt", told, seed=seed, language=language, field=field), language, match
    told = name if match else [other for other in KINDS if other != name][seed % (len(KINDS) - 1)]
    return captions.everyday_caption(told, seed=seed, language=language), language, match and language == "en"


def everyday_pairs(n: int, seed: int = 0, *, size: int = 64) -> Dataset:
    """Pictures that are not pathology, each with a caption: what the tiny CLIP is pre-trained on.

    Pair ``i`` is a pure function of ``(seed, i)``.

    Returns:
        Columns ``image``, ``text``, ``group_id`` (each pair its own) and ``truth_kind``.
    """
    kinds = [pick(rng("everyday pair", seed, i), list(KINDS)) for i in range(n)]
    seeds = [seed_of("everyday picture", seed, i) for i in range(n)]
    columns = {
        "image": [Picture(kind, s, size=size).encoded() for kind, s in zip(kinds, seeds, strict=True)],
        "text": [captions.everyday_caption(kind, seed=s) for kind, s in zip(kinds, seeds, strict=True)],
        "group_id": list(range(n)),
        "truth_kind": kinds,
    }
    features = Features({"image": Image(), "text": _TEXT, "group_id": Value("int64"), "truth_kind": _TEXT})
    return Dataset.from_dict(columns, features=features)
