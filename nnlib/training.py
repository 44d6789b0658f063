"""The loop: forward, loss, backward, step, over batches and epochs."""

import json
import math
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from nnlib._checks import check_count, check_rng
from nnlib._types import Array
from nnlib.data import batches
from nnlib.losses import Loss
from nnlib.module import Module
from nnlib.optim import Optimizer, Schedule
from nnlib.serialization import check_place, put_arrays, read_arrays, write_arrays

__all__ = ["History", "evaluate", "fit"]

Metric = Callable[[Array, Array], float]


@dataclass
class History:
    """What `fit` saw, one value per epoch.

    Attributes
    ----------
    train_loss : list of float
        The mean loss over the samples of the epoch, each taken as the model was when
        it came by.
    validation_loss : list of float
        The mean loss over the validation set after the epoch; empty without one.
    validation_metric : list of float
        The metric over the validation set after the epoch; empty without one.
    seconds : list of float
        The time that the epoch's training took, validation left out.
    """

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_metric: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def epochs(self) -> int:
        """How many epochs there were."""
        return len(self.train_loss)


def fit(
    model: Module,
    criterion: Loss,
    optimizer: Optimizer,
    train: tuple[Array, Array],
    validation: tuple[Array, Array] | None = None,
    *,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    metric: Metric | None = None,
    schedule: Schedule | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> History:
    """Train a model, and leave it in eval mode.

    Parameters
    ----------
    model : Module
    criterion : Loss
    optimizer : Optimizer
        Over the model's parameters.
    train, validation : (x, y)
        Inputs and targets of one length; one sample per row.
    epochs : int
        How often every training sample is seen, at least 1.
    batch_size : int
        Samples per step; the last batch of an epoch holds what is left.
    rng : numpy Generator
        Shuffles the samples anew for every epoch.
    metric : callable, optional
        ``metric(prediction, target)``, such as `accuracy`, for the validation set.
    schedule : Schedule, optional
        Stepped after every epoch.
    checkpoint : path, optional
        Written after every epoch, whole or not at all. If the file is there at the
        start, training goes on from it, to the same bits as if it had never stopped.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, lengths differ, or `checkpoint` holds a
        file that does not fit; the model is then as it was.

    Examples
    --------
    >>> from nnlib import MSELoss, SGD, Linear
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(100, 3)).astype(np.float32)
    >>> y = x @ np.array([[1.0], [2.0], [3.0]], dtype=np.float32)
    >>> model = Linear(3, 1, rng=rng)
    >>> history = fit(model, MSELoss(), SGD(model.parameters(), lr=0.1), (x, y),
    ...               epochs=20, batch_size=10, rng=rng, progress=False)
    >>> model.weight.data.round(3).ravel()
    array([1., 2., 3.], dtype=float32)
    """
    check_count("fit", "epochs", epochs)
    check_count("fit", "batch_size", batch_size)
    check_rng("fit", rng)
    _check_parts("fit", model, criterion, metric)
    _check_optimizer(model, optimizer, schedule)
    _check_data("fit", "train", train)
    _check_validation(validation, metric)
    if checkpoint is not None:
        check_place(checkpoint)
    history = History()
    if checkpoint is not None and Path(checkpoint).exists():
        history = _resume(checkpoint, model, optimizer, schedule, rng)

    steps = math.ceil(len(train[0]) / batch_size)
    with _progress_bar(history, epochs, steps, progress) as bar:
        while history.epochs < epochs:
            start = time.perf_counter()
            parts = batches(*train, batch_size, rng=rng)
            loss = _train_epoch(model, criterion, optimizer, parts, bar)
            history.seconds.append(time.perf_counter() - start)
            history.train_loss.append(loss)
            if validation is not None:
                loss, score = evaluate(model, criterion, validation, metric=metric)
                history.validation_loss.append(loss)
                history.validation_metric += [] if score is None else [score]
            if schedule is not None:
                schedule.step()
            if checkpoint is not None:
                _save(checkpoint, model, optimizer, history, rng)
            _show_epoch(bar, history, epochs)
    model.eval()
    return history


def _train_epoch(
    model: Module,
    criterion: Loss,
    optimizer: Optimizer,
    parts: Iterable[tuple[Array, Array]],
    bar: Any,
) -> float:
    """A step for every batch; the mean loss of their samples."""
    model.train()
    total, samples = 0.0, 0
    for x, y in parts:
        loss = _train_step(model, criterion, optimizer, x, y)
        total += loss * len(x)
        samples += len(x)
        bar.update()
    return total / samples


def _train_step(
    model: Module, criterion: Loss, optimizer: Optimizer, x: Array, y: Array
) -> float:
    """Forward, loss, backward, step; the loss of the batch before the step."""
    loss = criterion(model(x), y)
    model.backward_parameters(criterion.backward())
    optimizer.step()
    return loss


def evaluate(
    model: Module,
    criterion: Loss,
    data: tuple[Array, Array],
    *,
    metric: Metric | None = None,
    batch_size: int = 1000,
) -> tuple[float, float | None]:
    """The mean loss, and a metric, over a whole set; leaves the model in eval mode.

    Parameters
    ----------
    model : Module
    criterion : Loss
    data : (x, y)
        Inputs and targets of one length; one sample per row.
    metric : callable, optional
        ``metric(prediction, target)``, such as `accuracy`; it sees the whole set.
    batch_size : int
        Samples that go through the model at once.

    Returns
    -------
    (loss, score)
        The score is None without a metric.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or lengths differ.

    Examples
    --------
    >>> from nnlib import MSELoss, Linear
    >>> model = Linear(3, 1, rng=np.random.default_rng(0))
    >>> x, y = np.zeros((5, 3), np.float32), np.ones((5, 1), np.float32)
    >>> evaluate(model, MSELoss(), (x, y))
    (1.0, None)
    """
    check_count("evaluate", "batch_size", batch_size)
    _check_parts("evaluate", model, criterion, metric)
    _check_data("evaluate", "data", data)
    model.eval()
    x, y = data
    outputs = [model(x_batch) for x_batch, _ in batches(x, y, batch_size, rng=None)]
    prediction = np.concatenate(outputs)
    score = metric(prediction, y) if metric is not None else None
    return criterion(prediction, y), score


def _progress_bar(history: History, epochs: int, steps: int, shown: bool) -> Any:
    """A bar over all batches of all epochs, some of which may be done."""
    bar = tqdm(
        total=epochs * steps,
        initial=min(history.epochs, epochs) * steps,
        unit="batch",
        **({} if shown else {"disable": True}),  # so that TQDM_DISABLE counts too
    )
    bar.set_description(f"epoch {min(history.epochs + 1, epochs)}/{epochs}", False)
    return bar


def _show_epoch(bar: Any, history: History, epochs: int) -> None:
    """Write the newest values of a history, and what epoch comes, into the bar."""
    named = {
        "loss": history.train_loss,
        "validation loss": history.validation_loss,
        "metric": history.validation_metric,
    }
    newest = [f"{name} {values[-1]:.4f}" for name, values in named.items() if values]
    bar.set_postfix_str(", ".join(newest), refresh=False)
    bar.set_description(f"epoch {min(history.epochs + 1, epochs)}/{epochs}", False)


def _places(model: Module, optimizer: Optimizer) -> dict[str, Array]:
    """Every array that a checkpoint holds, by name, where it lives."""
    weights = {f"model.{name}": p.data for name, p in model.named_parameters()}
    return weights | {f"optimizer.{n}": a for n, a in optimizer.state().items()}


def _save(
    path: str | os.PathLike[str],
    model: Module,
    optimizer: Optimizer,
    history: History,
    rng: np.random.Generator,
) -> None:
    """Write all that the next epoch depends on, whole or not at all."""
    progress = {"history": asdict(history), "rng": rng.bit_generator.state}
    text = {"nnlib": json.dumps(progress, default=np.ndarray.tolist)}
    write_arrays(path, _places(model, optimizer), text)


def _resume(
    path: str | os.PathLike[str],
    model: Module,
    optimizer: Optimizer,
    schedule: Schedule | None,
    rng: np.random.Generator,
) -> History:
    """Put everything back where `_save` took it from; nothing if a part misfits."""
    arrays, text = read_arrays(path)
    _check_progress(path, text, rng)
    progress = json.loads(text["nnlib"])
    put_arrays(path, arrays, _places(model, optimizer))
    rng.bit_generator.state = progress["rng"]
    history = History(**progress["history"])
    if schedule is not None:
        schedule.resume(history.epochs)
    return history


def _check_progress(
    path: str | os.PathLike[str], text: dict[str, str], rng: np.random.Generator
) -> None:
    """The text of a checkpoint holds a history, and a state that `rng` can take."""
    name, generator = os.fspath(path), type(rng.bit_generator)
    if "nnlib" not in text:
        raise ValueError(f"{name} holds weights, but is no checkpoint")
    try:
        progress = json.loads(text["nnlib"])
        history, state = History(**progress["history"]), progress["rng"]
        kind = state["bit_generator"]
        if kind == generator.__name__:
            generator().state = state  # on trial
        lengths = [len([float(v) for v in values]) for values in vars(history).values()]
        if lengths[0] != len(history.seconds):
            raise ValueError("its losses and times are not of as many epochs")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} is a damaged checkpoint: {error!r}") from error
    if kind != generator.__name__:
        raise ValueError(
            f"{name} was written with a random generator of kind {kind}, "
            f"got {generator.__name__}"
        )


def _check_parts(owner: str, model: object, criterion: object, metric: object) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"{owner} expected model as a Module, got {model!r}")
    if not isinstance(criterion, Loss):
        raise TypeError(f"{owner} expected criterion as a Loss, got {criterion!r}")
    if metric is not None and not callable(metric):
        raise TypeError(f"{owner} expected metric as a function, got {metric!r}")


def _check_optimizer(model: Module, optimizer: object, schedule: object) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"fit expected optimizer as an Optimizer, got {optimizer!r}")
    if not set(map(id, optimizer.params)) <= set(map(id, model.parameters())):
        raise ValueError(
            "fit expected an optimizer over the model's parameters, "
            "got one over those of another model"
        )
    if schedule is None:
        return
    if not isinstance(schedule, Schedule):
        raise TypeError(f"fit expected schedule as a Schedule, got {schedule!r}")
    if schedule.optimizer is not optimizer:
        raise ValueError("fit expected a schedule of its optimizer, got another's")


def _check_validation(validation: Any, metric: object) -> None:
    if validation is not None:
        _check_data("fit", "validation", validation)
    elif metric is not None:
        raise ValueError("fit expected a validation set, to take the metric of")


def _check_data(owner: str, name: str, data: Any) -> None:
    """`data` are inputs and as many targets, at least one."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise TypeError(
            f"{owner} expected {name} as a pair (x, y), got {type(data).__name__}"
        )
    x, y = data
    if not (isinstance(x, np.ndarray) and isinstance(y, np.ndarray)):
        raise TypeError(
            f"{owner} expected {name} as two NumPy arrays, "
            f"got {type(x).__name__} and {type(y).__name__}"
        )
    samples = [a.shape[0] if a.ndim else 0 for a in (x, y)]
    if samples[0] != samples[1] or samples[0] == 0:
        raise ValueError(
            f"{owner} expected {name} to hold as many inputs as targets, at least one, "
            f"got {samples[0]} and {samples[1]}"
        )
