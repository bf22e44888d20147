import assert from "node:assert/strict";
import type { Job } from "../../lib/executor/executor.ts";
import { LocalExecutor } from "../../lib/executor/local/local_executor.ts";
import { messageLines } from "../../lib/executor/protocol.ts";
import { ArtifactStore } from "../../lib/store/objects/artifacts.ts";
import { jobOf, keyOf, linesOf, valueOf, withExecutor, workerOptions } from "./harness.ts";

/** Starts a driver in a process of its own on some jobs. */
function startDriver(root: string, jobs: readonly Job[]): Deno.ChildProcess {
  const driver = new URL("./fixtures/driver.ts", import.meta.url).href;
  const permissions = [...workerOptions.grant.flags, `--allow-run=${Deno.execPath()}`];
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      ...permissions,
      driver,
      root,
      ...jobs.map((job) => JSON.stringify(job)),
    ],
    stdout: "piped",
  }).spawn();
}

/** Waits until a driver says a word, and kills it as `kill -9` does. */
async function killWhenTold(driver: Deno.ChildProcess, word: string): Promise<void> {
  for await (const line of messageLines(driver.stdout)) {
    if (line === word) driver.kill("SIGKILL");
  }
  assert.equal((await driver.status).signal, "SIGKILL");
}

for (const kind of ["wait", "spin"]) {
  Deno.test(`a driver killed with -9 leaves no orphan behind, busy with ${kind}`, async () => {
    await withExecutor({}, async ({ store }) => {
      const params = { ms: 600_000, ...(kind === "wait" ? { isDeaf: true } : {}) };
      const job = jobOf("busy", kind, { params });
      await killWhenTold(startDriver(store.root, [job]), "warning");
      // The worker holds the key's lock as long as it lives.
      await using attempt = await store.begin(job.key, { signal: AbortSignal.timeout(30_000) });
      assert.equal(attempt.existing, undefined);
      assert.equal(attempt.number, 2);
    });
  });
}

Deno.test("a run after a driver killed with -9 goes on from the checkpoint", async () => {
  await withExecutor({}, async ({ dir, store, executor }) => {
    const tally = `${dir}/tally`;
    const job = jobOf("count", "count", { params: { steps: 40, stepMs: 10, tally } });
    await killWhenTold(startDriver(store.root, [job]), "measurement");
    await executor.execute(job);
    assert.equal(await valueOf(store, "count"), 40);
    const lines = await linesOf(tally);
    assert.equal(new Set(lines).size, 40);
    assert.ok(lines.length <= 42, `repeats at most what no checkpoint held: ${lines.length}`);
  });
});

Deno.test("two drivers on one store compute each key once", async () => {
  await withExecutor({}, async ({ dir, store }) => {
    const tally = `${dir}/tally`;
    const jobs = Array.from(
      { length: 4 },
      (_, index) => jobOf(`w${index}`, "wait", { params: { ms: 200 + index, tally } }),
    );
    const outputs = await Promise.all([jobs, jobs.toReversed()].map(async (each) => {
      const driver = startDriver(store.root, each);
      const lines = await Array.fromAsync(messageLines(driver.stdout));
      assert.equal((await driver.status).code, 0);
      return lines;
    }));
    assert.deepEqual(await linesOf(tally), ["wait", "wait", "wait", "wait"]);
    const all = outputs.flat();
    assert.equal(all.filter((line) => line === "done").length, 4);
    assert.equal(all.filter((line) => line === "was there").length, 4);
  });
});

Deno.test("a job tells that another run computes its key, and waits for it", async () => {
  await withExecutor({ slots: 1 }, async ({ dir, store, executor }) => {
    const other = await ArtifactStore.open(store.root);
    await using second = new LocalExecutor({ ...workerOptions, slots: 1, store: other });
    const job = jobOf("slow", "gate", { params: { file: `${dir}/gate` } });
    let started = () => {};
    const isOn = new Promise<void>((resolve) => started = resolve);
    const first = executor.execute(job, { onEvent: ({ type }) => type === "started" && started() });
    await isOn;
    const told: string[] = [];
    const { wasThere } = await second.execute(job, {
      onEvent: (event) => {
        told.push(event.type === "waiting" ? event.holder : event.type);
        Deno.writeTextFileSync(`${dir}/gate`, "open");
      },
    });
    assert.equal(wasThere, true);
    assert.match(told.join(), /^another run \(process \d+\)$/);
    assert.equal((await first).wasThere, false);
    assert.equal((await store.find(keyOf("slow")))?.attempt, 1);
  });
});
