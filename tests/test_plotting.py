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


def test_divergence_curves_differ_in_colour_and_in_line_style_and_are_in_nats():
    x, curves = np.arange(3.0), {"a": np.ones(3), "b": np.zeros(3)}
    ax = plotting.divergence_curves(x, curves, "step")
    assert [list(line.get_ydata()) for line in ax.lines] == [[1, 1, 1], [0, 0, 0]]
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 2
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "divergence (nats)")


def test_bound_scatter_draws_values_over_bounds_and_the_line_of_equality():
    ax = plotting.bound_scatter(np.array([1.0, 2.0]), np.array([0.5, 1.5]), "bound", "value")
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), [[1, 0.5], [2, 1.5]])
    assert (ax.lines[0].get_xy1(), ax.lines[0].get_slope()) == ((0, 0), 1)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("bound", "value")


def test_density_fits_shades_the_target_and_names_each_fit():
    x = np.linspace(0, 1, 5)
    ax = plotting.density_fits(x, x, {"one": 2 * x, "two": 3 * x})
    assert ax.collections[0].get_datalim(ax.transData).ymax == 1
    assert [line.get_ydata()[-1] for line in ax.lines] == [2, 3]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["p, two humps", "one", "two"]


def test_two_policies_draws_one_setting_on_a_given_pair_of_axes():
    axes = plt.figure().subplots(2, 1)
    p, q, share = np.array([0.2, 0.8]), np.array([0.6, 0.4]), np.array([0.0, 1.0])
    drawn = plotting.two_policies(p, q, share, {"KL": np.array([0.0, 0.12345])}, axes)
    assert drawn is axes
    heights = [bar.get_height() for bar in axes[0].patches]
    assert heights == [0.2, 0.8, 0.6, 0.4]
    assert axes[0].patches[2].get_hatch()
    assert axes[1].get_legend().get_texts()[0].get_text() == "KL = 0.123"
