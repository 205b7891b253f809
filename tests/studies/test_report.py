"""How the report shows what it measured, and tells what is met."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from plip_tutorial import clean
from plip_tutorial.metrics.scores import Score
from plip_tutorial.studies import report
from plip_tutorial.studies.report import Row


def test_a_number_is_shown_with_its_seeds_and_its_interval() -> None:
    scores = [Score(0.5, 0.4, 0.6, 9), Score(0.7, 0.1, 0.9, 9)]
    assert str(Row.of("set", "score", "method", scores)) == "0.600 +- 0.141 [0.400, 0.600]"
    assert str(Row.of("set", "score", "method", scores[:1])) == "0.500 [0.400, 0.600]"
    assert str(Row("set", "score", "method", (151.26,))) == "151"


def test_a_table_has_a_row_a_score_and_a_column_a_method_and_no_number_is_lost() -> None:
    rows = [Row("set", "a", "one", (0.1,)), Row("set", "b", "two", (0.2,)), Row("set", "a", "two", (0.3,))]
    shown = report.table(rows)
    assert shown.to_dict("index") == {"set: a": {"one": "0.100", "two": "0.300"}, "set: b": {"one": "", "two": "0.200"}}


def test_a_lead_is_taken_seed_by_seed_over_whoever_comes_next() -> None:
    rows = [
        Row("set", "s", "texture", (0.6,)),
        Row("set", "s", "tiny CLIP", (0.2, 0.8)),
        Row("set", "s", "tiny PLIP", (0.7, 0.7)),
    ]
    lead = report._lead("s", rows)
    assert (lead.score, lead.method) == ("lead in s", "tiny PLIP")
    assert lead.values == pytest.approx((0.1, -0.1))


@pytest.mark.parametrize(
    ("values", "verdict"),
    [((0.5,), "met"), ((0.49,), "missed by 0.010"), ((0.6, 0.2), "missed by 0.100"), ((0.3, 0.9), "missed by 0.200")],
)
def test_an_aim_is_met_by_the_first_seed_and_by_the_mean_or_missed(values: tuple[float, ...], verdict: str) -> None:
    found = report.aims([Row("micro-kather", "smallest recall", "tiny PLIP", values)])
    assert len(found) == len(report.AIMS)
    (line,) = (row for row in found.to_dict("records") if row["score"] == "smallest recall")
    assert (line["aim"], line[""]) == (">= 0.5", verdict)
    assert (found[""] == "not measured").sum() == len(found) - 1


def test_what_is_to_be_small_is_missed_where_it_is_large() -> None:
    found = report.aims([Row("micro-kather", "probe macro F1", "histogram", (0.72,))])
    assert found.set_index("of").loc["histogram", ""] == "missed by 0.020"


def test_the_filter_is_asked_about_tissue_alone_under_glass_of_four_colours(tmp_path, monkeypatch) -> None:
    for name in ("TUM", "BACK", "08_EMPTY", "03_COMPLEX"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (8, 8), (200, 100, 200)).save(tmp_path / name / "1.png")
    asked = []
    monkeypatch.setattr(
        clean, "is_pathology", lambda images: np.array([asked.append(i[0, 0].tolist()) is None for i in images])
    )
    rows = list(report._kept(tmp_path))
    assert [row.mean for row in rows] == [1.0] * 4
    assert len(asked) == 2 * 4  # the carcinoma and the complex stroma
    assert asked[0] == [200, 100, 200]
    assert asked[2] == [round(c * w / 255) for c, w in zip((200, 100, 200), report.WHITES["green"], strict=True)]
