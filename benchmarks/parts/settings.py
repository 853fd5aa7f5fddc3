"""The settings at which ours and the reference are compared: the guide's, and its defaults."""

from typing import Any

WINDOW: dict[str, Any] = {"max_sessions": 15, "max_session_len": 30}
TIMEOUT_MINUTES = 30
TRAINING: dict[str, Any] = {
    "hidden_units": 50,
    "num_layers": 1,
    "dropout_rate": 0.2,
    "num_negatives": 1,
    "learning_rate": 0.001,
    "batch_size": 128,
    "weight_decay": 0.0,
    "optimizer_name": "adam",
    "random_state": 42,
}


def job(task: str, epochs: int = 1, **more: Any) -> dict[str, Any]:
    """Return what a part is given for a task."""
    training = {**TRAINING, "epochs": epochs}
    common = {"training": training, "window": WINDOW, "timeout_minutes": TIMEOUT_MINUTES}
    return {"task": task, **common, **more}
