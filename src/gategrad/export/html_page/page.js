// What joins input, circuit, scores and lamps.

const PALETTE = [
  "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#ff9da7",
  "#9c755f", "#8a8f98",
];
const SHIFTS = [-2, -1, 0, 1, 2];
const ORDINARY = 4; // digits of a score

function find(id) {
  return document.getElementById(id);
}

function element(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}

function classColor(c) {
  return PALETTE[c % PALETTE.length];
}

// An image moved by whole pixels, what comes in being empty.
function shifted(cells, [planes, height, width], dx, dy) {
  const out = new Float64Array(cells.length);
  for (let p = 0; p < planes; p++) {
    for (let y = Math.max(0, dy); y < Math.min(height, height + dy); y++) {
      for (let x = Math.max(0, dx); x < Math.min(width, width + dx); x++) {
        out[(p * height + y) * width + x] = cells[(p * height + y - dy) * width + x - dx];
      }
    }
  }
  return out;
}

// The image itself first, then its copies, row by row of the small table that shows them.
function copiesOf(model, cells) {
  const rows = [cells];
  for (const dy of SHIFTS) for (const dx of SHIFTS) rows.push(shifted(cells, model.image, dx, dy));
  return rows;
}

// A line a class: its name, how probable it is, and its sum. `show` gets one row's sums.
function makeScores(model) {
  const list = find("scores");
  const names = model.kind === "binary" ? model.labels : model.bias.map((_, c) => model.labels[c]);
  const lines = names.map((name, c) => {
    const line = element("li", {});
    const bar = element("span", { className: "bar" });
    const value = element("span", { className: "value" });
    const title = element("span", { className: "class", textContent: name });
    if (!model.image && model.kind !== "regression") {
      const dot = element("i", { className: "dot" });
      dot.style.background = classColor(c);
      title.prepend(dot);
    }
    const track = element("span", { className: "track" });
    track.append(bar);
    line.append(title, track, value);
    list.append(line);
    return { line, bar, value };
  });
  const ends = model.kind === "regression" ? rangesOf(model) : null;
  let said = null;

  function show(sums) {
    const decision = decide(model, sums);
    const scores = scoresOf(model, sums);
    let shares = chances(model, sums);
    if (model.kind === "binary") shares = [1 - shares[0], shares[0]];
    lines.forEach(({ line, bar, value }, c) => {
      line.classList.toggle("chosen", chooses(model, decision, c));
      const share = shares ? shares[c] : (scores[c] - ends[c][0]) / (ends[c][1] - ends[c][0] || 1);
      bar.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
      value.textContent = textOf(model, c, shares, scores, sums);
    });
    const text = headline(model, decision, scores);
    find("decision").textContent = text;
    // A reader of the screen hears changes alone.
    if (text !== said) find("said").textContent = `The circuit says ${text}.`;
    said = text;
  }

  return { show };
}

function chooses(model, decision, c) {
  if (model.kind === "multilabel") return decision[c] === 1;
  return decision === c;
}

function textOf(model, c, shares, scores, sums) {
  if (!shares) return `${sums[c]}`;
  const percent = `${Math.round(100 * shares[c])} %`;
  if (model.kind === "binary") return c ? `${percent} · ${sums[0]}` : percent;
  return `${percent} · ${sums[c]}`;
}

function headline(model, decision, scores) {
  if (model.kind === "argmax" || model.kind === "binary") return model.labels[decision];
  if (model.kind === "multilabel") {
    return model.labels.filter((_, c) => decision[c]).join(", ") || "none";
  }
  return scores.map((score) => Number(score.toPrecision(ORDINARY))).join(", ");
}

// The least and the greatest score that each sum can be.
function rangesOf(model) {
  return model.bias.map((bias, c) => {
    let [low, high] = [bias, bias];
    for (let i = model.sumStart[c]; i < model.sumStart[c + 1]; i++) {
      if (model.sumWeight[i] < 0) low += model.sumWeight[i];
      else high += model.sumWeight[i];
    }
    const ends = [low, high].map((sum) => sum * model.scale[c] + model.offset[c]);
    return ends.sort((a, b) => a - b);
  });
}

// The table of what copies that are moved by up to two pixels are read as.
function makeCopies(model) {
  const table = find("copies");
  const cells = [];
  for (const _ of SHIFTS) {
    const row = element("tr", {});
    for (const _ of SHIFTS) cells.push(row.appendChild(element("td", {})));
    table.append(row);
  }

  function show(sums) {
    const classes = model.bias.length;
    const of = (row) => decide(model, sums.subarray(row * classes, (row + 1) * classes));
    const own = of(0);
    const said = cells.map((_, i) => of(i + 1));
    said.forEach((decision, i) => {
      cells[i].textContent = short(model.labels[decision]);
      cells[i].classList.toggle("same", decision === own);
    });
    const same = said.filter((decision) => decision === own).length;
    const text = `Moved by up to two pixels, ${same} of 25 copies are read the same.`;
    find("copiesText").textContent = text;
  }

  return { show };
}

function short(text) {
  return text.length > 5 ? `${text.slice(0, 4)}…` : text;
}

function start() {
  const model = makeModel(JSON.parse(find("model").textContent));
  model.columnsAreBits = model.image
    ? model.top === 1 && model.low.every((low) => low === 0)
    : model.columns.every((column) => column.kind === "bit");
  model.examples = model.examples.map((row) => row.map((v) => (v === null ? NaN : Number(v))));
  const gates = makeGates(model);
  const scores = makeScores(model);
  const decides = model.kind === "argmax" || model.kind === "binary";
  const copies = model.image && decides ? makeCopies(model) : null;
  find("copiesBox").hidden = !copies;
  find(model.image ? "form" : "drawing").remove();
  document.body.className = model.image ? "drawing" : "form";
  let [cells, column, input, waiting] = [null, null, null, false];

  function run() {
    waiting = false;
    if (input && input.whatIf) input.whatIf(column);
    const rows = copies ? copiesOf(model, cells) : [cells];
    const before = performance.now();
    encode(model, rows);
    evaluate(model);
    const sums = sumsOf(model, rows.length);
    const took = performance.now() - before;
    scores.show(sums.subarray(0, model.bias.length));
    if (copies) copies.show(sums);
    gates.update(model.value);
    const what = rows.length === 1 ? "one row" : `${rows.length} images`;
    find("speed").textContent = `${what} in ${took.toFixed(1)} ms`;
  }

  function changed(newCells, newColumn = null) {
    [cells, column] = [newCells, newColumn];
    if (!waiting) requestAnimationFrame(run);
    waiting = true;
  }

  input = model.image ? makeDrawing(model, changed) : makeForm(model, changed);
  makeThemes(gates);
  window.gategrad = {
    model,
    // Rows of cells, any number of them, to { labels, sums }: places of classes, and all sums.
    predict: (rows) => predict(model, rows.map((row) => Float64Array.from(row))),
    show: (row) => input.set(Float64Array.from(row)),
    get cells() {
      return Array.from(cells);
    },
  };
}

function makeThemes(gates) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  find("theme").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    gates.repaint();
  });
  system.addEventListener("change", gates.repaint);
}

start();
