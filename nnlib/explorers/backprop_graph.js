import { bracketed, explorer, legend, plot, readout, short, stroke, text } from "./draw.js";

function render({ model, el }) {
  const view = explorer({ model, el });
  const examples = model.get("data");
  const example = () => examples[view.get("example")];
  // Steps: 0 what is given, the operations, the 1 at the end, the operations backward.
  const operations = () => example().nodes.filter(({ symbol }) => symbol);
  const end = () => 2 * operations().length + 1;

  view.select("example", {
    label: "Graph", options: Object.entries(examples).map(([name, { label }]) => [name, label]),
  });
  view.slider("step", {
    label: "Step", values: () => Array.from({ length: end() + 1 }, (_, i) => i),
    text: (step) => `${step} of ${end()}`, buttons: true, wide: true,
  });

  let boxes = [];
  /** The step that fills in a node, forward or backward as the reader is. */
  function stepOf(name) {
    const [ops, { back }] = [operations(), example()];
    if (view.get("step") <= ops.length) return ops.findIndex((op) => op.name === name) + 1;
    const last = back.findLastIndex(({ parts }) => parts.some(([to]) => to === name));
    return ops.length + 2 + last;
  }
  view.drag((px, py) => {
    const far = boxes.map(([, x, y]) => Math.hypot(x - px, y - py));
    view.set("step", stepOf(boxes[far.indexOf(Math.min(...far))][0]));
  }, "nn-pick");

  return view.start((width) => {
    const { nodes, back } = example();
    const ops = operations();
    const step = view.get("step");
    const forward = step <= ops.length;
    const seen = new Set(nodes.filter(({ symbol }) => !symbol).map(({ name }) => name));
    ops.slice(0, step).forEach(({ name }) => seen.add(name));
    const gradients = new Map();
    if (!forward) gradients.set(ops.at(-1).name, 1);
    const done = forward ? [] : back.slice(0, step - ops.length - 1);
    for (const { parts } of done) for (const [to, , , , sum] of parts) gradients.set(to, sum);
    const now = forward ? ops[step - 1] : ops.find(({ name }) => name === (done.at(-1)?.node ?? ops.at(-1).name));

    const [top, pitch, high] = [50, 72, 56];
    const wide = Math.min((width - 4) / 5 - 12, 104);
    const rows = Math.max(...nodes.map(({ place }) => place[1]));
    const area = plot({
      box: { left: 2 + wide / 2, top: top + high / 2, width: width - 4 - wide, height: rows * pitch }, x: [0, 4], y: [rows, 0],
    });
    const at = new Map(nodes.map(({ name, place }) => [name, [area.X(place[0]), area.Y(place[1])]]));
    boxes = [...at].map(([name, [x, y]]) => [name, x, y]);

    /** An arrow between two boxes, as far as it can be seen. */
    function arrow([ax, ay], [bx, by], style) {
      const [dx, dy] = [bx - ax, by - ay];
      const long = Math.hypot(dx, dy);
      const edge = Math.min(wide / 2 / Math.abs(dx || 1e-9), high / 2 / Math.abs(dy || 1e-9));
      const [sx, sy] = [ax + dx * edge, ay + dy * edge];
      const [tx, ty] = [bx - dx * edge, by - dy * edge];
      const [ux, uy] = [(5 * dx) / long, (5 * dy) / long];
      const n = (v) => v.toFixed(1);
      return `<path d="M${n(sx)} ${n(sy)}L${n(tx)} ${n(ty)}M${n(tx - ux - uy)} ${n(ty - uy + ux)}L${n(tx)} ${n(ty)}L${n(tx - ux + uy)} ${n(ty - uy - ux)}" ${style}/>`;
    }
    let [svg, above] = ["", ""];
    for (const node of ops) for (const input of node.inputs) {
      const [from, to] = [at.get(input), at.get(node.name)];
      if (node !== now || (!forward && !done.length)) svg += arrow(from, to, stroke("muted", "", 1));
      else if (forward) above += arrow(from, to, stroke("blue", "", 2.5));
      else above += arrow(to, from, stroke("orange", "5 3", 2.5));
    }
    svg += above;
    for (const { name, symbol, value } of nodes) {
      const [x, y] = at.get(name);
      const known = seen.has(name);
      const gradient = gradients.get(name);
      const tint = gradient !== undefined ? ["orange", 14] : known ? ["blue", 14] : ["paper", 100];
      const thick = now?.name === name ? `stroke:var(--nn-ink);stroke-width:3` : `stroke:var(--nn-muted);stroke-width:1`;
      const size = `font-size:${wide < 70 ? 11 : 13}px`;
      const line = (k, string, look = "") =>
        text(x, y - 13 + 17 * k, string, "middle", `class="nn-cell" style="${size};${look}"`, wide - 4);
      const brief = (v) => short(wide < 70 ? Number(v.toPrecision(3)) : v); // the table has all digits
      svg +=
        `<rect x="${x - wide / 2}" y="${y - high / 2}" width="${wide}" height="${high}" rx="5" ` +
        `style="fill:color-mix(in srgb,var(--nn-${tint[0]}) ${tint[1]}%,var(--nn-paper));${thick};stroke-dasharray:${known ? "none" : "3 3"}"/>` +
        line(0, symbol ? `${name}: ${symbol}` : name, "font-weight:650") + line(1, known ? brief(value) : "?") +
        (gradient === undefined ? "" : line(2, `∂ ${brief(gradient)}`, "fill:var(--nn-orange)"));
    }
    const meaning = legend(4, 36, [
      ["a value goes forward", stroke("blue", "", 2.5)],
      ["a gradient, ∂, comes back", stroke("orange", "5 3", 2.5)],
    ]);

    const valueOf = new Map(nodes.map(({ name, value }) => [name, short(value)]));
    const given = (names) => names.map((name) => [name, valueOf.get(name)]);
    let [what, columns, table, spoken] = ["what is given", ["name", "value"], given([...seen]), ""];
    if (forward && step > 0) {
      what = `${now.name} = ${now.formula}`;
      table = [...given(now.inputs), [now.name, valueOf.get(now.name)]];
      spoken = `${now.name} is ${valueOf.get(now.name)}`;
    } else if (!forward) {
      columns = ["gradient of", "local", "local × upstream"];
      table = [[now.name, "", "1"]];
      what = `back from ${now.name}, whose gradient by itself is 1`;
    }
    if (done.length) {
      const { upstream, parts } = done.at(-1);
      what = `back through ${now.name} = ${now.formula}, upstream ${short(upstream)}`;
      table = parts.flatMap(([to, text, slope, product, sum]) => {
        const row = [to, text, `${short(slope)} × ${bracketed(upstream)} = ${short(product)}`];
        return sum === product ? [row] : [row, [to, "sum", `${short(sum - product)} + ${bracketed(product)} = ${short(sum)}`]];
      });
      spoken = table.map(([to, , product]) => `${to}: ${product}`).join("; ");
    }
    const title = `Step ${step} of ${end()}: ${what}`;
    return {
      height: top + rows * pitch + high + 4,
      svg: meaning + svg,
      table: readout(title, columns, table),
      say: `${title}. ${spoken}`,
    };
  });
}

export default { render };
