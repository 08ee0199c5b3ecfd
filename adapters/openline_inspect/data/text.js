// What is known at the instant, in words: the state and why, timers, watermarks, the transcript.

/** The panel of one instant. Its parts are made once; only their texts change. */
class Moment {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.row = -2;
    /** @type {Store | null} */
    this.store = null;
    this.timers = get("timers");
    this.marks = get("marks");
    /** @type {{item: HTMLElement, left: HTMLElement, bar: HTMLElement}[]} */
    this.running = [];
  }

  /** @param {Store} store @param {number} row @param {number} now */
  show(store, row, now) {
    if (store !== this.store || row !== this.row) {
      [this.store, this.row] = [store, row];
      this.box.replaceChildren(...(row < 0 ? [make("p", "quiet", "Before the first event.")] : moment(store, row)));
      this.watermarks(store, row);
    }
    this.countDown(store, row, now);
  }

  /** The timers that run, the soonest first. @param {Store} store @param {number} row @param {number} now */
  countDown(store, row, now) {
    const running = store.deadlines
      .map((/** @type {Changes} */ each, /** @type {number} */ timer) => ({ timer, due: each.at(row) || 0, since: since(store, each, row) }))
      .filter((/** @type {any} */ each) => each.due && row >= 0)
      .sort((/** @type {any} */ a, /** @type {any} */ b) => a.due - b.due);
    while (this.running.length < running.length) {
      const left = make("span", "left");
      const bar = make("span", "bar");
      const item = make("li", "", make("span", "timer"), make("span", "track", bar), left);
      this.timers.append(item);
      this.running.push({ item, left, bar });
    }
    this.running.forEach(({ item, left, bar }, at) => {
      item.hidden = at >= running.length;
      if (item.hidden) return;
      const { timer, due, since: from } = running[at];
      const rest = Math.max(0, due - now);
      /** @type {HTMLElement} */ (item.firstChild).textContent = FACTS.timers[timer];
      left.textContent = rest ? `in ${span(rest)}` : "due";
      bar.style.width = `${Math.min(100, (100 * rest) / Math.max(1, due - from))}%`;
      item.classList.toggle("soon", rest < MICRO / 2);
    });
    get("no-timers").hidden = running.length > 0;
  }

  /** @param {Store} store @param {number} row */
  watermarks(store, row) {
    const rows = store.head.sources.map((/** @type {string} */ name, /** @type {number} */ source) => {
      const values = FACTS.marks.map((/** @type {any} */ _, /** @type {number} */ at) => (row < 0 ? 0 : store.marks[source * MARKS + at].at(row)));
      const missing = store.gaps.filter((gap) => gap.source === source && gap.row <= row && gap.until > row).reduce((sum, gap) => sum + gap.samples, 0);
      const cells = [...values, missing].map((value, at) => make("td", at === 4 && missing ? "bad" : "", (value / FACTS.rate).toFixed(2)));
      const head = make("th", "", name);
      head.setAttribute("scope", "row");
      return make("tr", "", head, ...cells);
    });
    this.marks.replaceChildren(...rows);
  }
}

/** When a timer was armed as it is now. @param {Store} store @param {Changes} changes @param {number} row */
function since(store, changes, row) {
  const count = changes.rows.upTo(row);
  return count ? store.time.at(changes.rows.at(count - 1)) : 0;
}

/** The parts of a row, for people. @param {Store} store @param {number} row */
function moment(store, row) {
  const more = store.more[row] || {};
  const out = [make("p", "event", store.words(row))];
  for (const [action, why, source, strike] of more.v || []) {
    out.push(
      make(
        "div",
        isIdle(more) ? "verdict idle" : `verdict ${action}`,
        make("p", "why", make("strong", "", isIdle(more) ? "END" : action.toUpperCase()), isIdle(more) ? ` the session was at its end, so nothing follows (else: ${why})` : ` ${why}`),
        make("p", "source", `rule from: ${source}${strike ? " · counts as a strike" : ""}`),
      ),
    );
  }
  if (more.f) out.push(fact("timers due", ...more.f.map((/** @type {number} */ timer) => make("code", "", FACTS.timers[timer]))));
  for (const way of more.x || []) {
    const words = wayWords(way);
    const guard = words.guard ? [make("span", "guard", ` [${words.guard}]`)] : [];
    const actions = words.actions ? [make("span", "actions", ` / ${words.actions}`)] : [];
    out.push(fact("transition", make("code", "", words.way), ` on `, make("strong", "", words.event), ...guard, ...actions));
  }
  if (more.c) out.push(listed("commands", more.c));
  if (more.m) out.push(listed("changed", more.m));
  if (more.r) out.push(fact("raised", make("strong", "bad", more.r)));
  return out;
}

/** @param {string} name @param {...(string | Node)} inside */
function fact(name, ...inside) {
  return make("div", "fact", make("span", "label", name), make("div", "value", ...inside));
}

/** @param {string} name @param {string[]} texts */
function listed(name, texts) {
  return fact(name, make("ul", "", ...texts.map((text) => make("li", "", text))));
}

/** Finals that are shown before the instant, at most. */
const LATEST = 40;

/** The transcript up to the instant: finals, and the live partial of each source. */
class Transcript {
  /** @param {HTMLElement} box @param {(row: number) => void} choose */
  constructor(box, choose) {
    this.box = box;
    this.live = make("p", "live");
    this.done = make("div", "done");
    box.append(this.live, this.done); // from the bottom up: the newest is seen
    /** @type {Store | null} */
    this.store = null;
    this.count = 0;
    this.text = "";
    box.addEventListener("click", (event) => {
      const said = /** @type {HTMLElement} */ (event.target).closest("[data-row]");
      if (said instanceof HTMLElement) choose(Number(said.dataset.row));
    });
  }

  /** @param {Store} store @param {number} row */
  show(store, row) {
    const count = store.finalRows.upTo(row);
    if (store !== this.store || count < this.count || count > this.count + LATEST / 4) {
      this.done.replaceChildren();
      this.count = Math.max(0, count - LATEST);
      this.store = store;
    }
    for (; this.count < count; this.count++) {
      this.done.append(this.final(store, store.finals[this.count]));
      if (this.done.childElementCount > LATEST) this.done.firstElementChild?.remove();
    }
    const live = store.partials.flatMap((/** @type {Changes} */ each, /** @type {number} */ source) => {
      const said = each.at(row);
      return said ? [`${store.head.sources.length > 1 ? `${store.head.sources[source]}: ` : ""}${said.text}`] : [];
    });
    const text = live.join("\n");
    const isNew = text !== this.text || this.live.textContent !== text;
    if (isNew) this.live.textContent = this.text = text;
    get("no-words").hidden = count > 0 || text !== "";
  }

  /** @param {Store} store @param {{row: number, source: number, text: string, start: number, end: number, who: string}} said */
  final(store, said) {
    const item = make("button", "said");
    item.setAttribute("type", "button");
    item.dataset.row = String(said.row);
    const who = [store.head.sources.length > 1 ? store.head.sources[said.source] : "", said.who].filter(Boolean).join(", ");
    item.append(make("span", "time", clock(said.start * MICRO, 1)), ...(who ? [make("span", "who", who)] : []), make("span", "words", said.text));
    return item;
  }
}
