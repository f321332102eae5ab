"""Part (d): one Fisher-vector product as a multiple of one surrogate gradient."""

import torch
from common import interleave, main, markdown, paired_ratio, quartiles, say, spread, times
from update import example

from trpo_lib.fisher import fisher_vector_product
from trpo_lib.solvers import flat_grad
from trpo_lib.surrogate import surrogate
from trpo_lib.trpo import TRPOConfig

TITLE = "(d) One Fisher-vector product"


def measure_size(size: int, repeats: int) -> dict:
    policy, batch = example(0, size)
    params = list(policy.parameters())
    columns = batch.actions, batch.old_log_probs, batch.advantages
    damping = TRPOConfig().damping

    def gradient():
        return flat_grad(surrogate(policy(batch.obs), *columns), params)

    product, vector = fisher_vector_product(policy, batch.obs, damping), torch.ones_like(gradient())
    runs = {
        "gradient": gradient,
        "product": lambda: product(vector),
        "building": lambda: fisher_vector_product(policy, batch.obs, damping),
    }
    seconds = interleave({name: (lambda: None, run) for name, run in runs.items()}, repeats)
    found = {name: quartiles(values) for name, values in seconds.items()}
    found["ratio"] = paired_ratio(seconds["product"], seconds["gradient"])
    say(f"Fisher-vector product, {size} samples: {found}")
    return found | {"repeats": repeats}


def measure(quick: bool) -> dict:
    return {str(size): measure_size(size, 20 if quick else 300) for size in (1_024, 16_384)}


def table(data: dict) -> str:
    rows = [
        [f"{int(size):,}"]
        + [spread(row[name], " ms", 1e3) for name in ("gradient", "product", "building")]
        + [times(row["ratio"])]
        for size, row in data.items()
    ]
    header = ["samples", "surrogate gradient", "one product", "KL graph, once", "product/gradient"]
    note = (
        "Gradient: forward and backward. The KL's graph is built once per update and serves all "
        f"products. {next(iter(data.values()))['repeats']} repeats; median (quartiles); median of "
        "paired ratios (95% bootstrap interval)."
    )
    return f"{markdown(header, rows)}\n\n{note}"


def summary(data: dict) -> list[list[str]]:
    return [
        [f"one Fisher-vector product / one gradient, {int(size):,} samples", times(row["ratio"])]
        for size, row in data.items()
    ]


if __name__ == "__main__":
    main(measure)
