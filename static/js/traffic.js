// The running total under the split form: says at once what is missing to 100. The server checks again.
const total = (form) =>
  [...form.querySelectorAll("input[type=number]")].reduce((sum, input) => sum + (Number(input.value) || 0), 0);

function say(form) {
  const output = form.querySelector("[data-total]");
  const sum = total(form);
  output.textContent = `${sum} %`;
  output.classList.toggle("is-bad", sum !== 100);
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-split]");
  if (form) say(form);
});
