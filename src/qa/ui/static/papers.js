// The tab Papers in the browser: asks the server for the list as one types, and opens and closes abstracts.
// Runs once, as the body of a function of `element` (the tab's HTML) and `server` (its functions).
const root = element.querySelector(".papers");
const form = root.querySelector("form");
const [fault, count, list, more, back] = ["fault", "count", "list", "more", "back"].map((name) => root.querySelector(`.papers-${name}`));
const AWAY = "The server did not answer. Check that it is running, then try again.";
const sources = new WeakMap();  // each paper's HTML as it came, before it was opened
const trail = [];  // the lists that were left for a similar paper, to go back to
const orders = { browsing: "pages", searching: "best" };
let searching = false, running = false, next = null, stamp = null, shown = 0, single = null;

async function ask(name, values) {
  const answer = await server[name](values).catch(() => null);
  return answer ?? { error: AWAY };  // Gradio answers undefined where the server does not
}

// One request at a time, and of those that wait only the last: no list ever comes after a newer one.
async function load(wish) {
  next = wish;
  if (running) return;
  running = true;
  root.setAttribute("aria-busy", "true");
  try {
    while (next) {
      const now = next;
      next = null;
      show(now, await ask("papers_list", now.paper ? { paper: now.paper } : wanted(now)));
    }
  } finally {
    running = false;
    root.removeAttribute("aria-busy");
  }
}

function wanted({ offset = 0, limit }) {
  const fields = Object.fromEntries(new FormData(form));
  return { ...fields, offset, ...(limit ? { limit } : {}) };
}

function show(wish, answer) {
  fault.replaceChildren();
  if (answer.error || answer.note) say(fault, answer.error || answer.note);
  if (answer.error) return;
  if (wish.offset && answer.stamp !== stamp) return load({ limit: shown });  // the index has changed: from the start
  if (wish.from) leave(wish.from);
  if (wish.offset) {
    const last = list.lastElementChild;
    draw(answer.html, [...list.children]);
    if (wish.focus) last?.nextElementSibling?.querySelector(".paper-toggle")?.focus();
  } else {
    if (!wish.paper) trail.length = 0;
    single = wish.paper ?? null;
    draw(answer.html);
  }
  stamp = answer.stamp;
  shown = (wish.offset || 0) + (answer.shown ?? 0);
  count.textContent = answer.count;
  more.hidden = !answer.left;
  more.textContent = `Show ${Math.min(answer.left, 30)} more`;
  showBack();
  if (answer.pages) offer(answer.pages, answer.dated);
  if (wish.from) {
    root.scrollIntoView();
    back.focus({ preventScroll: true });
  }
}

function say(place, sentence) {
  const told = document.createElement("p");
  told.className = "error";
  told.textContent = sentence;
  place.replaceChildren(told);
  told.scrollIntoView({ block: "nearest" });
}

// Draws the list anew, or more behind it. A paper that is drawn as before stays as it is: open, and with the focus.
function draw(html, before = []) {
  const drawn = document.createElement("template");
  drawn.innerHTML = html;
  const there = new Map([...list.children].map((node) => [sources.get(node), node]));
  const nodes = [...before, ...[...drawn.content.children].map((node) => {
    const source = node.outerHTML;
    sources.set(node, source);
    return there.get(source) ?? node;
  })];
  for (const node of [...list.children]) if (!nodes.includes(node)) node.remove();
  nodes.forEach((node, i) => list.children[i] === node || list.insertBefore(node, list.children[i] ?? null));
}

function toggle(paper, open) {
  paper.classList.toggle("is-open", open);
  paper.querySelector(".paper-toggle").setAttribute("aria-expanded", String(open));
  const body = paper.querySelector(".paper-body");
  if (open) body.removeAttribute("hidden");
  else body.setAttribute("hidden", "until-found");
}

// What the pages' names look like is made by the server, which makes control characters visible.
function offer(pages, dated) {
  const { page, order } = form.elements;
  const chosen = page.value;
  const options = pages.map(([name, label]) => {
    const option = document.createElement("option");
    option.innerHTML = label;
    option.value = name;
    return option;
  });
  page.replaceChildren(page.options[0], ...options);
  page.value = chosen;
  if (page.selectedIndex < 0) page.value = "";  // the page that was chosen is gone, and the note says so
  const newest = [...order.options].find((option) => option.value === "date");
  newest.hidden = newest.disabled = !dated;
}

// While one searches the best match comes first, unless another order was chosen for searching.
function order() {
  const select = form.elements.order, best = select.options[0];
  searching = Boolean(form.elements.query.value.trim());
  best.hidden = best.disabled = !searching;
  select.value = orders[searching ? "searching" : "browsing"];
}

function leave(from) {
  trail.push({ nodes: [...list.childNodes], count: count.textContent, left: more.hidden, more: more.textContent, shown, stamp, single, top: from?.getBoundingClientRect().top, from });
}

function showBack() {
  back.hidden = !trail.length;
  back.textContent = trail.length > 1 ? "Back to the previous paper" : "Back to the list";
}

function goBack() {
  const before = trail.pop();
  list.replaceChildren(...before.nodes);
  count.textContent = before.count;
  [more.hidden, more.textContent] = [before.left, before.more];
  ({ shown, stamp, single } = before);
  showBack();
  fault.replaceChildren();
  if (before.from) {
    before.from.focus({ preventScroll: true });
    window.scrollBy(0, before.from.getBoundingClientRect().top - before.top);
  }
}

async function showSimilar(paper, button) {
  const place = paper.querySelector(".paper-similar");
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  place.hidden = !open;
  if (!open) return;
  const answer = await ask("papers_similar", { paper: paper.dataset.paper });
  place.removeAttribute("role");
  if (answer.error) {
    place.setAttribute("role", "alert");
    say(place, answer.error);
  } else place.innerHTML = answer.html;
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", (event) => {
  if (event.target === form.elements.order) orders[searching ? "searching" : "browsing"] = event.target.value;
  order();
  load({});
});
more.addEventListener("click", (event) => load({ offset: shown, focus: event.detail === 0 }));
back.addEventListener("click", () => { goBack(); refresh(); });
list.addEventListener("click", (event) => {
  const paper = event.target.closest(".paper"), button = event.target.closest("button");
  if (button?.classList.contains("papers-clear")) {
    form.reset();
    order();
    form.elements.query.focus();
    load({});
  } else if (button?.classList.contains("paper-like")) showSimilar(paper, button);
  else if (button?.dataset.openPaper) load({ paper: button.dataset.openPaper, from: button });
  else if (button?.classList.contains("paper-toggle") || (event.target.closest("h3") && !String(getSelection()))) {
    toggle(paper, !paper.classList.contains("is-open"));
  }
});
// The browser's own search on the page found words in a closed abstract.
list.addEventListener("beforematch", (event) => toggle(event.target.closest(".paper"), true));

// What another tab or process has changed is there when one comes back to the list.
async function refresh() {
  if (running || !root.offsetParent) return;
  const answer = await ask("papers_list", wanted({}));
  if (running || answer.error || answer.stamp === stamp) return;
  load(single ? { paper: single } : { limit: Math.max(shown, 30) });
}
new IntersectionObserver(([seen]) => seen.isIntersecting && (stamp === null ? load({}) : refresh())).observe(root);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
