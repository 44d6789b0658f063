import { explorer, fixed, format, legend, nearestIndex, plot, readout, short, stroke, unpack } from "./draw.js";

const TEXTS = {
  right: "as it should be",
  degrees: "360 u₂, in radians",
  wedge: "2π u₂, in degrees",
  "no 1 −": "log u₁, without 1 −",
};
const REACH = 4;
const SHOWN_U1 = [0.2, 0.4, 0.6, 0.8, 0.95, 0.99];
const COLOURS = ["blue", "orange", "green", "purple"];
// A quarter of u₂ has a colour and a shape: a disc, a square, a triangle, a ring.
const SHAPES = [
  (x, y, c) => `<circle cx="${x}" cy="${y}" r="2.8" style="fill:var(--nn-${c})"/>`,
  (x, y, c) => `<path d="M${x - 2.7} ${y - 2.7}h5.4v5.4h-5.4z" style="fill:var(--nn-${c})"/>`,
  (x, y, c) => `<path d="M${x} ${y - 3.4}l3.5 6h-7z" style="fill:var(--nn-${c})"/>`,
  (x, y, c) => `<circle cx="${x}" cy="${y}" r="2.5" ${stroke(c, "", 1.4)}/>`,
];

const n2 = (value) => Math.round(value * 100) / 100;

function render({ model, el }) {
  const view = explorer({ model, el });
  const { variants, u1: U1, u2: U2, cloud: packed, maps: packedMaps } = model.get("data");
  const cloud = unpack(packed);
  const maps = {};
  for (const [name, { words, ...rest }] of Object.entries(packedMaps)) {
    maps[name] = { words };
    for (const [key, value] of Object.entries(rest)) maps[name][key] = unpack(value);
  }

  view.select("variant", {
    label: "The angle or the radius", options: variants.map((name) => [name, TEXTS[name]]),
  });
  view.slider("u1", { label: "u₁, for the radius", values: U1, text: String });
  view.slider("u2", { label: "u₂, for the angle", values: U2, text: short });

  /** Radius, angle, z₁ and z₂ as texts; where the radius is infinite, z is in words. */
  function texts({ radius, angle, z, words }, i, j) {
    const infinite = words[i];
    return [
      infinite ? "∞" : format(radius[i]), format(angle[j]),
      ...[0, 1].map((k) => (infinite ? infinite[k][j] : format(z[k][i][j]))),
    ];
  }

  let last;
  view.drag((px, py) => {
    const { square, plane, z, words, inSquare } = last;
    if (inSquare(px, py)) {
      view.set("u1", U1[nearestIndex(U1, square.invertX(px))]);
      view.set("u2", U2[nearestIndex(U2, (square.Y(0) - py) / (square.Y(0) - square.Y(1)))]);
    } else {
      let [best, i, j] = [Infinity, 0, 0];
      U1.forEach((_, a) => words[a] || U2.forEach((_, b) => {
        const gap = Math.hypot(plane.X(z[0][a][b]) - px, plane.Y(z[1][a][b]) - py);
        if (gap < best) [best, i, j] = [gap, a, b];
      }));
      view.set("u1", U1[i]);
      view.set("u2", U2[j]);
    }
  }, "nn-pick");

  return view.start((width) => {
    const variant = view.get("variant");
    const { radius, inside, direction, z, words, cloud: image } = maps[variant];
    const [i, j] = [nearestIndex(U1, view.get("u1")), nearestIndex(U2, view.get("u2"))];
    const beside = width > 520;
    const left = 34;
    const size = Math.min(300, beside ? (width - 2 * left - 24) / 2 : width - left - 14);
    const unit = [0, 0.25, 0.5, 0.75, 1].map((v) => [v, short(v)]);
    const square = plot({
      box: { left, top: 48, width: size, height: size }, x: [0, 1], y: [0, 1],
      xTicks: unit, yTicks: unit, xLabel: "u₁", yLabel: "u₂",
    });
    const whole = [-4, -2, 0, 2, 4].map((v) => [v, fixed(v, 0)]);
    const plane = plot({
      box: {
        left: beside ? 2 * left + size + 10 : left, top: beside ? 48 : size + 114, width: size, height: size,
      },
      x: [-REACH, REACH], y: [-REACH, REACH], xTicks: whole, yTicks: whole, xLabel: "z₁", yLabel: "z₂",
    });
    const inSquare = (px, py) => (beside ? px < left + size + 14 : py < size + 90);
    last = { square, plane, z, words, inSquare };

    const circle = (at, style) => words[at] ? "" :
      `<circle cx="${n2(plane.X(0))}" cy="${n2(plane.Y(0))}" r="${n2((radius[at] / (2 * REACH)) * size)}" ${style}/>`;
    const ray = (at, style) =>
      plane.curve([0, 6 * direction[0][at]], [0, 6 * direction[1][at]], style);
    const [thin, blue, orange] = [stroke("muted", "", 0.5), stroke("blue", "", 2.5), stroke("orange", "7 4", 2.5)];
    let [before, points, after] = ["", "", ""];
    for (const u of SHOWN_U1) {
      before += square.curve([u, u], [0, 1], thin);
      after += circle(nearestIndex(U1, u), thin);
    }
    for (let at = 0; at < U2.length; at += 3) {
      before += square.curve([0, 1], [U2[at], U2[at]], thin);
      after += ray(at, thin);
    }
    for (let s = 0; s < cloud[0].length; s += 1) {
      const quarter = Math.min(3, Math.floor(4 * cloud[1][s]));
      const mark = (x, y) => SHAPES[quarter](n2(x), n2(y), COLOURS[quarter]);
      points += mark(square.X(cloud[0][s]), square.Y(cloud[1][s]));
      after += mark(plane.X(image[0][s]), plane.Y(image[1][s]));
    }
    const chosen = square.curve([U1[i], U1[i]], [0, 1], blue) + square.curve([0, 1], [U2[j], U2[j]], orange);
    after += circle(i, blue) + ray(j, orange);

    const shown = [...new Set([variant, "right"])];
    const rows = shown.map((name) => [
      name === variant && shown.length > 1 ? "this" : "right", ...texts(maps[name], i, j),
    ]);
    const share = `${fixed(100 * inside[i], Number.isInteger(n2(100 * inside[i])) ? 0 : 1)}%`;
    const [radiusText, angleText, z1, z2] = texts(maps[variant], i, j);
    const where = `u₁ = ${U1[i]}, u₂ = ${short(U2[j])}`;
    return {
      height: beside ? size + 90 : 2 * size + 156,
      svg:
        legend(left + 40, beside ? 16 : 10, [["u₁ fixed: a circle", blue]]) +
        legend(left + (beside ? 230 : 40), beside ? 16 : 26, [["u₂ fixed: a ray", orange]]) +
        square.axes() + square.clip(before) + points + chosen + square.dot(U1[i], U2[j], "ink") +
        plane.axes() + plane.clip(after, words[i] ? "" : plane.dot(z[0][i][j], z[1][i][j], "ink")),
      table: readout(
        `${where}: ${share} of all normal pairs lie within this radius`,
        ["map", "radius", "radians", "z₁", "z₂"], rows,
      ),
      say: `${where}: radius ${radiusText}, angle ${angleText}, z₁ = ${z1}, z₂ = ${z2}`,
    };
  });
}

export default { render };
