"""Explorer: how Box and Muller bend the unit square into the normal plane."""

from typing import Any

import numpy as np
import traitlets

from nnlib._types import Array
from nnlib.explorers.base import Explorer, nearest, pack, state

__all__ = ["BoxMullerMapExplorer", "polar"]

VARIANTS = ["right", "degrees", "wedge", "no 1 −"]
U1 = [0.0, 0.001, 0.01, *(round(0.05 * i, 2) for i in range(1, 20)), 0.99, 0.999]
U2 = [i / 24 for i in range(24)]
SAMPLES = 160
#: The cosine of a quarter of a turn is this small, and should be 0.
ROUNDING = 1e-14


class BoxMullerMapExplorer(Explorer):
    """The unit square beside the plane that the Box-Muller method makes of it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the samples that are shown in both.
    variant : str, optional
        One of `VARIANTS`: the method as it is, the angle in degrees given to a cosine
        that takes radians, the angle in radians given to one that takes degrees, and
        the logarithm of u₁ in place of that of 1 - u₁.
    u1, u2 : float, optional
        The point to follow. The nearest stops of the sliders are taken.
    """

    variant = state(traitlets.Enum(VARIANTS, default_value="right"))
    u1 = state(traitlets.Float(0.8, min=0.0, max=0.999))
    u2 = state(traitlets.Float(0.125, min=0.0, max=1.0))

    @traitlets.validate("u1", "u2")
    def _on_a_stop(self, proposal: Any) -> float:
        stops = {"u1": U1, "u2": U2}[proposal["trait"].name]
        return nearest(proposal["value"], stops)

    def __init__(self, *, rng: np.random.Generator, **kwargs: Any) -> None:
        cloud = rng.random((2, SAMPLES))
        u1, u2 = np.array(U1), np.array(U2)
        maps = {}
        for variant in VARIANTS:
            radius, angle = polar(u1, u2, variant)
            far, turn = polar(cloud[0], cloud[1], variant)
            with np.errstate(invalid="ignore"):  # ∞ times 0
                z = np.stack([np.outer(radius, f(angle)) for f in (np.cos, np.sin)])
            # A page holds finite numbers; others go there as words.
            finite = np.isfinite(radius)
            words = {
                str(i): [[_word(v) for v in row] for row in z[:, i]]
                for i in np.flatnonzero(~finite)
            }
            maps[variant] = {
                "radius": pack(np.where(finite, radius, 0)),
                "angle": pack(angle),
                "inside": pack(1 - np.exp(-(radius**2) / 2)),
                "direction": pack(np.stack([np.cos(angle), np.sin(angle)])),
                "z": pack(np.where(finite[:, np.newaxis] & (abs(z) > ROUNDING), z, 0)),
                "words": words,
                "cloud": pack(np.stack([far * np.cos(turn), far * np.sin(turn)])),
            }
        super().__init__(
            title="From the square to the plane",
            alt="Left the unit square with uniform samples, right the plane with what "
            "the Box-Muller method makes of them; a line of constant u₁ becomes a "
            "circle, one of constant u₂ a ray.",
            data={
                "variants": VARIANTS,
                "u1": U1,
                "u2": U2,
                "cloud": pack(cloud),
                "maps": maps,
            },
            **kwargs,
        )


def polar(u1: Array, u2: Array, variant: str = "right") -> tuple[Array, Array]:
    """Return the radius and the angle that a variant of the method computes.

    Parameters
    ----------
    u1, u2 : numpy.ndarray
        Uniform numbers in [0, 1), of any shape.
    variant : str
        One of `VARIANTS`.

    Returns
    -------
    radius, angle : numpy.ndarray
        The shapes of `u1` and of `u2`; the angle is what cos and sin are given, in
        radians.
    """
    with np.errstate(divide="ignore"):  # the logarithm of 0 is what one variant is for
        radius = np.sqrt(-2 * np.log(u1 if variant == "no 1 −" else 1 - u1))
    angle = 360 * u2 if variant == "degrees" else 2 * np.pi * u2
    return np.abs(radius), np.radians(angle) if variant == "wedge" else angle


def _word(value: float) -> str:
    """Return how a page prints a number that is infinite or none."""
    return "NaN" if np.isnan(value) else "∞" if value > 0 else "−∞"
