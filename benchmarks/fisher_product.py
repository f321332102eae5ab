"""Part (d): Fisher-vector products, as taught and as ``trpo_step`` makes them."""

import torch
from common import interleave, main, markdown, paired_ratio, quartiles, say, spread, times
from update import example

from trpo_lib.fisher import fisher_vector_product, jacobian_fisher
from trpo_lib.jacobian import linearize
from trpo_lib.solvers import flat_grad
from trpo_lib.surrogate import surrogate
from trpo_lib.trpo import TRPOConfig

TITLE = "(d) Fisher-vector products"


def measure_size(size: int, repeats: int) -> dict:
    policy, batch = example(0, size)
    params = list(policy.parameters())
    columns = batch.actions, batch.old_log_probs, batch.advantages
    damping = TRPOConfig().damping

    def gradient():
        return flat_grad(surrogate(policy(batch.obs), *columns), params)

    def build():
        return fisher_vector_product(policy, batch.obs, damping)

    def linear():
        return jacobian_fisher(linearize(policy, batch.obs), damping)

    vector, product, fast = torch.ones_like(gradient()), build(), linear()
    runs = {
        "gradient": gradient,
        "product": lambda: product(vector),
        "building": build,
        "fast product": lambda: fast(vector),
        "fast building": linear,
    }
    seconds = interleave({name: (lambda: None, run) for name, run in runs.items()}, repeats)
    found = {name: quartiles(values) for name, values in seconds.items()}
    found["ratio"] = paired_ratio(seconds["product"], seconds["gradient"])
    found["fast ratio"] = paired_ratio(seconds["fast product"], seconds["gradient"])
    say(f"Fisher-vector product, {size} samples: {found}")
    return found | {"repeats": repeats}


COLUMNS = {
    "gradient": "surrogate gradient",
    "product": "one product by the KL's Hessian",
    "building": "KL graph, once",
    "fast product": "one product Jᵀ M J v",
    "fast building": "forward pass, once",
}


def measure(quick: bool) -> dict:
    return {str(size): measure_size(size, 20 if quick else 300) for size in (1_024, 16_384)}


def table(data: dict) -> str:
    rows = [
        [f"{int(size):,}"]
        + [spread(row[name], " ms", 1e3) for name in COLUMNS]
        + [times(row["ratio"]), times(row["fast ratio"])]
        for size, row in data.items()
    ]
    header = ["samples", *COLUMNS.values(), "product/gradient", "fast product/gradient"]
    note = (
        "Gradient: forward and backward. The KL's graph and the forward pass are made once per "
        f"update and serve all products. {next(iter(data.values()))['repeats']} repeats; median "
        "(quartiles); median of paired ratios (95% bootstrap interval)."
    )
    return f"{markdown(header, rows)}\n\n{note}"


def summary(data: dict) -> list[list[str]]:
    return [
        [f"one product Jᵀ M J v / one gradient, {int(size):,} samples", times(row["fast ratio"])]
        for size, row in data.items()
    ]


if __name__ == "__main__":
    main(measure)
