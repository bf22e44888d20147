/** Locks and commits between real processes, some of them killed. */
import assert from "node:assert/strict";
import { ArtifactStore } from "../../../lib/store/objects/artifacts.ts";
import { Child, commit, emptyStore, keyOf, namesIn, newArtifact } from "../_fixtures.ts";

const KEY = keyOf(0xdef);

Deno.test("begin() goes on after kill -9 of the key's holder, with its scratch", async () => {
  using fixture = await emptyStore();
  const { store, root } = fixture;
  const holder = new Child("hold", root, KEY);
  assert.equal(await holder.line(), "held");
  let waited = "";
  const beginning = store.begin(KEY, { onWait: (text) => waited = text });
  while (waited === "") await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(waited, /^another run \(process \d+\)$/);
  assert.equal(namesIn(`${root}/tmp`).length, 1, "the holder's unfinished artifact");
  assert.equal(await store.find(KEY), undefined);
  await holder.kill();

  await using attempt = await beginning;
  assert.equal(attempt.number, 2);
  assert.deepEqual(namesIn(attempt.outDir), []);
  assert.equal(namesIn(`${root}/tmp`).length, 1, "what the dead holder left is gone");
  assert.equal(await Deno.readTextFile(`${attempt.scratchDir}/checkpoint`), "step 30");
});

Deno.test("begin() removes what dead attempts at other keys left, not what living ones write", async () => {
  using fixture = await emptyStore();
  const { store, root } = fixture;
  const dead = new Child("hold", root, keyOf(1));
  const living = new Child("hold", root, keyOf(2));
  assert.deepEqual([await dead.line(), await living.line()], ["held", "held"]);
  await dead.kill();
  try {
    await commit(store, KEY);
    assert.deepEqual(namesIn(`${root}/tmp`).map((name) => name.slice(0, 64)), [keyOf(2)]);
    assert.deepEqual(namesIn(`${root}/scratch`), [keyOf(1), keyOf(2)]);
  } finally {
    await living.kill();
  }
});

Deno.test("begin() lets three processes that want one key compute it once", async () => {
  using fixture = await emptyStore();
  const children = Array.from({ length: 3 }, () => new Child("compute", fixture.root, KEY));
  const said: string[] = [];
  for (const child of children) {
    for (let line; (line = await child.line()) !== undefined;) said.push(line);
    assert.equal(await child.ended(), 0);
  }
  const outcomes = said.filter((line) => line !== "waits").sort();
  assert.deepEqual(outcomes, ["computes", "existing", "existing"]);
  assert.equal((await fixture.store.verify(KEY))!.attempt, 1);
});

Deno.test("commit() killed between record and rename leaves nothing to be seen", async () => {
  using fixture = await emptyStore();
  const { store, root } = fixture;
  const child = new Child("die-at-rename", root, KEY);
  assert.equal(await child.line(), "dies");
  await child.ended();
  const [left] = namesIn(`${root}/tmp`);
  assert.deepEqual(namesIn(`${root}/tmp/${left}`), ["artifact.json", "result"]);
  assert.equal(await store.find(KEY), undefined);
  assert.equal(await store.verify(KEY), undefined);
  assert.deepEqual(await Array.fromAsync(store.keys()), []);

  const record = await commit(store, KEY);
  assert.equal(record.attempt, 2);
  assert.deepEqual(namesIn(`${root}/tmp`), []);
  assert.deepEqual(fixture.warnings, []);
});

Deno.test("commit() that the file system refuses leaves nothing to be seen and lets go", async () => {
  using fixture = await emptyStore();
  const { store, root } = fixture;
  await using attempt = await store.begin(KEY);
  await Deno.writeTextFile(`${attempt.outDir}/result`, "complete");
  await Deno.mkdir(`${root}/objects`);
  await Deno.writeTextFile(`${root}/objects/${KEY.slice(0, 2)}`, "in the way");
  await assert.rejects(attempt.commit(newArtifact()), {
    code: "store/io",
    message: /^cannot write the artifact: /,
  });
  assert.deepEqual(namesIn(`${root}/tmp`), []);
  assert.deepEqual(namesIn(`${root}/scratch`), [KEY]);
  await using again = await store.begin(keyOf(0xdee));
  assert.equal(again.number, 1);
});

Deno.test("commit() that cannot remove its scratch is done all the same, and begin() sweeps it", async () => {
  using fixture = await emptyStore();
  const { store, root } = fixture;
  for (const key of [keyOf(1), keyOf(2)]) {
    await using attempt = await store.begin(key);
    await Deno.writeTextFile(`${attempt.scratchDir}/checkpoint`, "step 30");
    await Deno.writeTextFile(`${attempt.outDir}/result`, "complete");
    const remove = Deno.remove;
    Deno.remove = (path, options) =>
      path === attempt.scratchDir
        ? Promise.reject(new Deno.errors.PermissionDenied("cannot remove"))
        : remove(path, options);
    try {
      const record = await attempt.commit(newArtifact());
      assert.deepEqual(await store.find(key), record);
    } finally {
      Deno.remove = remove;
    }
  }
  assert.deepEqual(namesIn(`${root}/scratch`), [keyOf(1), keyOf(2)]);

  await using again = await store.begin(keyOf(1), { isStale: () => true });
  assert.equal(again.existing, undefined);
  assert.deepEqual(namesIn(again.scratchDir), [], "a stale artifact's scratch is no checkpoint");
  const other = await ArtifactStore.open(root);
  await using unfinished = await other.begin(keyOf(3));
  assert.deepEqual(namesIn(`${root}/scratch`), [keyOf(1), keyOf(3)]);
  await unfinished.abandon();
});

Deno.test("emptyScratch() removes what an earlier attempt left, and keeps the folder", async () => {
  using fixture = await emptyStore();
  await using attempt = await fixture.store.begin(KEY);
  await Deno.mkdir(`${attempt.scratchDir}/task`);
  await Deno.writeTextFile(`${attempt.scratchDir}/task/checkpoint`, "step 30");
  await attempt.emptyScratch();
  assert.deepEqual(namesIn(attempt.scratchDir), []);
  await Deno.writeTextFile(`${attempt.scratchDir}/checkpoint`, "step 1");
});
