"""How good the HRNN is beside its peers, on a log at a time.

Usage: ``accuracy.py DATA [MODEL …]``. DATA is "generated", or the folder of MovieLens 1M (the
575,281 ratings of 4 and 5) or of the Globo clicks; neither is redistributed. With MODELs, names of
:data:`SEARCH`, only these are trained and nothing is measured: several processes can share the
work. What was trained is kept in ``.benchmarks/accuracy`` and taken from there.

Each model's candidates are trained once, with the split's own validation rows; the candidate and
the epoch with the best validation NDCG@10 (all items, seen ones too) are chosen. That candidate is
then trained on training and validation rows, up to that epoch, with three seeds. Only then are the
test rows read, once: every model and the simple ones beside them, fitted on the same rows.

Prints one JSON object: protocol, searches, settings, seeds, seconds, and figures with their 95 %
bootstrap intervals over users, as are the paired differences to the HRNN of the same seed. One
thread; hours for MovieLens and Globo, minutes for the generated log.
"""

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import hrnn
from benchmarks.parts.accuracy_data import Log, read_log
from benchmarks.parts.accuracy_search import SEARCH, Candidate
from benchmarks.parts.figures import differences, figures
from benchmarks.parts.measuring import ROOT, cost
from benchmarks.parts.oracle import oracle_ndcg
from benchmarks.parts.ours import warm_up
from benchmarks.parts.settings import job
from hrnn.baselines import BASELINES
from hrnn.evaluation.protocol import measure
from hrnn.evaluation.splits import Split, split_for
from hrnn.experiment import make_baseline, make_model, use_threads
from hrnn.recommend.base import Recommender
from hrnn.synthetic import SyntheticConfig, generate
from hrnn.training.config import ExperimentConfig
from hrnn.training.progress import say
from hrnn.training.roles import TRAIN, VALID
from hrnn.training.trainer import Trainer

SEEDS = (0, 1, 2)
K = 10
_KEPT = ROOT / ".benchmarks" / "accuracy"


def trained(log: Log, split: Split, one: Candidate, seed: int, epochs: int | None) -> Path:
    """Train a candidate, or find it trained before; return the folder of its model and facts.

    Args:
        log: what it is trained on.
        split: of the log.
        one: what is trained.
        seed: of the training.
        epochs: where to stop a training on the validation rows too; None for a search, which
            trains all of them and does not learn from the validation rows.
    """
    training = replace(one.training, random_state=seed, restore_best_weights=False)
    experiment = ExperimentConfig.of(log.cut, training, one.model)
    said = json.dumps([log.name, one.model, training.plain(), epochs], sort_keys=True)
    folder = _KEPT / hashlib.sha256(said.encode()).hexdigest()[:16]
    if (folder / "facts.json").exists():
        return folder
    data, role = split.known()
    if epochs is not None:
        role = np.where(role == VALID, TRAIN, role).astype(role.dtype)
    model = make_model(experiment)

    def watch(record: dict[str, Any], trainer: Trainer) -> bool:
        say(record, trainer)
        return record["kind"] == "epoch" and record["epoch"] == epochs

    with cost() as spent:
        model.fit(data, role, callbacks=[watch], split=split.name)
    model.save(folder)
    history = [
        {name: record[name] for name in ("epoch", "train_loss", "valid_loss", "valid_ndcg")}
        for record in model.estimator.history_
    ]
    facts = {"cpu_seconds": round(spent.cpu, 1), "wall_seconds": round(spent.wall, 1)}
    (folder / "facts.json").write_text(json.dumps({**facts, "history": history}))
    return folder


def facts_of(folder: Path) -> dict[str, Any]:
    """Return what a training took, and its epochs."""
    return json.loads((folder / "facts.json").read_text())


def searched(
    log: Log, split: Split, candidates: dict[str, Candidate]
) -> tuple[str, int, dict[str, Any]]:
    """Return the best candidate by validation, its best epoch, and what each one found."""
    tried = {}
    for name, one in candidates.items():
        facts = facts_of(trained(log, split, one, SEEDS[0], None))
        best = max(facts["history"], key=lambda record: record["valid_ndcg"])
        tried[name] = {
            "validation_ndcg_at_10": round(best["valid_ndcg"], 4),
            "epoch": best["epoch"],
            "cpu_seconds": facts["cpu_seconds"],
        }
    name = max(tried, key=lambda name: tried[name]["validation_ndcg_at_10"])
    return name, tried[name]["epoch"], tried


def main() -> None:
    """Search, train with three seeds, and measure once."""
    use_threads(1)
    warm_up(job("warm_up"))
    log = read_log(sys.argv[1])
    split = split_for(log.data, log.cut)
    search = SEARCH[log.kind]
    wanted = sys.argv[2:]
    searches, seconds, models = {}, {}, dict[str, Recommender]()
    for name in wanted or search:
        print(log.name, name, file=sys.stderr, flush=True)
        chosen, epoch, tried = searched(log, split, search[name])
        one = search[name][chosen]
        folders = {seed: trained(log, split, one, seed, epoch) for seed in SEEDS}
        searches[name] = {"tried": tried, "chosen": chosen, "epochs": epoch}
        searches[name]["settings"] = {"model": one.model, **one.training.plain()}
        for seed, folder in folders.items():
            models[f"{name}, seed {seed}"] = hrnn.load(folder)
            seconds[f"{name}, seed {seed}"] = facts_of(folder)["cpu_seconds"]
    if wanted:
        return
    data, role = split.known()
    for name in BASELINES:
        models[name] = make_baseline(name, log.cut)
        models[name].fit(data, np.where(role == VALID, TRAIN, role), split=split.name)
    print(json.dumps(measured(log, split, models) | {"search": searches, "cpu_seconds": seconds}))


def measured(log: Log, split: Split, models: dict[str, Recommender]) -> dict[str, Any]:
    """Read the test rows."""
    found: dict[str, Any] = {"data": log.name, "timeout_minutes": log.cut.timeout_minutes}
    if log.kind == "generated":
        settings = SyntheticConfig()
        found[f"oracle_ndcg_at_{K}"] = oracle_ndcg(split, generate(settings), settings, K)
    for ranking in log.rankings:
        report = measure(models, split, ranking=ranking, k=(K,))
        assert report is not None
        assert not report.leaked
        found[ranking] = {
            "heading": report.heading,
            "counts": dict(report.counts),
            "value_low_high": figures(report),
            f"ndcg_at_{K}_ahead_of": {
                f"HRNN, seed {seed}": differences(report, f"HRNN, seed {seed}", f"NDCG@{K}")
                for seed in SEEDS
            },
        }
    return found


if __name__ == "__main__":
    main()
