import { explorer, fixed, nearestIndex, plot, readout, stroke, unpack } from "./draw.js";

const LOOKS = {
  SGD: ["blue", ""], momentum: ["orange", "7 4"], Nesterov: ["green", "2 3"], Adam: ["purple", "10 3 2 3"],
};
const brief = (v) =>
  ((v >= 0.001 && v < 999.5) || v === 0 ? v.toPrecision(3) : v.toExponential(1).replace("-", "−").replace("e+", "e"));
const square = (v) => v * v;

// The losses and their gradients, term by term as trajectories.py has them.
const SURFACES = {
  ravine: [(x, y) => (x * x + 20 * y * y) / 2, (x, y) => [x, 20 * y]],
  banana: [(x, y) => square(1 - x) / 4 + square(y - x * x),
    (x, y) => [(x - 1) / 2 - 4 * x * (y - x * x), 2 * (y - x * x)]],
  saddle: [(x, y) => 0.4 * square(2 * x - y) + square(square(x + 2 * y) / 5 - 1), (x, y) => {
    const [u, v] = [x + 2 * y, 2 * x - y];
    const [du, dv] = [0.8 * u * (u * u / 5 - 1), 0.8 * v];
    return [du + 2 * dv, 2 * du - dv];
  }],
  "two valleys": [(x, y) => square(x - 1.5) * (x * x + 2.2 * x + 1.45) + 2 * y * y,
    (x, y) => [4 * (x + 1) * (x - 0.1) * (x - 1.5), 4 * y]],
};

/** One update of w in place; `memory` holds two numbers for each coordinate. */
function update(name, w, g, memory, t, lr, momentum) {
  for (const i of [0, 1]) {
    const m = memory[i];
    if (name === "Adam") {
      m[0] += (1 - 0.9) * (g[i] - m[0]);
      m[1] = m[1] * 0.999 + (1 - 0.999) * g[i] * g[i];
      const size = Math.sqrt(m[1]) / Math.sqrt(1 - 0.999 ** t) + 1e-8;
      w[i] -= lr / (1 - 0.9 ** t) * m[0] / size;
    } else if (name === "SGD") w[i] -= lr * g[i];
    else {
      m[0] = m[0] * momentum + g[i];
      w[i] -= lr * (name === "Nesterov" ? g[i] + momentum * m[0] : m[0]);
    }
  }
}

/** The places of a run, [x, y] each, up to the first that is gone; see trajectories.py. */
function run(surface, name, lr, momentum, start, steps, gone) {
  const gradient = SURFACES[surface][1];
  const [w, memory] = [[...start], [[0, 0], [0, 0]]];
  const places = [[...w]];
  for (let t = 1; t <= steps; t += 1) {
    if (Math.max(Math.abs(w[0]), Math.abs(w[1])) > gone) break;
    update(name, w, gradient(...w), memory, t, lr, momentum);
    places.push([...w]);
  }
  return places;
}

function render({ model, el }) {
  const view = explorer({ model, el });
  const { x: xs, y: ys, rates, momenta, steps, gone, minima, optimizers, ...packed } = model.get("data");
  const contours = Object.fromEntries(Object.entries(packed.contours).map(([name, all]) => [name, Object.values(all).map(unpack)]));

  view.select("surface", { label: "Surface", options: Object.keys(SURFACES).map((name) => [name, name]) });
  view.checks("optimizers", {
    label: "Optimisers", options: optimizers.map((value) => ({ value, colour: LOOKS[value][0], dash: LOOKS[value][1] })),
  });
  view.slider("lr", { label: "Learning rate", values: rates, text: String });
  view.slider("momentum", { label: "Momentum", values: momenta, text: String });
  view.slider("x", { label: "Start x", values: xs, text: (v) => fixed(v, 2) });
  view.slider("y", { label: "Start y", values: ys, text: (v) => fixed(v, 2) });
  const times = Array.from({ length: steps + 1 }, (_, t) => t);
  view.slider("step", { label: "Step", values: times, text: String, wide: true, buttons: true });

  let [map, chart] = [];
  view.drag((px, py) => {
    const beside = chart.X(0) > map.X(xs.at(-1)) ? px > chart.X(0) - 40 : py > map.Y(ys[0]) + 30;
    if (beside) return view.set("step", Math.round(Math.min(steps, Math.max(0, chart.invertX(px)))));
    view.set("x", xs[nearestIndex(xs.map(map.X), px)]);
    return view.set("y", ys[nearestIndex(ys.map(map.Y), py)]);
  }, "nn-pick");

  return view.start((width) => {
    const [surface, shown, lr, momentum, x, y, step] =
      ["surface", "optimizers", "lr", "momentum", "x", "y", "step"].map(view.get);
    const wide = width > 520;
    const across = wide ? Math.round(width * 0.55) : width - 44;
    const high = Math.round(across * 0.8);
    const ticks = [-2, -1, 0, 1, 2].map((v) => [v, fixed(v, 0)]);
    map = plot({
      box: { left: 30, top: 26, width: across, height: high }, x: [xs[0], xs.at(-1)], y: [ys[0], ys.at(-1)],
      xTicks: ticks, yTicks: ticks, yLabel: `The ${surface}, from above`,
    });
    const [left, top, tall] = wide ? [across + 90, 26, high] : [46, high + 84, 130];
    chart = plot({
      box: { left, top, width: width - left - 14, height: tall }, x: [0, steps], y: [-6, 2],
      xTicks: [0, 25, 50, 75, 100].map((v) => [v, String(v)]),
      yTicks: [[2, "100"], [0, "1"], [-2, "0.01"], [-4, "10⁻⁴"], [-6, "10⁻⁶"]], yLabel: "loss", xLabel: "step",
    });
    const lines = contours[surface].map((line) => map.curve(...line, `${stroke("muted", "", 0.8)} opacity="0.6"`));
    let [paths, curves, dots] = ["", "", ""];
    const rows = [];
    optimizers.filter((name) => shown.includes(name)).forEach((name) => {
      const [colour, dash] = LOOKS[name];
      const places = run(surface, name, lr, momentum, [x, y], steps, gone);
      const losses = places.map((place) => SURFACES[surface][0](...place));
      const there = places.slice(0, step + 1);
      const style = stroke(colour, dash, 2.2);
      paths += map.curve(there.map(([v]) => v), there.map(([, v]) => v), style);
      // A loss of 0 has no logarithm: it is drawn below the plot.
      curves += chart.curve(times.slice(0, losses.length), losses.map((v) => Math.log10(Math.max(v, 1e-9))), style);
      const here = places[step];
      if (here) paths += map.dot(...here, colour);
      if (losses[step] > 1e-6 && losses[step] < 100) dots += chart.dot(step, Math.log10(losses[step]), colour);
      const far = here && Math.min(...minima[surface].map(([a, b]) => Math.hypot(here[0] - a, here[1] - b)));
      // For good: the step after the last one with a larger loss.
      const first = losses.findLastIndex((v) => !(v < 0.001)) + 1;
      const end = places.length <= steps ? "explodes" : first <= steps ? `step ${first}` : `over ${steps}`;
      rows.push([name, here ? brief(far) : "∞", here ? brief(losses[step]) : "∞", end]);
    });
    const bottoms = minima[surface].map(([a, b]) => map.text(map.X(a), map.Y(b) + 6, "+", "middle", 'class="nn-halo" font-weight="700"'));
    const title = `At step ${step}, learning rate ${lr}, momentum ${momentum}${rows.length ? "" : "; choose an optimiser above"}`;
    return {
      height: top + tall + 44,
      svg: map.axes() + map.clip(...lines, ...bottoms, paths) + `<circle class="nn-handle" cx="${map.X(x)}" cy="${map.Y(y)}" r="7"/>` +
        chart.axes() + chart.clip(curves) + chart.upright(step, true) + dots,
      table: readout(title, ["optimiser", "distance", "loss", "arrives"], rows),
      say: `${title}. ${rows.map(([name, , loss]) => `${name}: loss ${loss}`).join("; ")}`,
    };
  });
}

export default { render };
