"""Explorer: a confusion matrix, and the pictures that are behind each of its cells."""

from typing import Any

import numpy as np
import traitlets

from nnlib._checks import check_labels, check_logits, shape_text
from nnlib._types import Array
from nnlib.explorers.base import Explorer, pack, pack_images, state
from nnlib.functional import softmax
from nnlib.metrics import confusion_matrix

__all__ = ["ConfusionExplorer", "pictures_behind"]

MIN_CLASSES, MAX_CLASSES = 2, 12
#: As many pictures travel: of a cell with mistakes, of a cell of the diagonal, and in
#: all; fewer of each cell with mistakes where those would be too many together.
OF_MISTAKES, OF_RIGHT, IN_ALL = 6, 3, 160


class ConfusionExplorer(Explorer):
    """A confusion matrix to look into: each cell shows the pictures that it counts.

    Of a cell with mistakes those are shown of which the network was most certain, at
    most six; of a cell of the diagonal those of which it was least certain, at most
    three. Each comes with the probabilities that the network gave.

    Parameters
    ----------
    logits : numpy.ndarray
        Floats of shape ``(B, K)``, with K from 2 to 12.
    target : numpy.ndarray
        Integer labels of shape ``(B,)``.
    images : numpy.ndarray
        Shape ``(B, side * side)`` or ``(B, side, side)``, 0 for paper and 1 for ink.
    true, taken_for : int, optional
        The row and the column of the cell to look into first; by default the most
        frequent mistake.
    picture : int, optional
        Which of the cell's pictures is read in the table, from 0; the nearest there is.

    Raises
    ------
    TypeError, ValueError
        If logits, labels and images do not fit each other, a logit is not finite, or
        there are too few or too many classes.
    """

    true = state(traitlets.Int(0))
    taken_for = state(traitlets.Int(0))
    picture = state(traitlets.Int(0, min=0, max=OF_MISTAKES - 1))

    @traitlets.validate("true", "taken_for")
    def _is_a_class(self, proposal: Any) -> Any:
        value, last = proposal["value"], len(self.data["counts"]) - 1
        if not 0 <= value <= last:
            raise traitlets.TraitError(
                f"{proposal['trait'].name} expected a class from 0 to {last}, "
                f"got {value}"
            )
        return value

    def __init__(
        self, logits: Array, target: Array, images: Array, **kwargs: Any
    ) -> None:
        _check(logits, target, images)
        counts = confusion_matrix(logits, target)
        shown = pictures_behind(logits, target)
        mistakes = np.where(np.eye(len(counts)), -1, counts)
        true, taken_for = divmod(int(mistakes.argmax()), len(counts))
        behind = np.concatenate([cell for row in shown for cell in row])
        super().__init__(
            title="What is behind each count",
            alt="A confusion matrix, true digit by row and predicted digit by column, "
            "with one cell chosen; beside it pictures that this cell counts, each "
            "with a small bar for the probability of every digit.",
            data={
                "counts": counts.tolist(),
                # How many pictures of each cell there are; they follow row by row.
                "shown": [[len(cell) for cell in row] for row in shown],
                # The page prints hundredths of a per cent.
                "probabilities": pack(np.round(softmax(logits[behind]), 4)),
                "pictures": pack_images(images[behind]),
            },
            **{"true": true, "taken_for": taken_for} | kwargs,
        )


def pictures_behind(logits: Array, target: Array) -> list[list[Array]]:
    """Return which pictures are shown of each cell of a confusion matrix.

    Parameters
    ----------
    logits : numpy.ndarray
        Floats of shape ``(B, K)``.
    target : numpy.ndarray
        Integer labels of shape ``(B,)``.

    Returns
    -------
    list of lists of numpy.ndarray
        For each true class a row, for each predicted class in it the indices of at
        most 6 mistakes, the most certain first, or of at most 3 that are right, the
        least certain first. There are fewer of each mistake where all of them together
        would be more than 160.

    Examples
    --------
    >>> logits = np.array([[9.0, 0.0], [2.0, 0.0], [0.0, 5.0], [3.0, 0.0]])
    >>> pictures_behind(logits, np.array([0, 0, 0, 1]))
    [[array([1, 0]), array([2])], [array([3]), array([], dtype=int64)]]
    """
    predicted, certainty = logits.argmax(axis=1), softmax(logits).max(axis=1)

    def behind(true: int, taken_for: int) -> Array:
        found = np.flatnonzero((target == true) & (predicted == taken_for))
        sign = 1 if true == taken_for else -1
        return found[np.argsort(sign * certainty[found], kind="stable")]

    classes = range(logits.shape[1])
    cells = [[behind(i, j) for j in classes] for i in classes]
    for most in range(OF_MISTAKES, 0, -1):
        shown = [
            [cell[: OF_RIGHT if i == j else most] for j, cell in enumerate(row)]
            for i, row in enumerate(cells)
        ]
        if sum(len(cell) for row in shown for cell in row) <= IN_ALL:
            break
    return shown


def _check(logits: Array, target: Array, images: Array) -> None:
    owner = "ConfusionExplorer"
    check_logits(owner, "logits", logits)
    check_labels(owner, target, *logits.shape)
    if not MIN_CLASSES <= logits.shape[1] <= MAX_CLASSES:
        raise ValueError(
            f"{owner} expected {MIN_CLASSES} to {MAX_CLASSES} classes, "
            f"got logits of shape {shape_text(logits.shape)}"
        )
    if not np.isfinite(logits).all():
        raise ValueError(f"{owner} expected finite logits")
    if np.shape(images)[:1] != target.shape:
        raise ValueError(
            f"{owner} expected an image for each of {len(target)} labels, "
            f"got images of shape {shape_text(np.shape(images))}"
        )
