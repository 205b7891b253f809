"""Who posts what, and who answers: posts as plans, before a picture is drawn.

Rows come in blocks of 256, each laid out by itself: a thread is a post and its replies in the rows behind it, and a
retweet looks back in its own block. So row ``i`` is a pure function of ``(seed, i)``, and no table is kept.

>>> plan(0, 5) == plan(0, 5)
True
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plip_tutorial.microcosm import captions, dressing
from plip_tutorial.microcosm.everyday import CHARTS, CLINIC, PAPERS, STAINED_OTHERWISE
from plip_tutorial.microcosm.pictures import Picture
from plip_tutorial.microcosm.seeding import pick, rng, seed_of
from plip_tutorial.microcosm.stain import TRAINING_LABS
from plip_tutorial.microcosm.tissues import TISSUES

Generator = np.random.Generator
BLOCK = 256  # rows
PATIENTS, AUTHORS, SLIDES = 96, 400, 3  # patients a block, authors in all, slides a patient at most
ORGANS = ("colon", "lung", "breast", "skin", "stomach")
# Share of each kind of post, and how many replies it draws compared with a case. "wrong" is a case with another
# picture's text, "rhetorical" one with a question mark that asks nothing, "other" one of another craft than histology.
KINDS = {
    "case": (0.56, 1.0), "wrong": (0.03, 1.0), "rhetorical": (0.03, 1.0), "other": (0.03, 0.6), "question": (0.16, 1.6),
    "vague": (0.03, 0.8), "chatter": (0.05, 0.4), "advert": (0.04, 0.2), "retweet": (0.05, 0.0), "repost": (0.02, 0.8),
}  # fmt: skip
REPLIES = {"right": 0.77, "wrong": 0.05, "empty": 0.13, "question": 0.05}
IMAGES = (0.68, 0.18, 0.08, 0.06)  # shares of posts with 1, 2, 3, 4
MORE_REPLIES = 0.22  # chance of yet another reply once there is one
GLASS = 0.6  # how often a picture shows bare glass, compared with a tissue
GRAPHIC, MARKED, MARKED_BY_MISTAKE = 0.02, 0.9, 0.01  # shares: truly graphic; of these, of the others, marked
# What comes along: beside a case, and with talk of meetings and travels.
BESIDE = (*CHARTS, *PAPERS, *CLINIC, *STAINED_OTHERWISE, "flow_diagram", "histology_drawing")
LIFE = (*["group_photo"] * 6, *["portrait", "landscape", "photo", "meal"] * 2, "flowers", "foliage", "fur", "masonry",
        "cartoon", *PAPERS, *CHARTS)  # fmt: skip
# Hashtags that name an organ of the microcosm. All others fall on any organ: patients here have five, not thirty.
HOME = {"dermpath": ("skin",), "BreastPath": ("breast",), "PulmPath": ("lung",), "GIPath": ("colon", "stomach"),
        "HPBpath": ("stomach",), "pancpath": ("stomach",)}  # fmt: skip


@dataclass(frozen=True)
class Post:
    """A row of `posts`, with pictures still to be drawn; ``retweet_of`` and ``in_reply_to`` are rows."""

    row: int
    author: str
    created_at: datetime
    text: str
    hashtags: tuple[str, ...]
    likes: int
    possibly_sensitive: bool
    pictures: tuple[Picture, ...]
    kind: str
    language: str
    match: bool
    sensitive: bool
    tissue: str
    patient: str
    slide: str
    lab: str
    retweet_of: int | None = None
    in_reply_to: int | None = None


@cache
def paper() -> dict[str, Any]:
    """Numbers of the paper (Huang et al. 2023), read from its figures."""
    numbers: dict[str, Any] = json.loads((files("plip_tutorial") / "data" / "plip_paper.json").read_text("utf-8"))
    return numbers


@cache
def hashtag_shares() -> tuple[list[str], NDArray[np.float64]]:
    """The recommended hashtags, and their shares given each organ, (5, 32); organs alike, the paper's shares result."""
    counts = paper()["openpath"]["hashtags"]
    tweets = np.array([count["tweets"] for count in counts.values()], float)
    home = np.array([[organ in HOME.get(tag, ()) for tag in counts] for organ in ORGANS], float)
    own = tweets / tweets.sum() * home / home.sum(0).clip(1)  # shares of (organ, hashtag) that belong together
    rest = tweets / tweets.sum() - own.sum(0)
    spread = np.outer(1 / len(ORGANS) - own.sum(1), rest / rest.sum())  # the rest fills each organ up to a fifth
    return list(counts), len(ORGANS) * (own + spread)


@cache
def _tags_of(organ: str) -> tuple[list[str], tuple[float, ...]]:
    tags, shares = hashtag_shares()
    return tags, tuple(shares[ORGANS.index(organ)])


@cache
def reply_rates() -> dict[str, float]:
    """Replies a post, by hashtag."""
    counts = paper()["openpath"]["hashtags"]
    return {tag: count["replies"] / count["tweets"] for tag, count in counts.items()}


@dataclass(frozen=True)
class _Patient:
    """What the posts about one patient share."""

    name: str
    author: int
    lab: str
    organ: str
    language: str


def _author(author: int) -> tuple[str, str]:
    """Lab and language of an author; one in five writes in another language than English, if not always."""
    others = captions.LANGUAGES[1:]
    language = others[author // 5 % len(others)] if author % 5 == 3 else "en"
    return TRAINING_LABS[author % len(TRAINING_LABS)], language


@lru_cache(maxsize=4 * PATIENTS)
def _patient(seed: int, number: int) -> _Patient:
    own = rng("patient", seed, number)
    author = int(AUTHORS * own.random() ** 2)  # some post much, most little
    lab, language = _author(author)
    return _Patient(f"patient{number}", author, lab, pick(own, ORGANS), language)


@cache
def _tissues_of(organ: str) -> tuple[list[str], tuple[float, ...]]:
    """What a patient's pictures may show, and how often: all tissues about equally often, glass less.

    Lymph nodes are taken from any patient, so they count among the tissues of any organ.
    """
    anywhere = [tissue.name for tissue in TISSUES.values() if tissue.organ not in ORGANS]
    there = [tissue.name for tissue in TISSUES.values() if tissue.organ == organ]
    weights = np.array([GLASS if name == "background" else 1.0 for name in anywhere])
    own = len(ORGANS) / (len(TISSUES) - 1 + GLASS)  # share of each tissue that one organ alone has
    rest = (1 - own * len(there)) * weights / weights.sum()
    return anywhere + there, (*rest, *[own] * len(there))


def _pictures(kind: str, tissue: str, patient: _Patient, slide: int, key: tuple[int, int]) -> tuple[Picture, ...]:
    """One to four pictures; the first is what the post is about."""
    draw = rng("pictures of", *key)
    first, further = tissue, BESIDE
    if kind == "other":
        first = pick(draw, CLINIC + STAINED_OTHERWISE)
    elif kind == "chatter" or (kind == "advert" and draw.random() < 0.7):
        further = LIFE
        first = pick(draw, further)
    names = [first]
    for _ in range(int(pick(draw, "0123", IMAGES))):
        same, strange = draw.random(2) < (0.9, 0.3)
        odd = pick(draw, further) if strange else pick(draw, *_tissues_of(patient.organ))
        names.append(first if same else odd)
    return tuple(Picture(name, seed_of("picture", *key, k), patient.lab, slide) for k, name in enumerate(names))


def _field(pictures: tuple[Picture, ...]) -> float | None:
    """Micrometres a side of the picture that a post is about, the first; None where it shows no tissue."""
    return pictures[0].shown if pictures[0].kind in TISSUES else None


def _text(kind: str, tissue: str, patient: _Patient, language: str, seed: int, pictures: tuple[Picture, ...]) -> str:
    """The words, before hashtags and links come in."""
    organ, field = patient.organ, _field(pictures)
    if kind == "wrong":
        others = [name for name in TISSUES if name != tissue and TISSUES[name].phrase != TISSUES[tissue].phrase]
        return captions.caption(others[seed % len(others)], seed=seed, language=language, organ=organ)
    if kind in ("chatter", "advert"):
        return captions.write(kind, seed=seed)
    if kind == "other":
        told = captions.everyday_caption(pictures[0].kind, seed=seed)
        return captions.sentences(f"{told}. {captions.write('vague', tissue, seed=seed)}")
    if kind == "vague" and seed % 5 == 0:
        return ""  # hashtags and a link say it all
    if kind in ("vague", "rhetorical"):
        return captions.write(kind, tissue, seed=seed, organ=organ, field=field)
    form = "question" if kind == "question" else "caption"
    return captions.write(form, tissue, seed=seed, language=language, organ=organ, field=field)


def _moment(draw: Generator) -> datetime:
    """Between the first and the last post of the paper, most of them late."""
    first, last = (datetime.fromisoformat(paper()["openpath"][key]) for key in ("first_post", "last_post"))
    return (first + (last - first) * float(draw.random() ** 0.25)).replace(tzinfo=UTC)


def _later(moment: datetime, hours: float, draw: Generator) -> datetime:
    return moment + timedelta(hours=float(draw.exponential(hours)))


def _post(seed: int, row: int, kind: str, draw: Generator) -> Post:
    """A post of its own: neither retweet nor reply."""
    patient = _patient(seed, row // BLOCK * PATIENTS + int(draw.integers(PATIENTS)))
    tissue, slide = pick(draw, *_tissues_of(patient.organ)), int(draw.integers(SLIDES))
    name = f"{patient.name}-slide{slide}"
    pictures = _pictures(kind, tissue, patient, seed_of("stain", seed, name), (seed, row))
    foreign = kind in ("case", "wrong", "question", "repost") and draw.random() < 0.85
    language = patient.language if foreign else "en"
    tag = pick(draw, *_tags_of(patient.organ))
    words = _text(kind, tissue, patient, language, seed_of("text", seed, row), pictures)
    text, hashtags = dressing.dress(words, tag, draw)
    graphic = bool(draw.random() < GRAPHIC) and kind not in ("chatter", "advert")
    marked = bool(draw.random() < (MARKED if graphic else MARKED_BY_MISTAKE))
    return Post(
        row=row, author=f"user{patient.author:03}", created_at=_moment(draw), text=text, hashtags=hashtags,
        likes=int(draw.lognormal(2.2, 1.3)), possibly_sensitive=marked,
        pictures=pictures, kind="case" if kind in ("wrong", "rhetorical") else kind, language=language,
        match=kind in ("case", "rhetorical", "repost", "other"), sensitive=graphic, tissue=tissue, patient=patient.name,
        slide=name, lab=patient.lab,
    )  # fmt: skip


def _retweet(post: Post, row: int, draw: Generator) -> Post:
    """The same once more. One in eight is copied by hand, which no field tells."""
    by_hand = draw.random() < 0.12
    lead = f"Via @{post.author}: " if by_hand else f"RT @{post.author}: "
    return replace(
        post, row=row, author=f"user{int(draw.integers(AUTHORS)):03}", created_at=_later(post.created_at, 40, draw),
        text=lead + post.text, likes=0, retweet_of=None if by_hand else post.row, kind="retweet",
    )  # fmt: skip


def _repost(post: Post, row: int, seed: int, draw: Generator) -> Post:
    """The same pictures a little cropped and compressed, with new words, by somebody else."""
    words = captions.caption(post.tissue, seed=seed_of("text", seed, row), field=_field(post.pictures))
    text, hashtags = dressing.dress(words, post.hashtags[0], draw)
    return replace(
        post, row=row, author=f"user{int(draw.integers(AUTHORS)):03}", created_at=_later(post.created_at, 4000, draw),
        text=text, hashtags=hashtags, likes=int(draw.lognormal(2.2, 1.3)), kind="repost", language="en", match=True,
        pictures=tuple(replace(picture, altered=row + 1) for picture in post.pictures),
    )  # fmt: skip


def _reply(post: Post, row: int, seed: int, draw: Generator) -> Post:
    kind = pick(draw, list(REPLIES), tuple(REPLIES.values()))
    if kind == "right" and post.kind in ("chatter", "advert", "other"):
        kind = "empty"
    tissue = pick(draw, list(TISSUES)) if kind == "wrong" else post.tissue
    right = kind in ("right", "wrong") and tissue == post.tissue
    form, own = "empty" if kind == "empty" else "reply", seed_of("text", seed, row)
    words = captions.write(form, tissue, seed=own, field=_field(post.pictures))
    if kind == "question":
        words = pick(draw, ["Did you do immunohistochemistry?", "Which site is this from?", "How old is she?"])
    text, likes = dressing.dress_reply(words, post.author, draw), int(draw.lognormal(0.9 + 0.8 * right, 1.1))
    return replace(
        post, row=row, author=f"user{int(draw.integers(AUTHORS)):03}", created_at=_later(post.created_at, 9, draw),
        text=text, hashtags=(), likes=likes,
        possibly_sensitive=False, sensitive=False, pictures=(), in_reply_to=post.row, language="en", match=right,
        kind={"empty": "empty reply", "question": "question"}.get(kind, "reply"),
    )  # fmt: skip


def _thread(seed: int, row: int, before: list[Post]) -> list[Post]:
    """A post in ``row`` and its replies in the rows behind it."""
    draw = rng("thread", seed, row)
    kind = pick(draw, list(KINDS), tuple(share for share, _ in KINDS.values()))
    cases = [post for post in before if post.kind == "case"]
    if kind in ("retweet", "repost") and cases:
        old = cases[int(draw.integers(len(cases)))]
        post = _retweet(old, row, draw) if kind == "retweet" else _repost(old, row, seed, draw)
    else:
        kind = "case" if kind in ("retweet", "repost") else kind
        post = _post(seed, row, kind, draw)
    weight = KINDS[kind][1] / sum(share * pull for share, pull in KINDS.values())
    replies = 0
    if draw.random() < reply_rates()[post.hashtags[0]] * weight * (1 - MORE_REPLIES):
        replies = int(draw.geometric(1 - MORE_REPLIES))
    return [post, *(_reply(post, row + 1 + k, seed, draw) for k in range(replies))]


@lru_cache(maxsize=16)
def _block(seed: int, number: int) -> tuple[Post, ...]:
    rows: list[Post] = []
    while len(rows) < BLOCK:
        rows += _thread(seed, number * BLOCK + len(rows), rows)
    return tuple(rows[:BLOCK])


def plan(seed: int, row: int) -> Post:
    """The post in ``row`` of the world ``seed``."""
    return _block(seed, row // BLOCK)[row % BLOCK]
