// The circuit as lamps: a block a level, a cell a gate; a change runs through them level by level.

const SIZES = [22, 18, 16, 14, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1];
const GUTTER = 34;
const GAP = 6;
const TALLEST = 460;
const TALLEST_NARROW = 640; // of a phone, whose cells would be too small for fingers
const WAVE = 700; // milliseconds from the inputs to the last level, at most
const FLASH = 220;

// The level of each signal: inputs and constants 0, a gate one more than what it reads.
function levelsOf(model) {
  const level = new Uint32Array(model.signals);
  for (let s = model.firstGate; s < model.signals; s++) {
    let highest = 0;
    const first = (s - model.firstGate) * model.width;
    for (let j = 0; j < model.width; j++) {
      highest = Math.max(highest, level[model.fanin[first + j]]);
    }
    level[s] = highest + 1;
  }
  return level;
}

// Signals of each level in order; level 0 holds the inputs.
function blocksOf(model, level) {
  const blocks = [];
  for (let s = 2; s < model.signals; s++) {
    (blocks[level[s]] = blocks[level[s]] || []).push(s);
  }
  // A circuit without inputs has gates alone.
  return Array.from(blocks, (signals, number) => ({ signals: signals || [], number }));
}

// The largest cells with which all levels fit, and where each block is.
function place(blocks, width, image) {
  for (const size of SIZES) {
    const columns = Math.max(1, Math.floor((width - GUTTER) / size));
    let y = 0;
    for (const block of blocks) {
      block.top = y;
      placeBlock(block, columns, image);
      y += Math.max(block.rows * size, 12) + GAP;
    }
    if (y <= (width < 600 ? TALLEST_NARROW : TALLEST) || size === 1) return { size, height: y };
  }
}

// Inputs of images lie as planes of the image, if these fit; all else line by line.
function placeBlock(block, columns, image) {
  const n = block.signals.length;
  block.columns = Math.max(1, Math.min(columns, n));
  block.rows = Math.ceil(n / block.columns);
  block.at = (i) => [i % block.columns, Math.floor(i / block.columns)];
  if (block.number > 0 || !image) return;
  const [, height, width] = image;
  const planes = n / (height * width);
  const beside = Math.min(planes, Math.floor((columns + 1) / (width + 1)));
  if (!Number.isInteger(planes) || beside < 1) return;
  block.columns = beside * (width + 1) - 1;
  block.rows = Math.ceil(planes / beside) * (height + 1) - 1;
  block.at = (i) => {
    const plane = Math.floor(i / (height * width));
    const [x, y] = [i % width, Math.floor(i / width) % height];
    return [(plane % beside) * (width + 1) + x, Math.floor(plane / beside) * (height + 1) + y];
  };
}

function makeGates(model) {
  const canvas = find("circuit");
  const context = canvas.getContext("2d");
  const level = levelsOf(model);
  const blocks = blocksOf(model, level);
  const shown = find("shown");
  const last = blocks.length - 1;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const readers = sumsThatRead(model);
  let [size, laidOut, history, colors, running] = [1, 0, [], null, false];
  let [selected, hovered] = [null, null];
  shown.max = last; // before the value, which it bounds
  shown.value = last;
  find("player").hidden = last < 1;

  function layout() {
    const width = canvas.parentElement.clientWidth;
    if (width === laidOut || !width) return;
    laidOut = width;
    const found = place(blocks, width, model.image);
    size = found.size;
    const density = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(found.height * density);
    canvas.style.height = `${found.height}px`;
    context.setTransform(density, 0, 0, density, 0, 0);
    for (const block of blocks) {
      block.image = new ImageData(block.columns, Math.max(1, block.rows));
      block.canvas = element("canvas", { width: block.image.width, height: block.image.height });
    }
    repaint();
  }

  function repaint() {
    const style = getComputedStyle(document.documentElement);
    colors = {};
    for (const name of ["off", "on", "fresh", "dark", "dim", "card", "accent"]) {
      colors[name] = style.getPropertyValue(`--${name}`).trim();
    }
    colors.words = Object.fromEntries(
      ["off", "on", "fresh", "dark"].map((name) => [name, wordOf(colors[name])]),
    );
    for (const block of blocks) block.bits = null;
    animate();
  }

  // The newest bits, which the blocks take over one after the other.
  function update(values) {
    const bits = Uint8Array.from(values, (word) => word & 1);
    history.push({ bits, time: performance.now() });
    animate();
  }

  function delay() {
    return still.matches ? 0 : Math.min(70, WAVE / Math.max(1, last));
  }

  function animate() {
    if (!running) requestAnimationFrame(frame);
    running = true;
  }

  function frame() {
    const now = performance.now();
    running = false;
    if (!history.length || !blocks[0].image) return;
    const wait = delay();
    let oldest = history.length - 1;
    let busy = false;
    for (const block of blocks) {
      let i = history.length - 1;
      while (i > 0 && history[i].time + wait * block.number > now) i--;
      oldest = Math.min(oldest, i);
      const lit = block.number <= Number(shown.value);
      const bits = lit ? history[i].bits : null;
      if (block.bits !== bits || block.lit !== lit || block.until) paintBlock(block, bits, now);
      block.lit = lit;
      busy = busy || Boolean(block.until) || i < history.length - 1;
    }
    history = history.slice(oldest);
    paintMarks();
    if (busy) animate();
  }

  function paintBlock(block, bits, now) {
    const words = new Uint32Array(block.image.data.buffer);
    const { off, on, fresh, dark } = colors.words;
    const before = block.bits;
    const flashes = bits && before && before !== bits && !still.matches;
    if (flashes) [block.until, block.before] = [now + FLASH, before];
    if (block.until && (now >= block.until || !bits)) block.until = block.before = null;
    const old = block.before;
    block.signals.forEach((signal, i) => {
      const [x, y] = block.at(i);
      const bit = bits && bits[signal];
      const news = old && bits && bit && !old[signal];
      words[y * block.columns + x] = !bits ? dark : news ? fresh : bit ? on : off;
    });
    block.bits = bits;
    block.canvas.getContext("2d").putImageData(block.image, 0, 0);
  }

  // All blocks, the lines between their cells, the levels' numbers, and the gate that is looked at.
  function paintMarks() {
    const width = canvas.parentElement.clientWidth;
    context.clearRect(0, 0, width, canvas.height);
    context.imageSmoothingEnabled = false;
    context.font = "11px system-ui, sans-serif";
    for (const block of blocks) {
      const [w, h] = [block.columns * size, block.rows * size];
      context.drawImage(block.canvas, GUTTER, block.top, w, h);
      if (size >= 4) paintLines(block, w, h);
      context.fillStyle = colors.dim;
      context.textAlign = "right";
      context.fillText(block.number || "in", GUTTER - 8, block.top + 10);
    }
    const signal = hovered ?? selected;
    if (signal !== null) paintWires(signal);
  }

  function paintLines(block, w, h) {
    context.fillStyle = colors.card;
    const thin = size >= 8 ? 1.5 : 1;
    for (let x = 1; x <= block.columns; x++) {
      context.fillRect(GUTTER + x * size - thin, block.top, thin, h);
    }
    for (let y = 1; y <= block.rows; y++) {
      context.fillRect(GUTTER, block.top + y * size - thin, w, thin);
    }
  }

  function corner(signal) {
    const block = blocks[level[signal]];
    const [x, y] = block.at(indexIn(block, signal));
    return [GUTTER + x * size, block.top + y * size];
  }

  function paintWires(signal) {
    context.strokeStyle = context.fillStyle = colors.accent;
    context.lineWidth = 1.5;
    const half = size / 2;
    const [x, y] = corner(signal);
    for (const operand of operandsOf(model, signal)) {
      if (operand < 2) continue;
      const [ox, oy] = corner(operand);
      context.beginPath();
      context.moveTo(x + half, y + half);
      context.lineTo(ox + half, oy + half);
      context.stroke();
      outline(ox, oy);
    }
    context.lineWidth = 2.5;
    outline(x, y);
  }

  function outline(x, y) {
    const wide = Math.max(size, 5) + 2;
    const off = (wide - size) / 2;
    context.strokeRect(x - off, y - off, wide, wide);
  }

  function signalAt(event) {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left - GUTTER, event.clientY - box.top];
    for (const block of blocks) {
      const [column, row] = [Math.floor(x / size), Math.floor((y - block.top) / size)];
      if (column < 0 || column >= block.columns || row < 0 || row >= block.rows) continue;
      const i = block.signals.findIndex((_, k) => {
        const [cx, cy] = block.at(k);
        return cx === column && cy === row;
      });
      return i < 0 ? null : block.signals[i];
    }
    return null;
  }

  function look(signal) {
    selected = signal;
    hovered = null;
    tell();
    animate();
  }

  function tell() {
    const signal = hovered ?? selected;
    const bits = history.length ? history[history.length - 1].bits : null;
    if (bits) describe(model, signal, bits, level, readers, look);
  }

  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    hovered = signalAt(event);
    tell();
    animate();
  });
  canvas.addEventListener("pointerleave", () => {
    hovered = null;
    tell();
    animate();
  });
  canvas.addEventListener("click", (event) => look(signalAt(event)));
  canvas.addEventListener("keydown", (event) => {
    const next = neighbour(event.key);
    if (next === undefined) return;
    event.preventDefault();
    look(next);
  });

  function neighbour(key) {
    if (key === "Escape") return null;
    if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(key)) return undefined;
    if (selected === null) return blocks[last].signals[0];
    const block = blocks[level[selected]];
    const i = indexIn(block, selected);
    if (key === "ArrowLeft") return block.signals[Math.max(0, i - 1)];
    if (key === "ArrowRight") return block.signals[Math.min(block.signals.length - 1, i + 1)];
    if (key === "ArrowUp") return operandsOf(model, selected).find((s) => s > 1) ?? selected;
    const up = blocks[Math.min(last, block.number + 1)].signals;
    return up.find((s) => operandsOf(model, s).includes(selected)) ?? up[0];
  }

  makePlayer(shown, last, animate);
  // Outside of the observer's own turn, since laying out changes a height.
  new ResizeObserver(() => requestAnimationFrame(layout)).observe(canvas.parentElement);
  return { update: (values) => (update(values), tell()), repaint };
}

// Signals of a block rise.
function indexIn(block, signal) {
  let [low, high] = [0, block.signals.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (block.signals[middle] < signal) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Levels one after the other, from the inputs on; the slider does the same by hand.
function makePlayer(shown, last, animate) {
  const play = find("play");
  let timer = null;
  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶ Play";
  }
  function step() {
    shown.value = Number(shown.value) + 1;
    tell();
    if (Number(shown.value) >= last) stop();
  }
  function tell() {
    const all = Number(shown.value) === last;
    find("level").textContent = all ? "all levels" : `level ${shown.value} of ${last}`;
    animate();
  }
  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (Number(shown.value) >= last) shown.value = 0;
    tell();
    play.textContent = "❚❚ Pause";
    timer = setInterval(step, Math.max(120, Math.min(500, 4000 / last)));
  });
  shown.addEventListener("input", () => {
    stop();
    tell();
  });
  tell();
}

// A colour as the word of an ImageData.
function wordOf(color) {
  const canvas = element("canvas", { width: 1, height: 1 });
  const context = canvas.getContext("2d");
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer)[0];
}
