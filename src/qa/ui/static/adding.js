// Files that are chosen or dropped are sent one by one, then told to the server together with the visitor's wish.
const part = (selector) => element.querySelector(selector);

async function send(files) {
  const input = part("input[type=file]");
  if (!input || part("fieldset").disabled || !files.length) return;
  const { mostBytes, mostFiles, endings } = input.dataset;
  const known = endings.split(", ");
  const sent = [];
  part("fieldset").disabled = true;
  for (const [i, file] of files.entries()) {
    part(".pages-said").textContent = `Sending ${i + 1} of ${files.length} …`;
    // What the server would refuse is not sent; the server says why, as it does of all files.
    const name = file.name.toLowerCase().replace(/\.gz$/, "");
    const fits = i < Number(mostFiles) && file.size <= Number(mostBytes) && known.some((end) => name.endsWith(end));
    let path = null;
    if (fits) {
      try { path = (await upload(file)).path; } catch (error) { path = null; }
    }
    sent.push({ name: file.name, size: file.size, path });
  }
  part(".pages-said").textContent = "Waiting for the server …";
  input.value = "";
  trigger("upload", { files: sent, replacing: part("#adding-replace").checked });
}

const carriesFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
const over = (event) => event.target.closest && element.contains(event.target.closest(".pages-drop"));

element.addEventListener("change", (event) => {
  if (event.target.matches("input[type=file]")) send([...event.target.files]);
});
// A file that misses its place must not take the page away: the browser would open it instead.
for (const kind of ["dragover", "drop"]) {
  window.addEventListener(kind, (event) => {
    if (carriesFiles(event) && !event.defaultPrevented) event.preventDefault();
  });
}
for (const kind of ["dragover", "dragleave", "drop"]) {
  element.addEventListener(kind, (event) => {
    if (!carriesFiles(event) || !part(".pages-drop")) return;
    event.preventDefault();
    part(".pages-drop").classList.toggle("pages-over", kind === "dragover" && over(event));
    if (kind === "drop") send([...event.dataTransfer.files]);
  });
}

// The report gets the focus only from what the sending has locked, never from another place in the page.
watch("value", () => {
  const at = document.activeElement;
  if (at === document.body || element.contains(at)) part("[data-focus]")?.focus();
});
