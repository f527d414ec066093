// The input of tables: a control for each column, and under it what other values would decide.

const MOST_WHAT_IFS = 2e7; // gates times columns; beyond, only the column in use is asked

// The card with the columns. `changed` gets the cells and the column that was moved.
function makeForm(model, changed) {
  const start = Float64Array.from(model.columns, (column) => column.start);
  const controls = [];
  let cells = start;
  const read = readColumns(model);

  function moved(j, value) {
    cells = Float64Array.from(cells);
    cells[j] = value;
    changed(cells, j);
  }

  model.columns.forEach((column, j) => {
    const control = makeControl(column, j, (value) => moved(j, value));
    controls.push(control);
    find(read.has(j) ? "columns" : "unread").append(control.element);
  });
  find("stripsHint").hidden = model.kind === "multilabel";
  for (const id of ["columns", "unread"]) find(id).classList.toggle("bits", model.columnsAreBits);
  const idle = model.columns.length - read.size;
  find("unreadBox").hidden = !idle;
  find("unreadTitle").textContent = `${idle} that the circuit does not read`;

  function set(row) {
    cells = Float64Array.from(row);
    controls.forEach((control, j) => control.set(cells[j]));
    changed(cells, null);
  }

  find("reset").addEventListener("click", () => set(start));
  makeStepper(model.examples, set);
  set(model.examples.length ? model.examples[0] : start);

  // Strips of the columns: colours of what each of 32 values of one column would give.
  function whatIf(only) {
    const all = model.table.length * read.size < MOST_WHAT_IFS;
    for (const j of read) {
      if (!all && j !== only) {
        controls[j].paint(null); // what it showed was of another row
        continue;
      }
      const values = controls[j].values;
      const rows = values.map((value) => {
        const row = Float64Array.from(cells);
        row[j] = value;
        return row;
      });
      encode(model, rows);
      evaluate(model);
      controls[j].paint(stripColors(model, sumsOf(model, rows.length), rows.length));
    }
  }

  return { set, whatIf };
}

// Columns that some gate or sum depends on through the encoder.
function readColumns(model) {
  const read = new Set();
  const note = (signal) => {
    if (signal >= 2 && signal < model.firstGate) read.add(model.feature[signal - 2]);
  };
  model.fanin.forEach(note);
  model.sumSignal.forEach(note);
  return read;
}

// A colour a row: of the class, or of how far a number is from the least to the greatest.
function stripColors(model, sums, rows) {
  const classes = model.bias.length;
  const of = (i) => sums.subarray(i * classes, (i + 1) * classes);
  const each = Array.from({ length: rows }, (_, i) => of(i));
  if (model.kind === "argmax" || model.kind === "binary") {
    return each.map((row) => classColor(decide(model, row)));
  }
  if (model.kind === "multilabel") return null;
  const scores = each.map((row) => scoresOf(model, row)[0]);
  const [least, most] = [Math.min(...scores), Math.max(...scores)];
  const share = (s) => (most > least ? (s - least) / (most - least) : 0.5);
  return scores.map((s) => `rgb(238 148 22 / ${0.1 + 0.9 * share(s)})`);
}

function makeControl(column, j, moved) {
  const box = element("div", { className: "column" });
  const id = `column${j}`;
  const name = element("label", { htmlFor: id, textContent: column.name, className: "name" });
  const strip = element("canvas", { className: "strip", height: 1 });
  strip.setAttribute("aria-hidden", "true");
  const makers = { number: makeSlider, category: makeSelect, bit: makeSwitch };
  const made = makers[column.kind](column, id, moved);
  box.append(name, ...made.parts, strip);
  box.classList.add(column.kind);

  function paint(colors) {
    strip.hidden = !colors;
    if (!colors) return;
    strip.width = colors.length;
    const context = strip.getContext("2d");
    colors.forEach((color, i) => {
      context.fillStyle = color;
      context.fillRect(i, 0, 1, 1);
    });
  }

  return { element: box, set: made.set, values: made.values, paint };
}

// A slider with a field for any other number beside it.
function makeSlider(column, id, moved) {
  const { low, high, step } = column;
  const slider = element("input", { type: "range", id, min: low, max: high, step });
  const field = element("input", { type: "number", step: "any", className: "field" });
  field.setAttribute("aria-label", column.name);
  const [gap, missing] = makeGap(column);

  function set(value) {
    const there = !Number.isNaN(value);
    missing.checked = !there;
    slider.disabled = field.disabled = !there;
    if (!there) return;
    slider.value = value;
    field.value = value;
  }

  slider.addEventListener("input", () => {
    field.value = slider.value;
    moved(Number(slider.value));
  });
  field.addEventListener("input", () => {
    // An empty field is no number, and a half-written one isn't either.
    if (field.value === "" || Number.isNaN(Number(field.value))) return;
    slider.value = field.value;
    moved(Number(field.value));
  });
  missing.addEventListener("change", () => {
    const value = missing.checked ? NaN : Number(field.value || slider.value);
    set(value);
    moved(value);
  });
  const values = Array.from({ length: LANES }, (_, i) => low + ((high - low) * i) / (LANES - 1));
  return { parts: [slider, field, ...(column.missing ? [gap] : [])], set, values };
}

function makeGap(column) {
  const missing = element("input", { type: "checkbox" });
  const gap = element("label", { className: "gap" });
  gap.append(missing, " missing");
  missing.setAttribute("aria-label", `${column.name} is missing`);
  return [gap, missing];
}

function makeSelect(column, id, moved) {
  const select = element("select", { id });
  const add = (value, textContent) => select.append(element("option", { value, textContent }));
  column.categories.forEach((text, place) => add(String(place), text));
  if (column.other) add("-1", "(any other)");
  if (column.missing) add("NaN", "(missing)");
  select.addEventListener("change", () => moved(Number(select.value)));
  const values = column.categories.slice(0, LANES).map((_, place) => place);
  return { parts: [select], set: (value) => (select.value = String(value)), values };
}

function makeSwitch(column, id, moved) {
  const box = element("input", { type: "checkbox", id, className: "switch" });
  box.setAttribute("role", "switch");
  box.addEventListener("change", () => moved(box.checked ? 1 : 0));
  return { parts: [box], set: (value) => (box.checked = value > 0), values: [0, 1] };
}

// One example after the other.
function makeStepper(examples, choose) {
  find("stepper").hidden = !examples.length;
  let place = 0;
  function go(by) {
    place = (place + by + examples.length) % examples.length;
    find("place").textContent = `Example ${place + 1} of ${examples.length}`;
    choose(examples[place]);
  }
  if (examples.length) find("place").textContent = `Example 1 of ${examples.length}`;
  find("before").addEventListener("click", () => go(-1));
  find("after").addEventListener("click", () => go(1));
}
