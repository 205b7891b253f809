"""What a figure shows is what it was given: bars, intervals and texts are read back from the drawing."""

from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from plip_tutorial import plots
from plip_tutorial.metrics.scores import Score
from plip_tutorial.plots import style

TILES = [np.full((8, 8, 3), value, np.uint8) for value in (0, 80, 160, 240)]
share = st.floats(0, 1)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for panel in figure.axes for text in [*panel.texts, panel.title]]


def test_the_lines_above_rows_of_pictures_are_whole_and_leave_the_columns_alone() -> None:
    figure = plots.gallery_rows([TILES, TILES], ["a line that is much longer than the first column", "b"])
    whole = figure.get_tightbbox()  # what a notebook cuts the picture to
    lines = [text.get_window_extent() for panel in figure.axes for text in panel.texts]
    assert len(lines) == 2
    assert all(line.y1 / figure.dpi <= whole.y1 for line in lines)
    left = [panel.get_position().x0 for panel in figure.axes[:4]]
    np.testing.assert_allclose(np.diff(left), np.diff(left)[0], atol=1e-6)


@given(values=st.lists(st.tuples(share, share, share).map(sorted), min_size=2, max_size=4))
@settings(max_examples=10, deadline=None)
def test_bars_stand_at_their_scores_with_their_intervals(values: list[list[float]]) -> None:
    scores = [Score(middle, low, high, 50) for low, middle, high in values]
    figure = plots.bars({"set": {f"model {i}": score for i, score in enumerate(scores)}})
    panel = figure.axes[0]
    assert [bar.get_height() for bar in panel.patches] == pytest.approx([score.value for score in scores])
    ends = [segment[:, 1] for lines in panel.collections for segment in lines.get_segments()]
    np.testing.assert_allclose(ends, [(score.low, score.high) for score in scores], atol=1e-9)


def test_every_model_keeps_its_look_and_can_be_told_apart_without_colour() -> None:
    looks = style.looks(["PLIP", "CLIP", "constant", "mine", "yours"])
    assert looks["CLIP"] == style.LOOKS["CLIP"]
    assert style.looks(["CLIP"])["CLIP"] == looks["CLIP"]
    learned = [look for name, look in looks.items() if name != "constant"]
    assert len({look.hatch for look in learned}) == len({look.marker for look in learned}) == len(learned)


def test_a_confusion_matrix_shows_shares_of_the_true_class() -> None:
    figure = plots.confusion([0, 0, 0, 0, 1], [0, 0, 0, 1, 1], ["ADI", "TUM"])
    assert texts(figure)[:4] == ["75", "25", "", "100"]
    assert figure.axes[0].get_ylabel() == "actual"


@pytest.mark.parametrize("n", [1, 4, 7])
def test_tiles_are_shown_as_they_are_with_their_titles(n: int) -> None:
    figure = plots.tiles([TILES[i % 4] for i in range(n)], [f"tile {i}" for i in range(n)])
    shown = [panel.images[0].get_array() for panel in figure.axes if panel.images]
    assert [int(np.asarray(picture)[0, 0, 0]) for picture in shown] == [TILES[i % 4][0, 0, 0] for i in range(n)]
    assert [text for text in texts(figure) if text] == [f"tile {i}" for i in range(n)]


def test_the_history_is_read_from_the_file_that_training_writes(tmp_path: Path) -> None:
    rows = [{"step": step, "loss": 1 / (1 + step), "learning_rate": 1e-3} for step in range(20)]
    path = tmp_path / "history.csv"
    path.write_text("step,loss,learning_rate\n" + "\n".join(",".join(map(str, row.values())) for row in rows))
    drawn = [
        [line.get_xydata() for panel in figure.axes for line in panel.lines]
        for figure in (plots.history(rows), plots.history(path))
    ]
    assert len(drawn[0]) >= 2
    for first, second in zip(*drawn, strict=True):
        np.testing.assert_allclose(first, second)
    assert any(np.array_equal(line[:, 1], [row["loss"] for row in rows]) for line in drawn[0])


def test_curves_have_bands_as_wide_as_their_intervals() -> None:
    figure = plots.lines({"PLIP": {1: Score(0.5, 0.4, 0.7, 50), 10: Score(0.8, 0.7, 0.9, 50)}}, log=True)
    corners = figure.axes[0].collections[0].get_paths()[0].vertices
    assert {round(float(y), 6) for _, y in corners} == {0.4, 0.7, 0.9}


def test_figures_are_shown_once_and_the_readers_own_style_stays() -> None:
    before = dict(plt.rcParams)
    assert isinstance(plots.spread({"a": Score(0.5, 0.4, 0.6, 50), "b": Score(0.7, 0.6, 0.8, 50)}, mark="b"), Figure)
    assert plt.get_fignums() == []
    assert dict(plt.rcParams) == before


def test_paper_ink_and_text_can_be_read_in_the_dark() -> None:
    figure = plots.heatmap([[0.1, 0.9]], rows=["tile"], columns=["fat", "mucus"])
    assert figure.get_facecolor() == pytest.approx((1, 1, 1, 1))  # a white sheet: tissue keeps its colours

    def luminance(colour: object) -> float:
        return float(np.dot(plt.matplotlib.colors.to_rgb(colour), [0.2126, 0.7152, 0.0722]))

    for text in figure.axes[0].texts:
        column = round(text.get_position()[0])
        ground = figure.axes[0].images[0]
        behind = ground.cmap(ground.norm([0.1, 0.9][column]))[:3]
        light, dark = sorted([luminance(text.get_color()), luminance(behind)], reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 4.5  # WCAG AA


def test_reports_bring_their_constant_along() -> None:
    report = {"weighted_f1": Score(0.8, 0.7, 0.9, 50), "constant_weighted_f1": Score(0.1, 0.0, 0.2, 50)}
    figure = plots.bars({"set": {"PLIP": report}}, "weighted_f1")
    places = sorted(bar.get_x() for bar in figure.axes[0].patches)
    assert len(places) == 2
    assert all(a < b for a, b in pairwise(places))
    assert sorted(bar.get_height() for bar in figure.axes[0].patches) == [0.1, 0.8]


def test_baselines_of_a_spread_stand_at_their_scores_and_look_different() -> None:
    scores = {name: Score(value, value - 0.1, value + 0.1, 9) for name, value in {"a": 0.5, "b": 0.3}.items()}
    panel = plots.spread(scores, mark="a", dashed={"constant": 0.2, "mean colour": scores["b"]}).axes[0]
    drawn = [line for line in panel.lines if line.get_label() in ("constant", "mean colour")]
    assert [line.get_xdata()[0] for line in drawn] == [0.2, 0.3]
    assert len({line.get_linestyle() for line in drawn}) == 2
    assert [text.get_text() for text in panel.get_yticklabels()] == ["b", "a"]


def test_stills_join_partners_as_the_moving_picture_does() -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [2.0, 2.0]])
    panel = plots.stills([points], ["x", "y", "x", "y"], symbols=["tile"] * 2 + ["text"] * 2, moments=1).axes[0]
    joined = [[tuple(end) for end in line.get_xydata()] for line in panel.lines]
    assert joined == [[(0, 0), (0, 1)], [(1, 0), (2, 2)]]
    assert plots.stills([points], list("xyxy"), moments=1).axes[0].lines[:] == []
