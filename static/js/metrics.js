// Live line charts of a run's metrics. Markup: templates/_charts.html (an element with data-chart="URL of api-v1:jobs_metrics").
// ECharts is fetched when the first chart comes near the view. Each chart has a table twin; a metric with a single
// value is shown as a figure. Colours come from the tokens through a probe, because ECharts cannot read light-dark().
const POLL_MS = 2000;
const RETRY_MS = 10000;
const root = document.documentElement;
const escapeText = (text) =>
  Object.assign(document.createElement("i"), { textContent: text }).innerHTML.replaceAll('"', "&quot;");
const shorten = new Intl.NumberFormat(root.lang || "en", { maximumSignificantDigits: 4 });
const format = (value) =>
  value === null || value === undefined
    ? "–"
    : value !== 0 && Math.abs(value) < 1e-4
      ? value.toExponential(2)
      : shorten.format(value);
let library = null;
const echarts = () =>
  (library ??= Promise.all([import(root.dataset.echarts), document.fonts.ready]).then(([module]) => module));

function probe(names) {
  const element = document.createElement("i");
  element.className = "chart-probe";
  document.body.append(element);
  const colours = Object.fromEntries(
    names.map((name) => {
      element.style.color = `var(--${name})`;
      return [name, getComputedStyle(element).color];
    }),
  );
  element.remove();
  return colours;
}

/* loss, val_loss and train/loss belong on one chart */
const stem = (key) => key.replace(/^(val|valid|validation|train|training|test|eval)[_/.-]/i, "");
function group(series) {
  const groups = new Map();
  for (const one of series) groups.set(stem(one.key), [...(groups.get(stem(one.key)) ?? []), one]);
  for (const members of groups.values())
    members.sort((a, b) => a.key.length - b.key.length || a.key.localeCompare(b.key));
  return groups;
}

class Chart {
  constructor(board, name) {
    this.board = board;
    this.element = board.shape.content.firstElementChild.cloneNode(true);
    this.element.querySelector("h3").textContent = name;
    this.canvas = this.element.querySelector(".chart-canvas");
    this.scale = this.element.querySelector("input");
    this.table = this.element.querySelector("details");
    this.scale.addEventListener("change", () => this.draw());
    this.table.addEventListener("toggle", () => this.fillTable());
    board.grid.append(this.element);
    new IntersectionObserver(
      async (entries, observer) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        observer.disconnect();
        const { init, connect } = await echarts();
        if (!this.element.isConnected) return;
        this.chart = init(this.canvas, null, { renderer: "canvas" });
        this.chart.group = board.name;
        connect(board.name);
        new ResizeObserver(() => this.chart.resize()).observe(this.canvas);
        this.draw();
      },
      { rootMargin: "300px" },
    ).observe(this.element);
  }

  update(members) {
    this.members = members;
    const last = members
      .map((one) => `${members.length > 1 ? `${one.key} ` : ""}${format(one.points.at(-1)?.[1])}`)
      .join(" · ");
    this.element.querySelector(".chart-last").textContent = last;
    this.canvas.setAttribute("aria-label", `${members.map((one) => one.key).join(", ")}: ${last}`);
    const canBeLog = members.every((one) => one.points.every((point) => point[1] === null || point[1] > 0));
    this.scale.closest("label").hidden = !canBeLog;
    if (!canBeLog) this.scale.checked = false;
    this.draw();
    if (this.table.open) this.fillTable();
  }

  draw() {
    if (!this.chart || !this.members) return;
    const colours = probe([
      "ink",
      "ink-soft",
      "ink-faint",
      "line",
      "line-strong",
      "surface",
      ...[1, 2, 3, 4, 5, 6].map((n) => `series-${n}`),
    ]);
    const font = getComputedStyle(document.body).fontFamily;
    const text = { color: colours["ink-faint"], fontFamily: font, fontSize: 11.5 };
    const longest = Math.max(...this.members.map((one) => one.key.length));
    const names = this.members.length > 1;
    this.chart.setOption(
      {
        animation: false,
        textStyle: { fontFamily: font },
        grid: {
          left: 4,
          right: names ? Math.min(150, 14 + longest * 6.6) : 18,
          top: 12,
          bottom: 4,
          containLabel: true,
        },
        tooltip: {
          trigger: "axis",
          className: "chart-tip",
          confine: true,
          transitionDuration: 0,
          formatter: (points) => this.tip(points),
          axisPointer: { type: "line", lineStyle: { color: colours["line-strong"], type: "solid" } },
        },
        xAxis: {
          type: "value",
          min: "dataMin",
          max: "dataMax",
          minInterval: 1,
          axisLabel: { ...text, hideOverlap: true },
          axisLine: { lineStyle: { color: colours["line-strong"] } },
          axisTick: { show: false },
          splitLine: { show: false },
          axisPointer: { show: true, label: { show: false } },
        },
        yAxis: {
          type: this.scale.checked ? "log" : "value",
          scale: true,
          splitNumber: 4,
          axisLabel: { ...text, formatter: format },
          axisLine: { show: false },
          axisTick: { show: false },
          splitLine: { lineStyle: { color: colours.line } },
        },
        series: this.members.map((one, index) => ({
          type: "line",
          name: one.key,
          data: one.points,
          sampling: "minmax",
          clip: true,
          showSymbol: one.points.length < 2,
          symbol: "circle",
          symbolSize: 5,
          emphasis: { disabled: true },
          lineStyle: { width: 2, color: colours[`series-${(index % 6) + 1}`], type: index % 2 ? [5, 3] : "solid" },
          itemStyle: { color: colours[`series-${(index % 6) + 1}`] },
          endLabel: {
            show: names,
            formatter: "{a}",
            color: colours[`series-${(index % 6) + 1}`],
            fontFamily: font,
            fontSize: 11.5,
            fontWeight: 600,
            distance: 6,
          },
          labelLayout: { moveOverlap: "shiftY" },
        })),
      },
      { replaceMerge: ["series"] },
    );
  }

  tip(points) {
    const row = (point) => {
      const mark = `<span class="tip-mark tip-${(point.seriesIndex % 6) + 1}"></span>`;
      return `<div class="tip-row">${mark}${escapeText(point.seriesName)}<b>${format(point.value[1])}</b></div>`;
    };
    const step = `${escapeText(this.board.root.dataset.labelStep)} ${points[0].value[0]}`;
    return `<div class="tip-title">${step}</div>${points.map(row).join("")}`;
  }

  fillTable() {
    if (!this.table.open) return;
    const steps = [...new Set(this.members.flatMap((one) => one.points.map((point) => point[0])))]
      .sort((a, b) => b - a)
      .slice(0, 500);
    const values = this.members.map((one) => new Map(one.points));
    const cell = (tag, content, right) =>
      Object.assign(document.createElement(tag), { textContent: content, className: right ? "right" : "" });
    const row = (cells) => {
      const element = document.createElement("tr");
      element.append(...cells);
      return element;
    };
    this.table
      .querySelector("thead")
      .replaceChildren(
        row([cell("th", this.board.root.dataset.labelStep), ...this.members.map((one) => cell("th", one.key, true))]),
      );
    this.table
      .querySelector("tbody")
      .replaceChildren(
        ...steps.map((step) =>
          row([cell("td", step), ...values.map((map) => cell("td", format(map.get(step)), true))]),
        ),
      );
  }
}

let boards = 0;
class Board {
  constructor(element) {
    this.root = element;
    this.name = `board-${++boards}`;
    this.grid = element.querySelector("[data-chart-grid]");
    this.singles = element.querySelector("[data-chart-singles]");
    this.wait = element.querySelector("[data-chart-wait]");
    this.shape = element.querySelector("template");
    this.charts = new Map();
    document.addEventListener("portolan:theme", () => this.charts.forEach((chart) => chart.draw()));
    this.poll();
  }

  async poll() {
    if (!this.root.isConnected) return;
    let answer;
    try {
      const response = await fetch(this.root.dataset.chart, { headers: { Accept: "application/json" } });
      if (response.status === 401 || response.status === 404) return;
      if (!response.ok) throw new Error(response.status);
      answer = await response.json();
    } catch {
      setTimeout(() => this.poll(), RETRY_MS);
      return;
    }
    this.show(answer.series);
    if (!answer.is_final) setTimeout(() => this.poll(), document.hidden ? POLL_MS * 5 : POLL_MS);
    else if (this.wait && !answer.series.length) this.wait.textContent = this.root.dataset.textNone;
  }

  show(series) {
    const wanted = this.root.dataset.chartKeys?.split(" ").filter(Boolean);
    const chosen = wanted?.length ? series.filter((one) => wanted.includes(one.key)) : series;
    const single = (members) => members.every((one) => one.points.length < 2);
    const singles = [];
    for (const [name, members] of group(chosen)) {
      if (single(members) && !this.charts.has(name)) {
        singles.push(...members);
        continue;
      }
      if (!this.charts.has(name)) this.charts.set(name, new Chart(this, name));
      this.charts.get(name).update(members);
    }
    this.singles.replaceChildren(
      ...singles.map((one) => {
        const tag = Object.assign(document.createElement("span"), { className: "tag num", textContent: `${one.key} ` });
        tag.append(Object.assign(document.createElement("b"), { textContent: format(one.points.at(-1)?.[1]) }));
        return tag;
      }),
    );
    if (this.wait) this.wait.hidden = chosen.length > 0;
  }
}

const start = (within) =>
  within.querySelectorAll?.("[data-chart]").forEach((element) => {
    if (element.dataset.chartStarted) return;
    element.dataset.chartStarted = "1";
    element.board = new Board(element);
  });
start(document);
document.addEventListener("htmx:load", (event) => start(event.target));
document.addEventListener("htmx:beforeCleanupElement", (event) =>
  event.target.board?.charts.forEach((chart) => chart.chart?.dispose()),
);
