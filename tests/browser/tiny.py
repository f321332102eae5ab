"""The smallest notebook with an explorer: an ellipse, one slider of each kind."""

import math

from jupyterlab_page import write_notebook

CODE = """
import numpy as np
from trpo_lib import plotting, widgets

angle = np.linspace(0, 2 * np.pi, 100)

def stage(ax):
    ax.set(xlim=(-10, 10), ylim=(-10, 10))
    return ax

def draw(ax, width, height, copies):
    for copy in range(copies):
        ax.plot(width * np.cos(angle) + copy, height * np.sin(angle))
    return f"{copies} ellipses, each of area {np.pi * width * height:.4g}"

sliders = {
    "width": widgets.Slider("half width (m)", 0.3, 5.0, 1.0, 0.5),
    "height": widgets.Slider("half height (m)", 0.15, 10.0, 1.0, 0.1, log=True),
    "copies": widgets.Slider("copies", 1, 5, 5, 1),
}
widgets.explore(draw, stage, plotting.panels(1, 1)[0, 0], sliders, "Ellipses side by side.")
"""


def tiny_notebook(folder):
    return write_notebook(folder / "tiny.ipynb", CODE)


def tiny_oracle(width, height, copies):
    return [copies, math.pi * width * height]
