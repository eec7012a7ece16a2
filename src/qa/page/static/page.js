// What the page does in the browser: keeps the conversations, sends questions, leads from a number to its quote.
// Texts are only ever put into the page as text; HTML comes from the server's templates alone.

window.qa = (() => {
  const PREFIX = "qa.talk.";
  const OPEN = "qa.open";
  const SETTINGS = "qa.settings";
  const phone = window.matchMedia("(max-width: 900px)");

  // 1. Conversations, each under a key of its own, so that two tabs do not write over one another.

  const memory = new Map();
  const store = (() => {
    try {
      localStorage.setItem("qa.try", "1");
      localStorage.removeItem("qa.try");
      return {
        get: (key) => localStorage.getItem(key),
        set: (key, value) => localStorage.setItem(key, value),
        remove: (key) => localStorage.removeItem(key),
        keys: () => Object.keys(localStorage),
      };
    } catch {
      // A browser that keeps nothing: the conversations last as long as the page.
      return {
        get: (key) => memory.get(key) ?? null,
        set: (key, value) => memory.set(key, value),
        remove: (key) => memory.delete(key),
        keys: () => [...memory.keys()],
      };
    }
  })();

  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join("");
  const empty = () => ({ id: newId(), turns: [] });

  function read(key) {
    try {
      const kept = JSON.parse(store.get(key));
      return kept && typeof kept.talk?.id === "string" && Array.isArray(kept.talk.turns) ? kept : null;
    } catch {
      return null;
    }
  }

  function kept() {
    return store
      .keys()
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => [key, read(key)])
      .filter(([, value]) => value)
      .map(([key, value]) => ({ key, id: value.talk.id, title: String(value.title), at: Number(value.at) || 0 }))
      .sort((a, b) => b.at - a.at);
  }

  function save(talk) {
    const value = JSON.stringify({ title: talk.turns[0].question.slice(0, 120), at: Date.now(), talk });
    for (;;) {
      try {
        store.set(PREFIX + talk.id, value);
        return;
      } catch {
        // The browser's room is full: the oldest other conversation makes way.
        const oldest = kept().filter((one) => one.id !== talk.id).pop();
        if (!oldest) {
          say("This browser has no room left: the conversation is kept only while the page is open. Export it, or delete others.");
          return;
        }
        store.remove(oldest.key);
        say(`To make room, the oldest conversation was deleted: ${oldest.title}`);
      }
    }
  }

  // 2. What is open now.

  const state = { talk: empty(), about: null, editing: null, fresh: false, busy: false, pending: null, from: null };
  let composer, bar, thread, panel;

  function first() {
    const kept_one = store.get(OPEN) && read(PREFIX + store.get(OPEN));
    state.talk = kept_one ? kept_one.talk : empty();
    return state.talk;
  }

  /** The server's talk is the page's; a talk without turns is not kept. */
  function keep(talk) {
    if (!talk || talk.id !== state.talk.id) return [];
    state.talk = talk;
    if (talk.turns.length) {
      // Until its answer is whole, a turn counts as stopped.
      if (!talk.turns.at(-1).stopped) busy(false);
      save(talk);
      store.set(OPEN, talk.id);
      drawShelf();
    }
    return [];
  }

  function open(talk) {
    stopIfBusy();
    state.talk = talk;
    store.set(OPEN, talk.id);
    forgetWish();
    bar.trigger("select", {});
    drawShelf();
  }

  // 3. Asking.

  function box() { return composer.element.querySelector("textarea"); }

  function ask(question, { from = null, fresh = false, about = null } = {}) {
    if (state.busy || !question.trim()) return;
    Object.assign(state, { asking: question, from, fresh, about: about ?? state.about });
    composer.trigger("submit", {});
  }

  /** What the visitor wishes, on its way to the server. */
  function wish() {
    const turns = state.from === null ? state.talk.turns : state.talk.turns.slice(0, state.from);
    const sent = {
      talk: { id: state.talk.id, turns }, question: state.asking, about: state.about, fresh: state.fresh, ...settings(),
    };
    forgetWish();
    busy(true);
    follow = true;
    return sent;
  }

  /** Strictness and number of papers, where there is a model to be set; else nothing. */
  function settings() {
    const [strict, papers] = ["strict", "papers"].map((name) => bar.element.querySelector(`[name=${name}]`));
    if (!strict) return {};
    const set = { strict: strict.checked };
    if (papers.value && papers.validity.valid) set.papers = papers.valueAsNumber;
    return set;
  }

  function restoreSettings() {
    const [strict, papers] = ["strict", "papers"].map((name) => bar.element.querySelector(`[name=${name}]`));
    if (!strict) return;
    try {
      const kept = JSON.parse(store.get(SETTINGS)) ?? {};
      if (typeof kept.strict === "boolean") strict.checked = kept.strict;
      if (Number.isInteger(kept.papers)) papers.value = kept.papers;
    } catch { /* what cannot be read is not restored */ }
    for (const input of [strict, papers]) {
      input.addEventListener("change", () => {
        if (!papers.validity.valid || !papers.value) papers.value = papers.defaultValue;
        store.set(SETTINGS, JSON.stringify(settings()));
      });
    }
  }

  function forgetWish() {
    Object.assign(state, { about: null, from: null, fresh: false, editing: null });
    drawChips();
  }

  function busy(on) {
    state.busy = on;
    composer.element.closest("#qa-chat")?.classList.toggle("busy", on);
    composer.element.querySelector(".send").hidden = on;
    composer.element.querySelector(".stop").hidden = !on;
  }

  function done() {
    busy(false);
    return [];
  }

  function stop() {
    if (state.busy) composer.trigger("stop", {});
  }

  function stopIfBusy() {
    if (state.busy) { stop(); busy(false); }
  }

  function send() {
    const text = box().value;
    if (state.busy || !text.trim()) return;
    const from = state.editing;
    ask(text, { from });
    box().value = "";
    grow();
  }

  function grow() {
    const area = box();
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, 220)}px`;
  }

  function element(tag, { text, ...attributes } = {}) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  function chip(text, clear) {
    const made = element("span", { class: "chip" });
    const button = element("button", { type: "button", class: "button", text: "Clear", "aria-label": `Clear: ${text}` });
    button.addEventListener("click", () => { clear(); drawChips(); box().focus(); });
    made.append(element("span", { text }), button);
    return made;
  }

  function drawChips() {
    const chips = composer?.element.querySelector(".chips");
    if (!chips) return;
    chips.replaceChildren();
    if (state.about) chips.append(chip(`Only about: ${state.about.title}`, () => { state.about = null; }));
    if (state.editing !== null) {
      const later = state.talk.turns.length - state.editing - 1;
      const lost = later > 0 ? `; the ${later === 1 ? "answer" : `${later} answers`} after it will go` : "";
      chips.append(chip(`Editing question ${state.editing + 1}${lost}`, () => { state.editing = null; box().value = ""; grow(); }));
    }
  }

  function about(id, title) {
    state.about = { id, title };
    drawChips();
    closeSheet();
    document.querySelectorAll("#qa-tabs button[role=tab]").forEach((tab) => {
      if (tab.textContent.trim() === "Chat" && tab.getAttribute("aria-selected") !== "true") tab.click();
    });
    setTimeout(() => box().focus(), 0);
  }

  // 4. From a number to its quote.

  let cameFrom = null;

  function cite(link) {
    const turn = Number(link.closest("[data-turn]").dataset.turn);
    cameFrom = link;
    lead(turn, Number(link.dataset.number), JSON.parse(link.dataset.quotes));
  }

  function lead(turn, number, quotes = []) {
    openSheet();
    const shown = panel.element.querySelector(".cards");
    state.pending = { turn, number, quotes };
    if (shown && Number(shown.dataset.turn) === turn) reveal();
    else thread.trigger("select", { turn });
  }

  function reveal() {
    const { turn, number, quotes } = state.pending ?? {};
    const shown = panel.element.querySelector(".cards");
    if (!shown || turn === undefined || Number(shown.dataset.turn) !== turn) return;
    state.pending = null;
    shown.querySelectorAll(".current").forEach((one) => one.classList.remove("current"));
    const card = number === null ? shown.querySelector(".card") : shown.querySelector(`#qa-card-${number}`);
    if (!card) return;
    card.classList.toggle("current", number !== null);
    const marks = [...card.querySelectorAll("mark")];
    const meant = marks.filter((mark) => quotes.some((quote) => mark.textContent.includes(quote)));
    meant.forEach((mark) => mark.classList.add("current"));
    card.focus({ preventScroll: true });
    scrollTo(card, meant[0] ?? marks[0]);
  }

  /** The card's head at the top of its pane, or as much further down as its mark takes to be seen. */
  function scrollTo(card, mark) {
    const pane = document.getElementById("qa-side");
    const head = document.getElementById("qa-sheet").offsetHeight; // on a phone it stays on top of the cards
    const top = pane.getBoundingClientRect().top;
    let by = card.getBoundingClientRect().top - top - head - 8;
    if (mark) {
      const below = mark.getBoundingClientRect().bottom - top - by;
      by += Math.max(0, below - pane.clientHeight + 24);
    }
    pane.scrollBy({ top: by });
  }

  function openSheet() { document.getElementById("qa-side").classList.add("open"); }

  function closeSheet() {
    const side = document.getElementById("qa-side");
    const was = side.classList.contains("open");
    side.classList.remove("open");
    if (was && cameFrom?.isConnected) cameFrom.focus();
    cameFrom = null;
    return was;
  }

  function tip(link) {
    const shown = document.getElementById("qa-tip") ?? document.body.appendChild(element("div", { id: "qa-tip", role: "tooltip" }));
    const quotes = JSON.parse(link.dataset.quotes);
    if (!quotes.length) return;
    shown.replaceChildren(...quotes.map((quote) => element("p", { text: `“${quote}”` })));
    shown.classList.add("shown");
    const at = link.getBoundingClientRect();
    const width = Math.min(420, window.innerWidth - 16);
    shown.style.width = `${width}px`;
    shown.style.left = `${Math.max(8, Math.min(at.left - 20, window.innerWidth - width - 8))}px`;
    const above = at.top - shown.offsetHeight - 6;
    shown.style.top = `${above > 4 ? above : at.bottom + 6}px`;
    link.setAttribute("aria-describedby", "qa-tip");
  }

  function untip(link) {
    document.getElementById("qa-tip")?.classList.remove("shown");
    link?.removeAttribute("aria-describedby");
  }

  // 5. The conversations in their menu, copying, exporting.

  function say(text) {
    const line = bar?.element.querySelector(".said");
    if (line) line.textContent = text;
  }

  function drawShelf() {
    const list = bar?.element.querySelector(".shelf-list");
    if (!list) return;
    const all = kept();
    list.replaceChildren(
      ...all.map((one) => {
        const item = element("li");
        const openIt = element("button", { type: "button", class: "shelf-open", text: one.title });
        if (one.id === state.talk.id) openIt.setAttribute("aria-current", "true");
        openIt.addEventListener("click", () => {
          const value = read(one.key);
          if (value) { closeMenus(); open(value.talk); box().focus(); }
        });
        const remove = element("button", { type: "button", class: "button", text: "Delete", "aria-label": `Delete: ${one.title}` });
        remove.addEventListener("click", () => {
          if (remove.dataset.sure !== "yes") {
            remove.dataset.sure = "yes";
            remove.textContent = "Really delete";
            return;
          }
          store.remove(one.key);
          if (one.id === state.talk.id) open(empty());
          else drawShelf();
        });
        item.append(openIt, remove);
        return item;
      }),
    );
    if (!all.length) list.append(element("li", { class: "soft", text: "None yet. They are kept in this browser." }));
  }

  function closeMenus(but = null) {
    let closed = false;
    document.querySelectorAll("#qa-bar details[open]").forEach((menu) => {
      if (menu !== but) { menu.open = false; closed = true; }
    });
    return closed;
  }

  function download(name, text, type) {
    const url = URL.createObjectURL(new Blob([text], { type }));
    const link = element("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  async function exported(kind) {
    closeMenus();
    const [name, type] = kind === "markdown" ? ["conversation.md", "text/markdown"] : ["papers.bib", "application/x-bibtex"];
    try {
      const made = await bar.server[kind](state.talk);
      if (made.error) say(made.error);
      else { download(name, made.text, type); say(`Saved as ${name}.`); }
    } catch {
      say("The server did not answer. Try once more.");
    }
  }

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      // Without https a browser gives no clipboard; an old way still works.
      const area = element("textarea", { class: "hidden" });
      area.value = button.dataset.copy;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  async function similar(details) {
    const list = details.querySelector(".similar-list");
    if (!details.open || list.dataset.done) return;
    list.dataset.done = "yes";
    list.textContent = "Looking …";
    try {
      list.innerHTML = await panel.server.similar(details.dataset.similar);
    } catch {
      delete list.dataset.done;
      list.textContent = "The server did not answer. Close and open this once more.";
    }
  }

  // 6. Scrolling: an answer that grows is followed only by who is at its end.

  let follow = true;

  function followed() {
    const pane = thread.element.closest("#qa-thread");
    if (follow) pane.scrollTop = pane.scrollHeight;
  }

  // 7. The parts of the page, as Gradio puts them there.

  const parts = {
    thread(element_, trigger, server, watch) {
      thread = { element: element_, trigger, server };
      const pane = element_.closest("#qa-thread");
      pane.setAttribute("tabindex", "0");
      pane.setAttribute("role", "region");
      pane.setAttribute("aria-label", "Conversation");
      pane.addEventListener("scroll", () => { follow = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 80; });
      watch("value", followed);
      element_.addEventListener("click", (event) => {
        const at = (selector) => event.target.closest(selector);
        const turn = () => Number(at("[data-turn]").dataset.turn);
        let button;
        if ((button = at(".cite"))) { event.preventDefault(); cite(button); }
        else if ((button = at("[data-ask]"))) ask(button.dataset.ask);
        else if ((button = at("[data-again]"))) {
          ask(button.dataset.again, { from: turn(), fresh: true, about: state.talk.turns[turn()].about });
        } else if ((button = at("[data-edit]"))) {
          state.editing = turn();
          state.about = state.talk.turns[turn()].about ?? null;
          box().value = button.dataset.edit;
          grow();
          drawChips();
          box().focus();
        } else if ((button = at("[data-copy]"))) copy(button);
        else if ((button = at("[data-cards]"))) { cameFrom = button; lead(turn(), null); }
        else if ((button = at("[data-vote]"))) trigger("like", { turn: turn(), good: button.dataset.vote === "up", note: null });
      });
      element_.addEventListener("submit", (event) => {
        const form = event.target.closest("form.note");
        if (!form) return;
        event.preventDefault();
        const index = Number(form.dataset.turn);
        trigger("like", { turn: index, good: state.talk.turns[index].vote, note: form.querySelector("textarea").value });
      });
      for (const [on, off] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
        element_.addEventListener(on, (event) => { const link = event.target.closest(".cite"); if (link) tip(link); });
        element_.addEventListener(off, (event) => { const link = event.target.closest(".cite"); if (link) untip(link); });
      }
    },

    composer(element_, trigger) {
      composer = { element: element_, trigger };
      const area = box();
      area.addEventListener("input", grow);
      area.addEventListener("keydown", (event) => {
        // Whoever writes Chinese or Japanese ends a word with Enter, too.
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
      });
      element_.querySelector("form").addEventListener("submit", (event) => { event.preventDefault(); send(); });
      element_.querySelector(".stop").addEventListener("click", stop);
      begin();
    },

    bar(element_, trigger, server) {
      bar = { element: element_, trigger, server };
      element_.querySelector("[data-new]").addEventListener("click", () => { closeMenus(); open(empty()); box().focus(); });
      element_.querySelectorAll("[data-export]").forEach((button) => button.addEventListener("click", () => exported(button.dataset.export)));
      element_.addEventListener("toggle", (event) => { if (event.target.open) closeMenus(event.target); }, true);
      restoreSettings();
      drawShelf();
      begin();
    },

    panel(element_, trigger, server, watch) {
      panel = { element: element_, trigger, server };
      const side = element_.closest("#qa-side");
      side.setAttribute("tabindex", "0");
      side.setAttribute("role", "region");
      side.setAttribute("aria-label", "Papers of the answer");
      watch("value", reveal);
      element_.addEventListener("toggle", (event) => { if (event.target.matches("details.similar")) similar(event.target); }, true);
      begin();
    },
  };

  let begun = false;

  /** When all parts are there, the conversation that was open last is shown. */
  function begin() {
    if (begun || !(thread && composer && bar && panel)) return;
    begun = true;
    first();
    bar.trigger("select", {});
    drawShelf();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-ask-paper]");
    if (button) about(button.dataset.askPaper, button.dataset.askTitle);
    else if (event.target.closest?.(".sheet-close")) closeSheet();
    else if (!event.target.closest?.("#qa-bar details")) closeMenus();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      untip();
      if (state.busy) stop();
      else if (!closeMenus() && phone.matches !== undefined) closeSheet();
    } else if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const inside = event.target;
      const writes = inside.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(inside.tagName);
      if (!writes && composer && box().offsetParent !== null) { event.preventDefault(); box().focus(); }
    }
  });

  return { ...parts, wish, keep, done, talk: () => state.talk };
})();
