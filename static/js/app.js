// What the frame needs on every page: drawer, menus, questions before dangerous forms, copying, toasts, fresh times.
// Every page works without it. Charts, logs and predict have their own modules.
const body = document.body;
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/* htmx: nothing of it needs inline code or style; what a form refuses (409, 422) is shown like an answer */
Object.assign(window.htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  allowScriptTags: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  attributesToSettle: ["class", "width", "height"],
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "(409|422)", swap: true, error: false },
    { code: "[45]..", swap: false, error: true },
  ],
});

/* drawer: without this script its link's #menu opens it; with it, a class, the focus and the Escape key */
const drawer = one("#menu");
let drawerOpener = null;
function openDrawer(opener) {
  drawerOpener = opener;
  drawer.classList.add("is-open");
  one(".stage").inert = true;
  (one("a[aria-current]", drawer) ?? one(".side-link", drawer))?.focus();
}
function closeDrawer() {
  drawer.classList.remove("is-open");
  one(".stage").inert = false;
  drawerOpener?.focus();
}
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-drawer-open]");
  const closer = event.target.closest("[data-drawer-close]");
  if (!opener && !closer) return;
  event.preventDefault();
  opener ? openDrawer(opener) : closeDrawer();
});

/* menus close on a click elsewhere, on Escape, and when the focus leaves */
const openMenus = () => all("details.menu[open]");
document.addEventListener("click", (event) =>
  openMenus().forEach((menu) => menu.contains(event.target) || (menu.open = false)),
);
document.addEventListener("focusin", (event) =>
  openMenus().forEach((menu) => menu.contains(event.target) || (menu.open = false)),
);
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu");
  if (event.key === "Escape") {
    if (drawer?.classList.contains("is-open")) closeDrawer();
    openMenus().forEach((open) => {
      open.open = false;
      one("summary", open).focus();
    });
  } else if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    menu.open = true;
    const items = all(".menu-item", menu);
    const next = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    items[(next + items.length) % items.length]?.focus();
  }
});

/* theme */
document.addEventListener("click", (event) => {
  const choice = event.target.closest("button[data-theme-choice]");
  if (!choice) return;
  document.dispatchEvent(new CustomEvent("portolan:choose-theme", { detail: choice.dataset.themeChoice }));
  choice.closest("details").open = false;
});

/* <form data-ask="sentence" data-ask-title="…" data-ask-yes="Delete" data-ask-danger>: asked once, then sent */
const ask = one("#ask");
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const sentence = event.submitter?.dataset.ask ?? form.dataset.ask;
    if (sentence === undefined || form.dataset.asked || !ask) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const words = { ...form.dataset, ...event.submitter?.dataset };
    const yes = one("#ask-yes");
    if (words.askTitle) one("#ask-title").textContent = words.askTitle;
    one("#ask-sentence").textContent = sentence;
    if (words.askYes) yes.textContent = words.askYes;
    yes.className = "askDanger" in words ? "btn btn-danger" : "btn btn-primary";
    ask.returnValue = "no";
    ask.showModal();
    ask.addEventListener(
      "close",
      () => {
        if (ask.returnValue !== "yes") return;
        // What refreshes itself waits for the answer; should the form be a new one all the same, that one is sent.
        const current = form.isConnected ? form : one(`form[action="${form.getAttribute("action")}"]`);
        if (!current) return;
        current.dataset.asked = "1";
        current.requestSubmit(current === form ? (event.submitter ?? undefined) : undefined);
        delete current.dataset.asked;
      },
      { once: true },
    );
  },
  true,
);

/* a form is sent once: a second click on a slow page does nothing */
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method === "dialog" || event.target.method === "get") return;
  setTimeout(() => all("button:not([type=button])", event.target).forEach((button) => (button.disabled = true)));
});
addEventListener(
  "pageshow",
  (event) => event.persisted && all("form button:disabled").forEach((button) => (button.disabled = false)),
);

/* <button data-copy="text"> or data-copy-from="#id" */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const text = button.dataset.copy ?? one(button.dataset.copyFrom).textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyBySelection(text);
  }
  button.classList.add("is-done");
  toast(body.dataset.copied, "good");
  setTimeout(() => button.classList.remove("is-done"), 1500);
});
function copyBySelection(text) {
  // plain http on another host has no clipboard API
  const area = Object.assign(document.createElement("textarea"), { value: text, className: "visually-hidden" });
  body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/* toasts */
export function toast(sentence, tone = "") {
  const shape = one("#toast-shape").content.firstElementChild.cloneNode(true);
  if (tone) shape.classList.add(`note-${tone}`);
  one("div", shape).textContent = sentence;
  one("#toasts").append(shape);
  expire(shape);
}
function expire(shape) {
  if (!shape.classList.contains("note-bad")) setTimeout(() => shape.remove(), 6000);
}
all("[data-toast]").forEach(expire);
document.addEventListener("click", (event) =>
  event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove(),
);
document.addEventListener("portolan:toast", (event) => toast(event.detail.sentence, event.detail.tone));

/* htmx: a poll that fails keeps quiet and is tried again; a click that fails says so */
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (!event.detail.elt?.getAttribute("hx-trigger")?.includes("every")) toast(body.dataset.failed, "bad");
  });
}

/* relative times and running durations */
const UNITS = [
  ["days", 86400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];
function freshen() {
  const now = Date.now();
  for (const time of all("time:not(.story-time)")) {
    const seconds = (now - new Date(time.dateTime)) / 1000;
    const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? UNITS[3];
    const count = Math.floor(seconds / size);
    const words = body.dataset;
    time.textContent =
      seconds < 5
        ? words.agoNow
        : words[`ago${unit === "days" && count === 1 ? "Day" : unit[0].toUpperCase() + unit.slice(1)}`].replace(
            "#",
            count,
          );
  }
  for (const span of all("[data-since]")) span.textContent = clock((now - new Date(span.dataset.since)) / 1000);
}
function clock(seconds) {
  // the server's own formats, translated, in data-clock-*
  const whole = Math.max(0, Math.floor(seconds));
  const words = body.dataset;
  const [format, parts] =
    whole < 60
      ? [words.clockS, { n: whole }]
      : whole < 3600
        ? [words.clockMin, { m: Math.floor(whole / 60), s: whole % 60 }]
        : whole < 86400
          ? [words.clockH, { h: Math.floor(whole / 3600), m: Math.floor((whole % 3600) / 60) }]
          : [words.clockD, { d: Math.floor(whole / 86400), h: Math.floor((whole % 86400) / 3600) }];
  return format.replace(/%\((\w)\)(s|02d)/g, (_all, name, kind) =>
    String(parts[name]).padStart(kind === "02d" ? 2 : 1, "0"),
  );
}
setInterval(freshen, 1000);

/* the absolute time of a list's row, when somebody points at it */
const absolute = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "long" });
document.addEventListener("mouseover", (event) => {
  const time = event.target.closest("time:not([title])");
  if (time) time.title = absolute.format(new Date(time.dateTime));
});
