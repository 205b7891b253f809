import io
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from plip_tutorial.duplicates import (
    DISTANCE,
    boilerplate,
    fingerprints,
    join_groups,
    near_duplicate_captions,
    near_duplicates,
    near_pairs,
    representative,
)
from plip_tutorial.images import UnreadableImageError
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.microcosm.tissue import TISSUES, render_tile

REAL = Path(__file__).parents[1] / "../shared/data/nct_crc_mini"
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


def test_pairs_are_found_across_blocks():
    codes = rng("many").integers(0, 2**64, 20_000, dtype=np.uint64)
    places = np.array([0, 63, 64, 8191, 8192, 16383, 19_999])
    codes[places] = codes[0] ^ (np.uint64(1) << np.arange(7, dtype=np.uint64))  # 2 bits apart from each other
    assert list(zip(*near_pairs(codes, distance=2), strict=True)) == list(combinations(places, 2))


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


def test_the_distance_leaves_room_on_both_sides():
    codes = fingerprints(TILES).hashes.ravel()
    owner = np.repeat(np.arange(len(TILES)), 3)
    i, j = near_pairs(codes, distance=DISTANCE + 2)
    assert (
        owner[i] == owner[j]
    ).all()  # other tiles are further away than the distance by more than a wave (two bits turn at once)


SAID = st.tuples(st.sampled_from(["Great case!", "great  case", "Mucus.", "Fat"]), st.integers(0, 4))


@given(st.lists(SAID, max_size=30), st.integers(1, 4))
def test_boilerplate_is_what_stands_in_more_posts_than_allowed(said, limit):
    texts, posts = [text for text, _ in said], [post for _, post in said]
    keys = [" ".join(text.lower().strip("!.").split()) for text in texts]
    slow = [len({post for key, post in zip(keys, posts, strict=True) if key == mine}) > limit for mine in keys]
    assert boilerplate(texts, posts, limit=limit).tolist() == slow
