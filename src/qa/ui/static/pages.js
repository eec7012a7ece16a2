// Buttons of the list tell the server which page they stand at; the focus follows the question and its answer.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (button) trigger(button.dataset.do, { page: button.dataset.page });
});
watch("value", () => {
  const at = document.activeElement;
  if (at === document.body || element.contains(at)) element.querySelector("[data-focus]")?.focus();
});
