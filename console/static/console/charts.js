/* Charts from data that the server wrote into the page as JSON (json_script), words included.
   A polled fragment brings new JSON; the chart keeps its place and moves to the new values. */
"use strict";

const drawn = new Map();
const trails = new Map(); // chart id -> [[time, value, plan], …] seen while this page is open

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function common() {
  return {
    animationDuration: 300,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: token("--ink-2") },
    aria: { enabled: true },
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, backgroundColor: token("--raised"), borderColor: token("--line-strong"),
      textStyle: { color: token("--ink"), fontSize: 12 },
    },
    legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 8, textStyle: { color: token("--ink-2"), fontSize: 12 } },
    grid: { left: 4, right: 14, top: 34, bottom: 4, containLabel: true },
  };
}

const axisLook = () => ({
  axisLine: { lineStyle: { color: token("--line-strong") } }, axisTick: { show: false },
  axisLabel: { color: token("--ink-3"), fontSize: 11, hideOverlap: true }, splitLine: { lineStyle: { color: token("--line") } },
});

const palette = () => ["--brand", "--plan", "--info", "--good", "--bad", "--ink-3", "--line-strong"].map(token);

const kinds = {
  /* {labels, series: [{name, values}]} */
  bars: (data) => ({
    ...common(), ...(data.series.length > 1 ? {} : { legend: { show: false }, grid: { ...common().grid, top: 10 } }), color: palette(),
    xAxis: { type: "category", data: data.labels, ...axisLook(), splitLine: { show: false } },
    yAxis: { type: "value", minInterval: 1, ...axisLook(), axisLine: { show: false } },
    series: data.series.map((one) => ({ type: "bar", name: one.name, data: one.values, barMaxWidth: 26, itemStyle: { borderRadius: [3, 3, 0, 0] } })),
  }),
  /* {labels, series: [{name, values}]} */
  lines: (data) => ({
    ...common(), color: palette(), legend: { ...common().legend, type: "scroll", right: 0 }, ...(data.series.length > 1 ? {} : { legend: { show: false }, grid: { ...common().grid, top: 10 } }),
    xAxis: { type: "category", data: data.labels, boundaryGap: false, ...axisLook(), splitLine: { show: false } },
    yAxis: { type: "value", minInterval: 1, ...axisLook(), axisLine: { show: false } },
    series: data.series.map((one) => ({ type: "line", name: one.name, data: one.values, showSymbol: data.labels.length < 3, symbolSize: 6, lineStyle: { width: 2 } })),
  }),
  /* {parts: [{name, value}]} */
  pie: (data) => ({
    ...common(), color: palette(),
    tooltip: { ...common().tooltip, trigger: "item" },
    series: [{ type: "pie", radius: ["52%", "78%"], center: ["50%", "56%"], label: { show: false }, itemStyle: { borderColor: token("--surface"), borderWidth: 2 }, data: data.parts }],
  }),
  /* {measured, plan, words: {measured, plan}}: two lines that grow while the page is open */
  trail: (data, id) => {
    const trail = trails.get(id) ?? trails.set(id, []).get(id);
    const now = Date.now();
    if (data.measured !== null) trail.push([now, data.measured, data.plan]);
    if (trail.length > 900) trail.shift();
    const top = Math.max(...trail.map(([, value, plan]) => Math.max(value, plan)), 1);
    const ceiling = [2, 5, 10, 20, 30, 50, 75, 100].find((step) => step >= top * 1.2) ?? 100;
    const alone = trail.length < 2;
    return {
      ...common(), color: palette(), animation: false,
      xAxis: { type: "time", min: trail[0]?.[0] ?? now, max: Math.max(now, (trail[0]?.[0] ?? now) + 60_000), ...axisLook(), splitLine: { show: false } },
      yAxis: { type: "value", min: 0, max: ceiling, ...axisLook(), axisLabel: { ...axisLook().axisLabel, formatter: "{value}%" }, axisLine: { show: false } },
      series: [
        { type: "line", name: data.words.measured, showSymbol: alone, symbolSize: 7, data: trail.map(([at, value]) => [at, value]), lineStyle: { width: 2.5 }, areaStyle: { opacity: 0.12 } },
        { type: "line", name: data.words.plan, showSymbol: alone, symbolSize: 7, step: "end", data: trail.map(([at, , plan]) => [at, plan]), lineStyle: { type: "dashed", width: 1.5 } },
      ],
    };
  },
};

// Of the place, not of the window: a card that appears beside another one makes that one narrower.
const sizes = new ResizeObserver((seen) => { for (const { target } of seen) drawn.get(target)?.chart.resize(); });

function draw(place) {
  const source = document.getElementById(place.dataset.chartData);
  if (!source) return;
  const data = JSON.parse(source.textContent);
  let entry = drawn.get(place);
  if (!entry) {
    drawn.set(place, (entry = { chart: echarts.init(place, null, { renderer: "svg" }), source: null }));
    sizes.observe(place);
  }
  if (entry.source === source) return;
  entry.source = source;
  const card = place.closest("[data-hide-empty]");
  if (card) card.hidden = data.empty;
  if (data.empty) return;
  entry.chart.resize();
  entry.chart.setOption(kinds[place.dataset.chart](data, place.id), { notMerge: false });
}

function drawAll() {
  for (const place of document.querySelectorAll("[data-chart]")) draw(place);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const entry of drawn.values()) entry.source = null;
  drawAll();
});
document.addEventListener("htmx:after:settle", drawAll);
document.addEventListener("htmx:after:swap", drawAll);
drawAll();
