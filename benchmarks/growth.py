"""Part (e): how one TRPO update grows with the batch and with the number of parameters."""

import numpy as np
import scipy.stats
from common import brief, main, markdown, quartiles, say, spread
from update import HIDDEN, duel

TITLE = "(e) How one update grows"
SIZES = (1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536)
# Two layers of w units hold w² + 8w + 2 parameters: 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6 or so.
WIDTHS = (28, 51, 96, 169, 312, 544, 996)
BATCH = 1_024  # samples while the parameters grow


def measure_axis(settings: dict[int, tuple], repeats: int) -> dict:
    """settings: position on the axis -> (batch size, hidden). Seconds, and slope on log axes."""
    rows = {}
    for position, (size, hidden) in settings.items():
        seconds, _ = duel(0, size, repeats, hidden)
        rows[str(position)] = {name: quartiles(values) for name, values in seconds.items()}
        say(f"growth, {size} samples, hidden {hidden}: {rows[str(position)]}")
    slopes = {name: slope(rows, name) for name in ("trpo_lib", "sb3-contrib")}
    return {"repeats": repeats, "seconds": rows, "slope": slopes}


def slope(rows: dict, name: str) -> dict[str, float]:
    """Of log seconds over log position, with its standard error."""
    medians = [row[name]["median"] for row in rows.values()]
    fit = scipy.stats.linregress(np.log([float(x) for x in rows]), np.log(medians))
    return {"slope": float(fit.slope), "standard_error": float(fit.stderr)}


def measure(quick: bool) -> dict:
    sizes, widths = (SIZES[:3], WIDTHS[:3]) if quick else (SIZES, WIDTHS)
    repeats = 3 if quick else 10
    return {
        "samples": measure_axis({size: (size, HIDDEN) for size in sizes}, repeats),
        "parameters": measure_axis({w * w + 8 * w + 2: (BATCH, (w, w)) for w in widths}, repeats),
    }


def table(data: dict) -> str:
    tables = []
    for axis, found in data.items():
        rows = [
            [f"{int(x):,}"]
            + [spread(row[name], " ms", 1e3) for name in ("trpo_lib", "sb3-contrib")]
            + [brief(row["sb3-contrib"]["median"] / row["trpo_lib"]["median"]) + "×"]
            for x, row in found["seconds"].items()
        ]
        rows.append(["**slope**", *(slope_text(s) for s in found["slope"].values()), ""])
        tables.append(markdown([axis, "trpo_lib", "sb3-contrib", "ratio of medians"], rows))
    units = " and ".join(str(h) for h in HIDDEN)
    notes = (
        f"Above: one hidden layer of {units} units. Below: {BATCH:,} samples, two hidden layers of "
        f"equal width. {data['samples']['repeats']} repeats; median (quartiles). Slope: of "
        "log seconds over log size ± standard error; 1 is proportional, 0 is constant."
    )
    return "\n\n".join([*tables, notes])


def slope_text(fit: dict) -> str:
    return f"{fit['slope']:.2f} ± {fit['standard_error']:.2f}"


def summary(data: dict) -> list[list[str]]:
    return [
        [
            f"one update's growth with {axis}: slope on log axes",
            slope_text(fit["slope"]["trpo_lib"]),
        ]
        for axis, fit in data.items()
    ]


if __name__ == "__main__":
    main(measure)
