import { explorer, format, plot, readout, stroke, text, unpack } from "./draw.js";

const TIMES = [
  [-9, "1 ns"], [-8, "10 ns"], [-7, "100 ns"], [-6, "1 µs"], [-5, "10 µs"], [-4, "100 µs"], [-3, "1 ms"],
  [-2, "10 ms"], [-1, "100 ms"], [0, "1 s"], [1, "10 s"], [2, "100 s"], [3, "1,000 s"],
];
const [TOP, HIGH] = [14, 38];
// At 0 itself a plot has its axis; a second is a time like all others here.
const NOT_ZERO = 1e-9;
const thousands = (count) => count.toLocaleString("en-US");
const timesText = (ratio) => (ratio >= 1e4 ? thousands(ratio) : format(ratio));
const guessText = (guess) => (guess < 1 ? `1/${thousands(Math.round(1 / guess))}` : thousands(guess));

/** Say how near a guess came; of what was not measured nothing can be said. */
function verdict(guess, ratio) {
  if (!Number.isFinite(ratio)) return "not measured";
  if (guess > 2 * ratio) return "your guess is too high";
  return guess < ratio / 2 ? "your guess is too low" : "you guessed within a factor of 2";
}

function render({ model, el }) {
  const view = explorer({ model, el });
  const { rungs, sizes, guesses, texts, ...packed } = model.get("data");
  const [seconds, rates, shares, ratios] = ["seconds", "rates", "shares", "ratios"].map((key) => unpack(packed[key]));
  const all = seconds.flatMap((row) => Array.from(row)).filter(Number.isFinite).map(Math.log10);
  const x = all.length ? [Math.floor(Math.min(...all)) - 0.15, Math.max(...all) + 0.4] : [-6, 0];
  const options = rungs.map((name) => [name, name]);

  view.select("base", { label: "Compare with", options });
  view.select("rung", { label: "Rung", options });
  view.select("measurement", { label: "Measurement", options: [["hidden", "hidden: guess first"], ["shown", "shown"], ["all", "all rungs shown"]] });
  view.slider("size", { label: "Samples in a batch, B", values: sizes, text: thousands });
  view.slider("guess", { label: "Your guess: times as fast", values: guesses, text: guessText, wide: true, buttons: true });

  view.drag((px, py) => {
    const i = Math.floor((py - TOP) / HIGH);
    view.set("rung", rungs[Math.min(rungs.length - 1, Math.max(0, i))]);
  }, "nn-pick");

  return view.start((width) => {
    const [base, rung] = ["base", "rung"].map((key) => rungs.indexOf(view.get(key)));
    const [size, guess] = [view.get("size"), view.get("guess")];
    const column = sizes.indexOf(size);
    const measurement = view.get("measurement");
    const shown = measurement !== "hidden";
    // Of the rungs that are not compared nothing is told, or no guess would be left.
    const known = (i) => i === base || measurement === "all" || (shown && i === rung);
    const bottom = TOP + HIGH * rungs.length;
    const span = x[1] - x[0];
    const every = Math.ceil((span * 58) / (width - 24));
    const area = plot({
      box: { left: 12, top: TOP, width: width - 24, height: bottom - TOP }, x, y: [0, 1],
      xTicks: TIMES.filter(([v]) => v > x[0] && v < x[1] && v % every === 0).map(([v, name]) => [v + NOT_ZERO, name]), xLabel: "time, each step a factor of ten",
    });
    const bars = rungs.map((name, i) => {
      const [y, time] = [TOP + HIGH * i, seconds[i][column]];
      const colour = i === rung ? "blue" : i === base ? "purple" : "muted";
      const long = known(i) && Number.isFinite(time) ? area.X(Math.log10(time)) - 12 : 0;
      const label = known(i) ? texts[i][column] : i === rung ? "your guess" : "hidden";
      const guessed = area.X(Math.log10(seconds[base][column] / guess));
      const outline = i === rung && i !== base && Number.isFinite(guessed)
        ? `<path d="M12 ${y + 20}H${Math.max(13, guessed)}v14H12" ${stroke("orange", "5 3", 2)}/>` : "";
      return (
        `<rect x="12" y="${y + 20}" width="${Math.max(0, long)}" height="14" style="fill:var(--nn-${colour})"/>` + outline +
        text(14, y + 15, `${name}: ${label}`, "start", `class="nn-halo"${i === rung || i === base ? ' font-weight="650"' : ""}`, width - 28)
      );
    });
    const ratio = ratios[base][rung][column];
    const answer = shown && rung !== base ? `: ${verdict(guess, ratio)}` : "";
    const title = `B = ${thousands(size)}, ${rungs[rung]} against ${rungs[base]}${answer}`;
    const pair = (values) => [base, rung].map((i) => (known(i) ? values(i) : "hidden"));
    const rows = [
      ["time", ...pair((i) => texts[i][column])], ["GFLOP/s", ...pair((i) => format(rates[i][column]))],
      ["share of peak", ...pair((i) => (Number.isFinite(shares[i][column]) ? `${format(shares[i][column])}%` : "–"))],
      ["times as fast", "1", known(rung) ? timesText(ratio) : "hidden"], ["your guess", "", guessText(guess)],
    ];
    return {
      height: bottom + 44,
      svg: area.axes() + bars.join("") + `<rect class="nn-area" x="12" y="${TOP}" width="${width - 24}" height="${bottom - TOP}"/>`,
      table: readout(title, ["what", rungs[base], rungs[rung]], rows),
      say: `${title}; ${known(rung) ? `${timesText(ratio)} times as fast` : `your guess: ${guessText(guess)} times as fast`}`,
    };
  });
}

export default { render };
