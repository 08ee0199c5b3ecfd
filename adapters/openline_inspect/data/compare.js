// Where do two recordings part? Both are read side by side, without audio and without what differs
// in any two sessions: ids, dates, and numbers with a point, as times and random waits are.

/** What two rows must have in common. @param {Store} store @param {number} row */
function sameness(store, row) {
  const more = store.more[row] || {};
  const state = more.s === undefined ? "" : FACTS.states[more.s];
  const text = [FACTS.kinds[store.kind.at(row)], more.w, state, more.r, ...(more.c || [])].join("\n");
  return text.replace(/(connection_id|date|session_id|attempt_id)=\S+( \d+)?/g, "").replace(/\d+\.\d+(e-?\d+)?/g, "#");
}

/** Rows that are compared: all but audio, partials, pings and the mere passing of time.
 * @param {Store} store */
function compared(store) {
  const rows = [];
  for (let i = 0; i < store.notable.length; i++) {
    const row = store.notable.at(i);
    const more = store.more[row];
    const kind = store.kind.at(row);
    const isPing = kind === KIND.SendPing || kind === KIND.PongReceived;
    const isPartial = (more.u || []).length > 0 && more.u.every((/** @type {any[]} */ each) => each[0] === "p" || each[0] === "x") && more.s === undefined;
    const isTime = more.w === "Tick" && !more.x && !more.c;
    if (!isPing && !isPartial && !isTime) rows.push(row);
  }
  return rows;
}

/** The first rows that differ, or null. A row of -1: this recording is over there.
 * @param {Store} one @param {Store} other */
function parting(one, other) {
  const [a, b] = [compared(one), compared(other)];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (i >= a.length || i >= b.length || sameness(one, a[i]) !== sameness(other, b[i]))
      return { a: i < a.length ? a[i] : -1, b: i < b.length ? b[i] : -1, common: i };
  }
  return null;
}
