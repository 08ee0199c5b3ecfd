// Lanes over time, on two canvases: one for what was recorded, drawn when the view changes, and one
// above it for the instant, drawn as the instant moves. So scrubbing costs a line, however long the
// session was. Of many rows in one column of pixels the worst one is drawn.

const GUTTER = 78; // pixels for the names of the lanes
const AXIS = 20;
const LEAST = 2000; // microseconds that a view shows at least

/** @typedef {{name: string, high: number, draw: (paint: Painter, top: number, high: number) => string | void}} Lane */
/** @typedef {{store: Store, title: string}} Shown */
/** @typedef {{ink: CanvasRenderingContext2D, store: Store, x: (micros: number) => number, t: (x: number) => number, from: number, to: number, left: number, right: number}} Painter */

/** The lanes of one or two recordings, and what of their time is seen. */
class Lanes {
  /** @param {HTMLElement} holder @param {(micros: number) => void} seek */
  constructor(holder, seek) {
    this.holder = holder;
    this.under = /** @type {HTMLCanvasElement} */ (holder.querySelector(".under"));
    this.over = /** @type {HTMLCanvasElement} */ (holder.querySelector(".over"));
    /** @type {Shown[]} */
    this.shown = [];
    this.from = 0;
    this.to = MICRO;
    this.now = 0;
    this.parting = -1;
    this.wide = 0; // pixels, kept: to ask the page for them lays it out
    this.high = 0;
    this.follows = true; // a live session: the view grows with it
    /** @type {Record<string, string>} */
    this.colours = {};
    this.listen(seek);
  }

  /** What is shown, from the start to the end. @param {Shown[]} shown */
  show(shown) {
    this.shown = shown;
    this.fit();
  }

  get longest() {
    return Math.max(MICRO / 10, ...this.shown.map(({ store }) => store.end)) * 1.01;
  }

  fit() {
    this.follows = true;
    [this.from, this.to] = [0, this.longest];
    this.draw();
  }

  /** Show more or less time; `around` stays where it is. @param {number} factor @param {number} [around] */
  zoom(factor, around = this.now) {
    const middle = around < this.from || around > this.to ? (this.from + this.to) / 2 : around;
    const wide = Math.min(this.longest, Math.max(LEAST, (this.to - this.from) * factor));
    const share = (middle - this.from) / (this.to - this.from);
    this.look(middle - share * wide, wide);
  }

  /** @param {number} from @param {number} wide */
  look(from, wide) {
    this.from = Math.max(0, Math.min(from, this.longest - wide));
    this.to = this.from + wide;
    this.follows = wide >= this.longest;
    this.draw();
  }

  /** The instant; the view goes along. @param {number} micros */
  move(micros) {
    this.now = micros;
    const wide = this.to - this.from;
    if (micros < this.from || micros > this.to) this.look(micros - wide / 2, wide);
    this.drawNow();
  }

  /** More rows came. */
  grow() {
    if (this.follows) this.fit();
    else this.draw();
  }

  /** @param {(micros: number) => void} seek */
  listen(seek) {
    const at = (/** @type {MouseEvent} */ event) => {
      const box = this.over.getBoundingClientRect();
      return this.timeOf(event.clientX - box.left);
    };
    this.over.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.over.setPointerCapture(event.pointerId);
      seek(at(event));
    });
    this.over.addEventListener("pointermove", (event) => {
      if (this.over.hasPointerCapture(event.pointerId)) seek(at(event));
    });
    this.over.addEventListener("dblclick", (event) => this.zoom(0.25, at(event)));
    this.over.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.shiftKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
        event.preventDefault();
        if (event.ctrlKey) this.zoom(Math.exp(event.deltaY / 200), at(event));
        else this.look(this.from + ((event.deltaX || event.deltaY) / 800) * (this.to - this.from), this.to - this.from);
      },
      { passive: false },
    );
    new ResizeObserver(() => this.draw()).observe(this.holder);
  }

  /** @param {number} x */
  timeOf(x) {
    const wide = this.wide - GUTTER - 8;
    return Math.max(0, this.from + ((x - GUTTER) / wide) * (this.to - this.from));
  }

  /** @param {number} micros */
  placeOf(micros) {
    const wide = this.wide - GUTTER - 8;
    return GUTTER + ((micros - this.from) / (this.to - this.from)) * wide;
  }

  /** Read the colours of the page's theme. */
  theme() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["ink", "quiet", "line", "panel", "accent", "bad", "warn", "good", "sent", "received", "confirmed", "word"])
      this.colours[name] = style.getPropertyValue(`--${name}`).trim();
    for (const role of ["rest", "live", "wait", "end", "fail"]) {
      this.colours[`${role}-fill`] = style.getPropertyValue(`--${role}-fill`).trim();
      this.colours[`${role}-line`] = style.getPropertyValue(`--${role}-line`).trim();
      this.colours[`${role}-text`] = style.getPropertyValue(`--${role}-text`).trim();
    }
    this.draw();
  }

  /** The lanes of one recording. @param {Shown} shown @returns {Lane[]} */
  lanes({ store, title }) {
    const first = { name: title || "state", high: 26, draw: this.states };
    if (store.head.timeless) return [first];
    return [
      first,
      { name: "dials", high: 24, draw: this.dials },
      { name: "messages", high: 18, draw: this.messages },
      ...store.head.sources.map((/** @type {string} */ name, /** @type {number} */ source) => ({
        name,
        high: 62,
        draw: (/** @type {Painter} */ paint, /** @type {number} */ top, /** @type {number} */ high) => this.audio(paint, top, high, source),
      })),
      { name: "words", high: 18, draw: this.words },
    ];
  }

  draw() {
    if (!this.colours.ink || !this.shown.length) return;
    const wide = (this.wide = this.holder.clientWidth);
    const all = this.shown.map((each) => this.lanes(each));
    const high = AXIS + all.flat().reduce((sum, lane) => sum + lane.high + 6, 0) + 10 * (all.length - 1) + 4;
    this.high = high;
    const ink = fitted(this.under, wide, high);
    fitted(this.over, wide, high);
    this.holder.style.height = `${high}px`;
    this.axis(ink, high);
    let top = AXIS + 2;
    all.forEach((lanes, at) => {
      const paint = { ink, store: this.shown[at].store, x: (/** @type {number} */ t) => this.placeOf(t), t: (/** @type {number} */ px) => this.timeOf(px), from: this.from, to: this.to, left: GUTTER, right: wide - 8 };
      for (const lane of lanes) {
        ink.fillStyle = this.colours.quiet;
        ink.font = "12px system-ui, sans-serif";
        ink.textBaseline = "middle";
        ink.textAlign = "right";
        ink.fillText(shortened(ink, lane.name, GUTTER - 14), GUTTER - 10, top + Math.min(lane.high, 26) / 2);
        ink.save();
        ink.beginPath();
        ink.rect(GUTTER, top, wide - 8 - GUTTER, lane.high);
        ink.clip();
        const note = lane.draw.call(this, paint, top, lane.high);
        ink.restore();
        if (note) {
          ink.fillStyle = this.colours.quiet;
          ink.font = "11px system-ui, sans-serif";
          ink.textAlign = "right";
          ink.fillText(note, GUTTER - 10, top + 31);
        }
        top += lane.high + 6;
      }
      top += 10;
    });
    this.drawNow();
  }

  /** @param {CanvasRenderingContext2D} ink @param {number} high */
  axis(ink, high) {
    const least = this.shown[0].store.head.timeless ? MICRO : 0; // a step of the model
    const step = Math.max(least, nice(((this.to - this.from) * 90) / Math.max(100, this.wide)));
    ink.font = "11px ui-monospace, monospace";
    ink.textAlign = "center";
    ink.textBaseline = "top";
    for (let t = Math.ceil(this.from / step) * step; t <= this.to; t += step) {
      const x = Math.round(this.placeOf(t)) + 0.5;
      ink.strokeStyle = this.colours.line;
      ink.beginPath();
      ink.moveTo(x, AXIS - 4);
      ink.lineTo(x, high);
      ink.stroke();
      ink.fillStyle = this.colours.quiet;
      ink.fillText(this.named(t, step), Math.min(x, this.wide - 24), 2);
    }
  }

  /** @param {Painter} x @param {number} top @param {number} high */
  states({ ink, store, x, from, to }, top, high) {
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
      ink.fillStyle = this.colours[`${role}-line`];
      ink.globalAlpha = 0.2;
      ink.fillRect(a, top, b - a, high);
      ink.globalAlpha = 1;
      ink.fillRect(a, top + high - 3, b - a, 3);
      const name = FACTS.states[values[i]];
      const shownFrom = Math.max(a, GUTTER);
      ink.font = "600 12px system-ui, sans-serif";
      ink.textAlign = "left";
      if (ink.measureText(name).width + 10 < b - shownFrom) {
        ink.fillStyle = this.colours.ink;
        ink.fillText(name, shownFrom + 5, top + high / 2 - 1);
      }
    }
  }

  /** @param {Painter} x @param {number} top @param {number} high */
  dials({ ink, store, x, from, to, right }, top, high) {
    for (const outage of store.outages) {
      if (outage.from > to || outage.to < from) continue;
      const [a, b] = [x(outage.from), Math.min(right, x(Math.min(outage.to, store.end)))];
      ink.fillStyle = this.colours.bad;
      ink.globalAlpha = 0.13;
      ink.fillRect(a, top, Math.max(2, b - a), high);
      ink.globalAlpha = 1;
    }
    for (const dial of store.dials) {
      if (dial.from > to || dial.to < from) continue;
      const [a, b] = [x(dial.from), Math.max(x(dial.from) + 2, x(Math.min(dial.to, store.end)))];
      const live = dial.live === Infinity ? b : Math.min(b, x(dial.live));
      ink.fillStyle = this.colours.warn;
      ink.fillRect(a, top + 16, Math.max(2, live - a), 4);
      ink.fillStyle = this.colours.good;
      if (b > live) ink.fillRect(live, top + 16, b - live, 4);
      if (dial.why) {
        ink.strokeStyle = this.colours.bad;
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
        ink.fillStyle = this.colours.quiet;
        ink.fillText(String(dial.dial), Math.max(a, GUTTER) + 1, top + 7);
      }
    }
  }

  /** The name of a time on the axis. @param {number} micros @param {number} step */
  named(micros, step) {
    if (this.shown[0].store.head.timeless) return String(Math.round(micros / MICRO));
    return clock(micros, step < 1e4 ? 3 : step < 1e5 ? 2 : step < 1e6 ? 1 : 0);
  }

  /** @param {Painter} paint @param {number} top @param {number} high */
  messages(paint, top, high) {
    const half = high / 2;
    this.ticks(paint, paint.store.sends, top, half - 1, this.colours.accent);
    this.ticks(paint, paint.store.messages, top + half + 1, half - 1, this.colours.received);
    this.ticks(paint, paint.store.pings, top, half - 1, this.colours.warn);
    this.ticks(paint, paint.store.pongs, top + half + 1, half - 1, this.colours.good);
  }

  /** @param {Painter} x @param {Column} times @param {number} top @param {number} high @param {string} colour */
  ticks({ ink, x, from, to }, times, top, high, colour) {
    ink.fillStyle = colour;
    for (let i = times.upTo(from - 1); i < times.length && times.at(i) <= to; ) {
      const at = x(times.at(i));
      ink.fillRect(at - 0.75, top, 1.5, high);
      const next = times.upTo(this.timeOf(at + 1)); // one tick in a pixel is enough
      i = Math.max(i + 1, next);
    }
  }

  /** How far behind the captured audio each watermark is, and the gaps. Returns its height in words.
   * @param {Painter} x @param {number} top @param {number} high @param {number} source */
  audio({ ink, store, x, t, left, right, from, to }, top, high, source) {
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
    const width = Math.max(0, Math.floor(stop - left)) + 1;
    const colours = [this.colours.sent, this.colours.received, this.colours.confirmed];
    ink.fillStyle = this.colours.line;
    ink.fillRect(left, bottom, right - left, 1);
    for (const which of [2, 1, 0]) {
      ink.beginPath();
      ink.moveTo(left, bottom);
      for (let i = 0; i < width; i++) ink.lineTo(left + i, bottom - (behind[which][i] / most) * full);
      ink.lineTo(left + width - 1, bottom);
      ink.closePath();
      ink.fillStyle = colours[which];
      ink.fill();
    }
    for (const gap of store.gaps) {
      if (gap.source !== source || gap.until !== Infinity) continue;
      const [a, b] = [gap.start, gap.end].map((sample) => store.origin + (sample / FACTS.rate) * MICRO);
      if (a > to || b < from) continue;
      ink.fillStyle = this.colours.bad;
      ink.fillRect(x(a), bottom + 2, Math.max(3, x(b) - x(a)), 7);
    }
    return `${(most / FACTS.rate).toFixed(1)} s high`;
  }

  /** @param {Painter} paint @param {number} top @param {number} high */
  words(paint, top, high) {
    const { ink, store, x, from, to } = paint;
    this.ticks(paint, store.wordTimes, top + high - 4, 4, this.colours.quiet);
    ink.font = "11px system-ui, sans-serif";
    ink.textAlign = "left";
    let drawn = -1;
    for (const final of store.finals) {
      const [a, b] = [final.start, final.end].map((seconds) => store.origin + seconds * MICRO);
      if (a > to || b < from) continue;
      const [left, right] = [x(a), Math.max(x(b), x(a) + 2)];
      if (right < drawn + 1) continue;
      drawn = right;
      ink.fillStyle = this.colours.word;
      ink.fillRect(left, top, Math.max(1, right - left - 1), high - 5);
      if (right - left > 24) {
        ink.fillStyle = this.colours.ink;
        ink.fillText(shortened(ink, final.text, right - left - 8), Math.max(left, GUTTER) + 4, top + (high - 5) / 2);
      }
    }
  }

  /** The instant, above the lanes. */
  drawNow() {
    const ink = this.over.getContext("2d");
    if (!ink || !this.colours.ink) return;
    ink.clearRect(0, 0, this.wide, this.high);
    if (this.parting >= 0) this.needle(ink, this.parting, this.colours.bad, [4, 3]);
    this.needle(ink, this.now, this.colours.accent, []);
  }

  /** @param {CanvasRenderingContext2D} ink @param {number} micros @param {string} colour @param {number[]} dash */
  needle(ink, micros, colour, dash) {
    const x = Math.round(this.placeOf(micros));
    if (x < GUTTER - 1) return;
    ink.setLineDash(dash);
    ink.strokeStyle = ink.fillStyle = colour;
    ink.lineWidth = 2;
    ink.beginPath();
    ink.moveTo(x, AXIS - 6);
    ink.lineTo(x, this.high);
    ink.stroke();
    ink.beginPath();
    ink.moveTo(x - 6, AXIS - 12);
    ink.lineTo(x + 6, AXIS - 12);
    ink.lineTo(x, AXIS - 4);
    ink.fill();
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
