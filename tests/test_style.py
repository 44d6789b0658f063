"""The palette of figures: legible in light and dark, whatever colours one can tell."""

import itertools

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from nnlib.explorers import style

PAPERS = {"light": "#ffffff", "dark": style.PALETTE["paper"][1]}
MODES = dict(zip(PAPERS, range(2), strict=True))
SERIES = ("blue", "orange", "green", "purple")
#: What is left of red, green and blue light (rows, linear) without one kind of cone:
#: Machado, Oliveira and Fernandes (2009), severity 1.
SIGHTS = {
    "full": "1 0 0; 0 1 0; 0 0 1",
    "protanopia": "0.152 1.053 -0.205; 0.115 0.786 0.099; -0.004 -0.048 1.052",
    "deuteranopia": "0.367 0.861 -0.228; 0.280 0.673 0.047; -0.012 0.043 0.969",
    "tritanopia": "1.256 -0.077 -0.179; -0.078 0.931 0.148; 0.005 0.691 0.304",
}
#: From linear light to cone responses, and from their cube roots to Oklab
#: (Ottosson, 2020), where equal distances look about equally far.
CONES = "0.4122 0.5363 0.0514; 0.2119 0.6807 0.1074; 0.0883 0.2817 0.6300"
OKLAB = "0.2105 0.7936 -0.0041; 1.9780 -2.4286 0.4506; 0.0259 0.7828 -0.8087"
APART = 0.06  # in Oklab; 0.02 can just be seen side by side


def matrix(text):
    """Return the 3x3 matrix that a text holds, row by row."""
    return np.array([row.split() for row in text.split(";")], dtype=float)


def linear(colour):
    """Return the linear light of a colour such as "#0a4a94"."""
    part = np.array(mpl.colors.to_rgb(colour))
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """Return the contrast of two colours as the WCAG define it."""
    luminance = sorted(linear(c) @ [0.2126, 0.7152, 0.0722] for c in (one, other))
    return (luminance[1] + 0.05) / (luminance[0] + 0.05)


def seen(colour, sight):
    """Return where a colour lies in Oklab for a kind of sight."""
    light = np.clip(matrix(SIGHTS[sight]) @ linear(colour), 0, 1)
    return matrix(OKLAB) @ np.cbrt(matrix(CONES) @ light)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["ink", "muted", *SERIES])
def test_a_colour_has_the_contrast_of_text_against_its_page(name, mode):
    assert contrast(style.PALETTE[name][MODES[mode]], PAPERS[mode]) >= 4.5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sight", SIGHTS)
def test_colours_of_series_stay_apart_for_every_sight(sight, mode):
    places = [seen(style.PALETTE[name][MODES[mode]], sight) for name in SERIES]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(places, 2)]
    assert min(distances) >= APART


def test_series_differ_by_more_than_colour():
    dashes = [entry["linestyle"] for entry in style.RC_PARAMS["axes.prop_cycle"]]
    assert len(set(dashes)) == len(SERIES)


def test_no_two_names_stand_for_one_light_colour():
    lights = [light.lower() for light, _ in style.PALETTE.values()]
    assert len(set(lights)) == len(lights)


@pytest.mark.parametrize("shape", [(5, 64), (5, 8, 8), (5, 784)])
def test_digits_are_drawn_one_to_an_axes_with_their_titles(shape):
    figure = style.draw_digits(np.zeros(shape), [*"abcde"], columns=3)
    axes = [a for a in figure.axes if a.images]
    assert [a.get_title() for a in axes] == [*"abcde"]
    plt.close(figure)
