"""What stands between linear layers, so that a stack of them is not one of them.

Every activation acts on each element by itself, except `Softmax`, which acts on
each row. Beside each forward stands its derivative, times the upstream gradient.
"""

import math

import numpy as np

from nnlib._checks import check_floats, check_number, check_upstream
from nnlib._types import Array
from nnlib.functional import sigmoid, softmax
from nnlib.module import Module

__all__ = ["ELU", "GELU", "LeakyReLU", "ReLU", "SiLU", "Sigmoid", "Softmax", "Tanh"]


class Sigmoid(Module):
    """σ(x) = 1 / (1 + exp(-x)), from 0 to 1; at most 1/4 steep.

    Examples
    --------
    >>> Sigmoid()(np.array([-1e4, 0.0, 1e4]))
    array([0. , 0.5, 1. ])
    """

    def forward(self, x: Array) -> Array:
        """Y = σ(x), of the shape and dtype of `x`."""
        check_floats("Sigmoid", "x", x)
        y = sigmoid(x)
        self._cache = y
        return y

    def backward(self, grad_output: Array) -> Array:
        """dX = G y (1 - y)."""
        y = self._cached()
        check_upstream("Sigmoid", grad_output, y.shape, y.dtype)
        return grad_output * y * (1 - y)


class Tanh(Module):
    """The hyperbolic tangent, from -1 to 1; zero-centred, slope 1 at 0.

    Examples
    --------
    >>> Tanh()(np.array([-1e4, 0.0, 1e4]))
    array([-1.,  0.,  1.])
    """

    def forward(self, x: Array) -> Array:
        """Y = tanh(x), of the shape and dtype of `x`."""
        check_floats("Tanh", "x", x)
        y = np.tanh(x)
        self._cache = y
        return y

    def backward(self, grad_output: Array) -> Array:
        """dX = G (1 - y²), with the difference of squares as a product."""
        y = self._cached()
        check_upstream("Tanh", grad_output, y.shape, y.dtype)
        return grad_output * (1 - y) * (1 + y)


class ReLU(Module):
    """max(x, 0); its derivative at 0 is taken as 0.

    Examples
    --------
    >>> ReLU()(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """

    def forward(self, x: Array) -> Array:
        """Y = max(x, 0), of the shape and dtype of `x`."""
        check_floats("ReLU", "x", x)
        self._cache = x
        return np.maximum(x, 0)

    def backward(self, grad_output: Array) -> Array:
        """dX = G where x > 0, and 0 elsewhere."""
        x = self._cached()
        check_upstream("ReLU", grad_output, x.shape, x.dtype)
        return grad_output * (x > 0)


class LeakyReLU(Module):
    """x where x > 0, and `negative_slope` times x elsewhere.

    Parameters
    ----------
    negative_slope : float
        a, the slope to the left of 0 and at 0. Source: Maas et al. (2013),
        "Rectifier Nonlinearities Improve Neural Network Acoustic Models".

    Examples
    --------
    >>> LeakyReLU()(np.array([-2.0, 0.0, 3.0]))
    array([-0.02,  0.  ,  3.  ])
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        check_number("LeakyReLU", "negative_slope", negative_slope)
        self.negative_slope = float(negative_slope)

    def forward(self, x: Array) -> Array:
        """Y = max(x, 0) + a min(x, 0), right for any slope a."""
        check_floats("LeakyReLU", "x", x)
        self._cache = x
        return np.maximum(x, 0) + self.negative_slope * np.minimum(x, 0)

    def backward(self, grad_output: Array) -> Array:
        """dX = G where x > 0, and a G elsewhere."""
        x = self._cached()
        check_upstream("LeakyReLU", grad_output, x.shape, x.dtype)
        return np.where(x > 0, grad_output, self.negative_slope * grad_output)

    def __repr__(self) -> str:
        return f"LeakyReLU(negative_slope={self.negative_slope})"


class ELU(Module):
    """x where x > 0, and α (exp(x) - 1) elsewhere: it bends towards -α.

    Parameters
    ----------
    alpha : float
        α, above 0. The derivative is continuous at 0 only for α = 1. Source:
        Clevert et al. (2016), "Fast and Accurate Deep Network Learning by
        Exponential Linear Units".

    Raises
    ------
    ValueError
        If `alpha` is not above 0.

    Examples
    --------
    >>> ELU()(np.array([-1e4, 0.0, 3.0]))
    array([-1.,  0.,  3.])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        check_number("ELU", "alpha", alpha, above=0)
        self.alpha = float(alpha)

    def forward(self, x: Array) -> Array:
        """Y = max(x, 0) + α (exp(min(x, 0)) - 1), which overflows nowhere."""
        check_floats("ELU", "x", x)
        self._cache = x
        return np.maximum(x, 0) + self.alpha * np.expm1(np.minimum(x, 0))

    def backward(self, grad_output: Array) -> Array:
        """dX = G where x > 0, and α exp(x) G elsewhere."""
        x = self._cached()
        check_upstream("ELU", grad_output, x.shape, x.dtype)
        slope = self.alpha * np.exp(np.minimum(x, 0))
        return np.where(x > 0, grad_output, slope * grad_output)

    def __repr__(self) -> str:
        return f"ELU(alpha={self.alpha})"


class SiLU(Module):
    """x σ(x), also called Swish: least at x = -1.278, where it is -0.278.

    Source: Elfwing et al. (2018), "Sigmoid-Weighted Linear Units for Neural Network
    Function Approximation in Reinforcement Learning".

    Examples
    --------
    >>> SiLU()(np.array([-1.278, 0.0, 1e4])).round(3)
    array([-2.78e-01,  0.00e+00,  1.00e+04])
    """

    def forward(self, x: Array) -> Array:
        """Y = x σ(x), of the shape and dtype of `x`."""
        check_floats("SiLU", "x", x)
        self._cache = x
        return _above_minus_infinity(x) * sigmoid(x)

    def backward(self, grad_output: Array) -> Array:
        """dX = G (s + x s (1 - s)) with s = σ(x)."""
        x = self._cached()
        check_upstream("SiLU", grad_output, x.shape, x.dtype)
        z = np.clip(x, -_FLAT, _FLAT)
        s = sigmoid(z)
        return grad_output * (s + z * s * (1 - s))


class GELU(Module):
    """x Φ(x), with Φ the normal distribution function.

    Least at x = -0.752, where it is -0.170.

    Parameters
    ----------
    approximate : {"none", "tanh"}
        "none" is exact, through the error function; "tanh" is the older
        approximation, which is off by up to 4.7e-4. Source: Hendrycks and Gimpel
        (2016), "Gaussian Error Linear Units".

    Raises
    ------
    ValueError
        If `approximate` is anything else.

    Examples
    --------
    >>> GELU()(np.array([-0.752, 0.0, 1e4])).round(3)
    array([-1.7e-01,  0.0e+00,  1.0e+04])
    """

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(
                f'GELU expected approximate="none" or "tanh", got {approximate!r}'
            )
        self.approximate = approximate

    def forward(self, x: Array) -> Array:
        """Y = x Φ(x), of the shape and dtype of `x`."""
        check_floats("GELU", "x", x)
        self._cache = x
        share, _ = self._share_and_slope(np.clip(x, -_FLAT, _FLAT))
        return _above_minus_infinity(x) * share

    def backward(self, grad_output: Array) -> Array:
        """dX = G (Φ(x) + x Φ'(x))."""
        x = self._cached()
        check_upstream("GELU", grad_output, x.shape, x.dtype)
        z = np.clip(x, -_FLAT, _FLAT)
        share, slope = self._share_and_slope(z)
        return grad_output * (share + z * slope)

    def _share_and_slope(self, z: Array) -> tuple[Array, Array]:
        """Φ(z), the share of z that passes, and its derivative."""
        if self.approximate == "none":
            from scipy.special import erfc  # 1 - erf, exact in the left tail too

            density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
            share = erfc(-z / math.sqrt(2)).astype(z.dtype) / 2  # float16 has no erfc
            return share, density
        c = math.sqrt(2 / math.pi)
        w = 0.044715 * z * z  # NumPy's z**3, a general power, is far slower
        t = np.tanh(c * z * (1 + w))
        half_slope = c / 2 + 1.5 * c * w  # of tanh's argument; finite in float16 too
        return (1 + t) / 2, (1 - t) * (1 + t) * half_slope

    def __repr__(self) -> str:
        return f"GELU(approximate={self.approximate!r})"


class Softmax(Module):
    """Each row as probabilities: positive, with sum 1.

    For training, leave it out: `CrossEntropyLoss` takes logits.

    Examples
    --------
    >>> Softmax()(np.array([[1e6, 1e6, -1e6]]))
    array([[0.5, 0.5, 0. ]])
    """

    def forward(self, x: Array) -> Array:
        """P = softmax(x), by the last axis."""
        check_floats("Softmax", "x", x)
        p = softmax(x)
        self._cache = p
        return p

    def backward(self, grad_output: Array) -> Array:
        """dX = P (G - the sum of G P by row): every output feels every input."""
        p = self._cached()
        check_upstream("Softmax", grad_output, p.shape, p.dtype)
        return p * (grad_output - np.sum(grad_output * p, axis=-1, keepdims=True))


# Beyond ±800 exp(-|x|) is 0 even in float64, so every derivative is at its limit; to
# stop there keeps squares and cubes finite.
_FLAT = 800.0


def _above_minus_infinity(x: Array) -> Array:
    """`x` with -inf as the lowest finite number, which times 0 is 0 and not NaN."""
    return np.maximum(x, np.finfo(x.dtype).min)
