// A page that refreshes itself never replaces what a person is using. A poll waits while a menu or a question is open, while
// text is selected, and while a field of the part that would be replaced has the focus or was changed. Otherwise the focus
// is afterwards on what looks the same as before.
const main = document.querySelector("main");
const polls = (element) => element?.getAttribute?.("hx-trigger")?.includes("every");
const FIELDS = "input:not([type=hidden]), select, textarea";

function isChanged(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.options) {
    const options = [...field.options];
    return options.some((one) => one.defaultSelected) && options.some((one) => one.selected !== one.defaultSelected);
  }
  return field.value !== field.defaultValue;
}

function isInUse(part) {
  if (document.querySelector("dialog[open], main details.menu[open]")) return true;
  const selection = getSelection();
  if (!selection.isCollapsed && main.contains(selection.anchorNode)) return true;
  const fields = [...part.querySelectorAll(FIELDS)];
  return fields.some((field) => field === document.activeElement || isChanged(field));
}

/* the question may come up while the answer is on its way: asked before the request, and again before the swap */
document.addEventListener("htmx:beforeRequest", (event) => {
  if (polls(event.detail.elt) && isInUse(event.detail.elt)) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const poll = event.detail.requestConfig?.elt;
  if (!polls(poll)) return;
  if (isInUse(poll)) event.detail.shouldSwap = false;
  else rememberFocus();
});

/* focus: htmx restores it for elements with an id only */
let remembered = null;
const looks = (element) =>
  [
    element.tagName,
    element.getAttribute("href"),
    element.name,
    element.value,
    element.ariaLabel,
    element.innerText,
  ].join();
function rememberFocus() {
  const focused = document.activeElement;
  remembered = focused !== main && main.contains(focused) ? looks(focused) : null;
}
document.addEventListener("htmx:afterSettle", () => {
  if (remembered && document.activeElement === document.body) {
    const focusable = main.querySelectorAll("a[href], button, summary, input, select, textarea, [tabindex]");
    [...focusable].find((element) => looks(element) === remembered)?.focus({ preventScroll: true });
  }
  remembered = null;
});
