/** Specs that nobody means: refused at their place, in bounded time and memory. */
import assert from "node:assert/strict";
import { faultsOf, load, STAGES } from "./_load.ts";
import { TempDir } from "../_support/temp_dir.ts";

interface Case {
  readonly name: string;
  readonly files: () => string | Readonly<Record<string, string>>;
  /** The first fault, and how many there are. */
  readonly first: RegExp;
  readonly count: number;
}

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join("");

const CASES: readonly Case[] = [
  {
    name: "10 MB of unknown keys",
    files: () => lines(1_000_000, (i) => `key${i}: 1\n`),
    first:
      /^experiment spec\.yaml has \d+ bytes \[experiment\/too-large\]\n {2}mend: give a YAML file of at most 1048576 bytes$/,
    count: 1,
  },
  {
    name: "60,000 unknown keys, of which the first are told",
    files: () => `${STAGES}${lines(60_000, (i) => `key${i}: 1\n`)}`,
    first:
      /^spec\.yaml:5:1: cannot read key "key0" \[experiment\/unknown-key\]\n {2}mend: write one of /,
    count: 201,
  },
  {
    name: "50,000 unknown keys in a stage",
    files: () =>
      `${STAGES}  more:\n    uses: imaginary-world\n    with:\n${
        lines(50_000, (i) => `      key${i}: 1\n`)
      }`,
    first: /^spec\.yaml:8:7: cannot read key "key0" \[experiment\/unknown-key\]/,
    count: 201,
  },
  {
    name: "60,000 broken values",
    files: () => `${STAGES}${lines(60_000, (i) => `key${i}: 012\n`)}`,
    first: /^spec\.yaml:5:7: 012 would be read as 12 \[experiment\/yaml\]/,
    count: 201,
  },
  {
    name: "half a million axis values",
    files: () => `axes: { a: [${lines(500_000, (i) => `${i % 10},`)}] }\n${STAGES}`,
    first: /^spec\.yaml:1:\d+: this file is too large to read \[experiment\/too-large\]/,
    count: 1,
  },
  {
    name: "a thousand axes",
    files: () => `axes:\n${lines(1_000, (i) => `  a${i}: [1]\n`)}${STAGES}`,
    first: /^spec\.yaml:1:1: there are 1000 axes \[experiment\/grid\]/,
    count: 1,
  },
  {
    name: "more entries of exclude than can be compared with the cells",
    files: () =>
      `axes: { a: [${lines(1_000, (i) => `${i},`)}], b: [${lines(100, (i) => `${i},`)}] }\n` +
      `exclude:\n${lines(1_000, () => "  - { a: 1, b: 1 }\n")}${STAGES}`,
    first:
      /^spec\.yaml:3:5: 1000 entries of exclude are too many for 100000 cells \[experiment\/grid\]/,
    count: 1,
  },
  {
    name: "entries of include that make too many cells together",
    files: () =>
      `axes: { a: [1], b: [${lines(1_000, (i) => `${i},`)}] }\n` +
      `include:\n${lines(2_000, (i) => `  - { a: ${i + 2} }\n`)}${STAGES}`,
    first: /^spec\.yaml:1:1: the grid has \d+ cells \[experiment\/grid\]/,
    count: 1,
  },
  {
    name: "an extends chain of 1,000 files",
    files: () =>
      Object.fromEntries(
        Array.from({ length: 1_001 }, (_, i) => [
          i === 0 ? "spec.yaml" : `f${i}.yaml`,
          i === 1_000 ? STAGES : `extends: f${i + 1}.yaml\n`,
        ]),
      ),
    first: /^f99\.yaml:1:10: this extends more than 99 files \[experiment\/too-large\]/,
    count: 1,
  },
  {
    name: "6,000 aliases of a text of 100 KB",
    files: () =>
      `about: &t "${
        "x".repeat(80_000)
      }"\n${STAGES}  more: { uses: imaginary-world, with: { path: [${
        Array(6_000).fill("*t")
      }] } }\n`,
    first: /^spec\.yaml:6:\d+: aliases make this file too large to read \[experiment\/alias\]/,
    count: 1,
  },
  {
    name: "6,000 references to a text of 100 KB",
    files: () =>
      `axes: { t: ["${"x".repeat(100_000)}"] }\n${STAGES}` +
      `  more: { uses: imaginary-world, with: { path: "${"$(axis.t)".repeat(6_000)}" } }\n`,
    first:
      /^spec\.yaml:6:48: texts with \$\(\.\.\.\) in them become too long here \[experiment\/too-large\]/,
    count: 1,
  },
  {
    name: "a stage of many values at many cells",
    files: () =>
      `axes: { a: [${lines(1_000, (i) => `${i},`)}] }\n${STAGES}  more:\n    uses: practise\n` +
      `    with: { corpus: $(stages.shards), steps: $(axis.a), tags: [${
        lines(20_000, () => "x,")
      }] }\n`,
    first:
      /^spec\.yaml:8:5: stage "more" has 20003 values at each of 1000 cells \[experiment\/too-large\]/,
    count: 1,
  },
  {
    name: "more tasks than are meant",
    files: () =>
      `axes: { a: [${lines(1_000, (i) => `${i},`)}], b: [${
        lines(100, (i) => `${i},`)
      }] }\n${STAGES}` +
      lines(
        3,
        (i) =>
          `  t${i}: { uses: practise, with: { corpus: $(stages.shards), steps: $(axis.a), seed: $(axis.b) } }\n`,
      ),
    first: /^spec\.yaml:2:1: the stages make 300003 tasks at their cells \[experiment\/too-large\]/,
    count: 1,
  },
];

for (const { name, files, first, count } of CASES) {
  Deno.test(`loadExperiment() refuses ${name}`, async () => {
    const faults = (await faultsOf(files())).split(/\n(?! {2}mend: )/);
    assert.match(faults[0]!, first);
    assert.equal(faults.length, count);
  });
}

Deno.test("loadExperiment() refuses a spec that is a pipe or a device, and does not wait for it", async () => {
  using temp = new TempDir();
  const folder = temp.path;
  const { success } = await new Deno.Command("mkfifo", { args: [`${folder}/pipe.yaml`] })
    .output();
  assert.ok(success);
  for (const path of [`${folder}/pipe.yaml`, "/dev/zero", "/dev/null"]) {
    const said = await faultsOf(`extends: ${path}\n${STAGES}`);
    assert.equal(
      said.replaceAll(`${folder}/`, ""),
      `spec.yaml:1:10: experiment ${path.replace(`${folder}/`, "")} is no regular file \
[experiment/not-found]\n  mend: give the path of a YAML file`,
    );
  }
});

Deno.test("loadExperiment() takes eighty thousand references in one text", async () => {
  const { requests } = await load(
    `axes: { a: [1] }\n${STAGES}  more: { uses: imaginary-world, with: { path: "${
      "$(axis.a) ".repeat(80_000)
    }" } }\n`,
  );
  assert.equal(requests.at(-1)?.params.path, "1 ".repeat(80_000));
});
