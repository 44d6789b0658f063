import { explorer, fixed, format, nearestIndex, plot, readout, stroke, unpack } from "./draw.js";

const percent = (share) => `${fixed(100 * share, 0)}%`;

function render({ model, el }) {
  const view = explorer({ model, el });
  const { reductions, samples, lr: rates, steps, runs: packed } = model.get("data");
  const runs = unpack(packed);
  const end = steps.length - 1;

  view.select("reduction", {
    label: "The loss of the samples is",
    options: reductions.map((name) => [name, name === "sum" ? "summed" : "averaged"]),
  });
  view.slider("lr", { label: "Learning rate", values: rates, text: String });
  view.slider("samples", { label: "Samples", values: samples, text: String });

  let map;
  view.drag((px, py) => {
    const column = Math.floor((px - map.left) / map.wide);
    const line = Math.floor((py - map.top) / map.high);
    if (!(column in rates && line in samples)) return;
    view.set("lr", rates[column]);
    view.set("samples", samples[line]);
  }, "nn-pick");

  return view.start((width) => {
    const table = runs[reductions.indexOf(view.get("reduction"))];
    const [lr, count] = [view.get("lr"), view.get("samples")];
    const [row, column] = [nearestIndex(samples, count), nearestIndex(rates, lr)];
    const left = 46;
    map = { left, top: 26, wide: (width - left - 14) / rates.length, high: 32 };
    const below = map.top + samples.length * map.high;
    const inner = { left, width: width - left - 14 };
    const grid = plot({
      box: { ...inner, top: map.top, height: below - map.top },
      x: [0, rates.length], y: [samples.length, 0],
      yLabel: "samples (rows): dead units", xLabel: "learning rate",
    });
    let cells = "";
    samples.forEach((n, i) => {
      cells += grid.text(left - 6, grid.Y(i + 0.5) + 4, n, "end", 'class="nn-tick"');
      rates.forEach((_, j) => {
        const dead = table[i][j][1][end];
        // At most half of the colour, so that the number on it can be read.
        const tint = `color-mix(in srgb,var(--nn-orange) ${n2(dead * 50)}%,var(--nn-paper))`;
        const chosen = i === row && j === column;
        cells +=
          `<rect x="${grid.X(j) + 1.5}" y="${grid.Y(i) + 1.5}" width="${map.wide - 3}" height="${map.high - 3}" rx="3" ` +
          `style="fill:${tint};stroke:var(--nn-${chosen ? "ink" : "grid"});stroke-width:${chosen ? 3 : 1}"/>` +
          grid.text(grid.X(j + 0.5), grid.Y(i + 0.5) + 4.5, percent(dead), "middle", 'class="nn-cell"');
      });
    });
    rates.forEach((rate, j) => {
      cells += grid.text(grid.X(j + 0.5), below + 16, String(rate), "middle", 'class="nn-tick"');
    });

    const [loss, dead] = table[row][column];
    const finite = Array.from(loss).filter(Number.isFinite);
    const top = Math.max(2.5, ...finite.map((v) => Math.min(1.05 * v, 10)));
    const every = [1, 2, 5].find((each) => top < 4 * each);
    const xTicks = [0, 0.25, 0.5, 0.75, 1].map((part) => steps[Math.round(part * end)]).map((s) => [s, String(s)]);
    const x = [steps[0], steps[end]];
    const high = width > 520 ? 120 : 100;
    const [blue, orange] = [stroke("blue", "", 2.5), stroke("orange", "", 2.5)];
    const losses = plot({
      box: { ...inner, top: below + 76, height: high }, x, y: [0, top], xTicks: xTicks.map(([s]) => [s, ""]),
      yTicks: [0, 1, 2, 3].map((v) => v * every).filter((v) => v <= top).map((v) => [v, String(v)]), yLabel: "loss",
    });
    const deaths = plot({
      box: { ...inner, top: below + high + 108, height: high }, x, y: [0, 1], xTicks,
      yTicks: [0, 0.5, 1].map((v) => [v, percent(v)]), yLabel: "dead units", xLabel: "step",
    });
    const run = `${view.get("reduction") === "sum" ? "Summed" : "Averaged"} loss, learning rate ${lr}, ${count} sample${count === 1 ? "" : "s"}`;
    const rows = [0, end].map((i) => [`step ${steps[i]}`, format(loss[i]), percent(dead[i])]);
    return {
      height: below + 2 * high + 154,
      svg:
        grid.axes() + cells + losses.axes() + losses.clip(losses.curve(steps, loss, blue)) +
        deaths.axes() + deaths.clip(deaths.curve(steps, dead, orange)),
      table: readout(run, ["when", "loss of the run", "dead units"], rows),
      say: `${run}: at the end the loss is ${format(loss[end])}, and ${percent(dead[end])} of the units are dead`,
    };
  });
}

const n2 = (value) => Math.round(value * 100) / 100;

export default { render };
