// The input of images: strokes on paper, which become pixels as wide as those of the training.

// Radius of the pen, and what a drawing is scaled to, as shares of an image: those of MNIST.
const PEN = 0.045;
const FIELD = 20 / 28;
const PAPER = 560;

// How much of each pixel a stroke covers, (height x width); the distance to the pen's path decides.
function coverage(points, radius, height, width) {
  const cover = new Float32Array(height * width);
  for (let i = 0; i < points.length; i++) {
    const [ax, ay] = points[Math.max(0, i - 1)];
    const [bx, by] = points[i];
    const reach = radius + 1;
    const left = Math.max(0, Math.floor(Math.min(ax, bx) - reach));
    const right = Math.min(width - 1, Math.ceil(Math.max(ax, bx) + reach));
    const top = Math.max(0, Math.floor(Math.min(ay, by) - reach));
    const bottom = Math.min(height - 1, Math.ceil(Math.max(ay, by) + reach));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const away = distance(x + 0.5, y + 0.5, ax, ay, bx, by);
        const c = Math.min(1, Math.max(0, radius + 0.5 - away));
        if (c > cover[y * width + x]) cover[y * width + x] = c;
      }
    }
  }
  return cover;
}

// From a point to the nearest one of a segment.
function distance(x, y, ax, ay, bx, by) {
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const t = length ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

// Ink from 0 to 1, planes x height x width: strokes over what is there already.
function inked(base, strokes, radius, [planes, height, width]) {
  const ink = Float32Array.from(base);
  for (const stroke of strokes) {
    const cover = coverage(stroke.points, radius, height, width);
    for (let p = 0; p < planes; p++) {
      for (let i = 0; i < cover.length; i++) {
        const at = p * cover.length + i;
        ink[at] += cover[i] * (stroke.color[p] - ink[at]);
      }
    }
  }
  return ink;
}

// Strokes scaled to the field in the middle, and moved by their centre of mass to the centre.
function fitted(strokes, radius, shape) {
  const [, height, width] = shape;
  const drawn = strokes.filter((stroke) => !stroke.erases).flatMap((stroke) => stroke.points);
  if (!drawn.length) return strokes;
  const xs = drawn.map((point) => point[0]);
  const ys = drawn.map((point) => point[1]);
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const room = FIELD * Math.min(height, width) - 2 * radius;
  const scale = Math.min(4, room / Math.max(x1 - x0, y1 - y0, 1e-6));
  const [dx, dy] = [(width - scale * (x0 + x1)) / 2, (height - scale * (y0 + y1)) / 2];
  const scaled = moved(strokes, scale, dx, dy);
  const ink = inked(new Float32Array(height * width), scaled, radius, [1, height, width]);
  let [mass, mx, my] = [0, 0, 0];
  ink.forEach((value, i) => {
    mass += value;
    mx += value * ((i % width) + 0.5);
    my += value * (Math.floor(i / width) + 0.5);
  });
  if (!mass) return scaled;
  return moved(scaled, 1, Math.round(width / 2 - mx / mass), Math.round(height / 2 - my / mass));
}

function moved(strokes, scale, dx, dy) {
  const place = ([x, y]) => [scale * x + dx, scale * y + dy];
  return strokes.map((stroke) => ({ ...stroke, points: stroke.points.map(place) }));
}

// Paint ink on a canvas of one pixel each.
function paintInk(canvas, ink, [planes, height, width]) {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    for (let p = 0; p < 3; p++) {
      image.data[4 * i + p] = 255 * ink[(planes === 3 ? p * height * width : 0) + i];
    }
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// The card with the paper. `changed` gets the cells of every new image.
function makeDrawing(model, changed) {
  const shape = model.image;
  const [planes, height, width] = shape;
  const radius = Math.max(0.6, PEN * Math.min(height, width));
  const blank = new Float32Array(planes * height * width);
  let [base, strokes, pen, cursor] = [blank, [], null, null];

  const paper = find("paper");
  const erase = find("erase");
  const fit = find("fit");
  const color = find("color");
  const preview = find("preview");
  const drawnOn = document.createElement("canvas");
  paper.width = PAPER;
  paper.height = Math.round((PAPER * height) / width);
  fit.parentElement.hidden = planes !== 1;
  color.parentElement.hidden = planes !== 3;

  function penColor() {
    if (erase.checked) return new Array(planes).fill(0);
    if (planes === 1) return [1];
    return [1, 3, 5].map((i) => parseInt(color.value.slice(i, i + 2), 16) / 255);
  }

  function update() {
    const fits = fit.checked && planes === 1 && base === blank;
    const placed = fits ? fitted(strokes, radius, shape) : strokes;
    const ink = inked(base, placed, radius, shape);
    const cells = Float64Array.from(ink, pixel);
    paintInk(preview, cells.map((v) => v / model.top), shape);
    paintPaper();
    changed(cells);
  }

  function pixel(v) {
    if (model.top === 1 && model.columnsAreBits) return v >= 0.5 ? 1 : 0;
    return model.top > 1 ? Math.round(model.top * v) : v;
  }

  function paintPaper() {
    const context = paper.getContext("2d");
    const unit = paper.width / width;
    paintInk(drawnOn, base, shape);
    context.imageSmoothingEnabled = false;
    context.drawImage(drawnOn, 0, 0, paper.width, paper.height);
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = 2 * (radius + 0.25) * unit;
    for (const stroke of strokes) {
      const [r, g, b] = stroke.color.length === 1 ? Array(3).fill(stroke.color[0]) : stroke.color;
      context.strokeStyle = `rgb(${255 * r} ${255 * g} ${255 * b})`;
      context.beginPath();
      stroke.points.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](x * unit, y * unit));
      const [x, y] = stroke.points[stroke.points.length - 1];
      context.lineTo(x * unit + 0.01, y * unit);
      context.stroke();
    }
    if (!strokes.length && base === blank) paintHint(context);
    if (cursor && document.activeElement === paper) paintCursor(context, unit);
  }

  function paintHint(context) {
    context.fillStyle = "#8b8b92";
    context.font = "28px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillText("Draw here", paper.width / 2, paper.height / 2);
  }

  function paintCursor(context, unit) {
    context.lineWidth = 3;
    context.strokeStyle = pen ? "#fbbf24" : "#8b8b92";
    context.beginPath();
    context.arc(cursor[0] * unit, cursor[1] * unit, (radius + 0.5) * unit, 0, 7);
    context.stroke();
  }

  function begin(point) {
    pen = { points: [point], color: penColor(), erases: erase.checked };
    strokes.push(pen);
    update();
  }

  function at(event) {
    const box = paper.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * width,
      ((event.clientY - box.top) / box.height) * height,
    ];
  }

  paper.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    paper.setPointerCapture(event.pointerId);
    cursor = null;
    begin(at(event));
  });
  paper.addEventListener("pointermove", (event) => {
    if (!pen || cursor) return;
    const all = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const one of all.length ? all : [event]) pen.points.push(at(one));
    update();
  });
  for (const name of ["pointerup", "pointercancel"]) {
    paper.addEventListener(name, () => (cursor ? null : (pen = null)));
  }

  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  paper.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step && event.key !== " " && event.key !== "Backspace") return;
    event.preventDefault();
    cursor = cursor || [width / 2, height / 2];
    if (event.key === "Backspace") undo();
    else if (step) {
      const inside = (v, most) => Math.min(most - 0.5, Math.max(0.5, v));
      cursor = [inside(cursor[0] + step[0], width), inside(cursor[1] + step[1], height)];
      if (pen) pen.points.push(cursor);
      update();
    } else if (pen) {
      pen = null;
      paintPaper();
    } else begin(cursor);
  });
  paper.addEventListener("blur", () => {
    pen = null;
    paintPaper();
  });
  paper.addEventListener("focus", paintPaper);

  function undo() {
    pen = null;
    if (strokes.length) strokes.pop();
    else base = blank;
    update();
  }

  function show(ink) {
    [base, strokes, pen] = [ink, [], null];
    update();
  }

  // Cells as an image: an example, or what a script gives.
  function set(cells) {
    show(Float32Array.from(cells, (v) => Math.min(1, Math.max(0, v / model.top))));
    changed(Float64Array.from(cells));
  }

  find("undo").addEventListener("click", undo);
  find("clear").addEventListener("click", () => show(blank));
  fit.addEventListener("change", update);
  find("open").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (file) show(await readImage(file, shape));
  });
  makeThumbnails(model, set);
  show(blank);
  return { set };
}

// An image of a file as ink; of one plane it is grey, and turned over where most of it is bright.
async function readImage(file, [planes, height, width]) {
  const picture = await createImageBitmap(file);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const size = height * width;
  const ink = new Float32Array(planes * size);
  for (let i = 0; i < size; i++) {
    const rgb = [0, 1, 2].map((p) => data[4 * i + p] / 255);
    if (planes === 3) rgb.forEach((v, p) => (ink[p * size + i] = v));
    else ink[i] = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
  }
  const mean = ink.reduce((a, b) => a + b, 0) / ink.length;
  return planes === 1 && mean > 0.5 ? ink.map((v) => 1 - v) : ink;
}

// A strip of examples to choose from.
function makeThumbnails(model, choose) {
  const strip = find("examples");
  strip.hidden = !model.examples.length;
  model.examples.forEach((cells, i) => {
    const button = element("button", { type: "button", className: "thumbnail" });
    const canvas = document.createElement("canvas");
    paintInk(canvas, cells.map((v) => v / model.top), model.image);
    button.setAttribute("aria-label", `Example ${i + 1}`);
    button.append(canvas);
    button.addEventListener("click", () => choose(cells));
    strip.append(button);
  });
}
