// The views: step by step, samples, beams, loss.

import { arrowKeys, element } from "./dom.js";

const all = () => Array.from(element("tabs").querySelectorAll("[role=tab]"));

export function openTab(name) {
  for (const tab of all()) {
    const selected = tab.id === "tab-" + name;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
    element(tab.getAttribute("aria-controls")).hidden = !selected;
  }
}

export function startTabs() {
  element("tabs").hidden = false;
  element("walk").setAttribute("role", "tabpanel");
  element("walk").setAttribute("aria-labelledby", "tab-walk");
  for (const tab of all()) {
    tab.dataset.move = "";
    tab.addEventListener("click", () => openTab(tab.getAttribute("aria-controls")));
  }
  arrowKeys(element("tabs"), (tab) => openTab(tab.getAttribute("aria-controls")));
}
