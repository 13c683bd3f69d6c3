// Predict's drop zone: drop, paste or choose an image and see it at once; the button sends it. A sample is sent by its click,
// and by the button again. Without script the file field and the sample buttons send the same form. Markup: <form data-predict> around
//   <label class="drop" data-drop data-drop-limit="bytes" data-text-large="…" data-text-kind="…">
//     <input type="file" name="image"> … <img class="drop-preview" data-preview hidden alt=""></label>
//   <button class="thumb" name="sample" value="ID" data-sample><img …></button>      and somewhere <p data-drop-problem hidden>
// The limit and the two texts say what is refused before it is sent. A form without data-drop is left alone.
function wire(form) {
  const zone = form.querySelector("[data-drop]");
  if (!zone) return;
  const input = zone.querySelector("input[type=file]");
  const preview = form.querySelector("[data-preview]");
  const problem = form.querySelector("[data-drop-problem]");
  // The sample that the button sends, when one was the last that was chosen.
  const chosen = Object.assign(document.createElement("input"), { type: "hidden", name: "sample", disabled: true });
  form.append(chosen);
  let shown = "";

  const refuse = (text) => {
    if (problem) {
      problem.textContent = text;
      problem.hidden = !text;
    }
    return Boolean(text);
  };
  const show = (url) => {
    if (shown.startsWith("blob:")) URL.revokeObjectURL(shown);
    shown = url;
    preview.onload = () =>
      preview.classList.toggle("is-small", preview.naturalWidth <= 128 && preview.naturalHeight <= 128);
    preview.onerror = () => {
      preview.hidden = true;
    }; // HEIC and the like: the server can read what the browser cannot show
    preview.src = url;
    preview.hidden = false;
    zone.classList.add("has-image");
  };
  const mark = (pressed) =>
    form.querySelectorAll("[data-sample]").forEach((thumb) => thumb.setAttribute("aria-pressed", thumb === pressed));
  const take = (file) => {
    if (!file) return;
    const limit = Number(zone.dataset.dropLimit);
    if (
      refuse(
        limit && file.size > limit
          ? zone.dataset.textLarge
          : file.type && !file.type.startsWith("image/")
            ? zone.dataset.textKind
            : "",
      )
    )
      return;
    mark(null);
    chosen.disabled = true;
    show(URL.createObjectURL(file));
  };

  input.addEventListener("change", () => take(input.files[0]));
  for (const name of ["dragenter", "dragover"])
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("is-over");
    });
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    give(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => {
    if (!form.isConnected || event.target.closest?.("input:not([type=file]), textarea")) return;
    give([...event.clipboardData.files].find((file) => file.type.startsWith("image/")));
  });
  function give(file) {
    if (!file) return;
    const carrier = new DataTransfer();
    carrier.items.add(file);
    input.files = carrier.files;
    take(file);
  }
  form.addEventListener("click", (event) => {
    const thumb = event.target.closest("[data-sample]");
    if (!thumb) return;
    refuse("");
    input.value = "";
    chosen.value = thumb.value;
    // The click itself sends the thumb's own value; from then on the button sends it.
    setTimeout(() => (chosen.disabled = false));
    mark(thumb);
    show(thumb.querySelector("img").src);
  });
}

const start = (within) =>
  within.querySelectorAll?.("form[data-predict]").forEach((form) => {
    if (form.dataset.predictStarted) return;
    form.dataset.predictStarted = "1";
    wire(form);
  });
start(document);
document.addEventListener("htmx:load", (event) => start(event.target));
