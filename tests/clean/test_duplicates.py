import io
import tracemalloc
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from plip_tutorial.clean import duplicates
from plip_tutorial.clean.duplicates import (
    DISTANCE,
    Fingerprints,
    boilerplate,
    copies_of,
    fingerprints,
    join_groups,
    near_duplicate_captions,
    near_duplicates,
    near_pairs,
    representative,
)
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.microcosm.tissue import TISSUES, render_tile
from plip_tutorial.sources.images import UnreadableImageError

REAL = Path(__file__).parents[2] / "../shared/data/nct_crc_mini"
TILES = [
    Image.fromarray(render_tile(name, seed=seed, lab=lab, slide=seed))
    for seed, lab in enumerate("ABCDE")
    for name in TISSUES
    if name != "background"
]


def jpeg(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def crop(image, share):
    w, h = image.size
    return image.crop((w * share, h * share, w - w * share, h - h * share))


COPIES = {
    "JPEG 70": lambda image: jpeg(image, 70),
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC),
    "twice the size": lambda image: image.resize((image.width * 2, image.height * 2), Image.Resampling.BICUBIC),
    "crop by 2%": lambda image: crop(image, 0.02),
    "crop by 5%": lambda image: crop(image, 0.05),
    "PNG with alpha": lambda image: image.convert("RGBA"),
}


def hashes(draw, n, *, spread):
    """Random hashes in families whose members differ in a few bits."""
    parents = draw.integers(0, 2**64, max(1, n // 3), dtype=np.uint64)
    flips = (np.uint64(1) << draw.integers(0, 64, (n, spread), dtype=np.uint64)) * (draw.random((n, spread)) < 0.7)
    return np.bitwise_xor.reduce(flips.astype(np.uint64), axis=1) ^ parents[draw.integers(len(parents), size=n)]


def slow_groups(n, edges):
    """Walk from each item to all that it is joined with."""
    friends = {i: {i} for i in range(n)}
    for i, j in edges:
        friends[i].add(j)
        friends[j].add(i)
    groups = list(range(n))
    for i in range(n):
        seen, todo = {i}, [i]
        while todo:
            new = friends[todo.pop()] - seen
            seen |= new
            todo += new
        groups[i] = min(seen)
    return groups


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), n=st.integers(0, 200), m=st.integers(0, 50), distance=st.integers(0, 64))
def test_pairs_equal_the_double_loop(seed, n, m, distance):
    left, right = hashes(rng(seed), n, spread=12), hashes(rng(seed), m, spread=9)
    near = [(i, j) for i in range(n) for j in range(m) if int(left[i] ^ right[j]).bit_count() <= distance]
    assert list(zip(*near_pairs(left, right, distance=distance), strict=True)) == near
    near = [(i, j) for i, j in combinations(range(n), 2) if int(left[i] ^ left[j]).bit_count() <= distance]
    assert list(zip(*near_pairs(left, distance=distance), strict=True)) == near


def slow_copies(left, right, distance):
    """Every pair of pictures that show the same, by every pair of their views."""

    def near(i, j):
        rich = left.contrast[i] >= 6 and right.contrast[j] >= 6
        views = ((a ^ b).bit_count() for a in left.hashes[i].tolist() for b in right.hashes[j].tolist())
        return left.digests[i] == right.digests[j] or (rich and any(bits <= distance for bits in views))

    return [(i, j) for i in range(len(left)) for j in range(len(right)) if near(i, j)]


def prints_of(seed, n):
    """Fingerprints in families, of which some have no contrast and some the same pixels."""
    draw = rng("prints", seed)
    contrast = draw.choice([0, 5.99, 6, 50], n, p=[0.1, 0.1, 0.4, 0.4])
    codes = hashes(draw, 3 * n, spread=9).reshape(n, 3)
    return Fingerprints(codes, contrast.astype(np.float32), draw.integers(0, 3 * n + 1, n).astype(np.uint64))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), n=st.integers(0, 40), distance=st.integers(0, 20), waiting=st.sampled_from([0, 2**18]))
def test_groups_and_masks_equal_the_double_loop(seed, n, distance, waiting):
    prints, others = prints_of(seed, n), prints_of(seed + 1, 20)
    m = min(n, 3)  # so many are surely found
    others.hashes[:m], others.digests[3 : 3 + m] = prints.hashes[:m], prints.digests[:m]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "MOST_WAITING", waiting)
        groups = near_duplicates(prints, distance=distance)
    assert groups.tolist() == slow_groups(n, slow_copies(prints, prints, distance))
    found = {i for i, _ in slow_copies(prints, others, distance)}
    assert np.flatnonzero(copies_of(prints, others, distance=distance)).tolist() == sorted(found)


@pytest.mark.parametrize("alike", [0, 4], ids=["equal", "all hashes differ"])
def test_thousands_of_alike_pictures_need_memory_for_themselves_only(alike):
    n = 4000
    flips = np.uint64(1) << rng("alike").integers(0, 64, (n, 3, 4), dtype=np.uint64)
    codes = np.bitwise_xor.reduce(flips[:, :, :alike], axis=2)  # up to 8 bits apart: most pairs are near
    prints = Fingerprints(codes, np.full(n, 50, np.float32), np.arange(n, dtype=np.uint64))
    tracemalloc.start()
    groups, leaking = near_duplicates(prints), copies_of(prints, prints)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(groups.tolist()) == {0}
    assert leaking.all()
    assert peak < 64e6  # eight million pairs of pictures, 72 million of views


def test_a_list_of_too_many_pairs_says_what_needs_none(monkeypatch):
    monkeypatch.setattr(duplicates, "MOST_PAIRS", 44)
    assert len(near_pairs(np.zeros(9, np.uint64))[0]) == 36
    with pytest.raises(ValueError, match=r"more than 44 pairs are alike\. near_duplicates groups"):
        near_pairs(np.zeros(10, np.uint64))


def test_pictures_that_come_in_batches_are_those_that_come_alone():
    tiles = [TILES[i % len(TILES)] for i in range(300)]
    together, alone = fingerprints(iter(tiles)), [fingerprints([tile]) for tile in TILES]
    for name in ("hashes", "contrast", "digests"):
        expected = np.concatenate([getattr(alone[i % len(TILES)], name) for i in range(300)])
        np.testing.assert_array_equal(getattr(together, name), expected)


def test_pairs_are_found_across_blocks():
    codes = rng("many").integers(0, 2**64, 20_000, dtype=np.uint64)
    places = np.array([0, 63, 64, 8191, 8192, 16383, 19_999])
    codes[places] = codes[0] ^ (np.uint64(1) << np.arange(7, dtype=np.uint64))  # 2 bits apart from each other
    assert list(zip(*near_pairs(codes, distance=2), strict=True)) == list(combinations(places, 2))


def test_the_hash_is_the_sign_of_the_slowest_waves():
    wave = np.cos(np.pi * np.outer(np.arange(8), 2 * np.arange(32) + 1) / 64)  # row u: the wave with u half turns
    for tile, code in zip(TILES, fingerprints(TILES).hashes[:, 0], strict=True):
        grey = np.asarray(tile.convert("L").resize((32, 32), Image.Resampling.LANCZOS), np.float64)
        strength = (wave @ grey @ wave.T).ravel()
        assert code == np.packbits(strength > np.median(strength)).view(np.uint64)[0]


def test_the_hash_is_that_of_the_imagehash_library():
    imagehash = pytest.importorskip("imagehash", reason="ImageHash is not installed")
    ours = fingerprints(TILES).hashes[:, 0]
    theirs = [np.packbits(imagehash.phash(tile).hash.ravel()).view(np.uint64)[0] for tile in TILES]
    assert ours.tolist() == [int(code) for code in theirs]


@pytest.mark.parametrize("name", COPIES)
def test_copies_are_found_and_nothing_else(name):
    copies = [COPIES[name](tile) for tile in TILES]
    assert near_duplicates(TILES + copies).tolist() == 2 * list(range(len(TILES)))


@pytest.mark.skipif(not REAL.is_dir(), reason="the real tiles lie outside the repository")
@pytest.mark.parametrize("name", COPIES)
def test_copies_of_real_tiles_are_found_and_nothing_else(name):
    tiles = [Image.open(path).convert("RGB") for path in sorted(REAL.rglob("*.png")) if path.parent.name != "BACK"]
    groups = near_duplicates(tiles + [COPIES[name](tile) for tile in tiles])
    assert groups.tolist() == 2 * list(range(len(tiles)))


def test_tiles_of_empty_glass_are_no_copies_of_each_other():
    glass = [
        np.full((64, 64, 3), 240, np.uint8) + rng(i).integers(0, 4, (64, 64, 3), dtype=np.uint8) for i in range(30)
    ]
    assert fingerprints(glass).contrast.max() < 1
    assert near_duplicates(glass).tolist() == list(range(30))
    assert near_duplicates([*glass, glass[7]])[-1] == 7  # the very same pixels are


def test_groups_are_connected_components():
    chain = np.array([0b0, 0b1111_1111, 2**16 - 1, 0b1 << 63], np.uint64)[:, None]  # 8 bits from one to the next
    prints = fingerprints(TILES[:4])
    prints = type(prints)(chain, np.full(4, 50, np.float32), np.arange(4, dtype=np.uint64))
    assert near_duplicates(prints, distance=8).tolist() == [0, 0, 0, 0]
    assert near_duplicates(prints, distance=7).tolist() == [0, 1, 2, 0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20))
def test_joined_groups_equal_the_walk(rows):
    first, second = zip(*rows, strict=True)
    pairs = combinations(range(len(rows)), 2)
    edges = [(i, j) for i, j in pairs if first[i] == first[j] or second[i] == second[j]]
    assert join_groups(first, second).tolist() == slow_groups(len(rows), edges)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=20))
def test_the_representative_is_the_first_of_the_best(rows):
    groups, worth = [g for g, _ in rows], [w for _, w in rows]
    expected = [
        i == next(j for j in range(len(rows)) if groups[j] == g and worth[j] == max(w for h, w in rows if h == g))
        for i, (g, _) in enumerate(rows)
    ]
    assert representative(groups, worth).tolist() == expected


def test_captions_are_the_same_but_for_case_marks_and_encoding():
    texts = [
        "Na\u00efve B cells!",
        "nai\u0308ve  b-cells \U0001f52c",
        "naive B cells",
        "benign, not malignant",
        "malignant, not benign",
        "",
    ]
    assert near_duplicate_captions(texts).tolist() == [0, 0, 2, 3, 4, 5]


def test_nothing_has_no_groups():
    assert near_duplicates([]).tolist() == near_duplicate_captions([]).tolist() == representative([]).tolist() == []


def test_a_broken_picture_is_named():
    with pytest.raises(UnreadableImageError, match="image 1 of 2"):
        near_duplicates([TILES[0], b"no picture"])


def test_copies_of_the_worst_quality_are_still_near():
    prints = fingerprints(TILES + [jpeg(tile, 5) for tile in TILES])
    groups = near_duplicates(prints)
    assert np.mean(groups[len(TILES) :] != np.arange(len(TILES))) < 0.04  # two bits less would miss twice as many


def test_the_distance_leaves_room_on_both_sides():
    codes = fingerprints(TILES).hashes.ravel()
    owner = np.repeat(np.arange(len(TILES)), 3)
    i, j = near_pairs(codes, distance=2 * DISTANCE - 1)
    assert (owner[i] == owner[j]).all()  # no picture can be a copy of two different tiles


def test_a_caption_may_stand_in_ten_posts():
    texts = ["Mucus"] * 10 + ["Great case!"] * 11
    assert boilerplate(texts).tolist() == [False] * 10 + [True] * 11


SAID = st.tuples(st.sampled_from(["Great case!", "great  case", "Mucus.", "Fat"]), st.integers(0, 4))


@given(st.lists(SAID, max_size=30), st.integers(1, 4))
def test_boilerplate_is_what_stands_in_more_posts_than_allowed(said, limit):
    texts, posts = [text for text, _ in said], [post for _, post in said]
    keys = [" ".join(text.lower().strip("!.").split()) for text in texts]
    slow = [len({post for key, post in zip(keys, posts, strict=True) if key == mine}) > limit for mine in keys]
    assert boilerplate(texts, posts, limit=limit).tolist() == slow


def test_one_caption_or_none_is_no_list_of_captions():
    for call in (near_duplicate_captions, boilerplate):
        with pytest.raises(TypeError, match=r"got one string \('Great case!'\)"):
            call("Great case!")
        with pytest.raises(TypeError, match="caption 1 of 2 is None, not a string"):
            call(["Fat", None])
