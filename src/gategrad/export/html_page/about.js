// What signals are, in words.

// Functions of two operands by truth table.
const WORDS = [
  "false", "not (a or b)", "a and not b", "not b", "b and not a", "not a", "a differs from b",
  "not (a and b)", "a and b", "a equals b", "a", "a or not b", "b", "b or not a", "a or b", "true",
];

function operandsOf(model, signal) {
  if (signal < model.firstGate) return [];
  const g = signal - model.firstGate;
  const first = g * model.width;
  return Array.from(model.fanin.subarray(first, first + arity(model, g)));
}

// For each signal the sums that it counts for: pairs of class and weight.
function sumsThatRead(model) {
  const readers = new Map();
  for (let c = 0; c < model.bias.length; c++) {
    for (let i = model.sumStart[c]; i < model.sumStart[c + 1]; i++) {
      const signal = model.sumSignal[i];
      if (!readers.has(signal)) readers.set(signal, []);
      readers.get(signal).push([c, model.sumWeight[i]]);
    }
  }
  return readers;
}

// What a gate is, below the lamps; its operands are buttons that lead to them.
function describe(model, signal, bits, level, readers, look) {
  const box = find("about");
  box.replaceChildren();
  if (signal === null) {
    box.append("Point at a gate, tap it or use the arrow keys to see what it computes.");
    return;
  }
  const say = (text) => box.append(element("span", { textContent: text }));
  const bit = bits[signal] ? "1" : "0";
  if (signal < model.firstGate) say(`Input ${inputName(model, signal - 2)} is ${bit}.`);
  else {
    const what = `Gate ${signal - model.firstGate}, level ${level[signal]}`;
    say(`${what}: ${formulaOf(model, signal)} is ${bit}.`);
  }
  operandsOf(model, signal).forEach((operand, j) => {
    const text = `${"abcdef"[j]} = ${signalName(model, operand)} (${bits[operand]})`;
    if (operand < 2) return say(text);
    const button = element("button", { type: "button", textContent: text, className: "operand" });
    button.addEventListener("click", () => look(operand));
    box.append(button);
  });
  const counts = (readers.get(signal) || []).slice(0, 8);
  const signed = (weight) => (weight < 0 ? `−${-weight}` : `+${weight}`);
  if (counts.length) {
    say(`Counts for ${counts.map(([c, w]) => `${sumName(model, c)} (${signed(w)})`).join(", ")}.`);
  }
}

function formulaOf(model, signal) {
  const g = signal - model.firstGate;
  const n = arity(model, g);
  if (n === 0) return entry(model, g, 0) ? "true" : "false";
  if (n === 1) return ["false", "not a", "a", "true"][entry(model, g, 0) + 2 * entry(model, g, 1)];
  let bits = 0;
  if (n === 2) {
    for (let i = 0; i < 4; i++) bits |= entry(model, g, i) << i;
    return WORDS[bits];
  }
  const all = Array.from({ length: 1 << n }, (_, i) => entry(model, g, i)).reverse().join("");
  return `table ${BigInt(`0b${all}`).toString(16)} of ${"abcdef".slice(0, n).split("").join(", ")}`;
}

function signalName(model, signal) {
  if (signal < 2) return signal ? "true" : "false";
  if (signal < model.firstGate) return inputName(model, signal - 2);
  return `gate ${signal - model.firstGate}`;
}

// An input of the circuit as the comparison that it is, such as "age > 37.5".
function inputName(model, j) {
  const name = columnName(model, model.feature[j]);
  const [low, high] = [model.low[j], model.high[j]];
  const column = model.columns && model.columns[model.feature[j]];
  if (column && column.kind === "category" && Number.isFinite(low)) {
    return `${name} = ${column.categories[low + 0.5]}`;
  }
  if (model.columnsAreBits) return name;
  if (low === Infinity) return `${name} is missing`;
  const number = (v) => String(Number(v.toPrecision(6)));
  const above = Number.isNaN(low) ? "" : `${number(low)} < `;
  if (!Number.isNaN(high)) return `${above}${name} ≤ ${number(high)}`;
  return above ? `${name} > ${number(low)}` : `${name} is a number`;
}

function columnName(model, j) {
  if (!model.image) return model.columns[j].name;
  const [planes, height, width] = model.image;
  const plane = planes === 3 ? ["red ", "green ", "blue "][Math.floor(j / (height * width))] : "";
  return `${plane}pixel (${Math.floor(j / width) % height}, ${j % width})`;
}

// What sum c stands for.
function sumName(model, c) {
  return model.kind === "binary" ? model.labels[1] : model.labels[c];
}
