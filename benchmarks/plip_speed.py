"""How long `PLIP` takes beside what else there is, on a full-size model (ViT-B/32) with random weights.

    python benchmarks/plip_speed.py [rounds, default 7]

- "released" takes the steps of the class that was published with PLIP (`plip_tutorial.plip.released`): a data set of
  texts or Pillow images, each caption padded to 77 tokens, a DataLoader.
- "bare" is the model alone on tensors that are ready, captions sorted and padded to the longest of their batch: what
  PLIP takes longer is its overhead.
- sentence-transformers and open_clip take part where they import (`others`).

Vectors are compared first. Then all are timed in turns, in an order that is drawn anew each round, and a ratio is the
median of the ratios within a round: a busy minute of the machine hits all ways alike.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import datasets
import numpy as np
import torch
from numpy.typing import NDArray
from others import OpenClip, SentenceTransformers
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

from plip_tutorial import microcosm
from plip_tutorial.artifacts import tiny_architecture
from plip_tutorial.microcosm.captions import caption
from plip_tutorial.plip.model import PLIP
from plip_tutorial.plip.released import Released

BATCH, TEXTS, TILES, SIDE = 32, 192, 64, 512
TISSUES = list(microcosm.TISSUES)
TEMPLATES = ("An H&E image of {}", "a photo of {}", "{}, H&E stain", "histology of {}", "{}", "this is {}")
OURS, BARE = "PLIP float32", "bare"
Work = dict[str, Callable[[], Any]]
Ways = dict[str, Any]


def full_size(folder: Path) -> Path:
    """A CLIP of the size of ViT-B/32, untrained, with a tokenizer that knows whole words, as OpenAI's does."""
    tokenizer = tiny_architecture.train_tokenizer(tiny_architecture.sample_texts(150), 8000)
    config = CLIPConfig()
    config.text_config.eos_token_id = config.text_config.pad_token_id = tokenizer.eos_token_id
    config.text_config.bos_token_id = tokenizer.bos_token_id
    CLIPModel(config).save_pretrained(folder)
    CLIPProcessor(CLIPImageProcessorPil(), tokenizer).save_pretrained(folder)  # type: ignore[no-untyped-call]
    return folder


def prompts() -> list[str]:
    """What a zero-shot classifier with an ensemble embeds."""
    phrases = [microcosm.TISSUES[name].phrase for name in TISSUES]
    filled = [template.format(phrase) for template in TEMPLATES for phrase in phrases]
    return (filled * (TEXTS // len(filled) + 1))[:TEXTS]


def posts() -> list[str]:
    """What a corpus holds: captions as people write them, longer and of any length."""
    return [caption(TISSUES[i % len(TISSUES)], seed=i) for i in range(TEXTS)]


def tiles() -> list[Image.Image]:
    """Tiles as they come from a file."""
    drawn = [microcosm.render_tile(TISSUES[i % len(TISSUES)], seed=i, size=128) for i in range(TILES)]
    return [Image.fromarray(tile).resize((SIDE, SIDE)) for tile in drawn]


def text_work(texts: Sequence[str], ways: Ways) -> Work:
    """Embed the same captions in all ways."""
    exact = ways[OURS]
    ids = exact.processor.tokenizer(list(texts))["input_ids"]
    parts = batches(sorted(ids, key=len))
    tensors = [exact.processor.tokenizer.pad({"input_ids": part}, return_tensors="pt")["input_ids"] for part in parts]
    return {BARE: lambda: bare(exact.model.get_text_features, "input_ids", tensors)} | {
        name: lambda way=way: way.encode_text(texts, BATCH) for name, way in ways.items()
    }


def tile_work(pictures: list[Image.Image], ways: Ways) -> Work:
    """Embed the same tiles in all ways."""
    exact = ways[OURS]
    pixels = exact.processor.image_processor(images=pictures, return_tensors="pt")["pixel_values"].split(BATCH)
    return {BARE: lambda: bare(exact.model.get_image_features, "pixel_values", pixels)} | {
        name: lambda way=way: way.encode_images(pictures, BATCH) for name, way in ways.items()
    }


@torch.inference_mode()
def bare(features: Any, name: str, tensors: Sequence[torch.Tensor]) -> None:
    """The forward passes alone."""
    for part in tensors:
        features(**{name: part})


def batches(inputs: Sequence[Any]) -> list[Sequence[Any]]:
    """Inputs in groups of at most BATCH."""
    return [inputs[start : start + BATCH] for start in range(0, len(inputs), BATCH)]


def seconds(work: Work, rounds: int) -> dict[str, NDArray[np.float64]]:
    """Times (rounds,) of each, in turns of random order."""
    times: dict[str, list[float]] = {name: [] for name in work}
    order = random.Random(0)
    for _ in range(rounds):
        for name in order.sample(list(work), len(work)):
            start = perf_counter()
            work[name]()
            times[name].append(perf_counter() - start)
    return {name: np.array(found) for name, found in times.items()}


def compare(what: str, work: Work, rounds: int) -> None:
    """Check that all give the vectors of PLIP, which warms them up, then print times and ratios."""
    ours = work[OURS]()
    for name, run in work.items():
        vectors = run()
        if name not in (BARE, "open_clip"):  # the one returns nothing, the other has weights of its own
            near = float((vectors / np.linalg.norm(vectors, axis=1, keepdims=True) * ours).sum(1).min())
            print(f"{what}: {name:21} smallest cosine to {OURS} {near:.6f}")
    times = seconds(work, rounds)
    for name, spent in times.items():
        low, ratio, high = np.percentile(spent / times[OURS], (25, 50, 75))
        print(
            f"{what}: {name:21} {1e3 * np.median(spent):7.0f} ms, {ratio:5.2f} times {OURS} "
            f"(half of the rounds {low:.2f} to {high:.2f})"
        )
    print(f"{what}: overhead of PLIP over the bare model {np.median(times[OURS] / times[BARE]) - 1:+.1%}")


def contenders(path: Path) -> Ways:
    """All ways to embed that there are on this machine."""
    auto = PLIP(path)
    print(f"auto means {auto.precision} here; {torch.get_num_threads()} threads")
    ways: Ways = {"released": Released(path), OURS: PLIP(path, precision="float32")}
    # Without instructions for bfloat16 a processor imitates it, slowly; then there is nothing to gain, or to measure.
    if auto.precision != "float32":
        ways[f"PLIP {auto.precision}"] = auto
    others: dict[str, Callable[[], Any]] = {
        "sentence-transformers": lambda: SentenceTransformers(path),
        "open_clip": OpenClip,
    }
    for name, load in others.items():
        try:
            ways[name] = load()
        except ImportError as error:
            print(f"{name} takes no part: {error}")
    return ways


def main(rounds: int) -> None:
    """Print times and ratios."""
    datasets.disable_progress_bars()
    with TemporaryDirectory() as folder:
        ways = contenders(full_size(Path(folder)))
    tokenizer = ways[OURS].processor.tokenizer
    for what, texts in (("prompts", prompts()), ("posts", posts()), ("one caption", prompts()[:1])):
        print(f"{what}: {len(texts)}, {np.mean([len(tokenizer(t)['input_ids']) for t in texts]):.1f} tokens on average")
        compare(what, text_work(texts, ways), rounds)
    compare(f"tiles of {SIDE} px", tile_work(tiles(), ways), rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
