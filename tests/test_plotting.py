"""Plots draw what they are given, and displayed pictures carry their description."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from trpo_lib import plotting


@pytest.fixture(autouse=True)
def _agg(monkeypatch):
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture
def displayed(monkeypatch):
    shown = []
    monkeypatch.setattr(
        plotting, "display", lambda bundle, **options: shown.append((bundle, options))
    )
    return shown


def test_curves_on_one_axis_differ_in_colour_and_in_line_style():
    ax = None
    for label in "abc":
        ax = plotting.learning_curve(np.arange(4), np.arange(4) * 2.0, label=label, ax=ax)
    looks = {(to_hex(line.get_color()), line.get_linestyle()) for line in ax.lines}
    assert len(looks) == 3
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b", "c"]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0, 2, 4, 6])


def test_learning_curve_draws_band_target_and_axis_labels():
    x = np.arange(3)
    ax = plotting.learning_curve(x, x + 5.0, x + 4.0, x + 6.0, target=475)
    band = ax.collections[0].get_datalim(ax.transData)
    assert (band.ymin, band.ymax) == (4, 8)
    assert ax.lines[1].get_ydata()[0] == 475
    assert ax.get_xlabel()
    assert ax.get_ylabel()


def test_kl_history_draws_each_series_and_the_bound_on_a_log_axis():
    ax = plotting.kl_history({"one": [0.1, 0.2], "two": [0.3]}, max_kl=0.05)
    assert ax.get_yscale() == "log"
    assert [list(line.get_ydata()) for line in ax.lines] == [[0.1, 0.2], [0.3], [0.05, 0.05]]
    assert "nats" in ax.get_ylabel()


def test_rollout_rows_puts_time_on_the_horizontal_axis():
    kinds = np.zeros((5, 3), dtype=int)
    kinds[4, 0] = 2
    ax = plotting.rollout_rows(kinds, ["real", "end", "made up"])
    np.testing.assert_array_equal(ax.images[0].get_array(), kinds.T)


def test_a_shown_figure_is_a_png_with_alt_text_and_is_closed(displayed):
    plotting.show(plotting.kl_history({"one": [0.1]}, 0.01), "A dot above a line.")
    plotting.show(plotting.film_strip([np.zeros((4, 6, 3), np.uint8)] * 2, ["a", "b"]), "Two.")
    (bundle, options), _ = displayed
    assert bundle["text/plain"] == options["metadata"]["image/png"]["alt"] == "A dot above a line."
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).format == "PNG"
    assert not plt.get_fignums()


def test_a_film_is_an_animated_png_with_all_frames(displayed):
    frames = [np.full((20, 30, 3), 60 * k, dtype=np.uint8) for k in range(4)]
    plotting.show_film(frames, "Ever lighter.", fps=10, width=30)
    film = Image.open(io.BytesIO(base64.b64decode(displayed[0][0]["image/png"])))
    assert (film.n_frames, film.size, film.info["duration"]) == (4, (30, 20), 100)


def test_panels_are_a_grid_of_axes_of_one_figure():
    axes = plotting.panels(2, 3)
    assert axes.shape == (2, 3)
    assert plotting.panels(1, 1).shape == (1, 1)
    assert len({ax.figure for ax in axes.flat}) == 1


def test_named_curves_differ_in_colour_and_style_and_are_labelled():
    x, named = np.arange(3), {"one": np.zeros(3), "two": np.ones(3)}
    ax = plotting.curves(x, named, "x (s)", "y (m)")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (s)", "y (m)")
    assert len({(to_hex(line.get_color()), line.get_linestyle()) for line in ax.lines}) == 2
    assert [line.get_label() for line in ax.lines] == ["one", "two"]
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), named["two"])


def test_spreads_count_every_estimate_and_mark_the_exact_number():
    samples = {"wide": np.array([-2.0, 0, 2, 3]), "narrow": np.array([0.1, 0.2])}
    ax = plotting.spreads(samples, 0.5, "estimate")
    counts = [sum(bar.get_height() for bar in bars) for bars in ax.containers]
    assert counts == [4, 2]
    assert ax.lines[0].get_xdata()[0] == 0.5
    assert ax.patches[0].get_hatch() != ax.patches[-1].get_hatch()


def test_promises_that_were_broken_have_their_own_mark():
    ax = plotting.promise_and_truth(np.array([1.0, 2, 3]), np.array([1.0, -1, 2]))
    kept, broken, diagonal = ax.lines[:3]
    assert (list(kept.get_xdata()), list(broken.get_ydata())) == ([1, 3], [-1])
    assert kept.get_marker() != broken.get_marker()
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())


def test_a_step_is_drawn_on_the_map_and_from_the_side():
    above, below = plotting.panels(2, 1).flat
    grid = np.linspace(-1, 1, 5)
    eta = grid[:, None] + 0 * grid  # changes with the second parameter alone
    path = np.array([[0.0, 0.0], [0.5, 0.25]])
    plotting.step_on_map(above, grid, eta, eta**2, 0.1, path)
    assert "0.1" in above.get_title()
    np.testing.assert_array_equal([line.get_xydata()[0] for line in above.lines], path)
    low_contour = above.collections[0].get_paths()[0].get_extents()
    assert low_contour.width == 2  # a horizontal band
    plotting.step_along_line(below, grid, {"η": grid, "L": 2 * grid}, 0.5, low=-3, high=4)
    assert below.get_ylim() == (-3, 4)
    assert [line.get_xdata()[0] for line in below.lines][-1] == 0.5
    assert [text.get_text() for text in below.get_legend().get_texts()] == ["η", "L"]
