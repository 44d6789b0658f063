"""Data: MNIST and the format it comes in, digits in its place, toy sets, batches."""

import math
import os
import struct
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from nnlib._checks import check_count, check_floats, check_rng, shape_text
from nnlib._types import Array

__all__ = [
    "batches",
    "linear",
    "load_digits",
    "load_mnist",
    "parse_idx",
    "random_shifts",
    "sine",
    "spirals",
    "two_moons",
]

TrainAndTest: TypeAlias = tuple[tuple[Array, Array], tuple[Array, Array]]

IDX_TYPES = {
    0x08: ">u1",
    0x09: ">i1",
    0x0B: ">i2",
    0x0C: ">i4",
    0x0D: ">f4",
    0x0E: ">f8",
}


def parse_idx(content: bytes) -> Array:
    """Return the array that a file in the IDX format holds.

    Two zero bytes, a byte that names the type of the numbers and one that counts the
    dimensions; the size of each dimension as a big-endian ``uint32``; then the numbers,
    big-endian, in C order.

    Parameters
    ----------
    content : bytes
        The whole file, unpacked.

    Returns
    -------
    ndarray
        Of the shape that the header gives, in the machine's own byte order.

    Raises
    ------
    ValueError
        If the header is cut short, starts with other bytes or names an unknown type,
        or if the file is shorter or longer than its header says. Nothing is allocated
        before the two lengths agree.

    References
    ----------
    Y. LeCun, C. Cortes and C. Burges, *The MNIST database of handwritten digits*
    (1998), section "The IDX file format".

    Examples
    --------
    >>> parse_idx(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]))
    array([[1, 2, 3],
           [4, 5, 6]], dtype=uint8)
    """
    _check_idx(content)
    type_code, ndim = content[2], content[3]
    shape = struct.unpack_from(f">{ndim}I", content, offset=4)
    dtype = np.dtype(IDX_TYPES[type_code])
    numbers = np.frombuffer(content, dtype, offset=4 + 4 * ndim)
    return numbers.reshape(shape).astype(dtype.newbyteorder("="))


def _check_idx(content: bytes) -> None:
    """Raise ValueError where `content` is not a whole IDX file and nothing else."""
    if len(content) < 4:
        raise ValueError(
            f"parse_idx expected a header of at least 4 bytes, got {len(content)}"
        )
    if content[:2] != b"\0\0":
        raise ValueError(
            "parse_idx expected two zero bytes at the start, got "
            f"0x{content[0]:02x} 0x{content[1]:02x}"
        )
    type_code, ndim = content[2], content[3]
    if type_code not in IDX_TYPES:
        known = ", ".join(f"0x{code:02x}" for code in IDX_TYPES)
        raise ValueError(
            f"parse_idx expected a type code among {known}, got 0x{type_code:02x}"
        )
    if ndim > 64:
        raise ValueError(f"parse_idx expected at most 64 dimensions, got {ndim}")
    if len(content) < 4 + 4 * ndim:
        raise ValueError(
            f"parse_idx expected a header of {4 + 4 * ndim} bytes for {ndim} "
            f"dimensions, got {len(content)}"
        )
    shape = struct.unpack_from(f">{ndim}I", content, offset=4)
    # Python's own integers: sizes made to overflow 64 bits do not.
    expected = math.prod(shape) * np.dtype(IDX_TYPES[type_code]).itemsize
    came = len(content) - 4 - 4 * ndim
    if came != expected:
        raise ValueError(
            f"parse_idx expected {expected} bytes of data for shape {shape}, got {came}"
        )


def load_mnist(
    source: str | os.PathLike[str] = "auto", flatten: bool = True
) -> TrainAndTest:
    """Return MNIST's 60,000 training and 10,000 test images of handwritten digits.

    The files are verified by their SHA-256, so what comes is MNIST whole, or an error;
    with ``"auto"``, where MNIST cannot be had, `load_digits` serves, and a printed line
    says so. (``len(x_train)`` tells which it was: 60,000 or 1,442.)

    Parameters
    ----------
    source : str or path
        - ``"auto"``: the folder that the environment variable ``NNLIB_DATA`` names;
          else the cache, filled from a public mirror the first time; else, with no
          network, the digits of `load_digits`.
        - ``"mnist"``: the same, without the last: an error where there is no MNIST.
        - ``"digits"``: `load_digits`.
        - a folder that holds the four files, plain or as ``.gz``.
    flatten : bool
        Whether an image is one row of 784 pixels, or of shape ``(1, 28, 28)``.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        ``x`` is float32 of shape (N, 784) or (N, 1, 28, 28), 0 for paper to 1 for full
        ink; ``y`` is int64 of shape (N,), the digits 0 to 9.

    Raises
    ------
    FileNotFoundError
        If a folder that was named, or a file in it, does not exist.
    ValueError
        If a file in a folder that was named is damaged or is not MNIST's.
    OSError
        With ``"mnist"``: if no mirror gives the files.

    Notes
    -----
    Downloads are kept in the user's cache folder, or in the one that the environment
    variable ``NNLIB_CACHE`` names. Mirrors are given up after ten seconds without
    headway and then left in peace for an hour, by ``"auto"``; ``"mnist"`` asks again.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to
    document recognition", Proceedings of the IEEE 86 (1998).

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_mnist("digits")
    >>> x_train.shape, y_train.shape, x_test.shape, y_test.shape
    ((1442, 784), (1442,), (355, 784), (355,))
    """
    if source == "digits":
        return load_digits(flatten)
    # Here, so that who needs no data waits for no network library.
    from nnlib._mnist_files import MnistUnavailableError, read_mnist

    try:
        contents = read_mnist(source)
    except MnistUnavailableError as error:
        if source == "mnist":
            raise
        print(f"{error} In its place come scikit-learn's 1,797 digits, drawn alike.")
        return load_digits(flatten)
    x_train, y_train, x_test, y_test = (parse_idx(content) for content in contents)
    return (
        (_as_input(x_train, flatten), y_train.astype(np.int64)),
        (_as_input(x_test, flatten), y_test.astype(np.int64)),
    )


def load_digits(flatten: bool = True) -> TrainAndTest:
    """Return 1,797 real handwritten digits, drawn in frames like MNIST's.

    They come with scikit-learn, so they are always at hand. Each 8x8 image is scaled to
    the 20x20 box and centred in the 28x28 frame that MNIST's images were, so whatever
    reads MNIST reads these. Of every class the fifth, tenth, ... image is a test image.

    Parameters
    ----------
    flatten : bool
        Whether an image is one row of 784 pixels, or of shape ``(1, 28, 28)``.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        As those of `load_mnist`: 1,442 training and 355 test images.

    References
    ----------
    E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository (1998).

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_digits(flatten=False)
    >>> x_train.shape, x_train.dtype
    ((1442, 1, 28, 28), dtype('float32'))
    >>> np.bincount(y_test).tolist()
    [35, 36, 35, 36, 36, 36, 36, 35, 34, 36]
    """
    from sklearn import datasets

    from nnlib.images import place_in_frame

    digits = datasets.load_digits()
    y = digits.target.astype(np.int64)
    frames = np.stack([place_in_frame(image / 16) for image in digits.images])
    x = frames.reshape(len(y), 784) if flatten else frames[:, None]
    in_test = np.zeros(len(y), dtype=bool)
    for digit in range(10):
        in_test[np.flatnonzero(y == digit)[4::5]] = True
    return (x[~in_test], y[~in_test]), (x[in_test], y[in_test])


def _as_input(images: Array, flatten: bool) -> Array:
    """Return images of shape (N, 28, 28), 0 to 255, as a network takes them."""
    shape = (len(images), 784) if flatten else (len(images), 1, 28, 28)
    return np.divide(images.reshape(shape), np.float32(255), dtype=np.float32)


def batches(
    x: Array,
    y: Array,
    batch_size: int,
    *,
    rng: np.random.Generator | None = None,
) -> Iterator[tuple[Array, Array]]:
    """Yield the samples of one epoch, `batch_size` at a time.

    Parameters
    ----------
    x : ndarray
        Inputs, shape (N, ...).
    y : ndarray
        Targets, shape (N, ...).
    batch_size : int
        Samples in a batch, B. The last batch holds what is left over.
    rng : numpy.random.Generator, optional
        Shuffles the samples, anew in each epoch. Without it they come in order.

    Yields
    ------
    (x_batch, y_batch)
        Copies, of shapes (B, ...) and (B, ...).

    Raises
    ------
    ValueError
        If `x` and `y` differ in length, or `batch_size` is less than 1.

    Examples
    --------
    >>> x, y = np.arange(5.0)[:, None], np.arange(5)
    >>> [y_batch.tolist() for _, y_batch in batches(x, y, 2)]
    [[0, 1], [2, 3], [4]]
    """
    _check_batches(x, y, batch_size)
    order = np.arange(len(x)) if rng is None else rng.permutation(len(x))
    for start in range(0, len(x), batch_size):
        index = order[start : start + batch_size]
        yield x[index], y[index]


def _check_batches(x: Array, y: Array, batch_size: int) -> None:
    if len(x) != len(y):
        raise ValueError(
            "batches expected x and y to hold as many samples, got "
            f"{len(x)} and {len(y)}"
        )
    if batch_size < 1:
        raise ValueError(f"batches expected batch_size of at least 1, got {batch_size}")


def random_shifts(x: Array, reach: int, *, rng: np.random.Generator) -> Array:
    """Return every image shifted at random, by at most `reach` pixels either way.

    What is shifted out is lost, and zeros come in on the other side. A digit stays
    the digit it was, so its label holds for the copy.

    Parameters
    ----------
    x : array of floats, shape (N, S * S) or (N, 1, S, S)
        Square images, flat or not, 0 for background.
    reach : int
        The largest shift in pixels, at least 1. Every whole number of pixels from
        -reach to reach is equally likely, down and across.
    rng : numpy.random.Generator
        Draws the shifts.

    Returns
    -------
    array of the shape and dtype of `x`
        A copy.

    Raises
    ------
    TypeError, ValueError
        If `x` holds no floats or no square images, or `reach` is no such number.

    References
    ----------
    P. Simard, D. Steinkraus and J. Platt, *Best practices for convolutional neural
    networks applied to visual document analysis* (2003).

    Examples
    --------
    >>> image = np.zeros((1, 9))
    >>> image[0, 4] = 1.0                                # the middle of 3x3 pixels
    >>> moved = random_shifts(image, 1, rng=np.random.default_rng(0))
    >>> moved.reshape(3, 3)
    array([[0., 1., 0.],
           [0., 0., 0.],
           [0., 0., 0.]])
    """
    _check_shifts(x, reach, rng)
    side = math.isqrt(x[0].size)
    edges = (0, 0), (reach, reach), (reach, reach)
    padded = np.pad(x.reshape(-1, side, side), edges)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), (1, 2))
    down, across = rng.integers(0, 2 * reach + 1, size=(2, len(x)))
    return windows[np.arange(len(x)), down, across].reshape(x.shape)


def _check_shifts(x: Array, reach: int, rng: object) -> None:
    check_floats("random_shifts", "x", x)
    check_count("random_shifts", "reach", reach)
    check_rng("random_shifts", rng)
    side = math.isqrt(math.prod(x.shape[1:]))
    square = x.shape[1:] in ((side**2,), (1, side, side))
    if not square or x.size == 0:
        raise ValueError(
            "random_shifts expected x as square images of shape (N, S * S) or "
            f"(N, 1, S, S), got {shape_text(x.shape)}"
        )


def two_moons(n: int, noise: float, *, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return points on two half circles, each reaching into the other.

    Parameters
    ----------
    n : int
        Number of points. They alternate between the moons.
    noise : float
        Standard deviation of what is added to each coordinate; the radius is 1.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    x : ndarray of float32, shape (n, 2)
    y : ndarray of int64, shape (n,)
        0 for the upper moon, 1 for the lower.

    Raises
    ------
    ValueError
        If `n` is less than 1 or `noise` is negative.

    Examples
    --------
    >>> x, y = two_moons(200, 0.1, rng=np.random.default_rng(0))
    >>> x.shape, y.shape
    ((200, 2), (200,))
    """
    _check_toy_set("two_moons", n, noise)
    y = np.arange(n) % 2
    angle = rng.uniform(0, np.pi, n)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.array([1.0, 0.5]) - upper
    x = np.where(y[:, None] == 0, upper, lower) + rng.normal(0, noise, (n, 2))
    return x.astype(np.float32), y


def spirals(
    n: int, classes: int, noise: float, *, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return points on spiral arms that no straight line tells apart.

    Parameters
    ----------
    n : int
        Number of points. They go to the arms in turn.
    classes : int
        Number of arms, each of which turns about two thirds of a circle.
    noise : float
        Standard deviation of what is added to each coordinate; an arm ends at radius 1.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    x : ndarray of float32, shape (n, 2)
    y : ndarray of int64, shape (n,)
        The arm, 0 to ``classes - 1``.

    Raises
    ------
    ValueError
        If `n` or `classes` is less than 1 or `noise` is negative.

    References
    ----------
    After the spiral of A. Karpathy, "Putting it together: minimal neural network case
    study", CS231n (2015).

    Examples
    --------
    >>> x, y = spirals(300, 3, 0.05, rng=np.random.default_rng(0))
    >>> x.shape, np.bincount(y).tolist()
    ((300, 2), [100, 100, 100])
    """
    _check_toy_set("spirals", n, noise)
    _check_classes(classes)
    y = np.arange(n) % classes
    radius = rng.uniform(0, 1, n)
    angle = 2 * np.pi * y / classes + 4 * radius
    arm = radius * np.stack([np.cos(angle), np.sin(angle)])
    x = arm.T + rng.normal(0, noise, (n, 2))
    return x.astype(np.float32), y


def sine(n: int, noise: float, *, rng: np.random.Generator) -> tuple[Array, Array]:
    r"""Return noisy samples of one period of a sine, :math:`y = \sin 2 \pi x`.

    Parameters
    ----------
    n : int
        Number of samples.
    noise : float
        Standard deviation of what is added to ``y``; the amplitude is 1.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    x : ndarray of float32, shape (n, 1)
        Uniform in [0, 1).
    y : ndarray of float32, shape (n, 1)

    Raises
    ------
    ValueError
        If `n` is less than 1 or `noise` is negative.

    Examples
    --------
    >>> x, y = sine(50, 0.0, rng=np.random.default_rng(0))
    >>> np.allclose(y, np.sin(2 * np.pi * x), atol=1e-6)
    True
    """
    _check_toy_set("sine", n, noise)
    x = rng.uniform(0, 1, (n, 1))
    y = np.sin(2 * np.pi * x) + rng.normal(0, noise, (n, 1))
    return x.astype(np.float32), y.astype(np.float32)


def linear(
    n: int, weight: ArrayLike, bias: float, noise: float, *, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return noisy samples of a linear function, ``y = x @ weight + bias``.

    Parameters
    ----------
    n : int
        Number of samples.
    weight : array_like, shape (M,), or a number
        Slope along each of the M inputs.
    bias : float
        Value at the origin.
    noise : float
        Standard deviation of what is added to ``y``, in its units.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    x : ndarray of float32, shape (n, M)
        Standard normal.
    y : ndarray of float32, shape (n, 1)

    Raises
    ------
    ValueError
        If `n` is less than 1, `noise` is negative, or `weight` has two dimensions.

    Examples
    --------
    >>> x, y = linear(100, [2.0, -1.0], 0.5, 0.0, rng=np.random.default_rng(0))
    >>> np.allclose(y, x @ [[2.0], [-1.0]] + 0.5, atol=1e-6)
    True
    """
    _check_toy_set("linear", n, noise)
    _check_slopes(weight)
    slopes = np.atleast_1d(weight)[:, None]
    x = rng.normal(0, 1, (n, len(slopes)))
    y = x @ slopes + bias + rng.normal(0, noise, (n, 1))
    return x.astype(np.float32), y.astype(np.float32)


def _check_toy_set(name: str, n: int, noise: float) -> None:
    if n < 1:
        raise ValueError(f"{name} expected n of at least 1, got {n}")
    if not noise >= 0:
        raise ValueError(f"{name} expected noise of at least 0, got {noise}")


def _check_classes(classes: int) -> None:
    if classes < 1:
        raise ValueError(f"spirals expected classes of at least 1, got {classes}")


def _check_slopes(weight: ArrayLike) -> None:
    if np.ndim(weight) > 1:
        raise ValueError(
            f"linear expected weight of shape (M,), got {np.shape(weight)}"
        )
