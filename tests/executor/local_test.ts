import assert from "node:assert/strict";
import process from "node:process";
import { ExperimentError, formatFault } from "../../lib/base/errors.ts";
import type { Job, JobEvent, JobLoad } from "../../lib/executor/executor.ts";
import { LocalExecutor } from "../../lib/executor/local/local_executor.ts";
import { ArtifactStore } from "../../lib/store/objects/artifacts.ts";
import { readMeasurements } from "../../lib/store/objects/measurements.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { jobOf, keyOf, linesOf, valueOf, withExecutor, workerOptions } from "./harness.ts";

/** Resolves when an executor tells this warning; for waiting until a task is at work. */
function whenTold(warning: string): { onEvent: (event: JobEvent) => void; told: Promise<void> } {
  let tell = () => {};
  const told = new Promise<void>((resolve) => tell = resolve);
  const onEvent = (event: JobEvent) => {
    if (event.type === "warning" && event.message === warning) tell();
  };
  return { onEvent, told };
}

async function faultsOf(work: Promise<unknown>): Promise<string[]> {
  const error = await work.then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof ExperimentError, `an ExperimentError, not ${error}`);
  return error.faults.map(formatFault);
}

Deno.test("LocalExecutor commits what a task writes, with a record of how it came", async () => {
  await withExecutor({}, async ({ store, executor }) => {
    const before = Date.now();
    const job = jobOf("sum", "add", { params: { terms: [1, 2] } });
    const { record, wasThere } = await executor.execute(job);
    assert.equal(wasThere, false);
    assert.equal(await valueOf(store, "sum"), 3);
    assert.deepEqual(record, await store.find(job.key));
    assert.equal(record.kind, "add");
    assert.deepEqual(record.params, { terms: [1, 2], tally: "" });
    assert.deepEqual(record.outcome, { facts: { steps: 3 }, scores: [] });
    assert.equal(record.code, "code");
    assert.equal(record.device, "none");
    assert.equal(record.attempt, 1);
    assert.ok(Date.parse(record.startedAt) >= before - 1);
    assert.ok(record.elapsedMs >= 0);
  });
});

Deno.test("an artifact records its device, and the engine where one computed it", async () => {
  await withExecutor({}, async ({ executor }) => {
    for (const [kind, engine] of [["add", undefined], ["estimate", "none"]] as const) {
      const job = jobOf(kind, kind, { params: { terms: [1] } });
      const { record } = await executor.execute({ ...job, device: "slate" });
      assert.deepEqual([record.device, record.engine], ["slate", engine]);
    }
  });
});

Deno.test("LocalExecutor.check() asks a worker, which then takes the first job", async () => {
  await withExecutor({ slots: 1 }, async ({ dir, executor }) => {
    assert.deepEqual(await faultsOf(executor.check("abacus")), [
      "no abacus [executor/input-lost]\n  mend: use another one",
    ]);
    await executor.check("none");
    const tally = `${dir}/tally`;
    const job = jobOf("a", "add", { params: { terms: [1], tally } });
    await executor.execute(job);
    assert.match(await Deno.readTextFile(tally), /^add 1 in \d+\n$/);
  });
});

Deno.test("LocalExecutor says of every job why no worker can be started for it", async () => {
  using folder = new TempDir();
  const store = await ArtifactStore.open(`${folder.path}/store`);
  const missing = { ...workerOptions.grant, startIn: `${folder.path}/missing` };
  await using executor = new LocalExecutor({ ...workerOptions, grant: missing, slots: 1, store });
  for (const name of ["a", "b"]) {
    const job = jobOf(name, "add", { params: { terms: [1] } });
    const [fault, ...others] = await faultsOf(executor.execute(job));
    assert.deepEqual(others, []);
    assert.match(fault!, /^cannot start a worker: .* \[executor\/no-worker\]\n {2}mend: /);
  }
});

Deno.test("LocalExecutor gives a task its inputs, each output by its folder", async () => {
  await withExecutor({}, async ({ store, executor }) => {
    await executor.execute(jobOf("one", "add", { params: { terms: [1] } }));
    await executor.execute(jobOf("five", "add", {
      params: { terms: [2] },
      inputs: {
        addends: [{ key: keyOf("one"), output: "" }, { key: keyOf("one"), output: "double" }],
      },
    }));
    assert.equal(await valueOf(store, "five"), 5);
  });
});

Deno.test("LocalExecutor uses an artifact that is there", async () => {
  await withExecutor({}, async ({ dir, executor }) => {
    const job = jobOf("sum", "add", { params: { terms: [1], tally: `${dir}/tally` } });
    await executor.execute(job);
    const again = await executor.execute(job);
    assert.equal(again.wasThere, true);
    assert.deepEqual((await linesOf(`${dir}/tally`)).length, 1);
  });
});

Deno.test("LocalExecutor makes an artifact anew that it is told to replace, once", async () => {
  await withExecutor({}, async ({ dir, store, executor }) => {
    const job = jobOf("sum", "add", { params: { terms: [1], tally: `${dir}/tally` } });
    const { record } = await executor.execute(job);
    const again = await executor.execute({ ...job, code: "new", replaces: record.startedAt });
    assert.equal(again.wasThere, false);
    assert.equal(again.record.code, "new");
    assert.equal(again.record.attempt, 2);
    const third = await executor.execute({ ...job, code: "new", replaces: record.startedAt });
    assert.equal(third.wasThere, true);
    assert.equal((await linesOf(`${dir}/tally`)).length, 2);
    assert.deepEqual([...Deno.readDirSync(`${store.root}/tmp`)], []);
  });
});

Deno.test("LocalExecutor keeps a worker warm for its device, whatever the kind", async () => {
  await withExecutor({ slots: 1 }, async ({ dir, executor }) => {
    const tally = `${dir}/tally`;
    const add = (name: string) => jobOf(name, "add", { params: { terms: [1], tally } });
    await executor.execute(add("a"));
    await executor.execute(jobOf("b", "wait", { params: { ms: 0 } }));
    await executor.execute(add("c"));
    const other = jobOf("d", "wait", { params: { ms: 0 } });
    await executor.execute({ ...other, device: "other" });
    await executor.execute(add("e"));
    const lines = await linesOf(tally);
    assert.equal(lines[1], lines[0]);
    assert.notEqual(lines[2], lines[0], "another device took its place meanwhile");
  });
});

Deno.test("LocalExecutor gives what needs a device to the worker that has opened it", async () => {
  await withExecutor({}, async ({ dir, store }) => {
    const tally = `${dir}/tally`;
    const warmFor = ({ kind, device }: Job) => kind === "estimate" ? device : "";
    await using executor = new LocalExecutor({ ...workerOptions, slots: 2, store, warmFor });
    for (const [name, kind] of [["a", "estimate"], ["b", "add"], ["c", "add"], ["d", "estimate"]]) {
      await executor.execute(jobOf(name!, kind!, { params: { terms: [1], tally } }));
    }
    const [a, b, c, d] = await linesOf(tally);
    assert.equal(d, a);
    assert.equal(c, b);
    assert.notEqual(a, b);
  });
});

Deno.test("LocalExecutor tells a task its part of the device's memory", async () => {
  await withExecutor({}, async ({ store }) => {
    const memoryShare = ({ device }: Job) => device === "shared" ? 0.25 : undefined;
    await using executor = new LocalExecutor({ ...workerOptions, slots: 1, store, memoryShare });
    await executor.execute({ ...jobOf("a", "memory"), device: "shared" });
    await executor.execute({ ...jobOf("b", "memory"), device: "own" });
    assert.deepEqual([await valueOf(store, "a"), await valueOf(store, "b")], [0.25, 1]);
  });
});

Deno.test("LocalExecutor ends idle workers that hold what a job needs, before it begins", async () => {
  await withExecutor({}, async ({ dir, store }) => {
    const tally = `${dir}/tally`, gate = `${dir}/gate`;
    const warmFor = ({ device }: Job) => device;
    const endsBefore = (warm: string, job: Job) => warm === "part" && job.device === "whole";
    const options = { ...workerOptions, slots: 3, store, warmFor, endsBefore };
    await using executor = new LocalExecutor(options);
    const add = (name: string, device: string) => (
      { ...jobOf(name, "add", { params: { terms: [1], tally } }), device }
    );
    // Two parts at once, so that two workers hold some; a third that holds nothing.
    const waiting = { ...jobOf("w", "gate", { params: { file: gate } }), device: "part" };
    const waited = executor.execute(waiting);
    await executor.execute(add("a", "part"));
    await executor.execute(add("b", "none"));
    await Deno.writeTextFile(gate, "open");
    await waited;
    const [part, none] = await linesOf(tally);
    const isThere = (line: string) => {
      try {
        return process.kill(Number(/\d+$/.exec(line)![0]), 0);
      } catch {
        return false;
      }
    };
    // One that is slow to end is waited for.
    process.kill(Number(/\d+$/.exec(part!)![0]), "SIGSTOP");
    await executor.execute(add("c", "whole"));
    assert.deepEqual([isThere(part!), isThere(none!)], [false, true]);
    await executor.execute(add("d", "none"));
    await executor.execute(add("e", "whole"));
    const [, , whole, again, last] = await linesOf(tally);
    assert.equal(again, none);
    assert.equal(last, whole);
  });
});

Deno.test("LocalExecutor lets no job begin while a worker still ends that holds what it needs", async () => {
  await withExecutor({}, async ({ dir, store }) => {
    const tally = `${dir}/tally`;
    const warmFor = ({ device }: Job) => device;
    const endsBefore = (warm: string, job: Job) => warm === "whole" && job.device === "part";
    const options = { ...workerOptions, slots: 3, store, warmFor, endsBefore };
    await using executor = new LocalExecutor(options);
    const add = (name: string, device: string) => (
      { ...jobOf(name, "add", { params: { terms: [1], tally } }), device }
    );
    await executor.execute(add("a", "whole"));
    const pid = Number(/\d+$/.exec((await linesOf(tally))[0]!)![0]);
    const isThere = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    process.kill(pid, "SIGSTOP");
    // The first ends it; the second finds it idle no more, and not gone either.
    const begun: boolean[] = [];
    const onEvent = (event: JobEvent) => {
      if (event.type === "started") begun.push(isThere());
    };
    await Promise.all(
      ["b", "c"].map((name) => executor.execute(add(name, "part"), { onEvent })),
    );
    assert.deepEqual(begun, [false, false]);
  });
});

Deno.test("LocalExecutor refuses more jobs than it has slots: the scheduler waits, not it", async () => {
  await withExecutor({ slots: 1 }, async ({ dir, executor }) => {
    assert.equal(executor.slots, 1);
    const gate = `${dir}/gate`;
    const first = executor.execute(jobOf("first", "gate", { params: { file: gate } }));
    const second = jobOf("second", "add", { params: { terms: [] } });
    await assert.rejects(executor.execute(second), { message: "all 1 slots are taken" });
    await Deno.writeTextFile(gate, "open");
    await first;
    await executor.execute(second);
  });
});

Deno.test("LocalExecutor gives a task the threads that its load asks for", async () => {
  await withExecutor({}, async ({ store }) => {
    const loads: JobLoad[] = [];
    const threads = (load: JobLoad) => loads.push(load);
    await using executor = new LocalExecutor({ ...workerOptions, slots: 1, store, threads });
    const load = { flops: 5, active: 3 };
    await executor.execute(jobOf("a", "threads"), { load });
    await executor.execute(jobOf("b", "threads"));
    assert.deepEqual(loads, [load, { flops: 0, active: 1 }]);
    assert.deepEqual([await valueOf(store, "a"), await valueOf(store, "b")], [1, 2]);
  });
});

Deno.test("LocalExecutor makes the environment of workers by name, library paths included", async () => {
  await withExecutor({}, async ({ store }) => {
    const env = {
      ...Deno.env.toObject(),
      LD_LIBRARY_PATH: "/none/lib:/none/lib64",
      LD_PRELOAD: "/none/preload.so",
      DYLD_INSERT_LIBRARIES: "/none/preload.dylib",
      CUDA_VISIBLE_DEVICES: "1",
      TITRATE_DATA: "/data",
      SECRET_TOKEN: "s3cret",
    };
    await using executor = new LocalExecutor({ ...workerOptions, slots: 1, store, env });
    await executor.execute(jobOf("e", "environment"));
    const path = `${store.dirOf(keyOf("e"))}/environment.json`;
    const { PATH, HOME, ...seen } = JSON.parse(await Deno.readTextFile(path));
    assert.deepEqual([PATH, HOME], [Deno.env.get("PATH"), Deno.env.get("HOME")]);
    assert.equal(seen.LD_LIBRARY_PATH, "/none/lib:/none/lib64");
    assert.equal(seen.CUDA_VISIBLE_DEVICES, "1");
    assert.equal(seen.TITRATE_DATA, "/data");
    for (const name of ["SECRET_TOKEN", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES"]) {
      assert.equal(seen[name], undefined, name);
    }
  });
});

Deno.test("LocalExecutor passes events on, and measurements into the artifact", async () => {
  await withExecutor({}, async ({ store, executor }) => {
    const events: JobEvent[] = [];
    await executor.execute(jobOf("count", "count", { params: { steps: 3 } }), {
      onEvent: (event) => events.push(event),
    });
    assert.deepEqual(events[0], { type: "started", attempt: 1 });
    assert.deepEqual(
      events.filter((each) => each.type === "measurement").map((each) => each.value),
      [
        NaN,
        1 / 2,
        1 / 3,
      ],
    );
    const progress = events.filter((each) => each.type === "progress");
    assert.deepEqual(progress[0], {
      type: "progress",
      done: 1,
      total: 3,
      unit: "steps",
      lossNats: 1,
    });
    assert.equal(progress.at(-1)!.done, 3, "the last progress is always told");
    const measured = await readMeasurements(store.dirOf(keyOf("count")));
    assert.deepEqual(measured.map(({ step, value }) => [step, value]), [
      [1, NaN],
      [2, 1 / 2],
      [3, 1 / 3],
    ]);
  });
});

Deno.test("LocalExecutor tells a task's messages from what else is printed", async () => {
  await withExecutor({}, async ({ executor }) => {
    const told: unknown[] = [];
    const { wasThere } = await executor.execute(jobOf("noisy", "noisy"), {
      onEvent: (event) => told.push(event),
    });
    assert.equal(wasThere, false);
    assert.deepEqual(told.at(-1), { type: "warning", message: "line\nbreak \x1e and mark" });
  });
});

Deno.test("LocalExecutor rejects with a task's faults, places and mends kept", async () => {
  await withExecutor({}, async ({ dir, executor }) => {
    const failing = executor.execute(jobOf("f", "fail", { params: { how: "mendable" } }));
    assert.deepEqual(await faultsOf(failing), [
      'data.txt:3: cannot read "12 parsecs" [base/unit]\n  mend: write a time',
    ]);
    const [fault] = await faultsOf(
      executor.execute(jobOf("full", "fail", { params: { how: "full" } })),
    );
    assert.match(fault!, /: cannot write what fail makes: no space left .*\[store\/disk-full\]/);
    assert.deepEqual([...Deno.readDirSync(`${dir}/store/tmp`)], [], "nothing half-written");
  });
});

Deno.test("LocalExecutor rejects with the worker's stack when a task has a bug", async () => {
  await withExecutor({}, async ({ executor }) => {
    await assert.rejects(
      executor.execute(jobOf("f", "fail", { params: { how: "bug" } })),
      (error: unknown) => {
        assert.ok(error instanceof Error && !(error instanceof ExperimentError));
        assert.equal(error.message, "x is not a function");
        assert.match(error.stack!, /fixtures\/kinds\.ts:\d+/);
        return true;
      },
    );
  });
});

Deno.test("LocalExecutor refuses a task of a version or a kind its workers do not know", async () => {
  await withExecutor({}, async ({ executor }) => {
    const job = jobOf("x", "add", { params: { terms: [] } });
    await assert.rejects(executor.execute({ ...job, version: 2 }), {
      message: "add is of version 1, the job of 2",
    });
    await assert.rejects(executor.execute({ ...job, kind: "none" }), {
      message: 'this worker knows no kind "none"',
    });
  });
});

Deno.test("LocalExecutor reports how a worker died, and goes on with another", async () => {
  await withExecutor({ slots: 1 }, async ({ store, executor }) => {
    const dieOf = (how: string) =>
      faultsOf(executor.execute(jobOf(how, "fail", { params: { how } })));
    const [exit] = await dieOf("exit");
    const lines = exit!.split("\n");
    assert.deepEqual(lines.slice(0, 2), [
      "the worker doing a task of fail ended with exit code 3 [executor/worker-died]",
      "  mend: run again, it goes on from its last checkpoint; what it said last may tell why it " +
      "died:",
    ]);
    assert.deepEqual(lines.slice(2).sort(), [
      "    said on standard error",
      "    said on standard output",
    ]);
    assert.deepEqual(await dieOf("kill"), [
      "the worker doing a task of fail was killed by SIGKILL [executor/worker-died]\n" +
      "  mend: if memory ran out, give the task less, such as a smaller batch or fewer jobs; run " +
      "again, it goes on from its last checkpoint",
    ]);
    assert.match((await dieOf("reject"))[0]!, /nobody catches this/);
    await executor.execute(jobOf("sum", "add", { params: { terms: [1] } }));
    assert.equal(await valueOf(store, "sum"), 1);
  });
});

Deno.test("LocalExecutor does not blame a job for a warm worker that died before it", async () => {
  await withExecutor({ slots: 1 }, async ({ dir, store, executor }) => {
    const params = { how: "later", file: `${dir}/die` };
    for (const name of ["first", "second"]) {
      await executor.execute(jobOf(name, "fail", { params }));
      await Deno.writeTextFile(`${dir}/die`, "");
      while ((await linesOf(`${dir}/die`)).length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await Deno.remove(`${dir}/die`);
    }
    await executor.execute(jobOf("third", "fail", { params: { how: "not at all" } }));
    assert.notEqual(await store.find(keyOf("third")), undefined);
  });
});

Deno.test("LocalExecutor reports a worker that cannot even start", async () => {
  await withExecutor({}, async ({ store }) => {
    const worker = new URL("./fixtures/none.ts", import.meta.url);
    await using executor = new LocalExecutor({ ...workerOptions, worker, slots: 1, store });
    const [fault] = await faultsOf(executor.execute(jobOf("x", "add", { params: { terms: [] } })));
    assert.match(fault!, /ended with exit code 1 .*Module not found/s);
  });
});

Deno.test("LocalExecutor never lets a task read what is lost or damaged", async () => {
  await withExecutor({}, async ({ store, executor }) => {
    const inputs = { addends: [{ key: keyOf("one"), output: "" }] };
    const reader = jobOf("reader", "add", { params: { terms: [] }, inputs });
    const lost = `the input ${keyOf("one")} is missing or damaged [executor/input-lost]\n` +
      "  mend: run again: what is lost is computed anew";
    assert.deepEqual(await faultsOf(executor.execute(reader)), [lost]);
    await executor.execute(jobOf("one", "add", { params: { terms: [1] } }));
    const path = `${store.dirOf(keyOf("one"))}/value.txt`;
    await Deno.chmod(path, 0o644);
    await Deno.writeTextFile(path, "7");
    assert.deepEqual(await faultsOf(executor.execute(reader)), [lost]);
    assert.equal(await store.find(keyOf("one")), undefined, "it is set aside");
  });
});

Deno.test("LocalExecutor lets a task start from an earlier point of its training", async () => {
  await withExecutor({}, async ({ dir, store, executor }) => {
    const tally = `${dir}/tally`;
    await executor.execute(jobOf("two", "count", { params: { steps: 2, tally } }));
    await executor.execute(jobOf("four", "count", {
      params: { steps: 4, tally },
      start: { key: keyOf("two"), step: 2 },
    }));
    assert.equal(await valueOf(store, "four"), 4);
    assert.deepEqual(await linesOf(tally), ["step 1", "step 2", "step 3", "step 4"]);
  });
});

Deno.test("LocalExecutor after a kill goes on from the checkpoint and drops no step", async () => {
  await withExecutor({}, async ({ dir, store, executor }) => {
    await Deno.writeTextFile(`${dir}/die`, "5");
    const params = { steps: 6, dieAt: `${dir}/die`, tally: `${dir}/tally` };
    const job = jobOf("count", "count", { params });
    assert.match((await faultsOf(executor.execute(job)))[0]!, /killed by SIGKILL/);
    assert.equal(await store.find(job.key), undefined);
    const warnings: string[] = [];
    const { record } = await executor.execute({ ...job, code: "new" }, {
      onEvent: (event) => {
        if (event.type === "warning") warnings.push(event.message);
      },
    });
    assert.deepEqual(warnings, ["goes on from an unfinished attempt of other code"]);
    assert.equal(record.attempt, 2);
    const steps = ["step 1", "step 2", "step 3", "step 4", "step 5", "step 5", "step 6"];
    assert.deepEqual(await linesOf(`${dir}/tally`), steps);
    const measured = await readMeasurements(store.dirOf(job.key));
    assert.deepEqual(measured.map(({ step }) => step), [1, 2, 3, 4, 5, 6]);
  });
});

Deno.test("LocalExecutor under strict code goes on from no checkpoint of other code", async () => {
  await withExecutor({}, async ({ dir, store, executor }) => {
    const tally = `${dir}/tally`, dieAt = `${dir}/die`;
    const job = jobOf("count", "count", { params: { steps: 6, dieAt, tally } });
    const attempt = async (code: string, options: { dieAt?: number; strictCode?: boolean }) => {
      await Deno.writeTextFile(tally, "");
      if (options.dieAt !== undefined) await Deno.writeTextFile(dieAt, String(options.dieAt));
      const warnings: string[] = [];
      const strictCode = options.strictCode ?? false;
      await executor.execute({ ...job, code, strictCode }, {
        onEvent: (event) => {
          if (event.type === "warning") warnings.push(event.message);
        },
      }).catch(() => {});
      return { first: (await linesOf(tally))[0], warnings };
    };
    const dropped = ["an unfinished attempt of other code is dropped"];
    const wentOn = ["goes on from an unfinished attempt of other code"];
    assert.deepEqual(await attempt("old", { dieAt: 3 }), { first: "step 1", warnings: [] });
    assert.deepEqual(await attempt("new", { dieAt: 5, strictCode: true }), {
      first: "step 1",
      warnings: dropped,
    });
    const own = await attempt("new", { dieAt: 5, strictCode: true });
    assert.deepEqual(own, { first: "step 5", warnings: [] }, "its own it goes on from");
    assert.deepEqual(await attempt("other", { dieAt: 6 }), { first: "step 5", warnings: wentOn });
    // Code of both wrote it now: the later one too may not go on.
    assert.deepEqual(await attempt("new", { dieAt: 6 }), { first: "step 5", warnings: wentOn });
    assert.deepEqual(await attempt("new", { strictCode: true }), {
      first: "step 1",
      warnings: dropped,
    });
    const measured = await readMeasurements(store.dirOf(job.key));
    assert.deepEqual(measured.map(({ step }) => step), [1, 2, 3, 4, 5, 6]);
  });
});

Deno.test("LocalExecutor is not misled by a note of code that a kill left empty", async () => {
  await withExecutor({}, async ({ store, executor }) => {
    const job = jobOf("count", "count", { params: { steps: 2 } });
    await Deno.mkdir(`${store.root}/scratch/${job.key}`, { recursive: true });
    await Deno.writeTextFile(`${store.root}/scratch/${job.key}/code.txt`, "");
    const warnings: JobEvent[] = [];
    await executor.execute(job, {
      onEvent: (event) => {
        if (event.type === "warning") warnings.push(event);
      },
    });
    assert.deepEqual(warnings, []);
  });
});

Deno.test("LocalExecutor on abort lets a task save a checkpoint, and keeps the worker", async () => {
  await withExecutor({ slots: 1 }, async ({ dir, executor }) => {
    const abort = new AbortController();
    const reason = new Error("Ctrl-C");
    const params = { steps: 1000, stepMs: 5, tally: `${dir}/tally` };
    const job = jobOf("count", "count", { params });
    const running = executor.execute(job, {
      signal: abort.signal,
      onEvent: (event) => {
        if (event.type === "measurement") abort.abort(reason);
      },
    });
    assert.equal(await running.catch((error: unknown) => error), reason);
    const done = (await linesOf(`${dir}/tally`)).length;
    const saved = await Deno.readTextFile(`${dir}/store/scratch/${job.key}/task/checkpoint.txt`);
    assert.equal(Number(saved), done);
    await executor.execute(jobOf("sum", "add", { params: { terms: [1] } }));
  });
});

Deno.test("LocalExecutor kills a task that does not heed the abort", async () => {
  await withExecutor({ graceMs: 50 }, async ({ store, executor }) => {
    for (const [kind, word] of [["wait", "waiting"], ["spin", "spinning"]] as const) {
      const abort = new AbortController();
      const { onEvent, told } = whenTold(word);
      const params = { ms: 600_000, ...(kind === "wait" ? { isDeaf: true } : {}) };
      const job = jobOf(kind, kind, { params });
      const running = executor.execute(job, { signal: abort.signal, onEvent });
      await told;
      abort.abort(new Error("Ctrl-C"));
      await assert.rejects(running, { message: "Ctrl-C" });
      // The lock is free again: the process is gone.
      await (await store.begin(job.key)).abandon();
    }
  });
});

Deno.test("LocalExecutor starts nothing for a signal that is aborted already", async () => {
  await withExecutor({ slots: 1 }, async ({ executor }) => {
    const job = jobOf("x", "add", { params: { terms: [] } });
    const signal = AbortSignal.abort(new Error("Ctrl-C"));
    await assert.rejects(executor.execute(job, { signal }), { message: "Ctrl-C" });
  });
});

Deno.test("LocalExecutor.close() ends busy workers, the deaf ones too", async () => {
  await withExecutor({}, async ({ store, executor }) => {
    const { onEvent, told } = whenTold("spinning");
    const job = jobOf("spin", "spin", { params: { ms: 600_000 } });
    const running = executor.execute(job, { onEvent });
    const ended = assert.rejects(running, { code: "executor/worker-died" });
    await told;
    await executor.close();
    // Its lock is free at once: the process is gone.
    const onWait = () => assert.fail("the worker is still there");
    await (await store.begin(job.key, { onWait })).abandon();
    await ended;
    await assert.rejects(executor.execute(job), { message: "the executor is closed" });
  });
});
