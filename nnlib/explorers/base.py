"""What every explorer is: a widget in a notebook, and a page's figure without a kernel.

A subclass samples its numbers with nnlib and declares its state; the ES module of the
same name beside it draws. In a notebook anywidget carries the state both ways. While
the book builds, an explorer leaves its state in the page as JSON instead, where
``page.js`` brings it to life.
"""

import base64
import html
import io
import json
import math
import os
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import anywidget
import numpy as np
import traitlets
from PIL import Image

from nnlib._checks import check_between, shape_text
from nnlib._types import Array
from nnlib.explorers.scripts import module_script, style_sheet

__all__ = [
    "Explorer",
    "check_frames",
    "nearest",
    "one_of",
    "pack",
    "pack_bytes",
    "pack_images",
    "state",
]

#: What the page prints, and so what is worth sending.
DIGITS = 4


class Explorer(anywidget.AnyWidget):
    """An interactive figure.

    A subclass sets `title` and `alt`, declares what the reader can change as traits
    wrapped in `state`, and passes its samples to this class as `data`.

    Attributes
    ----------
    title : str
        The figure's name, shown above it.
    alt : str
        One sentence that tells a reader who cannot see it what the figure shows.
    data : dict
        The samples, as JSON can hold them; arrays through `pack`.
    defaults : dict
        The state that the reset button returns to, by name of the trait.
    """

    title = traitlets.Unicode().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    data = traitlets.Dict().tag(sync=True)
    defaults = traitlets.Dict().tag(sync=True)

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    @traitlets.default("_esm")
    def _module(self) -> str:
        return module_script(self._file())

    @traitlets.default("_css")
    def _style(self) -> str:
        return style_sheet(palette=True)

    def __init__(self, **kwargs: Any) -> None:
        names = self.trait_names(state=True)
        # Traitlets alone would take any name and do nothing with it.
        if unknown := [name for name in kwargs if not self.has_trait(name)]:
            raise TypeError(
                f"{type(self).__name__} expected state among {', '.join(names)}, "
                f"got {unknown[0]!r}"
            )
        super().__init__(**kwargs)
        self.defaults = {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.defaults.items())
        return f"{type(self).__name__}({values})"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Return the widget for a notebook, or the placeholder for the book's page."""
        if not os.environ.get("NNLIB_BOOK"):
            return super()._repr_mimebundle_(**kwargs)
        return {"text/plain": repr(self), "text/html": self._placeholder()}, {}

    @classmethod
    def _file(cls) -> str:
        """Return the name of the class's file, which its script shares."""
        return cls.__module__.rpartition(".")[2]

    def _placeholder(self) -> str:
        """Return what stands in a page until its script makes it an explorer."""
        names = ["title", "alt", "data", "defaults", *self.defaults]
        values = {name: getattr(self, name) for name in names}
        text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
        text = text.replace("</", "<\\/")
        return (
            f'<div class="nn-explorer" data-explorer="{self._file()}">'
            f"<p><strong>{html.escape(self.title)}</strong> "
            f"{html.escape(self.alt)}</p>"
            f'<script type="application/json">{text}</script></div>'
        )


def state(trait: Any) -> Any:
    """Declare a trait to be the reader's to change: synced, reset and linked to."""
    return trait.tag(sync=True, state=True)


def nearest(value: float, samples: list[float]) -> float:
    """Return the sample that is nearest to a value."""
    return min(samples, key=lambda sample: abs(sample - value))


def one_of(trait: str, value: str, known: Iterable[str]) -> str:
    """Return a value of a trait, which has to be among the known ones."""
    if value not in (names := list(known)):
        raise traitlets.TraitError(
            f"{trait} expected one of {', '.join(map(repr, names))}, got {value!r}"
        )
    return value


def pack(array: Array) -> dict[str, Any]:
    """Return an array for the page: its shape, and its numbers in a compact form.

    The numbers are rounded to the four significant digits that explorers print.

    Parameters
    ----------
    array : numpy.ndarray
        Any shape; finite, or NaN for what is not to be drawn.

    Returns
    -------
    dict
        ``{"shape": [...], "float24": "..."}``, with the upper three bytes of every
        float32 in base64: enough for four digits, to which ``unpack`` of ``draw.js``
        rounds again.
    """
    array = np.asarray(array, dtype=np.float64)
    digits = np.array([float(f"{v:.{DIGITS - 1}e}") for v in array.flat])
    rounded = digits.astype("<f4").view("<u4") + np.uint32(0x80)
    upper = rounded.view(np.uint8).reshape(-1, 4)[:, 1:]
    data = base64.b64encode(upper.tobytes()).decode("ascii")
    return {"shape": list(array.shape), "float24": data}


def pack_bytes(array: Array) -> dict[str, Any]:
    """Return whole numbers from 0 to 255 for the page, a byte each.

    Parameters
    ----------
    array : numpy.ndarray
        Any shape, uint8.

    Returns
    -------
    dict
        ``{"shape": [...], "bytes": "..."}`` in base64, which ``unpack`` of ``draw.js``
        undoes too.
    """
    array = np.asarray(array, dtype=np.uint8)
    data = base64.b64encode(array.tobytes()).decode("ascii")
    return {"shape": list(array.shape), "bytes": data}


def pack_images(images: Array, levels: int = 16) -> dict[str, Any]:
    """Return square pictures for the page: one below the other in a PNG of 4 bits.

    A handwritten digit takes 100 to 150 bytes.

    Parameters
    ----------
    images : numpy.ndarray
        Shape ``(N, side * side)`` or ``(N, side, side)``, from 0 (black) to 1 (white).
    levels : int
        How many shades of grey there are, at most 16; an odd number has one for 0.5.

    Returns
    -------
    dict
        ``{"shape": [N, side, side], "png": "..."}`` in base64, for ``pictures`` of
        ``draw.js``.

    Raises
    ------
    ValueError
        If there is no picture, one is not square, or a shade is not from 0 to 1.
    """
    images = np.asarray(images)
    side = math.isqrt(math.prod(images.shape[1:]))
    flat, square = images.shape == (len(images), side * side), (side, side)
    if not images.size or not (flat or images.shape[1:] == square):
        raise ValueError(
            "pack_images expected square pictures, (N, side * side) or "
            f"(N, side, side), got {shape_text(images.shape)}"
        )
    check_between("pack_images", "images", images, 0, 1)
    shades = np.rint(images * (levels - 1)).astype(np.uint8)
    size = (side, side * len(images))
    sprite = Image.frombytes("P", size, shades.tobytes())
    greys = [round(255 * shade / (levels - 1)) for shade in range(levels)]
    sprite.putpalette([grey for grey in greys for _ in "RGB"])
    file = io.BytesIO()
    sprite.save(file, "PNG", bits=4, optimize=True)
    png = base64.b64encode(file.getvalue()).decode("ascii")
    return {"shape": [len(images), side, side], "png": png}


def check_frames(epochs: Sequence[float]) -> None:
    """The epochs after which a recording takes its frames rise from 0 or later."""
    rises = all(a < b for a, b in pairwise(epochs))
    if not len(epochs) or epochs[0] < 0 or not rises:
        raise ValueError(
            f"record expected epochs that rise from 0 or later, got {list(epochs)}"
        )
