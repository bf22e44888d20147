import assert from "node:assert/strict";
import { curveLooks, darkStyle, INK } from "../../../lib/report/figures/theme.ts";

Deno.test("curveLooks() tells as many curves apart as there are, neighbours by their colour", () => {
  assert.deepEqual(curveLooks(0), { colours: [], shapes: [] });
  for (const count of [1, 2, 3, 4, 5, 6, 7, 8, 20]) {
    const { colours, shapes } = curveLooks(count);
    assert.deepEqual([colours.length, shapes.length], [count, count]);
    for (let i = 1; i < count; i++) assert.notEqual(colours[i], colours[i - 1], `${count}`);
    if (count <= 7) assert.equal(new Set(colours).size, count);
  }
});

Deno.test("darkStyle() gives every ink of the figure another colour, as fill and as stroke", () => {
  const style = darkStyle();
  for (const ink of Object.values(INK)) {
    for (const kind of ["fill", "stroke"]) {
      const [, dark] = new RegExp(`\\[${kind}="${ink}"\\]\\{${kind}:(#\\w{6})\\}`).exec(style)!;
      assert.notEqual(dark, ink);
    }
  }
});

/** Relative luminance, as WCAG 2 has it. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

Deno.test("curves stand out from light and dark paper by 3 to 1, as WCAG asks of graphics", () => {
  const dark = /\[fill="#ffffff"\]\{fill:(#\w{6})\}/.exec(darkStyle())![1]!;
  for (const paper of [INK.paper, dark]) {
    for (const colour of [...curveLooks(7).colours, INK.level]) {
      const [one, other] = [luminance(colour), luminance(paper)];
      const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      assert.ok(contrast >= 3, `${colour} on ${paper}: ${contrast.toFixed(2)}`);
    }
  }
});
