"""A person's image of a digit, made into one like MNIST's."""

import os
import warnings
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy import ndimage

__all__ = ["center_digit", "place_in_frame", "read_image"]

Gray: TypeAlias = NDArray[np.float32]

FRAME, BOX = 28, 20  # pixels: MNIST's frame, and the box that its digits fill
# What people have; left out are formats whose readers start other programs.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "ICO")


def read_image(path: str | os.PathLike[str]) -> Gray:
    """Return an image file as shades of gray.

    Parameters
    ----------
    path : str or path
        A PNG, JPEG, GIF, BMP, WebP, TIFF or PPM file: in colour, gray, or with a
        palette; of 8 or 16 bits. What is transparent counts as paper, and a photograph
        is turned as its camera noted. Of an animation the first image counts.

    Returns
    -------
    ndarray of float32, shape (H, W)
        0 for black to 1 for white.

    Raises
    ------
    ValueError
        If the file is not such an image, is damaged, or is too large to unpack.
    OSError
        If the file cannot be opened.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     Image.new("RGB", (3, 2), "white").save(f"{folder}/paper.png")
    ...     read_image(f"{folder}/paper.png")
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """
    with open(path, "rb") as file:
        try:
            with warnings.catch_warnings():
                # Pillow only warns of images up to twice its limit.
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                warnings.simplefilter("ignore", UserWarning)
                image = Image.open(file, formats=FORMATS)
                image.load()
                return _to_gray(ImageOps.exif_transpose(image))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise ValueError(
                f"{path} is too large: expected at most {Image.MAX_IMAGE_PIXELS:,} "
                "pixels"
            ) from error
        except UnidentifiedImageError as error:
            raise ValueError(
                f"{path} is not an image that can be read: expected one of "
                f"{', '.join(FORMATS)}"
            ) from error
        except Exception as error:
            # A damaged file surfaces in each of Pillow's readers as another error.
            raise ValueError(f"{path} is a damaged image: {error}") from error


def _to_gray(image: Image.Image) -> Gray:
    """Return any of Pillow's images as shades from 0 to 1."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        # Pillow would cut these at 255. Sixteen bits are meant, unless the file
        # itself goes beyond them or, with fractions, stays within 1.
        deep = np.nan_to_num(np.asarray(image, dtype=np.float64))
        full = 1.0 if image.mode == "F" else 65535.0
        return np.clip(deep / max(full, deep.max()), 0, 1).astype(np.float32)
    if image.has_transparency_data:
        gray, alpha = image.convert("RGBA").convert("LA").split()
        return _on_paper(_unit(gray), _unit(alpha))
    return _unit(image.convert("L"))


def _unit(image: Image.Image) -> Gray:
    shades: Gray = np.asarray(image, dtype=np.float32) / np.float32(255)
    return shades


def _on_paper(gray: Gray, alpha: Gray) -> Gray:
    """Return an image with paper behind it where it is transparent.

    Where most is transparent, what is not is ink, and the paper is the contrary of it;
    otherwise the image has paper of its own, which is the commonest shade.
    """
    opaque = gray[alpha > 0.5]
    paper = np.float32(1)
    if opaque.size > gray.size / 2:
        paper = np.median(opaque)
    elif opaque.size and np.median(opaque) > 0.5:
        paper = np.float32(0)
    return alpha * gray + (1 - alpha) * paper


def center_digit(image: ArrayLike) -> Gray:
    """Return the digit in an image as MNIST shows digits: light on dark, centred.

    The border of the image tells the paper, and a plane fitted to it evens out the
    light. What differs from the paper is ink, dark or light. The digit is then scaled
    and centred as `place_in_frame` says.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Shades from 0 for black to 1 for white, of one digit with paper around it.

    Returns
    -------
    ndarray of float32, shape (28, 28)
        0 for paper to 1 for ink.

    Raises
    ------
    ValueError
        If `image` is not of that shape and range, or shows nothing but paper.

    Examples
    --------
    >>> page = np.ones((300, 200))
    >>> page[50:250, 30:60] = 0.1                        # a 1, dark on light
    >>> digit = center_digit(page)
    >>> np.argwhere(digit > 0.5).min(axis=0), np.argwhere(digit > 0.5).max(axis=0)
    (array([ 4, 13]), array([23, 15]))
    """
    shades = np.asarray(image, dtype=np.float32)
    _check_shades(shades)
    return place_in_frame(_ink(_at_most(shades, 1024)))


def place_in_frame(ink: ArrayLike) -> Gray:
    """Return ink scaled and centred as MNIST's digits are.

    The ink is cropped and scaled, keeping its proportions, until it fills a box of
    20x20 pixels; the box is moved so that the centre of mass of the ink lies at
    the centre of a 28x28 frame.

    Parameters
    ----------
    ink : array_like, shape (H, W)
        Amount of ink, 0 for none; at least one pixel holds some.

    Returns
    -------
    ndarray of float32, shape (28, 28)
        From 0 to 1, the most ink.

    References
    ----------
    Y. LeCun, C. Cortes and C. Burges, *The MNIST database of handwritten digits*
    (1998).

    Examples
    --------
    >>> frame = place_in_frame([[0, 0, 0], [0, 1, 0], [0, 1, 0]])
    >>> np.argwhere(frame > 0.5).min(axis=0), np.argwhere(frame > 0.5).max(axis=0)
    (array([ 4, 10]), array([23, 19]))
    """
    amount = np.asarray(ink, dtype=np.float32)
    rows, columns = np.flatnonzero(amount.any(1)), np.flatnonzero(amount.any(0))
    crop = amount[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = crop.shape
    scale = BOX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = Image.fromarray(crop).resize(size, Image.Resampling.BICUBIC)
    digit = np.clip(np.asarray(small), 0, None)
    digit = digit / digit.max()
    frame = np.zeros((FRAME, FRAME), dtype=np.float32)
    # Pixel 14 of 0 to 27 is the centre in MNIST, in both directions. The middle of a
    # stroke often lies between two pixels; rounded sums would make that a lottery.
    centres = ndimage.center_of_mass(digit.astype(np.float64))
    top, left = (
        min(max(round(FRAME / 2 - centre), 0), FRAME - length)
        for centre, length in zip(centres, digit.shape, strict=True)
    )
    frame[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return frame


def _check_shades(shades: Gray) -> None:
    if shades.ndim != 2 or min(shades.shape) < 3:
        raise ValueError(
            "center_digit expected image of shape (H, W), at least (3, 3), "
            f"got {shades.shape}"
        )
    if not (shades.min() >= 0 and shades.max() <= 1):
        raise ValueError(
            "center_digit expected image with shades in [0, 1], got "
            f"[{shades.min()}, {shades.max()}]"
        )


def _at_most(shades: Gray, side: int) -> Gray:
    """Return the image reduced to `side` pixels, where it has more."""
    scale = side / max(shades.shape)
    if scale >= 1:
        return shades
    height, width = (max(3, round(length * scale)) for length in shades.shape)
    small = Image.fromarray(shades).resize((width, height), Image.Resampling.BOX)
    return np.asarray(small)


def _ink(shades: Gray) -> Gray:
    """Return how much ink there is in each pixel, exactly 0 for paper."""
    difference, unevenness = _against_paper(shades)
    amount = difference * np.sign(np.sum(difference**3))
    _check_contrast(float(amount.max()), unevenness)
    strong = amount > _otsu(np.abs(difference))
    full = float(np.median(amount[strong]))
    _check_contrast(full, unevenness)
    # Faint pixels belong to a stroke only near it, and above what paper shows of noise.
    reach = max(2, np.ptp(np.argwhere(strong), axis=0).max() // 10)
    far = ndimage.distance_transform_edt(~strong) > reach
    noise = np.quantile(np.abs(difference[far]), 0.98) if far.any() else 0.0
    inked = amount > max(noise, unevenness, 0.1 * full)
    strokes, count = ndimage.label(inked & ~far, structure=np.ones((3, 3)))
    mass = ndimage.sum_labels(amount * strong, strokes, np.arange(count + 1))
    mass[0] = 0
    kept = mass >= 0.03 * mass.max()
    return np.where(kept[strokes], amount, 0).astype(np.float32)


def _against_paper(shades: Gray) -> tuple[Gray, float]:
    """Return the image less its paper, and how far the paper is from even.

    The paper is a plane fitted to the border. What differs too much from the fit, as
    ink that reaches the border does, is left out of the next fit.
    """
    height, width = shades.shape
    row, column = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    thickness = max(1, min(height, width) // 50)
    on_border = np.ones(shades.shape, dtype=bool)
    on_border[thickness:-thickness, thickness:-thickness] = False
    terms = np.stack([np.ones(on_border.sum()), row[on_border], column[on_border]], 1)
    border = shades[on_border].astype(np.float64)
    plane = np.array([np.median(border), 0.0, 0.0])
    for _ in range(4):
        distance = np.abs(border - terms @ plane)
        near = distance <= max(3 * np.median(distance), 0.01)
        plane = np.linalg.lstsq(terms[near], border[near])[0]
    unevenness = float(np.quantile(np.abs(border - terms @ plane)[near], 0.98))
    paper = plane[0] + plane[1] * row + plane[2] * column
    return (shades - paper).astype(np.float32), unevenness


def _otsu(values: Gray) -> float:
    """Return the threshold that parts values into the two tightest groups.

    N. Otsu, "A threshold selection method from gray-level histograms", IEEE
    Transactions on Systems, Man, and Cybernetics 9 (1979).
    """
    count, edges = np.histogram(values, bins=256)
    centre = (edges[:-1] + edges[1:]) / 2
    below, above = np.cumsum(count)[:-1], np.cumsum(count[::-1])[-2::-1]
    mean_below = np.cumsum(count * centre)[:-1] / below
    mean_above = np.cumsum((count * centre)[::-1])[-2::-1] / above
    best = np.argmax(below * above * (mean_below - mean_above) ** 2)
    return float(edges[best + 1])


def _check_contrast(full: float, unevenness: float) -> None:
    if full <= max(0.05, 2 * unevenness):
        raise ValueError("center_digit found no digit in image: it is blank")
