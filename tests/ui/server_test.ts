import assert from "node:assert/strict";
import { servePage } from "../../lib/ui/server.ts";
import { assertFault } from "../_support/fault.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { PageClient } from "./page_client.ts";

const RUN = "20261126T080000Z-00ff", OLDER = "20261126T070000Z-00fe";
const KEY = "a".repeat(64), OTHER = "b".repeat(64);
const GONE = 2 ** 30;

/** The live folder of a run: one task that trains, one that waits for it. */
function writeRun(
  dir: TempDir,
  { run = RUN, pid = Deno.pid, experiment = "study", label = "ner{seed=1}" } = {},
): void {
  const task = { kind: "ner", cells: [{ stage: "ner", axes: { seed: 1 } }], seed: 1 };
  const plan = {
    version: 1,
    run,
    experiment,
    argv: ["run", "a b.yaml"],
    cwd: "/",
    startedAt: "2026-11-26T08:00:00Z",
    jobs: 1,
    device: "cpu",
    process: { pid },
    tasks: [
      { ...task, key: KEY, label, state: "waiting" },
      { ...task, key: OTHER, label: "mean", state: "waiting", cells: [] },
    ],
  };
  const folder = `results/store/live/${run}`;
  dir.folder(`${folder}/requests`);
  dir.file(`${folder}/plan.json`, JSON.stringify(plan));
  dir.file(
    `${folder}/events.jsonl`,
    `${JSON.stringify({ type: "state", atMs: 1, key: KEY, state: "running" })}\n`,
  );
  dir.file(
    `${folder}/now.json`,
    JSON.stringify({
      atMs: Date.now(),
      elapsedMs: 61_000,
      left: { ms: 5000, unknown: 0 },
      running: [{
        key: KEY,
        elapsedMs: 60_000,
        done: 30,
        total: 100,
        unit: "steps",
        lossNats: 3.25,
        curve: { total: 100, unit: "steps", points: [[10, 4], [30, 3.25]] },
      }],
    }),
  );
}

/** What a server says to bytes that no honest browser would send. */
async function raw(port: number, text: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(text));
  const bytes = new Uint8Array(65_536);
  const count = await connection.read(bytes).catch(() => null);
  return new TextDecoder().decode(bytes.subarray(0, count ?? 0));
}

async function serving(
  dir: TempDir,
  work: (client: PageClient, port: number, address: string) => Promise<void>,
): Promise<void> {
  const server = await servePage({ results: `${dir.path}/results`, port: 0 });
  try {
    await work(await PageClient.enter(server.address), server.port, server.address);
  } finally {
    await server.close();
  }
}

Deno.test("the page shows what runs, what waits, losses and time left, as the run tells it", async () => {
  using dir = new TempDir();
  writeRun(dir);
  await serving(dir, async (client) => {
    const parts = await client.follow("all is told", () => true, { query: `?task=${KEY}` });
    assert.equal(parts.run.experiment, "study");
    assert.equal(parts.run.status, "running");
    assert.equal(parts.run.command, 'deno task run "a b.yaml"');
    assert.equal(parts.run.summary, "0 of 2 tasks, 1 min 01 s, about 5.0 s left");
    assert.deepEqual(parts.run.counts, [
      { state: "running", count: 1 },
      { state: "waiting", count: 1 },
    ]);
    const [{ what, share, facts, curve }] = parts.running;
    assert.deepEqual([what, share, facts], ["step 30 of 100", 0.3, ["loss 3.250", "1 min 00 s"]]);
    assert.deepEqual(curve.points, [[10, 4], [30, 3.25]]);
    assert.deepEqual(parts.curves[0].lines[0].points, curve.points);
    assert.deepEqual(parts.queue.tasks.map(({ label }: { label: string }) => label), ["mean"]);
    assert.equal(parts.grid[0].rows[0].cells[0].tasks[0].state, "running");
    assert.equal(parts.task.state, "running");
    assert.deepEqual(parts.task.notes.map(({ text }: { text: string }) => text), ["running"]);
    assert.ok(parts.machine.cores >= 1 && parts.machine.memoryShare > 0);
  });
});

Deno.test("the page is sent nothing that would turn the direction of a line", async () => {
  using dir = new TempDir();
  writeRun(dir, { label: 'ner{text="a\u202eb", seed=1}' });
  await serving(dir, async (client) => {
    const parts = await client.follow("all is told", () => true, { query: `?task=${KEY}` });
    const shown = 'ner{text="a\\u202eb", seed=1}';
    assert.deepEqual([parts.task.label, parts.running[0].label], [shown, shown]);
    assert.doesNotMatch(JSON.stringify(parts), /\u202e/);
  });
});

Deno.test("the page hears of a change, and one that comes back is sent all anew", async () => {
  using dir = new TempDir();
  writeRun(dir);
  await serving(dir, async (client) => {
    const done = client.follow("it is done", ({ run }) => run.counts[0].state === "done");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    Deno.writeTextFileSync(
      `${dir.path}/results/store/live/${RUN}/events.jsonl`,
      `${JSON.stringify({ type: "state", atMs: 2, key: KEY, state: "done", elapsedMs: 5 })}\n`,
      { append: true },
    );
    await done;
    const again = await client.get("/events", { "last-event-id": "3" });
    const reader = again.body!.getReader();
    const text = new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    assert.match(text, /^event: machine\n/);
  });
});

Deno.test("a run whose process is gone is killed, with what it left; an older one can be chosen", async () => {
  using dir = new TempDir();
  writeRun(dir, { pid: GONE });
  writeRun(dir, { run: OLDER, experiment: "other", pid: GONE });
  await serving(dir, async (client) => {
    const parts = await client.follow("all is told", () => true);
    assert.deepEqual(
      parts.runs.runs.map(({ experiment, status }: Record<string, string>) => [experiment, status]),
      [["study", "killed"], ["other", "killed"]],
    );
    assert.equal(parts.runs.shown, RUN);
    assert.deepEqual([parts.run.canCancel, parts.run.canRerun], [false, true]);
    assert.deepEqual(parts.running, []);
    assert.deepEqual(parts.run.counts, [
      { state: "interrupted", count: 1 },
      { state: "waiting", count: 1 },
    ]);
    const other = await client.follow("the other is told", () => true, { query: `?run=${OLDER}` });
    assert.equal(other.run.experiment, "other");
    const none = await client.follow("none is told", () => true, { query: "?run=../../x" });
    assert.equal(none.run, null);
    const refused = await client.post(`/runs/${RUN}/cancel`);
    assert.deepEqual([refused.status, refused.text.split(" [")[0]], [409, "the run is over"]);
  });
});

Deno.test("before the first run there is a page, and one of an unwritten folder", async () => {
  using dir = new TempDir();
  await serving(dir, async (client) => {
    const parts = await client.follow("all is told", () => true);
    assert.deepEqual([parts.runs.runs, parts.run, parts.grid], [[], null, null]);
  });
});

Deno.test("what is refused over the wire: names, origins, methods, and what is too long", async () => {
  using dir = new TempDir();
  writeRun(dir);
  await serving(dir, async (client, port, address) => {
    const { cookie } = client;
    const head = (host: string, more = "", method = "GET", path = "/") =>
      `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`;
    const own = `127.0.0.1:${port}`;
    const cases: readonly [string, string, number][] = [
      ["a name made to lead here", head("evil.example", `Cookie: ${cookie}\r\n`), 421],
      ["no secret", head(own), 403],
      ["another origin", head(own, `Cookie: ${cookie}\r\nOrigin: http://evil.example\r\n`), 403],
      ["HEAD", head(own, `Cookie: ${cookie}\r\n`, "HEAD"), 405],
      ["OPTIONS", head(own, `Cookie: ${cookie}\r\n`, "OPTIONS"), 405],
      ["a path up", head(own, `Cookie: ${cookie}\r\n`, "GET", "/../../../etc/passwd"), 404],
      [
        "an encoded path up",
        head(own, `Cookie: ${cookie}\r\n`, "GET", "/%2e%2e%2fetc%2fpasswd"),
        404,
      ],
      ["a run up", head(own, `Cookie: ${cookie}\r\n`, "GET", "/runs/..%2f..%2fetc/cancel"), 404],
      [
        "a file of the results",
        head(own, `Cookie: ${cookie}\r\n`, "GET", "/store/live/page.json"),
        404,
      ],
      ["a long address", head(own, `Cookie: ${cookie}\r\n`, "GET", `/${"a".repeat(5000)}`), 414],
    ];
    for (const [what, text, status] of cases) {
      const said = await raw(port, text);
      assert.match(said, new RegExp(`^HTTP/1.1 ${status} `), what);
      assert.match(said, /cache-control: no-store/, what);
      assert.doesNotMatch(said, /root:|access-control-allow/i, what);
    }
    const huge = await raw(port, head(own, `X: ${"a".repeat(2_000_000)}\r\n`));
    assert.doesNotMatch(huge, /^HTTP\/1.1 200/);
    const post = await client.post(`/runs/${encodeURIComponent("../x")}/cancel`);
    assert.equal(post.status, 409);
    const page = await client.get("/");
    const policy = page.headers.get("content-security-policy")!;
    assert.match(policy, /^default-src 'none'; .*frame-ancestors 'none'$/);
    assert.equal(page.headers.get("referrer-policy"), "no-referrer");
    assert.equal((await page.text()).includes(new URL(address).searchParams.get("token")!), false);
  });
});

Deno.test("no link leads out of the results: not a run's folder, an artifact, nor the store itself", async () => {
  using dir = new TempDir();
  writeRun(dir);
  const outside = dir.folder(`outside/${OLDER}`);
  Deno.copyFileSync(`${dir.path}/results/store/live/${RUN}/plan.json`, `${outside}/plan.json`);
  Deno.symlinkSync(outside, `${dir.path}/results/store/live/${OLDER}`);
  await serving(dir, async (client) => {
    const parts = await client.follow("all is told", () => true);
    assert.deepEqual(parts.runs.runs.map(({ run }: { run: string }) => run), [RUN]);
  });
  const linked = dir.folder("linked");
  Deno.symlinkSync(`${dir.path}/results/store`, `${linked}/store`);
  await assertFault(() => servePage({ results: linked, port: 0 }), {
    dir: dir.path,
    text: "linked/store is a link to results/store [ui/links-out]\n" +
      "  mend: only what stands in the folder of results is shown: name the one that it is in",
  });
});

Deno.test("text of specs is told as it is, and nowhere as markup", async () => {
  using dir = new TempDir();
  const hostile = '"><img src=x onerror=alert(1)></script>';
  writeRun(dir, { label: hostile, experiment: hostile });
  await serving(dir, async (client) => {
    const parts = await client.follow("all is told", () => true);
    assert.equal(parts.run.experiment, hostile);
    assert.equal(parts.running[0].label, hostile);
    assert.equal((await (await client.get("/")).text()).includes("alert(1)"), false);
  });
});

Deno.test("a taken port is told with a mend", async () => {
  using dir = new TempDir();
  await serving(dir, async (_client, port) => {
    await assertFault(() => servePage({ results: `${dir.path}/results`, port }), {
      text: `port ${port} of 127.0.0.1 is taken by another program [ui/port]\n` +
        "  mend: name another one by --port; --port 0 takes one that is free",
    });
  });
});

Deno.test("pages beyond a number are refused, and let in again when others are closed", async () => {
  using dir = new TempDir();
  await serving(dir, async (client) => {
    const open: Response[] = [];
    for (let i = 0; i < 32; i++) open.push(await client.get("/events"));
    const more = await client.get("/events");
    assert.deepEqual([more.status, await more.text()], [503, "too many pages are open\n"]);
    for (const each of open) await each.body!.cancel();
    await client.follow("it is let in again", () => true).catch(async () => {
      await new Promise((resolve) => setTimeout(resolve, 3000));
      await client.follow("it is let in again", () => true);
    });
  });
});
