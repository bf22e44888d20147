import assert from "node:assert/strict";
import { findPage, forgetPage, notePage } from "../../../lib/store/live/address.ts";
import {
  askRun,
  EventReader,
  isOn,
  liveRuns,
  readNow,
  readPlan,
} from "../../../lib/store/live/reader.ts";
import type { LiveNow, LivePlan, LiveRequest } from "../../../lib/store/live/records.ts";
import { LiveWriter } from "../../../lib/store/live/writer.ts";
import { livePlan, RUN } from "../../_support/live.ts";
import { removeFolder, TempDir } from "../../_support/temp_dir.ts";
import { until } from "../../_support/until.ts";

const KEY = "a".repeat(64);

const NOW: LiveNow = { atMs: 1, elapsedMs: 2, running: [{ key: KEY, elapsedMs: 2 }] };

const planOf = (run: string, process: LivePlan["process"] = { pid: Deno.pid }) =>
  livePlan([KEY], { run, process });

/** A writer, and what its source was told. */
async function open(live: string, run = RUN) {
  const requests: LiveRequest[] = [], warnings: string[] = [];
  const writer = await LiveWriter.open(live, planOf(run), {
    now: () => NOW,
    states: () => ["running"],
    onRequest: (request) => requests.push(request),
    onWarning: (message) => warnings.push(message),
  });
  return { writer: writer!, requests, warnings };
}

const note = (text: string) => ({ type: "note", atMs: 5, isWarning: false, text }) as const;

Deno.test("what a run tells is read as it grows, and stands there after its end", async () => {
  using dir = new TempDir();
  const { writer, warnings } = await open(dir.path);
  assert.deepEqual(await liveRuns(dir.path), [RUN]);
  const plan = await readPlan(dir.path, RUN);
  assert.equal(plan?.tasks[0]?.label, "aaa");
  assert.equal(isOn(plan!), true);
  const events = new EventReader(dir.path, RUN);
  assert.deepEqual(await events.next(), []);
  writer.tell({ type: "state", atMs: 3, key: KEY, state: "running" });
  await until("it is written", async () => (await events.next()).length === 1);
  assert.equal((await readNow(dir.path, RUN))?.running[0]?.key, KEY);
  const counts = { total: 1, cached: 0, ran: 1, failed: 0 };
  await writer.close({ status: "done", counts, elapsedMs: 9 });
  const [end, ...more] = await events.next();
  assert.equal(end?.type, "end");
  assert.deepEqual([more, warnings], [[], []]);
});

Deno.test("half a line, as a kill leaves it, and lines of no sense are passed over", async () => {
  using dir = new TempDir();
  const lines = [JSON.stringify(note("one")), "{", "[]", `{"type":"note"}`, '{"type":"sta'];
  dir.file(`${RUN}/events.jsonl`, lines.join("\n"));
  const events = new EventReader(dir.path, RUN);
  assert.deepEqual(await events.next(), [note("one")]);
  Deno.writeTextFileSync(`${dir.path}/${RUN}/events.jsonl`, `\n${JSON.stringify(note("two"))}\n`, {
    append: true,
  });
  assert.deepEqual(await events.next(), [note("two")]);
});

Deno.test("where it cannot write, a run is told once, and all states once it can again", async () => {
  using dir = new TempDir();
  const { writer, warnings } = await open(dir.path);
  removeFolder(`${dir.path}/${RUN}`);
  writer.tell(note("before"));
  await until("it warns", () => warnings.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^the live page lags behind: /);
  dir.folder(RUN);
  const events = new EventReader(dir.path, RUN);
  let found: unknown[] = [];
  await until("it writes again", async () => (found = await events.next()).length > 0);
  assert.deepEqual(found[0], note("before"));
  assert.deepEqual((found.at(-1) as { states?: unknown }).states, ["running"]);
  await writer.close();
});

Deno.test("while one of its files cannot be written, a run tells nothing twice in the other", async () => {
  using dir = new TempDir();
  const { writer, warnings } = await open(dir.path);
  const inTheWay = dir.folder(`${RUN}/now.json.new`);
  writer.tell(note("once"));
  await until("it warns", () => warnings.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  removeFolder(inTheWay);
  await until("it writes again", async () => await readNow(dir.path, RUN) !== undefined);
  await writer.close();
  const told = (await new EventReader(dir.path, RUN).next()).map(({ type }) => type);
  assert.deepEqual(told, ["note", "states"]);
});

Deno.test("a run whose live folder cannot be made goes on, and says that nobody can watch", async () => {
  using dir = new TempDir();
  const { writer, warnings } = await open(dir.file("taken", ""));
  assert.equal(writer, undefined);
  assert.match(warnings[0]!, /^the live page cannot show this run: /);
});

Deno.test("a run hears each request once, and nothing that is none", async () => {
  using dir = new TempDir();
  const { writer, requests } = await open(dir.path);
  dir.file(`${RUN}/requests/cancel-me`, "");
  dir.file(`${RUN}/requests/cancel-${"g".repeat(64)}`, "");
  for (let i = 0; i < 2; i++) {
    await askRun(dir.path, RUN, { type: "cancel-task", key: KEY });
    await askRun(dir.path, RUN, { type: "cancel-run" });
  }
  await until("it hears", () => requests.length === 2);
  await new Promise((resolve) => setTimeout(resolve, 1200));
  assert.deepEqual(requests.map(({ type }) => type).sort(), ["cancel-run", "cancel-task"]);
  await writer.close();
});

Deno.test("no link is followed, in place of a run's folder, its files or its requests", async () => {
  using dir = new TempDir();
  const secret = dir.file("secret.json", JSON.stringify({ version: 1, ...planOf(RUN) }));
  dir.file(`outside/plan.json`, JSON.stringify({ version: 1, ...planOf(RUN) }));
  const live = dir.folder("live");
  Deno.symlinkSync(`${dir.path}/outside`, `${live}/20261126T080001Z-0001`);
  dir.folder(`live/${RUN}`);
  Deno.symlinkSync(secret, `${live}/${RUN}/plan.json`);
  Deno.symlinkSync(`${dir.path}/outside`, `${live}/${RUN}/requests`);
  assert.deepEqual(await liveRuns(live), [RUN]);
  assert.equal(await readPlan(live, RUN), undefined);
  await assert.rejects(askRun(live, RUN, { type: "cancel-run" }), /is no folder/);
  assert.deepEqual([...Deno.readDirSync(`${dir.path}/outside`)].map(({ name }) => name), [
    "plan.json",
  ]);
});

Deno.test("the folders of old runs go, but for the newest and those that are on", async () => {
  using dir = new TempDir();
  const id = (i: number) => `20261125T0800${String(i).padStart(2, "0")}Z-0000`;
  for (let i = 0; i < 25; i++) {
    const pid = i === 1 ? Deno.pid : 2 ** 30;
    dir.file(`${id(i)}/plan.json`, JSON.stringify({ version: 1, ...planOf(id(i), { pid }) }));
    dir.file(`${id(i)}/now.json`, JSON.stringify({ ...NOW, atMs: Date.now() }));
  }
  dir.file("mine/notes.txt", "");
  const { writer } = await open(dir.path);
  await writer.close();
  assert.deepEqual(await liveRuns(dir.path), [
    id(1),
    ...Array.from({ length: 20 }, (_, i) => id(i + 5)),
    RUN,
  ]);
  assert.ok(Deno.statSync(`${dir.path}/mine/notes.txt`).isFile);
});

Deno.test("the folder of a run of another computer goes once it said nothing for a week", async () => {
  using dir = new TempDir();
  const day = 24 * 3600 * 1000;
  const id = (i: number) => `20261125T0800${String(i).padStart(2, "0")}Z-0000`;
  for (let i = 0; i < 23; i++) {
    const plan = planOf(id(i), { host: "elsewhere", pid: 1 });
    dir.file(`${id(i)}/plan.json`, JSON.stringify({ version: 1, ...plan }));
    const atMs = Date.now() - (i === 1 ? 6 : 8) * day;
    dir.file(`${id(i)}/now.json`, JSON.stringify({ ...NOW, atMs }));
  }
  const { writer } = await open(dir.path);
  await writer.close();
  const left = await liveRuns(dir.path);
  assert.deepEqual(left.slice(0, 2), [id(1), id(3)]);
  assert.equal(left.length, 22);
});

Deno.test("what a run tells is bounded, however much its tasks have to say", async () => {
  using dir = new TempDir();
  const { writer } = await open(dir.path);
  for (let i = 0; i < 30_000; i++) writer.tell(note(`note ${i}`));
  writer.tell({ type: "state", atMs: 3, key: KEY, state: "done" });
  await writer.close();
  const found = await new EventReader(dir.path, RUN).next();
  assert.equal(found.length, 202);
  assert.deepEqual(found[200], note("what is told from here on is not kept"));
  assert.equal(found[201]?.type, "state");
});

Deno.test("the address of a page is told while its process is there, by itself alone", async () => {
  using dir = new TempDir();
  assert.equal(await findPage(dir.path), undefined);
  await notePage(dir.path, 4321);
  assert.deepEqual(await findPage(dir.path), { port: 4321, pid: Deno.pid });
  dir.file("page.json", JSON.stringify({ port: 1, pid: 2 ** 30 }));
  assert.equal(await findPage(dir.path), undefined);
  await forgetPage(dir.path);
  assert.ok(Deno.statSync(`${dir.path}/page.json`).isFile, "another's note stays");
  dir.file("page.json", "{");
  assert.equal(await findPage(dir.path), undefined);
});
