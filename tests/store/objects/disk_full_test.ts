/** A disk that is truly full: a small tmpfs, where one can be mounted. */
import assert from "node:assert/strict";
import { exitCodeOf } from "../../../lib/cli/exit.ts";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { ArtifactStore } from "../../../lib/store/objects/artifacts.ts";
import { MeasurementLog } from "../../../lib/store/objects/measurements.ts";
import { queryRows } from "../../../lib/store/database/query.ts";
import { Recorder } from "../../../lib/store/database/recorder.ts";
import { resultsFolder } from "../../../lib/store/results_folder.ts";
import { commit, keyOf, namesIn, newArtifact } from "../_fixtures.ts";

const KEY = keyOf(0xfe);
const MOUNTABLE = canMount();
const NAME = MOUNTABLE ? "" : " (ignored: no tmpfs can be mounted here)";

function testOnSmallDisk(
  name: string,
  { bytes, run }: { bytes: number; run: (disk: string) => Promise<void> },
): void {
  Deno.test(name + NAME, { ignore: !MOUNTABLE }, async () => {
    const disk = Deno.makeTempDirSync({ prefix: "titrate-disk-" });
    mount(disk, bytes);
    try {
      await run(disk);
    } finally {
      system("umount", disk);
      Deno.removeSync(disk);
    }
  });
}

testOnSmallDisk("commit() on a full disk says so and leaves nothing half-written", {
  bytes: 256 * 1024,
  run: async (disk) => {
    const root = `${disk}/store`;
    const store = await ArtifactStore.open(root);
    const before = await commit(store, keyOf(1));
    await using attempt = await store.begin(KEY);
    await Deno.writeTextFile(`${attempt.outDir}/model.bin`, "x");
    fill(`${disk}/filler`);
    await assert.rejects(attempt.commit(newArtifact()), (error: ExperimentError) => {
      assert.deepEqual(error.faults, [{
        code: "store/disk-full",
        message: "cannot write the artifact: no space left on the disk",
        at: { file: store.dirOf(KEY) },
        mend: "free some space and run again; what is done stays done",
      }]);
      assert.equal(exitCodeOf(error.faults), 1);
      return true;
    });
    assert.deepEqual(namesIn(`${root}/tmp`), []);
    assert.equal(await store.find(KEY), undefined);
    assert.deepEqual(await store.verify(keyOf(1)), before);

    await Deno.remove(`${disk}/filler`);
    const record = await commit(store, KEY);
    assert.deepEqual(await store.verify(KEY), record);
  },
});

testOnSmallDisk("MeasurementLog on a full disk says so and keeps its whole lines", {
  bytes: 64 * 1024,
  run: async (disk) => {
    const log = await MeasurementLog.open(disk);
    let count = 0;
    assert.throws(() => {
      while (true) log.append({ step: count++, name: "lossNats", split: "train", value: 0.1 });
    }, { code: "store/disk-full", message: "cannot keep measurements: no space left on the disk" });
    log.close();
    const { length } = (await Deno.readTextFile(`${disk}/measurements.jsonl`)).split("\n");
    assert.ok(length >= count - 1);
  },
});

testOnSmallDisk("Recorder on a full disk keeps its rows and writes them once there is room", {
  bytes: 6 * 1024 * 1024,
  run: async (disk) => {
    const folder = resultsFolder(disk);
    const path = folder.database;
    const store = await ArtifactStore.open(folder.store);
    const recorder = Recorder.open(folder, { store, intervalMs: 60_000 });
    recorder.recordMeasurements(KEY, { attempt: 1, measurements: measurements(0, 10) });
    await recorder.flush();
    fill(`${disk}/filler`);
    recorder.recordMeasurements(KEY, { attempt: 1, measurements: measurements(10, 40_000) });
    await assert.rejects(recorder.flush(), {
      code: "store/disk-full",
      message: "cannot use the database: no space left on the disk",
    });
    await Deno.remove(`${disk}/filler`);
    const [old] = await queryRows(path, "SELECT count(*) AS n FROM measurements");
    assert.equal(old!.n, 10, "all of a transaction or nothing");
    await recorder.close();
    const [all] = await queryRows(path, "SELECT count(*) AS n FROM measurements");
    assert.equal(all!.n, 40_000);
  },
});

function measurements(from: number, to: number) {
  return Array.from({ length: to - from }, (_, i) => (
    { step: from + i, name: "lossNats", split: "train", value: Math.sin(from + i) }
  ));
}

/** Writes until nothing more fits. */
function fill(path: string): void {
  using file = Deno.openSync(path, { write: true, create: true });
  for (const size of [65536, 4096, 1]) {
    try {
      while (true) file.writeSync(new Uint8Array(size));
    } catch (error) {
      assert.match(String(error), /No space left/);
    }
  }
}

function system(command: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(command, { args }).outputSync();
  if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
}

function mount(folder: string, bytes: number): void {
  system("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder);
}

function canMount(): boolean {
  if (Deno.build.os !== "linux") return false;
  const folder = Deno.makeTempDirSync();
  try {
    mount(folder, 65536);
    system("umount", folder);
    return true;
  } catch {
    return false; // neither root nor allowed to run mount
  } finally {
    Deno.removeSync(folder);
  }
}
