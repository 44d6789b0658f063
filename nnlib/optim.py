"""How a gradient becomes a step: the rules that change parameters.

The update rules are PyTorch's. An optimiser changes ``parameter.data`` in place, and
reads ``parameter.grad`` without changing it; ``optimizer.lr`` may be set between
steps.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import numpy as np

from nnlib._checks import check_betas, check_count, check_number
from nnlib._types import Array
from nnlib.module import Parameter

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "CosineLR",
    "Optimizer",
    "Schedule",
    "StepLR",
    "clip_grad_norm",
]


class Optimizer(ABC):
    """Parameters, and a rule that changes them by their gradients.

    Attributes
    ----------
    params : list of Parameter
    lr : float
        The learning rate; it may be changed between steps.
    """

    def __init__(self, params: Iterable[Parameter], lr: float) -> None:
        _check_iterable(type(self).__name__, params)
        self.params = list(params)
        _check_params(type(self).__name__, self.params)
        check_number(type(self).__name__, "lr", lr, at_least=0)
        self.lr = lr
        self._steps = np.zeros((), np.int64)

    @abstractmethod
    def step(self) -> None:
        """Change every parameter once, in place, by its gradient."""

    def state(self) -> dict[str, Array]:
        """What the optimiser remembers between steps: named live arrays."""
        return {"steps": self._steps}

    def _count_step(self) -> int:
        """The number of this step; now and then, subnormal memories become 0.

        Where gradients are 0, what is remembered of earlier ones shrinks from step to
        step. Below 1e-38 in float32 numbers are subnormal, and processors compute with
        them many times slower, for nothing: such numbers no longer move a weight.
        """
        self._steps += 1
        if self._steps % 50 == 0:
            for array in self.state().values():
                if array.dtype in (np.float32, np.float64):
                    array[np.abs(array) < np.finfo(array.dtype).tiny] = 0
        return int(self._steps)


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum.

    Parameters
    ----------
    params : iterable of Parameter
    lr : float
        η, the step along the gradient.
    momentum : float
        μ in [0, 1): the share of the last step's velocity that is kept.
    nesterov : bool
        Whether to look ahead by one more step of momentum (Nesterov, 1983).
    weight_decay : float
        λ: adds λ times the parameter to its gradient.

    Raises
    ------
    ValueError, TypeError
        Where there are no parameters, or a number is out of its range.

    Examples
    --------
    >>> p = Parameter(np.array([1.0]))
    >>> p.grad[:] = 2.0
    >>> SGD([p], lr=0.1).step()
    >>> p.data
    array([0.8])
    """

    def __init__(
        self,
        params: Iterable[Parameter],
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr)
        check_number("SGD", "momentum", momentum, at_least=0, below=1)
        check_number("SGD", "weight_decay", weight_decay, at_least=0)
        _check_nesterov(nesterov, momentum)
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self._velocity = (
            [np.zeros_like(p.data) for p in self.params] if momentum else []
        )

    def step(self) -> None:
        """v = μ v + g; w = w - η v, or with nesterov w = w - η (g + μ v)."""
        self._count_step()
        for i, p in enumerate(self.params):
            g = p.grad
            if self.weight_decay:
                g = g + self.weight_decay * p.data
            if self.momentum:
                v = self._velocity[i]
                v *= self.momentum
                v += g
                g = g + self.momentum * v if self.nesterov else v
            p.data -= self.lr * g

    def state(self) -> dict[str, Array]:
        """The velocity of every parameter, and the number of steps."""
        velocity = {f"velocity.{i}": v for i, v in enumerate(self._velocity)}
        return {**velocity, **super().state()}


class Adam(Optimizer):
    """Steps of about `lr` in every coordinate, whatever the gradient's scale.

    Parameters
    ----------
    params : iterable of Parameter
    lr : float
        η, about the size of a step.
    betas : (float, float)
        β₁ and β₂ in [0, 1): what the running means of the gradient and of its
        square keep at each step.
    eps : float
        ε, above 0: keeps the division finite.
    weight_decay : float
        λ: adds λ times the parameter to its gradient, and so is scaled with it; see
        `AdamW`.

    Raises
    ------
    ValueError, TypeError
        Where there are no parameters, or a number is out of its range.

    Notes
    -----
    Source: Kingma and Ba (2015), "Adam: A Method for Stochastic Optimization".

    Examples
    --------
    >>> p = Parameter(np.array([1.0]))
    >>> p.grad[:] = 1e-4
    >>> Adam([p], lr=0.1).step()
    >>> p.data.round(3)
    array([0.9])
    """

    def __init__(
        self,
        params: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr)
        check_betas(type(self).__name__, betas)
        check_number(type(self).__name__, "eps", eps, above=0)
        check_number(type(self).__name__, "weight_decay", weight_decay, at_least=0)
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self._mean = [np.zeros_like(p.data) for p in self.params]
        self._square = [np.zeros_like(p.data) for p in self.params]

    def step(self) -> None:
        """w = w - η m̂ / (sqrt(v̂) + ε), with m̂ and v̂ freed of their zero start."""
        t = self._count_step()
        for p, m, v in zip(self.params, self._mean, self._square, strict=True):
            self._update(p, self._decayed(p), m, v, t)

    def _decayed(self, p: Parameter) -> Array:
        """The gradient, with the weight decay in it."""
        return p.grad + self.weight_decay * p.data if self.weight_decay else p.grad

    def _update(self, p: Parameter, g: Array, m: Array, v: Array, t: int) -> None:
        beta1, beta2 = self.betas
        m += (1 - beta1) * (g - m)
        v *= beta2
        v += (1 - beta2) * g * g
        size = np.sqrt(v) / math.sqrt(1 - beta2**t) + self.eps
        p.data -= self.lr / (1 - beta1**t) * m / size

    def state(self) -> dict[str, Array]:
        """The running means of every parameter, and the number of steps."""
        mean = {f"mean.{i}": m for i, m in enumerate(self._mean)}
        square = {f"square.{i}": v for i, v in enumerate(self._square)}
        return {**mean, **square, **super().state()}


class AdamW(Adam):
    """Adam, with a weight decay that its scaling does not touch.

    The parameters are those of `Adam`; λ is 0.01 if not said otherwise, and shrinks
    every parameter by the factor 1 - η λ before the step. Source: Loshchilov and
    Hutter (2019), "Decoupled Weight Decay Regularization".

    Examples
    --------
    >>> p = Parameter(np.array([1.0]))
    >>> AdamW([p], lr=0.1, weight_decay=0.5).step()
    >>> p.data
    array([0.95])
    """

    def __init__(
        self,
        params: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def _decayed(self, p: Parameter) -> Array:
        """The gradient as it is; the parameter itself decays."""
        p.data *= 1 - self.lr * self.weight_decay
        return p.grad


class Schedule(ABC):
    """A learning rate that follows a plan: a function of the steps taken.

    Call ``step()`` after every epoch (or every batch, if the plan counts batches).

    Attributes
    ----------
    steps : int
        How often `step` was called.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        _check_optimizer(type(self).__name__, optimizer)
        self.optimizer = optimizer
        self.lr_start = optimizer.lr
        self.steps = 0

    @abstractmethod
    def lr_at(self, steps: int) -> float:
        """The learning rate after that many steps."""

    def step(self) -> None:
        """Count one step, and set the optimiser's learning rate."""
        self.resume(self.steps + 1)

    def resume(self, steps: int) -> None:
        """Go to where the plan is after that many steps."""
        self.steps = steps
        self.optimizer.lr = self.lr_at(steps)


class StepLR(Schedule):
    """Multiply the learning rate by `gamma` after every `step_size` steps.

    Parameters
    ----------
    optimizer : Optimizer
    step_size : int
        At least 1.
    gamma : float
        Above 0.

    Raises
    ------
    ValueError, TypeError
        Where a number is out of its range.

    Examples
    --------
    >>> schedule = StepLR(SGD([Parameter(np.ones(1))], lr=1.0), step_size=2, gamma=0.5)
    >>> [schedule.lr_at(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1
    ) -> None:
        check_count("StepLR", "step_size", step_size)
        check_number("StepLR", "gamma", gamma, above=0)
        super().__init__(optimizer)
        self.step_size = step_size
        self.gamma = gamma

    def lr_at(self, steps: int) -> float:
        """η γ^(steps // step_size)."""
        return self.lr_start * self.gamma ** (steps // self.step_size)


class CosineLR(Schedule):
    """Let the learning rate fall to `lr_min` along half a cosine, and stay there.

    Parameters
    ----------
    optimizer : Optimizer
    total_steps : int
        At least 1: after so many steps the learning rate is `lr_min`.
    lr_min : float
        At least 0.

    Raises
    ------
    ValueError, TypeError
        Where a number is out of its range.

    Notes
    -----
    Source: Loshchilov and Hutter (2017), "SGDR: Stochastic Gradient Descent with
    Warm Restarts"; without the restarts.

    Examples
    --------
    >>> schedule = CosineLR(SGD([Parameter(np.ones(1))], lr=1.0), total_steps=4)
    >>> [round(schedule.lr_at(t), 3) for t in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    def __init__(
        self, optimizer: Optimizer, total_steps: int, lr_min: float = 0.0
    ) -> None:
        check_count("CosineLR", "total_steps", total_steps)
        check_number("CosineLR", "lr_min", lr_min, at_least=0)
        super().__init__(optimizer)
        self.total_steps = total_steps
        self.lr_min = lr_min

    def lr_at(self, steps: int) -> float:
        """lr_min + (η - lr_min) (1 + cos(π steps / total_steps)) / 2."""
        done = min(steps / self.total_steps, 1.0)
        fall = (1 + math.cos(math.pi * done)) / 2
        return self.lr_min + (self.lr_start - self.lr_min) * fall


def clip_grad_norm(params: Iterable[Parameter], max_norm: float) -> float:
    """Scale all gradients together, in place, so that their norm is in bounds.

    The norm is that of all gradients as one vector; its direction stays.

    Parameters
    ----------
    params : iterable of Parameter
    max_norm : float
        Above 0.

    Returns
    -------
    float
        The norm as it was before.

    Raises
    ------
    ValueError, TypeError
        Where there are no parameters, or `max_norm` is not above 0.

    Notes
    -----
    As in PyTorch the factor is ``max_norm / (norm + 1e-6)``, and at most 1. Source:
    Pascanu et al. (2013), "On the difficulty of training recurrent neural networks".

    Examples
    --------
    >>> p = Parameter(np.zeros(2))
    >>> p.grad[:] = [3.0, 4.0]
    >>> clip_grad_norm([p], max_norm=1.0)
    5.0
    >>> p.grad.round(3)
    array([0.6, 0.8])
    """
    _check_iterable("clip_grad_norm", params)
    params = list(params)
    _check_params("clip_grad_norm", params)
    check_number("clip_grad_norm", "max_norm", max_norm, above=0)
    norm = math.sqrt(sum(float(np.vdot(p.grad, p.grad)) for p in params))
    factor = max_norm / (norm + 1e-6)
    if factor < 1:
        for p in params:
            p.grad *= factor
    return norm


def _check_iterable(owner: str, params: object) -> None:
    if not isinstance(params, Iterable):
        _check_params(owner, [params])


def _check_params(owner: str, params: Sequence[object]) -> None:
    if not params:
        raise ValueError(f"{owner} expected at least one parameter, got none")
    for p in params:
        if not isinstance(p, Parameter):
            raise TypeError(
                f"{owner} expected parameters, such as model.parameters(), "
                f"got {type(p).__name__}"
            )


def _check_nesterov(nesterov: bool, momentum: float) -> None:
    if nesterov and not momentum:
        raise ValueError("SGD expected a momentum above 0 with nesterov, got 0")


def _check_optimizer(owner: str, optimizer: object) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"{owner} expected an optimizer, got {type(optimizer).__name__}"
        )
