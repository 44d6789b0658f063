import { explorer, fixed, format, nearestIndex, plot, readout, stroke, unpack } from "./draw.js";

const whole = (list) => list.map((v) => [v, fixed(v, v % 1 ? 1 : 0)]);
const tint = (colour, share) => `style="fill:color-mix(in srgb,var(--nn-${colour}) ${share}%,var(--nn-paper))"`;

function render({ model, el }) {
  const view = explorer({ model, el });
  const { rates, momenta, steps, names, kinds, arrivals, ...packed } = model.get("data");
  const [places, factors, edges] = ["places", "factors", "edges"].map((key) => unpack(packed[key]));
  const times = Array.from({ length: steps + 1 }, (_, t) => t);
  const [heights, ...limits] = edges.map((list) => Array.from(list));

  view.slider("rate", { label: "Learning rate × curvature, ηc", values: rates, text: (v) => fixed(v, 2), wide: true });
  view.slider("momentum", { label: "Momentum μ", values: momenta, text: String });
  view.slider("step", { label: "Steps shown", values: times, text: String, wide: true, buttons: true });

  let [plane, course] = [];
  view.drag((px, py) => {
    if (py > course.Y(1.5) - 20) {
      view.set("step", Math.round(Math.min(steps, Math.max(0, course.invertX(px)))));
    } else if (px < plane.X(4) + 20 && py < plane.Y(0) + 40) {
      view.set("rate", rates[nearestIndex(rates.map(plane.X), px)]);
      view.set("momentum", momenta[nearestIndex(momenta.map(plane.Y), py)]);
    }
  }, "nn-pick");

  /** A region of the plane, between two of its limits. */
  function region(from, to, style) {
    const path = (list) => heights.map((m, i) => `${plane.X(list[i]).toFixed(1)} ${plane.Y(m).toFixed(1)}`);
    const d = [...path(from), ...[...path(to)].reverse()].join("L");
    return `<path d="M${d}Z" ${style}/>`;
  }

  return view.start((width) => {
    const [rate, momentum, step] = ["rate", "momentum", "step"].map(view.get);
    const [row, column] = [momenta.indexOf(momentum), rates.indexOf(rate)];
    const path = places[row][column];
    const wide = width > 520;
    const half = wide ? Math.round((width - 120) / 2) : width - 44;
    const high = wide ? 230 : 170;
    plane = plot({
      box: { left: 38, top: 26, width: half, height: high }, x: [0, 4], y: [0, 1],
      xTicks: whole([0, 1, 2, 3, 4]), yTicks: whole([0, 0.5, 1]), xLabel: "ηc", yLabel: "momentum μ",
    });
    const none = heights.map(() => 0);
    const far = heights.map(() => 4);
    const note = (x, y, string) => plane.text(plane.X(x), plane.Y(y) + 4, string, "middle", 'class="nn-tick nn-halo"');
    const map =
      region(none, limits[0], tint("green", 22)) + region(limits[0], limits[1], tint("blue", 22)) +
      region(limits[1], limits[2], tint("purple", 22)) + region(limits[2], far, tint("orange", 30));
    const border = plane.curve(limits[2], heights, stroke("orange", "", 2.5)) +
      plane.curve(limits[0], heights, stroke("green", "7 4")) + plane.curve(limits[1], heights, stroke("purple", "2 3"));
    const notes = note(0.22, 0.12, "one") + note(0.26, 0.04, "side") + note(1.4, 0.55, "swings") +
      note(1.87, 0.07, "jumps") + note(3.2, 0.2, "explodes");
    const here = `<circle class="nn-handle" cx="${plane.X(rate)}" cy="${plane.Y(momentum)}" r="7"/>` +
      `<rect class="nn-area" x="38" y="26" width="${half}" height="${high}"/>`;

    const top = wide ? 26 : high + 100;
    const bowl = plot({
      box: { left: wide ? half + 106 : 38, top, width: half, height: high }, x: [-1.5, 1.5], y: [0, 1.5],
      xTicks: whole([-1, 0, 1]), yTicks: whole([0, 0.5, 1]), xLabel: "θ", yLabel: "loss (1 at the start)",
    });
    const xs = Array.from({ length: 61 }, (_, i) => (i - 30) / 20);
    const shown = Array.from(path.subarray(0, step + 1));
    const jumps = bowl.curve(shown, shown.map((w) => w * w), stroke("orange", "", 1.5));
    const marks = shown.map((w, t) => bowl.dot(w, w * w, t === step ? "ink" : "orange")).join("");

    const under = top + high + 74;
    course = plot({
      box: { left: 38, top: under, width: width - 52, height: 130 }, x: [0, steps], y: [-1.5, 1.5],
      xTicks: [0, 5, 10, 15, 20, 25, 30].map((v) => [v, String(v)]), yTicks: whole([-1, 0, 1]), xLabel: "step", yLabel: "θ",
    });
    const inside = (w) => Math.abs(w) <= 1.5;
    const line = course.clip(course.curve(times, path, stroke("orange", "", 1.5)),
      ...shown.map((w, t) => course.dot(t, inside(w) ? w : NaN, t === step ? "ink" : "orange")));
    const name = momentum ? `momentum ${momentum}` : "no momentum";
    const title = `ηc = ${fixed(rate, 2)}, ${name}: ${names[kinds[row][column]]}`;
    const arrival = arrivals[row][column];
    const rows = [
      [`θ after step ${step}, from 1`, format(path[step])],
      ["factor per step in the long run", format(factors[row][column])],
      ["steps to within 1%, for good", arrival === null ? "never" : String(arrival)],
    ];
    return {
      height: under + 174,
      svg: plane.clip(map, border) + plane.axes() + notes + here + bowl.axes() +
        bowl.clip(bowl.curve(xs, xs.map((x) => x * x), stroke("blue", "", 2)), jumps, marks) +
        course.axes() + line + course.upright(step, true),
      table: readout(title, ["quantity", "value"], rows),
      say: `${title}; ${rows.map(([what, value]) => `${what} ${value}`).join("; ")}`,
    };
  });
}

export default { render };
