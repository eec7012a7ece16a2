// Conversations as the browser keeps them, each under a key of its own, so that two tabs do not write over one another.
// What is read back may be old, cut or another program's; whoever wants it says what becomes of it in page.js.

window.qaKept = (() => {
  const PREFIX = "qa.talk.";

  // What the browser will not keep lasts as long as the page. Its storage throws where it is switched off, and when full.
  const memory = new Map();
  const attempt = (act, otherwise = null) => { try { return act(); } catch { return otherwise; } };
  const store = {
    get: (key) => memory.get(key) ?? attempt(() => localStorage.getItem(key)),
    set(key, value) {
      const kept = attempt(() => { localStorage.setItem(key, value); return true; }, false);
      if (kept) memory.delete(key);
      else memory.set(key, value);
      return kept;
    },
    remove(key) { memory.delete(key); attempt(() => localStorage.removeItem(key)); },
    keys: () => [...new Set([...attempt(() => Object.keys(localStorage), []), ...memory.keys()])],
  };
  // Of this tab alone, through a reload: what is open in it, and the question that is not sent yet.
  const own = {
    get: (key) => attempt(() => sessionStorage.getItem(key)),
    set: (key, value) => attempt(() => sessionStorage.setItem(key, value)),
  };

  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join("");
  const empty = () => ({ id: newId(), turns: [] });

  function read(key) {
    try {
      const kept = JSON.parse(store.get(key));
      const turns = kept?.talk?.turns;
      const good = typeof kept?.talk?.id === "string" && Array.isArray(turns) && turns.every((turn) => turn && typeof turn === "object");
      return good ? kept : null;
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

  return { PREFIX, attempt, memory, store, own, newId, empty, read, kept };
})();
