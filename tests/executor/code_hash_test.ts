import assert from "node:assert/strict";
import { CodeHasher } from "../../lib/executor/code_hash.ts";

const files: Record<string, string> = {
  "deno.json": '{ "imports": { "zod": "npm:zod@4.0.0", "yaml": "npm:yaml@2.0.0" } }',
  "entry.ts": `import { a } from "./a.ts";
import type { T } from "./types.ts";
import { z } from "zod";
export const later = () => import("./deep/later.ts");
`,
  "a.ts": 'export * from "./b.ts";\nexport const a = new URL("./kernel.wasm", import.meta.url);\n',
  "b.ts": 'import "./a.ts"; // import "./gone.ts"\n',
  "deep/later.ts": 'import {\n  b,\n} from "../b.ts";\n',
  "kernel.wasm": "bytes",
  "types.ts": "export type T = 1;\n",
  "other.ts": "export {};\n",
};

/** The hash of the entry after some files are changed. */
async function hashWith(changes: Record<string, string>): Promise<string> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${dir}/deep`);
    for (const [name, content] of Object.entries({ ...files, ...changes })) {
      await Deno.writeTextFile(`${dir}/${name}`, content);
    }
    return await new CodeHasher(new URL(`file://${dir}/`)).hash("entry.ts");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("CodeHasher.hash() is the same wherever the code lies", async () => {
  assert.match(await hashWith({}), /^[0-9a-f]{64}$/);
  assert.equal(await hashWith({}), await hashWith({}));
});

Deno.test("CodeHasher.hash() changes with whatever the entry runs", async () => {
  const original = await hashWith({});
  for (const name of ["entry.ts", "a.ts", "b.ts", "deep/later.ts", "kernel.wasm"]) {
    assert.notEqual(await hashWith({ [name]: `${files[name]} ` }), original, name);
  }
  const newer = files["deno.json"]!.replace("zod@4.0.0", "zod@4.0.1");
  assert.notEqual(await hashWith({ "deno.json": newer }), original, "a package's version");
});

Deno.test("CodeHasher.hash() ignores types, and code and packages that are not used", async () => {
  const original = await hashWith({});
  for (const name of ["types.ts", "other.ts"]) {
    assert.equal(await hashWith({ [name]: `${files[name]} ` }), original, name);
  }
  const newer = files["deno.json"]!.replace("yaml@2.0.0", "yaml@2.0.1");
  assert.equal(await hashWith({ "deno.json": newer }), original);
});

Deno.test("CodeHasher.hash() refuses an entry that is not there", async () => {
  const hasher = new CodeHasher(new URL("./", import.meta.url));
  await assert.rejects(hasher.hash("none.ts"), { message: /^there is no module file:.*none\.ts$/ });
});

Deno.test("CodeHasher.hash() reads the real kinds of this repository", async () => {
  const hasher = new CodeHasher(new URL("../../", import.meta.url));
  const [worker, protocol] = await Promise.all(
    ["lib/executor/worker.ts", "lib/executor/protocol.ts"].map((entry) => hasher.hash(entry)),
  );
  assert.notEqual(worker, protocol);
});
