import assert from "node:assert/strict";
import {
  formatMessage,
  type FromWorker,
  MARK,
  messageLines,
  parseMessage,
  PROTOCOL,
  type ToWorker,
} from "../../lib/executor/protocol.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { jobOf, workerOptions } from "./harness.ts";

/** A worker process spoken to without an executor. */
class RawWorker {
  readonly child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...workerOptions.grant.flags, workerOptions.worker.href],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  readonly #input = this.child.stdin.getWriter();
  readonly #lines = messageLines(this.child.stdout);

  async say(message: ToWorker): Promise<void> {
    await this.#input.write(new TextEncoder().encode(formatMessage(message)));
  }

  async hear(): Promise<FromWorker | undefined> {
    const { value, done } = await this.#lines.next();
    if (done === true) return undefined;
    assert.ok(value.startsWith(MARK));
    return parseMessage<FromWorker>(value.slice(MARK.length));
  }

  async hangUp(): Promise<void> {
    await this.#input.close();
  }
}

Deno.test("serveWorker() greets with its protocol, and exits when its input ends", async () => {
  const worker = new RawWorker();
  assert.deepEqual(await worker.hear(), {
    type: "hello",
    protocol: PROTOCOL,
    pid: worker.child.pid,
  });
  await worker.hangUp();
  assert.equal(await worker.hear(), undefined);
  assert.equal((await worker.child.status).code, 0);
});

Deno.test("serveWorker() ignores SIGINT, and an abort of a job that is over", async () => {
  using dir = new TempDir();
  const worker = new RawWorker();
  await worker.hear();
  worker.child.kill("SIGINT");
  for (const name of ["first", "second"]) {
    await worker.say({
      type: "job",
      job: jobOf(name, "add", { params: { terms: [] } }),
      threads: 1,
      store: dir.path,
    });
    assert.deepEqual(await worker.hear(), { type: "started", attempt: 1 });
    assert.deepEqual(await worker.hear(), { type: "done", wasThere: false });
    await worker.say({ type: "abort", key: jobOf(name, "add", { params: { terms: [] } }).key });
  }
  await worker.hangUp();
  assert.equal(await worker.hear(), undefined);
  assert.equal((await worker.child.status).code, 0);
});

Deno.test("serveWorker() answers an abort of its job when the task heeds it", async () => {
  using dir = new TempDir();
  const worker = new RawWorker();
  await worker.hear();
  const job = jobOf("long", "wait", { params: { ms: 600_000 } });
  await worker.say({ type: "job", job, threads: 1, store: dir.path });
  assert.equal((await worker.hear())?.type, "started");
  assert.equal((await worker.hear())?.type, "warning");
  await worker.say({ type: "abort", key: job.key });
  assert.deepEqual(await worker.hear(), { type: "aborted" });
  await worker.hangUp();
  assert.equal(await worker.hear(), undefined);
  assert.equal((await worker.child.status).code, 0);
});
