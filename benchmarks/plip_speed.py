"""How long `PLIP` takes beside two obvious loops over transformers, on a full-size model with random weights.

    python benchmarks/plip_speed.py [rounds, default 3]

"padded" pads every caption to 77 tokens, as the class released with PLIP does. "plain" is the bare model on inputs that
are already tensors: what PLIP takes longer is its overhead. All are measured in turns; ratios are of the best times.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import torch
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

from plip_tutorial import microcosm, tiny_model
from plip_tutorial.microcosm.captions import caption
from plip_tutorial.plip import PLIP

BATCH, CAPTIONS, TILES = 32, 192, 96
TISSUES = list(microcosm.TISSUES)
Work = dict[str, Callable[[], object]]


def full_size(folder: Path) -> Path:
    """A CLIP of the size of ViT-B/32, untrained, with the tokenizer of the microcosm."""
    tokenizer = tiny_model.train_tokenizer(tiny_model.sample_texts(20), 2000)
    config = CLIPConfig()
    config.text_config.eos_token_id = config.text_config.pad_token_id = tokenizer.eos_token_id
    config.text_config.bos_token_id = tokenizer.bos_token_id
    CLIPModel(config).save_pretrained(folder)
    CLIPProcessor(CLIPImageProcessorPil(), tokenizer).save_pretrained(folder)  # type: ignore[no-untyped-call]
    return folder


def captions_work(plip: PLIP, fast: PLIP) -> Work:
    """Embed the same captions in four ways."""
    texts = [caption(TISSUES[i % len(TISSUES)], seed=i) for i in range(CAPTIONS)]
    parts = [texts[i : i + BATCH] for i in range(0, CAPTIONS, BATCH)]
    tokenizer, model = plip.processor.tokenizer, plip.model
    ordered = sorted(texts, key=lambda text: len(tokenizer(text)["input_ids"]))
    tensors = [
        tokenizer(ordered[i : i + BATCH], return_tensors="pt", padding=True)["input_ids"]
        for i in range(0, CAPTIONS, BATCH)
    ]

    @torch.no_grad()
    def padded() -> None:
        for part in parts:
            model.get_text_features(**tokenizer(part, return_tensors="pt", padding="max_length", max_length=77))

    @torch.no_grad()
    def plain() -> None:
        for ids in tensors:
            model.get_text_features(input_ids=ids)

    return {
        "padded": padded,
        "plain": plain,
        "PLIP float32": lambda: plip.encode_text(texts, BATCH),
        "PLIP auto": lambda: fast.encode_text(texts, BATCH),
    }


def pictures_work(plip: PLIP, fast: PLIP) -> Work:
    """Embed the same tiles in three ways; "plain" has them as tensors already."""
    tiles = [Image.fromarray(microcosm.render_tile(TISSUES[i % len(TISSUES)], seed=i, size=224)) for i in range(TILES)]
    pixels = plip.processor.image_processor(images=tiles, return_tensors="pt")["pixel_values"].split(BATCH)

    @torch.no_grad()
    def plain() -> None:
        for part in pixels:
            plip.model.get_image_features(pixel_values=part)

    return {
        "plain": plain,
        "PLIP float32": lambda: plip.encode_images(tiles, BATCH),
        "PLIP auto": lambda: fast.encode_images(tiles, BATCH),
    }


def best(work: Work, rounds: int) -> dict[str, float]:
    """Best time of each in seconds, measured in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            start = perf_counter()
            run()
            seconds[name].append(perf_counter() - start)
    return {name: min(times) for name, times in seconds.items()}


def main(rounds: int) -> None:
    """Print times and ratios."""
    with TemporaryDirectory() as folder:
        path = full_size(Path(folder))
        plip, fast = PLIP(path, precision="float32"), PLIP(path)
    print(f"auto means {fast.precision} here; {torch.get_num_threads()} threads")
    for what, work in (("captions", captions_work(plip, fast)), ("tiles", pictures_work(plip, fast))):
        spent = best(work, rounds)
        for name, time in spent.items():
            print(f"{what:>9}, {name:<13} {time:6.2f} s, {time / spent['plain']:5.2f} times the plain model")
        if "padded" in spent:
            print(f"{what:>9}: PLIP is {spent['padded'] / spent['PLIP auto']:.1f} times as fast as padded")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
