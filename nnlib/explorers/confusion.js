import { explorer, fixed, heading, pictures, readout, stroke, text, tile, unpack } from "./draw.js";

/** Return a probability as a percentage; certainty and impossibility are never claimed. */
function percent(p) {
  if (p === 1) return "> 99.99%";
  return p === 0 ? "< 0.01%" : `${fixed(100 * p, 2)}%`;
}

function render({ model, el }) {
  const view = explorer({ model, el });
  const { counts, shown, probabilities, pictures: packed } = model.get("data");
  const table = unpack(probabilities);
  const picture = pictures(el, packed, { ink: "0 1" });
  const digits = counts.map((_, k) => k);
  const most = Math.max(1, ...counts.flatMap((row, i) => row.filter((_, j) => i !== j)));
  // Where the pictures of a cell begin among all of them.
  let sum = 0;
  const starts = shown.map((row) => row.map((n) => (sum += n) - n));
  const confusions = digits.flatMap((i) => digits.map((j) => [i, j]))
    .filter(([i, j]) => i !== j && counts[i][j]).sort(([a, b], [c, d]) => counts[c][d] - counts[a][b]);

  const held = () => shown[view.get("true")][view.get("taken_for")];
  const choose = (i, j, n = 0) => {
    view.set("true", i);
    view.set("taken_for", j);
    view.set("picture", n);
  };
  view.slider("true", { label: "True digit", values: digits, text: String });
  view.slider("taken_for", { label: "Taken for", values: digits, text: String });
  view.steps((far) => {
    const at = confusions.findIndex(([i, j]) => i === view.get("true") && j === view.get("taken_for"));
    const next = confusions[at + far];
    return next && (() => choose(...next));
  }, ["Back", "Next confusion"]);
  view.slider("picture", {
    label: "Picture", values: () => Array.from({ length: held() || 1 }, (_, n) => n),
    text: (n) => (held() ? `${n + 1} of ${held()}` : "none"),
  });

  let spots = []; // what the pointer can point at: [x, y, width, height, action]
  view.drag((px, py) => {
    spots.find(([x, y, w, h]) => px >= x && px < x + w && py >= y && py < y + h)?.[4]();
  }, "nn-pick");

  return view.start((width) => {
    const [row, column] = [view.get("true"), view.get("taken_for")];
    const [count, here, chosen] = [counts[row][column], held(), view.get("picture")];
    const right = row === column;
    const wide = width > 620;
    const [left, top, side] = [24, 48, 84];
    // Beside the matrix three pictures have their place.
    const size = Math.min(34, Math.floor((width - left - (wide ? 24 + 3 * (side + 14) : 1)) / digits.length));
    const tick = (x, y, string) => text(x, y, string, "middle", 'class="nn-tick"');
    spots = [];
    let marks = heading(0, 14, "true digit by row, taken for by column");
    for (const i of digits) {
      marks += tick(left + (i + 0.5) * size, top - 7, String(i)) + tick(12, top + (i + 0.5) * size + 4.5, String(i));
      for (const j of digits) {
        const [x, y, n, mine] = [left + j * size, top + i * size, counts[i][j], i === row && j === column];
        marks += tile(x, y, size, size, n || mine ? String(n) : "", {
          tint: i === j ? ["blue", 14] : n ? ["orange", Math.round(12 + (43 * n) / most)] : undefined,
          edge: mine ? "ink" : n ? "muted" : "grid", thick: mine ? 3 : 1,
        });
        spots.push([x, y, size, size, () => choose(i, j)]);
      }
    }
    marks += `<rect class="nn-area" x="${left}" y="${top}" width="${digits.length * size}" height="${digits.length * size}"/>`;

    // The digits of a picture that are in question: on the diagonal it and the next one.
    const named = (p) => (right
      ? [row, digits.filter((k) => k !== row).reduce((a, b) => (p[b] > p[a] ? b : a))] : [column, row]);
    const name = right ? `${row} read as ${column}` : `${row} taken for ${column}`;
    const times = count === 0 ? "never" : count === 1 ? "once" : `${count} times`;
    const order = `${right ? "least" : "most"} certain first`;
    const [x0, y0] = wide ? [left + digits.length * size + 24, 14] : [0, top + digits.length * size + 30];
    marks += heading(x0, y0, `${name}: ${times}`);
    if (here) marks += text(x0, y0 + 19, count === 1 ? "1 of 1 shown" : `${here} of ${count} shown, ${order}`, "start");
    const pitch = Math.min(118, (width - x0) / 3);
    for (let n = 0; n < here; n += 1) {
      const p = table[starts[row][column] + n];
      const [x, y] = [x0 + (n % 3) * pitch, y0 + 30 + Math.floor(n / 3) * 166];
      marks += tile(x, y, side + 4, side + 4, "", { edge: n === chosen ? "ink" : "muted", thick: n === chosen ? 3 : 1 }) +
        picture(starts[row][column] + n, x + 2, y + 2, side);
      const foot = y + side + 36;
      const bar = side / digits.length;
      marks += digits.map((k) => {
        const colour = k === row ? "blue" : k === column ? "orange" : "muted";
        const high = Math.max(26 * p[k], 0.5);
        return `<rect x="${(x + 2 + k * bar + 0.5).toFixed(2)}" y="${(foot - high).toFixed(2)}" width="${(bar - 1).toFixed(2)}" height="${high.toFixed(2)}" style="fill:var(--nn-${colour})"/>`;
      }).join("") + `<path d="M${x + 1} ${foot}h${side + 2}" ${stroke("muted", "", 1)}/>`;
      marks += named(p).map((k, line) =>
        text(x + 2, foot + 16 + 15 * line, `${k}: ${percent(p[k])}`, "start", 'class="nn-cell"')).join("");
      spots.push([x, y, pitch, 158, () => view.set("picture", n)]);
    }

    const p = here ? table[starts[row][column] + chosen] : [];
    const half = Math.ceil(digits.length / 2);
    const cells = (k) => (k < digits.length ? [String(k), here ? percent(p[k]) : "–"] : ["", ""]);
    const caption = here ? `${name}, ${times}: picture ${chosen + 1} of ${here}` : `${name}: ${times}`;
    return {
      height: Math.max(top + digits.length * size + 2, here ? y0 + 30 + Math.ceil(here / 3) * 166 : y0 + 24),
      svg: marks,
      table: readout(caption, ["digit", "probability", "digit", "probability"],
        digits.slice(0, half).map((k) => [...cells(k), ...cells(k + half)])),
      say: caption + (here ? named(p).map((k) => `; ${percent(p[k])} for ${k}`).join("") : ""),
    };
  });
}

export default { render };
