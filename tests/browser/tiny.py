"""The smallest notebook with an explorer: an ellipse, one slider of each kind."""

import math

from jupyterlab_page import write_notebook

CODE = """
import matplotlib.pyplot as plt
import numpy as np
from trpo_lib.widgets import Slider, explore

figure, axes = plt.subplots()
axes.set(xlim=(-10, 10), ylim=(-10, 10))
angle = np.linspace(0, 2 * np.pi, 100)

def draw(axes, width, height, copies):
    for copy in range(copies):
        axes.plot(width * np.cos(angle) + copy, height * np.sin(angle))
    return f"{copies} ellipses, each of area {np.pi * width * height:.4g}"

explore(draw, axes, {
    "width": Slider("half width (m)", 0.5, 5.0, 1.0, 0.5),
    "height": Slider("half height (m)", 0.1, 10.0, 1.0, 0.1, log=True),
    "copies": Slider("copies (number)", 1, 5, 5, 1),
}, "Ellipses side by side.")
"""


def tiny_notebook(folder):
    return write_notebook(folder / "tiny.ipynb", CODE)


def tiny_oracle(width, height, copies):
    return [copies, math.pi * width * height]
