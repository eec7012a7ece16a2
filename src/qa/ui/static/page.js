// What the page does in the browser: keeps the conversations, sends questions, leads from a number to its quote.
// Texts are only ever put into the page as text; HTML comes from the server's templates alone.

window.qa = (() => {
  const { PREFIX, attempt, memory, store, own, newId, empty, read, kept } = window.qaKept;
  const OPEN = "qa.open";
  const SETTINGS = "qa.settings";
  const DRAFT = "qa.draft";
  const phone = window.matchMedia("(max-width: 900px)");

  // 1. The open conversation, kept.

  /** The open conversation, kept as it is now; where another tab went on with it meanwhile, as one of its own. */
  function save() {
    const before = store.get(PREFIX + state.talk.id);
    if (before !== null && before !== state.seen) {
      state.talk = { ...state.talk, id: newId() };
      say("Also open in another tab; saved here as a copy.");
    } else if (before !== null && attempt(() => JSON.stringify(JSON.parse(before).talk) === JSON.stringify(state.talk))) return;
    const { id, turns } = state.talk;
    const value = JSON.stringify({ title: String(turns[0].question).slice(0, 120), at: Date.now(), talk: state.talk });
    state.seen = value;
    if (store.set(PREFIX + id, value)) return;
    // The browser's room is full: the oldest other conversations make way, if that is of any use.
    const gone = [];
    for (const one of kept().reverse()) {
      if (one.id === id || memory.has(one.key)) continue;
      gone.push([one.key, store.get(one.key), one.title]);
      store.remove(one.key);
      if (store.set(PREFIX + id, value)) {
        say(`To make room, the oldest conversation${gone.length === 1 ? " was" : "s were"} deleted: ${gone.map((all) => all[2]).join(", ")}`);
        return;
      }
    }
    gone.forEach(([key, old]) => store.set(key, old));
    say("This browser cannot save the conversation; it lasts while the page is open. Export it, or delete others.");
  }

  // 2. What is open now.

  const state = {
    talk: empty(),
    seen: null, // how the open conversation was kept when this tab last read or wrote it
    run: newId(), // of what was begun last: to ask, to stop, to open; what the server sends of another comes too late
    asked: null, // the question that is being answered: its wish, from which turn on, the conversation before it
    wishes: [], // on their way to the server
    busy: false,
    wished: null, // the turn whose cards were asked for, while an answer grows
    pending: null, // the quote that is led to
    led: null, // the one that was led to last
    about: null, editing: null, draft: "", // what is asked next
  };
  let composer, bar, thread, panel;

  /** Show a conversation that was kept; null for a new one. */
  function take(id) {
    const found = id === null ? null : read(PREFIX + id);
    state.talk = found ? { ...found.talk, id } : empty();
    state.seen = found && store.get(PREFIX + id);
    remember();
    return found;
  }

  function first() {
    const id = own.get(OPEN) ?? store.get(OPEN);
    const there = id !== null && store.get(PREFIX + id) !== null;
    if (!take(id) && there) say("The last conversation cannot be read. This is a new one.");
  }

  function remember() {
    own.set(OPEN, state.talk.id);
    store.set(OPEN, state.talk.id);
  }

  /** The server's talk is the page's; a talk without turns is not kept. */
  function keep(packed) {
    const talk = packed && JSON.parse(packed.text);
    if (!talk || talk.run !== state.run) return [];
    if (talk.error) {
      failed(talk.error);
    } else if (talk.turns.length) {
      const { run, ...kept } = talk;
      state.talk = { ...kept, id: state.talk.id };
      own.set(DRAFT, box().value);
      // Until its answer is whole, a turn counts as stopped.
      if (!talk.turns.at(-1).stopped) busy(false);
      save();
      remember();
      drawShelf();
    } else if (state.talk.turns.length) {
      take(null); // what was kept could not be read
      drawShelf();
    }
    return [];
  }

  function open(id) {
    stop();
    take(id);
    begun_anew();
    thread.element.querySelectorAll("textarea").forEach((area) => { area.value = ""; });
    unfolded.clear();
    forgetWish();
    say("");
    bar.trigger("select", {});
    drawShelf();
  }

  /** From here on, what the server still sends of anything before is passed over. */
  function begun_anew() {
    state.run = newId();
    state.wished = state.pending = state.led = null;
    follow = true;
    fault("");
  }

  /** Whether this is of what was begun last; what is not gives way to what was shown before it. */
  function current(part, root) {
    const fits = !root || (root.dataset.run === state.run && (part !== panel || state.wished === null || Number(root.dataset.turn) === state.wished));
    if (fits) part.shown = part.props.value;
    else if (part.shown !== undefined) {
      part.props.value = part.shown;
      setTimeout(reveal); // what is drawn again is not lit, and Gradio does not say when it was
    }
    return fits;
  }

  // 3. Asking.

  function box() { return composer.element.querySelector("textarea"); }

  function ask(question, { from = null, fresh = false, about = state.about } = {}) {
    if (state.busy || !begun || !question.trim()) return false;
    begun_anew();
    say("");
    const turns = from === null ? state.talk.turns : state.talk.turns.slice(0, from);
    const wished = { talk: { id: state.talk.id, run: state.run, turns }, question, about, fresh, ...settings() };
    state.asked = { wished, from, before: state.talk };
    state.wishes.push(wished);
    state.talk = { ...state.talk, turns: [...turns, { question, about, stopped: true }] };
    forgetWish();
    busy(true); // at once: who presses twice asks once
    composer.trigger("submit", {});
    return true;
  }

  /** What the visitor wishes, on its way to the server; nothing where he has stopped it meanwhile. */
  function wish() {
    const wished = state.wishes.shift();
    return wished.talk.run === state.run ? wished : { ...wished, question: "" };
  }

  /** Nothing came of the question: it is where it was typed again, and the conversation as it was. */
  function failed(why) {
    if (state.asked) {
      const { wished, from, before } = state.asked;
      state.talk = before;
      if (!box().value) {
        box().value = wished.question;
        Object.assign(state, { editing: from, about: wished.about });
        grow();
        drawChips();
      }
    }
    own.set(DRAFT, box().value);
    busy(false);
    fault(why);
  }

  function fault(text) {
    const line = composer?.element.querySelector(".fault");
    if (line) { line.textContent = text; line.hidden = !text; }
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
      if (!papers.validity.valid) papers.value = papers.defaultValue;
    } catch { /* what cannot be read is not restored */ }
    for (const input of [strict, papers]) {
      input.addEventListener("change", () => {
        if (!papers.validity.valid || !papers.value) papers.value = papers.defaultValue;
        store.set(SETTINGS, JSON.stringify(settings()));
      });
    }
  }

  function forgetWish() {
    Object.assign(state, { about: null, editing: null, draft: "" });
    drawChips();
  }

  function busy(on) {
    state.busy = on;
    composer.element.closest("#qa-chat")?.classList.toggle("busy", on);
    composer.element.querySelector(".send").hidden = on;
    composer.element.querySelector(".stop").hidden = !on;
  }

  function stop() {
    if (!state.busy) return;
    busy(false);
    begun_anew();
    composer.trigger("stop", {});
  }

  function send() {
    const next = state.editing === null ? "" : state.draft;
    if (!ask(box().value, { from: state.editing })) return;
    box().value = next;
    grow();
  }

  /** Something that asks was pressed, and goes: whoever uses the keyboard stays where the answer comes. */
  function press(question, options) {
    if (ask(question, options)) thread.element.closest("#qa-thread").focus({ preventScroll: true });
  }

  /** The button that was pressed gives way to the other. On a phone the keyboard would cover the answer. */
  function refocus() {
    (phone.matches ? thread.element.closest("#qa-thread") : box()).focus({ preventScroll: true });
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

  /** Whoever writes Chinese or Japanese ends a word with Enter, too; Safari says so by the number alone. */
  function composes(event) { return event.isComposing || event.keyCode === 229; }

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
    if (state.about) chips.append(chip(`About this paper only: ${state.about.title}`, () => { state.about = null; }));
    if (state.editing !== null) {
      const later = state.talk.turns.length - state.editing - 1;
      const lost = later > 0 ? `. ${later} later answer${later === 1 ? "" : "s"} will be deleted` : "";
      chips.append(chip(`Editing question ${state.editing + 1}${lost}`, () => { box().value = state.draft; forgetWish(); grow(); }));
    }
  }

  function edit(turn, question) {
    if (state.editing === null) state.draft = box().value;
    state.editing = turn;
    state.about = state.talk.turns[turn].about ?? null;
    box().value = question;
    grow();
    drawChips();
    box().focus();
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
    untip();
    lead(turn, Number(link.dataset.number), JSON.parse(link.dataset.quotes));
  }

  function lead(turn, number, quotes = []) {
    openSheet();
    const shown = panel.element.querySelector(".cards");
    state.pending = { turn, number, quotes };
    state.wished = turn;
    if (shown && Number(shown.dataset.turn) === turn) reveal();
    else thread.trigger("select", { turn });
  }

  function reveal() {
    if (state.pending) {
      const lit = light(state.pending);
      if (!lit) return;
      state.led = state.pending;
      state.pending = null;
      if (!lit.card) return;
      lit.card.focus({ preventScroll: true });
      scrollTo(lit.card, lit.mark);
    } else if (state.led) light(state.led); // cards that are drawn anew are not lit
  }

  /** Let the card and the quoted words that were led to stand out; null where the cards are of another turn. */
  function light({ turn, number, quotes }) {
    const shown = panel.element.querySelector(".cards");
    if (!shown || Number(shown.dataset.turn) !== turn) return null;
    shown.querySelectorAll(".current").forEach((one) => one.classList.remove("current"));
    const card = number === null ? shown.querySelector(".card") : shown.querySelector(`#qa-card-${number}`);
    if (!card) return {};
    card.classList.toggle("current", number !== null);
    const marks = [...card.querySelectorAll("mark")];
    const meant = marks.filter((mark) => quotes.some((quote) => mark.textContent.includes(quote)));
    meant.forEach((mark) => mark.classList.add("current"));
    return { card, mark: meant[0] ?? marks[0] };
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
    if (was && side.contains(document.activeElement) && cameFrom?.isConnected) cameFrom.focus();
    cameFrom = null;
    return was;
  }

  let tipped = null;

  function tip(link) {
    const shown = document.getElementById("qa-tip") ?? document.body.appendChild(element("div", { id: "qa-tip", role: "tooltip" }));
    const quotes = JSON.parse(link.dataset.quotes);
    if (!quotes.length) return;
    if (tipped !== link) untip();
    tipped = link;
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

  function untip() {
    document.getElementById("qa-tip")?.classList.remove("shown");
    tipped?.removeAttribute("aria-describedby");
    tipped = null;
  }

  /** What is quoted moves with the page, and goes with its number. */
  function retip() {
    if (tipped?.isConnected) tip(tipped);
    else untip();
  }

  // 5. Votes; the conversations in their menu, copying, exporting.

  function vote(turn, good, note) {
    if (state.busy) { say("Vote when the answer is complete."); return; }
    // Here at once: a question that is asked before the server has noted it takes it along.
    state.talk = { ...state.talk, turns: state.talk.turns.map((one, i) => (i === turn ? { ...one, vote: good, note } : one)) };
    state.run = newId(); // Gradio sends an answer's last state twice, perhaps after this
    thread.trigger("like", { turn, good, note });
  }

  function say(text) {
    const line = bar?.element.querySelector(".said");
    if (line) line.textContent = text;
  }

  function drawShelf() {
    const list = bar?.element.querySelector(".shelf-list");
    if (!list) return;
    const all = kept();
    // Drawn anew only when there is something new: whoever is in the list stays where he is.
    const drawn = JSON.stringify([state.talk.id, all.map(({ id, title }) => [id, title])]);
    if (drawn === list.dataset.drawn) return;
    list.dataset.drawn = drawn;
    list.replaceChildren(
      ...all.map((one) => {
        const item = element("li");
        const openIt = element("button", { type: "button", class: "shelf-open", text: one.title });
        if (one.id === state.talk.id) openIt.setAttribute("aria-current", "true");
        openIt.addEventListener("click", () => {
          closeMenus();
          open(one.id);
          box().focus();
        });
        const remove = element("button", { type: "button", class: "button", text: "Delete", "aria-label": `Delete: ${one.title}` });
        remove.addEventListener("click", () => {
          if (remove.dataset.sure !== "yes") {
            remove.dataset.sure = "yes";
            remove.textContent = "Confirm delete";
            remove.setAttribute("aria-label", `Confirm delete: ${one.title}`);
            return;
          }
          store.remove(one.key);
          if (one.id === state.talk.id) open(null);
          else drawShelf();
          list.closest("details").querySelector("summary").focus();
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
      if (menu === but) return;
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
      menu.open = false;
      closed = true;
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
      say("The server did not answer. Try again.");
    }
  }

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      // Without https a browser gives no clipboard; an old way still works.
      const area = element("textarea", { style: "position: fixed; opacity: 0" });
      area.value = button.dataset.copy;
      document.body.append(area);
      area.select();
      const copied = document.execCommand("copy");
      area.remove();
      button.focus();
      if (!copied) { say("This browser does not allow copying. Select the text and copy it."); return; }
    }
    button.textContent = "Copied";
    say("Copied.");
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  async function similar(details) {
    const list = details.querySelector(".similar-list");
    if (!details.open || list.dataset.done) return;
    const id = details.dataset.similar;
    list.dataset.done = "yes";
    list.textContent = "Looking …";
    try {
      const html = await panel.server.similar(id);
      if (details.dataset.similar === id) list.innerHTML = html; // else the card is another paper's by now
    } catch {
      delete list.dataset.done;
      list.textContent = "The server did not answer. Close and open this again.";
    }
  }

  // 6. Scrolling: an answer that grows is followed only by who is at its end, and only until its question is at the top.

  let follow = true;
  const unfolded = new Map(); // turns whose steps the visitor opened (true) or closed (false)

  function followed() {
    const pane = thread.element.closest("#qa-thread");
    const last = [...thread.element.querySelectorAll(".turn")].at(-1);
    if (!follow || !last) return;
    const top = last.getBoundingClientRect().top - pane.getBoundingClientRect().top + pane.scrollTop;
    pane.scrollTop = Math.min(pane.scrollHeight, top);
  }

  function drawn() {
    if (!current(thread, thread.element.querySelector(".thread-inner"))) return;
    for (const [turn, is] of unfolded) {
      const steps = thread.element.querySelector(`.turn[data-turn="${turn}"] .steps`);
      if (steps) steps.open = is;
    }
    followed();
    retip();
  }

  // 7. The parts of the page, as Gradio puts them there.

  const parts = {
    thread(element_, trigger, server, watch, props) {
      thread = { element: element_, trigger, server, props };
      const pane = element_.closest("#qa-thread");
      pane.setAttribute("tabindex", "0");
      pane.setAttribute("role", "region");
      pane.setAttribute("aria-label", "Conversation");
      pane.addEventListener("scroll", () => { retip(); follow = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 80; });
      watch("value", drawn);
      element_.addEventListener("click", (event) => {
        const at = (selector) => event.target.closest(selector);
        const turn = () => Number(at("[data-turn]").dataset.turn);
        let button;
        if ((button = at(".cite"))) { event.preventDefault(); cite(button); }
        else if ((button = at("[data-ask]"))) press(button.dataset.ask);
        else if ((button = at("[data-again]"))) {
          press(button.dataset.again, { from: turn(), fresh: true, about: state.talk.turns[turn()].about ?? null });
        } else if ((button = at("[data-edit]"))) edit(turn(), button.dataset.edit);
        else if ((button = at("[data-copy]"))) copy(button);
        else if ((button = at("[data-cards]"))) { cameFrom = button; lead(turn(), null); }
        else if ((button = at("[data-vote]"))) vote(turn(), button.dataset.vote === "up", null);
        else if (at(".steps > summary")) unfolded.set(turn(), !at(".steps").open);
      });
      element_.addEventListener("submit", (event) => {
        const form = event.target.closest("form.note");
        if (!form) return;
        event.preventDefault();
        const index = Number(form.dataset.turn);
        vote(index, state.talk.turns[index].vote, form.querySelector("textarea").value);
      });
      for (const [on, off] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
        element_.addEventListener(on, (event) => {
          const link = event.target.closest(".cite");
          // A finger that closes the sheet gives the focus back, but wants to see no quote.
          if (link && (on === "mouseover" || link.matches(":focus-visible"))) tip(link);
        });
        element_.addEventListener(off, (event) => { const link = event.target.closest(".cite"); if (link) untip(); });
      }
      begin();
    },

    composer(element_, trigger) {
      composer = { element: element_, trigger };
      const area = box();
      area.value ||= own.get(DRAFT) ?? "";
      grow();
      busy(state.busy);
      drawChips();
      area.addEventListener("input", () => { grow(); own.set(DRAFT, area.value); });
      area.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && !event.shiftKey && !composes(event)) { event.preventDefault(); send(); }
      });
      element_.querySelector("form").addEventListener("submit", (event) => {
        event.preventDefault();
        send();
        refocus();
      });
      element_.querySelector(".stop").addEventListener("click", () => { stop(); refocus(); });
      begin();
    },

    bar(element_, trigger, server) {
      bar = { element: element_, trigger, server };
      element_.querySelector("[data-new]").addEventListener("click", () => { closeMenus(); open(null); box().focus(); });
      element_.querySelectorAll("[data-export]").forEach((button) => button.addEventListener("click", () => exported(button.dataset.export)));
      element_.addEventListener("toggle", (event) => { if (event.target.open) closeMenus(event.target); }, true);
      restoreSettings();
      drawShelf();
      begin();
    },

    panel(element_, trigger, server, watch, props) {
      panel = { element: element_, trigger, server, props };
      const side = element_.closest("#qa-side");
      side.setAttribute("tabindex", "0");
      side.setAttribute("role", "region");
      side.setAttribute("aria-label", "Papers of the answer");
      watch("value", () => { if (current(panel, element_.querySelector(".cards"))) reveal(); });
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
    else if (!event.composedPath().some((one) => one.matches?.("#qa-bar details"))) closeMenus();
  });

  addEventListener("storage", (event) => { if (event.key === null || event.key.startsWith(PREFIX)) drawShelf(); });

  document.addEventListener("keydown", (event) => {
    const here = composer && box().offsetParent !== null;
    if (event.key === "Escape" && here && !composes(event)) {
      untip();
      // What lies on top goes first.
      if (closeMenus() || (phone.matches && closeSheet())) return;
      if (state.busy) stop();
      else closeSheet();
    } else if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const inside = event.target;
      const writes = inside.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(inside.tagName);
      if (!writes && here) { event.preventDefault(); box().focus(); }
    }
  });

  return { ...parts, wish, keep, talk: () => ({ ...state.talk, run: state.run }) };
})();
