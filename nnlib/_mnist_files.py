"""MNIST's four files: found in a folder, or downloaded once, and always verified."""

import gzip
import hashlib
import logging
import os
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pooch
import requests
from filelock import FileLock, Timeout
from tqdm.auto import tqdm


class MnistFile(NamedTuple):
    """What is known of one file before it is read."""

    name: str
    content_sha256: str
    content_bytes: int
    gz_sha256: str  # of the .gz as published; the same content may be packed anew
    gz_bytes: int


FILES = (
    MnistFile(
        "train-images-idx3-ubyte",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        47_040_016,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        9_912_422,
    ),
    MnistFile(
        "train-labels-idx1-ubyte",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        60_008,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        28_881,
    ),
    MnistFile(
        "t10k-images-idx3-ubyte",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        7_840_016,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        1_648_877,
    ),
    MnistFile(
        "t10k-labels-idx1-ubyte",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        10_008,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        4_542,
    ),
)
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

PATIENCE = 9.0  # seconds without headway, over all mirrors together
SLOWEST = 30_000  # bytes per second that still count as headway
REMEMBER = 3600.0  # seconds for which mirrors that failed are left in peace


class MnistUnavailableError(OSError):
    """MNIST is neither at hand nor to be had from a mirror."""


def read_mnist(source: str | os.PathLike[str]) -> tuple[bytes, ...]:
    """Return the contents of the four files, in the order of `FILES`.

    Parameters
    ----------
    source : str or path
        A folder, or "auto" or "mnist": the folder that ``NNLIB_DATA`` names, or
        else the cache, filled from the mirrors where need be. Mirrors that failed
        within the hour are asked again by "mnist" alone.

    Raises
    ------
    FileNotFoundError
        If a folder that was named, or one of its files, does not exist.
    ValueError
        If a file in a folder that was named is not MNIST's.
    MnistUnavailableError
        If the mirrors do not give the files, or the cache cannot hold them.
    """
    if source not in ("auto", "mnist"):
        return _read_folder(Path(source))
    if named := os.environ.get("NNLIB_DATA"):
        return _read_folder(Path(named))
    not_before = time.time() - (REMEMBER if source == "auto" else 0)
    return _read_cache(cache_folder(), not_before)


def cache_folder() -> Path:
    """Return the folder for downloads: ``NNLIB_CACHE``, or the user's own cache."""
    return Path(os.environ.get("NNLIB_CACHE") or pooch.os_cache("nnlib"))


def _read_folder(folder: Path) -> tuple[bytes, ...]:
    """Return the contents of the four files in a folder that the user named."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f'load_mnist expected "auto", "mnist", "digits" or a folder that holds '
            f"MNIST's files, in source or in NNLIB_DATA; there is no folder {folder}"
        )
    return tuple(_read_file(folder, file) for file in FILES)


def _read_file(folder: Path, file: MnistFile) -> bytes:
    """Return the verified content of one file, kept plain or as .gz."""
    plain, packed = folder / file.name, folder / f"{file.name}.gz"
    path = plain if plain.is_file() else packed
    if not path.is_file():
        raise FileNotFoundError(f"{folder} holds no {file.name}[.gz], a file of MNIST")
    try:
        with open(path, "rb") if path == plain else gzip.open(path) as stream:
            # One byte more than there should be tells a longer file from the
            # right one, and no gzip bomb is ever unpacked further.
            content = stream.read(file.content_bytes + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    _check_content(path, content, file)
    return content


def _check_content(path: Path, content: bytes, file: MnistFile) -> None:
    """Raise ValueError where a file does not hold what MNIST's holds."""
    if len(content) != file.content_bytes:
        came = "more" if len(content) > file.content_bytes else f"{len(content):,}"
        raise ValueError(
            f"{path} is not MNIST's file: expected {file.content_bytes:,} bytes "
            f"of content, got {came}"
        )
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.content_sha256:
        raise ValueError(
            f"{path} is not MNIST's file, or is damaged: expected content with "
            f"SHA-256 {file.content_sha256}, got {digest}"
        )


def _read_cache(folder: Path, not_before: float) -> tuple[bytes, ...]:
    """Return the contents of the cache, downloading what it lacks."""
    contents, missing = _read_what_is_there(folder)
    if missing:
        try:
            with _locked(folder):
                # While this process waited, another may have filled the cache.
                contents, missing = _read_what_is_there(folder)
                if missing:
                    _fill(folder, missing, not_before)
                    contents, missing = _read_what_is_there(folder)
        except MnistUnavailableError:
            raise
        except OSError as error:
            raise MnistUnavailableError(
                f"MNIST cannot be kept in the cache: {error}."
            ) from error
    if missing:
        raise MnistUnavailableError(f"MNIST was downloaded, but is not in {folder}.")
    return tuple(contents)


def _read_what_is_there(folder: Path) -> tuple[list[bytes], list[MnistFile]]:
    """Return the contents of the good files, and the files missing or damaged."""
    contents, missing = [], []
    for file in FILES:
        try:
            contents.append(_read_file(folder, file))
        except (OSError, ValueError):
            missing.append(file)
    return contents, missing


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the cache alone: of several processes that ask, one downloads."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "mnist.lock")
    try:
        lock.acquire(timeout=1)
    except Timeout:
        print("Waiting for another process, which is downloading MNIST.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _fill(folder: Path, missing: list[MnistFile], not_before: float) -> None:
    """Download the missing files, and remember for a while where that failed."""
    note = folder / "mnist-unreachable.txt"
    if note.is_file() and not_before <= note.stat().st_mtime <= time.time():
        raise MnistUnavailableError(note.read_text(encoding="utf-8"))
    try:
        _download(folder, missing)
    except MnistUnavailableError as error:
        note.write_text(str(error), encoding="utf-8")
        raise
    note.unlink(missing_ok=True)
    print(f"Downloaded MNIST to {folder}.")


def _download(folder: Path, missing: Iterable[MnistFile]) -> None:
    """Fetch files from the mirrors in turn, within `PATIENCE` if all of them fail."""
    # Smallest first: a mirror that sends something else shows it at once.
    wanted = sorted(missing, key=lambda file: file.gz_bytes)
    patience, reasons = PATIENCE, []
    with (
        TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as unfinished,
        tqdm(
            total=sum(file.gz_bytes for file in wanted),
            desc="MNIST",
            unit="B",
            unit_scale=True,
            leave=False,
            delay=0.5,
        ) as bar,
        _quiet_pooch(),
    ):
        for tried, mirror in enumerate(MIRRORS):
            transfer = _Transfer(mirror, wanted, Path(unfinished), folder)
            error = transfer.watch(patience / (len(MIRRORS) - tried), bar)
            if error is None:
                return
            patience -= transfer.idle
            wanted = wanted[transfer.files_done :]
            reasons.append(f"{urlsplit(mirror).netloc} {_reason(error)}")
    raise MnistUnavailableError(
        f"MNIST is not at hand: {', '.join(reasons)}. To try again, call "
        'load_mnist("mnist"); to use files of your own, set NNLIB_DATA to their folder.'
    )


class _Transfer:
    """Files on their way from one mirror, in a thread that can be left behind.

    No time limit of a socket covers a resolver that hangs or a server that sends a
    byte now and then; so the thread that waits is not the thread that reads.
    """

    def __init__(
        self, mirror: str, files: list[MnistFile], unfinished: Path, folder: Path
    ) -> None:
        self.mirror, self.files = mirror, files
        self.unfinished, self.folder = unfinished, folder
        self.received = self.files_done = 0
        self.idle = 0.0  # seconds since the last headway
        self.abandoned = False
        self.error: Exception | None = None

    def watch(self, patience: float, bar: "tqdm[Any]") -> Exception | None:
        """Run until all is there, or nothing of use has come for `patience` seconds."""
        thread = threading.Thread(target=self._run, args=(patience,), daemon=True)
        shown, bytes_seen, files_seen = bar.n, 0, 0
        since = time.monotonic()
        thread.start()
        try:
            while thread.is_alive() and self.idle < patience:
                thread.join(0.05)
                bar.update(shown + self.received - bar.n)
                now, fresh = time.monotonic(), self.received - bytes_seen
                if fresh >= patience * SLOWEST or self.files_done > files_seen:
                    since = now
                    bytes_seen, files_seen = self.received, self.files_done
                self.idle = now - since
            if thread.is_alive():
                return TimeoutError()
            return self.error
        finally:
            self.abandoned = True
            done = sum(file.gz_bytes for file in self.files[: self.files_done])
            bar.update(shown + done - bar.n)

    def _run(self, patience: float) -> None:
        try:
            for file in self.files:
                name = f"{file.name}.gz"
                pooch.retrieve(
                    self.mirror + name,
                    known_hash=file.gz_sha256,
                    fname=name,
                    path=self.unfinished,
                    downloader=partial(self._stream, file.gz_bytes, patience),
                )
                # A plain file of this name is a damaged one, and would be read first.
                (self.folder / file.name).unlink(missing_ok=True)
                os.replace(self.unfinished / name, self.folder / name)
                self.files_done += 1
        except Exception as error:
            # Whatever a mirror does wrong, the next one is asked.
            self.error = error

    def _stream(
        self, size: int, patience: float, url: str, path: str, _: object
    ) -> None:
        """Write `size` bytes from `url` to `path`, or raise: a downloader for pooch."""
        with requests.get(url, stream=True, timeout=patience) as response:
            response.raise_for_status()
            body = bytearray()
            for chunk in response.iter_content(1024):
                body += chunk
                self.received += len(chunk)
                if self.abandoned or len(body) > size:
                    break
        if self.abandoned or len(body) != size:
            raise ValueError(f"{url} gave {len(body)} bytes where {size} were expected")
        Path(path).write_bytes(body)


def _reason(error: Exception) -> str:
    """Say in a few words why a mirror did not help."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"answered {error.response.status_code}"
    if isinstance(error, (TimeoutError, requests.Timeout)):
        return "took too long"
    if isinstance(error, requests.RequestException):
        return "cannot be reached"
    if isinstance(error, ValueError):
        return "sent something else than MNIST"
    return f"could not be used ({error})"


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch's lines about each file out of the progress bar."""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
