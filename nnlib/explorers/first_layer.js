import { explorer, fixed, format, heading, legend, pictures, plot, readout, short, stroke, text, tile, unpack } from "./draw.js";

/** Return a share as a percentage; none at all is told from next to none. */
function percent(share) {
  if (share > 0 && share < 0.0005) return "< 0.1%";
  return share < 1 && share >= 0.9995 ? "> 99.9%" : `${fixed(100 * share, 1)}%`;
}

/** The names of the numbers of a unit, and how each is written. */
const ROWS = [
  ["norm of weights", format],
  ["largest weight", format],
  ["smallest weight", format],
  ["moved by", format],
  ["cosine to start", (v) => fixed(v, 3)],
  ["active for", percent],
  ["responds most to", (v) => (v < 0 ? "no digit" : `digit ${v}`)],
  ["largest / mean", (v) => (v ? fixed(v, 2) : "–")],
];

function render({ model, el }) {
  const view = explorer({ model, el });
  const { units, epochs, images, ...packed } = model.get("data");
  const [reach, numbers, responses] = ["reach", "numbers", "responses"].map((key) => unpack(packed[key]));
  numbers.forEach((frames, i) => frames.forEach((row, f) => {
    const means = [...responses[i][f]];
    const all = means.reduce((a, b) => a + b, 0);
    frames[f] = [...row, all && (Math.max(...means) * means.length) / all];
  }));
  const picture = pictures(el, images, { blue: "0 0 1", orange: "1 0 0" });
  const when = (f) => (epochs[f] === 0 ? "before training" : `after ${short(epochs[f])} epoch${epochs[f] === 1 ? "" : "s"}`);

  view.slider("unit", { label: "Unit shown large", values: units.map((_, i) => i), text: (i) => `unit ${units[i]}` });
  view.slider("frame", { label: "Training", values: epochs.map((_, f) => f), text: when, wide: true, buttons: true });

  let spots = []; // what the pointer can point at: [x, y, width, height, action]
  view.drag((px, py) => {
    const spot = spots.find(([x, y, w, h]) => px >= x && px < x + w && py >= y && py < y + h);
    spot?.[4]((px - spot[0]) / spot[2]);
  }, "nn-pick");

  return view.start((width) => {
    const [unit, frame] = [view.get("unit"), view.get("frame")];
    const draw = (i, x, y, side, mine) =>
      tile(x, y, side + 4, side + 4, "", { edge: mine ? "ink" : "muted", thick: mine ? 3 : 1 }) +
      picture(i * epochs.length + frame, x + 2, y + 2, side);
    const [large, top] = [252, 24];
    let marks = heading(0, 14, `weights of unit ${units[unit]}, ${when(frame)}`) + draw(unit, 0, top, large, false) +
      `<rect class="nn-area" x="0" y="${top}" width="${large}" height="${large}"/>` +
      legend(4, top + large + 60, [
        [`full blue: a weight of ${format(reach[unit])}`, stroke("blue", "", 10)],
        [`full orange: a weight of ${format(-reach[unit])}`, stroke("orange", "", 10)],
        // The shade goes with the root of a weight.
        ["half as deep: a quarter of that", `${stroke("blue", "", 10)} opacity="0.5"`],
      ]);
    // Across the large image a hand goes through all frames.
    spots = [[0, top, large, large, (share) => view.set("frame", Math.floor(share * epochs.length))]];

    const wide = width > 560;
    const most = Math.max(...responses[unit].flatMap((row) => [...row])) || 1;
    const ten = 10 ** Math.floor(Math.log10(most));
    const step = ten * [0.2, 0.5, 1, 2, 5].find((m) => m * ten * 4 >= most);
    const ticks = Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, i) => [i * step, short(i * step)]);
    const digits = Array.from(responses[unit][frame], (_, k) => k);
    const [left, start] = wide ? [large + 74, 40] : [38, top + large + 102];
    const area = plot({
      box: { left, top: start, width: width - left - 2, height: wide ? 196 : 120 }, x: [0.4, digits.length + 0.6], y: [0, 1.06 * most],
      xTicks: digits.map((k) => [k + 1, String(k)]), yTicks: ticks, xLabel: "digit", yLabel: "mean response, after ReLU",
    });
    marks += area.axes() + digits.map((k) => {
      const v = responses[unit][frame][k];
      return `<rect x="${area.X(k + 0.64).toFixed(2)}" y="${area.Y(v).toFixed(2)}" width="${(area.X(0.72) - area.X(0)).toFixed(2)}" ` +
        `height="${(area.Y(0) - area.Y(v)).toFixed(2)}" style="fill:var(--nn-${k === numbers[unit][frame][6] ? "green" : "muted"})"/>`;
    }).join("");

    const below = (wide ? top + large : start + 120) + 92;
    const each = wide ? Math.min(units.length, 8) : 4;
    const pitch = Math.min(94, width / each);
    const side = Math.min(84, Math.floor((pitch - 8) / 14) * 14);
    marks += heading(0, below - 8, "units at this moment");
    units.forEach((name, i) => {
      const [x, y] = [(i % each) * pitch, below + 2 + Math.floor(i / each) * (side + 28)];
      marks += draw(i, x, y, side, i === unit) + text(x + 2 + side / 2, y + side + 18, `unit ${name}`, "middle", 'class="nn-tick"');
      spots.push([x, y, pitch, side + 24, () => view.set("unit", i)]);
    });

    const cell = (f, k) => ROWS[k][1](numbers[unit][f][k]);
    const caption = `Unit ${units[unit]}, ${when(frame)}`;
    return {
      height: below + 2 + Math.ceil(units.length / each) * (side + 28),
      svg: marks,
      table: readout(caption, ["what", "at the start", "now"], ROWS.map(([name], k) => [name, cell(0, k), cell(frame, k)])),
      say: `${caption}: norm ${cell(frame, 0)}, moved by ${cell(frame, 3)}, active for ${cell(frame, 5)} of the pictures, responds most to ${cell(frame, 6)}`,
    };
  });
}

export default { render };
