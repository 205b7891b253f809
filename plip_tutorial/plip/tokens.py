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

from plip_tutorial.collect.caption_text import checked_captions


class Tokens:
    """The text half of a `CLIPProcessor`, with the lengths kept apart from the padding.

    Args:
        tokenizer: a `CLIPTokenizer`.
        config: the text configuration of the model that will read the tokens.

    Attributes:
        limit: tokens that the model reads.

    Raises:
        ValueError: if the model does not look for the token that the tokenizer ends captions with.
    """

    def __init__(self, tokenizer: Any, config: Any) -> None:
        """Compare the two."""
        # In old checkpoints, PLIP's among them, it says 2, and the model looks for the highest id instead.
        end = config.vocab_size - 1 if config.eos_token_id == 2 else config.eos_token_id
        if tokenizer.eos_token_id != end:
            raise ValueError(
                f"the tokenizer ends captions with token {tokenizer.eos_token_id}, but the model reads them at token "
                f"{end}: every caption would get the same embedding. Set eos_token_id in the text configuration."
            )
        self.tokenizer = tokenizer
        marks = filter(None, (tokenizer.bos_token, tokenizer.eos_token))
        self._marks = re.compile("|".join(map(re.escape, marks)))
        self.limit: int = min(config.max_position_embeddings, tokenizer.model_max_length)

    def split(self, texts: Iterable[str]) -> list[list[int]]:
        """Token ids of each caption, at most ``limit``; a warning names the first caption that was cut.

        The marks of start and end are no words: one inside a caption is left out, for behind it nothing would be read.

        Raises:
            TypeError: for one string, or for something among the captions that is none.
        """
        captions = checked_captions(texts)
        plain = [self._marks.sub(" ", caption) for caption in captions]
        ids: list[list[int]] = self.tokenizer(plain, verbose=False)["input_ids"] if plain else []
        long = [i for i, caption in enumerate(ids) if len(caption) > self.limit]
        if long:
            text, length = captions[long[0]], len(ids[long[0]])
            text = text if len(text) <= 60 else text[:57] + "..."
            told = f"caption {long[0]} ({text!r}) has {length} tokens; the model reads {self.limit}, the rest was cut"
            others = len(long) - 1
            more = f"; so {'was 1 other caption' if others == 1 else f'were {others} other captions'}" if others else ""
            warnings.warn(told + more, stacklevel=4)  # the line that called PLIP.encode_text
        for i in long:
            ids[i] = [*ids[i][: self.limit - 1], ids[i][-1]]
        return ids

    def pad(self, ids: list[list[int]]) -> torch.Tensor:
        """(n, longest) ids. No attention mask is needed: nothing looks at the padding."""
        longest = max(map(len, ids))
        return torch.tensor([[*caption, *[self.tokenizer.pad_token_id] * (longest - len(caption))] for caption in ids])
