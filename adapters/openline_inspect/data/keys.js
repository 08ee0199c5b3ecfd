// Keys and buttons, and what only they do. Keys of one letter can be turned off (WCAG 2.1.4).

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
