// The player: the instant, and the ways to another one. Whatever moves, `render` shows it.

/** Go to a time. @param {number} micros */
function seek(micros) {
  page.now = Math.max(0, Math.min(micros, store().end));
  page.row = store().rowAt(page.now);
  render();
}

/** Go to a row: of several at one time, to this one. @param {number} row */
function jump(row) {
  page.row = Math.max(-1, Math.min(row, store().length - 1));
  page.now = page.row < 0 ? 0 : store().time.at(page.row);
  render();
}

/** Show the instant. */
function render() {
  const here = store();
  // First what reads the layout, then what changes it.
  showStory();
  list.mark(page.row);
  lanes.move(page.now);
  chart.show(here, page.row);
  now.show(here, page.row, page.now);
  transcript.show(here, page.row);
  const state = page.row < 0 ? STATE.idle : here.state.at(page.row);
  const since = page.row < 0 ? 0 : here.time.at(here.stays.rows.at(here.stays.rows.upTo(page.row) - 1));
  const time = here.head.timeless ? `step ${Math.max(0, page.row)}` : clock(page.now, 3);
  get("time").textContent = time;
  const badge = get("state");
  badge.className = `chip role-${FACTS.roles[state]}`;
  badge.textContent = FACTS.states[state];
  get("since").textContent = here.head.timeless ? "" : `${page.now > since ? `for ${span(page.now - since)}` : "just now"}${page.row >= 0 && here.dial.at(page.row) ? `, dial ${here.dial.at(page.row)}` : ""}`;
  const slider = get("slider");
  slider.value = String(Math.round((1e4 * page.now) / Math.max(1, here.end)));
  slider.setAttribute("aria-valuetext", `${time}, ${FACTS.states[state]}`);
  remember();
}

/** The sentence of the story that was told last. */
let marked = -2;
function showStory() {
  const { happened } = store();
  let at = happened.length - 1;
  while (at >= 0 && happened[at].row > page.row) at--;
  if (at === marked) return;
  const items = get("story").children;
  if (items[marked]) items[marked].classList.remove("now");
  if (items[at]) {
    items[at].classList.add("now");
    const box = get("story");
    const top = items[at].offsetTop - box.offsetTop;
    if (top < box.scrollTop || top + items[at].offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 2;
  }
  marked = at;
}

let remembering = 0;
/** The address as the page last read or wrote it. */
let address = "";
/** Keep the instant in the page's address, once it rests. */
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    if (page.playing || location.hash !== address) return; // a new one is still to be read
    const parts = [`t=${(page.now / MICRO).toFixed(3).replace(/\.?0+$/, "")}`];
    if (page.stores.length > 1) parts.push(`s=${page.chosen + 1}`);
    if (page.other >= 0) parts.push(`with=${page.other + 1}`);
    history.replaceState(null, "", `#${parts.join("&")}`);
    address = location.hash;
  }, 250);
}

/** Go where the address says. Returns whether it says so. */
function recall() {
  address = location.hash;
  const given = new URLSearchParams(address.slice(1));
  const number = Number(given.get("s") || 1) - 1;
  const other = Number(given.get("with") || 0) - 1;
  choose(page.stores[number] ? number : 0, page.stores[other] ? other : -1);
  const at = Number(given.get("t") || NaN);
  if (Number.isFinite(at)) seek(at * MICRO);
  return Number.isFinite(at);
}

// Moving.

/** @param {number} by */
function step(by) {
  pause();
  jump(list.next(page.row, by));
}

/** To the next change of the state or the dial. @param {number} by */
function turn(by) {
  pause();
  const { turns } = store();
  const at = by > 0 ? turns.upTo(page.row) : turns.upTo(page.row - 1) - 1;
  jump(at < 0 ? -1 : at >= turns.length ? store().length - 1 : turns.at(at));
}

/** To the next thing that went wrong. @param {number} by */
function trouble(by) {
  pause();
  const { troubles } = store();
  const rows = [...new Set(troubles.map((each) => each.row))].sort((a, b) => a - b);
  const to = by > 0 ? rows.find((row) => row > page.row) : rows.reverse().find((row) => row < page.row);
  say(to === undefined ? (by > 0 ? "No trouble after this." : "No trouble before this.") : "");
  if (to !== undefined) jump(to);
}

let frame = 0;
let last = 0;
function play() {
  if (page.now >= store().end) seek(0);
  page.playing = true;
  last = performance.now();
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(tick);
  button();
}

function pause() {
  if (!page.playing) return;
  page.playing = false;
  cancelAnimationFrame(frame);
  button();
  remember();
}

/** @param {number} at */
function tick(at) {
  const passed = (at - last) * 1000 * page.speed;
  last = at;
  seek(page.now + Math.max(0, passed));
  if (page.now >= store().end && !DATA.live) pause();
  if (page.playing) frame = requestAnimationFrame(tick);
}

function button() {
  get("play").setAttribute("aria-pressed", String(page.playing));
  get("play").setAttribute("aria-label", page.playing ? "Pause" : "Play");
  get("play").dataset.playing = String(page.playing);
}

/** @param {number} by */
function faster(by) {
  const at = Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(page.speed) + by));
  page.speed = SPEEDS[at];
  get("speed").value = String(page.speed);
}
