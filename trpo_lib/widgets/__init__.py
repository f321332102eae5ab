"""Live figures: sliders that answer at once, and a training run that a class can steer.

Nothing is computed here, and no picture is designed.
"""

from trpo_lib.widgets.explorer import Explorer, compare_settings, explore
from trpo_lib.widgets.live import KL_BOUND, Slider
from trpo_lib.widgets.watcher import Watcher, watch
