"""Pictures of records and arrays. Nothing is computed here."""

from trpo_lib.plotting._shared import (
    COLORS,
    DPI,
    STYLES,
    curves,
    data_url,
    figure_png,
    film_strip,
    image_bundle,
    learning_curve,
    make_room,
    panels,
    show,
    show_film,
)
from trpo_lib.plotting.lesson_00 import return_histories, training, training_panels
from trpo_lib.plotting.lesson_01 import (
    climb,
    gain_by_radius,
    landscape,
    path,
    policy_regions,
    region_and_steps,
    region_panels,
    trust_region,
)
from trpo_lib.plotting.lesson_02 import (
    bound_scatter,
    density_fits,
    simplex,
    simplex_grid,
    simplex_panel,
    simplex_regions,
)
from trpo_lib.plotting.lesson_03 import estimate_panels, estimates
from trpo_lib.plotting.lesson_04 import frozen, frozen_panels, promise_and_truth, visitation_bars
from trpo_lib.plotting.lesson_05 import (
    full_steps,
    paths_on_bowl,
    residual_curves,
    stretch_panel,
    stretched_plane,
)
from trpo_lib.plotting.lesson_06 import fresh_kls, kl_history, rollout_rows, state_map
from trpo_lib.plotting.lesson_07 import (
    clipped_objective,
    intervals,
    knob_curves,
    one_update,
    refusals,
    step_size_panel,
    update_panel,
)
from trpo_lib.plotting.lesson_08 import gaussian_panels, swimmers, two_gaussians, walker
from trpo_lib.plotting.lesson_09 import defect_returns
from trpo_lib.plotting.lesson_10 import own_and_library
