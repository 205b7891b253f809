"""A slide is shown unchanged, a map in the colours of its bar, and the bar of length is as long as it says."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest

from plip_tutorial import plots

DRAW = np.random.default_rng(0)
SLIDE = DRAW.integers(0, 255, (120, 90, 3), np.uint8)
MAP = np.where(DRAW.random((120, 90)) < 0.3, np.nan, DRAW.random((120, 90)))


def test_slide_and_maps_are_what_was_given() -> None:
    figure = plots.over_slide(SLIDE, {"fat": MAP, "mucus": 2 * MAP}, mpp=8)
    first, *others = [panel for panel in figure.axes if panel.images]
    np.testing.assert_array_equal(first.images[0].get_array(), SLIDE)
    assert [panel.get_title() for panel in (first, *others)] == ["the slide", "fat", "mucus"]
    for panel, values in zip(others, (MAP, 2 * MAP), strict=True):
        below, shown = panel.images
        np.testing.assert_array_equal(below.get_array(), SLIDE)
        np.testing.assert_array_equal(np.ma.filled(shown.get_array(), np.nan), values)
        assert shown.get_clim() == (np.nanmin(values), np.nanmax(values))
        assert shown.get_alpha() in (None, 1)  # a colour of the map is a colour of its bar
        assert shown.get_cmap().name == "cividis"
        (bar,) = panel.child_axes
        told = [text.get_text() for text in bar.get_xticklabels()]
        assert told == [f"{np.nanmin(values):.2f}", f"{np.nanmax(values):.2f}"]
    plt.close(figure)


@pytest.mark.parametrize(("mpp", "told"), [(8, "200 µm"), (0.5, "10 µm"), (90, "2 mm")])
def test_the_bar_is_as_long_as_it_says(mpp: float, told: str) -> None:
    figure = plots.over_slide(SLIDE, {"fat": MAP}, mpp=mpp)
    (line,) = figure.axes[0].lines
    assert [text.get_text() for text in figure.axes[0].texts] == [told]
    value = float(told.split()[0]) * (1000 if "mm" in told else 1)
    assert np.ptp(line.get_xdata()) * mpp == pytest.approx(value)
    assert max(line.get_xdata()) < 90
    plt.close(figure)


def test_many_maps_share_a_scale_and_keep_their_places() -> None:
    maps = {f"a sentence that is long, number {i}": MAP for i in range(6)}
    figure = plots.over_slide(SLIDE, maps, mpp=8, limits=(-1, 2))
    assert {panel.images[1].get_clim() for panel in figure.axes if len(panel.images) > 1} == {(-1, 2)}
    figure.draw_without_rendering()
    boxes = [panel.get_window_extent() for panel in figure.axes if panel.images]
    assert len(boxes) == 7
    sizes = np.array([(box.width, box.height) for box in boxes])
    np.testing.assert_allclose(sizes, np.broadcast_to(sizes[0], sizes.shape), rtol=1e-6)
    inside = figure.get_tightbbox()
    assert inside.x0 >= -0.01
    assert inside.x1 <= figure.get_figwidth() + 0.01
    plt.close(figure)


def test_odd_maps() -> None:
    with pytest.raises(ValueError, match=r"shape \(60, 45\), the slide \(120, 90\); make both with one mpp"):
        plots.over_slide(SLIDE, {"fat": MAP[::2, ::2]}, mpp=8)
    with pytest.raises(ValueError, match="no number in it"):
        plots.over_slide(SLIDE, {"fat": np.full_like(MAP, np.nan)}, mpp=8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.over_slide(np.full_like(SLIDE, 255), {"glass": np.zeros_like(MAP)}, mpp=8)
    plt.close("all")


def test_a_mask_has_its_own_borders_and_no_lines_and_zero_has_no_sign() -> None:
    figure = plots.over_slide(SLIDE, {"mask": MAP > 0.5, "map": np.full_like(MAP, -0.001)}, mpp=8)
    _, mask, numbers = [panel for panel in figure.axes if panel.images]
    assert (len(mask.collections), len(numbers.collections)) == (0, 1)
    np.testing.assert_array_equal(mask.images[1].get_array(), MAP > 0.5)
    figure.draw_without_rendering()
    assert {text.get_text() for text in numbers.child_axes[0].get_xticklabels()} == {"0.00"}
    plt.close(figure)
