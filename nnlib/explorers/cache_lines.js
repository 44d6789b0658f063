import { explorer, heading, readout, stroke, text, tile } from "./draw.js";

function render({ model, el }) {
  const view = explorer({ model, el });
  const { rows, columns, line: sizes, lines: capacities, walks, dropped } = model.get("data");
  const total = rows * columns;
  view.select("walk", { label: "The matrix is read", options: Object.keys(walks).map((walk) => [walk, walk]) });
  view.slider("line", { label: "Numbers in a line", values: sizes, text: String });
  view.slider("lines", { label: "Lines in the cache", values: capacities, text: String });
  view.slider("step", {
    label: "Numbers read", values: Array.from({ length: total + 1 }, (_, s) => s),
    text: (s) => `${s} of ${total}`, wide: true, buttons: true,
  });

  let table;
  view.drag((px, py) => {
    const [r, c] = [Math.floor((py - table.top) / table.high), Math.floor((px - table.left) / table.wide)];
    if (r < 0 || r >= rows || c < 0 || c >= columns) return;
    view.set("step", walks[view.get("walk")].indexOf(r * columns + c) + 1);
  }, "nn-pick");

  const eventsOf = (walk, line, lines) => dropped[walk][sizes.indexOf(line)][capacities.indexOf(lines)];
  const countMisses = (events) => events.filter((event) => event !== null).length;

  return view.start((width) => {
    const [walk, step, line, lines] = ["walk", "step", "line", "lines"].map(view.get);
    const order = walks[walk];
    const events = eventsOf(walk, line, lines);
    const lineOf = (place) => Math.floor(place / line);
    // The lines in the cache after this step, the latest used first.
    let cache = [];
    for (let s = 0; s < step; s += 1) {
      const current = lineOf(order[s]);
      cache = [current, ...cache.filter((other) => other !== current && other !== events[s])];
    }
    const readAt = new Map(order.slice(0, step).map((place, s) => [place, s]));
    const here = step ? order[step - 1] : undefined;

    const wide = Math.min(58, (width - 4) / columns);
    table = { left: 2, top: 44, wide, high: 30 };
    const HIT = ["green", 30];
    const MISS = ["orange", 34];
    let marks = heading(0, 14, "the matrix: each number’s place") +
      tile(0, 20, 46, 20, "✓ hit", { tint: HIT }) + tile(50, 20, 52, 20, "× miss", { tint: MISS }) +
      `<path d="M114 30h22" ${stroke("blue", "", 4)}/>` + text(142, 35, "in the cache now", "start", 'class="nn-tick"');
    let [bars, edges] = ["", ""]; // what is in the cache, and where lines begin
    for (let place = 0; place < total; place += 1) {
      const [x, y] = [table.left + (place % columns) * wide, table.top + Math.floor(place / columns) * table.high];
      const read = readAt.has(place);
      const hit = read && events[readAt.get(place)] === null;
      marks += tile(x, y, wide, table.high, read ? `${place} ${hit ? "✓" : "×"}` : String(place), {
        tint: read ? (hit ? HIT : MISS) : undefined, edge: place === here ? "ink" : "grid", thick: place === here ? 3 : 1,
        look: read ? "nn-cell" : "nn-tick",
      });
      if (cache.includes(lineOf(place))) bars += `M${x + 2} ${y + table.high - 4}h${wide - 4}`;
      if (place % line === 0) edges += `M${x} ${y + 1}v${table.high - 2}`;
    }
    marks += `<path d="${bars}" ${stroke("blue", "", 3)}/><path d="${edges}" ${stroke("ink", "", 2)}/>`;
    marks += `<rect class="nn-area" x="${table.left}" y="${table.top}" width="${columns * wide}" height="${rows * table.high}"/>`;

    const top = table.top + rows * table.high + 46;
    marks += heading(0, top - 10, `the cache: ${lines} lines of ${line}, last used first`);
    const slot = (width - 2) / 4;
    for (let s = 0; s < lines; s += 1) {
      const from = s < cache.length ? cache[s] * line : undefined;
      const last = Math.min(from + line, total) - 1;
      const name = from === undefined ? "empty" : from === last ? String(from) : `${from} to ${last}`;
      marks += tile((s % 4) * slot, top + Math.floor(s / 4) * 34, slot, 32, name, {
        tint: from === undefined ? undefined : ["blue", s ? 16 : 40], dash: from === undefined ? "2 4" : "",
        edge: from === undefined ? "muted" : "blue", look: from === undefined ? "nn-tick" : "nn-cell",
      });
    }

    const happened = () => {
      const event = events[step - 1];
      if (event === null) return `place ${here} is in the cache, a hit`;
      return `place ${here} is not in the cache, a miss; its line is brought in${event < 0 ? "" : `, that of ${event * line} dropped`}`;
    };
    const empty = `nothing is read yet, the cache has room for ${lines} lines of ${line}`;
    const caption = `${walk}, step ${step} of ${total}: ${step ? happened() : empty}`;
    const count = (label, list) => {
      const misses = countMisses(list);
      return [label, String(list.length - misses), String(misses)];
    };
    const shown = [count("so far", events.slice(0, step))];
    for (const other of Object.keys(walks)) shown.push(count(`all, ${other}`, eventsOf(other, line, lines)));
    return {
      height: top + Math.ceil(lines / 4) * 34 + 4,
      svg: marks,
      table: readout(caption, ["reads", "hits", "misses"], shown),
      say: `${caption}. So far ${shown[0][1]} hits and ${shown[0][2]} misses`,
    };
  });
}

export default { render };
