"""Weights on disk, in the safetensors format: named arrays and nothing that runs.

A file appears whole or not at all: it is written beside its place, and moved there
when it is complete.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nnlib._checks import shape_text
from nnlib._types import Array
from nnlib.module import Module

__all__ = ["load_weights", "save_weights"]


def save_weights(model: Module, path: str | os.PathLike[str]) -> None:
    """Write every parameter of a model to a file, by name.

    Parameters
    ----------
    model : Module
    path : path
        Usually ending in ``.safetensors``. A file that is there is replaced, at one
        stroke and only when the new one is complete.

    Raises
    ------
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from nnlib import Linear
    >>> layer = Linear(3, 2, rng=np.random.default_rng(0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_weights(layer, f"{folder}/layer.safetensors")
    ...     other = Linear(3, 2, rng=np.random.default_rng(1))
    ...     load_weights(other, f"{folder}/layer.safetensors")
    >>> bool((layer.weight.data == other.weight.data).all())
    True
    """
    write_arrays(path, {name: p.data for name, p in model.named_parameters()})


def load_weights(model: Module, path: str | os.PathLike[str]) -> None:
    """Read every parameter of a model from a file that `save_weights` wrote.

    Parameters
    ----------
    model : Module
        Changed in place; it stays as it was if anything is wrong.
    path : path

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is no safetensors file, or does not fit the model: it lacks a
        name, has one too many, or an array of another shape or dtype.
    """
    arrays, _ = read_arrays(path)
    put_arrays(path, arrays, {name: p.data for name, p in model.named_parameters()})


def write_arrays(
    path: str | os.PathLike[str],
    arrays: Mapping[str, Array],
    metadata: dict[str, str] | None = None,
) -> None:
    """Write named arrays to a file, whole or not at all."""
    path = Path(path)
    check_place(path)
    content = save({n: _in_order(a) for n, a in arrays.items()}, metadata)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o666 & ~_umask())
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise


def read_arrays(
    path: str | os.PathLike[str],
) -> tuple[dict[str, Array], dict[str, str]]:
    """Read named arrays, and the text stored beside them, from a file."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file of weights at {os.fspath(path)}")
    try:
        with safe_open(path, framework="numpy") as file:
            names = file.keys()  # the file is no dict: it cannot be iterated itself
            arrays = {name: _read(file, name) for name in names}
            return arrays, file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(
            f"{os.fspath(path)} is not a whole safetensors file: {error}"
        ) from error
    except _UnknownDtypeError as error:
        raise ValueError(f"{os.fspath(path)} holds {error}") from error


def put_arrays(
    path: str | os.PathLike[str],
    arrays: Mapping[str, Array],
    places: Mapping[str, Array],
) -> None:
    """Copy arrays that were read from `path` into `places`, if all of them fit."""
    problems = [f"{name} is missing" for name in places if name not in arrays]
    problems += [f"{name} is not in the model" for name in arrays if name not in places]
    for name, place in places.items():
        if name in arrays and (came := _kind(arrays[name])) != _kind(place):
            problems.append(f"{name} should be {_kind(place)}, is {came}")
    if problems:
        raise ValueError(
            f"{os.fspath(path)} does not fit the model: {'; '.join(problems)}"
        )
    for name, place in places.items():
        place[...] = arrays[name]


class _UnknownDtypeError(Exception):
    pass


def _read(file: Any, name: str) -> Array:
    try:
        return file.get_tensor(name)
    except (TypeError, AttributeError) as error:
        dtype = file.get_slice(name).get_dtype()
        raise _UnknownDtypeError(
            f"{name} as {dtype}, a type that NumPy does not have"
        ) from error


def _in_order(array: Array) -> Array:
    """The same numbers in the order and the byte order that the format asks for."""
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def check_place(path: str | os.PathLike[str]) -> None:
    """A file can be put there: in a folder that exists, where no folder is."""
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write to")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; a file was expected")


def _kind(array: Array) -> str:
    return f"{shape_text(array.shape)} of {array.dtype}"


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
