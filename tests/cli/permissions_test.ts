/**
 * What a user may not read or write. Root may do everything, so these are left out there;
 * run them as another user: `setpriv --reuid=65534 --clear-groups deno test ...`.
 */
import assert from "node:assert/strict";
import { TASKS, TinyStudy } from "./tiny_study.ts";

function testAsUser(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${name} (not as root)`, ignore: Deno.uid() === 0, fn });
}

/** Takes rights from a file for as long as something is done. */
async function without<T>(path: string, mode: number, work: () => Promise<T>): Promise<T> {
  const { mode: before } = await Deno.stat(path);
  await Deno.chmod(path, mode);
  try {
    return await work();
  } finally {
    await Deno.chmod(path, before!);
  }
}

const PLAIN = /^\s+at .*\.ts:|This is a bug/m;

testAsUser("a folder of results that may not be written is told with a mend", async () => {
  await using study = await TinyStudy.make();
  await Deno.mkdir(study.path("results"));
  await without(study.path("results"), 0o555, async () => {
    const { code, stderr } = await study.call("run", "study.yaml");
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /results\S*: cannot .*\[store\/io\]\n {2}mend: give yourself the right to/,
    );
    assert.doesNotMatch(stderr, PLAIN);
  });
  assert.equal((await study.run()).tasks.ran, TASKS);
});

testAsUser("a spec and a file of text that may not be read are told with a mend", async () => {
  await using study = await TinyStudy.make();
  await without(study.path("study.yaml"), 0, async () => {
    const { code, stderr } = await study.call("plan", "study.yaml");
    assert.equal(code, 2);
    assert.match(
      stderr,
      /study\.yaml cannot be read .*\n {2}mend: give yourself the right to read it/,
    );
  });
  await without(study.path("text.txt"), 0, async () => {
    const { code, stderr } = await study.call("plan", "study.yaml");
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^study\.yaml:9:\d+: cannot read the file "text\.txt": .*\n {2}mend: name a regular file/m,
    );
    assert.doesNotMatch(stderr, PLAIN);
  });
});

testAsUser(
  "a database that may not be read is told; one that may not be written can be asked",
  async () => {
    await using study = await TinyStudy.make();
    await study.run();
    const database = study.path("results/titrate.duckdb");
    await without(database, 0, async () => {
      for (const call of [["status"], ["sql", "FROM runs"]]) {
        const { code, stderr } = await study.call(...call);
        assert.notEqual(code, 0);
        assert.match(stderr, /\[store\/io\]\n {2}mend: give yourself the right to read/);
        assert.doesNotMatch(stderr, PLAIN);
      }
    });
    await without(database, 0o444, async () => {
      assert.deepEqual(await study.sql("SELECT status FROM runs"), [{ status: "done" }]);
      assert.equal((await study.call("status")).code, 0);
    });
  },
);

testAsUser(
  "an artifact that may not be read fails what reads it, with a mend, and stays",
  async () => {
    await using study = await TinyStudy.make();
    await study.run();
    const [{ key }] = await study.sql("SELECT key FROM cells WHERE stage = 'shards'");
    const artifact = study.path(`results/store/objects/${key.slice(0, 2)}/${key}`);
    await without(`${artifact}/artifact.json`, 0, async () => {
      const { code, stderr } = await study.call("run", "study.yaml");
      assert.notEqual(code, 0);
      assert.match(
        stderr,
        /cannot read an artifact: .*\[store\/io\]\n {2}mend: give yourself the right/,
      );
      assert.doesNotMatch(stderr, PLAIN);
    });
    assert.equal((await study.run()).tasks.cached, TASKS);
  },
);

testAsUser("plan, status and sql work in a folder of results that may only be read", async () => {
  await using study = await TinyStudy.make();
  await study.run();
  await without(study.path("results"), 0o555, async () => {
    for (const call of [["plan", "study.yaml"], ["status"], ["sql", "FROM runs"]]) {
      const { code, stderr } = await study.call(...call);
      assert.equal(code, 0, stderr);
    }
  });
});
