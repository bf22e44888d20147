import assert from "node:assert/strict";
import { type RunJournal, writeJournal } from "../../lib/store/journal.ts";
import { resultsFolder } from "../../lib/store/results_folder.ts";
import { ResultsWatch } from "../../lib/ui/results_watch.ts";
import { TempDir } from "../_support/temp_dir.ts";

const RUN = "20261126T080000Z-00ff";

Deno.test("the journal of a run that never ended is read again when it is written, not every second", async () => {
  using dir = new TempDir();
  const folder = resultsFolder(dir.path);
  const started = {
    run: RUN,
    experiment: "study",
    file: "study.yaml",
    files: [],
    startedAt: "2026-11-26T08:00:00Z",
  };
  const journal: RunJournal = { start: started, place: "../study.yaml", identities: [] };
  await writeJournal(folder.runs, journal);
  const path = `${folder.runs}/${RUN}.json`;
  const { mtime } = await Deno.stat(path);
  const watch = await ResultsWatch.open(folder);
  const status = async () => {
    // Two looks within a second are one.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await watch.refresh();
    return watch.runs().map(({ status }) => status);
  };
  assert.deepEqual(await status(), ["over"]);
  const counts = { total: 1, cached: 0, ran: 1, failed: 0 };
  const endedAt = "2026-11-26T08:00:05Z";
  const end = { status: "done", counts, elapsedMs: 5, endedAt } as const;
  await writeJournal(folder.runs, { ...journal, end });
  await Deno.utime(path, mtime!, mtime!);
  assert.deepEqual(await status(), ["over"], "what was written as long ago was read");
  await writeJournal(folder.runs, { ...journal, end });
  assert.deepEqual(await status(), ["done"]);
});
