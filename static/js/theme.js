// Sets the theme before the first paint. Loaded blocking, first in <head>; everything else of the page is in app.js.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let choice = "auto";
    try {
      choice = localStorage.getItem("portolan-theme") || "auto";
    } catch {
      /* storage is switched off: follow the system */
    }
    const resolved = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
    root.dataset.bsTheme = resolved;
    root.dataset.themeChoice = choice;
    document.dispatchEvent(new Event("portolan:theme"));
  };
  root.classList.add("has-js");
  apply();
  dark.addEventListener("change", apply);
  addEventListener("storage", (event) => event.key === "portolan-theme" && apply());
  document.addEventListener("portolan:choose-theme", (event) => {
    try {
      localStorage.setItem("portolan-theme", event.detail);
    } catch {
      root.dataset.themeChoice = event.detail;
    }
    apply();
  });
})();
