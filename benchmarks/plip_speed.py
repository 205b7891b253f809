"""How long `PLIP` takes beside what else there is, on a full-size model (ViT-B/32) with random weights.

    python benchmarks/plip_speed.py [rounds, default 3]

- "released" takes the steps of the class that was published with PLIP (`plip_tutorial.released`): a data set of texts
  or Pillow images, each caption padded to 77 tokens, a DataLoader.
- "plain" is the bare model on tensors that are ready, captions sorted and padded to the longest of their batch: what
  PLIP takes longer is its overhead.
- sentence-transformers and open_clip take part where they import. open_clip wants torchvision.

All are measured in turns; ratios are of the best times. Vectors are compared before anything is timed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import datasets
import numpy as np
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

from plip_tutorial import microcosm, tiny_model
from plip_tutorial.microcosm.captions import caption
from plip_tutorial.plip import PLIP
from plip_tutorial.released import Released

BATCH, TEXTS, TILES, SIDE = 32, 192, 64, 512
TISSUES = list(microcosm.TISSUES)
TEMPLATES = ("An H&E image of {}", "a photo of {}", "{}, H&E stain", "histology of {}", "{}", "this is {}")
Work = dict[str, Callable[[], Any]]


def full_size(folder: Path) -> Path:
    """A CLIP of the size of ViT-B/32, untrained, with a tokenizer that knows whole words, as OpenAI's does."""
    tokenizer = tiny_model.train_tokenizer(tiny_model.sample_texts(150), 8000)
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


def text_work(texts: Sequence[str], ways: dict[str, Any]) -> Work:
    """Embed the same captions in all ways."""
    exact, tokenizer = ways["PLIP float32"], ways["PLIP float32"].processor.tokenizer
    ordered = sorted(texts, key=lambda text: len(tokenizer(text)["input_ids"]))
    parts = [ordered[i : i + BATCH] for i in range(0, len(ordered), BATCH)]
    tensors = [tokenizer(part, return_tensors="pt", padding=True)["input_ids"] for part in parts]

    @torch.inference_mode()
    def plain() -> None:
        for ids in tensors:
            exact.model.get_text_features(input_ids=ids)

    work: Work = {name: lambda way=way: way.encode_text(texts, BATCH) for name, way in ways.items() if name != "ST"}
    if "ST" in ways:
        work["sentence-transformers"] = lambda: _unit_by_st(ways["ST"], texts)
    return {"plain": plain} | work


def tile_work(pictures: list[Image.Image], ways: dict[str, Any]) -> Work:
    """Embed the same tiles in all ways; "plain" has them as tensors already."""
    exact = ways["PLIP float32"]
    pixels = exact.processor.image_processor(images=pictures, return_tensors="pt")["pixel_values"].split(BATCH)

    @torch.inference_mode()
    def plain() -> None:
        for part in pixels:
            exact.model.get_image_features(pixel_values=part)

    work: Work = {
        name: lambda way=way: way.encode_images(pictures, BATCH) for name, way in ways.items() if name != "ST"
    }
    if "ST" in ways:
        work["sentence-transformers"] = lambda: _unit_by_st(ways["ST"], pictures)
    return {"plain": plain} | work


def best(work: Work, rounds: int) -> dict[str, float]:
    """Best time of each in seconds, measured in turns after one call that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds + 1):
        for name, run in work.items():
            start = perf_counter()
            run()
            seconds[name] += [perf_counter() - start] if turn else []
    return {name: min(times) for name, times in seconds.items()}


def compare(what: str, work: Work, rounds: int) -> None:
    """Check that all give the vectors of PLIP, then print times and ratios."""
    ours = work["PLIP float32"]()
    for name, run in work.items():
        if name != "plain":
            near = float((_unit(run()) * ours).sum(1).min())
            print(f"{what}: {name:21} smallest cosine to PLIP float32 {near:.6f}")
    spent = best(work, rounds)
    for name, time in spent.items():
        ratio = time / spent["PLIP float32"]
        print(f"{what}: {name:21} {1e3 * time:8.0f} ms, {ratio:5.2f} times PLIP float32")
    print(f"{what}: overhead of PLIP over the bare model {spent['PLIP float32'] / spent['plain'] - 1:+.1%}")


def _unit(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _unit_by_st(model: Any, inputs: Sequence[Any]) -> Any:
    return model.encode(inputs, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)


def contenders(path: Path) -> dict[str, Any]:
    """All ways to embed that there are on this machine."""
    ways: dict[str, Any] = {"released": Released(path), "PLIP float32": PLIP(path, precision="float32")}
    auto = PLIP(path)
    print(f"auto means {auto.precision} here; {torch.get_num_threads()} threads")
    # Without instructions for bfloat16 a processor imitates it, slowly; then there is nothing to gain, or to measure.
    if auto.precision != "float32":
        ways[f"PLIP {auto.precision}"] = auto
    try:
        from sentence_transformers import SentenceTransformer

        ways["ST"] = SentenceTransformer(str(path), device=auto.device.type)
    except ImportError as error:
        print(f"sentence-transformers takes no part: {error}")
    try:
        import open_clip  # noqa: F401

        print("open_clip imports here, but its models read checkpoints of its own: not compared")
    except ImportError as error:
        print(f"open_clip takes no part: {error}")
    return ways


def main(rounds: int) -> None:
    """Print times and ratios."""
    datasets.disable_progress_bars()
    with TemporaryDirectory() as folder:
        ways = contenders(full_size(Path(folder)))
    tokenizer = ways["PLIP float32"].processor.tokenizer
    for what, texts in (("prompts", prompts()), ("posts", posts()), ("one caption", prompts()[:1])):
        print(f"{what}: {len(texts)}, {np.mean([len(tokenizer(t)['input_ids']) for t in texts]):.1f} tokens on average")
        compare(what, text_work(texts, ways), rounds)
    compare(f"tiles of {SIDE} px", tile_work(tiles(), ways), rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
