// The list of what came in and went out, of which only the rows that are seen exist.

const ROW = 26; // pixels; the CSS has the same

/** A list of any length that makes elements for what is seen of it alone. */
class EventList {
  /** @param {HTMLElement} box @param {(row: number) => void} choose */
  constructor(box, choose) {
    this.box = box;
    this.space = make("div", "space");
    box.append(this.space);
    this.choose = choose;
    /** @type {Store | null} */
    this.store = null;
    this.all = false;
    this.row = -1;
    /** @type {Map<number, HTMLElement>} */
    this.made = new Map();
    /** @type {Set<number>} */
    this.found = new Set();
    this.top = 0;
    box.addEventListener("scroll", () => {
      this.top = box.scrollTop;
      this.draw();
    });
    box.addEventListener("click", (event) => {
      const item = /** @type {HTMLElement} */ (event.target).closest("[data-row]");
      if (item instanceof HTMLElement) choose(Number(item.dataset.row));
    });
    this.high = 0; // pixels, kept: to ask the page for them lays it out
    new ResizeObserver(() => this.measure()).observe(box);
  }

  measure() {
    this.high = this.box.clientHeight;
    this.top = this.box.scrollTop;
    this.draw();
  }

  /** @param {Store} store */
  show(store) {
    this.store = store;
    this.measure();
    this.found.clear();
    this.again();
  }

  /** Make all that is seen anew. */
  again() {
    for (const item of this.made.values()) item.remove();
    this.made.clear();
    this.grow();
  }

  /** More rows came. */
  grow() {
    this.space.style.height = `${this.length * ROW}px`;
    this.draw();
  }

  get length() {
    if (!this.store) return 0;
    return this.all ? this.store.length : this.store.notable.length;
  }

  /** The row at a place of the list. @param {number} place */
  rowOf(place) {
    return this.all || !this.store ? place : this.store.notable.at(place);
  }

  /** The place of the last row that is listed, up to `row`. @param {number} row */
  placeOf(row) {
    return this.all || !this.store ? row : this.store.notable.upTo(row) - 1;
  }

  /** The row before or after one. @param {number} row @param {number} by */
  next(row, by) {
    const place = this.placeOf(row);
    const isListed = place >= 0 && this.rowOf(place) === row;
    const to = by < 0 && !isListed ? place : place + by;
    return to < 0 || !this.length ? -1 : this.rowOf(Math.min(this.length - 1, to));
  }

  /** Mark a row, and bring it into view. @param {number} row */
  mark(row) {
    const place = this.placeOf(row);
    const now = place < 0 ? -1 : this.rowOf(place);
    if (now === this.row) return;
    this.row = now;
    const top = Math.max(0, place) * ROW;
    if (top < this.top + ROW || top > this.top + this.high - 2 * ROW) {
      this.top = Math.max(0, Math.min(top - this.high / 2, this.length * ROW - this.high));
      this.box.scrollTop = this.top;
    }
    this.draw();
  }

  draw() {
    const { store } = this;
    if (!store) return;
    const first = Math.max(0, Math.floor(this.top / ROW) - 3);
    const last = Math.min(this.length, first + Math.ceil(this.high / ROW) + 6);
    for (const [place, item] of this.made)
      if (place < first || place >= last) {
        item.remove();
        this.made.delete(place);
      }
    for (let place = first; place < last; place++) {
      let item = this.made.get(place);
      if (!item) {
        item = this.item(store, this.rowOf(place));
        item.style.top = `${place * ROW}px`;
        this.made.set(place, item);
        this.space.append(item);
      }
      const isNow = Number(item.dataset.row) === this.row;
      item.classList.toggle("now", isNow);
      item.classList.toggle("found", this.found.has(Number(item.dataset.row)));
      item.setAttribute("aria-selected", String(isNow));
      if (isNow) this.box.setAttribute("aria-activedescendant", item.id);
    }
  }

  /** @param {Store} store @param {number} row */
  item(store, row) {
    const more = store.more[row] || {};
    const tone = toneOf(store, row);
    const item = make("div", `item ${tone}`);
    item.id = `row-${row}`;
    item.dataset.row = String(row);
    item.setAttribute("role", "option");
    const time = store.head.timeless ? `${row}.` : clock(store.time.at(row), 3);
    item.append(make("span", "time", time), make("span", "dot"), make("span", "what", store.words(row)));
    if (more.s !== undefined) item.append(chip(more.s));
    else if (more.c) item.append(make("span", "came", `${more.c.length} command${more.c.length > 1 ? "s" : ""}`));
    return item;
  }
}

/** A state as a coloured word. @param {number} state */
function chip(state) {
  const name = FACTS.states[state];
  return make("span", `chip role-${FACTS.roles[state]}`, name);
}

/** Whether a verdict led to nothing, for the session was at its end. @param {any} more */
function isIdle(more) {
  return more.s === STATE.closed;
}

/** What colour a row has. @param {Store} store @param {number} row */
function toneOf(store, row) {
  const more = store.more[row] || {};
  if (more.r || (more.v && !isIdle(more))) return "bad";
  if ((more.u || []).some((/** @type {any[]} */ each) => "gta".includes(each[0]))) return "warn";
  if (more.s !== undefined) return "turn";
  if ((more.u || []).some((/** @type {any[]} */ each) => "phf".includes(each[0]))) return "word";
  const kind = store.kind.at(row);
  if (kind === KIND.MessageReceived || kind === KIND.PongReceived) return "in";
  if (kind === KIND.SendText || kind === KIND.SendBytes || kind === KIND.SendPing || kind === KIND.AudioSent) return "out";
  return "";
}
