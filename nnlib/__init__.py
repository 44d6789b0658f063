"""Neural networks from scratch, in NumPy: the public names, in reading order."""

from nnlib import init
from nnlib.matrix import Matrix
from nnlib.functional import (
    log_softmax,
    logsumexp,
    one_hot,
    sigmoid,
    softmax,
    softplus,
)
from nnlib.module import Module, Parameter, Sequential
from nnlib.activations import (
    ELU,
    GELU,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from nnlib.layers import Linear, mlp
from nnlib.losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    Loss,
    MAELoss,
    MSELoss,
)
from nnlib.gradcheck import check_gradients, numerical_gradient
from nnlib.optim import SGD, Adam, AdamW, CosineLR, StepLR, clip_grad_norm
from nnlib.data import batches, load_digits, load_mnist, random_shifts
from nnlib.training import History, evaluate, fit
from nnlib.metrics import (
    accuracy,
    confusion_matrix,
    per_class_accuracy,
    top_mistakes,
)
from nnlib.serialization import load_weights, save_weights
from nnlib.cost import flops

__all__ = [
    "init",
    "Matrix",
    "log_softmax",
    "logsumexp",
    "one_hot",
    "sigmoid",
    "softmax",
    "softplus",
    "Module",
    "Parameter",
    "Sequential",
    "ELU",
    "GELU",
    "LeakyReLU",
    "ReLU",
    "Sigmoid",
    "SiLU",
    "Softmax",
    "Tanh",
    "Linear",
    "mlp",
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "HuberLoss",
    "Loss",
    "MAELoss",
    "MSELoss",
    "check_gradients",
    "numerical_gradient",
    "SGD",
    "Adam",
    "AdamW",
    "CosineLR",
    "StepLR",
    "clip_grad_norm",
    "batches",
    "load_digits",
    "load_mnist",
    "random_shifts",
    "History",
    "evaluate",
    "fit",
    "accuracy",
    "confusion_matrix",
    "per_class_accuracy",
    "top_mistakes",
    "load_weights",
    "save_weights",
    "flops",
]
