"""The model in the page gives the numbers of the package: tokens, embeddings, rankings, pictures; and refuses aloud."""

from __future__ import annotations

import base64
import random
import re
import sys
import unicodedata
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from encoded import encoded
from PIL import Image

from plip_tutorial import artifacts, microcosm
from plip_tutorial.microcosm.benchmarks import benchmark
from plip_tutorial.plip.model import PLIP

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_tools"))
from demo_browser import browser_page, chromium  # noqa: E402

pytest.importorskip("playwright", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed")
REAL = ROOT / "../shared/data"
CLOSE = 1e-3  # what is promised; half precision and other orders of summing stay far below it
TEXTS = """async ([captions, model]) => (await plipLive.texts(captions, {model})).map(
    ({pieces, ids, cut, vector}) => ({pieces, ids, cut, vector: [...vector]}))"""
TOKENS = """async (captions) => {
    await plipLive.model();
    const {merges, limit} = plipLive.store.manifest;
    const tokens = plipLive.parts.tokenizer(merges, limit);
    return captions.map((caption) => tokens(caption)).map(({ids, cut}) => [ids, cut]);
}"""
PICTURE = """async ([file, model]) => {
    const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
    try {
        const {vector, width, height} = await plipLive.picture(new Blob([bytes]), {model});
        return {vector: [...vector], width, height};
    } catch (error) {
        return {error: error.message};
    }
}"""


@pytest.fixture(scope="module")
def models() -> dict[str, PLIP]:
    return {
        name: PLIP(artifacts.checkpoint(f"tiny-{name}"), device="cpu", precision="float32") for name in ("plip", "clip")
    }


@pytest.fixture(scope="module")
def opened() -> Iterator[Any]:
    with browser_page() as page:
        yield page


@pytest.fixture(scope="module", params=["server", "disk"])
def page(request: pytest.FixtureRequest, opened: Any, live_site: Path) -> Any:
    """The bare page, from a server and from a disk. Nothing may be asked of anybody else."""
    origin = request.getfixturevalue("live_server") if request.param == "server" else live_site.as_uri()
    asked: list[str] = []
    opened.on("request", lambda one: asked.append(one.url))
    opened.goto(f"{origin}/book/bare.html")
    opened.evaluate("plipLive.model()")
    yield opened
    assert [address for address in asked if not address.startswith((origin, "blob:", "data:"))] == []


@pytest.fixture(scope="module")
def served(opened: Any, live_server: str) -> Any:
    """The bare page from the server, for what need not be asked twice."""
    opened.goto(f"{live_server}/book/bare.html")
    return opened


def looked_at(page: Any, file: bytes, model: str = "plip") -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(PICTURE, [base64.b64encode(file).decode(), model])
    return found


def captions() -> list[str]:
    """Ten thousand of all kinds."""
    draw = random.Random(0)
    corpus = list(dict.fromkeys(artifacts.corpus()["text"]))
    posts = list(microcosm.posts(1500)["text"])
    every = [chr(i) for i in range(0x110000) if unicodedata.category(chr(i)) not in ("Cn", "Cs")]
    # Marks that Unicode took in lately stand in another order by the older tables of the tokenizer of `transformers`.
    letters = [letter for letter in every if unicodedata.ucd_3_2_0.category(letter) != "Cn"]
    common = [letter for letter in letters if ord(letter) < 0x3000]
    pieces = [
        "", " ", "\t\n", "\x00", "\x1c\x85\xa0", "\ufeff", "\u200b", "\u2028", "é", "e\u0301", "ﬁ", "Å", "İ", "ΑΣ",
        "ς", "ß", "don't", "'S", "’s", "😀", "👩🏽\u200d🔬", "腺癌", "סרטן", "سرطان", "ǅ", "½", "²", "Ⅳ", "٣", "\u0345",
        "<|endoftext|>", "<|STARTOFTEXT|>", "<|startoftext|>", "</w>", "H&E", "20x", "p16+", "#PathTwitter", "--", "…",
        "CD3/CD20",
    ]  # fmt: skip
    odd = ["".join(draw.choices(common, k=draw.randint(0, 40))) for _ in range(1000)]
    odd += ["".join(draw.choices(letters, k=draw.randint(0, 20))) for _ in range(1000)]
    odd += [f"a{letter}b {letter}" for letter in draw.sample(every, 1000)]
    odd += [" ".join(draw.choices([*pieces, *letters[:400]], k=draw.randint(1, 12))) for _ in range(1500)]
    odd += ["".join(draw.choices(pieces, k=draw.randint(1, 6))) for _ in range(1000)]
    long = [" ".join(draw.choices(corpus, k=8)) for _ in range(300)]
    mixed = [*pieces, *odd, *long, *posts, *corpus]
    mixed += [line.upper() for line in corpus]
    assert len(mixed) >= 10_000
    return mixed[:10_000]


def test_tokens_of_ten_thousand_captions_are_those_of_transformers(served: Any, models: dict[str, PLIP]) -> None:
    told = captions()
    found = served.evaluate(TOKENS, told)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captions are cut, and some are meant to be
        ids = models["plip"]._tokens.split(told)
    wrong = [(caption, one, other) for caption, one, (other, _) in zip(told, ids, found, strict=True) if one != other]
    assert wrong == []
    limit = models["plip"]._tokens.limit
    plain = [re.sub(r"<\|(?:startof|endof)text\|>", " ", caption) for caption in told]
    whole = models["plip"].processor.tokenizer(plain, verbose=False)["input_ids"]
    assert [cut for _, cut in found] == [len(one) > limit for one in whole]
    assert sum(cut for _, cut in found) > 100


def questions() -> list[str]:
    """Two hundred that a reader may ask."""
    draw = random.Random(1)
    names = [phrase for phrases in microcosm.PHRASES.values() for phrase in phrases.values()]
    words = ["pink", "dark", "no", "without", "crowded", "pools of", "pale", "a sheet of", "tumour", "H&E", "not", "?"]
    made = [" ".join([*draw.choices(words, k=draw.randint(0, 3)), draw.choice(names)]) for _ in range(120)]
    return [
        *made,
        *draw.sample(list(artifacts.corpus()["text"]), 74),
        "",
        "😀",
        "naïve café",
        "腺癌",
        "x" * 400,
        "mucus " * 90,
    ]


@pytest.mark.parametrize("model", ["plip", "clip"])
@pytest.mark.filterwarnings("ignore:caption")
def test_embeddings_and_rankings_are_those_of_the_package(
    page: Any, models: dict[str, PLIP], model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = questions()
    found = page.evaluate(TEXTS, [asked, model])
    ours = np.array([one["vector"] for one in found])
    theirs = models[model].encode_text(asked)
    furthest = float(abs(ours - theirs).max())
    ranked = page.evaluate(
        """async ([vectors, model]) => {
            await plipLive.script("kit.js");
            const {vectors: all} = await plipLive.gallery();
            const nearest = (one) => plipLive.kit.nearest(all[model], Float32Array.from(one), 10);
            return vectors.map((one) => nearest(one).map(({index}) => index));
        }""",
        [ours.tolist(), model],
    )
    tiles = benchmark("micro-kather", "test", 300)
    cosines = theirs @ models[model].encode_images(tiles["image"]).T
    expected = np.argsort(-cosines, axis=1, kind="stable")[:, :10]
    # Two that are as near as the last digits of such numbers may change places.
    swapped = [
        (row, a, b)
        for row, pair in enumerate(zip(ranked, expected, strict=True))
        for a, b in zip(*pair, strict=True)
        if a != b
    ]
    with capsys.disabled():
        print(f"\n{model}: furthest number of 200 embeddings {furthest:.1e}; {len(swapped)} of 2,000 ranks differ")
    assert furthest < CLOSE
    assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    assert max((abs(cosines[row, a] - cosines[row, b]) for row, a, b in swapped), default=0) < 1e-6
    assert found[asked.index("mucus " * 90)]["cut"]


def pictures() -> dict[str, bytes]:
    """One of each kind that can be read."""
    tile = Image.fromarray(microcosm.render_tile("mucus", seed=3, size=224))
    wide = tile.resize((300, 180))
    grey, palette = wide.convert("L"), wide.convert("P", palette=Image.Palette.ADAPTIVE)
    clear = wide.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(wide.size))
    holes = wide.convert("P", palette=Image.Palette.ADAPTIVE, colors=200)
    turned = {f"turned {how}": encoded(wide, "JPEG", exif=exif(how), quality=95) for how in range(2, 9)}
    return {
        "png": encoded(wide, "PNG"),
        "jpeg": encoded(wide, "JPEG", quality=80),
        "progressive": encoded(wide, "JPEG", progressive=True),
        "full chroma": encoded(wide, "JPEG", subsampling=0),
        "webp": encoded(wide, "WEBP"),
        "lossless webp": encoded(wide, "WEBP", lossless=True),
        "gif": encoded(palette, "GIF"),
        "animated gif": encoded(palette, "GIF", save_all=True, append_images=[grey.convert("P")]),
        "bmp": encoded(wide, "BMP"),
        "grey": encoded(grey, "PNG"),
        "grey jpeg": encoded(grey, "JPEG"),
        "black and white": encoded(grey.convert("1"), "PNG"),
        "palette": encoded(palette, "PNG"),
        "transparent palette": encoded(holes, "PNG", transparency=3),
        "rgba": encoded(clear, "PNG"),
        "rgba webp": encoded(clear, "WEBP", lossless=True),
        "grey and alpha": encoded(clear.convert("LA"), "PNG"),
        "one pixel": encoded(Image.new("RGB", (1, 1), "#c80a63"), "PNG"),
        "tall": encoded(tile.resize((70, 900)), "PNG"),
        "just larger": encoded(tile.resize((65, 64)), "PNG"),
        "as the model": encoded(tile.resize((64, 64)), "PNG"),
        "large": encoded(tile.resize((3000, 2000)), "JPEG"),
        **turned,
    }


def exif(orientation: int) -> Image.Exif:
    noted = Image.Exif()
    noted[274] = orientation
    return noted


@pytest.mark.parametrize("model", ["plip", "clip"])
def test_pictures_of_all_kinds_are_seen_as_the_package_sees_them(
    page: Any, models: dict[str, PLIP], model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = pictures()
    theirs = models[model].encode_images(list(files.values()))
    far = {}
    for (name, file), expected in zip(files.items(), theirs, strict=True):
        found = looked_at(page, file, model)
        assert "error" not in found, f"{name}: {found}"
        far[name] = float(abs(np.array(found["vector"]) - expected).max())
    with capsys.disabled():
        worst = max(far, key=far.__getitem__)
        print(f"\n{model}: furthest number of {len(far)} pictures {far[worst]:.1e} ({worst})")
    assert {name: value for name, value in far.items() if value >= CLOSE} == {}


@pytest.mark.skipif(not REAL.is_dir(), reason="the real pictures (../shared/data) are not beside this repository")
def test_real_tiles_are_seen_as_the_package_sees_them(
    served: Any, models: dict[str, PLIP], capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [path for path in sorted(REAL.rglob("*")) if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp")][
        ::12
    ]
    theirs = models["plip"].encode_images(paths)
    ours = [looked_at(served, path.read_bytes()) for path in paths]
    refused = [(path.name, one["error"]) for path, one in zip(paths, ours, strict=True) if "error" in one]
    assert refused == []
    furthest = float(abs(np.array([one["vector"] for one in ours]) - theirs).max())
    with capsys.disabled():
        print(f"\nfurthest number of {len(paths)} real pictures {furthest:.1e}")
    assert furthest < CLOSE
