"""The tissues that a pathologist names, and who paints each of them.

Architecture (fibres, sheets, glands, nests, alveoli, pools) times cytology (size, spacing, pleomorphism and staining of
the nuclei). What is benign may be as dark and as crowded as what is malignant; a tissue has several looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plip_tutorial.microcosm import breast, connective, gut, lung, lymphoid, skin, unformed
from plip_tutorial.microcosm.canvas import Canvas

Pattern = Callable[[Canvas], None]


@dataclass(frozen=True)
class Tissue:
    """A tissue that the microcosm can draw.

    Attributes:
        name: key in `TISSUES`.
        phrase: what a pathologist calls it.
        organ: colon, lung, breast, skin, stomach, lymph node; "any" where the organ does not show.
        malignant: None where the question does not arise.
        code: label in NCT-CRC-HE, or None.
        paint: puts amounts of stain on a canvas.
    """

    name: str
    phrase: str
    organ: str
    malignant: bool | None
    code: str | None
    paint: Pattern


TISSUES: dict[str, Tissue] = {}


def _enter(
    paint: Pattern, phrase: str, organ: str = "any", malignant: bool | None = None, code: str | None = None
) -> None:
    TISSUES[paint.__name__] = Tissue(paint.__name__, phrase, organ, malignant, code, paint)


_enter(connective.adipose, "adipose tissue", code="ADI")
_enter(unformed.background, "background", code="BACK")
_enter(unformed.debris, "debris", code="DEB")
_enter(lymphoid.lymphocytes, "lymphocytes", code="LYM")
_enter(unformed.mucus, "mucus", code="MUC")
_enter(connective.smooth_muscle, "smooth muscle", code="MUS")
_enter(gut.normal_colon_mucosa, "normal colon mucosa", "colon", False, "NORM")
_enter(connective.stroma, "cancer-associated stroma", code="STR")
_enter(gut.colorectal_adenocarcinoma, "colorectal adenocarcinoma epithelium", "colon", True, "TUM")
_enter(connective.bone, "bone")
_enter(gut.inflamed_colon, "inflamed colon mucosa", "colon", False)
_enter(gut.adenoma, "tubular adenoma", "colon", False)
_enter(lung.lung_benign, "benign lung tissue", "lung", False)
_enter(lung.organizing_pneumonia, "organizing pneumonia", "lung", False)
_enter(lung.lung_malignant, "lung adenocarcinoma", "lung", True)
_enter(lung.lung_squamous, "squamous cell carcinoma", "lung", True)
_enter(breast.breast_benign, "benign breast tissue", "breast", False)
_enter(breast.breast_hyperplasia, "usual ductal hyperplasia", "breast", False)
_enter(breast.breast_malignant, "invasive breast carcinoma", "breast", True)
_enter(skin.skin_benign, "benign skin", "skin", False)
_enter(skin.naevus, "melanocytic naevus", "skin", False)
_enter(skin.skin_malignant, "melanoma", "skin", True)
_enter(gut.stomach_benign, "benign gastric mucosa", "stomach", False)
_enter(gut.gastritis, "chronic gastritis", "stomach", False)
_enter(gut.stomach_malignant, "gastric signet ring cell carcinoma", "stomach", True)
_enter(lymphoid.lymph_node_benign, "benign lymph node", "lymph node", False)
_enter(lymphoid.lymph_node_malignant, "lymph node metastasis", "lymph node", True)
