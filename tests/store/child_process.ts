/**
 * What the tests of the store run in processes of their own, by mode:
 *
 * - `hold ROOT KEY` takes the key, writes half an artifact, and never ends;
 * - `compute ROOT KEY` takes the key and commits it unless somebody else did;
 * - `die-at-rename ROOT KEY` is killed between the record and the rename;
 * - `hold-database PATH` keeps a database open to write it, and never ends;
 * - `hold-reader PATH` keeps a database open to read it, and never ends;
 * - `die-in-migration PATH` is killed while it brings a database up to date;
 * - `die-before-rename PATH` is killed before a new database takes the old one's place;
 * - `die-in-transaction PATH` has written rows but not committed them, and never ends;
 * - `read PATH` counts rows until the run is over, and prints what it saw.
 */
import { DuckDBInstance } from "@duckdb/node-api";
import { ArtifactStore } from "../../lib/store/objects/artifacts.ts";
import { openReader, writeDatabase } from "../../lib/store/database/database.ts";
import { queryRows } from "../../lib/store/database/query.ts";
import { keyOf, newArtifact } from "./_fixtures.ts";

const [mode, path, key] = Deno.args as [string, string, string];
const forever = () => new Promise<never>(() => setInterval(() => {}, 60_000));
const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

switch (mode) {
  case "hold": {
    const attempt = await (await ArtifactStore.open(path)).begin(key);
    await Deno.writeTextFile(`${attempt.outDir}/half`, "half of an art");
    await Deno.writeTextFile(`${attempt.scratchDir}/checkpoint`, "step 30");
    say("held");
    await forever();
    break;
  }
  case "compute": {
    const store = await ArtifactStore.open(path);
    await using attempt = await store.begin(key, { onWait: () => say("waits") });
    if (attempt.existing !== undefined) {
      say("existing");
      break;
    }
    say("computes");
    await new Promise((resolve) => setTimeout(resolve, 300));
    await Deno.writeTextFile(`${attempt.outDir}/result`, `by ${Deno.pid}`);
    await attempt.commit(newArtifact());
    break;
  }
  case "die-at-rename": {
    const attempt = await (await ArtifactStore.open(path)).begin(key);
    await Deno.writeTextFile(`${attempt.outDir}/result`, "complete");
    Deno.rename = () => {
      say("dies");
      Deno.kill(Deno.pid, "SIGKILL");
      return forever();
    };
    await attempt.commit(newArtifact());
    break;
  }
  case "hold-database": {
    // As another program does: Titrate itself never keeps it.
    const instance = await DuckDBInstance.create(path);
    await instance.connect();
    say("held");
    await forever();
    instance.closeSync();
    break;
  }
  case "hold-reader": {
    const reader = await openReader(path);
    say("held");
    await forever();
    reader.close();
    break;
  }
  case "die-in-migration": {
    await writeDatabase(path, {
      work: () => Promise.resolve(),
      fill: async () => {
        say("dies");
        Deno.kill(Deno.pid, "SIGKILL");
        await forever();
      },
    });
    break;
  }
  case "die-before-rename": {
    Deno.rename = () => {
      say("dies");
      Deno.kill(Deno.pid, "SIGKILL");
      return forever();
    };
    await writeDatabase(path, { work: () => Promise.resolve() });
    break;
  }
  case "die-in-transaction": {
    await writeDatabase(path, {
      work: async (connection) => {
        await connection.run(
          `INSERT INTO scores VALUES ('${keyOf(9)}', 'x', 'f1', 'test', 1, NULL)`,
        );
        say("written");
        await forever();
      },
    });
    break;
  }
  case "read": {
    const counts = new Set<number>();
    let isOver = false;
    while (!isOver) {
      const [row] = await queryRows(
        path,
        `SELECT count(*) AS n, count(DISTINCT step) AS steps,
          (SELECT bool_or(status = 'done') FROM runs) AS over FROM measurements`,
      );
      if (row!.n !== row!.steps) say(`torn: ${JSON.stringify(row)}`);
      if (counts.size === 0) say("reads");
      counts.add(Number(row!.n));
      isOver = row!.over === true;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    say(JSON.stringify({ most: Math.max(...counts), states: counts.size }));
  }
}
