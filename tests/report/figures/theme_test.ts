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
