// Runs the model on 32 rows at a time: bit i of a signal's word is the signal for row i.
//
// Cells are what a row consists of, one a column: a number, NaN where it is missing; of a column of
// categories the place of one among those known, or -1 for any other. All is exact: comparisons are
// those of float64, sums are integers of 32 bits, scores are rounded to float32 after each step.
"use strict";

const LANES = 32;

function unpack(Kind, text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Kind(bytes.buffer);
}

// The model as the page holds it, its arrays unpacked; they are little-endian, as all browsers.
function makeModel(page) {
  const wide = page.signals > 65536 ? Uint32Array : Uint16Array;
  const model = { ...page, value: new Int32Array(page.signals) };
  model.fanin = unpack(wide, page.fanin);
  model.table = unpack(page.tableWords === 2 ? Uint32Array : Uint8Array, page.table);
  model.sumSignal = unpack(wide, page.sumSignal);
  model.sumWeight = unpack(Int32Array, page.sumWeight);
  model.feature = unpack(Uint32Array, page.feature);
  model.low = unpack(Float64Array, page.low);
  // Left out where no interval has an upper end, and where a missing value has no bits.
  model.high = page.high ? unpack(Float64Array, page.high) : model.low.map(() => NaN);
  model.gap = page.gap ? unpack(Uint8Array, page.gap) : new Uint8Array(page.inputs);
  model.firstGate = 2 + page.inputs;
  model.scratch = new Int32Array(32);
  return model;
}

// Bit j of the encoder for one column's value.
function bitOf(model, j, cell) {
  if (Number.isNaN(cell)) return model.gap[j];
  const above = Number.isNaN(model.low[j]) || cell > model.low[j];
  return above && (Number.isNaN(model.high[j]) || cell <= model.high[j]) ? 1 : 0;
}

// Write the bits of up to 32 rows of cells to the signals of the inputs.
function encode(model, rows) {
  const { value, feature, inputs } = model;
  for (let j = 0; j < inputs; j++) {
    let word = 0;
    for (let lane = 0; lane < rows.length; lane++) {
      word |= bitOf(model, j, rows[lane][feature[j]]) << lane;
    }
    value[2 + j] = word;
  }
}

// All gates in their order; each operand is a signal that comes before.
function evaluate(model) {
  const { value } = model;
  value[0] = 0;
  value[1] = -1;
  if (model.width <= 2) evaluatePairs(model);
  else evaluateTables(model);
}

function evaluatePairs({ value, fanin, table, width, firstGate }) {
  // An operand that a gate lacks is signal 0, for which its table has no entries.
  const second = width === 2 ? 1 : 0;
  for (let g = 0; g < table.length; g++) {
    const a = width ? value[fanin[width * g]] : 0;
    const b = second ? value[fanin[2 * g + 1]] : 0;
    let out;
    switch (table[g]) {
      case 0: out = 0; break;
      case 1: out = ~(a | b); break;
      case 2: out = a & ~b; break;
      case 3: out = ~b; break;
      case 4: out = ~a & b; break;
      case 5: out = ~a; break;
      case 6: out = a ^ b; break;
      case 7: out = ~(a & b); break;
      case 8: out = a & b; break;
      case 9: out = ~(a ^ b); break;
      case 10: out = a; break;
      case 11: out = a | ~b; break;
      case 12: out = b; break;
      case 13: out = ~a | b; break;
      case 14: out = a | b; break;
      default: out = -1;
    }
    value[firstGate + g] = out;
  }
}

// Operands in use: those behind the last one that is not signal 0 have no entries in the table.
function arity(model, g) {
  let n = model.width;
  while (n > 0 && model.fanin[model.width * g + n - 1] === 0) n--;
  return n;
}

// Bit i of a gate's truth table.
function entry(model, g, i) {
  const words = model.tableWords;
  return (model.table[words * g + (i >> 5)] >>> (i & 31)) & 1;
}

// Each operand in turn, the first one first, halves the table: it chooses between neighbours.
function evaluateTables(model) {
  const { value, fanin, width, firstGate, scratch } = model;
  const gates = model.table.length / model.tableWords;
  for (let g = 0; g < gates; g++) {
    const n = arity(model, g);
    if (n === 0) {
      value[firstGate + g] = -entry(model, g, 0);
      continue;
    }
    const first = value[fanin[width * g]];
    let size = 1 << (n - 1);
    for (let i = 0; i < size; i++) {
      scratch[i] = (entry(model, g, 2 * i) ? ~first : 0) | (entry(model, g, 2 * i + 1) ? first : 0);
    }
    for (let j = 1; j < n; j++) {
      const a = value[fanin[width * g + j]];
      size >>= 1;
      for (let i = 0; i < size; i++) scratch[i] = (scratch[2 * i] & ~a) | (scratch[2 * i + 1] & a);
    }
    value[firstGate + g] = scratch[0];
  }
}

// Sums (rows x classes) of the rows that were evaluated last.
function sumsOf(model, rows) {
  const { value, sumStart, sumSignal, sumWeight, bias } = model;
  const classes = bias.length;
  const sums = new Int32Array(rows * classes);
  for (let c = 0; c < classes; c++) {
    for (let lane = 0; lane < rows; lane++) sums[lane * classes + c] = bias[c];
    for (let i = sumStart[c]; i < sumStart[c + 1]; i++) {
      const word = value[sumSignal[i]];
      const weight = sumWeight[i];
      for (let lane = 0; lane < rows; lane++) {
        sums[lane * classes + c] += weight & -((word >>> lane) & 1);
      }
    }
  }
  return sums;
}

// What `gategrad.Model.sums` gives, of any number of rows of cells.
function sumRows(model, rows) {
  const classes = model.bias.length;
  const sums = new Int32Array(rows.length * classes);
  for (let first = 0; first < rows.length; first += LANES) {
    const some = rows.slice(first, first + LANES);
    encode(model, some);
    evaluate(model);
    sums.set(sumsOf(model, some.length), first * classes);
  }
  return sums;
}

// Scores of one row's sums, in float32 as everywhere.
function scoresOf(model, sums) {
  return Array.from(sums, (sum, c) => {
    const scaled = Math.fround(Math.fround(sum) * model.scale[c]);
    return Math.fround(scaled + model.offset[c]);
  });
}

// The decision on one row's sums: a class (ties go to the lowest), 0s and 1s, or scores.
function decide(model, sums) {
  if (model.kind === "argmax") {
    let best = 0;
    for (let c = 1; c < sums.length; c++) if (sums[c] > sums[best]) best = c;
    return best;
  }
  if (model.kind === "binary") return sums[0] > 0 ? 1 : 0;
  if (model.kind === "multilabel") return Array.from(sums, (sum) => (sum > 0 ? 1 : 0));
  return scoresOf(model, sums);
}

// What the scores say as probabilities; null of a regression.
function chances(model, sums) {
  if (model.kind === "regression") return null;
  const scores = scoresOf(model, sums);
  if (model.link === "share") {
    const half = model.kind === "binary" ? 0.5 : 0;
    return scores.map((score) => Math.min(1, Math.max(0, score + half)));
  }
  if (model.kind !== "argmax" || model.link === "logistic") {
    return scores.map((score) => 0.5 + 0.5 * Math.tanh(0.5 * score));
  }
  const top = Math.max(...scores);
  const shares = scores.map((score) => Math.exp(score - top));
  const total = shares.reduce((a, b) => a + b, 0);
  return shares.map((share) => share / total);
}

// What `gategrad.Model.predict` decides, without names of classes, with the sums of all rows.
function predict(model, rows) {
  const sums = sumRows(model, rows);
  const classes = model.bias.length;
  const labels = rows.map((_, i) => decide(model, sums.subarray(i * classes, (i + 1) * classes)));
  return { labels, sums: Array.from(sums) };
}
