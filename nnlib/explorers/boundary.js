import { explorer, fixed, format, heading, nearestIndex, plot, readout, stroke, text, unpack } from "./draw.js";

const [CODES, SETS] = [16, ["training", "validation"]];
const COLOURS = ["blue", "orange", "green", "purple"];
const LINES = [stroke("ink", "", 2), stroke("purple", "7 4", 2.5)];
// Every class has a shape of its own: circle, triangle, square, diamond.
const SHAPES = [
  "m-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0z", "m0-4.4l4.2 7.4h-8.4z",
  "m-3 -3h6v6h-6z", "m0-4.6l4 4.6l-4 4.6l-4-4.6z",
];
const n = (value) => Math.round(value * 10) / 10;

/** Undo the packing of a run; half a byte holds the class and the confidence of a cell. */
function opened({ fields, series, points, ...run }) {
  const levels = Math.floor(CODES / run.classes);
  const half = (bytes, i) => (i % 2 ? bytes[i >> 1] % CODES : bytes[i >> 1] >> 4);
  const frames = unpack(fields).map((bytes) => Array.from({ length: run.cells ** 2 }, (_, i) => half(bytes, i)));
  return { ...run, levels, frames, series: unpack(series), points: points.map(unpack) };
}

/** Return the cells as one path for each code, and the lines between classes. */
function fieldOf({ cells, levels, classes }, codes, left, top, size) {
  const step = size / cells;
  const paths = Array.from({ length: CODES }, () => "");
  let edges = "";
  const group = (i) => Math.floor(codes[i] / levels);
  for (let row = 0; row < cells; row += 1) {
    const y = top + size - (row + 1) * step;
    for (let column = 0; column < cells; column += 1) {
      const i = row * cells + column;
      const from = column;
      while (column + 1 < cells && codes[row * cells + column + 1] === codes[i]) column += 1;
      paths[codes[i]] += `M${n(left + from * step)} ${n(y)}h${n((column + 1 - from) * step)}v${n(step)}h${n((from - column - 1) * step)}z`;
    }
    for (let column = 0; column < cells; column += 1) {
      const i = row * cells + column;
      const x = left + column * step;
      if (column + 1 < cells && group(i) !== group(i + 1)) edges += `M${n(x + step)} ${n(y)}v${n(step)}`;
      if (row + 1 < cells && group(i) !== group(i + cells)) edges += `M${n(x)} ${n(y)}h${n(step)}`;
    }
  }
  const filled = paths.map((d, code) => {
    if (!d || code >= classes * levels) return "";
    const tint = 10 + Math.round((42 * (code % levels)) / (levels - 1));
    const colour = COLOURS[Math.floor(code / levels)];
    return `<path d="${d}" shape-rendering="crispEdges" style="fill:color-mix(in srgb,var(--nn-${colour}) ${tint}%,var(--nn-paper))"/>`;
  });
  return filled.join("") + `<path d="${edges}" ${stroke("ink", "", 1.5)}/>`;
}

const marks = (points, classes, left, top, size) =>
  Array.from({ length: classes }, (_, k) => {
    const d = points.filter((p) => p[2] === k).map(([x, y]) =>
      `M${n(left + (x / 255) * size)} ${n(top + size - (y / 255) * size)}${SHAPES[k]}`);
    return `<path d="${d.join("")}" style="fill:var(--nn-${COLOURS[k]});stroke:var(--nn-paper);stroke-width:1"/>`;
  }).join("");

function render({ model, el }) {
  const view = explorer({ model, el });
  const packed = model.get("data").runs;
  const names = Object.keys(packed);
  const runs = Object.fromEntries(names.map((name) => [name, opened(packed[name])]));
  const run = () => runs[view.get("run")];
  const finite = names.flatMap((name) => [...runs[name].series[0], ...runs[name].series[1]]).filter(Number.isFinite);
  const most = Math.min(3, Math.max(1, ...finite));

  view.select("run", { label: "Run", options: names.map((name) => [name, name]) });
  view.select("points", { label: "Points of the", options: SETS.map((name) => [name, `${name} set`]) });
  view.slider("frame", {
    label: "After epoch", wide: true, buttons: true,
    values: () => run().epochs.map((_, i) => i), text: (i) => String(run().epochs[i]),
  });

  // Over the field a hand goes through all frames; over a curve it takes the epoch there.
  let [square, curves] = [];
  view.drag((px, py) => {
    const { epochs } = run();
    const inField = px < square.right && py < square.bottom;
    const share = Math.min(1, Math.max(0, (px - square.left) / square.size));
    view.set("frame", inField
      ? Math.round(share * (epochs.length - 1)) : nearestIndex(epochs, curves.invertX(px)));
  });

  return view.start((width) => {
    const { epochs, series, frames, points, ...shown } = run();
    const frame = view.get("frame");
    const beside = width > 560;
    const size = beside ? Math.min(350, Math.floor(width * 0.48)) : width - 2;
    const left = beside ? size + 56 : 46;
    square = { left: 1, size, right: beside ? left - 12 : width, bottom: size + (beside ? 600 : 50) };
    const inner = { left, width: width - left - 14, height: beside ? 112 : 90 };
    const first = beside ? 70 : size + 100;
    const second = first + inner.height + 44;
    const [from, to] = [epochs[0], Math.max(epochs[epochs.length - 1], epochs[0] + 1)];
    const xTicks = [0, 0.5, 1].map((part) => Math.round(from + part * (to - from))).map((v) => [v, String(v)]);
    const losses = plot({
      box: { ...inner, top: first }, x: [from, to], y: [0, 1.08 * most], xTicks: xTicks.map(([v]) => [v, ""]),
      yTicks: Array.from({ length: Math.floor(most) + 1 }, (_, v) => [v, String(v)]), yLabel: "loss",
    });
    const scores = plot({
      box: { ...inner, top: second }, x: [from, to], y: [0, 1], xTicks,
      yTicks: [0, 0.5, 1].map((v) => [v, `${fixed(100 * v, 0)}%`]), yLabel: "accuracy", xLabel: "epoch",
    });
    curves = losses;
    const key = SETS.map((name, i) =>
      `<path d="M${left + i * 104} ${first - 36}h26" ${LINES[i]}/>` + text(left + 31 + i * 104, first - 32, name, "start")).join("");
    const lines = [losses, scores].map((area, kind) =>
      area.axes() + area.clip(...LINES.map((look, i) => area.curve(epochs, series[2 * kind + i], look))) +
      area.upright(epochs[frame], kind === 0) +
      area.dot(epochs[frame], series[2 * kind][frame], "ink") + area.dot(epochs[frame], series[2 * kind + 1][frame], "purple"));
    const chosen = points[SETS.indexOf(view.get("points"))];
    const after = `after ${epochs[frame]} epoch${epochs[frame] === 1 ? "" : "s"}`;
    const rows = SETS.map((name, i) => [
      name, format(series[i][frame]), `${fixed(100 * series[2 + i][frame], 1)}%`, String(points[i].length),
    ]);
    return {
      height: second + inner.height + 46,
      svg:
        heading(1, 16, "what the network says of the plane") +
        `<svg x="1" y="26" width="${size}" height="${size}" viewBox="1 26 ${size} ${size}">` +
        fieldOf(shown, frames[frame], 1, 26, size) + marks(chosen, shown.classes, 1, 26, size) + "</svg>" +
        key + lines.join(""),
      table: readout(`${view.get("run")}: ${after}${view.get("points") === SETS[0] ? "" : `; points of the ${view.get("points")} set`}`, ["set", "loss", "accuracy", "points"], rows),
      say: `${after}: ` + rows.map(([name, loss, score]) => `${name} loss ${loss}, accuracy ${score}`).join("; "),
    };
  });
}

export default { render };
