import assert from "node:assert/strict";
import type { JobEvent } from "../../lib/executor/executor.ts";
import { LocalExecutor } from "../../lib/executor/local/local_executor.ts";
import { ExperimentError, formatFault } from "../../lib/base/errors.ts";
import { ArtifactStore } from "../../lib/store/objects/artifacts.ts";
import { removeFolder } from "../_support/temp_dir.ts";
import { until } from "../_support/until.ts";
import { type Bench, jobOf, keyOf, valueOf, withExecutor, workerOptions } from "./harness.ts";

/** A second run on the store of the first. */
async function beside({ store }: Bench): Promise<Bench["executor"]> {
  const other = await ArtifactStore.open(store.root);
  return new LocalExecutor({ ...workerOptions, slots: 2, store: other });
}

/** A job that waits for a file to be there, with the artifact "base" as its input. */
function reader(dir: string, name: string) {
  const inputs = { addends: [{ key: keyOf("base"), output: "" }] };
  return jobOf(name, "gated_add", { params: { file: `${dir}/${name}` }, inputs });
}

Deno.test("--strict-code beside another run waits with what that one reads, and fails nothing", async () => {
  await withExecutor({}, async (bench) => {
    const { dir, store, executor } = bench;
    await using strict = await beside(bench);
    const base = jobOf("base", "add", { params: { terms: [5] } });
    const { record } = await executor.execute(base);
    const events: JobEvent[] = [];
    const reading = executor.execute(reader(dir, "first"), {
      onEvent: (event) => events.push(event),
    });
    await until("it reads", () => events.some(({ type }) => type === "progress"));
    const warnings: string[] = [];
    const replaced = strict.execute({ ...base, code: "new", replaces: record.startedAt }, {
      onEvent: (event) => event.type === "warning" && warnings.push(event.message),
    });
    await until("the other waits", () => warnings.length > 0);
    assert.deepEqual(warnings, [
      "waits until another run has read the result that is to be made anew",
    ]);
    assert.equal((await store.find(base.key))?.code, "code", "it is still there");
    await Deno.writeTextFile(`${dir}/first`, "open");
    await reading;
    assert.equal(await valueOf(store, "first"), 5);
    const again = await replaced;
    assert.equal(again.wasThere, false);
    assert.equal(again.record.code, "new");
  });
});

Deno.test("a task whose input another run makes anew waits for it", async () => {
  await withExecutor({}, async (bench) => {
    const { dir, store, executor } = bench;
    await using strict = await beside(bench);
    const base = jobOf("base", "gate", { params: { file: `${dir}/base` } });
    await Deno.writeTextFile(`${dir}/base`, "open");
    const { record } = await executor.execute(base);
    await Deno.remove(`${dir}/base`);
    let isOn = false;
    const replaced = strict.execute({ ...base, code: "new", replaces: record.startedAt }, {
      onEvent: ({ type }) => isOn ||= type === "started",
    });
    await until("it is made anew", () => isOn);
    const warnings: string[] = [];
    await Deno.writeTextFile(`${dir}/first`, "open");
    const reading = executor.execute(reader(dir, "first"), {
      onEvent: (event) => event.type === "warning" && warnings.push(event.message),
    });
    await until("it waits", () => warnings.length > 0);
    assert.match(
      warnings[0]!,
      /^waits for another run \(process \d+\), which makes its input [0-9a-f]{12} anew$/,
    );
    await Deno.writeTextFile(`${dir}/base`, "open");
    await Promise.all([replaced, reading]);
    assert.equal(await valueOf(store, "first"), 1);
  });
});

Deno.test("results that are deleted while a task runs are told as that, without a stack", async () => {
  await withExecutor({}, async (bench) => {
    const { dir, store, executor } = bench;
    const events: JobEvent[] = [];
    await executor.execute(jobOf("base", "add", { params: { terms: [5] } }));
    const running = executor.execute(reader(dir, "first"), {
      onEvent: (event) => events.push(event),
    });
    const error = running.then(() => undefined, (error: unknown) => error);
    await until("it reads", () => events.some(({ type }) => type === "progress"));
    removeFolder(store.root);
    await Deno.writeTextFile(`${dir}/first`, "open");
    const thrown = await error;
    assert.ok(thrown instanceof ExperimentError, String(thrown));
    assert.deepEqual(thrown.faults.map(formatFault), [
      `${store.root}: what this gated_add was making was deleted meanwhile ` +
      "[executor/results-lost]\n  mend: leave the results folder alone while a run is on; run again",
    ]);
  });
});

for (
  const [code, says] of [
    ["EIO", /cannot go on with this fail: .*\[store\/io\]\n {2}mend: the disk reports a failure/s],
    [
      "ENOLCK",
      /cannot go on with this fail: .*\[store\/io\]\n {2}mend: the file system has no locks/s,
    ],
    ["EXDEV", /cannot go on with this fail: .*\[store\/io\]\n {2}mend: .* lies on another disk/s],
    [
      "EACCES",
      /cannot go on with this fail: Permission denied \[store\/io\]\n {2}mend: give yourself the right/,
    ],
    ["EDQUOT", /cannot write what fail makes: .*\[store\/disk-full\]/s],
  ] as const
) {
  Deno.test(`${code} in a task is told without a stack`, async () => {
    await withExecutor({}, async ({ executor }) => {
      const job = jobOf(code, "fail", { params: { how: code } });
      const thrown = await executor.execute(job).then(() => undefined, (error: unknown) => error);
      assert.ok(thrown instanceof ExperimentError, String(thrown));
      assert.match(thrown.faults.map(formatFault).join("\n"), says);
    });
  });
}
