import { explorer, fixed, legend, plot, readout, stroke, text } from "./draw.js";

const AFTER = {
  ReLU: (z) => Math.max(z, 0),
  Tanh: Math.tanh,
  Sigmoid: (z) => 1 / (1 + Math.exp(-z)),
};

/** The forward pass: { z, a } of every layer, before and after its activation. */
function forward(layers, x, activation) {
  let input = x;
  return layers.map(({ w, b }, l) => {
    const z = b.map((bias, j) => input.reduce((sum, v, i) => sum + v * w[i][j], 0) + bias);
    input = l + 1 < layers.length ? z.map(AFTER[activation]) : z;
    return { z, a: input };
  });
}

const look = (w) => stroke(w < 0 ? "orange" : "blue", w < 0 ? "7 4" : "", (0.6 + 3 * Math.abs(w)).toFixed(2));
const shown = (v) => fixed(v, 4);
const tint = (v) => {
  // At most half of the colour, so that the number on it can be read.
  const share = Math.round(50 * Math.min(1, Math.abs(v)));
  return `color-mix(in srgb,var(--nn-${v < 0 ? "orange" : "blue"}) ${share}%,var(--nn-paper))`;
};

function render({ model, el }) {
  const view = explorer({ model, el });
  const { x: xs, units: names, seeds, activations, networks } = model.get("data");
  const sizes = networks[0].map(({ b }) => b.length);
  // Where every unit that computes is: its layer and its place in it.
  const units = sizes.flatMap((n, l) => Array.from({ length: n }, (_, j) => [l, j]));
  const name = (l, j) =>
    l < 0 ? ["x₁", "x₂"][j] : names[units.findIndex(([m, k]) => m === l && k === j)];

  view.select("activation", {
    label: "After both hidden layers", options: activations.map((text) => [text, text]),
  });
  view.slider("x1", { label: "Input x₁", values: xs, text: (v) => fixed(v, 2) });
  view.slider("x2", { label: "Input x₂", values: xs, text: (v) => fixed(v, 2) });
  view.slider("seed", { label: "Seed of the weights", values: seeds, text: String });
  view.slider("unit", {
    label: "Look into unit", values: units.map((_, i) => i), text: (i) => names[i],
  });

  let places = [];
  view.drag((px, py) => {
    const far = places.map(([x, y]) => Math.hypot(x - px, y - py));
    view.set("unit", far.indexOf(Math.min(...far)));
  }, "nn-pick");

  return view.start((width) => {
    const [x1, x2, activation] = [view.get("x1"), view.get("x2"), view.get("activation")];
    const layers = networks[view.get("seed")];
    const computed = forward(layers, [x1, x2], activation);
    const values = [[x1, x2], ...computed.map(({ a }) => a)];
    const chosen = view.get("unit");
    const [layer, place] = units[chosen];

    const [top, pitch, radius] = [94, 70, 21];
    const area = plot({
      box: { left: radius + 6, top, width: width - 2 * radius - 12, height: 3 * pitch }, x: [-1, 2], y: [3, 0],
    });
    const at = (l, j) => [area.X(l), area.Y(j + (4 - values[l + 1].length) / 2)];
    places = units.map(([l, j]) => at(l, j));
    let [lines, circles] = ["", ""];
    layers.forEach(({ w }, l) => w.forEach((row, i) => row.forEach((weight, j) => {
      const [[fromX, fromY], [toX, toY]] = [at(l - 1, i), at(l, j)];
      const seen = l === layer && j === place ? 1 : 0.4;
      lines += `<path d="M${fromX} ${fromY}L${toX} ${toY}" opacity="${seen}" ${look(weight)}/>`;
    })));
    values.forEach((row, l) => row.forEach((value, j) => {
      const [x, y] = at(l - 1, j);
      const ring = l - 1 === layer && j === place ? ["ink", 3.5] : ["muted", 1];
      circles +=
        `<circle cx="${x}" cy="${y}" r="${radius}" style="fill:${tint(value)};stroke:var(--nn-${ring[0]});stroke-width:${ring[1]}"/>` +
        text(x, y + 4.5, fixed(value, 2), "middle", 'class="nn-cell"') +
        text(x, y - radius - 5, name(l - 1, j), "middle", 'class="nn-tick nn-halo"');
    }));
    const meaning = legend(6, 48, [
      ["weight > 0, as thick as it is large", look(1)],
      ["weight < 0, dashed", look(-1)],
      ["value > 0 blue, value < 0 orange", stroke("paper")],
    ]) + [1, -1].map((v) => `<circle cx="${20 + 9 * -v}" cy="44" r="7" style="fill:${tint(v)};stroke:var(--nn-muted)"/>`).join("");

    const { w, b } = layers[layer];
    const { z, a } = computed[layer];
    const rows = values[layer].map((v, i) =>
      [name(layer - 1, i), shown(v), shown(w[i][place]), shown(v * w[i][place])]);
    const after = layer + 1 < layers.length ? `after ${activation}` : "output";
    rows.push(
      ["bias", "", "", shown(b[place])], ["sum", "", "", shown(z[place])],
      [after, "", "", shown(a[place])],
    );
    const title = sizes[layer] === 1 ? "The output" : `Unit ${names[chosen]}`;
    return {
      height: top + 3 * pitch + radius + 8,
      svg: meaning + lines + circles,
      table: readout(`${title}, term by term`, ["from", "input", "weight", "product"], rows),
      say: `${title}: the sum is ${shown(z[place])}, ${after} ${shown(a[place])}; the network's output is ${shown(computed.at(-1).a[0])}`,
    };
  });
}

export default { render, forward };
