"""One checker per exercise: it takes an answer, never raises, and names the likely mistake."""

from trpo_lib.exercises.lesson_00 import (
    check_00_compute,
    check_00_core,
    check_00_explore,
    check_00_predict,
)
from trpo_lib.exercises.lesson_01 import (
    check_01_compute,
    check_01_core,
    check_01_explore,
    check_01_predict,
)
from trpo_lib.exercises.lesson_02 import (
    check_02_compute,
    check_02_core,
    check_02_explore,
    check_02_predict,
)
from trpo_lib.exercises.lesson_03 import (
    check_03_compute,
    check_03_core,
    check_03_explore,
    check_03_predict,
)
from trpo_lib.exercises.lesson_04 import (
    check_04_compute,
    check_04_core,
    check_04_explore,
    check_04_predict,
)
from trpo_lib.exercises.lesson_05 import (
    check_05_compute,
    check_05_core,
    check_05_explore,
    check_05_predict,
)
from trpo_lib.exercises.lesson_06 import (
    check_06_compute,
    check_06_core,
    check_06_explore,
    check_06_predict,
)
from trpo_lib.exercises.lesson_07 import (
    check_07_compute,
    check_07_core,
    check_07_explore,
    check_07_predict,
)
from trpo_lib.exercises.lesson_08 import (
    check_08_compute,
    check_08_core,
    check_08_explore,
    check_08_predict,
)
from trpo_lib.exercises.lesson_09 import check_09_core, check_09_spot
from trpo_lib.exercises.lesson_10 import (
    check_10_conjugate_gradient,
    check_10_fisher_product,
    check_10_gae,
    check_10_surrogate,
    check_10_train,
)
