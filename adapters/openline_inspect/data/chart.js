// The machine's drawing, lit: the state that the session is in, the edge that it just took, and
// how often, or for how long. The drawing is SVG that Python made; only classes and counts change.

/** @typedef {"off" | "taken" | "spent"} Heat */

/** Lights both drawings of the chart. */
class Chart {
  /** @param {HTMLElement[]} drawings */
  constructor(drawings) {
    const all = (/** @type {string} */ what) => drawings.flatMap((each) => [...each.querySelectorAll(what)]);
    /** @type {Element[][]} */
    this.states = FACTS.states.map((/** @type {string} */ name) => all(`[data-state="${name}"]`));
    /** @type {Element[][]} */
    this.edges = FACTS.edges.map((/** @type {any} */ _, /** @type {number} */ at) => all(`[data-edge="${at}"]`));
    this.lit = -1;
    this.taken = -1;
    this.way = -1; // the transition on it
    /** @type {Heat} */
    this.heat = "off";
  }

  /** Show where the session is after a row. @param {Store} store @param {number} row */
  show(store, row) {
    const state = row < 0 ? STATE.idle : store.state.at(row);
    if (state !== this.lit) {
      if (this.lit >= 0) for (const each of this.states[this.lit]) each.classList.remove("lit");
      for (const each of this.states[state]) each.classList.add("lit");
      this.lit = state;
    }
    const turn = store.stays.rows.upTo(row) - 1;
    const taken = turn < 0 ? -1 : edgeOf(store, store.stays.rows.at(turn));
    if (taken !== this.taken) {
      if (this.taken >= 0) for (const each of this.edges[this.taken]) each.classList.remove("lit");
      if (taken >= 0) for (const each of this.edges[taken]) each.classList.add("lit");
      this.taken = taken;
    }
    const way = taken < 0 ? -1 : wayOf(store, store.stays.rows.at(turn));
    if (way !== this.way) {
      this.way = way;
      if (this.heat !== "taken") this.label();
    }
  }

  /** Cards say what they are, and the one that was just taken by which event. */
  label() {
    this.edges.forEach((some, at) => {
      for (const each of some) {
        const text = each.querySelector(".count");
        if (text instanceof SVGElement) text.textContent = at === this.taken ? FACTS.rows[this.way][2] : text.dataset.label || "";
      }
    });
  }

  /** Write the counts of a whole recording on it. @param {Store} store @param {Heat} heat */
  count(store, heat) {
    this.heat = heat;
    const { entered, spent, edges } = store.heat();
    const values = heat === "spent" ? spent : entered;
    const most = Math.max(...values, 1);
    this.states.forEach((some, at) => {
      const text = heat === "off" || !values[at] ? "" : heat === "spent" ? span(values[at]) : `${values[at]}×`;
      for (const each of some) mark(each, text, heat === "off" ? -1 : values[at] / most);
    });
    const busiest = Math.max(...edges, 1);
    this.edges.forEach((some, at) => {
      const isOn = heat === "taken";
      for (const each of some) mark(each, isOn && edges[at] ? `${edges[at]}×` : "", isOn ? edges[at] / busiest : -1);
    });
    if (heat !== "taken") this.label();
  }
}

/** The last transition at a row that left a state; -1: none. @param {Store} store @param {number} row */
function wayOf(store, row) {
  const more = store.more[row];
  const ways = (more && more.x) || [];
  for (let i = ways.length - 1; i >= 0; i--) if (FACTS.rows[ways[i]][6] >= 0) return ways[i];
  return -1;
}

/** The edge that was taken last at a row; -1: none. @param {Store} store @param {number} row */
function edgeOf(store, row) {
  const way = wayOf(store, row);
  return way < 0 ? -1 : FACTS.rows[way][6];
}

/** Write a count on a part, and give it the class of its heat. @param {Element} part @param {string} text @param {number} share */
function mark(part, text, share) {
  const count = part.querySelector(".count");
  if (count) count.textContent = text;
  for (let i = 0; i < 7; i++) part.classList.toggle(`heat-${i}`, share > 0 && i === Math.min(6, Math.floor(7 * Math.sqrt(share))));
  part.classList.toggle("cold", share === 0);
}

/** A transition in words: event, guard, actions. @param {number} way */
function wayWords(way) {
  const [, source, event, guard, actions, target] = FACTS.rows[way];
  return { way: `${source} → ${target || "itself"}`, event, guard, actions: actions.join(", "), inside: !target };
}
