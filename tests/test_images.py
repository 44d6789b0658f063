"""A digit is read as well from a person's image as from MNIST's own."""

import io
import os
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from nnlib import SGD, CosineLR, CrossEntropyLoss, fit, load_mnist, mlp
from nnlib.images import center_digit, place_in_frame, read_image

# A digit 7, dark on light, with room around it.
SEVEN = np.ones((60, 50), dtype=np.float32)
SEVEN[10:15, 12:36] = 0
for step in range(30):
    SEVEN[15 + step, 32 - step // 2 : 36 - step // 2] = 0


def eight_bits(shades: np.ndarray) -> np.ndarray:
    return np.round(shades * 255).astype(np.uint8)


def enlarged(image: np.ndarray, scale: float, how=Image.Resampling.BICUBIC):
    height, width = (round(length * scale) for length in image.shape)
    return np.clip(Image.fromarray(image).resize((width, height), how), 0, 1)


def through_a_file(image: np.ndarray, tmp_path, kind: str, **options) -> np.ndarray:
    Image.fromarray(eight_bits(image)).save(tmp_path / "file", kind, **options)
    return read_image(tmp_path / "file")


# Reading


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF", "PPM", "JPEG", "WEBP"])
@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1"])
def test_an_image_is_the_same_from_any_file(tmp_path, kind, mode):
    image = Image.fromarray(eight_bits(SEVEN)).convert(mode)
    if (kind, mode) in {("JPEG", "P"), ("PPM", "P"), ("WEBP", "1"), ("WEBP", "P")}:
        image = image.convert("RGB")
    image.save(tmp_path / "seven", kind)
    shades = read_image(tmp_path / "seven")
    assert shades.dtype == np.float32
    assert shades.shape == SEVEN.shape
    assert np.abs(shades - SEVEN).mean() < (0.02 if kind in ("JPEG", "WEBP") else 1e-6)


def test_sixteen_bits_keep_their_shades(tmp_path):
    deep = np.linspace(0, 65535, 60 * 50).reshape(60, 50)
    Image.fromarray(deep.astype(np.uint16)).save(tmp_path / "deep.png")
    np.testing.assert_allclose(
        read_image(tmp_path / "deep.png"), deep / 65535, atol=1e-4
    )


@pytest.mark.parametrize("full", [1.0, 255.0])
def test_an_image_of_fractions_keeps_its_shades(tmp_path, full):
    Image.fromarray(SEVEN * full).save(tmp_path / "seven.tiff")
    np.testing.assert_array_equal(read_image(tmp_path / "seven.tiff"), SEVEN)


@pytest.mark.parametrize("ink", [0, 255])
def test_what_is_transparent_is_paper(tmp_path, ink):
    pixels = np.full((*SEVEN.shape, 4), ink, dtype=np.uint8)
    pixels[..., 3] = eight_bits(1 - SEVEN)
    Image.fromarray(pixels).save(tmp_path / "seven.png")
    expected = SEVEN if ink == 0 else 1 - SEVEN
    np.testing.assert_allclose(read_image(tmp_path / "seven.png"), expected)


def test_transparent_corners_take_the_colour_of_the_paper(tmp_path):
    pixels = np.repeat(eight_bits(SEVEN)[..., None], 4, axis=2)
    pixels[..., 3] = 255
    pixels[:5, :5] = 0
    Image.fromarray(pixels).save(tmp_path / "seven.png")
    np.testing.assert_allclose(read_image(tmp_path / "seven.png"), SEVEN)


def test_an_image_that_is_wholly_transparent_is_blank(tmp_path):
    Image.new("RGBA", (30, 30), (0, 0, 0, 0)).save(tmp_path / "nothing.png")
    with pytest.raises(ValueError, match="blank"):
        center_digit(read_image(tmp_path / "nothing.png"))


def test_a_transparent_colour_of_a_palette_is_paper(tmp_path):
    image = Image.fromarray(eight_bits(SEVEN < 0.5)).convert("P")
    image.putpalette([200, 0, 0, 0, 0, 0] + [0] * 762)
    image.putdata((SEVEN < 0.5).astype(int).ravel().tolist())
    image.save(tmp_path / "seven.png", transparency=0)
    np.testing.assert_array_equal(read_image(tmp_path / "seven.png"), SEVEN)


def test_a_photograph_is_turned_as_its_camera_noted(tmp_path):
    image = Image.fromarray(eight_bits(SEVEN)).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    image.save(tmp_path / "seven.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "seven.png"), SEVEN)


def test_of_an_animation_the_first_image_counts(tmp_path):
    first, second = (Image.fromarray(eight_bits(a)) for a in (SEVEN, 1 - SEVEN))
    first.save(tmp_path / "two.gif", save_all=True, append_images=[second])
    np.testing.assert_array_equal(read_image(tmp_path / "two.gif"), SEVEN)


def png_of(width: int, height: int) -> bytes:
    """Return a small file that claims to hold an image of any size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = (
        chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_an_image_too_large_to_unpack_is_an_error(tmp_path, side):
    (tmp_path / "huge.png").write_bytes(png_of(side, side))
    with pytest.raises(ValueError, match=r"huge.png is too large.*at most"):
        read_image(tmp_path / "huge.png")


@pytest.mark.parametrize("content", [b"", b"seven", b"%PDF-1.7", bytes(1000)])
def test_what_is_no_image_is_an_error_that_names_it(tmp_path, content):
    (tmp_path / "seven.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"seven.png is not an image that can be read"):
        read_image(tmp_path / "seven.png")


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF", "PPM", "JPEG", "WEBP"])
def test_an_image_cut_short_or_damaged_is_a_value_error_or_an_image(tmp_path, kind):
    packed = io.BytesIO()
    Image.fromarray(eight_bits(SEVEN)).save(packed, kind)
    content, rng = packed.getvalue(), np.random.default_rng(0)
    path = tmp_path / "seven"
    for length in rng.integers(0, len(content), 15):
        damaged = bytearray(content)
        damaged[length] ^= 0xFF
        for version in (content[:length], bytes(damaged)):
            path.write_bytes(version)
            try:  # either outcome is right, so pytest.raises does not say it
                assert read_image(path).ndim == 2
            except ValueError as error:
                assert str(path) in str(error)  # noqa: PT017


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing.png"):
        read_image(tmp_path / "nothing.png")


# Centring


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 100))
def test_any_ink_fills_the_box_and_lies_about_the_centre(height, width, seed):
    ink = np.random.default_rng(seed).uniform(0.1, 1, (height, width))
    frame = place_in_frame(np.pad(ink, ((3, 9), (5, 2))))
    assert frame.shape == (28, 28)
    assert frame.dtype == np.float32
    assert frame.min() == 0
    assert frame.max() == 1
    place = np.argwhere(frame > 0)
    assert max(np.ptp(place, axis=0)) + 1 == 20
    centre = [np.arange(28) @ frame.sum(axis=1 - axis) / frame.sum() for axis in (0, 1)]
    np.testing.assert_allclose(centre, 14, atol=0.51)


@given(
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(1, 4),
)
def test_shade_place_and_size_of_a_digit_do_not_matter(paper, ink, down, right, scale):
    assume(abs(paper - ink) > 0.1)
    page = np.pad(1 - SEVEN, ((down, 40 - down), (right, 40 - right)))
    page = np.kron(page, np.ones((scale, scale)))
    frame = center_digit(paper + (ink - paper) * page)
    # Scaling a larger image down leaves its edges a little sharper.
    np.testing.assert_allclose(frame, center_digit(SEVEN), atol=0.1)


def test_what_stands_apart_from_the_digit_and_is_tiny_is_not_ink():
    specks = SEVEN.copy()
    specks[[2, 50, 55], [3, 45, 2]] = 0
    np.testing.assert_array_equal(center_digit(specks), center_digit(SEVEN))


def test_both_parts_of_a_digit_are_ink():
    broken = SEVEN.copy()
    broken[15:18] = 1
    frame = center_digit(broken)
    rows = np.flatnonzero(frame.sum(axis=1) > 1)
    assert rows[-1] - rows[0] >= 18


@pytest.mark.parametrize("shade", [0.0, 0.5, 1.0])
def test_a_blank_image_is_an_error(shade):
    with pytest.raises(ValueError, match="found no digit in image: it is blank"):
        center_digit(np.full((50, 50), shade))


def test_paper_with_noise_and_uneven_light_is_blank():
    row, column = np.mgrid[0:1:100j, 0:1:100j]
    noise = np.random.default_rng(0).normal(0, 0.02, (100, 100))
    with pytest.raises(ValueError, match="it is blank"):
        center_digit(0.5 + 0.2 * row - 0.1 * column + noise)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.ones((28, 28, 3)), r"shape \(H, W\).*got \(28, 28, 3\)"),
        (np.ones((2, 28)), r"at least \(3, 3\), got \(2, 28\)"),
        (np.full((28, 28), 255), r"shades in \[0, 1\], got \[255"),
        (np.full((28, 28), np.nan), r"shades in \[0, 1\], got \[nan"),
    ],
)
def test_an_image_of_another_kind_is_an_error(image, message):
    with pytest.raises(ValueError, match=message):
        center_digit(image)


def test_a_large_photograph_takes_less_than_a_few_seconds_and_is_left_alone():
    photograph = enlarged(SEVEN, 60)
    before = photograph.copy()
    frame = center_digit(photograph)
    np.testing.assert_array_equal(photograph, before)
    assert np.abs(frame - center_digit(SEVEN)).mean() < 0.03


# What a trained network makes of it


@pytest.fixture(scope="module")
def reader():
    """A network trained on MNIST, or on the digits, and 150 of its test images."""
    source = "auto" if os.environ.get("NNLIB_DATA") else "digits"
    (x, y), (x_test, y_test) = load_mnist(source)
    rng = np.random.default_rng(0)
    model = mlp([784, 128, 64, 10], rng=rng)
    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9)
    x, y = x[:20_000], y[:20_000]
    epochs = 60_000 // len(x)
    fit(
        model,
        CrossEntropyLoss(),
        optimizer,
        (x, y),
        epochs=epochs,
        batch_size=64,
        rng=rng,
        schedule=CosineLR(optimizer, epochs),
        progress=False,
    )
    step = len(x_test) // 150
    images = x_test[: 150 * step : step].reshape(-1, 28, 28)
    labels = y_test[: 150 * step : step]

    def read(frames: list[np.ndarray]) -> float:
        logits = model(np.stack(frames).reshape(-1, 784))
        return float(np.mean(logits.argmax(axis=1) == labels[: len(frames)]))

    return images, read


def lit(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return dark ink on paper that is half as bright on one side as on the other."""
    height, width = ink.shape
    row, column = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    light = 0.7 + 0.2 * (np.cos(angle) * row + np.sin(angle) * column)
    return (1 - 0.85 * ink) * light


def on_canvas(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    canvas = np.zeros((150, 200), dtype=np.float32)
    top, left = rng.integers(0, 150 - 28), rng.integers(0, 200 - 28)
    canvas[top : top + 28, left : left + 28] = ink
    return canvas


def cropped(ink: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return np.pad(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1)


def saved(pixels: np.ndarray, tmp_path, kind: str, **options) -> np.ndarray:
    path = tmp_path / f"image.{kind}"
    Image.fromarray(pixels).save(path, kind, **options)
    return read_image(path)


def colour(ink: np.ndarray, of_ink, of_paper) -> np.ndarray:
    mix = ink[..., None] * np.array(of_ink) + (1 - ink[..., None]) * np.array(of_paper)
    return mix.round().astype(np.uint8)


def with_alpha(ink: np.ndarray, of_ink) -> np.ndarray:
    pixels = np.zeros((*ink.shape, 4), dtype=np.uint8)
    pixels[..., :3] = of_ink
    pixels[..., 3] = eight_bits(ink)
    return pixels


NEAREST = Image.Resampling.NEAREST
Disguise = Callable[..., np.ndarray]
# What is done to an image, and how many points of accuracy that may cost at most.
DISGUISES: dict[str, tuple[Disguise, float]] = {
    "none": (lambda ink, rng, path: ink, 0.01),
    "inverted": (lambda ink, rng, path: 1 - ink, 0.01),
    "pale": (lambda ink, rng, path: 0.6 - 0.2 * ink, 0.01),
    "enlarged twice": (lambda ink, rng, path: enlarged(ink, 2, NEAREST), 0.02),
    "enlarged 7 times": (lambda ink, rng, path: enlarged(ink, 7, NEAREST), 0.02),
    "enlarged 3 times": (lambda ink, rng, path: 1 - enlarged(ink, 3), 0.03),
    "enlarged 20 times": (lambda ink, rng, path: enlarged(ink, 20), 0.03),
    "on a big canvas": (lambda ink, rng, path: 1 - on_canvas(ink, rng), 0.01),
    "thin margins": (lambda ink, rng, path: 1 - cropped(ink), 0.01),
    "noise": (lambda ink, rng, path: noisy(ink, 0.03, rng), 0.03),
    "coarse noise": (lambda ink, rng, path: noisy(enlarged(ink, 5), 0.1, rng), 0.04),
    "uneven light": (lambda ink, rng, path: lit(ink, rng), 0.04),
    "photograph": (
        lambda ink, rng, path: noisy(
            1 - lit(enlarged(on_canvas(ink, rng), 2), rng), 0.02, rng
        ),
        0.05,
    ),
    "JPEG": (
        lambda ink, rng, path: saved(eight_bits(1 - ink), path, "jpeg", quality=75),
        0.03,
    ),
    "coarse JPEG": (
        lambda ink, rng, path: saved(
            eight_bits(1 - enlarged(ink, 6)), path, "jpeg", quality=40
        ),
        0.03,
    ),
    "blue on white": (
        lambda ink, rng, path: saved(
            colour(ink, (20, 40, 160), (255, 255, 255)), path, "png"
        ),
        0.01,
    ),
    "yellow on green": (
        lambda ink, rng, path: saved(
            colour(ink, (250, 240, 60), (10, 90, 40)), path, "png"
        ),
        0.01,
    ),
    "black on nothing": (
        lambda ink, rng, path: saved(with_alpha(ink, 0), path, "png"),
        0.01,
    ),
    "white on nothing": (
        lambda ink, rng, path: saved(with_alpha(ink, 255), path, "png"),
        0.01,
    ),
}


def noisy(ink: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    return np.clip(0.9 - 0.8 * ink + rng.normal(0, noise, ink.shape), 0, 1)


@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguised_digit_is_read_almost_as_well(reader, tmp_path, name):
    images, read = reader
    disguise, cost = DISGUISES[name]
    images = images[:50] if "20" in name or name == "photograph" else images
    rng = np.random.default_rng(0)
    frames = [center_digit(disguise(image, rng, tmp_path)) for image in images]
    plain, disguised = read(list(images)), read(frames)
    print(f"{name}: {plain:.3f} plain, {disguised:.3f} disguised")
    assert plain >= 0.94
    # One image more may go wrong than the bound says: there are few of them.
    assert disguised >= plain - cost - 1 / len(images)


def test_an_image_of_mnist_comes_through_almost_unchanged(reader):
    images, _ = reader
    change = [np.abs(center_digit(image) - image).mean() for image in images]
    assert np.mean(change) < 0.01
    assert np.max(change) < 0.1
