// Times in words, and elements of the page. Text never becomes markup.

const MICRO = 1e6;

/** A time for people: 0:04.20, 1:02:03.40. @param {number} micros @param {number} [digits] */
function clock(micros, digits = 2) {
  const unit = 10 ** digits;
  const all = Math.round(Math.max(0, micros) / MICRO * unit) / unit;
  const hours = Math.floor(all / 3600);
  const minutes = Math.floor(all / 60) % 60;
  const seconds = (all % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

/** A length of time for people: 320 ms, 4.2 s, 3 min 10 s. @param {number} micros */
function span(micros) {
  const seconds = micros / MICRO;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The element with this id. @param {string} id @returns {any} */
const get = (id) => document.getElementById(id);

/** An element with a class, text and children. Text never becomes markup.
 * @param {string} tag @param {string} [name] @param {...(string | Node)} inside */
function make(tag, name, ...inside) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...inside);
  return made;
}
