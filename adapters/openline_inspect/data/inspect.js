// The page: which recording, which instant. All else follows from these two.

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
