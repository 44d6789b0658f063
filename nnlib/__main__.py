"""The command line: ``python -m nnlib train | evaluate | predict``."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nnlib._types import Array
from nnlib.data import load_mnist
from nnlib.functional import softmax
from nnlib.images import center_digit, read_image
from nnlib.layers import mlp
from nnlib.losses import CrossEntropyLoss
from nnlib.metrics import accuracy, confusion_matrix, per_class_accuracy
from nnlib.module import Sequential
from nnlib.optim import SGD, CosineLR
from nnlib.serialization import load_weights, read_arrays, save_weights
from nnlib.training import fit

PIXELS, DIGITS = 784, 10


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, and return the exit code of the process.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments after the program's name; those of the process by default.

    Returns
    -------
    int
        0 when done, 2 for a mistake that a line on stderr explains, 130 when stopped.
    """
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.command(arguments))
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read the output has left; let the interpreter's last flush be.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ValueError) as error:
        return _complain(error)


def _complain(error: Exception) -> int:
    print(f"nnlib: error: {' '.join(str(error).split())}", file=sys.stderr)
    return 2


def train(arguments: argparse.Namespace) -> int:
    """Train a network and write its weights; the test images are seen once, last."""
    out = Path(arguments.out)
    _check_writable(out)
    rng = np.random.default_rng(arguments.seed)
    (x, y), test = load_mnist(arguments.data)
    # The last images are held out to judge each epoch, so that the test images, seen
    # once, stay a fair judge of the result. They are the same ones whatever the seed:
    # a training that goes on from a checkpoint must not have learned them before.
    split = len(x) - len(x) // 12
    print(
        f"{_name_of(x)}: {split:,} images to train on, {len(x) - split:,} to judge "
        f"each epoch by, {len(test[0]):,} to test the result"
    )
    sizes = [PIXELS, *arguments.hidden, DIGITS]
    model = mlp(sizes, rng=rng)
    print(f"Network: {_describe(model, sizes)}")
    criterion = CrossEntropyLoss()
    optimizer = SGD(model.parameters(), arguments.lr, momentum=arguments.momentum)
    history = fit(
        model,
        criterion,
        optimizer,
        (x[:split], y[:split]),
        (x[split:], y[split:]),
        epochs=arguments.epochs,
        batch_size=arguments.batch_size,
        rng=rng,
        metric=accuracy,
        schedule=CosineLR(optimizer, arguments.epochs),
        checkpoint=arguments.checkpoint,
    )
    print("epoch   training loss   validation loss   validation accuracy   seconds")
    for epoch, (train_loss, loss, score, seconds) in enumerate(
        zip(
            history.train_loss,
            history.validation_loss,
            history.validation_metric,
            history.seconds,
            strict=True,
        ),
        start=1,
    ):
        print(f"{epoch:5d}{train_loss:16.4f}{loss:18.4f}{score:22.2%}{seconds:10.1f}")
    save_weights(model, out)
    print(f"Wrote {out}")
    _print_test(model, criterion, test)
    return 0


def evaluate_weights(arguments: argparse.Namespace) -> int:
    """Print how well stored weights read the test images."""
    model, sizes = _stored_network(arguments.weights)
    (x_train, _), test = load_mnist(arguments.data)
    print(f"{_name_of(x_train)}: {len(test[0]):,} test images")
    print(f"Network: {_describe(model, sizes)}")
    prediction = _print_test(model, CrossEntropyLoss(), test)
    matrix = confusion_matrix(prediction, test[1], DIGITS)
    print("\nOf each digit, read rightly:")
    for digit, share in enumerate(per_class_accuracy(matrix)):
        print(f"  {digit} {share:7.2%}")
    print("\nConfusion matrix: a row for each digit, a column for what it was read as")
    print(_table(matrix))
    return 0


def predict(arguments: argparse.Namespace) -> int:
    """Print which digit stored weights read in each image."""
    model, _ = _stored_network(arguments.weights)
    code = 0
    for path in arguments.images:
        try:
            frame = center_digit(read_image(path))
        except (OSError, ValueError) as error:
            code = _complain(_named(path, error))
            continue
        probability = softmax(model(frame.reshape(1, PIXELS)))[0]
        best = np.argsort(-probability)[:3]
        first, *others = (f"{digit} ({probability[digit]:.1%})" for digit in best)
        print(f"{path}: {first}, then {', '.join(others)}")
        if arguments.show:
            print(_drawing(frame))
    return code


def _named(path: str, error: Exception) -> Exception:
    """Return an error whose message begins with the file at fault."""
    reason = str(error)
    if isinstance(error, OSError):
        reason = error.strerror or reason
    return ValueError(f"{path}: {reason.removeprefix(path).lstrip()}")


def _stored_network(path: str) -> tuple[Sequential, list[int]]:
    """Build the network that stored weights belong to, as their shapes tell."""
    arrays, _ = read_arrays(path)
    weights = [
        arrays[name]
        for name in sorted(
            (name for name in arrays if name.endswith(".weight")),
            key=lambda name: (len(name), name),
        )
    ]
    _check_weights(path, weights)
    sizes = [weights[0].shape[0], *(weight.shape[1] for weight in weights)]
    model = mlp(sizes, rng=np.random.default_rng(0))
    load_weights(model, path)
    model.eval()
    return model, sizes


def _check_weights(path: str, weights: Sequence[Array]) -> None:
    """Raise ValueError unless the weights chain 784 pixels to 10 digits."""
    shapes = [weight.shape for weight in weights]
    linear = bool(shapes) and all(
        len(shape) == 2 and 0 not in shape for shape in shapes
    )
    if not (linear and shapes[0][0] == PIXELS and shapes[-1][1] == DIGITS):
        raise ValueError(
            f"{path} does not hold a network of Linear layers from {PIXELS} pixels to "
            f"{DIGITS} digits: its weights have shapes {shapes}"
        )


def _check_writable(out: Path) -> None:
    """Raise before the training, not after it, where the weights have no place."""
    if out.is_dir():
        raise IsADirectoryError(f"--out names a folder, not a file: {out}")
    if not out.parent.is_dir():
        raise FileNotFoundError(f"--out names a folder that does not exist: {out}")
    if not os.access(out.parent, os.W_OK):
        raise PermissionError(f"--out names a folder that cannot be written: {out}")


def _print_test(
    model: Sequential, criterion: CrossEntropyLoss, test: tuple[Array, Array]
) -> Array:
    """Print loss and accuracy on the test images, and return the logits."""
    prediction = np.concatenate([model(part) for part in np.array_split(test[0], 10)])
    loss, score = criterion(prediction, test[1]), accuracy(prediction, test[1])
    print(f"Test loss {loss:.4f}, accuracy {score:.2%}")
    return prediction


def _name_of(x_train: Array) -> str:
    return "MNIST" if len(x_train) == 60_000 else "scikit-learn's digits (not MNIST)"


def _describe(model: Sequential, sizes: Sequence[int]) -> str:
    count = sum(parameter.data.size for parameter in model.parameters())
    return f"{'-'.join(map(str, sizes))}, {count:,} parameters"


def _table(matrix: Array) -> str:
    width = max(4, len(str(matrix.max())) + 1)
    head = "".join(f"{digit:{width}d}" for digit in range(len(matrix)))
    rows = (
        f"{digit:3d}" + "".join(f"{count:{width}d}" for count in row)
        for digit, row in enumerate(matrix)
    )
    return "\n".join([f"   {head}", *rows])


def _drawing(frame: Array) -> str:
    """Draw a frame in characters, two to a pixel, for they are half as wide as high."""
    shades = " .:-=+*#%@"
    levels = np.minimum((frame * len(shades)).astype(int), len(shades) - 1)
    return "\n".join("".join(2 * shades[level] for level in row) for row in levels)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nnlib",
        description="Train, evaluate and use a network that reads handwritten digits.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    defaults = argparse.ArgumentDefaultsHelpFormatter

    sub = commands.add_parser("train", help=train.__doc__, formatter_class=defaults)
    sub.set_defaults(command=train)
    sub.add_argument("--out", required=True, metavar="FILE", help="weights to write")
    sub.add_argument("--epochs", type=_count, default=10, help="passes over the data")
    sub.add_argument(
        "--hidden",
        type=_count,
        nargs="*",
        default=[128, 64],
        metavar="SIZE",
        help="sizes of the hidden layers",
    )
    sub.add_argument("--batch-size", type=_count, default=64, help="images per step")
    sub.add_argument(
        "--lr", type=float, default=0.05, help="learning rate of the first epoch"
    )
    sub.add_argument("--momentum", type=float, default=0.9, help="of the descent")
    sub.add_argument("--seed", type=int, default=0, help="of everything random")
    sub.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="written after each epoch; where it is there, training goes on from it",
    )
    _add_data(sub)

    sub = commands.add_parser(
        "evaluate", help=evaluate_weights.__doc__, formatter_class=defaults
    )
    sub.set_defaults(command=evaluate_weights)
    sub.add_argument("weights", metavar="FILE", help="weights that train wrote")
    _add_data(sub)

    sub = commands.add_parser("predict", help=predict.__doc__)
    sub.set_defaults(command=predict)
    sub.add_argument("weights", metavar="FILE", help="weights that train wrote")
    sub.add_argument("images", metavar="IMAGE", nargs="+", help="one digit each")
    sub.add_argument(
        "--show", action="store_true", help="draw what the network is given to see"
    )
    return parser


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        default="auto",
        metavar="SOURCE",
        help="auto, mnist, digits, or a folder with MNIST's files",
    )


def _count(text: str) -> int:
    """Read a whole number of at least 1."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())
