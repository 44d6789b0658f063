"""The one type that every module speaks of: a NumPy array of floats or labels."""

from typing import Any, TypeAlias

from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
