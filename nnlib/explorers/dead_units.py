"""Explorer: which learning rates kill the hidden units of a ReLU network."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import traitlets

from nnlib.explorers.base import Explorer, nearest, pack, state

__all__ = ["DeadUnitsExplorer"]

REDUCTIONS = ["sum", "mean"]
Run = tuple[Sequence[float], Sequence[float]]


class DeadUnitsExplorer(Explorer):
    """The share of dead hidden units after training, as a map, and each run's course.

    Parameters
    ----------
    runs : mapping
        ``(reduction, samples, lr)`` to the ``(loss, dead share)`` of a run, two
        sequences over `steps`. Every combination of the three is needed; `reduction`
        is "sum" or "mean".
    steps : sequence of int
        The steps at which they were taken.
    reduction : str, optional
        Which map to show first.
    samples, lr : int and float, optional
        The run to show; the nearest is taken.

    Raises
    ------
    ValueError
        If a combination is missing, or a run has another length than `steps`.
    """

    reduction = state(traitlets.Enum(REDUCTIONS, default_value="sum"))
    samples = state(traitlets.Int())
    lr = state(traitlets.Float())

    @traitlets.validate("samples", "lr")
    def _of_a_run(self, proposal: Any) -> Any:
        return nearest(proposal["value"], self.data[proposal["trait"].name])

    def __init__(
        self,
        runs: Mapping[tuple[str, int, float], Run],
        steps: Sequence[int],
        **kwargs: Any,
    ) -> None:
        samples = sorted({n for _, n, _ in runs})
        rates = sorted({lr for _, _, lr in runs})
        combinations = [(r, n, lr) for r in REDUCTIONS for n in samples for lr in rates]
        if missing := [
            combination for combination in combinations if combination not in runs
        ]:
            raise ValueError(
                "DeadUnitsExplorer expected a run for every reduction, number of "
                f"samples and learning rate, got none for {missing[0]}"
            )
        for combination in combinations:
            for series in runs[combination]:
                if len(series) != len(steps):
                    raise ValueError(
                        f"DeadUnitsExplorer expected {len(steps)} values, one for each "
                        f"of steps, got {len(series)} in the run {combination}"
                    )
        # (reduction, samples, lr, loss or dead share, step)
        table = np.array([runs[combination] for combination in combinations], float)
        table = table.reshape(len(REDUCTIONS), len(samples), len(rates), 2, len(steps))
        super().__init__(
            title="Where units die",
            alt="A map of the share of dead hidden units after training, by learning "
            "rate and number of samples; below it the loss and the share of dead units "
            "of the chosen run, step by step.",
            data={
                "reductions": REDUCTIONS,
                "samples": samples,
                "lr": rates,
                "steps": list(steps),
                "runs": pack(table),
            },
            **{"samples": samples[-1], "lr": rates[-1]} | kwargs,
        )
