// Makes what is not taken from a package as it is: the ECharts bundle of the charts we draw, one file of all icons, and
// a sprite of those that pages name, so that a page refers to an icon instead of repeating its paths.
// Everything lands in node_modules/.portolan, so `npm ci && node build.mjs` always leaves a whole set.
import { build } from "esbuild";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const made = join(root, "node_modules", ".portolan");
await mkdir(made, { recursive: true });

await build({
  stdin: {
    contents: `
      export { init, connect } from "echarts/core";
      import { use } from "echarts/core";
      import { LineChart, ScatterChart, HeatmapChart } from "echarts/charts";
      import { GridComponent, TooltipComponent, AxisPointerComponent, DataZoomInsideComponent,
               VisualMapContinuousComponent, MarkLineComponent } from "echarts/components";
      import { LabelLayout } from "echarts/features";
      import { CanvasRenderer } from "echarts/renderers";
      use([LineChart, ScatterChart, HeatmapChart, GridComponent, TooltipComponent, AxisPointerComponent,
           DataZoomInsideComponent, VisualMapContinuousComponent, MarkLineComponent, LabelLayout, CanvasRenderer]);`,
    resolveDir: root,
  },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  outfile: join(made, "echarts.js"),
});

// Only what is inside <svg>: the portal's icon tag writes the element itself.
const icons = {};
for (const style of ["outline", "filled"]) {
  const folder = join(root, "node_modules", "@tabler", "icons", "icons", style);
  for (const file of (await readdir(folder)).sort()) {
    const svg = await readFile(join(folder, file), "utf8");
    const inner = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
    const name = file.replace(".svg", "") + (style === "filled" ? ":filled" : "");
    icons[name] = inner
      .replace(/\s+/g, " ")
      .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" ?\/>/, "")
      .trim();
  }
}
await writeFile(join(made, "icons.json"), JSON.stringify(icons));

// A word in quotes that is an icon's name is taken for one; an icon that is missing here is drawn in the page.
const named = new Set();
for (const folder of ["templates", "portal"]) {
  for (const file of await readdir(join(root, folder), { recursive: true })) {
    if (!/\.(html|py)$/.test(file)) continue;
    const text = await readFile(join(root, folder, file), "utf8");
    for (const [, word] of text.matchAll(/["']([a-z0-9:-]+)["']/g)) if (word in icons) named.add(word);
  }
}
const symbols = [...named].sort().map((name) => {
  const paint = name.endsWith(":filled") ? 'fill="currentColor" stroke="none"' : 'fill="none" stroke="currentColor"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${paint}>${icons[name]}</symbol>`;
});
await writeFile(join(made, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("\n")}</svg>`);
