/** writtenNumber() and quoted(): what MLIR's grammar takes, and no digit lost. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { quoted, writtenNumber, writtenType } from "../../../../lib/engine/xla/stablehlo/syntax.ts";

Deno.test("writtenNumber() writes a float32 that reads back as itself", () => {
  fc.assert(fc.property(fc.float(), (value) => {
    const text = writtenNumber(value, "f32");
    if (Number.isFinite(value)) {
      // MLIR's own rule for floats: a point, and a digit before it.
      assert.match(text, /^-?\d+\.\d+(e[+-]?\d+)?$/);
      assert.ok(Object.is(Math.fround(Number(text)), value), text);
    } else {
      const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
      assert.equal(Number(text), bits);
    }
  }));
});

Deno.test("writtenNumber() writes what is no decimal by its bits, and others by element", () => {
  const table: [number, Parameters<typeof writtenNumber>[1], string][] = [
    [-Infinity, "f32", "0xFF800000"],
    [Infinity, "f32", "0x7F800000"],
    [Infinity, "bf16", "0x7F80"],
    [NaN, "f32", "0x7FC00000"],
    [-0, "f32", "-0.0"],
    [1e-12, "f32", "9.999999960041972e-13"],
    [1e30, "f32", "1.0000000150474662e+30"],
    [-7, "i32", "-7"],
    [4294967295, "ui32", "4294967295"],
    [1, "i1", "true"],
    [0, "i1", "false"],
  ];
  for (const [value, element, expected] of table) {
    assert.equal(writtenNumber(value, element), expected);
  }
});

Deno.test("quoted() escapes quotes, backslashes and what is not ASCII", () => {
  assert.equal(quoted('a "b" \\ é\n'), '"a \\22b\\22 \\5C \\C3\\A9\\0A"');
});

Deno.test("writtenType() writes a scalar without dimensions", () => {
  assert.equal(writtenType({ element: "f32", shape: [] }), "tensor<f32>");
  assert.equal(writtenType({ element: "bf16", shape: [2, 0, 3] }), "tensor<2x0x3xbf16>");
});
