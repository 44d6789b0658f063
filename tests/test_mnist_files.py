"""MNIST's files: whatever a folder or a mirror holds, data is MNIST's or an error."""

import gzip
import hashlib
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from nnlib import _mnist_files as mnist
from nnlib.data import load_mnist, parse_idx

CLOSED = "http://127.0.0.1:9/"  # the port that discards: nobody listens


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def describe(name: str, content: bytes, packed: bytes) -> mnist.MnistFile:
    return mnist.MnistFile(
        name,
        hashlib.sha256(content).hexdigest(),
        len(content),
        hashlib.sha256(packed).hexdigest(),
        len(packed),
    )


RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (6, 28, 28)), RNG.integers(0, 256, (3, 28, 28))
LABELS = np.arange(6), np.arange(3)
# Small files in the place of MNIST's; the images come last, as the largest.
CONTENTS = {
    file.name: idx(array)
    for file, array in zip(
        mnist.FILES, (IMAGES[0], LABELS[0], IMAGES[1], LABELS[1]), strict=True
    )
}
PACKED = {name: gzip.compress(content, mtime=0) for name, content in CONTENTS.items()}
TABLE = tuple(describe(name, CONTENTS[name], PACKED[name]) for name in CONTENTS)
TRAIN_IMAGES, *_, TEST_LABELS = CONTENTS


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache, small files for MNIST's, and no patience for the tests."""
    monkeypatch.delenv("NNLIB_DATA", raising=False)
    monkeypatch.setenv("NNLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(mnist, "FILES", TABLE)
    monkeypatch.setattr(mnist, "MIRRORS", (CLOSED, CLOSED))
    monkeypatch.setattr(mnist, "PATIENCE", 1.0)
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder that holds all four files, plain."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
    return folder


class Mirror(ThreadingHTTPServer):
    """A server on this machine that answers each request as a function says."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Callable[["Answer", bytes], None], files=PACKED) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.answer, self.files = answer, files
        self.asked: Counter[str] = Counter()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request, client_address) -> None:
        """Say nothing of clients that leave early: they are meant to."""


class Answer(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        name = self.path.strip("/").removesuffix(".gz")
        self.server.asked[name] += 1
        self.server.answer(self, self.server.files[name])

    def log_message(self, *_) -> None:
        pass

    def head(self, length: int | None) -> None:
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def trickle(self, body: bytes, piece: int, pause: float) -> None:
        for start in range(0, len(body), piece):
            self.wfile.write(body[start : start + piece])
            if self.server.closing.wait(pause):
                return


@contextmanager
def serving(answer: Callable[[Answer, bytes], None], files=PACKED) -> Iterator[Mirror]:
    with Mirror(answer, files) as mirror:
        thread = threading.Thread(target=mirror.serve_forever, args=(0.01,))
        thread.start()
        yield mirror
        mirror.closing.set()
        mirror.shutdown()
        thread.join()


def honest(answer: Answer, body: bytes) -> None:
    answer.head(len(body))
    answer.wfile.write(body)


def not_found(answer: Answer, body: bytes) -> None:
    answer.send_error(404)


def stalling(answer: Answer, body: bytes) -> None:
    answer.head(len(body))
    answer.server.closing.wait(60)


def silent(answer: Answer, body: bytes) -> None:
    answer.server.closing.wait(60)


def dripping(answer: Answer, body: bytes) -> None:
    answer.head(len(body))
    answer.trickle(body, 1, 0.1)


def other_bytes(answer: Answer, body: bytes) -> None:
    answer.head(len(body))
    answer.wfile.write(bytes(len(body)))


def cut_short(answer: Answer, body: bytes) -> None:
    answer.head(len(body))
    answer.wfile.write(body[:-1])


def another_file(answer: Answer, body: bytes) -> None:
    honest(answer, b"<html>Please sign in to this network</html>")


def endless(answer: Answer, body: bytes) -> None:
    answer.head(None)
    while not answer.server.closing.is_set():
        answer.wfile.write(bytes(10_000))


def slow_then_stuck(answer: Answer, body: bytes) -> None:
    (honest if len(body) < 1000 else stalling)(answer, body)


def redirecting(answer: Answer, body: bytes) -> None:
    answer.send_response(302)
    answer.send_header("Location", answer.path)
    answer.end_headers()


BAD = [
    not_found,
    stalling,
    silent,
    dripping,
    other_bytes,
    cut_short,
    another_file,
    endless,
    slow_then_stuck,
    redirecting,
]


def assert_is_stand_in(data) -> None:
    (x_train, y_train), (x_test, y_test) = data
    np.testing.assert_allclose(x_train, IMAGES[0].reshape(6, 784) / 255, rtol=1e-6)
    np.testing.assert_allclose(x_test, IMAGES[1].reshape(3, 784) / 255, rtol=1e-6)
    np.testing.assert_array_equal(y_train, LABELS[0])
    np.testing.assert_array_equal(y_test, LABELS[1])


# Folders


def test_a_folder_may_hold_the_files_plain_or_packed(cache, folder):
    assert_is_stand_in(load_mnist(folder))
    for name, content in CONTENTS.items():
        (folder / name).unlink()
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, 1))
    assert_is_stand_in(load_mnist(str(folder)))


def test_the_folder_of_nnlib_data_comes_before_cache_and_mirrors(
    cache, folder, monkeypatch, capsys
):
    monkeypatch.setenv("NNLIB_DATA", str(folder))
    assert_is_stand_in(load_mnist())
    assert_is_stand_in(load_mnist("mnist"))
    assert capsys.readouterr().out == ""
    assert not cache.exists()


def test_a_named_folder_comes_before_nnlib_data(cache, folder, monkeypatch):
    monkeypatch.setenv("NNLIB_DATA", "nowhere")
    assert_is_stand_in(load_mnist(folder))


@pytest.mark.parametrize("source", ["auto", "mnist"])
def test_a_bad_nnlib_data_is_an_error_and_not_passed_over(cache, monkeypatch, source):
    monkeypatch.setenv("NNLIB_DATA", "nowhere")
    with pytest.raises(FileNotFoundError, match=r"NNLIB_DATA.*nowhere"):
        load_mnist(source)


def test_a_source_that_is_nothing_known_is_an_error(cache):
    with pytest.raises(FileNotFoundError, match=r'"auto", "mnist", "digits".*minst'):
        load_mnist("minst")


def test_a_missing_file_is_named(cache, folder):
    (folder / TEST_LABELS).unlink()
    with pytest.raises(FileNotFoundError, match=TEST_LABELS):
        load_mnist(folder)


@pytest.mark.parametrize("name", CONTENTS)
def test_a_plain_file_cut_anywhere_is_an_error_that_names_it(cache, folder, name):
    content = CONTENTS[name]
    for length in {0, 1, 4, 8, len(content) // 2, len(content) - 1}:
        (folder / name).write_bytes(content[:length])
        with pytest.raises(ValueError, match=rf"{name}.*{len(content):,}.*{length:,}"):
            load_mnist(folder)


def test_a_packed_file_cut_anywhere_is_an_error_that_names_it(cache, folder):
    (folder / TEST_LABELS).unlink()
    packed = PACKED[TEST_LABELS]
    for length in range(len(packed)):
        (folder / f"{TEST_LABELS}.gz").write_bytes(packed[:length])
        with pytest.raises(ValueError, match=TEST_LABELS):
            load_mnist(folder)


def test_a_packed_file_with_any_byte_changed_is_an_error_or_the_same_data(
    cache, folder
):
    (folder / TEST_LABELS).unlink()
    path = folder / f"{TEST_LABELS}.gz"
    for place in range(len(PACKED[TEST_LABELS])):
        damaged = bytearray(PACKED[TEST_LABELS])
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        if 4 <= place < 10:
            assert_is_stand_in(load_mnist(folder))  # a time stamp carries no data
        else:
            with pytest.raises(ValueError, match=TEST_LABELS):
                load_mnist(folder)


def test_a_file_with_a_label_changed_is_an_error(cache, folder):
    damaged = bytearray(CONTENTS[TEST_LABELS])
    damaged[-1] ^= 1
    (folder / TEST_LABELS).write_bytes(damaged)
    with pytest.raises(ValueError, match=f"{TEST_LABELS}.*damaged.*SHA-256"):
        load_mnist(folder)


def test_a_longer_file_is_an_error(cache, folder):
    (folder / TEST_LABELS).write_bytes(CONTENTS[TEST_LABELS] + b"\0")
    with pytest.raises(ValueError, match=f"{TEST_LABELS}.*11 bytes.*more"):
        load_mnist(folder)


def test_a_gzip_bomb_is_not_unpacked(cache, folder):
    (folder / TEST_LABELS).unlink()
    (folder / f"{TEST_LABELS}.gz").write_bytes(gzip.compress(bytes(1 << 26), 1))
    tracemalloc.start()
    with pytest.raises(ValueError, match=f"{TEST_LABELS}.*more"):
        load_mnist(folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


# Mirrors


def test_what_a_mirror_gives_is_kept(cache, monkeypatch, capsys):
    with serving(honest) as mirror:
        monkeypatch.setattr(mnist, "MIRRORS", (mirror.url,))
        assert_is_stand_in(load_mnist())
        assert f"Downloaded MNIST to {cache}" in capsys.readouterr().out
        assert_is_stand_in(load_mnist("mnist"))
        assert mirror.asked == dict.fromkeys(CONTENTS, 1)
    assert capsys.readouterr().out == ""
    names = {path.name for path in cache.iterdir()}
    assert names - {"mnist.lock"} == {f"{name}.gz" for name in CONTENTS}


@pytest.mark.parametrize("bad", BAD)
def test_after_a_mirror_that_fails_the_second_serves(cache, monkeypatch, bad):
    with serving(bad) as first, serving(honest) as second:
        monkeypatch.setattr(mnist, "MIRRORS", (first.url, second.url))
        assert_is_stand_in(load_mnist("mnist"))
        assert first.asked.total() >= 1


@pytest.mark.parametrize("bad", BAD)
def test_bad_mirrors_are_given_up_in_time_and_leave_nothing(cache, monkeypatch, bad):
    with serving(bad) as mirror:
        monkeypatch.setattr(mnist, "MIRRORS", (mirror.url, mirror.url))
        start = time.perf_counter()
        with pytest.raises(OSError, match=r"not at hand.*NNLIB_DATA") as caught:
            load_mnist("mnist")
        assert time.perf_counter() - start < mnist.PATIENCE + 1
    assert str(caught.value).count(f"127.0.0.1:{mirror.server_port}") == 2
    kept = {path.name for path in cache.iterdir()}
    good = {f"{name}.gz" for name in CONTENTS} if bad is slow_then_stuck else set()
    assert kept <= {"mnist.lock", "mnist-unreachable.txt"} | good


def test_each_mirror_is_needed_where_each_lacks_a_file(cache, monkeypatch):
    names = list(CONTENTS)

    def lacking(name):
        return lambda answer, body: (
            not_found(answer, body) if body == PACKED[name] else honest(answer, body)
        )

    with serving(lacking(names[0])) as first, serving(lacking(names[1])) as second:
        monkeypatch.setattr(mnist, "MIRRORS", (first.url, second.url))
        assert_is_stand_in(load_mnist("mnist"))


def test_giving_up_takes_ten_seconds_when_a_name_server_hangs(cache, monkeypatch):
    monkeypatch.undo()
    monkeypatch.delenv("NNLIB_DATA", raising=False)
    monkeypatch.setenv("NNLIB_CACHE", str(cache))
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(60))
    start = time.perf_counter()
    with pytest.raises(OSError, match="not at hand") as caught:
        load_mnist("mnist")
    assert time.perf_counter() - start < 10
    over.set()
    assert str(caught.value).count("took too long") == len(mnist.MIRRORS)


def test_a_slow_but_steady_mirror_may_finish(cache, monkeypatch):
    def slow(answer: Answer, body: bytes) -> None:
        answer.head(len(body))
        answer.trickle(body, 250, 0.1)

    monkeypatch.setattr(mnist, "SLOWEST", 1000)
    with serving(slow) as mirror:
        monkeypatch.setattr(mnist, "MIRRORS", (mirror.url,))
        start = time.perf_counter()
        assert_is_stand_in(load_mnist("mnist"))
        assert time.perf_counter() - start > 2


def test_a_failure_is_remembered_until_mnist_is_demanded(cache, monkeypatch, capsys):
    with serving(not_found) as mirror:
        monkeypatch.setattr(mnist, "MIRRORS", (mirror.url,))
        load_mnist()
        first = capsys.readouterr().out
        load_mnist()
        assert capsys.readouterr().out == first
        assert mirror.asked.total() == 1
        with pytest.raises(OSError, match="404"):
            load_mnist("mnist")
        assert mirror.asked.total() == 2
    with serving(honest) as mirror:
        monkeypatch.setattr(mnist, "MIRRORS", (mirror.url,))
        assert len(load_mnist()[0][0]) == 1442
        assert_is_stand_in(load_mnist("mnist"))
    assert_is_stand_in(load_mnist())


def test_a_failure_is_forgotten_after_an_hour(cache, monkeypatch):
    load_mnist()
    an_hour_ago = time.time() - 3601
    os.utime(cache / "mnist-unreachable.txt", (an_hour_ago, an_hour_ago))
    with serving(honest) as mirror:
        monkeypatch.setattr(mnist, "MIRRORS", (mirror.url,))
        assert_is_stand_in(load_mnist())


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("name", CONTENTS)
def test_a_damaged_file_in_the_cache_is_fetched_anew(cache, monkeypatch, name, suffix):
    with serving(honest) as mirror:
        monkeypatch.setattr(mnist, "MIRRORS", (mirror.url,))
        load_mnist("mnist")
        (cache / f"{name}{suffix}").write_bytes(b"damaged")
        assert_is_stand_in(load_mnist("mnist"))
        assert mirror.asked.total() == 5
        assert mirror.asked[name] == 2


def test_a_cache_that_cannot_be_written_is_no_obstacle(cache, capsys):
    cache.write_text("a file where the folder should be")
    (x_train, _), _ = load_mnist()
    assert len(x_train) == 1442
    assert "cannot be kept" in capsys.readouterr().out
    with pytest.raises(OSError, match="cannot be kept"):
        load_mnist("mnist")


def test_with_neither_mnist_nor_network_the_digits_serve(cache, capsys):
    (x_train, y_train), (x_test, y_test) = load_mnist(flatten=False)
    assert x_train.shape == (1442, 1, 28, 28)
    assert x_test.shape == (355, 1, 28, 28)
    assert len(y_train) + len(y_test) == 1797
    message = capsys.readouterr().out
    assert "cannot be reached" in message
    assert message.count("\n") == 1


LOAD = """
import sys, tests.test_mnist_files as t
t.mnist.FILES, t.mnist.MIRRORS = t.TABLE, (sys.argv[1],)
t.assert_is_stand_in(t.load_mnist("mnist"))
"""


def start_loading(url: str, cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LOAD, url],
        cwd=Path(__file__).parent.parent,
        env=os.environ | {"NNLIB_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_processes_that_ask_at_once_share_one_download(cache):
    def unhurried(answer: Answer, body: bytes) -> None:
        answer.server.closing.wait(0.7)
        honest(answer, body)

    with serving(unhurried) as mirror:
        processes = [start_loading(mirror.url, cache) for _ in range(3)]
        outputs = [process.communicate(timeout=60)[0] for process in processes]
        assert [process.returncode for process in processes] == [0, 0, 0], outputs
        assert mirror.asked == dict.fromkeys(CONTENTS, 1)


def test_a_download_that_is_killed_leaves_no_lock_and_no_damage(cache, monkeypatch):
    with serving(stalling) as mirror:
        process = start_loading(mirror.url, cache)
        while not mirror.asked:
            time.sleep(0.01)
        process.kill()
        process.communicate()
    with serving(honest) as mirror:
        monkeypatch.setattr(mnist, "MIRRORS", (mirror.url,))
        assert_is_stand_in(load_mnist("mnist"))


# MNIST itself


def test_the_table_agrees_with_mnist_as_far_as_it_is_at_hand(tmp_path, monkeypatch):
    """Serve the real files where they are, or else the digits in their form."""
    named = os.environ.get("NNLIB_DATA")
    if named:
        packed = {
            file.name: (Path(named) / f"{file.name}.gz").read_bytes()
            for file in mnist.FILES
        }
        sizes = (60_000, 10_000)
        table = tuple(
            # The same content may have been packed anew.
            file._replace(gz_sha256=new.gz_sha256, gz_bytes=new.gz_bytes)
            for file in mnist.FILES
            for new in [describe(file.name, b"", packed[file.name])]
        )
        same = sum(a == b for a, b in zip(table, mnist.FILES, strict=True))
        assert same >= 3
    else:
        packed, table, sizes = PACKED, TABLE, (6, 3)
    monkeypatch.setenv("NNLIB_CACHE", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("NNLIB_DATA", raising=False)
    monkeypatch.setattr(mnist, "FILES", table)
    with serving(honest, packed) as mirror:
        monkeypatch.setattr(mnist, "MIRRORS", (CLOSED, mirror.url))
        (x_train, y_train), (x_test, y_test) = load_mnist()
    assert (len(x_train), len(x_test)) == sizes
    for x, y in ((x_train, y_train), (x_test, y_test)):
        assert x.shape == (len(y), 784)
        assert (x.dtype, y.dtype) == (np.float32, np.int64)
        assert (x.min(), x.max()) == (0, 1)
        assert set(y) <= set(range(10))


def test_stand_ins_are_idx_files():
    np.testing.assert_array_equal(parse_idx(CONTENTS[TRAIN_IMAGES]), IMAGES[0])
