// The live log viewer. Markup: templates/_log.html (an element with data-log="URL of api-v1:jobs_log").
// Reads by byte offset and never asks for bytes it has; only blocks of lines near the view are in the page, so a log
// of 50 MB scrolls like a short one. Without script the page's download link does.
const BLOCK = 100; // lines that enter and leave the page together
const LINE = 20; // pixels of an unwrapped line, as in pages.css
const EARLIER_BYTES = 192 * 1024;
const POLL_MS = 1000;
const RETRY_MS = [1000, 2000, 4000, 8000, 15000];
const BAD = /\b(error|exception|traceback|fatal|critical)\b/i;

class LogView {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(`[data-log-${name}]`);
    this.view = this.find("view");
    this.lines = this.find("lines");
    this.above = this.find("above");
    this.below = this.find("below");
    this.file = this.find("file")?.value ?? "";
    this.follows = true;
    this.wire();
    this.restart();
  }

  restart() {
    clearTimeout(this.timer);
    this.generation = (this.generation ?? 0) + 1;
    Object.assign(this, {
      text: [],
      rest: "",
      first: null,
      next: null,
      heights: [],
      shown: [0, 0],
      found: [],
      at: -1,
      failures: 0,
      earlier: null,
    });
    this.lines.replaceChildren();
    this.poll();
  }

  /* reading */

  async ask(offset) {
    const url = new URL(this.root.dataset.log, location.href);
    if (this.file) url.searchParams.set("file", this.file);
    if (offset !== null) url.searchParams.set("offset", offset);
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (answer.status === 401 || answer.status === 404) throw Object.assign(new Error(), { isOver: true });
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }

  async poll() {
    const generation = this.generation;
    let piece;
    try {
      piece = await this.ask(this.next);
    } catch (error) {
      if (generation === this.generation) this.lost(error);
      return;
    }
    if (generation !== this.generation) return;
    this.failures = 0;
    if (piece.file) this.take(piece);
    const isBehind = piece.next_offset < piece.size;
    this.say(piece);
    if (piece.is_final && !isBehind) return;
    this.timer = setTimeout(() => this.poll(), isBehind ? 0 : document.hidden ? POLL_MS * 5 : POLL_MS);
  }

  lost(error) {
    const words = this.root.dataset;
    this.live("is-lost", error.isOver ? words.textGone : words.textLost);
    if (error.isOver) return;
    this.timer = setTimeout(() => this.poll(), RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)]);
  }

  take(piece) {
    if (this.next === null) {
      this.file = piece.file;
      this.first = piece.offset;
      const chooser = this.find("file");
      if (chooser && ![...chooser.options].some((option) => option.value === piece.file))
        chooser.add(new Option(piece.file, piece.file));
      if (chooser) chooser.value = piece.file;
    } else if (piece.offset !== this.next) {
      return;
    }
    this.next = piece.next_offset;
    if (!piece.text) return;
    const parts = (this.rest + piece.text).split("\n");
    this.rest = parts.pop();
    const before = this.text.length;
    for (const part of parts) this.text.push(part);
    this.dirty(Math.floor(before / BLOCK));
    if (this.query) this.search(this.query, before);
    this.draw();
    if (this.follows) this.toEnd();
  }

  async readEarlier() {
    if (this.earlier || !this.first) return;
    const generation = this.generation;
    const begin = Math.max(0, this.first - EARLIER_BYTES);
    const gather = async () => {
      let text = "",
        offset = begin;
      while (offset < this.first) {
        const piece = await this.ask(offset);
        if (piece.next_offset <= offset) break;
        text += withoutEnd(piece.text, piece.next_offset - this.first);
        offset = piece.next_offset;
      }
      return text;
    };
    this.earlier = gather()
      .then((text) => generation === this.generation && this.prepend(text, begin))
      .catch(() => {})
      .finally(() => (this.earlier = null));
  }

  prepend(text, begin) {
    const parts = text.split("\n");
    if (begin > 0) parts.shift(); // the piece may begin inside a line or a character
    const cut = begin > 0 ? text.indexOf("\n") + 1 : 0;
    const joined = parts.pop() ?? "";
    if (this.text.length) this.text[0] = joined + this.text[0];
    else this.rest = joined + this.rest;
    this.text = parts.concat(this.text);
    this.first = begin === 0 ? 0 : this.first - bytes(text.slice(cut)).length; // from the end, which is exact
    this.heights = [];
    this.found = [];
    if (this.query) this.search(this.query, 0);
    this.shown = [0, 0];
    const top = this.view.scrollTop;
    this.draw(top + parts.length * LINE);
    this.view.scrollTop = top + parts.length * LINE;
    this.draw();
  }

  /* drawing: blocks near the view, and two paddings for the rest */

  get blocks() {
    return Math.max(1, Math.ceil((this.text.length + (this.rest ? 1 : 0)) / BLOCK));
  }
  count(block) {
    return Math.max(0, Math.min(BLOCK, this.text.length + (this.rest ? 1 : 0) - block * BLOCK));
  }
  height(block) {
    return this.heights[block] ?? this.count(block) * LINE;
  }

  dirty(from) {
    this.heights.length = Math.min(this.heights.length, from);
    for (const element of [...this.lines.children]) if (Number(element.dataset.block) >= from) element.remove();
  }

  draw(assumedTop) {
    const top = assumedTop ?? (this.follows ? Infinity : this.view.scrollTop);
    const total = this.blocks;
    let sum = 0,
      start = 0;
    if (top === Infinity) start = Math.max(0, total - 3);
    else {
      while (start < total - 1 && sum + this.height(start) < top - 600) sum += this.height(start++);
    }
    let end = start,
      seen = 0;
    const wanted = this.view.clientHeight + 1800;
    while (end < total && (seen < wanted || top === Infinity)) seen += this.height(end++);
    for (const element of [...this.lines.children]) {
      const block = Number(element.dataset.block);
      if (block < start || block >= end) element.remove();
    }
    for (let block = start; block < end; block++) this.ensure(block);
    for (const element of this.lines.children) this.heights[Number(element.dataset.block)] = element.offsetHeight;
    this.pad(this.above, 0, start);
    this.pad(this.below, end, total);
    this.shown = [start, end];
  }

  pad(element, from, to) {
    let height = 0;
    for (let block = from; block < to; block++) height += this.height(block);
    element.style.height = `${height}px`; // through the object model: no style attribute is parsed
  }

  ensure(block) {
    const present = [...this.lines.children];
    if (present.some((element) => Number(element.dataset.block) === block)) return;
    const element = document.createElement("div");
    element.dataset.block = block;
    for (let index = block * BLOCK; index < block * BLOCK + this.count(block); index++)
      element.append(this.line(index));
    const after = present.find((other) => Number(other.dataset.block) > block);
    this.lines.insertBefore(element, after ?? null);
  }

  line(index) {
    const element = document.createElement("div");
    const text = this.text[index] ?? this.rest;
    element.className = "log-line";
    element.dataset.n = this.first === 0 ? index + 1 : "";
    if (BAD.test(text)) element.classList.add("is-bad");
    if (this.query && text.toLowerCase().includes(this.query)) element.classList.add("is-found");
    if (index === this.found[this.at]) element.classList.add("is-here");
    element.textContent = text.includes("\r")
      ? text.slice(text.replace(/\r+$/, "").lastIndexOf("\r") + 1)
      : text || " ";
    return element;
  }

  redraw() {
    this.dirty(0);
    this.draw(this.view.scrollTop);
  }
  toEnd() {
    this.view.scrollTop = this.view.scrollHeight;
  }

  /* searching what is loaded */

  search(query, from) {
    for (let index = from; index < this.text.length; index++)
      if (this.text[index].toLowerCase().includes(query)) this.found.push(index);
    this.sayFound();
  }

  sayFound() {
    const target = this.find("found");
    if (target) target.textContent = this.query ? `${this.found.length ? this.at + 1 : 0} / ${this.found.length}` : "";
  }

  jump(step) {
    if (!this.found.length) return;
    this.at = (this.at + step + this.found.length) % this.found.length;
    this.follow(false);
    const index = this.found[this.at];
    let top = 0;
    for (let block = 0; block < Math.floor(index / BLOCK); block++) top += this.height(block);
    this.view.scrollTop = top + (index % BLOCK) * LINE - this.view.clientHeight / 2;
    this.redraw();
    this.lines.querySelector(".is-here")?.scrollIntoView({ block: "center" });
    this.sayFound();
  }

  /* saying */

  live(state, text) {
    const element = this.find("live");
    element.className = `log-live ${state}`;
    element.textContent = text;
  }

  say(piece) {
    const words = this.root.dataset;
    const isOver = piece.is_final && piece.next_offset >= piece.size;
    this.live(isOver ? "" : "is-live", isOver ? words.textOver : piece.file ? words.textLive : words.textNone);
    const [amount, unit] = piece.size < 1048576 ? [piece.size / 1024, "kB"] : [piece.size / 1048576, "MB"];
    const size = `${amount.toLocaleString(document.documentElement.lang || "en", { maximumFractionDigits: 1 })} ${unit}`;
    this.find("size").textContent = piece.file
      ? `${size}${piece.is_capped ? ` · ${words.textCapped}` : ""}${this.first ? ` · ${words.textTail}` : ""}`
      : "";
    this.find("none").hidden = this.text.length > 0 || this.rest !== "";
    const link = this.find("download");
    if (link && this.file) link.href = `${link.href.split("?")[0]}?file=${encodeURIComponent(this.file)}`;
  }

  follow(isOn) {
    this.follows = isOn;
    this.find("follow").setAttribute("aria-pressed", isOn);
    if (isOn) {
      this.draw();
      this.toEnd();
    }
  }

  wire() {
    let frame = 0,
      last = 0;
    this.view.addEventListener(
      "scroll",
      () => {
        const top = this.view.scrollTop;
        if (top < last - 4 && this.follows && this.view.scrollHeight - top - this.view.clientHeight > 40)
          this.follow(false);
        last = top;
        cancelAnimationFrame(frame);
        frame = requestAnimationFrame(() => {
          if (!this.follows) this.draw();
          if (top < 400 && this.first) this.readEarlier();
        });
      },
      { passive: true },
    );
    this.find("follow").addEventListener("click", () => this.follow(!this.follows));
    this.find("wrap").addEventListener("click", (event) => {
      const isOn = this.view.classList.toggle("is-wrapped");
      event.currentTarget.setAttribute("aria-pressed", isOn);
      this.heights = [];
      this.redraw();
      if (this.follows) this.toEnd();
    });
    this.find("file")?.addEventListener("change", (event) => {
      this.file = event.target.value;
      this.restart();
    });
    const box = this.find("search");
    let wait = 0;
    box.addEventListener("input", () => {
      clearTimeout(wait);
      wait = setTimeout(() => {
        this.query = box.value.toLowerCase();
        Object.assign(this, { found: [], at: -1 });
        if (this.query) this.search(this.query, 0);
        this.redraw();
        this.jump(1);
        this.sayFound();
      }, 200);
    });
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.jump(event.shiftKey ? -1 : 1);
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden || !this.timer) return;
      clearTimeout(this.timer);
      this.poll();
    });
  }
}

function bytes(text) {
  return new TextEncoder().encode(text);
}
function withoutEnd(text, excess) {
  if (excess <= 0) return text;
  const all = bytes(text);
  return new TextDecoder().decode(all.slice(0, all.length - excess));
}

const start = (within) =>
  within.querySelectorAll?.("[data-log]").forEach((root) => {
    if (root.dataset.logStarted) return;
    root.dataset.logStarted = "1";
    new LogView(root);
  });
start(document);
document.addEventListener("htmx:load", (event) => start(event.target));
