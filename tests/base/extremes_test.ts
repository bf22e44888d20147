import assert from "node:assert/strict";
import fc from "fast-check";
import { greatestOf, leastOf } from "../../lib/base/extremes.ts";

Deno.test("leastOf() and greatestOf() are what Math has, of any numbers and of none", () => {
  fc.assert(fc.property(fc.array(fc.double()), (values) => {
    assert.deepEqual([leastOf(values), greatestOf(values)], [
      Math.min(...values),
      Math.max(...values),
    ]);
  }));
});

Deno.test("no module of lib spreads a list into Math.min or Math.max", async () => {
  const root = new URL("../../lib/", import.meta.url);
  const found: string[] = [];
  const look = async (folder: URL): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) await look(new URL(`${name}/`, folder));
      else if (name.endsWith(".ts")) {
        const path = new URL(name, folder);
        const code = (await Deno.readTextFile(path)).replace(/\/\*[^]*?\*\//g, "");
        if (/Math\.(min|max)\((?:[\w.]+,\s*)*\.\.\./.test(code)) found.push(path.pathname);
      }
    }
  };
  await look(root);
  assert.deepEqual(found, []);
});
