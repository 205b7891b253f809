import io
import tracemalloc
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.fft import idctn

from plip_tutorial.clean import (
    DISTANCE,
    Fingerprints,
    copies_of,
    duplicates,
    fingerprints,
    join_groups,
    near_duplicate_captions,
    near_duplicates,
    representative,
)
from plip_tutorial.microcosm import TISSUES, render_tile
from plip_tutorial.microcosm.pictures import alter
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.sources.images import UnreadableImageError

REAL = Path(__file__).parents[2] / "../shared/data/nct_crc_mini"
TILES = [
    Image.fromarray(render_tile(name, seed=seed, lab=lab, slide=seed, field=112))
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


def listed(left, right, distance):
    """All pairs of hashes that are near, sorted."""
    found = duplicates.near_pairs(left, right, distance)
    return sorted(pair for i, j in found for pair in zip(i.tolist(), j.tolist(), strict=True))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), n=st.integers(0, 200), m=st.integers(0, 50), distance=st.integers(0, 64))
def test_pairs_equal_the_double_loop(seed, n, m, distance):
    left, right = hashes(rng(seed), n, spread=12), hashes(rng(seed), m, spread=9)
    near = [(i, j) for i in range(n) for j in range(m) if int(left[i] ^ right[j]).bit_count() <= distance]
    assert listed(left, right, distance) == near
    near = [(i, j) for i, j in combinations(range(n), 2) if int(left[i] ^ left[j]).bit_count() <= distance]
    assert listed(left, left, distance) == near


def slow_copies(left, right, distance):
    """Every pair of pictures that show the same, by every pair of their views."""

    def near(i, j):
        rich = left.contrast[i] >= 6 and right.contrast[j] >= 6
        views = [(v, w) for v in range(3) for w in range(3) if alike(left.details[i, v], right.details[j, w])]
        bits = [(int(left.hashes[i, v]) ^ int(right.hashes[j, w])).bit_count() for v, w in views]
        return left.digests[i] == right.digests[j] or (rich and min(bits, default=65) <= distance)

    def alike(one, other):
        one, other = one.astype(float), other.astype(float)
        return one @ other >= duplicates.AGREEMENT * np.sqrt(one @ one * (other @ other))

    return [(i, j) for i in range(len(left)) for j in range(len(right)) if near(i, j)]


def prints_of(seed, n):
    """Fingerprints in families, of which some have no contrast and some the same pixels."""
    draw = rng("prints", seed)
    contrast = draw.choice([0, 5.99, 6, 50], n, p=[0.1, 0.1, 0.4, 0.4])
    codes = hashes(draw, 3 * n, spread=9).reshape(n, 3)
    parents = draw.normal(0, 30, (2, 192))  # correlations about 0.5 or 0, on both sides of the limit
    details = parents[draw.integers(2, size=(n, 3))] + draw.normal(0, 28, (n, 3, 192))
    digests = draw.integers(0, 3 * n + 1, n).astype(np.uint64)
    return Fingerprints(codes, details.clip(-127, 127).astype(np.int8), contrast.astype(np.float32), digests)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), n=st.integers(0, 40), distance=st.integers(0, 20), waiting=st.sampled_from([0, 2**18]))
def test_groups_and_masks_equal_the_double_loop(seed, n, distance, waiting):
    prints, others = prints_of(seed, n), prints_of(seed + 1, 20)
    m = min(n, 3)  # so many are surely found
    others.hashes[:m], others.details[:m] = prints.hashes[:m], prints.details[:m]
    others.digests[3 : 3 + m] = prints.digests[:m]
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
    details = np.ones((n, 3, 192), np.int8)
    prints = Fingerprints(codes, details, np.full(n, 50, np.float32), np.arange(n, dtype=np.uint64))
    tracemalloc.start()
    groups, leaking = near_duplicates(prints), copies_of(prints, prints)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(groups.tolist()) == {0}
    assert leaking.all()
    assert peak < 64e6  # eight million pairs of pictures, 72 million of views


def test_pictures_that_come_in_batches_are_those_that_come_alone():
    tiles = [TILES[i % len(TILES)] for i in range(300)]
    together, alone = fingerprints(iter(tiles)), [fingerprints([tile]) for tile in TILES]
    for name in ("hashes", "details", "contrast", "digests"):
        expected = np.concatenate([getattr(alone[i % len(TILES)], name) for i in range(300)])
        np.testing.assert_array_equal(getattr(together, name), expected)


def test_pairs_are_found_across_blocks():
    codes = rng("many").integers(0, 2**64, 20_000, dtype=np.uint64)
    places = np.array([0, 63, 64, 8191, 8192, 16383, 19_999])
    codes[places] = codes[0] ^ (np.uint64(1) << np.arange(7, dtype=np.uint64))  # 2 bits apart from each other
    assert listed(codes, codes, 2) == list(combinations(places, 2))


def test_the_hash_is_the_sign_of_the_slowest_waves():
    wave = np.cos(np.pi * np.outer(np.arange(8), 2 * np.arange(32) + 1) / 64)  # row u: the wave with u half turns
    for tile, code in zip(TILES, fingerprints(TILES).hashes[:, 0], strict=True):
        grey = np.asarray(tile.convert("L").resize((32, 32), Image.Resampling.LANCZOS), np.float64)
        strength = (wave @ grey @ wave.T).ravel()
        assert code == np.packbits(strength > np.median(strength)).view(np.uint64)[0]


def test_the_details_are_the_waves_that_follow():
    wave = np.cos(np.pi * np.outer(np.arange(16), 2 * np.arange(32) + 1) / 64)
    wave[0] *= 0.5**0.5  # orthogonal, all of one length
    follow = ~((np.arange(16) < 8)[:, None] & (np.arange(16) < 8))
    for tile, detail in zip(TILES, fingerprints(TILES).details[:, 0], strict=True):
        strength = (wave @ np.asarray(tile.convert("L").resize((32, 32), Image.Resampling.LANCZOS)) @ wave.T)[follow]
        np.testing.assert_allclose(detail, 127 * strength / np.abs(strength).max(), atol=0.51)


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
    details = np.ones((4, 1, 192), np.int8)
    prints = Fingerprints(chain, details, np.full(4, 50, np.float32), np.arange(4, dtype=np.uint64))
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


def test_nothing_has_no_groups():
    assert near_duplicates([]).tolist() == near_duplicate_captions([]).tolist() == representative([]).tolist() == []


def test_a_broken_picture_is_named():
    with pytest.raises(UnreadableImageError, match="image 1 of 2"):
        near_duplicates([TILES[0], b"no picture"])


def test_copies_of_a_very_bad_quality_are_still_near():
    prints = fingerprints(TILES + [jpeg(tile, 7) for tile in TILES])  # at 5 an eighth of them is lost
    groups = near_duplicates(prints)
    assert np.mean(groups[len(TILES) :] != np.arange(len(TILES))) < 0.04


def test_the_same_light_and_dark_with_other_detail_is_no_copy():
    slow = np.zeros((64, 64))
    slow[:8, :8] = rng("slow").normal(0, 1200, (8, 8)) / np.add.outer(np.arange(8), np.arange(1, 9))
    grain = np.zeros((2, 64, 64))
    grain[:, 9:15, 9:15] = rng("grain").normal(0, 60, (2, 6, 6))
    both = [Image.fromarray(np.uint8((128 + idctn(slow + one, norm="ortho")).clip(0, 255))) for one in grain]
    prints = fingerprints(both)
    assert int(prints.hashes[0, 0] ^ prints.hashes[1, 0]).bit_count() <= DISTANCE
    assert near_duplicates(prints).tolist() == [0, 1]
    assert not copies_of(fingerprints(both[:1]), fingerprints(both[1:])).any()
    assert near_duplicates([*both, jpeg(both[1], 50)]).tolist() == [0, 1, 1]


def near_and_alike(before, after):
    """Correlation of the details in the best pair of views within the distance, picture by picture; -2 for none."""
    one, other = (p.details / np.linalg.norm(p.details.astype(float), axis=-1, keepdims=True) for p in (before, after))
    near = np.bitwise_count(before.hashes[:, :, None] ^ after.hashes[:, None]) <= DISTANCE
    return np.where(near, np.einsum("nvd,nwd->nvw", one, other), -2).max((1, 2))


@pytest.mark.parametrize("name", [*COPIES, "JPEG 10", "altered"])
def test_the_agreement_leaves_room_for_copies(name):
    changes = {
        "JPEG 10": lambda image: jpeg(image, 10),
        "altered": lambda image: Image.fromarray(alter(np.asarray(image), 1)),
    }
    copies = [(COPIES | changes)[name](tile) for tile in TILES]
    alike = near_and_alike(fingerprints(TILES), fingerprints(copies))
    assert np.mean(alike == -2) <= 0.02
    assert alike[alike > -2].min() > duplicates.AGREEMENT + 0.04


def test_the_distance_leaves_room_on_both_sides():
    codes = fingerprints(TILES).hashes.ravel()
    owner = np.repeat(np.arange(len(TILES)), 3)
    for i, j in duplicates.near_pairs(codes, codes, 2 * DISTANCE - 1):
        assert (owner[i] == owner[j]).all()  # no picture can be a copy of two different tiles
