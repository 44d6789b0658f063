"""One look for every figure: a palette for light and dark pages, and its use.

A figure is drawn once, in the light colours. While the book builds it leaves the
kernel as SVG, and the book replaces each of these colours by a CSS variable of the
same name, which the page sets for light and for dark.
"""

import os
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.figure import Figure

from nnlib._types import Array

#: Name -> (on a light page, on a dark page). Against the page every colour but
#: `paper` and `grid` has the contrast that text needs (4.5 to 1), and the four that
#: tell series apart stay apart for readers with any of the three colour blindnesses.
PALETTE = {
    "paper": ("#fffffe", "#121212"),
    "ink": ("#1d2630", "#e4e9ee"),
    "muted": ("#57636f", "#a5b0bb"),
    "grid": ("#dde2e7", "#323b46"),
    "blue": ("#0a4a94", "#8ab4f0"),
    "orange": ("#a8400a", "#f0894a"),
    "green": ("#02824f", "#86efdc"),
    "purple": ("#b02ab8", "#b070ea"),
}
PAPER, INK, MUTED, GRID, BLUE, ORANGE, GREEN, PURPLE = (
    light for light, _ in PALETTE.values()
)

#: Inches. A figure of this width fills a 360 px phone with text of 10 px, and the
#: column of a wide screen with text of 16 px.
WIDTH, HEIGHT = 4.6, 2.9

RC_PARAMS: Any = {
    "figure.figsize": (WIDTH, HEIGHT),
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.labelsize": 10,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "lines.linewidth": 2,
    "lines.markersize": 5,
    "patch.edgecolor": PAPER,
    "axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREEN, PURPLE])
    + cycler(linestyle=["-", "--", "-.", ":"]),
    "image.cmap": "gray",
    "image.interpolation": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "nnlib",
}


def use() -> None:
    """Give every figure of this notebook the book's style.

    In the book figures are transparent SVG, which the page colours. Elsewhere they
    are PNG of twice the resolution on white paper, since only the light colours are
    at hand.
    """
    in_book = bool(os.environ.get("NNLIB_BOOK"))
    mpl.rcParams.update(RC_PARAMS)
    mpl.rcParams["figure.facecolor"] = "none" if in_book else PAPER
    try:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # a plain script: matplotlib alone is enough
        return
    if get_ipython() is not None:
        # The figure keeps the size that it was given, so text keeps its size too.
        # (matplotlib_inline states no types, hence the silenced check.)
        set_matplotlib_formats(  # type: ignore[no-untyped-call]
            "svg" if in_book else "retina", bbox_inches=None
        )


def draw_digits(
    images: Array, titles: Sequence[str] | None = None, *, columns: int = 8
) -> Figure:
    """Draw images of digits side by side, with a title over each.

    Parameters
    ----------
    images : numpy.ndarray
        Shape ``(N, side * side)`` or ``(N, side, side)``, 0 black and 1 white.
    titles : sequence of str, optional
        N short texts; ``None`` for no titles.
    columns : int
        Images in a row.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, which a notebook shows by itself.
    """
    side = round(images[0].size ** 0.5)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    tile = WIDTH / columns
    height = rows * (tile + (0 if titles is None else 0.25))
    figure, grid = plt.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False)
    for index, axes in enumerate(grid.flat):
        axes.axis("off")
        if index >= len(images):
            continue
        axes.imshow(images[index].reshape(side, side), vmin=0, vmax=1)
        if titles is not None:
            axes.set_title(titles[index], fontweight="normal")
    return figure


#: Where a page is dark: in the book, in JupyterLab, in VS Code.
DARK = "html[data-theme=dark],body[data-jp-theme-light=false],body.vscode-dark"


def css_variables() -> str:
    """Return the palette as CSS: ``--nn-<name>`` for light and for dark pages."""
    light = "".join(f"--nn-{name}:{pair[0]};" for name, pair in PALETTE.items())
    dark = "".join(f"--nn-{name}:{pair[1]};" for name, pair in PALETTE.items())
    return f":root{{{light}}}\n{DARK}{{{dark}}}\n"
