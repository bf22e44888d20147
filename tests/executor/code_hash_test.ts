import assert from "node:assert/strict";
import { DEVICES, DEVICES_MODULE } from "../../lib/engine/devices.ts";
import { CodeHasher } from "../../lib/executor/code_hash.ts";
import { loadKinds } from "../../lib/graph/kinds.ts";
import { kinds as registry } from "../../lib/tasks/registry.ts";
import { TempDir } from "../_support/temp_dir.ts";

const kinds = await loadKinds(registry);

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
  using temp = new TempDir();
  const dir = temp.path;
  await Deno.mkdir(`${dir}/deep`);
  for (const [name, content] of Object.entries({ ...files, ...changes })) {
    await Deno.writeTextFile(`${dir}/${name}`, content);
  }
  return await new CodeHasher(new URL(`file://${dir}/`)).hash("entry.ts");
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

Deno.test("CodeHasher.hash() counts what stands in place of a module, not the module", async () => {
  using temp = new TempDir();
  const dir = temp.path;
  const root = new URL(`file://${dir}/`);
  const write = (name: string, text: string) => Deno.writeTextFile(new URL(name, root), text);
  const instead = new Map([[new URL("choice.ts", root).href, new URL("left.ts", root).href]]);
  const hash = () => new CodeHasher(root, { instead }).hash("entry.ts");
  await write("deno.json", "{}");
  await write("entry.ts", 'import { pick } from "./choice.ts";\n');
  await write("choice.ts", 'import("./left.ts");\nimport("./right.ts");\n');
  await write("left.ts", "1");
  await write("right.ts", "1");
  const original = await hash();
  await write("right.ts", "2");
  await write("choice.ts", 'import("./left.ts");\n');
  assert.equal(await hash(), original);
  await write("left.ts", "2");
  assert.notEqual(await hash(), original);
});

const ROOT = new URL("../../", import.meta.url);

/** The hash of every kind on a device, with a comment at the end of one module. */
async function hashesOn(device: keyof typeof DEVICES, edited: string) {
  using temp = new TempDir();
  const dir = temp.path;
  const root = new URL(`file://${dir}/`);
  await copyFolder(new URL("lib/", ROOT), new URL("lib/", root));
  await Deno.copyFile(new URL("deno.json", ROOT), new URL("deno.json", root));
  await Deno.writeTextFile(new URL(edited, root), "\n// edited\n", { append: true });
  const copied = ({ href }: URL) => new URL(href.slice(ROOT.href.length), root).href;
  const instead = new Map([[copied(DEVICES_MODULE), copied(DEVICES[device].module)]]);
  const hasher = new CodeHasher(root, { instead });
  const hashes = [...kinds.values()].map(async ({ kind, entry }) =>
    [kind, await hasher.hash([entry].flat().map((each) => copied(new URL(each))))] as const
  );
  return Object.fromEntries(await Promise.all(hashes));
}

async function copyFolder(from: URL, to: URL): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(new URL(`${name}/`, from), new URL(`${name}/`, to));
    else if (name.endsWith(".ts")) await Deno.copyFile(new URL(name, from), new URL(name, to));
  }
}

Deno.test("a task's code is of the chosen device's engine, and of none if it is not numeric", async () => {
  const changed = async (device: keyof typeof DEVICES, edited: string) => {
    const before = await hashesOn(device, "lib/cli/main.ts"),
      after = await hashesOn(device, edited);
    return Object.keys(before).filter((kind) => before[kind] !== after[kind]);
  };
  const numeric = [...kinds.values()].filter((each) => each.isNumeric).map((each) => each.kind);
  assert.deepEqual(await changed("cpu", "lib/engine/tfjs/lowerings.ts"), []);
  assert.deepEqual(await changed("cpu", "lib/engine/devices.ts"), []);
  assert.deepEqual(await changed("cpu", "lib/engine/onnx/plan_runner.ts"), numeric);
  assert.deepEqual(await changed("tfjs-cpu", "lib/engine/onnx/plan_runner.ts"), []);
  assert.deepEqual(await changed("tfjs-cpu", "lib/engine/tfjs/lowerings.ts"), numeric);
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
