// The top of the page: how it ended, what went wrong, a few numbers, and where two recordings part.

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
  const [role, verdict] = judged(here, state);
  const badge = get("outcome");
  badge.className = `outcome role-${role}`;
  badge.replaceChildren(make("b", "", FACTS.states[state]), make("span", "", verdict));
  get("end").textContent = story ? story.end : "";
  get("about").textContent = [head.session && `session ${head.session}`, head.url, head.dialect !== "none" && `dialect ${head.dialect}`, story && story.began && new Date(story.began * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC by the backend's clock"].filter(Boolean).join(" · ");
  const notice = get("notice");
  notice.hidden = !head.trouble;
  notice.textContent = head.trouble;
  tiles(here);
  marked = -2;
  const items = here.happened.map((said) => {
    const item = make("button", said.trouble ? "trouble" : "", make("span", "time", head.timeless ? "" : clock(said.at * MICRO, 1)), make("span", "sign"), make("span", "text", said.text, ...lies(said)));
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
  if (first) get("first-when").textContent = head.timeless ? "" : began(first);
}

/** How well it ended: a role for its colour, and words. @param {Store} here @param {number} state */
function judged({ head, story }, state) {
  if (head.timeless) return [story && story.complete ? "live" : "fail", ""];
  /** @type {Record<string, string[]>} */
  const words = { complete: ["live", "complete"], partly: ["wait", "a part is lost"], nothing: ["fail", "not complete"], failed: ["fail", "not complete"] };
  return words[story ? story.outcome : ""] || [FACTS.roles[state], "still open"];
}

/** Where a trouble lies, and what to do. @param {any} said */
function lies({ where, advice }) {
  return where ? [make("span", "lies", make("b", "", where), ` ${advice}`)] : [];
}

/** When the first trouble began, and when it was noticed. @param {any} first */
function began({ at, began: from }) {
  const noticed = clock(at * MICRO, 1);
  return from === null || from === undefined ? `at ${noticed}` : `at ${clock(from * MICRO, 1)}, noticed at ${noticed}`;
}

/** How long a session had no line, in words. @param {Store} here */
function withoutLine(here) {
  if (!here.streamed) return "always";
  const down = here.outages.reduce((sum, each) => sum + Math.min(each.to, here.end) - each.from, 0);
  return !here.outages.length ? "never" : down < MICRO ? span(down) : clock(down, 1);
}

/** What became of all audio. @param {any} audio */
function account({ captured, confirmed, assumed, told, missing }) {
  const parts = [[confirmed, "confirmed"], [assumed, "quiet and taken for heard"], [told, "in words alone"], [missing, "missing"]];
  const said = parts.filter(([seconds], at) => seconds || !at).map(([seconds, what]) => `${seconds.toFixed(1)} s ${what}`);
  return `${said.join(", ")}, of ${captured.toFixed(1)} s captured`;
}

/** How many words a text has; of one that is hidden, how many it says. @param {string} text */
function wordsIn(text) {
  const hidden = /^\((\d+) words?\)$/.exec(text);
  return hidden ? Number(hidden[1]) : text.split(/\s+/).filter(Boolean).length;
}

/** A few numbers. @param {Store} here */
function tiles(here) {
  const seconds = (/** @type {number} */ samples) => `${(samples / FACTS.rate).toFixed(1)} s`;
  const missing = here.gaps.filter((gap) => gap.until === Infinity).reduce((sum, gap) => sum + gap.samples, 0);
  const open = here.head.sources.reduce((/** @type {number} */ sum, /** @type {any} */ _, /** @type {number} */ source) => sum + here.marks[source * MARKS].last(0) - here.marks[source * MARKS + 3].last(0), 0);
  const audio = here.story && here.story.audio;
  const confirmed = audio ? audio.confirmed : here.head.sources.reduce((/** @type {number} */ sum, /** @type {any} */ _, /** @type {number} */ source) => sum + here.marks[source * MARKS + 3].last(0), 0) / FACTS.rate;
  const accounts = audio ? account(audio) : `${confirmed.toFixed(1)} s confirmed so far`;
  const unfinal = ((here.story && here.story.unfinal) || []).reduce((/** @type {number} */ sum, /** @type {any} */ each) => sum + wordsIn(each.text), 0);
  const words = here.finals.reduce((sum, each) => sum + wordsIn(each.text), 0);
  const all = here.head.timeless
    ? [["steps", String(here.length - 1), ""]]
    : [
        ["length", clock(here.end, 1), ""],
        ["dials", String(here.dials.length), here.dials.length > 1 ? "warn" : ""],
        ["no line", withoutLine(here), here.outages.length || !here.streamed ? "bad" : ""],
        ["confirmed", `${confirmed.toFixed(1)} s`, "", accounts],
        ["missing", missing ? seconds(missing) : "nothing", missing ? "bad" : "good"],
        ...(here.ended ? [] : [["unconfirmed", open ? seconds(open) : "nothing", open ? "warn" : "good"]]),
        ["words", String(words), ""],
        ...(unfinal ? [["not final", String(unfinal), "warn", `${unfinal} word${unfinal === 1 ? "" : "s"} never became final: the story has them`]] : []),
      ];
  const said = all.map(([name, value, , more]) => more || `${name} ${value}`).join(", ");
  lanes.under.setAttribute("aria-label", `Lanes over time: states, dials, messages, audio and words. ${said}. The list of events has all of it in words.`);
  get("tiles").replaceChildren(...all.map(tile));
}

/** @param {string[]} what */
function tile([name, value, tone, more]) {
  const made = make("div", `tile ${tone}`, make("dt", "", name), make("dd", "", value));
  if (more) made.title = more;
  return made;
}
