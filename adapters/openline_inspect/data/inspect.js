// The page: which recording, which instant, and the keys. All else follows from these two.

const SPEEDS = [0.25, 0.5, 1, 2, 5, 10, 50, 100, 1000];
const DATA = JSON.parse(get("data").textContent || "{}");

/** @type {{stores: Store[], chosen: number, other: number, now: number, row: number, playing: boolean, speed: number, keys: boolean, hits: number[]}} */
const page = {
  stores: [],
  chosen: 0,
  other: -1,
  now: 0,
  row: -1,
  playing: false,
  speed: 1,
  keys: true,
  hits: [],
};
const store = () => page.stores[page.chosen];

const chart = new Chart([get("map"), get("chart")]);
const lanes = new Lanes(get("lanes"), (micros) => seek(micros));
const list = new EventList(get("events"), (row) => jump(row));
const now = new Moment(get("moment"));
const transcript = new Transcript(get("transcript"), (row) => jump(row));

// The instant.

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
/** Keep the instant in the page's address, once it rests. */
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    if (page.playing) return;
    const parts = [`t=${(page.now / MICRO).toFixed(3).replace(/\.?0+$/, "")}`];
    if (page.stores.length > 1) parts.push(`s=${page.chosen + 1}`);
    if (page.other >= 0) parts.push(`with=${page.other + 1}`);
    history.replaceState(null, "", `#${parts.join("&")}`);
  }, 250);
}

/** Go where the address says. Returns whether it says so. */
function recall() {
  const given = new URLSearchParams(location.hash.slice(1));
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

// Which recording.

/** Show a recording, and another one beside it (-1: none). @param {number} number @param {number} other */
function choose(number, other) {
  page.chosen = number;
  page.other = other === number ? -1 : other;
  const here = store();
  get("which").value = String(number);
  get("beside").value = String(page.other);
  get("timed").hidden = here.head.timeless;
  get("audio-parts").hidden = here.head.timeless;
  const shown = [{ store: here, title: page.other < 0 ? "" : "this" }];
  if (page.other >= 0) shown.push({ store: page.stores[page.other], title: "beside" });
  lanes.parting = -1;
  part();
  lanes.show(shown);
  list.show(here);
  chart.count(here, chart.heat);
  summary();
  search(get("search").value);
  seek(Math.min(page.now, here.end));
}

/** Say where the two recordings part. */
function part() {
  const box = get("parting");
  box.hidden = page.other < 0;
  if (box.hidden) return;
  const other = page.stores[page.other];
  const found = parting(store(), other);
  const side = (/** @type {Store} */ of, /** @type {number} */ row) => (row < 0 ? "(it has nothing more)" : `${clock(of.time.at(row), 3)} ${of.words(row)}`);
  if (!found) {
    box.replaceChildren(make("p", "", `Both recordings do the same, event for event.`));
    return;
  }
  lanes.parting = found.a < 0 ? store().end : store().time.at(found.a);
  const go = make("button", "", "Go there");
  go.setAttribute("type", "button");
  go.addEventListener("click", () => jump(found.a < 0 ? store().length - 1 : found.a));
  box.replaceChildren(
    make("p", "", make("strong", "", `They part at ${clock(lanes.parting, 3)}. `), `${found.common} event${found.common === 1 ? "" : "s"} before this are the same. `, go),
    make("dl", "", make("dt", "", "this"), make("dd", "", side(store(), found.a)), make("dt", "", "beside"), make("dd", "", side(other, found.b))),
  );
}

/** What happened, at the top of the page. */
function summary() {
  const here = store();
  const { head, story } = here;
  const state = here.state.last(STATE.idle);
  const complete = story ? story.complete : null;
  const badge = get("outcome");
  badge.className = `outcome role-${complete ? "live" : complete === null ? FACTS.roles[state] : "fail"}`;
  const verdict = head.timeless ? "" : complete ? "complete" : complete === null ? "still open" : "not complete";
  badge.replaceChildren(make("b", "", FACTS.states[state]), make("span", "", verdict));
  get("end").textContent = story ? story.end : "";
  get("about").textContent = [head.session && `session ${head.session}`, head.url, head.dialect !== "none" && `dialect ${head.dialect}`, story && story.began && new Date(story.began * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC by the backend's clock"].filter(Boolean).join(" · ");
  const notice = get("notice");
  notice.hidden = !head.trouble;
  notice.textContent = head.trouble;
  tiles(here);
  marked = -2;
  const items = here.happened.map((said) => {
    const item = make("button", said.trouble ? "trouble" : "", make("span", "time", head.timeless ? "" : clock(said.at * MICRO, 1)), make("span", "sign"), make("span", "text", said.text));
    item.setAttribute("type", "button");
    item.addEventListener("click", () => {
      pause();
      jump(said.row);
    });
    return make("li", said.trouble ? "trouble" : "", item);
  });
  get("story").replaceChildren(...items);
  const first = here.troubles[0];
  for (const id of ["first-trouble", "trouble-back", "trouble-forward"]) get(id).hidden = !first;
  get("no-trouble").hidden = Boolean(first);
  get("first-what").textContent = head.timeless ? "Where it breaks" : "Trouble began";
  if (first) get("first-when").textContent = head.timeless ? "" : `at ${clock(first.at * MICRO, 1)}`;
}

/** How long a session had no line, in words. @param {Store} here */
function withoutLine(here) {
  if (!here.streamed) return "always";
  const down = here.outages.reduce((sum, each) => sum + Math.min(each.to, here.end) - each.from, 0);
  return !here.outages.length ? "never" : down < MICRO ? span(down) : clock(down, 1);
}

/** A few numbers. @param {Store} here */
function tiles(here) {
  const seconds = (/** @type {number} */ samples) => `${(samples / FACTS.rate).toFixed(1)} s`;
  const missing = here.gaps.filter((gap) => gap.until === Infinity).reduce((sum, gap) => sum + gap.samples, 0);
  const open = here.head.sources.reduce((/** @type {number} */ sum, /** @type {any} */ _, /** @type {number} */ source) => sum + here.marks[source * MARKS].last(0) - here.marks[source * MARKS + 3].last(0), 0);
  const words = here.finals.reduce((sum, each) => sum + each.text.split(/\s+/).filter(Boolean).length, 0);
  const all = here.head.timeless
    ? [["steps", String(here.length - 1), ""]]
    : [
        ["length", clock(here.end, 1), ""],
        ["dials", String(here.dials.length), here.dials.length > 1 ? "warn" : ""],
        ["no line", withoutLine(here), here.outages.length || !here.streamed ? "bad" : ""],
        ["missing", missing ? seconds(missing) : "nothing", missing ? "bad" : "good"],
        ...(here.ended ? [] : [["unconfirmed", open ? seconds(open) : "nothing", open ? "warn" : "good"]]),
        ["words", String(words), ""],
      ];
  const said = all.map(([name, value]) => `${name} ${value}`).join(", ");
  lanes.under.setAttribute("aria-label", `Lanes over time: states, dials, messages, audio and words. ${said}. The list of events has all of it in words.`);
  get("tiles").replaceChildren(...all.map(([name, value, tone]) => make("div", `tile ${tone}`, make("dt", "", name), make("dd", "", value))));
}

// Search.

/** @param {string} text */
function search(text) {
  const wanted = text.trim().toLowerCase();
  const here = store();
  page.hits = [];
  if (wanted) for (let row = 0; row < here.length; row++) if (here.searched(row).includes(wanted)) page.hits.push(row);
  list.found = new Set(page.hits);
  list.draw();
  get("hits").textContent = wanted ? `${page.hits.length} found` : "";
}

/** @param {number} by */
function hit(by) {
  pause();
  const to = by > 0 ? page.hits.find((row) => row > page.row) : [...page.hits].reverse().find((row) => row < page.row);
  const round = page.hits[by > 0 ? 0 : page.hits.length - 1];
  if (round !== undefined) jump(to === undefined ? round : to);
}

/** Tell a screen reader, and who looks. @param {string} text */
function say(text) {
  get("said").textContent = text;
}

// Keys and buttons.

/** @type {Record<string, () => void>} */
const KEYS = {
  "/": () => get("search").focus(),
  n: () => hit(1),
  N: () => hit(-1),
  t: () => trouble(1),
  T: () => trouble(-1),
  "?": () => get("keys").showModal(),
  "+": () => lanes.zoom(0.5),
  "=": () => lanes.zoom(0.5),
  "-": () => lanes.zoom(2),
  0: () => lanes.fit(),
  "[": () => faster(-1),
  "]": () => faster(1),
  h: () => heat(chart.heat === "off" ? "taken" : chart.heat === "taken" ? "spent" : "off"),
};

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (document.querySelector("dialog[open]") || event.altKey || event.ctrlKey || event.metaKey) return;
  if (target.matches("select, input[type=search]")) {
    if (target.id === "search" && event.key === "Enter") hit(event.shiftKey ? -1 : 1);
    else if (target.id === "search" && event.key === "Escape") target.blur();
    else return;
    event.preventDefault();
    return;
  }
  const isControl = target.matches("button, a, summary, input[type=checkbox], input[type=radio]");
  const act = {
    ArrowRight: () => (event.shiftKey ? turn(1) : step(1)),
    ArrowLeft: () => (event.shiftKey ? turn(-1) : step(-1)),
    ArrowDown: target.id === "events" ? () => step(1) : undefined,
    ArrowUp: target.id === "events" ? () => step(-1) : undefined,
    Home: () => (pause(), jump(0)),
    End: () => (pause(), jump(store().length - 1)),
    " ": isControl ? undefined : () => (page.playing ? pause() : play()),
  }[event.key];
  if (target.matches("input[type=radio]") && event.key.startsWith("Arrow")) return;
  const single = page.keys ? KEYS[event.key] : undefined;
  if (!act && !single) return;
  event.preventDefault();
  (act || single)?.();
});

/** @param {string} id @param {() => void} act */
const on = (id, act) => get(id).addEventListener("click", act);
on("play", () => (page.playing ? pause() : play()));
on("back", () => step(-1));
on("forward", () => step(1));
on("turn-back", () => turn(-1));
on("turn-forward", () => turn(1));
on("trouble-back", () => trouble(-1));
on("trouble-forward", () => trouble(1));
on("first-trouble", () => {
  pause();
  jump(store().troubles[0].row);
});
on("zoom-in", () => lanes.zoom(0.5));
on("zoom-out", () => lanes.zoom(2));
on("zoom-fit", () => lanes.fit());
on("help", () => get("keys").showModal());
on("whole", () => {
  get("whole-chart").showModal();
  get("chart").querySelector(".state.lit").scrollIntoView({ block: "center" });
});
on("find-next", () => hit(1));
on("find-back", () => hit(-1));
get("slider").addEventListener("input", () => {
  pause();
  seek((Number(get("slider").value) / 1e4) * store().end);
});
get("speed").addEventListener("change", () => (page.speed = Number(get("speed").value)));
get("search").addEventListener("input", () => search(get("search").value));
get("every").addEventListener("change", () => {
  list.all = get("every").checked;
  list.row = -2;
  list.again();
  list.mark(page.row);
});
get("single").addEventListener("change", () => (page.keys = get("single").checked));
get("which").addEventListener("change", () => choose(Number(get("which").value), page.other));
get("beside").addEventListener("change", () => choose(page.chosen, Number(get("beside").value)));
for (const each of document.querySelectorAll("input[name=heat]"))
  each.addEventListener("change", () => heat(/** @type {HTMLInputElement} */ (each).value));

/** @param {any} how */
function heat(how) {
  chart.count(store(), how);
  get(`heat-${how}`).checked = true;
  document.body.dataset.heat = how;
}

// Light and dark: as the system has it, until one is chosen.
on("theme", () => {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  lanes.theme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => lanes.theme());

/** More rows of the first recording; who looks at its end goes along. @param {any[]} rows */
function append(rows) {
  const [first] = page.stores;
  const wasAtEnd = page.row >= first.length - 1;
  first.append(rows);
  if (page.chosen !== 0) return;
  lanes.grow();
  list.grow();
  if (rows.some((each) => !Array.isArray(each))) summary();
  else tiles(first);
  if (chart.heat !== "off") chart.count(first, chart.heat);
  if (wasAtEnd && !page.playing) jump(first.length - 1);
  else render();
}

/** Read what a live session goes on with. @param {string} path */
function listen(path) {
  const source = new EventSource(path);
  const sign = get("live");
  sign.hidden = false;
  source.addEventListener("message", (event) => {
    const { at, rows } = JSON.parse(event.data);
    const have = page.stores[0].elements;
    if (at > have) location.reload(); // something was missed: begin anew
    else append(rows.slice(have - at));
  });
  source.addEventListener("open", () => {
    sign.textContent = "live";
  });
  source.addEventListener("end", (event) => {
    source.close();
    sign.textContent = JSON.parse(event.data);
  });
  source.addEventListener("error", () => {
    sign.textContent = "the connection to the session is lost";
  });
}

/** The rows of a recording; many are compressed. @param {any} recording @returns {Promise<any[]>} */
async function unpacked({ rows, packed }) {
  if (!packed) return rows;
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

async function begin() {
  for (const each of DATA.recordings) {
    const one = new Store(each.head);
    one.append(await unpacked(each));
    page.stores.push(one);
  }
  for (const [id, none] of [["which", ""], ["beside", "nothing"]]) {
    const menu = get(id);
    const options = page.stores.map((each, at) => new Option(each.head.name, String(at)));
    menu.append(...(none ? [new Option(none, "-1")] : []), ...options);
  }
  get("menus").hidden = page.stores.length < 2;
  get("speed").append(...SPEEDS.map((speed) => new Option(`${speed}×`, String(speed), speed === 1, speed === 1)));
  document.body.dataset.heat = "off";
  const isTold = recall();
  lanes.theme();
  if (!isTold) jump(store().troubles.length ? store().troubles[0].row : DATA.live ? store().length - 1 : 0);
  if (DATA.live) listen(DATA.live);
  window.addEventListener("hashchange", recall);
  document.body.dataset.ready = "true";
}
begin();
