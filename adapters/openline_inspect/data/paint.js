// What each lane looks like. A painter knows the canvas, the recording, and which time is where. Of
// many things in one column of pixels one is drawn, the worst: a lane costs what its width does.

/** @typedef {{name: string, high: number, draw: (paint: Painter, top: number, high: number) => string | void}} Lane */
/** @typedef {{store: Store, title: string}} Shown */
/** @typedef {{ink: CanvasRenderingContext2D, colours: Record<string, string>, store: Store, x: (micros: number) => number, t: (x: number) => number, from: number, to: number, left: number, right: number, tips: Tip[]}} Painter */
/** What the pointer is told at a place. @typedef {{left: number, top: number, wide: number, high: number, row: number, text: string}} Tip */

/** @param {Painter} paint @param {number} top @param {number} high */
function paintStates({ ink, colours, store, x, from, to }, top, high) {
  const { rows, values } = store.stays;
  const first = Math.max(0, rows.upTo(store.rowAt(from)) - 1);
  let drawn = -1;
  for (let i = first; i < values.length; i++) {
    const begins = store.time.at(rows.at(i));
    if (begins > to) break;
    const ends = i + 1 < values.length ? store.time.at(rows.at(i + 1)) : Math.max(store.end, begins);
    const isLast = i + 1 === values.length;
    const [a, b] = [x(begins), Math.max(x(ends), x(begins) + (isLast ? 6 : 1.5))];
    const role = FACTS.roles[values[i]];
    if (b < drawn + 1 && role !== "fail" && role !== "wait") continue;
    drawn = b;
    ink.fillStyle = colours[`${role}-line`];
    ink.globalAlpha = 0.2;
    ink.fillRect(a, top, b - a, high);
    ink.globalAlpha = 1;
    ink.fillRect(a, top + high - 3, b - a, 3);
    const name = FACTS.states[values[i]];
    const shownFrom = Math.max(a, GUTTER);
    ink.font = "600 12px system-ui, sans-serif";
    ink.textAlign = "left";
    if (ink.measureText(name).width + 10 < b - shownFrom) {
      ink.fillStyle = colours.ink;
      ink.fillText(name, shownFrom + 5, top + high / 2 - 1);
    }
  }
}

/** @param {Painter} paint @param {number} top @param {number} high */
function paintDials({ ink, colours, store, x, from, to, right }, top, high) {
  for (const outage of store.outages) {
    if (outage.from > to || outage.to < from) continue;
    const [a, b] = [x(outage.from), Math.min(right, x(Math.min(outage.to, store.end)))];
    ink.fillStyle = colours.bad;
    ink.globalAlpha = 0.13;
    ink.fillRect(a, top, Math.max(2, b - a), high);
    ink.globalAlpha = 1;
  }
  for (const dial of store.dials) {
    if (dial.from > to || dial.to < from) continue;
    const [a, b] = [x(dial.from), Math.max(x(dial.from) + 2, x(Math.min(dial.to, store.end)))];
    const live = dial.live === Infinity ? b : Math.min(b, x(dial.live));
    ink.fillStyle = colours.warn;
    ink.fillRect(a, top + 16, Math.max(2, live - a), 4);
    ink.fillStyle = colours.good;
    if (b > live) ink.fillRect(live, top + 16, b - live, 4);
    if (dial.why) {
      ink.strokeStyle = colours.bad;
      ink.lineWidth = 2;
      ink.beginPath();
      for (const side of [-4, 4]) {
        ink.moveTo(b - 4, top + 18 - side);
        ink.lineTo(b + 4, top + 18 + side);
      }
      ink.stroke();
      ink.lineWidth = 1;
    }
    if (b - a > 16) {
      ink.font = "11px system-ui, sans-serif";
      ink.textAlign = "left";
      ink.fillStyle = colours.quiet;
      ink.fillText(String(dial.dial), Math.max(a, GUTTER) + 1, top + 7);
    }
  }
}

/** @param {Painter} paint @param {number} top @param {number} high */
function paintMessages(paint, top, high) {
  const { colours } = paint;
  const half = high / 2;
  paintTicks(paint, paint.store.sends, top, half - 1, colours.accent);
  paintTicks(paint, paint.store.messages, top + half + 1, half - 1, colours.received);
  paintTicks(paint, paint.store.pings, top, half - 1, colours.warn);
  paintTicks(paint, paint.store.pongs, top + half + 1, half - 1, colours.good);
}

/** @param {Painter} paint @param {Column} times @param {number} top @param {number} high @param {string} colour */
function paintTicks({ ink, x, t, from, to }, times, top, high, colour) {
  ink.fillStyle = colour;
  for (let i = times.upTo(from - 1); i < times.length && times.at(i) <= to; ) {
    const at = x(times.at(i));
    ink.fillRect(at - 0.75, top, 1.5, high);
    const next = times.upTo(t(at + 1)); // one tick in a pixel is enough
    i = Math.max(i + 1, next);
  }
}

/** How far behind the captured audio each watermark is, and the gaps. Returns its height in words.
 * @param {Painter} paint @param {number} top @param {number} high @param {number} source */
function paintAudio({ ink, colours, store, x, t, left, right, from, to, tips }, top, high, source) {
  const [captured, sent, received, confirmed] = store.marks.slice(source * MARKS, source * MARKS + MARKS);
  const bottom = top + high - 9;
  const full = bottom - top - 2;
  const stop = Math.min(right, x(store.end));
  const behind = [sent, received, confirmed].map(() => new Float64Array(Math.ceil(right - left) + 1));
  let most = FACTS.rate / 2;
  let row = store.rowAt(from);
  for (let px = left, i = 0; px <= stop; px++, i++) {
    const next = store.rowAt(t(px));
    const stride = Math.max(1, Math.floor((next - row) / 8));
    for (let each = Math.max(0, Math.min(row + 1, next)); each <= next; each += stride) {
      behind[0][i] = Math.max(behind[0][i], captured.at(each) - sent.at(each));
      behind[1][i] = Math.max(behind[1][i], captured.at(each) - received.at(each));
      behind[2][i] = Math.max(behind[2][i], captured.at(each) - confirmed.at(each));
    }
    most = Math.max(most, behind[2][i]);
    row = Math.max(0, next);
  }
  const limit = (store.head.buffer || 0) * FACTS.rate;
  const isNear = limit > 0 && most > limit / 3; // else it would press all else flat
  if (isNear) most = Math.max(most, limit * 1.04);
  const width = Math.max(0, Math.floor(stop - left)) + 1;
  const inks = [colours.sent, colours.received, colours.confirmed];
  ink.fillStyle = colours.line;
  ink.fillRect(left, bottom, right - left, 1);
  for (const which of [2, 1, 0]) {
    ink.beginPath();
    ink.moveTo(left, bottom);
    for (let i = 0; i < width; i++) ink.lineTo(left + i, bottom - (behind[which][i] / most) * full);
    ink.lineTo(left + width - 1, bottom);
    ink.closePath();
    ink.fillStyle = inks[which];
    ink.fill();
  }
  for (const gap of store.gaps) {
    if (gap.source !== source || gap.until !== Infinity) continue;
    const [a, b] = [gap.start, gap.end].map((sample) => store.origin + (sample / FACTS.rate) * MICRO);
    if (a > to || b < from) continue;
    const wide = Math.max(3, x(b) - x(a));
    ink.fillStyle = colours.bad;
    ink.fillRect(x(a), bottom + 2, wide, 7);
    tips.push({ left: x(a), top: bottom - 2, wide, high: 11, row: gap.row, text: gapWords(store, gap) });
  }
  if (!limit) return `${(most / FACTS.rate).toFixed(1)} s high`;
  if (isNear) paintLimit(ink, colours, left, right, bottom - (limit / most) * full);
  return `${(most / FACTS.rate).toFixed(1)} s high\nlimit ${limit / FACTS.rate} s`;
}

/** The most that memory keeps: what is above it is lost. @param {CanvasRenderingContext2D} ink @param {Record<string, string>} colours @param {number} left @param {number} right @param {number} y */
function paintLimit(ink, colours, left, right, y) {
  ink.strokeStyle = colours.ink;
  ink.setLineDash([5, 4]);
  ink.beginPath();
  ink.moveTo(left, y);
  ink.lineTo(right, y);
  ink.stroke();
  ink.setLineDash([]);
  const text = "limit of the buffer";
  ink.font = "11px system-ui, sans-serif";
  ink.textAlign = "right";
  ink.fillStyle = colours.panel; // it has to be read on what is drawn below it
  ink.fillRect(right - 8 - ink.measureText(text).width, y + 2, ink.measureText(text).width + 8, 13);
  ink.fillStyle = colours.ink;
  ink.fillText(text, right - 4, y + 9);
}

/** A gap in words: from, to, how long, why. @param {Store} store @param {any} gap */
function gapWords({ head }, { source, start, end, samples, cause }) {
  const at = (/** @type {number} */ sample) => clock((sample / FACTS.rate) * MICRO, 1);
  return `${(samples / FACTS.rate).toFixed(1)} s of ${head.sources[source]} are missing, ${at(start)} to ${at(end)} of its audio: ${FACTS.causes[cause] || cause}`;
}

/** @param {Painter} paint @param {number} top @param {number} high */
function paintWords(paint, top, high) {
  const { ink, colours, store, x, from, to } = paint;
  paintTicks(paint, store.wordTimes, top + high - 4, 4, colours.quiet);
  ink.font = "11px system-ui, sans-serif";
  ink.textAlign = "left";
  let drawn = -1;
  for (const final of store.finals) {
    const [a, b] = [final.start, final.end].map((seconds) => store.origin + seconds * MICRO);
    if (a > to || b < from) continue;
    const [left, right] = [x(a), Math.max(x(b), x(a) + 2)];
    if (right < drawn + 1) continue;
    drawn = right;
    ink.fillStyle = colours.word;
    ink.fillRect(left, top, Math.max(1, right - left - 1), high - 5);
    if (right - left > 24) {
      ink.fillStyle = colours.ink;
      ink.fillText(shortened(ink, final.text, right - left - 8), Math.max(left, GUTTER) + 4, top + (high - 5) / 2);
    }
  }
}

/** A canvas of this size, sharp on any screen. @param {HTMLCanvasElement} canvas @param {number} wide @param {number} high */
function fitted(canvas, wide, high) {
  const sharp = window.devicePixelRatio || 1;
  canvas.width = Math.round(wide * sharp);
  canvas.height = Math.round(high * sharp);
  canvas.style.width = `${wide}px`;
  canvas.style.height = `${high}px`;
  const ink = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  ink.setTransform(sharp, 0, 0, sharp, 0, 0);
  ink.clearRect(0, 0, wide, high);
  return ink;
}

/** A step of an axis: 1, 2 or 5 times a power of ten, or of 60. @param {number} least */
function nice(least) {
  const steps = [1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 1.5e7, 3e7, 6e7, 1.2e8, 3e8, 6e8, 9e8, 1.8e9, 3.6e9, 7.2e9];
  return steps.find((step) => step >= least) || Math.ceil(least / 3.6e9) * 3.6e9;
}

/** @param {CanvasRenderingContext2D} ink @param {string} text @param {number} room */
function shortened(ink, text, room) {
  if (room < 12) return "";
  if (ink.measureText(text).width <= room) return text;
  let count = Math.min(text.length, Math.ceil(room / 4));
  while (count > 0 && ink.measureText(`${text.slice(0, count)}…`).width > room) count--;
  return count ? `${text.slice(0, count)}…` : "";
}
