import assert from "node:assert/strict";
import { readJournals, type RunJournal, writeJournal } from "../../lib/store/journal.ts";
import { keyOf, namesIn } from "./_fixtures.ts";
import { TempDir } from "../_support/temp_dir.ts";

const journal = (run: string, changes: Partial<RunJournal> = {}): RunJournal => ({
  start: {
    run,
    experiment: "e",
    file: "e.yaml",
    files: [{ file: "e.yaml", text: "# as written\n" }],
    startedAt: "2026-01-02T03:04:05Z",
  },
  place: "../e.yaml",
  identities: [[keyOf(1), { kind: "ner", rate: 1e-4 }]],
  ...changes,
});

const cells = {
  rows: [{ stage: "s", axes: { n: 1 }, key: keyOf(1), seed: 3, place: 0 }],
  replace: true,
  isHistory: true,
};

Deno.test("readJournals() gives what writeJournal() wrote, by run, and runs share a list of cells", async () => {
  using folder = new TempDir();
  const counts = { total: 1, cached: 0, ran: 1, failed: 0 };
  const end = { status: "done", counts, elapsedMs: 5, endedAt: "2026-01-02T03:04:06Z" } as const;
  await writeJournal(folder.path, journal("r2", { cells }));
  await writeJournal(folder.path, journal("r1"));
  await writeJournal(folder.path, journal("r2", { cells, end }));
  assert.deepEqual(await Array.fromAsync(readJournals(folder.path)), [
    journal("r1"),
    journal("r2", { cells, end }),
  ]);
  await writeJournal(folder.path, journal("r3", { cells }));
  assert.equal(namesIn(folder.path).filter((name) => name.startsWith("cells-")).length, 1);
  assert.deepEqual(await Array.fromAsync(readJournals(`${folder.path}/none`)), []);
});

Deno.test("readJournals() leaves out what is not what was written, and says so", async () => {
  using folder = new TempDir();
  for (const run of ["r1", "r2", "r3"]) await writeJournal(folder.path, journal(run, { cells }));
  const first = `${folder.path}/r1.json`;
  await Deno.writeTextFile(first, (await Deno.readTextFile(first)).replace('"ner"', '"nec"'));
  await Deno.writeTextFile(`${folder.path}/r2.json`, "{");
  const warnings: string[] = [];
  const read = await Array.fromAsync(readJournals(folder.path, (text) => warnings.push(text)));
  assert.deepEqual(read, [journal("r3", { cells })]);
  assert.deepEqual(warnings, [
    `${first} is left out: it is not what was written`,
    `${folder.path}/r2.json is left out: it has no digest`,
  ]);
  const [list] = namesIn(folder.path).filter((name) => name.startsWith("cells-"));
  await Deno.writeTextFile(`${folder.path}/${list}`, "[]");
  assert.deepEqual(
    await Array.fromAsync(readJournals(folder.path, () => {})),
    [journal("r3")],
  );
});
