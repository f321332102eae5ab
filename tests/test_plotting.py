"""Plots draw what they are given, and displayed pictures carry their description."""

import base64
import io
import re

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from nbconvert import HTMLExporter
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
        plotting._shared, "display", lambda bundle, **options: shown.append((bundle, options))
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


def shown_png(bundle):
    """The picture in the HTML of a displayed bundle, as its only element."""
    found = re.fullmatch(r'<img alt="[^"]*" src="data:image/png;base64,(\S+)" width="\d+">', bundle)
    return Image.open(io.BytesIO(base64.b64decode(found[1])))


def test_a_shown_figure_is_a_png_with_alt_text_and_is_closed(displayed):
    plotting.show(plotting.kl_history({"one": [0.1]}, 0.01), "A dot above a line.")
    plotting.show(plotting.film_strip([np.zeros((4, 6, 3), np.uint8)] * 2, ["a", "b"]), "Two.")
    (bundle, options), _ = displayed
    assert options == {"raw": True}
    assert bundle["text/plain"] == "A dot above a line."
    assert shown_png(bundle["text/html"]).format == "PNG"
    assert not plt.get_fignums()


def test_a_figure_has_twice_the_pixels_that_it_takes_on_the_page(displayed):
    plotting.show(plotting.kl_history({"one": [0.1]}, 0.01), "A dot above a line.")
    page = displayed[0][0]["text/html"]
    assert shown_png(page).width == pytest.approx(
        2 * int(re.search(r'width="(\d+)"', page)[1]), abs=1
    )


def test_the_page_that_nbconvert_makes_has_the_alt_text_the_picture_and_its_line():
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20)).save(buffer, "PNG")
    bundle = plotting.image_bundle(buffer.getvalue(), 'p < q: "far"', "KL > 1")
    assert bundle["text/plain"] == 'p < q: "far"\nKL > 1'
    notebook = nbformat.v4.new_notebook()
    output = nbformat.v4.new_output("display_data", bundle)
    notebook.cells = [nbformat.v4.new_code_cell("", outputs=[output])]
    page, _ = HTMLExporter().from_notebook_node(notebook)
    images = BeautifulSoup(page, "html.parser").find_all("img")
    assert [image.attrs for image in images] == [
        {"alt": 'p < q: "far"', "src": plotting.data_url(buffer.getvalue()), "width": "30"}
    ]
    assert images[0].find_next("p").text == "KL > 1"


def test_a_film_is_an_animated_png_with_all_frames(displayed):
    frames = [np.full((20, 30, 3), 60 * k, dtype=np.uint8) for k in range(4)]
    plotting.show_film(frames, "Ever lighter.", fps=10, width=30)
    film = shown_png(displayed[0][0]["text/html"])
    assert (film.n_frames, film.size, film.info["duration"]) == (4, (30, 20), 100)


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


def test_two_gaussians_draws_edges_the_new_one_and_both_densities():
    axes = plotting.gaussian_panels(plt.figure().subplots(1, 2))
    edge, bowl = (
        (np.array([-1.0, 1]), np.array([1.0, 2])),
        (np.array([-2.0, 2]), np.array([1.0, 1])),
    )
    x, old, new = np.array([-1.0, 1]), np.array([0.1, 0.2]), np.array([0.3, 0.4])
    plotting.two_gaussians((edge, bowl), (0.5, 1.5), x, (old, new), axes)
    drawn = [[list(line.get_xdata()), list(line.get_ydata())] for line in axes[0].lines[4:]]
    assert drawn == [[[-1, 1], [1, 2]], [[-2, 2], [1, 1]], [[0.5], [1.5]]]
    assert [list(line.get_ydata()) for line in axes[1].lines[2:]] == [[0.1, 0.2], [0.3, 0.4]]
    assert legend(axes[0]) == ["KL = δ", "bowl = δ", "p, old", "q, new"]
    for ax, named in zip(axes, (4, 2), strict=True):
        looks = [(line.get_color(), line.get_linestyle(), line.get_marker()) for line in ax.lines]
        assert set(looks[named:]) <= set(looks[:named])


def test_paths_on_bowl_draws_contours_and_paths_that_grey_print_tells_apart():
    xs, ys = np.linspace(-1, 1, 5), np.linspace(-2, 2, 4)
    heights = xs**2 + ys[:, None] ** 2
    ax = plotting.paths_on_bowl(xs, ys, heights, {"a": [[0, 0], [1, 2]], "b": [[0, 0], [1, 1]]})
    assert ax.collections
    assert [line.get_xydata().tolist() for line in ax.lines] == [[[0, 0], [1, 2]], [[0, 0], [1, 1]]]
    assert len({(line.get_linestyle(), line.get_marker()) for line in ax.lines}) == 2
    assert legend(ax) == ["a", "b"]


def test_residual_curves_start_at_iteration_zero_on_a_log_axis():
    ax = plotting.residual_curves({"one": [1.0, 0.1], "two": [1.0, 0.5, 0.2]})
    assert ax.get_yscale() == "log"
    assert [line.get_xdata().tolist() for line in ax.lines] == [[0, 1], [0, 1, 2]]
    assert len({(line.get_linestyle(), line.get_marker()) for line in ax.lines}) == 2


def test_full_steps_separates_what_the_line_search_takes_from_what_it_refuses():
    kls, gains = np.array([0.5, 2, 1, 0.4]), np.array([0.9, 0.8, 0.1, -0.2])
    ax = plotting.full_steps(kls, gains, np.array([True, False, True, False]), 0.8)
    accepted, refused, model, *_ = ax.lines
    assert accepted.get_xydata().tolist() == [[0.5, 0.9], [1, 0.1]]
    assert refused.get_xydata().tolist() == [[2, 0.8], [0.4, -0.2]]
    assert model.get_xdata() == [1, 1]
    assert ax.lines[-1].get_xdata() == [0.8, 0.8]
    assert accepted.get_marker() != refused.get_marker()


def test_a_run_is_drawn_on_panels_that_grow_with_it():
    axes = plotting.training_panels()
    kls, bounds, fractions = [0.01, 0.005, 0], [0.01, 0.01, 0.1], [1, 0.5, 0]
    tests = [np.nan, 90, np.nan]
    plotting.training(axes, [np.nan, 20, 120], tests, kls, bounds, fractions)
    assert axes[0].get_ylim() == (0, 150)
    assert axes[0].get_xlim() == (0, 50)
    drawn = [line.get_ydata() for ax in axes for line in ax.lines if len(line.get_ydata())]
    np.testing.assert_array_equal(drawn, [[np.nan, 20, 120], tests, bounds, kls, fractions])
    ones = np.ones(120)
    plotting.training(axes, np.full(120, -30.0), np.full(120, np.nan), ones, ones, ones)
    assert axes[0].get_ylim() == (-75, 150)
    assert axes[2].get_xlim() == (0, 200)


def landscape(width=7, height=5):
    grid = np.stack(np.meshgrid(np.linspace(-2, 2, width), np.linspace(-1, 3, height)), axis=-1)
    return grid, grid.sum(-1)


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


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


def test_promises_that_were_broken_have_their_own_mark():
    ax = plotting.promise_and_truth(np.array([1.0, 2, 3]), np.array([1.0, -1, 2]))
    kept, broken, diagonal = ax.lines[:3]
    assert (list(kept.get_xdata()), list(broken.get_ydata())) == ([1, 3], [-1])
    assert kept.get_marker() != broken.get_marker()
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())


def test_panels_are_side_by_side_in_one_figure():
    axes = plotting.panels(1, 3, 3.6, 3.6)[0]
    assert len({ax.figure for ax in axes}) == 1
    lefts = [ax.get_position().x0 for ax in axes]
    assert lefts == sorted(set(lefts))


def test_climb_draws_each_path_with_a_look_of_its_own_and_marks_start_and_end():
    path = np.array([[0.0, 0], [1, 1], [1, 2]])
    (ax,) = plotting.panels(1, 1, 3.6, 3.6)[0]
    assert plotting.climb(*landscape(), {"one": path, "two": -path / 2}, ax) is ax
    one, end, start, two, *_ = ax.lines
    np.testing.assert_array_equal(one.get_xydata(), path)
    np.testing.assert_array_equal(end.get_xydata(), path[-1:])
    np.testing.assert_array_equal(start.get_xydata(), path[:1])
    assert (one.get_color(), one.get_marker()) != (two.get_color(), two.get_marker())
    assert legend(ax) == ["one", "two"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("θ₁", "θ₂")
    assert (*ax.get_xlim(), *ax.get_ylim()) == (-2, 2, -1, 3)


def test_trust_region_draws_borders_where_they_are_and_steps_from_the_old_point():
    grid, heights = landscape(81, 81)
    old, step = np.array([0.0, 1.0]), np.array([0.5, 0.25])
    border = {"circle": (np.linalg.norm(grid - old, axis=-1), 0.8)}
    ax = plotting.trust_region(grid, heights, old, border, {"step": step}, model=heights + 0.1)
    assert legend(ax) == ["model m(θ)", "circle", "step", "θ_old"]
    (arrow,) = (text for text in ax.texts if getattr(text, "arrow_patch", None))
    np.testing.assert_array_equal(arrow.xyann, old)
    np.testing.assert_array_equal(arrow.xy, old + step)
    (circle,) = (c for c in ax.collections if len(c.get_paths()) == 1)
    radii = np.linalg.norm(circle.get_paths()[0].vertices - old, axis=-1)
    np.testing.assert_allclose(radii, 0.8, atol=0.01)


def test_gain_by_radius_draws_promise_and_truth_and_marks_radii():
    radii = np.array([1.0, 2.0, 3.0])
    ax = plotting.gain_by_radius(radii, -radii, radii, [2.5])
    predicted, actual, mark = ax.lines
    np.testing.assert_array_equal(predicted.get_ydata(), radii)
    np.testing.assert_array_equal(actual.get_ydata(), -radii)
    assert mark.get_xdata() == [2.5, 2.5]
    assert predicted.get_linestyle() != actual.get_linestyle()


def test_policy_regions_draws_a_border_and_a_circle_around_each_policy():
    grid, _ = landscape(41, 41)
    olds = np.array([[-1.0, 0.0], [1.0, 2.0]])
    kls = np.array([((grid - old) ** 2).sum(-1) for old in olds])
    ax = plotting.policy_regions(grid, kls, olds, max_kl=0.25, radius=0.3)
    assert [tuple(circle.center) for circle in ax.patches] == [(-1, 0), (1, 2)]
    for old, border in zip(olds, ax.collections, strict=True):
        distances = np.linalg.norm(border.get_paths()[0].vertices - old, axis=-1)
        np.testing.assert_allclose(distances, 0.5, atol=0.02)
    assert "nats" in legend(ax)[0]


ROW, PAIR = np.arange(1.0, 4.0), np.array([1.0, 2.0])
X, Y = np.linspace(-2, 2, 5), np.linspace(-1, 3, 4)
BOWL = X**2 + Y[:, None] ** 2


def rings(names):
    grid, _ = landscape(21, 21)
    far = np.linalg.norm(grid - [0, 1], axis=-1)
    return grid, {name: (far, 0.1 * k + 0.5) for k, name in enumerate(names)}


def trust_region_borders(names):
    grid, borders = rings(names)
    return plotting.trust_region(grid, grid.sum(-1), np.array([0.0, 1.0]), borders)


def trust_region_steps(names):
    grid, _ = rings(names)
    return plotting.trust_region(grid, grid.sum(-1), PAIR, steps=dict.fromkeys(names, PAIR))


def learning_curves(names):
    ax = None
    for name in names:
        ax = plotting.learning_curve(ROW, ROW, label=name, ax=ax)
    return ax


# A picture of as many things as there are names, its limit, and the argument that holds them.
MANY = [
    (lambda n: plotting.curves(ROW, dict.fromkeys(n, ROW), "", ""), 36, "named"),
    (lambda n: plotting.density_fits(ROW, ROW, dict.fromkeys(n, ROW)), 36, "fits"),
    (lambda n: plotting.kl_history(dict.fromkeys(n, ROW), 0.01), 36, "kls"),
    (lambda n: plotting.residual_curves(dict.fromkeys(n, ROW)), 36, "curves"),
    (lambda n: plotting.paths_on_bowl(X, Y, BOWL, dict.fromkeys(n, np.eye(2))), 36, "paths"),
    (lambda n: plotting.climb(*landscape(), dict.fromkeys(n, np.eye(2))), 30, "paths"),
    (lambda n: plotting.gain_by_radius(ROW, ROW, ROW, range(len(n))), 6, "marked"),
    (trust_region_borders, 6, "borders"),
    (trust_region_steps, 9, "steps"),
    (learning_curves, 36, "lines on ax"),
]  # fmt: skip


def looks_of(ax):
    """What tells the named things apart, in order."""
    handles, _ = ax.get_legend_handles_labels()
    return [
        (h.get_facecolor(), h.get_hatch())
        if isinstance(h, Rectangle)
        else (h.get_color(), h.get_linestyle(), h.get_marker(), str(h._unscaled_dash_pattern))
        for h in handles
        if not isinstance(h, PolyCollection)
    ]


@pytest.mark.parametrize(("picture", "limit", "argument"), MANY)
def test_as_many_curves_as_can_be_told_apart_are_drawn_and_no_two_look_alike(
    picture, limit, argument
):
    names = [f"name {k}" for k in range(limit)]
    ax = picture(names)
    labels = ax.get_legend_handles_labels()[1]
    assert len(labels) >= limit
    if argument != "marked":  # which are labelled by their radius
        assert set(names) <= set(labels)
    looks = looks_of(ax)
    assert len(set(looks)) == len(looks) >= limit


@pytest.mark.parametrize(("picture", "limit", "argument"), MANY)
def test_one_curve_more_than_can_be_told_apart_is_refused_by_name(picture, limit, argument):
    with pytest.raises(ValueError, match=f"{argument} must be 1 to {limit}, .* got {limit + 1}"):
        picture([f"name {k}" for k in range(limit + 1)])


def moved(ax, standing):
    """What a setting has added to lines that stand."""
    return [line.get_xydata().tolist() for line in ax.lines[standing:]]


def test_return_histories_share_one_scale_and_mark_a_fall():
    wild, calm = np.array([[10.0, 500, 20], [5, 6, 7]]), np.ones((3, 3))
    groups, names = [("wild", wild), ("calm", calm)], ["first", "second"]
    ax = plotting.return_histories(groups, names, marked=(0, 1))
    left, right = ax.figure.axes
    assert [line.get_label() for line in left.lines[:2]] == names
    assert left.get_ylim() == right.get_ylim()
    assert [ax.get_title() for ax in (left, right)] == ["wild", "calm"]
    np.testing.assert_array_equal(left.lines[0].get_xydata(), [[1, 10], [2, 500], [3, 20]])
    assert left.lines[-1].get_xydata().tolist() == [[2, 500], [3, 20]]
    assert len(right.lines) == 3


def test_a_relief_has_low_ground_in_blue_and_high_ground_in_brown():
    grid, heights = landscape(40, 30)
    ax = plotting.landscape(grid, heights)
    relief = ax.images[0].get_array()
    low, high = relief[0, 0], relief[-1, -1]  # the sum of both coordinates
    assert low[2] > low[0]  # more blue than red
    assert high[0] > high[2]
    assert ax.images[0].get_extent() == [-2, 2, -1, 3]
    assert ax.get_aspect() == 1


def test_a_region_has_its_border_its_ellipse_and_two_steps_with_their_gains():
    square = np.linspace(-2, 2, 41)
    x, y = np.meshgrid(square, square)
    pair = plotting.region_panels(plt.figure().subplots(1, 2), square, x)
    standing, bars = len(pair[0].lines), len(pair[1].collections)
    old, steps = np.array([0.5, 0.0]), np.array([[1.0, 0.0], [0.0, 1.0]])
    far = (x - 0.5) ** 2 + y**2
    plotting.region_and_steps(pair, square, far, 1.0, old, np.eye(2), steps, np.array([0.2, 0.4]))
    border = pair[0].collections[-1].get_segments()[0]
    np.testing.assert_allclose(np.linalg.norm(border - old, axis=1), 1, atol=0.01)
    drawn = moved(pair[0], standing)
    for expected in ([[0.5, 0], [1.5, 0]], [[0.5, 0], [0.5, 1]], np.eye(2).tolist(), [[0.5, 0]]):
        assert expected in drawn
    tops = [bar.get_paths()[0].vertices[:, 1].max() for bar in pair[1].collections[bars:]]
    assert tops == [0.5, 1.0]


def test_policies_stand_in_a_triangle_with_a_corner_for_each_action():
    grid = plotting.simplex_grid(50)
    np.testing.assert_allclose(grid.sum(-1), 1)
    assert grid.min() > 0
    ax = plotting.simplex_panel(plotting.panels(1, 1)[0, 0], ["first", "second"])
    standing = len(ax.lines)
    third = grid[..., 2]
    border = np.array([[1.0, 0, 0], [0, 1, 0]])
    plotting.simplex_regions(ax, grid, [third], 0.5, border, np.array([0, 0, 1.0]))
    line = ax.collections[-1].get_segments()[0]
    np.testing.assert_allclose(line[:, 1], 3**0.5 / 4, atol=1e-6)  # half-way to the top
    edges, top = moved(ax, standing)
    assert edges == [[0, 0], [1, 0]]
    np.testing.assert_allclose(top, [[0.5, 3**0.5 / 2]])
    assert legend(ax) == ["first", "second", "p, old"]


def test_lines_of_equal_value_are_drawn_for_each_measure():
    grid = plotting.simplex_grid(30)
    ax = plotting.simplex({"p(1)": grid[..., 0], "p(2)": grid[..., 1]}, grid, np.ones(3) / 3, [0.2])
    first, second = ax.collections
    assert first.get_edgecolor().tolist() != second.get_edgecolor().tolist()
    np.testing.assert_allclose(ax.lines[-1].get_xydata(), [[0.5, 3**0.5 / 6]])


def test_estimates_are_counted_beside_the_truth():
    pair = plotting.estimate_panels(plt.figure().subplots(1, 2), 0.5, "A")
    standing = [len(ax.lines) for ax in pair]
    lams, samples = np.array([0.0, 1.0]), np.array([0.0, 0.01, 1.0, 1.01])
    plotting.estimates(pair, lams, lams, 2 * lams, 0.25, samples, "error 0.8")
    assert moved(pair[0], standing[0])[:2] == [[[0, 0], [1, 1]], [[0, 0], [1, 2]]]
    assert moved(pair[1], standing[1]) == [[[samples.mean(), 0], [samples.mean(), 1]]]
    assert pair[1].patches[-1].get_data().values.max() == 0.5
    assert pair[1].lines[0].get_xdata() == [0.5, 0.5]
    assert pair[0].texts[-1].get_text() == "error 0.8"


def test_visits_are_bars_for_each_policy_and_state():
    shares = np.array([[0.7, 0.3], [0.2, 0.8]])
    ax = plotting.visitation_bars(shares, ["old", "new"], ["here", "there"])
    assert [bar.get_height() for bar in ax.patches] == [0.7, 0.3, 0.2, 0.8]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["here", "there"]
    assert legend(ax) == ["old", "new"]


def test_what_is_frozen_stands_beside_what_happens():
    lengths, curves = np.array([0.0, 1.0]), np.array([[0.0, 1], [0, 2], [0, -3]])
    axes, near = plt.figure().subplots(1, 2), (np.array([0.0, 0.1]), curves / 10)
    share = np.array([0.9, 0.1])
    pair = plotting.frozen_panels(axes, ["here", "there"], share, lengths, curves, near)
    assert [bar.get_height() for bar in pair[0].patches] == [0.9, 0.1]
    assert [list(line.get_ydata()) for line in pair[1].lines[:3]] == curves.tolist()
    (inset,) = pair[1].child_axes
    assert [list(line.get_ydata()) for line in inset.lines[:3]] == (curves / 10).tolist()
    standing = len(pair[1].lines)
    plotting.frozen(pair, np.array([0.4, 0.6]), 0.5, 0.8, (0.7, 1.5), np.array([0.7, 0.3]))
    accepted, true, promised = moved(pair[1], standing)
    assert ([x for x, _ in accepted], true, promised) == ([0.5, 0.5], [[0.8, 0.7]], [[0.8, 1.5]])
    allowed, yours = (bars.get_paths() for bars in pair[0].collections[-2:])
    for bars, right, height in ((allowed, 1, 0.3), (yours, 1.2, 0.6), (yours, 0.2, 0.4)):
        assert any(path.contains_point((right, height - 0.01)) for path in bars)
        assert not any(path.contains_point((right, height + 0.01)) for path in bars)


def test_in_a_stretched_plane_lines_of_equal_gain_stand_across_the_slope():
    angle = np.linspace(0, 2 * np.pi, 100)
    circle, slope = np.stack([np.cos(angle), np.sin(angle)], -1), np.array([0.6, 0.8])
    ax = plotting.stretched_plane(plotting.panels(1, 1)[0, 0], circle, np.eye(2), slope)
    standing = 4  # of the legend
    lines = [np.array(line) for line in moved(ax, standing)]
    for line in lines[:9]:
        np.testing.assert_allclose((line[1] - line[0]) @ slope, 0, atol=1e-9)
    np.testing.assert_allclose(lines[8] @ slope, 1, atol=0.01)  # the last one touches the circle
    assert ax.get_aspect() == 1
    assert [[0, 0], [1, 0]] in moved(ax, standing)


def test_a_film_strip_may_have_one_frame():
    figure = plotting.film_strip([np.zeros((4, 6, 3), np.uint8)], ["alone"])
    assert [ax.get_title() for ax in figure.axes] == ["alone"]


def test_a_walker_s_poses_stand_at_their_places_with_their_steps():
    trunk, leg = [[0.0, 1.0], [1.0, 1.2]], [[0.0, 1.0], [0.2, 0.0]]
    bodies = [np.array([trunk, leg]) + np.array([place, 0]) for place in (0, 3)]
    ax = plotting.walker(bodies, range(10, 30, 10), plotting.panels(1, 1)[0, 0])
    lines = [line.get_xydata().tolist() for line in ax.lines]
    for link in np.concatenate(bodies).tolist():
        assert link in lines
    assert [text.get_text() for text in ax.texts] == ["10", "20"]
    assert ax.get_xlim()[0] < 0 < 4 < ax.get_xlim()[1]
    assert ax.get_aspect() == 1


def test_defect_returns_draws_every_seed_and_the_medians_beside_the_right_code():
    returns = {"1": [1.0, 5.0, 2.0], "2": [4.0, 4.0, 7.0]}
    ax = plotting.defect_returns(returns, [3.0, 9.0, 8.0])
    assert [bar.get_height() for bar in ax.containers[0]] == [2, 4]
    dots = [line for line in ax.lines if line.get_marker() == "."]
    assert [line.get_ydata().tolist() for line in dots] == list(returns.values())
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "2"]
    (median,) = (line for line in ax.lines if line not in dots)
    assert set(median.get_ydata()) == {8}
    assert len(ax.get_legend().get_texts()) == 4


def test_fresh_kls_marks_those_above_the_bound():
    own, fresh = np.array([0.004, 0.008, 0.009]), np.array([0.005, 0.012, 0.010])
    ax = plotting.fresh_kls(own, fresh, 0.01)
    within, above = ax.lines[:2]
    np.testing.assert_array_equal(within.get_xydata(), [[0.004, 0.005], [0.009, 0.010]])
    np.testing.assert_array_equal(above.get_xydata(), [[0.008, 0.012]])
    assert ax.get_ylim()[1] > 0.012


@pytest.mark.parametrize(("lowest", "borders"), [(0.1, 1), (0.45, 0)])
def test_a_map_of_probabilities_has_its_border_where_it_turns(lowest, borders):
    ax = plotting.panels(1, 1, 3, 3)[0, 0]
    values = np.linspace(lowest, 0.9, 4) * np.ones((3, 1))
    plotting.state_map(ax, np.arange(4.0), np.arange(3.0), values, "π", span=(0, 1))
    mesh, *lines = ax.collections
    np.testing.assert_array_equal(mesh.get_array().ravel(), values.ravel())
    assert mesh.get_clim() == (0, 1)
    assert len(lines) == borders


def test_a_map_of_values_leaves_out_what_is_unknown():
    ax = plotting.panels(1, 1, 3, 3)[0, 0]
    values = np.array([[1.0, np.nan], [3.0, 2.0]])
    plotting.state_map(ax, np.arange(2.0), np.arange(2.0), values, "V")
    (mesh,) = ax.collections
    assert mesh.get_clim() == (1, 3)
    assert np.ma.getmaskarray(mesh.get_array()).sum() == 1


def test_own_and_library_draws_every_seed_and_both_medians():
    own = np.array([[10.0, 300.0], [20.0, 500.0], [60.0, 310.0]])
    library = np.array([[10.0, 310.0], [30.0, 400.0], [11.0, 390.0]])
    ax = plotting.own_and_library(np.array([0, 6]), own, library)
    drawn = [line.get_ydata().tolist() for line in ax.lines]
    assert drawn == [*own.tolist(), [20, 310], [11, 390]]
    seeds, pairs = (one for one in ax.collections if isinstance(one, LineCollection))
    assert [curve[:, 1].tolist() for curve in seeds.get_segments()] == library.tolist()
    assert [pair[:, 1].tolist() for pair in pairs.get_segments()] == [
        [300, 310], [310, 390], [500, 400]
    ]  # fmt: skip
    assert len(ax.get_legend().get_texts()) == 3
    with pytest.raises(ValueError, match=r"own.*library|library.*own"):
        plotting.own_and_library(np.array([0, 6]), own, library[:1])
