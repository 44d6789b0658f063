import { explorer, heading, readout, stroke, text, tile } from "./draw.js";

//: Rule -> its formula, with n for numbers put in, and the place that it gives.
const RULES = {
  "row-major": ["r * n_cols + c", (r, c, n) => `${r} * ${n.columns} + ${c}`, (r, c, n) => r * n.columns + c],
  "column-major": ["c * n_rows + r", (r, c, n) => `${c} * ${n.rows} + ${r}`, (r, c, n) => c * n.rows + r],
  "n_rows * r + c": ["n_rows * r + c", (r, c, n) => `${n.rows} * ${r} + ${c}`, (r, c, n) => n.rows * r + c],
};

/** Return Map(place -> the cells that a rule puts there), in the order of the table. */
function layOut(rule, n) {
  const places = new Map();
  for (let r = 0; r < n.rows; r += 1) {
    for (let c = 0; c < n.columns; c += 1) {
      const place = RULES[rule][2](r, c, n);
      places.set(place, [...(places.get(place) ?? []), [r, c]]);
    }
  }
  return places;
}

const upTo = (n, from = 0) => Array.from({ length: Math.max(0, n - from) }, (_, i) => from + i);

function render({ model, el }) {
  const view = explorer({ model, el });
  const { most } = model.get("data");
  const sizes = upTo(most + 1, 1);
  view.select("rule", {
    label: "Place of cell (r, c)",
    options: Object.entries(RULES).map(([rule, [formula]]) =>
      [rule, rule === formula ? `${formula}, a mistake` : `${formula}, ${rule}`]),
  });
  view.slider("rows", { label: "Rows (n_rows)", values: sizes, text: String });
  view.slider("columns", { label: "Columns (n_cols)", values: sizes, text: String });
  view.slider("row", { label: "Row r", values: () => upTo(view.get("rows")), text: String });
  view.slider("column", { label: "Column c", values: () => upTo(view.get("columns")), text: String });

  // A table that shrinks takes the chosen cell along.
  const stay = { rows: () => view.set("row", view.get("row")), columns: () => view.set("column", view.get("column")) };
  for (const [size, keep] of Object.entries(stay)) model.on(`change:${size}`, keep);

  let spots = []; // what the pointer can point at: [x, y, width, height, row, column]
  view.drag((px, py) => {
    const spot = spots.find(([x, y, w, h]) => px >= x && px < x + w && py >= y && py < y + h);
    if (!spot) return;
    view.set("row", spot[4]);
    view.set("column", spot[5]);
  }, "nn-hover");

  const stop = view.start((width) => {
    const n = { rows: view.get("rows"), columns: view.get("columns") };
    const [rule, row, column] = [view.get("rule"), view.get("row"), view.get("column")];
    const [formula, filled, placeOf] = RULES[rule];
    const places = layOut(rule, n);
    const [chosen, size] = [placeOf(row, column, n), n.rows * n.columns];
    const shared = (place) => (places.get(place)?.length ?? 0) > 1;
    const look = (place, r) => ({
      tint: shared(place) ? ["orange", place === chosen ? 55 : 30] : place === chosen ? ["blue", 50] : r === row ? ["blue", 14] : undefined,
      edge: place === chosen ? "ink" : shared(place) || place >= size ? "orange" : "muted",
      thick: place === chosen ? 3 : 1, dash: shared(place) || place >= size ? "5 3" : "",
    });
    const tick = (x, y, string) => text(x, y, string, "middle", 'class="nn-tick"');

    spots = [];
    const [left, top, high] = [44, 46, 32];
    const wide = Math.min(56, (width - left - 2) / most);
    let marks = heading(0, 14, `the table ${n.rows} × ${n.columns}: each cell’s place`);
    marks += upTo(n.columns).map((c) => tick(left + (c + 0.5) * wide, top - 6, `c = ${c}`)).join("");
    for (const r of upTo(n.rows)) {
      marks += text(left - 8, top + (r + 0.5) * high + 4, `r = ${r}`, "end", 'class="nn-tick"');
      for (const c of upTo(n.columns)) {
        const place = placeOf(r, c, n);
        const [x, y] = [left + c * wide, top + r * high];
        const mine = r === row && c === column;
        marks += tile(x, y, wide, high, shared(place) ? `${place} !` : String(place), { ...look(place, r), ...(mine || place !== chosen ? {} : { edge: "orange" }) });
        spots.push([x, y, wide, high, r, c]);
      }
    }
    marks += `<rect class="nn-area" x="${left}" y="${top}" width="${n.columns * wide}" height="${n.rows * high}"/>`;

    // The memory, in as many lines as it takes, and then what lies outside of it.
    const each = Math.max(1, Math.floor((width - 2) / 40));
    const room = Math.min(56, (width - 2) / Math.min(each, Math.max(size, 6)));
    const strip = (list, y) => list.forEach((place, i) => {
      const [x, line] = [(i % each) * room, y + Math.floor(i / each) * 52];
      const cells = places.get(place);
      const name = cells ? (cells.length > 1 ? `${cells.length} cells` : String(cells[0])) : "–";
      marks += tile(x, line, room, 32, name, cells ? look(place, cells.length > 1 ? -1 : cells[0][0]) : { dash: "2 4", edge: "muted" });
      marks += tick(x + room / 2, line + 45, String(place));
      if (cells) spots.push([x, line, room, 50, ...(place === chosen ? [row, column] : cells[0])]);
    });
    const first = top + n.rows * high + 44;
    marks += `<path d="M0 ${first - 32}H${width}" ${stroke("grid", "", 1)}/>`;
    marks += heading(0, first - 10, `the memory, ${size} place${size > 1 ? "s" : ""}: cells as r,c`);
    strip(upTo(size), first);
    let bottom = first + Math.ceil(size / each) * 52;
    const outside = [...places.keys()].filter((place) => place >= size);
    if (outside.length) {
      marks += heading(0, bottom + 16, "outside of the memory");
      strip(outside, bottom + 26);
      bottom += 26 + Math.ceil(outside.length / each) * 52;
    }

    const unused = upTo(size).filter((place) => !places.has(place));
    const colliding = [...places.values()].filter((cells) => cells.length > 1).flat().length;
    const list = (all) => (all.length ? all.join(", ") : "none");
    const sum = `${formula} = ${filled(row, column, n)} = ${chosen}`;
    const rows = [
      ["the chosen cell", `row ${row}, column ${column}`],
      ["its place", `${chosen}${chosen < size ? "" : ", outside of the memory"}`],
      ["cells with this place", places.get(chosen).map(([r, c]) => `(${r}, ${c})`).join(" ")],
      ["cells that share a place", `${colliding} of ${size}`],
      ["places never used", list(unused)],
      ["places outside", list(outside)],
    ];
    return {
      height: bottom + 4,
      svg: marks,
      table: readout(sum, ["what", "value"], rows),
      say: `Row ${row}, column ${column}: ${sum}. ${colliding} of ${size} cells share a place`,
    };
  });
  return () => {
    stop();
    for (const [size, keep] of Object.entries(stay)) model.off(`change:${size}`, keep);
  };
}

export default { render };
