// Elements of the page.

export const element = (id) => document.getElementById(id);

/** Creates an element with a class, and a text or children. */
export function make(tag, className = "", ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

/** Creates a button. */
export function button(className, text, onClick) {
  const made = make("button", className, text);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

/** Creates a table row; the cell of `header` is the row's header. */
export function row(cells, header = -1) {
  const made = make("tr");
  cells.forEach((content, i) => {
    const cell = make(i === header ? "th" : "td", "", content);
    if (i === header) cell.scope = "row";
    made.append(cell);
  });
  return made;
}

/** A labelled field for a whole number from 1 on. */
export function number(id, label, value, max) {
  const input = make("input");
  Object.assign(input, { type: "number", id, value, min: 1, max, step: 1 });
  return make("label", "inline", label, input);
}

/** A row of column headers; an empty name is a plain cell. */
export function columns(names) {
  return make("thead", "", make("tr", "", ...names.map((name) => {
    const cell = make(name ? "th" : "td", "", name);
    if (name) cell.scope = "col";
    return cell;
  })));
}

/** A table in a box that scrolls, which has a name and the focus for that. */
export function scroll(label, content) {
  const box = make("div", "scroll", content);
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", label);
  return box;
}

/** Creates or removes children until there are n. Children are reused, so that changes are animated. */
export function resize(parent, n, create) {
  while (parent.children.length > n) parent.lastElementChild.remove();
  while (parent.children.length < n) parent.append(create());
  return Array.from(parent.children);
}

/** Sets style properties whose names begin with two dashes; unchanged ones cost nothing. */
export function style(target, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (target.style.getPropertyValue(name) !== String(value)) target.style.setProperty(name, value);
  }
  return target;
}

const widths = new Map();

/** The width of an element that is always there, measured when it changes and not while drawing. */
export function widthOf(target) {
  if (!widths.has(target)) {
    widths.set(target, target.clientWidth);
    new ResizeObserver(() => widths.set(target, target.clientWidth)).observe(target);
  }
  return widths.get(target);
}

/** Sets a text; an unchanged one costs nothing, and a text node that is there is kept. */
export function setText(target, text) {
  const node = target.firstChild;
  if (node === null || node !== target.lastChild || node.nodeType !== Node.TEXT_NODE) target.textContent = text;
  else if (node.data !== text) node.data = text;
}

/** Sets a class; an unchanged one costs nothing. */
export function setClass(target, className) {
  if (target.className !== className) target.className = className;
}

/** An action that runs once nothing has asked for it for a time in milliseconds. */
export function afterPause(action, milliseconds) {
  let timer = null;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}

/** A token's label; bdi isolates right-to-left text. */
export const bdi = (label) => make("bdi", "", label);

/** Where the program computes something: paths of source files, which are links once the build knows the repository's address. */
export function source(...paths) {
  const { repository } = document.documentElement.dataset;
  const known = /^https?:(?!.*FILL-IN)/.test(repository);
  return make("span", "source", "Source: ", ...paths.flatMap((path, i) => {
    const name = make("code", "", path);
    const link = make("a", "", name);
    link.href = `${repository}/blob/HEAD/${path}`;
    return [i > 0 ? ", " : "", known ? link : name];
  }));
}

/** Makes the arrow keys, Home and End move among elements of which one is in the tab order. */
export function arrowKeys(parent, choose) {
  parent.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const all = Array.from(parent.querySelectorAll("[data-move]"));
    const at = all.indexOf(event.target.closest("[data-move]"));
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1,
      Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = all[Math.max(0, Math.min(all.length - 1, to))];
    next.focus();
    choose(next);
  });
}

/** Runs an action once with the next animation frame, however often it is asked for. */
export function onFrame(action) {
  let pending = false;
  return () => {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => {
      pending = false;
      action();
    });
  };
}
