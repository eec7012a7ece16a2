// The evaluation that a visitor chooses.
element.addEventListener("change", (event) => {
  if (event.target.matches("select")) trigger("select", { file: event.target.value });
});
