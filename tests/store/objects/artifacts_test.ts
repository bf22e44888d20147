import assert from "node:assert/strict";
import { ExperimentError } from "../../../lib/base/errors.ts";
import { sha256 } from "../../../lib/base/digest.ts";
import type { Score } from "../../../lib/base/measures.ts";
import type { Facts, InputRef, TaskOutcome } from "../../../lib/graph/task.ts";
import { storeFault } from "../../../lib/store/faults.ts";
import { ArtifactStore } from "../../../lib/store/objects/artifacts.ts";
import { sealJson } from "../../../lib/store/sealed_json.ts";
import type { ArtifactRecord } from "../../../lib/store/objects/record.ts";
import { commit, emptyStore, keyOf, namesIn, newArtifact } from "../_fixtures.ts";
import { TempDir } from "../../_support/temp_dir.ts";

const KEY = keyOf(0xabc);

Deno.test("commit() makes the artifact and its record visible, and leaves nothing else", async () => {
  using fixture = await emptyStore();
  const { store, root } = fixture;
  const files = { "model.bin": "weights", "general/train.txt": "a\n" };
  const record = await commit(store, KEY, { files });
  const modified = ["general/train.txt", "model.bin"].map((path) =>
    Deno.statSync(`${store.dirOf(KEY)}/${path}`).mtime?.getTime()
  );
  assert.deepEqual(record, {
    format: 2,
    key: KEY,
    ...newArtifact(),
    attempt: 1,
    files: [
      { path: "general/train.txt", bytes: 2, sha256: sha256("a\n"), modifiedMs: modified[0]! },
      { path: "model.bin", bytes: 7, sha256: sha256("weights"), modifiedMs: modified[1]! },
    ],
  });
  assert.deepEqual(await store.find(KEY), record);
  assert.deepEqual(await store.verify(KEY), record);
  assert.equal(store.dirOf(KEY), `${root}/objects/00/${KEY}`);
  assert.equal(await Deno.readTextFile(`${store.dirOf(KEY)}/general/train.txt`), "a\n");
  assert.deepEqual([namesIn(`${root}/tmp`), namesIn(`${root}/scratch`)], [[], []]);
  assert.deepEqual(fixture.warnings, []);
});

Deno.test("commit() takes the right to write from files", async () => {
  using fixture = await emptyStore();
  await commit(fixture.store, KEY);
  for (const name of ["model.bin", "artifact.json"]) {
    const { mode } = await Deno.stat(`${fixture.store.dirOf(KEY)}/${name}`);
    assert.equal(mode! & 0o222, 0, name);
  }
});

Deno.test("commit() keeps scores that are no numbers", async () => {
  using fixture = await emptyStore();
  const score = { benchmark: "mlm", metric: "lossNats", split: "dev" };
  const values = [NaN, Infinity, -Infinity, -0.5];
  const scores = values.map((value) => ({ ...score, value }));
  await commit(fixture.store, KEY, { outcome: { facts: {}, scores } });
  assert.deepEqual((await fixture.store.find(KEY))!.outcome.scores, scores);
});

Deno.test("commit() refuses what no artifact can hold, and shows nothing of it", async () => {
  using fixture = await emptyStore();
  const { store, root } = fixture;
  const spoil: Record<string, (outDir: string) => Promise<void>> = {
    'holds only files and folders, "link" is neither': (dir) => Deno.symlink("/etc", `${dir}/link`),
    'cannot hold a file named "a\\b"': (dir) => Deno.writeTextFile(`${dir}/a\\b`, ""),
    "may not write artifact.json": (dir) => Deno.writeTextFile(`${dir}/artifact.json`, "{}"),
  };
  for (const [message, act] of Object.entries(spoil)) {
    const attempt = await store.begin(KEY);
    await act(attempt.outDir);
    await assert.rejects(attempt.commit(newArtifact()), (error: Error) => {
      return error.message.includes(message) && !(error instanceof ExperimentError);
    }, message);
    assert.deepEqual(namesIn(`${root}/tmp`), []);
    assert.equal(await store.find(KEY), undefined);
  }
});

Deno.test("commit() keeps the record of an artifact without files", async () => {
  using fixture = await emptyStore();
  const { files } = await commit(fixture.store, KEY, { files: {} });
  assert.deepEqual(files, []);
  assert.notEqual(await fixture.store.verify(KEY), undefined);
});

Deno.test("abandon() removes what was written, keeps scratch and lets go of the key", async () => {
  using fixture = await emptyStore();
  const { store, root } = fixture;
  const first = await store.begin(KEY);
  await Deno.writeTextFile(`${first.outDir}/half`, "x");
  await Deno.writeTextFile(`${first.scratchDir}/checkpoint`, "step 30");
  await first.abandon();
  await first.abandon();
  assert.deepEqual(namesIn(`${root}/tmp`), []);
  const second = await store.begin(KEY);
  assert.equal(await Deno.readTextFile(`${second.scratchDir}/checkpoint`), "step 30");
  assert.deepEqual(namesIn(second.outDir), []);
  assert.deepEqual([first.number, second.number], [1, 2]);
  await second.commit(newArtifact());
  assert.deepEqual(namesIn(`${root}/scratch`), []);
  await assert.rejects(first.commit(newArtifact()), /is over/);
});

Deno.test("begin() gives the artifact that is there already", async () => {
  using fixture = await emptyStore();
  const record = await commit(fixture.store, KEY);
  await using attempt = await fixture.store.begin(KEY);
  assert.deepEqual(attempt.existing, record);
  assert.deepEqual(namesIn(`${fixture.root}/tmp`), []);
});

Deno.test("begin() removes an artifact that is to be made anew, and no other", async () => {
  using fixture = await emptyStore();
  const { store, root } = fixture;
  const startedAt = "2025-12-31T00:00:00Z";
  await commit(store, KEY, { startedAt });
  const isStale = (record: ArtifactRecord) => record.startedAt === startedAt;
  const anew = await store.begin(KEY, { isStale });
  assert.equal(anew.existing, undefined);
  assert.equal(await store.find(KEY), undefined);
  assert.equal(namesIn(`${root}/tmp`).length, 1, "only the new attempt's folder");
  const record = await anew.commit(newArtifact());
  await using again = await store.begin(KEY, { isStale });
  assert.deepEqual(again.existing, record);
  assert.deepEqual(namesIn(`${root}/damaged`), []);
});

Deno.test("begin() stops waiting when its signal is aborted", async () => {
  using fixture = await emptyStore();
  await using _held = await fixture.store.begin(KEY);
  const stop = new AbortController();
  const waits: string[] = [];
  const waiting = fixture.store.begin(KEY, {
    signal: stop.signal,
    onWait: (holder) => {
      waits.push(holder);
      stop.abort(new Error("interrupted"));
    },
  });
  await assert.rejects(waiting, /^Error: interrupted$/);
  assert.deepEqual(waits, [`another run (process ${Deno.pid})`]);
});

const damage: Record<string, { act: (dir: string) => Promise<void>; why: string }> = {
  "changed bytes": {
    act: (dir) => overwrite(`${dir}/model.bin`, "weighty"),
    why: "the content of model.bin is not what was written",
  },
  "a file that was cut off": {
    act: (dir) => overwrite(`${dir}/model.bin`, "wei"),
    why: "model.bin has 3 bytes instead of 7",
  },
  "a file with more at its end": {
    act: (dir) => overwrite(`${dir}/model.bin`, "weights!"),
    why: "model.bin has 8 bytes instead of 7",
  },
  "a missing file": {
    act: (dir) => Deno.remove(`${dir}/model.bin`),
    why: "model.bin is missing",
  },
  "a link instead of a file": {
    act: async (dir) => {
      await Deno.rename(`${dir}/model.bin`, `${dir}/other`);
      await Deno.symlink("other", `${dir}/model.bin`);
    },
    why: "model.bin is no longer a file",
  },
  "a record that was cut off": {
    act: async (dir) => {
      const text = await Deno.readTextFile(`${dir}/artifact.json`);
      await overwrite(`${dir}/artifact.json`, text.slice(0, text.length / 2));
    },
    why: "its record is not what was written",
  },
  "a record with one digit changed in a score": {
    act: async (dir) => {
      const text = await Deno.readTextFile(`${dir}/artifact.json`);
      assert.ok(text.includes("5.25"));
      await overwrite(`${dir}/artifact.json`, text.replace("5.25", "5.35"));
    },
    why: "its record is not what was written",
  },
  "an empty record": {
    act: (dir) => overwrite(`${dir}/artifact.json`, ""),
    why: "its record has no digest",
  },
  "a record of 0.1.0": {
    act: async (dir) => {
      const { digest: _, ...record } = JSON.parse(await Deno.readTextFile(`${dir}/artifact.json`));
      await overwrite(`${dir}/artifact.json`, JSON.stringify({ ...record, format: 1 }));
    },
    why: "its record is of format 1, this version needs 2",
  },
  "a missing record": {
    act: (dir) => Deno.remove(`${dir}/artifact.json`),
    why: "its record is missing",
  },
  "a record without digests": {
    act: (dir) => editRecord(dir, ({ files: _, ...rest }) => rest as ArtifactRecord),
    why: 'its record is wrong at "files": Invalid input: expected array, received undefined',
  },
  "a record that leads elsewhere": {
    act: (dir) =>
      editRecord(dir, (record) => ({
        ...record,
        files: record.files.map((file) => ({ ...file, path: "../../../../../secret" })),
      })),
    why: 'its record is wrong at "files.0.path": leads out of the artifact',
  },
  "the record of another key": {
    act: (dir) => editRecord(dir, (record) => ({ ...record, key: keyOf(5) })),
    why: `its record is of the key ${keyOf(5)}`,
  },
};

for (const [name, { act, why }] of Object.entries(damage)) {
  Deno.test(`verify() sets an artifact with ${name} aside and never gives it`, async () => {
    using fixture = await emptyStore();
    const { store, root, warnings } = fixture;
    for (const round of [1, 2]) {
      await commit(store, KEY);
      assert.notEqual(await store.verify(KEY), undefined);
      await act(store.dirOf(KEY));
      assert.equal(await store.verify(KEY), undefined);
      assert.deepEqual(namesIn(`${root}/damaged`).at(-1), `${KEY}-${round}`);
      assert.equal(
        warnings.at(-1),
        `artifact ${KEY} is damaged: ${why}; it is set aside as ${root}/damaged/${KEY}-${round} ` +
          "and will be computed again",
      );
      assert.equal(warnings.length, round);
      assert.equal(await store.find(KEY), undefined);
    }
  });
}

Deno.test("begin() sets a damaged artifact aside and lets it be computed again", async () => {
  using fixture = await emptyStore();
  const { store, root, warnings } = fixture;
  await commit(store, KEY);
  await overwrite(`${store.dirOf(KEY)}/model.bin`, "wrong!!");
  const again = await commit(store, KEY);
  assert.equal(again.attempt, 2);
  assert.deepEqual(await store.verify(KEY), again);
  assert.deepEqual(namesIn(`${root}/damaged`), [`${KEY}-1`]);
  assert.equal(warnings.length, 1);
});

Deno.test("look() tells an artifact that was set aside, and is not made anew yet, from none", async () => {
  using fixture = await emptyStore();
  const { store, root } = fixture;
  await commit(store, KEY);
  await overwrite(`${store.dirOf(KEY)}/model.bin`, "wrong!!");
  assert.equal(await store.verify(KEY), undefined);
  assert.equal(await store.look(KEY), "damaged");
  const later = await ArtifactStore.open(root);
  assert.equal(await later.look(KEY), "damaged");
  assert.equal(await later.find(KEY), undefined);
  assert.equal(await later.look(KEY.replaceAll(/./g, "0")), undefined);
  const again = await commit(later, KEY);
  assert.deepEqual(await later.look(KEY), again);
});

Deno.test("verify() leaves a damaged artifact to whoever holds its key", async () => {
  using fixture = await emptyStore();
  const { store, root, warnings } = fixture;
  await commit(store, KEY);
  await Deno.remove(`${store.dirOf(KEY)}/model.bin`);
  const other = await Deno.open(`${root}/locks/${KEY}`, { read: true, write: true });
  await other.lock(true);
  assert.equal(await store.verify(KEY), undefined);
  other.close();
  assert.deepEqual(namesIn(`${root}/damaged`), []);
  assert.match(warnings[0]!, /model\.bin is missing; another run is at it$/);
});

Deno.test("verify() ignores files that are not in the record", async () => {
  using fixture = await emptyStore();
  await commit(fixture.store, KEY);
  await Deno.writeTextFile(`${fixture.store.dirOf(KEY)}/.DS_Store`, "");
  assert.notEqual(await fixture.store.verify(KEY), undefined);
});

Deno.test("verify() reads an unchanged artifact once, whoever asks", async () => {
  using fixture = await emptyStore();
  const { store } = fixture;
  await commit(store, KEY);
  using files = watchReads("model.bin");
  await Promise.all(Array.from({ length: 40 }, () => store.verify(KEY)));
  for (let i = 0; i < 5; i++) await store.verify(KEY);
  assert.equal(files.reads, 1);
  const now = new Date();
  await Deno.utime(`${store.dirOf(KEY)}/model.bin`, now, now);
  await store.verify(KEY);
  assert.equal(files.reads, 2);
});

Deno.test("find() notices files that are missing, of another size or changed, and warns once", async () => {
  for (const [name, { act, why }] of Object.entries(damage)) {
    using fixture = await emptyStore();
    const { store, root, warnings } = fixture;
    await commit(store, KEY);
    assert.notEqual(await store.find(KEY), undefined);
    await act(store.dirOf(KEY));
    assert.equal(await store.find(KEY), undefined, name);
    assert.equal(await store.find(KEY), undefined);
    assert.deepEqual(warnings, [`artifact ${KEY} cannot be used: ${why}`]);
    assert.deepEqual(namesIn(`${root}/damaged`), []);
  }
});

Deno.test("find() reads a cached artifact's files once after they were touched, and never otherwise", async () => {
  using fixture = await emptyStore();
  const { store } = fixture;
  await commit(store, KEY);
  using files = watchReads("model.bin");
  for (let i = 0; i < 3; i++) assert.notEqual(await store.find(KEY), undefined);
  assert.equal(files.reads, 0);
  // As a copy without its times has it.
  await Deno.utime(`${store.dirOf(KEY)}/model.bin`, new Date(0), new Date(0));
  for (let i = 0; i < 3; i++) assert.notEqual(await store.find(KEY), undefined);
  assert.equal(files.reads, 1);
});

Deno.test("readRows() checks the digests of what becomes rows, and sets aside what is damaged", async () => {
  const line = '{"step":1,"name":"lossNats","split":"train","value":5.5}\n';
  const files = { "measurements.jsonl": line, "model.bin": "weights" };
  for (
    const wrong of [line.replace("5.5", "5.6"), "", line + line.replace('"step":1', '"step":2')]
  ) {
    using fixture = await emptyStore();
    const { store, root, warnings } = fixture;
    const record = await commit(store, KEY, { files });
    assert.deepEqual(await store.readRows(KEY), {
      record,
      measurements: [{ step: 1, name: "lossNats", split: "train", value: 5.5 }],
    });
    await overwrite(`${store.dirOf(KEY)}/measurements.jsonl`, wrong);
    assert.equal(await store.readRows(KEY), undefined);
    assert.match(warnings[0]!, /is damaged: .*measurements\.jsonl.* will be computed again$/);
    assert.deepEqual(namesIn(`${root}/damaged`), [`${KEY}-1`]);
  }
});

Deno.test("begin() counts from 1 where a lock file holds a number that is no count", async () => {
  for (const attempt of [1e300, 2 ** 40, -1, 1.5, null]) {
    using fixture = await emptyStore();
    const { store, root } = fixture;
    await Deno.mkdir(`${root}/locks`, { recursive: true });
    await Deno.writeTextFile(`${root}/locks/${KEY}`, JSON.stringify({ attempt, pid: 1 }));
    assert.equal((await commit(store, KEY)).attempt, 1);
    assert.notEqual(await store.find(KEY), undefined);
  }
});

Deno.test("what the file system refuses is told with its mend, also where Deno has no name for it", () => {
  const cases = [
    ["Input/output error (os error 5)", "Input/output error", /disk reports a failure/],
    ["Invalid cross-device link (os error 18)", "Invalid cross-device link", /another disk/],
    ["No locks available (os error 37)", "No locks available", /has no locks/],
  ] as const;
  for (const [message, shown, mend] of cases) {
    const error = storeFault(new Error(`${message}: open '/x'`), { doing: "try", path: "/x" });
    assert.ok(error instanceof ExperimentError, message);
    assert.equal(error.code, "store/io");
    assert.equal(error.message, `cannot try: ${shown}`);
    assert.match(error.faults[0].mend!, mend);
  }
  const full = storeFault(new Error("x (os error 122)"), { doing: "try", path: "/x" });
  assert.equal((full as ExperimentError).code, "store/disk-full");
});

Deno.test("ArtifactStore refuses artifacts of a newer version instead of dropping them", async () => {
  using fixture = await emptyStore();
  const { store, root } = fixture;
  await commit(store, KEY);
  await editRecord(store.dirOf(KEY), (record) => ({ ...record, format: 3 }));
  const refusal = {
    code: "store/newer-format",
    message: "cannot read an artifact of format 3, this version knows 2",
  };
  await assert.rejects(store.find(KEY), refusal);
  await assert.rejects(store.verify(KEY), refusal);
  await assert.rejects(store.begin(KEY), refusal);
  assert.deepEqual(namesIn(`${root}/damaged`), []);
});

Deno.test("dirOf() refuses what is no key", async () => {
  using fixture = await emptyStore();
  for (const key of ["", "abc", "../../etc", KEY.toUpperCase(), `${KEY}/..`, `${KEY}\n`]) {
    assert.throws(() => fixture.store.dirOf(key), {
      code: "store/bad-key",
      message: `${JSON.stringify(key)} is no key`,
    });
  }
  await assert.rejects(fixture.store.find("../x"), { code: "store/bad-key" });
  await assert.rejects(fixture.store.begin("../x"), { code: "store/bad-key" });
});

Deno.test("open() makes nothing, and refuses a root that is no folder", async () => {
  using folder = new TempDir();
  const store = await ArtifactStore.open(`${folder.path}/results/store`);
  assert.equal(await store.find(KEY), undefined);
  assert.equal(await store.verify(KEY), undefined);
  assert.deepEqual(await Array.fromAsync(store.keys()), []);
  assert.deepEqual(namesIn(folder.path), []);

  await Deno.writeTextFile(`${folder.path}/file`, "");
  for (const root of [`${folder.path}/file`, `${folder.path}/file/store`]) {
    await assert.rejects(ArtifactStore.open(root), {
      code: "store/bad-root",
      message: "cannot keep artifacts in what is no folder",
      faults: [{
        code: "store/bad-root",
        message: "cannot keep artifacts in what is no folder",
        at: { file: `${folder.path}/file` },
        mend: "move the file away, or name another results folder",
      }],
    });
  }
});

Deno.test("begin() says how to mend a file that stands in its way", async () => {
  using fixture = await emptyStore();
  await Deno.mkdir(fixture.root);
  await Deno.writeTextFile(`${fixture.root}/tmp`, "");
  await assert.rejects(fixture.store.begin(KEY), (error: ExperimentError) => {
    assert.equal(error.code, "store/io");
    assert.match(error.message, /^cannot list the store: Not a directory$/);
    assert.match(error.faults[0].mend!, /^a file stands where a folder is needed/);
    return true;
  });
  await Deno.remove(`${fixture.root}/tmp`);
  await using attempt = await fixture.store.begin(KEY);
  assert.equal(attempt.number, 1, "the lock was let go");
});

Deno.test("keys() gives every artifact in order, whatever its state", async () => {
  using fixture = await emptyStore();
  const keys = [keyOf(3), "f".repeat(64), keyOf(1)];
  for (const key of keys) await commit(fixture.store, key);
  await overwrite(`${fixture.store.dirOf(keyOf(3))}/artifact.json`, "");
  const listed = await Array.fromAsync(fixture.store.keys());
  assert.deepEqual(listed, [keyOf(1), keyOf(3), "f".repeat(64)]);
});

Deno.test("ArtifactRecord fits the graph's types both ways", () => {
  const outcome: TaskOutcome = newArtifact().outcome;
  const back: ArtifactRecord["outcome"] = outcome;
  const facts: Facts = back.facts;
  const scores: readonly Score[] = back.scores;
  const inputs: Readonly<Record<string, readonly InputRef[]>> = newArtifact().inputs;
  assert.ok(facts && scores && inputs);
});

/** Puts another file in a file's place, so that no clock's resolution can hide it. */
async function overwrite(path: string, content: string): Promise<void> {
  await Deno.writeTextFile(`${path}.new`, content);
  await Deno.rename(`${path}.new`, path);
}

async function editRecord(
  dir: string,
  change: (record: ArtifactRecord) => ArtifactRecord,
): Promise<void> {
  const { digest: _, ...record } = JSON.parse(await Deno.readTextFile(`${dir}/artifact.json`));
  await overwrite(`${dir}/artifact.json`, sealJson(change(record)));
}

/** Counts how often files of a name are opened, until it is disposed of. */
function watchReads(name: string): { readonly reads: number } & Disposable {
  const open = Deno.open;
  let reads = 0;
  Deno.open = (path, options) => {
    if (String(path).endsWith(name)) reads++;
    return open(path, options);
  };
  return {
    get reads() {
      return reads;
    },
    [Symbol.dispose]: () => void (Deno.open = open),
  };
}
