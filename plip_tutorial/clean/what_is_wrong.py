"""What is still wrong in a corpus whose truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
from datasets import Dataset


def purity(pairs: Dataset) -> dict[str, Any]:
    """Count the faults.

    Args:
        pairs: rows with truth_pathology, truth_match and truth_language.

    Returns:
        Numbers of pairs: all, those with another picture than pathology, those whose text tells of something else,
        those in another language, those with any of these faults; and the share without fault (NaN if there are none).
    """
    picture, text = ~np.array(pairs["truth_pathology"], bool), ~np.array(pairs["truth_match"], bool)
    language = ~np.isin(np.array(pairs["truth_language"], object), ["en", ""])  # "" is a text without words
    wrong = picture | text | language
    return {
        "pairs": len(pairs),
        "not pathology": int(picture.sum()),
        "text of something else": int(text.sum()),
        "not English": int(language.sum()),
        "any fault": int(wrong.sum()),
        "purity": float(1 - wrong.mean()) if len(pairs) else float("nan"),
    }
