"""The model in use: pictures and words go in, unit vectors come out.

`model` is the class `PLIP`; `pixels` and `tokens` prepare what it is given, `devices` chooses where it runs.
`vision_model` gives other models of pictures the same face, `released` is the class as it was published.
"""

from plip_tutorial.plip.model import (
    PLIP,
)

__all__ = [
    "PLIP",
]
