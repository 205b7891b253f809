"""One space for pictures and words: the loss that makes it, and a toy that can be watched while it does.

- `similarity`: vectors of length 1, whose dot product is the cosine.
- `losses`: cosine similarity as logits, the symmetric loss of CLIP with several positives, the pairwise loss of SigLIP,
  and the same in blocks where the whole matrix does not fit; recall at k among the pairs of a batch.
- `toy`: points in the plane that learn by these losses.

>>> from plip_tutorial import contrastive
>>> contrastive.MAX_LOGIT_SCALE
4.605170185988092
"""

from plip_tutorial.contrastive.losses import (
    MAX_LOGIT_SCALE,
    blocked_clip_loss,
    clip_loss,
    group_means,
    mean_reciprocal_rank,
    pair_recall,
    positive_targets,
    siglip_loss,
)

__all__ = [
    "MAX_LOGIT_SCALE",
    "blocked_clip_loss",
    "clip_loss",
    "group_means",
    "mean_reciprocal_rank",
    "pair_recall",
    "positive_targets",
    "siglip_loss",
]
