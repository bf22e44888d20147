import assert from "node:assert/strict";
import { curvePanels } from "../../../lib/report/figures/curves.ts";
import { panelFigure } from "../../../lib/report/figures/curves_spec.ts";
import { asFile, drawPart } from "../../../lib/report/figures/svg.ts";
import { NO_FACTS } from "../_rows.ts";

const AXIS = 'a class="x" <b> & d="1.23456789"';

const [panel] = curvePanels(
  [1, 2].flatMap((x) =>
    [3, 4].map((other) => ({
      stage: "s",
      axes: { other, [AXIS]: x },
      benchmark: "b",
      metric: "f1",
      split: "test",
      value: x / other,
      x: { ...NO_FACTS, steps: x },
    }))
  ),
  [],
  [{ benchmark: "b", metric: "f1", model: "theirs", value: 0.9 }],
).filter(({ axis }) => axis === AXIS);

Deno.test("drawPart() keeps every text as it is, though tags lose what draws nothing", async () => {
  const svg = await drawPart(panelFigure(panel!), "t");
  const texts = [...svg.matchAll(/<text\b[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
  assert.ok(texts.includes('a class="x" &lt;b&gt; &amp; d="1.23456789"'), texts.join("\n"));
  assert.ok(texts.includes("theirs 0.900"));
  assert.doesNotMatch(svg.replace(/<text\b[^>]*>[^<]*<\/text>/g, ""), / class="/);
});

Deno.test("a drawing shows what no XML may hold and what would turn the direction of a label", async () => {
  const levels = [{ label: "a\u0001b\u202ec", y: 0.9, isPublished: true }];
  const figure = panelFigure({ ...panel!, levels });
  const svg = asFile(await drawPart(figure, "t\u0001\u202e"));
  assert.ok(
    svg.includes("a\\u0001b\\u202ec<") && svg.includes("<title>t\\u0001\\u202e</title>"),
  );
  for (const raw of ["\u0001", "\u202e"]) assert.ok(!svg.includes(raw));
});

Deno.test("drawPart() gives two figures of a page names of their own, and one the same each time", async () => {
  const [one, again, other] = [
    await drawPart(panelFigure(panel!), "t", "a-"),
    await drawPart(panelFigure(panel!), "t", "a-"),
    await drawPart(panelFigure(panel!), "t", "b-"),
  ];
  assert.equal(one, again);
  const names = (svg: string) => [...svg.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id!);
  assert.ok(names(one).length > 0);
  assert.deepEqual(names(one).filter((name) => names(other).includes(name)), []);
  for (const [, name] of one.matchAll(/url\(#([^)]*)\)/g)) assert.ok(names(one).includes(name!));
});

Deno.test("asFile() makes of a part a file that is light or dark as its reader is", async () => {
  const file = asFile(await drawPart(panelFigure(panel!), "t"));
  assert.match(file, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.match(file, /<title>t<\/title><style>@media \(prefers-color-scheme: dark\)/);
  assert.ok(file.endsWith("</svg>\n"));
});
