"""A CLIP small enough to be trained on a laptop while the kettle boils, in the files of a large one.

The model is a plain `transformers.CLIPModel`, the tokenizer a byte-level BPE (Sennrich et al. 2016, with CLIP's
end-of-word marks) learnt from captions of the microcosm. `CLIPModel.from_pretrained` and
`CLIPProcessor.from_pretrained` load the directory like any id on the hub.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor, CLIPTokenizer
from transformers.models.clip.configuration_clip import CLIPTextConfig, CLIPVisionConfig

from plip_tutorial.microcosm import TISSUES
from plip_tutorial.microcosm.captions import caption, everyday_caption
from plip_tutorial.microcosm.everyday import KINDS

START, END = "<|startoftext|>", "<|endoftext|>"
ACTIVATION = "relu"  # CLIP's own "quick_gelu" takes a sixth of each step on a CPU
# How CLIP splits a text before it looks for pairs to merge: marks, contractions, words, digits one by one, the rest.
SPLIT = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


@dataclass(frozen=True)
class TinyConfig:
    """Size of the tiny model; the text tower follows from the same few numbers.

    Attributes:
        image_size: pixels a side.
        patch_size: pixels a side of a patch; 8 shows single nuclei, 16 blurs them into one token.
        vision_width: channels of the image tower; a head has 64 of them.
        vision_layers: blocks of the image tower.
        text_width: channels of the text tower; a head has 32 of them.
        text_layers: blocks of the text tower.
        projection: dimensions of the space that both share.
        vocabulary: tokens, special ones and the 512 single bytes included.
    """

    image_size: int = 64
    patch_size: int = 8
    vision_width: int = 128
    vision_layers: int = 4
    text_width: int = 128
    text_layers: int = 2
    projection: int = 128
    vocabulary: int = 2000


def sample_texts(each: int = 120) -> Iterator[str]:
    """Captions of every tissue and every everyday kind: what the tokenizer is learnt from."""
    for i in range(each):
        yield from (caption(name, seed=i) for name in TISSUES)
        yield from (everyday_caption(kind, seed=i) for kind in KINDS)


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> CLIPTokenizer:
    """Learn a byte-level BPE that treats text exactly as CLIP's tokenizer does.

    The end token also pads. Its id is never 2: `transformers` takes 2 as a sign of an old checkpoint and would then
    read the embedding at the token with the highest id.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    symbols = alphabet + [letter + "</w>" for letter in alphabet]
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    # Named beforehand, the single bytes get the same numbers each time; these decide between equally frequent pairs.
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - 2, end_of_word_suffix="</w>", show_progress=False, special_tokens=symbols
    )
    learner.train_from_iterator(texts, trainer)
    merges = [(first, second) for first, second in json.loads(learner.to_str())["model"]["merges"]]
    words = symbols + ["".join(pair) for pair in merges]
    vocab = {word: i for i, word in enumerate(dict.fromkeys([*words, START, END]))}
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=77)  # type: ignore[arg-type]


def untrained(output: Path, config: TinyConfig | None = None, *, seed: int = 0) -> Path:
    """Write a tiny CLIP with random weights and its processor to ``output``.

    Args:
        output: directory, made if absent.
        config: its size.
        seed: of the random weights; the tokenizer does not depend on it.
    """
    config = config or TinyConfig()
    tokenizer = train_tokenizer(sample_texts(), config.vocabulary)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CLIPModel(_architecture(config, tokenizer))
    model.save_pretrained(output)
    side = config.image_size
    pictures = CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    processor = CLIPProcessor(image_processor=pictures, tokenizer=tokenizer)  # type: ignore[no-untyped-call]
    processor.save_pretrained(output)
    return output


def _architecture(config: TinyConfig, tokenizer: CLIPTokenizer) -> CLIPConfig:
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=config.text_width,
        intermediate_size=4 * config.text_width,
        num_hidden_layers=config.text_layers,
        num_attention_heads=config.text_width // 32,
        max_position_embeddings=77,
        hidden_act=ACTIVATION,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    vision = CLIPVisionConfig(
        hidden_size=config.vision_width,
        intermediate_size=4 * config.vision_width,
        num_hidden_layers=config.vision_layers,
        num_attention_heads=config.vision_width // 64,
        image_size=config.image_size,
        patch_size=config.patch_size,
        hidden_act=ACTIVATION,
    )
    return CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=config.projection)
