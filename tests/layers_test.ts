import assert from "node:assert/strict";
import { basename, dirname, join, normalize, relative } from "node:path";

/** From the top down: a folder may import what stands below it, and itself. */
const LAYERS = [
  "cli",
  "ui",
  "page",
  "run",
  "tasks",
  "experiment",
  "graph",
  "executor",
  "hub",
  "gpu",
  "store",
  "report",
  "train",
  "model",
  "benchmarks",
  "text",
  "engine",
  "analysis",
  "base",
];

/** Type-only imports that point up: contracts that a lower folder is written against. */
const CONTRACTS = new Set(["lib/graph/task.ts"]);

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

async function modules(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await modules(path));
    else if (entry.name.endsWith(".ts")) found.push(path);
  }
  return found.sort();
}

function importsOf(from: string, source: string): Import[] {
  const code = source.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const pattern =
    /(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?["']([^"']+)["']|(typeof\s+)?\bimport\(\s*["']([^"']+)["']/g;
  return [...code.matchAll(pattern)].map(([, type, specifier, typeOf, dynamic]) => {
    const to = (specifier ?? dynamic)!;
    return {
      from,
      to: to.startsWith(".") ? normalize(join(dirname(from), to)) : to,
      isType: (type ?? typeOf) !== undefined,
    };
  });
}

const root = normalize(join(import.meta.dirname!, ".."));

async function allImports(...folders: string[]): Promise<Import[]> {
  const lists = await Promise.all(folders.map((each) => modules(join(root, each))));
  const files = lists.flat();
  const imports = await Promise.all(files.map(async (file) => {
    return importsOf(relative(root, file), await Deno.readTextFile(file));
  }));
  return imports.flat();
}

/** Groups of modules that import each other in a circle, types counted. */
function circles(imports: readonly Import[]): string[][] {
  const targets = Map.groupBy(imports, ({ from }) => from);
  const found: string[][] = [];
  const order = new Map<string, number>(), lowest = new Map<string, number>();
  const stack: string[] = [];
  const visit = (module: string): void => {
    const place = order.size;
    order.set(module, place);
    lowest.set(module, place);
    stack.push(module);
    for (const { to } of targets.get(module) ?? []) {
      if (!order.has(to)) visit(to);
      else if (!stack.includes(to)) continue;
      lowest.set(module, Math.min(lowest.get(module)!, lowest.get(to)!));
    }
    if (lowest.get(module) !== place) return;
    const circle = stack.splice(stack.indexOf(module));
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const module of targets.keys()) if (!order.has(module)) visit(module);
  return found;
}

const layerOf = (path: string) => path.split("/")[1]!;

Deno.test("imports point down the layers", async () => {
  const wrong = (await allImports("lib")).filter(({ from, to, isType }) =>
    to.startsWith("lib/") && !(isType && CONTRACTS.has(to)) &&
    LAYERS.indexOf(layerOf(to)) < LAYERS.indexOf(layerOf(from))
  );
  assert.deepEqual(wrong.map(({ from, to }) => `${from} imports ${to}`), []);
});

Deno.test("no modules import each other in a circle", async () => {
  assert.deepEqual(circles(await allImports("lib", "tests")), []);
});

Deno.test("circles() finds a circle through types, and no other module", () => {
  const imports = [["a", "b"], ["b", "c"], ["c", "a"], ["c", "d"], ["e", "a"]];
  const all = imports.map(([from, to]) => ({ from: from!, to: to!, isType: from === "c" }));
  assert.deepEqual(circles(all), [["a", "b", "c"]]);
});

Deno.test("a module named _so is imported from its folder or below, never from elsewhere", async () => {
  const foreign = (await allImports("lib", "tests")).filter(({ from, to }) =>
    basename(to).startsWith("_") && !`${dirname(from)}/`.startsWith(`${dirname(to)}/`)
  );
  assert.deepEqual(foreign.map(({ from, to }) => `${from} imports ${to}`), []);
});

Deno.test("every folder of lib/ has its place among the layers", async () => {
  const folders = [
    ...new Set((await modules(join(root, "lib"))).map((file) => layerOf(relative(root, file)))),
  ];
  assert.deepEqual(folders.filter((folder) => !LAYERS.includes(folder)), []);
});

Deno.test("what is absent stays absent", async () => {
  const imports = await allImports("lib");
  const offenders = (what: (each: Import) => boolean) =>
    imports.filter(what).map(({ from, to }) => `${from} imports ${to}`);
  const science = ["model", "train", "text", "engine", "benchmarks"];

  assert.deepEqual(
    offenders(({ from, to }) =>
      layerOf(from) === "graph" && to.startsWith("lib/") && science.includes(layerOf(to))
    ),
    [],
    "graph knows no science",
  );
  assert.deepEqual(
    offenders(({ from, to }) => to.includes("duckdb") && layerOf(from) !== "store"),
    [],
    "only store opens DuckDB",
  );
  assert.deepEqual(
    offenders(({ from, to }) =>
      ["train", "analysis"].includes(layerOf(from)) &&
      (to.startsWith("lib/store/") || to.startsWith("node:fs"))
    ),
    [],
    "train and analysis store nothing",
  );
  assert.deepEqual(offenders(({ to }) => to.startsWith("jsr:")), [], "nothing comes from JSR");
});

Deno.test("a command loads neither other commands nor kinds that no stage uses", async () => {
  const imports = await allImports("lib");
  const read = (from: string) => {
    const found = new Set([from]);
    for (const each of found) {
      for (const { from, to, isType } of imports) if (from === each && !isType) found.add(to);
    }
    return [...found].filter((path) => path.startsWith("lib/"));
  };
  const commands = read("lib/cli/entry.ts").filter((path) =>
    /^lib\/(tasks|run\/study|engine\/ir)/.test(path) && !path.endsWith("/error_codes.ts")
  );
  assert.deepEqual(commands, []);
  assert.deepEqual(
    read("lib/tasks/registry.ts").filter((path) => !/^lib\/(base|graph)/.test(path)),
    [
      "lib/tasks/registry.ts",
      "lib/tasks/reduce/metrics.ts",
    ],
  );
});

Deno.test("only the command line prints, analysis does no I/O, train writes no file", async () => {
  const wrong: string[] = [];
  for (const file of await modules(join(root, "lib"))) {
    const path = relative(root, file), layer = layerOf(path);
    const code = (await Deno.readTextFile(file)).replace(/\/\*[^]*?\*\//g, "");
    if (layer !== "cli" && /\bconsole\.|Deno\.std(out|err)\b/.test(code)) {
      // The worker answers its driver on standard output; that is a protocol, not printing.
      if (layer !== "executor") wrong.push(`${path} prints`);
    }
    if (layer === "analysis" && /\bDeno\./.test(code)) wrong.push(`${path} does I/O`);
    if (layer === "train" && /\bDeno\.(write|open|create|mkdir|rename)/.test(code)) {
      wrong.push(`${path} writes files`);
    }
    if (/\bMath\.random\b/.test(code) && layer !== "store") wrong.push(`${path} is not seeded`);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("importsOf() sees static, type, re-exported and dynamic imports", () => {
  const source = `import { a } from "./a.ts";
import type { B } from "../graph/task.ts";
export { c } from "./c.ts";
import "./side.ts";
const d = await import("./d.ts");
type E = typeof import("./e.ts");
// import { e } from "./e.ts";
`;
  assert.deepEqual(importsOf("lib/x/y.ts", source), [
    { from: "lib/x/y.ts", to: "lib/x/a.ts", isType: false },
    { from: "lib/x/y.ts", to: "lib/graph/task.ts", isType: true },
    { from: "lib/x/y.ts", to: "lib/x/c.ts", isType: false },
    { from: "lib/x/y.ts", to: "lib/x/side.ts", isType: false },
    { from: "lib/x/y.ts", to: "lib/x/d.ts", isType: false },
    { from: "lib/x/y.ts", to: "lib/x/e.ts", isType: true },
  ]);
});
