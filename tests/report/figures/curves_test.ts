import assert from "node:assert/strict";
import { SATURATING_FORM } from "../../../lib/analysis/fit_forms.ts";
import type { StudyFit } from "../../../lib/analysis/scaling.ts";
import { curvePanels, type CurveRow } from "../../../lib/report/figures/curves.ts";
import { curvesSpec } from "../../../lib/report/figures/curves_spec.ts";
import { drawSvg } from "../../../lib/report/figures/svg.ts";
import { F1, NO_FACTS } from "../_rows.ts";

const score = { benchmark: "ner", metric: "f1", split: "test", declared: F1 };

/** Two sizes, four step counts, two seeds; and a start without axes. */
const ROWS: readonly CurveRow[] = [
  ...["small", "large"].flatMap((size) =>
    [800, 100, 200, 400].flatMap((steps) =>
      [1, 2].map((seed): CurveRow => ({
        ...score,
        stage: "ner",
        axes: { size, steps, seed },
        seed,
        value: (size === "small" ? 0.6 : 0.8) - 4 / steps + seed / 100,
        x: { ...NO_FACTS, steps: 2 * steps },
      }))
    )
  ),
  ...["general", "start"].map((stage): CurveRow => (
    { ...score, stage, axes: { seed: 1 }, seed: 1, value: 0.25, x: NO_FACTS }
  )),
];

const FIT: StudyFit = {
  stage: "ner",
  benchmark: "ner",
  metric: "f1",
  split: "test",
  cell: { size: "large" },
  against: "steps",
  parameters: { limit: 0.8, amplitude: -8, exponent: 1 },
  shape: "saturating",
  fit: "steps",
  form: SATURATING_FORM,
  points: 4,
  warnings: [],
};

Deno.test("curvePanels() leaves out curves, and whole metrics, of which no value is a number", () => {
  const diverged = ROWS.map((row) => ({ ...row, value: NaN }));
  assert.deepEqual(curvePanels(diverged, [FIT]), []);
  const half = ROWS.map((row) => row.axes["size"] === "small" ? { ...row, value: NaN } : row);
  const [panel] = curvePanels(half, [FIT]).filter(({ axis }) => axis === "steps");
  assert.deepEqual(panel!.curves.map(({ label }) => label), ["large"]);
});

Deno.test("curvePanels() draws a metric over each swept axis, a curve for each of the others", () => {
  const panels = curvePanels(ROWS, [FIT]);
  assert.deepEqual(
    panels.map(({ stage, metric, axis, scale, others, curves, levels }) => [
      stage,
      metric,
      axis,
      scale,
      others,
      curves.map(({ label, points }) => [label, points.map(({ x }) => x)]),
      levels,
    ]),
    [
      [
        "ner",
        "ner test f1, %",
        "size",
        "names",
        ["steps"],
        ["800", "100", "200", "400"].map((steps) => [steps, ["small", "large"]]),
        [{ label: "general, start", y: 25, isPublished: false }],
      ],
      [
        "ner",
        "ner test f1, %",
        "steps",
        "log",
        ["size"],
        ["small", "large"].map((size) => [size, [100, 200, 400, 800]]),
        [{ label: "general, start", y: 25, isPublished: false }],
      ],
    ],
  );
  const [point] = panels[1]!.curves[0]!.points;
  const round = (value: number) => Math.round(100 * value) / 100;
  assert.deepEqual([round(point!.y), round(point!.low!), round(point!.high!)], [
    57.5,
    56.79,
    58.21,
  ]);
});

Deno.test("curvePanels() draws a fit at the axis of the panel, where it was measured", () => {
  const curve = (fit: StudyFit) =>
    curvePanels(ROWS, [fit]).find(({ axis }) => axis === "steps")!.curves;
  const [small, large] = curve(FIT);
  assert.equal(small!.fitted, undefined);
  const { fitted } = large!;
  assert.deepEqual([fitted![0]!.x, fitted!.at(-1)!.x], [100, 800]);
  for (const { x, y } of fitted!) {
    // The law stands against the fact, twice the axis.
    assert.ok(Math.abs(y - 100 * (0.8 - 8 / (2 * x))) < 1e-9, `${x}: ${y}`);
  }
  for (const shape of ["flat", "turning"] as const) {
    assert.ok(curve({ ...FIT, shape }).every((each) => each.fitted === undefined));
  }
  const others: Partial<StudyFit>[] = [
    { cell: {} },
    { cell: { size: "huge" } },
    { stage: "re" },
    { split: "dev" },
    { metric: "recall" },
    { form: "another" },
    { against: ["steps", "flops"] },
  ];
  for (const other of others) {
    assert.ok(curve({ ...FIT, ...other }).every((each) => each.fitted === undefined));
  }
});

Deno.test("curvePanels() finds nothing to draw in stages without two values of an axis", () => {
  assert.deepEqual(curvePanels([], []), []);
  assert.deepEqual(curvePanels(ROWS.filter(({ axes }) => axes["size"] === undefined), []), []);
  const one = ROWS.filter(({ axes }) => axes["size"] === "small" && axes["steps"] === 100);
  assert.deepEqual(curvePanels(one, []), []);
});

Deno.test("drawSvg() draws panels as one file that needs nothing else, light and dark", async () => {
  const signs = [
    "points: mean over seeds; bars: ± one standard deviation",
    "thick lines: fitted laws; dashed: stages without axes",
  ];
  const title = { title: "a <study> & more", hasSeeds: true };
  const svg = await drawSvg(curvesSpec(curvePanels(ROWS, [FIT]), title), "a & <b>");
  assert.match(svg, /^<svg [^>]*viewBox="[^>]*role="img"><title>a &amp; &lt;b&gt;<\/title><style>/);
  assert.ok(svg.includes("@media (prefers-color-scheme: dark)"));
  assert.ok(svg.endsWith("</svg>\n"));
  const texts = [
    "a &lt;study&gt; &amp; more",
    ...signs,
    "ner test f1, %",
    "small",
    "800",
    "general, start",
  ];
  for (const text of texts) assert.ok(svg.includes(`>${text}</`), text);
  assert.doesNotMatch(svg, /NaN|undefined|<script|<image|url\((?!#)|href="(?!#)/);
  assert.doesNotMatch(svg.replaceAll(/xmlns(:\w+)?="[^"]*"/g, ""), /https?:/);
});

Deno.test("drawSvg() draws axes of any name and value, with one seed and a single curve", async () => {
  const rows = [0, 1, 2].map((version): CurveRow => ({
    ...score,
    stage: "ner",
    axes: { "a<b [& 'c'].d": version, [`"v"`]: `${version}>&` },
    value: version === 2 ? NaN : version / 2,
    x: NO_FACTS,
  }));
  const panels = curvePanels(rows, []);
  assert.deepEqual(panels.map(({ scale }) => scale), ["linear", "names"]);
  const svg = await drawSvg(curvesSpec(panels, { title: "odd", hasSeeds: false }), "odd");
  assert.ok(svg.includes(">a&lt;b [&amp; 'c'].d</text>"), svg);
  assert.ok(svg.includes("0&gt;&amp;"));
  assert.doesNotMatch(svg, /NaN|undefined/);
});

Deno.test("drawSvg() names every curve of three axes, beside the panel", async () => {
  const rows = ["general", "mixed"].flatMap((corpus) =>
    [1000, 4000].flatMap((tokens) =>
      [50, 100, 200].map((steps): CurveRow => ({
        ...score,
        stage: "ner",
        axes: { corpus, tokens, steps },
        value: steps / 1000,
        standardError: 0.01,
        x: NO_FACTS,
      }))
    )
  );
  const panels = curvePanels(rows, []);
  assert.deepEqual(panels.map(({ others }) => others), [
    ["tokens", "steps"],
    ["corpus", "steps"],
    ["corpus", "tokens"],
  ]);
  const svg = await drawSvg(curvesSpec(panels, { title: "three", hasSeeds: false }), "three");
  for (const text of ["tokens, steps", "1000, 50", "mixed, 200", "general, 4000"]) {
    assert.ok(svg.includes(`>${text}</text>`), text);
  }
  assert.ok(svg.includes(">bars: ± one standard error</"));
});
