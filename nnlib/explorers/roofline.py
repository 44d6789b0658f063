"""Explorer: the roofline of a machine, and how near to it measured operations come."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import traitlets

from nnlib.explorers.base import Explorer, nearest, one_of, pack, state
from nnlib.explorers.timing import best_time, duration

__all__ = ["Kernel", "RooflineExplorer", "measure", "roof"]

DTYPES = ["float32", "float64"]
#: The sizes at which `measure` takes the time of each operation.
NUMBERS = [2**10, 2**13, 2**16, 2**19, 2**22]
ROWS = [64, 256, 1024, 2048, 4096]
SIDES = [16, 64, 256, 768]
BATCHES = [1, 4, 16, 64, 256, 1024]
ROUNDS = 3
#: The first layer of the digit reader.
M, N = 784, 128
#: From this share on, an operation is above the roof, and not by a slip of the clock.
ABOVE = 1.1
#: A time in seconds of which the call from Python is a large part.
CALL = 3e-6


@dataclass(frozen=True)
class Kernel:
    """A measured operation: its work, and its time.

    Attributes
    ----------
    operation : str
        A name that is the same at all sizes.
    size : int
        How large its arrays are, in the operation's own measure.
    dtype : str
        The type of its numbers, such as ``"float32"``.
    flops : int
        Floating-point operations, F.
    moved : int
        Bytes Q that it reads and writes if every array travels once.
    seconds : float
        The time it took.
    symbol : str
        What `size` is called in the book: n, or B for a batch.
    """

    operation: str
    size: int
    dtype: str
    flops: int
    moved: int
    seconds: float
    symbol: str = "n"


class RooflineExplorer(Explorer):
    """What arithmetic and memory allow, against what operations reach.

    Parameters
    ----------
    kernels : sequence of Kernel
        As `measure` returns them: each operation in every type at the same sizes.
    peak : mapping
        The most FLOP/s that the machine reaches, by type of number.
    bandwidth : float
        Bytes/s between memory and processor.
    operation, size, dtype : str, int and str, optional
        The kernel that is shown. Of the sizes the nearest of the operation is taken.
    measurement : str, optional
        ``"hidden"`` or ``"shown"``.

    Raises
    ------
    ValueError
        If there is no kernel, one is missing, or a number is not positive.

    Notes
    -----
    The model is that of Williams, Waterman and Patterson, "Roofline: an insightful
    visual performance model for multicore architectures" (2009): at an intensity of
    I = F/Q FLOP for every byte, no more than min(peak, bandwidth · I) can be reached.

    Examples
    --------
    >>> kernels = [Kernel("a + b", 1000, "float32", 1000, 12_000, 2e-6)]
    >>> RooflineExplorer(kernels, peak={"float32": 5e10}, bandwidth=1e10).size
    1000
    """

    operation = state(traitlets.Unicode())
    size = state(traitlets.Int())
    dtype = state(traitlets.Unicode())
    measurement = state(traitlets.Enum(["hidden", "shown"], default_value="hidden"))

    @traitlets.validate("operation", "dtype")
    def _is_known(self, proposal: Any) -> str:
        name = proposal["trait"].name
        return one_of(name, proposal["value"], self.data[f"{name}s"])

    @traitlets.validate("size")
    def _is_a_size(self, proposal: Any) -> Any:
        # The page takes the nearest of the operation, which may change after the size.
        every = {n for each in self.data["operations"].values() for n in each["sizes"]}
        stops: Any = sorted(every)
        return nearest(proposal["value"], stops)

    def __init__(
        self,
        kernels: Sequence[Kernel],
        *,
        peak: Mapping[str, float],
        bandwidth: float,
        **kwargs: Any,
    ) -> None:
        check_measurements(kernels, peak, bandwidth)
        operations = list(dict.fromkeys(k.operation for k in kernels))
        dtypes = list(dict.fromkeys(k.dtype for k in kernels))
        tables = {name: _table(kernels, name, dtypes) for name in operations}
        sizes = {name: [k.size for k in table[0]] for name, table in tables.items()}
        super().__init__(
            title="The roofline, and what reaches it",
            alt="Floating-point operations per byte against operations per second, on "
            "logarithmic scales: a slanted roof that the memory sets, a level one that "
            "the arithmetic sets, and where measured operations lie below them.",
            data={
                "dtypes": dtypes,
                "peak": [float(f"{peak[dtype] / 1e9:.4g}") for dtype in dtypes],
                "bandwidth": float(f"{bandwidth / 1e9:.4g}"),
                "operations": {
                    name: {"symbol": table[0][0].symbol, "sizes": sizes[name]}
                    | _of_page(table, peak, bandwidth)
                    for name, table in tables.items()
                },
            },
            **{
                "operation": operations[0],
                "dtype": dtypes[0],
                "size": sizes[operations[0]][0],
            }
            | kwargs,
        )


def roof(
    flops: float, moved: float, peak: float, bandwidth: float
) -> tuple[float, str]:
    """Return the least time that an operation can take, and what sets it.

    Parameters
    ----------
    flops, moved : float
        Its work F in FLOP, and the bytes Q that travel.
    peak, bandwidth : float
        FLOP/s and bytes/s of the machine.

    Returns
    -------
    tuple
        Seconds, the larger of F/P and Q/β; and ``"compute"`` or ``"memory"``.

    Examples
    --------
    >>> roof(2e9, 12e6, peak=5e10, bandwidth=1e10)
    (0.04, 'compute')
    """
    compute, memory = flops / peak, moved / bandwidth
    if compute >= memory:
        return compute, "compute"
    return memory, "memory"


def check_measurements(
    kernels: Sequence[Kernel], peak: Mapping[str, float], bandwidth: float
) -> None:
    """Raise ValueError where a number is missing or is not positive and finite."""
    if not kernels:
        raise ValueError("RooflineExplorer expected at least one kernel")
    for dtype in {kernel.dtype for kernel in kernels}:
        if dtype not in peak:
            raise ValueError(f"RooflineExplorer expected a peak for {dtype}, got none")
    numbers = {"bandwidth": bandwidth}
    numbers |= {f"the peak of {dtype}": value for dtype, value in peak.items()}
    for kernel in kernels:
        where = f"of {kernel.operation}, {kernel.size}, {kernel.dtype}"
        for name in ("size", "flops", "moved", "seconds"):
            numbers[f"{name} {where}"] = getattr(kernel, name)
    for name, value in numbers.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(
                f"RooflineExplorer expected {name} to be positive, got {value}"
            )


def _table(
    kernels: Sequence[Kernel], operation: str, dtypes: Sequence[str]
) -> list[list[Kernel]]:
    """Return the kernels of an operation: a row for each type, sizes rising."""
    found = {(k.dtype, k.size): k for k in kernels if k.operation == operation}
    sizes = sorted({size for _, size in found})
    for dtype in dtypes:
        for size in sizes:
            if (dtype, size) not in found:
                raise ValueError(
                    "RooflineExplorer expected every operation at the same sizes in "
                    f"every type, got no {operation} of {size} in {dtype}"
                )
    return [[found[dtype, size] for size in sizes] for dtype in dtypes]


def _of_page(
    table: list[list[Kernel]], peak: Mapping[str, float], bandwidth: float
) -> dict[str, Any]:
    """Return all that is drawn and printed of an operation, by type and size."""
    numbers, times, bounds, findings = [], [], [], []
    for row in table:
        for kernel in row:
            seconds, bound = roof(
                kernel.flops, kernel.moved, peak[kernel.dtype], bandwidth
            )
            share = seconds / kernel.seconds
            numbers.append(
                [
                    kernel.flops / kernel.moved,
                    kernel.flops / seconds / 1e9,
                    kernel.flops / kernel.seconds / 1e9,
                    100 * share,
                ]
            )
            times.append([duration(seconds), duration(kernel.seconds)])
            bounds.append(bound)
            above = bound == "memory" and share > ABOVE
            called = "call" if kernel.seconds < CALL else ""
            findings.append("above" if above else called)
    columns = len(table[0])
    return {
        "flops": [k.flops for k in table[0]],
        "moved": [[k.moved for k in row] for row in table],
        "numbers": pack(np.reshape(numbers, (len(table), columns, 4))),
        "times": _rows(times, columns),
        "bounds": _rows(bounds, columns),
        "findings": _rows(findings, columns),
    }


def _rows(values: list[Any], columns: int) -> list[list[Any]]:
    return [values[i : i + columns] for i in range(0, len(values), columns)]


# ---- measuring ----------------------------------------------------------------------


def measure(*, rng: np.random.Generator) -> list[Kernel]:
    """Return what the operations of networks take on this machine, in a few seconds.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the numbers that are added and multiplied.

    Returns
    -------
    list of Kernel
        A sum of two arrays, the sum of an array, a matrix times a vector, the product
        of two square matrices and that of the digit reader's first layer, in float32
        and float64, each written into an array that is there already.
    """
    found = []
    for name, symbol, sizes, prepare in OPERATIONS:
        keys = [(size, dtype) for dtype in DTYPES for size in sizes]
        calls = {key: prepare(key[0], np.dtype(key[1]), rng) for key in keys}
        best = dict.fromkeys(keys, math.inf)
        # Round by round: what disturbs the machine for a moment spoils one at most.
        for _ in range(ROUNDS):
            for key, (call, _, _) in calls.items():
                best[key] = min(best[key], best_time(call, rounds=1))
        for (size, dtype), (_, flops, numbers) in calls.items():
            moved = numbers * np.dtype(dtype).itemsize
            time = best[size, dtype]
            found.append(Kernel(name, size, dtype, flops, moved, time, symbol))
    return found


Prepared = tuple[Callable[[], object], int, int]


def _sum_of_two(n: int, dtype: Any, rng: np.random.Generator) -> Prepared:
    a, b = (rng.random(n, np.float32).astype(dtype) for _ in range(2))
    out = np.empty_like(a)
    return lambda: np.add(a, b, out=out), n, 3 * n


def _sum(n: int, dtype: Any, rng: np.random.Generator) -> Prepared:
    a = rng.random(n, np.float32).astype(dtype)
    return a.sum, n, n


def _product(b: int, m: int, n: int, dtype: Any, rng: np.random.Generator) -> Prepared:
    x, w = (rng.random(s, np.float32).astype(dtype) for s in ((b, m), (m, n)))
    out = np.empty((b, n), dtype)
    return lambda: np.matmul(x, w, out=out), 2 * b * m * n, b * m + m * n + b * n


def _times_vector(n: int, dtype: Any, rng: np.random.Generator) -> Prepared:
    return _product(n, n, 1, dtype, rng)


def _square(n: int, dtype: Any, rng: np.random.Generator) -> Prepared:
    return _product(n, n, n, dtype, rng)


def _layer(b: int, dtype: Any, rng: np.random.Generator) -> Prepared:
    return _product(b, M, N, dtype, rng)


#: What `measure` measures: a name, what the size is called, sizes, and a function that
#: returns the call, its FLOP, and how many numbers travel.
OPERATIONS: list[tuple[str, str, list[int], Callable[..., Prepared]]] = [
    ("a + b", "n", NUMBERS, _sum_of_two),
    ("sum of a", "n", NUMBERS, _sum),
    ("matrix times vector", "n", ROWS, _times_vector),
    ("square product", "n", SIDES, _square),
    (f"layer {M} to {N}", "B", BATCHES, _layer),
]
