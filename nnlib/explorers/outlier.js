import { explorer, fixed, format, nearestIndex, plot, readout, stroke, unpack } from "./draw.js";

const LOOKS = { MSE: ["blue", ""], MAE: ["orange", "7 4"], Huber: ["green", "2 4"] };

function render({ model, el }) {
  const view = explorer({ model, el });
  const { x: xs, y: ys, places, stops, deltas, fits: packed } = model.get("data");
  const fits = unpack(packed);
  const names = Object.keys(places);

  view.select("place", {
    label: "The point to drag", options: names.map((name) => [name, name === "end" ? "at the right end" : "in the middle"]),
  });
  view.slider("y", { label: "It lies at y", values: stops, text: (v) => fixed(v, 1), wide: true });
  view.slider("delta", { label: "δ of Huber", values: deltas, text: String });

  let last;
  view.drag((px, py) => view.set("y", stops[nearestIndex(stops, last.invertY(py))]), "nn-pick");

  return view.start((width) => {
    const place = view.get("place");
    const chosen = places[place];
    const y = view.get("y");
    const at = stops.indexOf(y);
    const table = fits[names.indexOf(place)][at];
    const lines = { MSE: table[0], MAE: table[1], Huber: table[2 + deltas.indexOf(view.get("delta"))] };
    const height = width > 520 ? 320 : 270;
    const box = { left: 38, top: 66, width: width - 38 - 14, height };
    const [low, high] = [-9, 21];
    const area = plot({
      box, x: [-0.6, 11.6], y: [low, high],
      xTicks: [0, 2, 4, 6, 8, 10].map((v) => [v, String(v)]),
      yTicks: [-5, 0, 5, 10, 15, 20].map((v) => [v, fixed(v, 0)]), xLabel: "x", yLabel: "",
    });
    last = { invertY: (py) => high - ((py - box.top) / height) * (high - low) };
    let [drawn, dots] = ["", ""];
    const rows = Object.entries(lines).map(([name, [slope, intercept]]) => {
      const ends = [-0.6, 11.6];
      drawn += area.curve(ends, ends.map((v) => slope * v + intercept), stroke(...LOOKS[name], 2.5));
      return [name, format(slope), format(intercept)];
    });
    xs.forEach((v, i) => {
      if (i !== chosen) dots += area.dot(v, ys[i], "muted");
    });
    const [px, py] = [area.X(xs[chosen]), area.Y(y)];
    const where = `The point at x = ${fixed(xs[chosen], 0)} lies at y = ${fixed(y, 1)}; δ = ${view.get("delta")}`;
    return {
      height: height + 110,
      svg:
        area.legend(Object.keys(LOOKS).map((name) => [name, stroke(...LOOKS[name], 2.5)])) +
        area.axes() + area.clip(drawn) + dots +
        `<path d="M${px} ${area.Y(high)}V${area.Y(low)}" ${stroke("ink", "1 5", 1.5)}/>` +
        `<circle class="nn-handle" cx="${px}" cy="${py}" r="8"/>`,
      table: readout(where, ["fitted by", "slope", "intercept"], rows),
      say: `${where}. ${rows.map(([name, slope, intercept]) => `${name}: slope ${slope}, intercept ${intercept}`).join("; ")}`,
    };
  });
}

export default { render };
