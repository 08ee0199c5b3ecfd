// The rows of one recording, as columns that grow.
//
// Scrubbing asks "what was it like at this instant?" a hundred times a second. So each column has
// one number a row, and what changes seldom is a list of changes with the row of each: both are
// found by binary search. Nothing is computed again when the instant moves.

/** What Python knows: names of kinds, states, timers, and the chart. See page.py. */
const FACTS = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("facts")).textContent || "{}");
const MARKS = FACTS.marks.length;
const KIND = Object.fromEntries(FACTS.kinds.map((/** @type {string} */ name, /** @type {number} */ at) => [name, at]));
const STATE = Object.fromEntries(FACTS.states.map((/** @type {string} */ name, /** @type {number} */ at) => [name, at]));
/** States in which a session that has streamed has no line. */
const DOWN = new Set(["authorizing", "connecting", "awaiting_ack", "reconnecting"].map((name) => STATE[name]));

/** A column of numbers that grows. */
class Column {
  /** @param {Float64ArrayConstructor | Uint32ArrayConstructor | Uint8ArrayConstructor} Kind */
  constructor(Kind) {
    this.Kind = Kind;
    this.data = new Kind(1024);
    this.length = 0;
  }

  /** @param {number} value */
  push(value) {
    if (this.length === this.data.length) {
      const more = new this.Kind(2 * this.length);
      more.set(this.data);
      this.data = more;
    }
    this.data[this.length++] = value;
  }

  /** @param {number} at */
  at(at) {
    return this.data[at];
  }

  /** The last value, or `none`. @param {number} none */
  last(none) {
    return this.length ? this.data[this.length - 1] : none;
  }

  /** How many of the values, which ascend, are at most `value`. @param {number} value */
  upTo(value) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.data[middle] <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Values that change seldom: the row of each change, and the value from there on. */
class Changes {
  constructor() {
    this.rows = new Column(Uint32Array);
    /** @type {any[]} */
    this.values = [];
  }

  /** @param {number} row @param {any} value */
  add(row, value) {
    this.rows.push(row);
    this.values.push(value);
  }

  /** The value at a row, or undefined. @param {number} row */
  at(row) {
    const count = this.rows.upTo(row);
    return count ? this.values[count - 1] : undefined;
  }
}

/** One recording: a head, and rows that may still come. */
class Store {
  /** @param {any} head */
  constructor(head) {
    this.head = head;
    this.elements = 0; // rows and stories that were taken
    this.time = new Column(Float64Array); // microseconds
    this.kind = new Column(Uint8Array);
    this.state = new Column(Uint8Array);
    this.dial = new Column(Uint32Array);
    this.marks = head.sources.flatMap(() => FACTS.marks.map(() => new Column(Float64Array)));
    /** @type {any[]} */
    this.more = [];
    this.notable = new Column(Uint32Array); // rows but for audio and the mere passing of time
    this.turns = new Column(Uint32Array); // rows in which the state or the dial changes
    this.stays = new Changes(); // the state, from its row on
    this.deadlines = FACTS.timers.map(() => new Changes()); // when each is due; 0: it is off
    this.offsets = FACTS.timers.map(() => 0);
    this.ran = new Column(Uint32Array); // rows of the transitions that ran
    this.ways = new Column(Uint32Array); // which they were
    this.judged = new Changes(); // verdicts
    this.partials = head.sources.map(() => new Changes());
    /** @type {{row: number, source: number, text: string, start: number, end: number, id: string, who: string}[]} */
    this.finals = [];
    this.finalRows = new Column(Uint32Array);
    this.wordTimes = new Column(Float64Array); // of partials, for their lane
    /** @type {{row: number, source: number, start: number, end: number, samples: number, cause: string, until: number}[]} */
    this.gaps = [];
    /** @type {{dial: number, row: number, from: number, to: number, live: number, why: string}[]} */
    this.dials = [];
    this.pings = new Column(Float64Array);
    this.pongs = new Column(Float64Array);
    this.messages = new Column(Float64Array);
    this.sends = new Column(Float64Array);
    /** @type {{row: number, text: string}[]} */
    this.notes = []; // troubles, devices, suspensions
    /** @type {{from: number, to: number, row: number}[]} */
    this.outages = []; // from a loss, or a first dial that failed, to a line
    this.origin = 0; // microseconds at session time 0
    this.streamed = false;
    this.ended = null;
    /** @type {any} */
    this.story = null;
    /** @type {{at: number, text: string, trouble: boolean, row: number}[]} */
    this.happened = [];
    /** @type {{row: number, at: number, text: string}[]} */
    this.troubles = [];
  }

  get length() {
    return this.time.length;
  }

  /** Microseconds from the first row to the last one. */
  get end() {
    return this.time.last(0);
  }

  /** The last row at or before a time; -1: none. @param {number} micros */
  rowAt(micros) {
    return this.time.upTo(micros + 0.5) - 1;
  }

  /** Take more rows and stories. @param {any[]} elements */
  append(elements) {
    for (const each of elements) {
      if (Array.isArray(each)) this.row(each);
      else this.tell(each.story);
    }
    this.elements += elements.length;
  }

  /** @param {any[]} plain */
  row([passed, kind, moved, more]) {
    const row = this.length;
    const at = this.time.last(0) + passed;
    this.time.push(at);
    this.kind.push(kind);
    for (const mark of this.marks) mark.push(mark.last(0));
    if (moved)
      for (let i = 0; i < moved.length; i += 2) {
        const { data } = this.marks[moved[i]];
        data[row] += moved[i + 1];
      }
    const state = more && more.s !== undefined ? more.s : this.state.last(STATE.idle);
    const dial = more && more.d !== undefined ? more.d : this.dial.last(0);
    const turned = row === 0 || state !== this.state.last(STATE.idle);
    if (turned || dial !== this.dial.last(0)) this.turns.push(row);
    this.state.push(state);
    this.dial.push(dial);
    this.more.push(more);
    if (more) this.extras(row, at, more);
    if (dial && (!this.dials.length || this.dials[this.dials.length - 1].dial !== dial))
      this.dials.push({ dial, row, from: at, to: Infinity, live: Infinity, why: "" });
    if (turned) this.turn(row, at, state);
    this.traffic(at, kind, more);
    if (isNotable(kind, more)) this.notable.push(row);
  }

  /** The state is another one. @param {number} row @param {number} at @param {number} state */
  turn(row, at, state) {
    const name = FACTS.states[state];
    this.stays.add(row, state);
    const dial = this.dials[this.dials.length - 1];
    if (dial && dial.to === Infinity) {
      if (name === "streaming" || name === "finishing") dial.live = Math.min(dial.live, at);
      if (name === "reconnecting" || name === "closed" || name === "failed") {
        dial.to = at;
        const said = this.judged.rows.last(-1) === row ? this.judged.values[this.judged.values.length - 1] : null;
        dial.why = name === "closed" ? "" : said ? `${said[0]}: ${said[1]}` : name;
      }
    }
    const before = this.dials[this.dials.length - 2];
    if (before && before.to === Infinity) before.to = dial.from;
    const open = this.outages[this.outages.length - 1];
    const isDown = DOWN.has(state);
    if (open && open.to === Infinity && !isDown) open.to = at;
    else if ((this.streamed || name === "reconnecting") && isDown && (!open || open.to !== Infinity)) this.outages.push({ from: at, to: Infinity, row });
    this.streamed = this.streamed || name === "streaming";
  }

  /** @param {number} at @param {number} kind @param {any} more */
  traffic(at, kind, more) {
    if (kind === KIND.SendPing) this.pings.push(at);
    else if (kind === KIND.PongReceived) this.pongs.push(at);
    else if (kind === KIND.MessageReceived) this.messages.push(at);
    else if (kind === KIND.SendText || kind === KIND.SendBytes) this.sends.push(at);
    if (more && more.r) this.notes.push({ row: this.length - 1, text: more.r });
  }

  /** @param {number} row @param {number} at @param {any} more */
  extras(row, at, more) {
    if (more.o !== undefined) this.origin = more.o;
    for (const way of more.x || []) {
      this.ran.push(row);
      this.ways.push(way);
    }
    for (const said of more.v || []) this.judged.add(row, said);
    const due = more.z || [];
    for (let i = 0; i < due.length; i++) {
      const timer = due[i] >> 1;
      if (!(due[i] & 1)) {
        i++;
        if (due[i] < 0) {
          this.deadlines[timer].add(row, 0);
          continue;
        }
        this.offsets[timer] = due[i];
      }
      this.deadlines[timer].add(row, at + this.offsets[timer] || 1);
    }
    for (const update of more.u || []) this.update(row, at, update);
  }

  /** @param {number} row @param {number} at @param {any[]} update */
  update(row, at, [letter, ...rest]) {
    if (letter === "p" || letter === "h") {
      const [source, text, start, end] = rest;
      this.partials[source].add(row, { text, start, end, settled: letter === "h" });
      this.wordTimes.push(at);
    } else if (letter === "f") {
      const [source, text, start, end, id, who] = rest;
      this.finals.push({ row, source, text, start, end, id, who });
      this.finalRows.push(row);
      this.partials[source].add(row, null);
    } else if (letter === "x") this.partials[rest[0]].add(row, null);
    else if (letter === "g") {
      const [source, start, end, samples, cause] = rest;
      this.gaps.push({ row, source, start, end, samples, cause, until: Infinity });
    } else if (letter === "G") {
      const gap = this.gaps.find((each) => each.until === Infinity && each.source === rest[0] && each.start === rest[1] && each.end === rest[2]);
      if (gap) gap.until = row;
    } else if (letter === "t") this.notes.push({ row, text: rest[1] });
    else if (letter === "a" || letter === "b") this.notes.push({ row, text: `${this.head.sources[rest[0]]} ${rest[1]}` });
    else if (letter === "z") this.notes.push({ row, text: `suspended for ${rest[0]} s` });
    else if (letter === "e") this.ended = { row, complete: !!rest[0], reason: rest[1], missing: rest[2] };
  }

  /** The story so far replaces the one before. @param {any} story */
  tell(story) {
    this.story = story;
    this.happened = story.minutes
      .flatMap((/** @type {any} */ minute) => minute.happened)
      .map((/** @type {any} */ said) => ({ ...said, row: this.weightiest(said.at * MICRO) }));
    this.troubles = this.happened.filter((said) => said.trouble);
  }

  /** Of the rows at a time, the one that says most: a verdict, a turn, or commands. @param {number} micros */
  weightiest(micros) {
    let best = Math.max(0, this.rowAt(micros));
    let most = -1;
    for (let row = best; row >= 0 && this.time.at(row) > micros - 2; row--) {
      const more = this.more[row] || {};
      const weight = (more.v ? 8 : 0) + (more.s !== undefined ? 4 : 0) + (more.c ? 2 : 0) + (more.u ? 1 : 0);
      if (weight > most) [best, most] = [row, weight];
    }
    return best;
  }

  /** A row in words. @param {number} row */
  words(row) {
    const more = this.more[row];
    if (more && more.w === "Tick" && more.f) return `${more.f.map((/** @type {number} */ timer) => FACTS.timers[timer]).join(", ")} is due`;
    if (more && more.w !== undefined) return more.w;
    const isSent = this.kind.at(row) === KIND.AudioSent;
    const parts = this.head.sources.flatMap((/** @type {string} */ name, /** @type {number} */ source) => {
      const mark = this.marks[source * MARKS + (isSent ? 1 : 0)];
      const by = mark.at(row) - (row ? mark.at(row - 1) : 0);
      return by > 0 ? [`${(by / FACTS.rate).toFixed(2)} s of ${name}`] : [];
    });
    return `${parts.join(", ") || "audio"} ${isSent ? "sent" : "captured"}`;
  }

  /** All that a search looks at. @param {number} row */
  searched(row) {
    const more = this.more[row];
    if (!more) return "";
    const verdicts = (more.v || []).map((/** @type {any[]} */ said) => said.slice(0, 3).join(" "));
    const ways = (more.x || []).map((/** @type {number} */ way) => FACTS.rows[way][0]);
    const state = more.s === undefined ? "" : FACTS.states[more.s];
    return [more.w, more.r, state, ...(more.c || []), ...verdicts, ...ways, ...(more.m || [])].join("\n").toLowerCase();
  }

  /** How often each state was entered, how long it lasted, and how often each edge was taken. */
  heat() {
    const entered = FACTS.states.map(() => 0);
    const spent = FACTS.states.map(() => 0);
    const edges = FACTS.edges.map(() => 0);
    const { rows, values } = this.stays;
    for (let i = 0; i < values.length; i++) {
      entered[values[i]]++;
      const until = i + 1 < values.length ? this.time.at(rows.at(i + 1)) : this.end;
      spent[values[i]] += until - this.time.at(rows.at(i));
    }
    for (let i = 0; i < this.ways.length; i++) {
      const edge = FACTS.rows[this.ways.at(i)][6];
      if (edge >= 0) edges[edge]++;
    }
    return { entered, spent, edges };
  }
}

/** Kinds that come many times a second, and matter only for what they lead to. */
const MANY = new Set(["AudioCaptured", "AudioSent", "AudioFetched", "Tick"].map((name) => KIND[name]));

/** @param {number} kind @param {any} more */
function isNotable(kind, more) {
  if (!MANY.has(kind)) return true;
  return Boolean(more && (more.x || more.c || more.u || more.v || more.s !== undefined || more.r));
}
