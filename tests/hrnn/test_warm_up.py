import os
import subprocess
import sys

import hrnn
from hrnn import warm_up
from hrnn.model import contrast, kernels, pairs
from hrnn.recommend import ranking
from tests.hrnn.reference import LOG, READ, trained_model


def compiled_for() -> dict[str, list]:
    loops = [kernels.read, kernels.read_back, kernels.follow, pairs._score, pairs._score_back]
    loops += [contrast._contrast, ranking._insert_best]
    return {loop.__name__: list(loop.signatures) for loop in loops}


def test_after_warming_up_neither_training_nor_recommending_compiles_anything():
    warm_up.main()
    before = compiled_for()
    assert all(before.values())
    for settings in ({"loss": "bce", "user_state": "all", "num_layers": 2}, {"user_state": "none"}):
        model = trained_model(LOG, dropout_rate=0.2, **settings)
        model.recommend(LOG, top_k=2)
        hrnn.evaluate({"model": model}, READ)
    assert compiled_for() == before


_THREADS = """
import hrnn.model.compiled
from threadpoolctl import threadpool_info
blas = [one for one in threadpool_info() if one["user_api"] == "blas"]
print(sorted((one["filepath"].split("site-packages")[-1][1:6], one["num_threads"]) for one in blas))
"""


def test_small_products_are_not_shared_among_threads_and_numpys_are_left_alone():
    two = os.environ | {"OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", _THREADS], env=two, capture_output=True, text=True)
    assert done.stdout.strip() == "[('numpy', 2), ('scipy', 1)]", done.stderr
