import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { isRunning } from "../../lib/base/process.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { until } from "../_support/until.ts";

const FIXTURE = fileURLToPath(new URL("fixtures/interrupted.ts", import.meta.url));

/** A process that listens as a run does, started by `deno task` or by what starts that. */
class Listening implements Disposable {
  readonly #dir = new TempDir();
  readonly log = `${this.#dir.path}/log.txt`;
  readonly child: Deno.ChildProcess;

  constructor(
    start: readonly string[],
    { options = "", inTerminal = false }: { options?: string; inTerminal?: boolean } = {},
  ) {
    const run = `deno run --quiet --allow-ffi --allow-read --allow-write=${this.#dir.path} ` +
      `${FIXTURE} ${this.log} ${options}`;
    this.#dir.file("deno.json", JSON.stringify({ tasks: { listen: run } }));
    const config = `${this.#dir.path}/deno.json`;
    const words = [...start, "task", "--quiet", "--config", config, "listen"];
    const [program, ...args] = inTerminal
      ? ["script", "-qefc", words.join(" "), "/dev/null"]
      : words;
    this.child = new Deno.Command(program!, {
      args,
      cwd: this.#dir.path,
      stdin: inTerminal ? "piped" : "null",
      stdout: "null",
      stderr: "null",
      // As a shell gives each command a process group of its own.
      detached: !inTerminal,
    }).spawn();
  }

  lines(): string[] {
    return Deno.readTextFileSync(this.log).trimEnd().split("\n");
  }

  async ready(): Promise<number> {
    await until("it listens", () => this.lines()[0]!.startsWith("ready"));
    return Number(this.lines()[0]!.split(" ")[1]);
  }

  /** What it noted once its process is gone. */
  async end(pid: number): Promise<string[]> {
    await until("it is gone", () => !isRunning(pid));
    return this.lines().slice(1);
  }

  async press(key: string): Promise<void> {
    const writer = this.child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(key));
    writer.releaseLock();
  }

  [Symbol.dispose](): void {
    try {
      const [pid] = /\d+/.exec(this.lines()[0] ?? "") ?? [];
      if (pid !== undefined && isRunning(Number(pid))) Deno.kill(Number(pid), "SIGKILL");
      this.child.kill("SIGKILL");
    } catch {
      // It is gone, as it should be.
    }
    this.#dir[Symbol.dispose]();
  }
}

async function isThere(program: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

const STOPPING = /^stopping: running tasks save a checkpoint/;
const hasScript = await isThere("script", "--version");
const hasNpx = hasScript && await isThere("npx", "--no-install", "deno", "--version");

for (
  const [name, start, isUsable] of [
    ["deno task", ["deno"], hasScript],
    ["npx deno task", ["npx", "--no-install", "deno"], hasNpx],
  ] as const
) {
  Deno.test({
    name: `one Ctrl-C in a terminal is one, though ${name} passes it on as well` +
      (isUsable ? "" : " (ignored: this machine lacks what it needs)"),
    ignore: !isUsable,
    async fn() {
      // Which of the two comes first, and how long after, is up to chance.
      for (let tries = 0; tries < 4; tries++) {
        using listening = new Listening(start, { inTerminal: true });
        const pid = await listening.ready();
        await listening.press("\x03");
        const [stopping, saved, ...more] = await listening.end(pid);
        assert.match(stopping!, STOPPING);
        assert.deepEqual([saved, ...more], ["saved"]);
        await listening.child.stdin.close();
        await listening.child.status;
      }
    },
  });
}

Deno.test("a signal that comes again by another way within a second is the same one", async () => {
  using listening = new Listening(["deno"]);
  const pid = await listening.ready();
  Deno.kill(pid, "SIGINT");
  await until("it stops", () => listening.lines().length > 1);
  for (const signal of ["SIGINT", "SIGTERM", "SIGINT"] as const) Deno.kill(pid, signal);
  assert.equal((await listening.end(pid)).at(-1), "saved");
  await listening.child.status;
});

Deno.test("a second signal after a second leaves at once", async () => {
  using listening = new Listening(["deno"]);
  const pid = await listening.ready();
  Deno.kill(pid, "SIGINT");
  Deno.kill(pid, "SIGTERM");
  await until("it stops", () => listening.lines().length > 1);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  Deno.kill(pid, "SIGINT");
  assert.equal((await listening.end(pid)).at(-1), "left at once with 130");
  await listening.child.status;
});

for (const signal of ["SIGTERM", "SIGHUP", "SIGKILL"] as const) {
  Deno.test(`${signal} to deno task stops what it started, which saves first`, async () => {
    using listening = new Listening(["deno"]);
    const pid = await listening.ready();
    listening.child.kill(signal);
    const [stopping, ...rest] = await listening.end(pid);
    assert.match(stopping!, signal === "SIGKILL" ? /which started this, is gone; stop/ : STOPPING);
    assert.deepEqual(rest, ["saved"]);
    await listening.child.status;
  });
}

Deno.test({
  name: "the end of npx stops what it started, by whatever signal" +
    (hasNpx ? "" : " (ignored: this machine lacks what it needs)"),
  ignore: !hasNpx,
  async fn() {
    for (const signal of ["SIGTERM", "SIGHUP", "SIGKILL"] as const) {
      using listening = new Listening(["npx", "--no-install", "deno"]);
      const pid = await listening.ready();
      listening.child.kill(signal);
      assert.equal((await listening.end(pid)).at(-1), "saved", signal);
      await listening.child.status;
    }
  },
});

Deno.test("--detached goes on without deno task and its terminal", async () => {
  using listening = new Listening(["deno"], { options: "--detached" });
  const pid = await listening.ready();
  Deno.kill(pid, "SIGHUP");
  listening.child.kill("SIGKILL");
  await listening.child.status;
  // As long as it takes to notice, and to look once more.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.ok(isRunning(pid));
  assert.equal(listening.lines().length, 1);
});
