import assert from "node:assert/strict";
import { exitCodeOf } from "../../lib/cli/exit.ts";
import fc from "fast-check";
import { canonical } from "../../lib/base/canonical.ts";
import { sha256, sha256File } from "../../lib/base/digest.ts";
import { ExperimentError, fault, formatFault } from "../../lib/base/errors.ts";

Deno.test("canonical() ignores the order of keys", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.integer()), (record) => {
    const reversed = Object.fromEntries(Object.entries(record).reverse());
    assert.equal(canonical(record), canonical(reversed));
  }));
});

Deno.test("canonical() is JSON that reads back as the same value", () => {
  const refused = (value: unknown): boolean =>
    Object.is(value, -0) || (typeof value === "object" && value !== null &&
      Object.values(value).some(refused));
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    fc.pre(!refused(value));
    assert.deepEqual(JSON.parse(canonical(value)), JSON.parse(JSON.stringify(value)));
  }));
});

Deno.test("canonical() writes literal text", () => {
  assert.equal(
    canonical({ b: [1, 1e21, 1e-7, "é\n"], a: { z: null, "10": true, "9": 0.1 } }),
    '{"a":{"10":true,"9":0.1,"z":null},"b":[1,1e+21,1e-7,"é\\n"]}',
  );
});

Deno.test("canonical() refuses what JSON would blur, naming its place", () => {
  const sparse = [1];
  sparse[2] = 3;
  const cases: [unknown, string][] = [
    [{ a: [NaN] }, "$.a[0] is NaN, which cannot be hashed"],
    [-0, "$ is -0, which cannot be hashed"],
    [Infinity, "$ is Infinity, which cannot be hashed"],
    [{ a: undefined }, "$.a is undefined, which cannot be hashed"],
    [sparse, "$[1] is undefined, which cannot be hashed"],
    ["\ud800", "$ is a string with a lone surrogate, which cannot be hashed"],
    [1n, "$ is a bigint that JSON has not, which cannot be hashed"],
    [new Date(0), "$ is a object that JSON has not, which cannot be hashed"],
  ];
  for (const [value, message] of cases) {
    assert.throws(() => canonical(value), { name: "ExperimentError", message });
  }
});

Deno.test("sha256() agrees for text, bytes and files", async () => {
  const text = "Größe";
  assert.equal(sha256("abc").slice(0, 16), "ba7816bf8f01cfea");
  assert.equal(sha256(text), sha256(new TextEncoder().encode(text)));
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, text);
  assert.equal(await sha256File(path), sha256(text));
  await Deno.remove(path);
});

Deno.test("ExperimentError shows every fault: place, message, code, mend", () => {
  const one = fault("base/not-canonical", 'cannot read "5 q"', {
    at: { file: "a.yaml", line: 3, column: 9 },
    mend: "write 5k",
  });
  const two = fault("base/not-canonical", "no", { at: { file: "b.yaml" } });
  assert.equal(
    formatFault(one),
    'a.yaml:3:9: cannot read "5 q" [base/not-canonical]\n  mend: write 5k',
  );
  const error = ExperimentError.of([one, two]);
  assert.equal(error.message, `${formatFault(one)}\nb.yaml: no [base/not-canonical]`);
  assert.equal(exitCodeOf(error.faults), 2);
  assert.throws(() => ExperimentError.of([]), /needs a fault/);
});
