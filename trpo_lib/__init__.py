"""The package of the TRPO lessons: each module is one idea, and one lesson introduces it.

Letters in every docstring: T steps, N environments, B samples (at most T·N), O observation size,
A actions, D action dimensions, P policy parameters. A shape is written ``[T, N]``. KL is in nats.
Gradients ascend: objectives are maximised.
"""

__version__ = "0.1.0"
