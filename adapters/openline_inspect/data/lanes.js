// Lanes over time, on two canvases: one for what was recorded, drawn when the view changes, and one
// above it for the instant, drawn as the instant moves. So scrubbing costs a line, however long the
// session was. Of many rows in one column of pixels the worst one is drawn.

const GUTTER = 78; // pixels for the names of the lanes
const AXIS = 20;
const LEAST = 2000; // microseconds that a view shows at least
const MOST_TIPS = 200; // gaps that have words: a canvas draws any number

/** The lanes of one or two recordings, and what of their time is seen. */
class Lanes {
  /** @param {HTMLElement} holder @param {(micros: number) => void} seek */
  constructor(holder, seek) {
    this.holder = holder;
    this.under = /** @type {HTMLCanvasElement} */ (holder.querySelector(".under"));
    this.over = /** @type {HTMLCanvasElement} */ (holder.querySelector(".over"));
    this.tips = /** @type {HTMLElement} */ (holder.querySelector(".tips"));
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
    const first = { name: title || "state", high: 26, draw: paintStates };
    if (store.head.timeless) return [first];
    return [
      first,
      { name: "dials", high: 24, draw: paintDials },
      { name: "messages", high: 18, draw: paintMessages },
      ...store.head.sources.map((/** @type {string} */ name, /** @type {number} */ source) => ({
        name,
        high: 62,
        draw: (/** @type {Painter} */ paint, /** @type {number} */ top, /** @type {number} */ high) => paintAudio(paint, top, high, source),
      })),
      { name: "words", high: 18, draw: paintWords },
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
    /** @type {Tip[][]} */
    const tips = this.shown.map(() => []);
    let top = AXIS + 2;
    all.forEach((lanes, at) => {
      const paint = { ink, colours: this.colours, store: this.shown[at].store, x: (/** @type {number} */ t) => this.placeOf(t), t: (/** @type {number} */ px) => this.timeOf(px), from: this.from, to: this.to, left: GUTTER, right: wide - 8, tips: tips[at] };
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
        const note = lane.draw(paint, top, lane.high);
        ink.restore();
        if (note) {
          ink.fillStyle = this.colours.quiet;
          ink.font = "11px system-ui, sans-serif";
          ink.textAlign = "right";
          note.split("\n").forEach((line, below) => ink.fillText(line, GUTTER - 10, top + 31 + 13 * below));
        }
        top += lane.high + 6;
      }
      top += 10;
    });
    this.tell(tips);
    this.drawNow();
  }

  /** Put words where the pointer may ask for them. @param {Tip[][]} tips of each recording */
  tell(tips) {
    const made = tips.flatMap((each, at) => each.slice(0, MOST_TIPS).map((tip) => this.tip(tip, at === 0)));
    this.tips.replaceChildren(...made);
  }

  /** @param {Tip} tip @param {boolean} leads */
  tip({ left, top, wide, high, row, text }, leads) {
    const made = make("div", "tip");
    const from = Math.max(GUTTER, left);
    Object.assign(made.style, { left: `${from}px`, top: `${top}px`, width: `${Math.max(8, Math.min(left + wide, this.wide - 8) - from)}px`, height: `${high}px` });
    made.title = text;
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", text);
    if (leads) made.addEventListener("click", () => jump(row));
    return made;
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

  /** The name of a time on the axis. @param {number} micros @param {number} step */
  named(micros, step) {
    if (this.shown[0].store.head.timeless) return String(Math.round(micros / MICRO));
    return clock(micros, step < 1e4 ? 3 : step < 1e5 ? 2 : step < 1e6 ? 1 : 0);
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
