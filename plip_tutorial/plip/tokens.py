"""From captions to the token ids that CLIP's text tower reads: split, cut what is too long, pad.

The embedding of a caption is read at its end token, and a token sees only those before it. So a cut caption keeps its
end token, what stands behind it is of no account, and a batch need only be as wide as its longest caption.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any

import torch

from plip_tutorial.collect.post_text import checked_captions


class Tokens:
    """The text half of a `CLIPProcessor`, with the lengths kept apart from the padding.

    Args:
        tokenizer: a `CLIPTokenizer`.
        config: the text configuration of the model that will read the tokens.

    Raises:
        ValueError: if the model does not look for the token that the tokenizer ends captions with.
    """

    def __init__(self, tokenizer: Any, config: Any) -> None:
        """Compare the two and note how many tokens the model reads."""
        _check_end_token(tokenizer, config)
        self.tokenizer = tokenizer
        marks = [re.escape(mark) for mark in (tokenizer.bos_token, tokenizer.eos_token) if mark]
        self._marks = re.compile("|".join(marks) or r"(?!)")  # without any: what never matches
        self.limit: int = min(config.max_position_embeddings, tokenizer.model_max_length)

    def split(self, texts: Iterable[str]) -> list[list[int]]:
        """Token ids of each caption, at most ``limit``; a warning names the first caption that was cut.

        The marks of start and end are no words: one inside a caption is left out, for behind it nothing would be read.
        """
        captions = checked_captions(texts)
        plain = [self._marks.sub(" ", caption) for caption in captions]
        ids: list[list[int]] = self.tokenizer(plain, verbose=False)["input_ids"] if plain else []
        long = [i for i, caption in enumerate(ids) if len(caption) > self.limit]
        if long:
            self._warn(long, captions, len(ids[long[0]]))
        for i in long:
            ids[i] = [*ids[i][: self.limit - 1], ids[i][-1]]
        return ids

    def pad(self, ids: list[list[int]]) -> torch.Tensor:
        """(n, longest) ids. No attention mask is needed: nothing looks at the padding."""
        padded = torch.full((len(ids), max(map(len, ids))), self.tokenizer.pad_token_id)
        for row, caption in zip(padded, ids, strict=True):
            row[: len(caption)] = torch.tensor(caption)
        return padded

    def _warn(self, long: list[int], captions: list[str], length: int) -> None:
        text = captions[long[0]]
        text = text if len(text) <= 60 else text[:57] + "..."
        message = f"caption {long[0]} ({text!r}) has {length} tokens; the model reads {self.limit}, the rest was cut"
        more = f"; so were {len(long) - 1} other captions" if len(long) > 1 else ""
        warnings.warn(message + more, stacklevel=5)  # 5: the line that called PLIP.encode_text


def _check_end_token(tokenizer: Any, config: Any) -> None:
    """A wrong end token gives every caption the same embedding, without any error."""
    # In old checkpoints, PLIP's among them, the configuration says 2 and the model looks for the highest id instead.
    expected = config.vocab_size - 1 if config.eos_token_id == 2 else config.eos_token_id
    if tokenizer.eos_token_id != expected:
        raise ValueError(
            f"the tokenizer ends captions with token {tokenizer.eos_token_id}, but the model reads them at token "
            f"{expected}: every caption would get the same embedding. Set eos_token_id in the text configuration."
        )
