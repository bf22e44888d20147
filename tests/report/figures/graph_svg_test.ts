import assert from "node:assert/strict";
import { type GraphEdge, graphSvg } from "../../../lib/report/figures/graph_svg.ts";

const node = (name: string) => ({ name, detail: "1 cell" });

/** Where a name stands, from the left. */
function leftOf(svg: string, name: string): number {
  return Number(new RegExp(`<text x="([\\d.]+)"[^>]*>${name}</text>`).exec(svg)![1]);
}

Deno.test("graphSvg() places what is read left of what reads it, and leaves out what follows", () => {
  const edges: GraphEdge[] = [["a", "b"], ["b", "c"], ["a", "c"], ["a", "d"]];
  const svg = graphSvg(["a", "b", "c", "d"].map(node), edges, "t");
  for (const [from, to] of edges) assert.ok(leftOf(svg, from) < leftOf(svg, to), `${from} ${to}`);
  assert.equal(svg.match(/<path /g)!.length, 3);
  assert.equal(svg, graphSvg(["a", "b", "c", "d"].map(node), edges, "t"));
});

Deno.test("graphSvg() escapes names, and draws alone standing and 150 nodes", () => {
  const svg = graphSvg([node('<b> & "c"'), node("__proto__")], [], "<t>");
  assert.ok(svg.includes(">&lt;b&gt; &amp; &quot;c&quot;</text>"));
  assert.ok(svg.includes(">__proto__</text>"));
  assert.ok(svg.includes("<title>&lt;t&gt;</title>"));
  const names = Array.from({ length: 150 }, (_, i) => `n${i}`);
  const many = graphSvg(
    names.map(node),
    names.slice(1).map((name, i) => [`n${i >> 1}`, name]),
    "t",
  );
  assert.equal(many.match(/<rect /g)!.length, 151);
  assert.doesNotMatch(many, /NaN/);
});
