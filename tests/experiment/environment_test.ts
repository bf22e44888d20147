/** Variables: secrets that nobody sees, and paths relative to whoever wrote them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { loadExperiment } from "../../lib/experiment/experiment.ts";
import { filePath } from "../../lib/graph/schema.ts";
import type { TaskKind } from "../../lib/graph/task.ts";
import { kinds as base } from "./_kinds.ts";
import { faultsOf, load, STAGES } from "./_load.ts";
import { TempDir } from "../_support/temp_dir.ts";

const VALUE = "hunter2-do-not-tell";

const text: TaskKind = {
  ...base.get("imaginary-world")!,
  kind: "text",
  params: z.strictObject({
    sources: z.array(
      z.strictObject({ path: filePath("Where it is."), note: z.string().optional() }),
    ),
  }),
};
const kinds = new Map([...base, ["text", text]]);

Deno.test("a secret leaves its name and a digest in params, and nothing of its value anywhere", async () => {
  const spec = `env: { TOKEN: { secret: true, about: for downloads } }
${STAGES}  more: { uses: imaginary-world, with: { path: "u:$(env.TOKEN)@host" } }
`;
  const one = await load(spec, { env: { TOKEN: VALUE } });
  const path = one.requests.at(-1)?.params.path as string;
  assert.match(path, /^u:\$secret\(TOKEN:[0-9a-f]{16}\)@host$/);
  assert.deepEqual(one.secrets, ["TOKEN"]);
  assert.ok(!JSON.stringify(one).includes(VALUE));
  const two = await load(spec, { env: { TOKEN: "another" } });
  assert.notEqual(two.requests.at(-1)?.params.path, path, "another secret is another task");
  assert.deepEqual((await load(STAGES)).secrets, []);
});

Deno.test("faults tell no secret, wherever one is misused", async () => {
  const secret = "TOKEN: { secret: true }";
  const more = (params: string) =>
    `${STAGES}  more: { uses: practise, with: { corpus: $(stages.shards), ${params} } }\n`;
  const cases: readonly (readonly [string, RegExp])[] = [
    [`env: { ${secret} }\n${more("steps: $(env.TOKEN)")}`, /"steps" is "\$secret\(TOKEN:\w+\)"/],
    [
      `env: { ${secret} }\n${more("steps: $(env.TOKEN + 1)")}`,
      /env\.TOKEN is "\$secret\(TOKEN:\w+\)", not/,
    ],
    [
      `env: { ${secret} }\naxes: { a: [$(env.TOKEN)] }\n${more("steps: 1")}`,
      /the secret TOKEN cannot be referred to here/,
    ],
    [
      `env: { TOKEN: { secret: true, default: ${VALUE} } }\n${
        more("steps: 1, note: $(env.TOKEN)")
      }`,
      /the secret TOKEN has a default, which everybody can read/,
    ],
    [
      `env: { ${secret} }\n${more("steps: 1, optimizer: $(env.TOKEN)")}`,
      /"optimizer" is "\$secret/,
    ],
    [
      `env: { ${secret} }\n${STAGES}  t: { uses: text, with: { sources: [{ path: "/x/$(env.TOKEN)" }] } }\n`,
      /a path holds a secret, and is shown and recorded/,
    ],
  ];
  for (const [spec, said] of cases) {
    const faults = await faultsOf(spec, { kinds, env: { TOKEN: VALUE } });
    assert.match(faults, said);
    assert.ok(!faults.includes(VALUE), faults);
  }
  const unset = await faultsOf(`env: { ${secret} }\n${more("steps: 1, note: $(env.TOKEN)")}`);
  assert.equal(
    unset,
    `spec.yaml:1:8: environment variable TOKEN is not set [experiment/env]
  mend: set it: write "TOKEN=<value>" before the command`,
  );
});

/** The paths of the last stage, without the folder of the spec. */
async function pathsOf(
  files: Readonly<Record<string, string>>,
  options: { readonly env?: Record<string, string>; readonly set?: readonly string[] } = {},
): Promise<readonly string[]> {
  using temp = new TempDir();
  const folder = temp.path;
  for (const [name, content] of Object.entries(files)) {
    await Deno.mkdir(join(folder, name, ".."), { recursive: true });
    await Deno.writeTextFile(join(folder, name), content);
  }
  await Deno.mkdir(join(folder, "data"));
  const spec = join(folder, Object.keys(files)[0]!);
  const { requests } = await loadExperiment(spec, { kinds, env: {}, ...options });
  const sources = requests.at(-1)!.params.sources as { path: string }[];
  return sources.map(({ path }) => path.replace(`${folder}/`, "~/"));
}

const texts = (...paths: string[]) =>
  `stages:\n  t:\n    uses: text\n    with: { sources: [${
    paths.map((path) => `{ path: ${JSON.stringify(path)}, note: data/x }`).join(", ")
  }] }\n`;

Deno.test("paths in a spec are relative to the file that names them, through extends too", async () => {
  assert.deepEqual(
    await pathsOf({ "specs/a.yaml": texts("a.txt", "../data/*.gz", "/abs/x", "./b/../c.txt") }),
    ["~/specs/a.txt", "~/data/*.gz", "/abs/x", "~/specs/c.txt"],
  );
  assert.deepEqual(
    await pathsOf({
      "specs/a.yaml": "extends: ../base/b.yaml\n",
      "base/b.yaml": texts("b.txt"),
    }),
    ["~/base/b.txt"],
  );
  assert.deepEqual(
    await pathsOf({
      "specs/a.yaml": "extends: ../base/b.yaml\naxes: { file: [x.txt] }\n",
      "base/b.yaml": `axes: { file: [y.txt] }\n${texts("$(axis.file)", "sub/$(axis.file)")}`,
    }),
    ["~/specs/x.txt", "~/base/sub/x.txt"],
  );
});

Deno.test("a path of --set, or of a variable that is set, is relative to the working directory", async () => {
  const files = {
    "specs/a.yaml": `env: { DATA: { default: ../data } }\n${texts("$(env.DATA)/x.txt", "y.txt")}`,
  };
  assert.deepEqual(await pathsOf(files), ["~/data/x.txt", "~/specs/y.txt"]);
  assert.deepEqual(await pathsOf(files, { env: { DATA: "lib" } }), ["lib/x.txt", "~/specs/y.txt"]);
  assert.deepEqual(await pathsOf(files, { env: { DATA: "/usr" } }), [
    "/usr/x.txt",
    "~/specs/y.txt",
  ]);
  assert.deepEqual(
    await pathsOf(files, { set: ["stages.t.with.sources[1].path=z.txt"] }),
    ["~/data/x.txt", "z.txt"],
  );
});

Deno.test("a missing data folder is told once, with the variable and the default that was used", async () => {
  const spec = `env:\n  DATA: { default: ../nowhere }\n${
    texts("$(env.DATA)/x.txt", "$(env.DATA)/y/*.gz")
  }`;
  const said = (await faultsOf({ "specs/spec.yaml": spec }, { kinds }))
    .replaceAll(/\/\S*\/(nowhere|specs)/g, "$1");
  assert.equal(
    said,
    `spec.yaml:2:3: DATA is not set, and there is no folder at its default, nowhere \
[experiment/env]
  mend: set it to the folder of the data: write "DATA=<folder>" before the command`,
  );
  assert.match(
    await faultsOf({ "specs/spec.yaml": spec }, { kinds, env: { DATA: "/no/such" } }),
    /^spec\.yaml:2:3: DATA is "\/no\/such", where there is no folder \[experiment\/env\]\n {2}mend: [^\n]*$/,
  );
  // Stages that need it not are done all the same.
  const two = `${spec}  w: { uses: imaginary-world }\n`;
  const { requests } = await load(two, { kinds, only: ["stage=w"] });
  assert.deepEqual(requests.map(({ id }) => id), ["w"]);
});
