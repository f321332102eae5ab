"""Do the lessons' expectations hold on a processor that rounds otherwise? `make rounding`.

Training magnifies rounding, so another processor is another draw. Here all networks start with
their weights moved in the last bit, in three ways. Outputs may differ, but no assert may fail.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

DRAWS = 3
FIRST_LINES_OF_A_KERNEL = """
def round_otherwise():
    import hashlib, os, torch

    draw, original = int(os.environ["DRAW"]), torch.nn.init.orthogonal_

    def orthogonal(tensor, *args):
        original(tensor, *args)
        number = hashlib.sha256(tensor.detach().numpy().tobytes()).digest()[0]  # equal for equals
        random = torch.Generator().manual_seed(256 * draw + number)
        with torch.no_grad():
            return tensor.mul_(1 + 1e-7 * torch.randn(tensor.shape, generator=random))

    torch.nn.init.orthogonal_ = orthogonal

round_otherwise()
del round_otherwise
"""


def main() -> int:
    lessons = sys.argv[1:] or ["notebooks"]
    command = [sys.executable, "-m", "pytest", *lessons, "--nbval-lax", "--nbval-current-env"]
    command += ["--nbval-cell-timeout=600", "-n", "2", "--dist", "loadscope"]
    with tempfile.TemporaryDirectory() as folder:
        startup = Path(folder, "profile_default/startup/rounding.py")
        startup.parent.mkdir(parents=True)
        startup.write_text(FIRST_LINES_OF_A_KERNEL)
        outcomes = []
        for draw in range(1, DRAWS + 1):
            settings = os.environ | {"IPYTHONDIR": folder, "DRAW": str(draw)}
            outcomes.append(subprocess.run(command, env=settings).returncode)
    return max(outcomes)


if __name__ == "__main__":
    raise SystemExit(main())
