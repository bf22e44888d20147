import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { livePage } from "../../lib/ui/page/live_page.ts";
import { servePage } from "../../lib/ui/server.ts";
import { TinyStudy } from "../cli/tiny_study.ts";
import { barriers, overflow, testInBrowser, VIEWS, type Visit } from "../_support/browser.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { finished } from "../_support/titrate.ts";
import { until as soon } from "../_support/until.ts";
import { Served } from "./served.ts";

/** A browser with several pages beside a training takes its time. */
const WITHIN_MS = 240_000;

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  await soon(what, isSo, { withinMs: WITHIN_MS });
}

/** What pages did wrong; a stream that the page itself closed, to follow another, is no wrong. */
function wrongs(visits: readonly Visit[]): string[] {
  return visits.flatMap(({ complaints }) => complaints)
    .filter((each) => !/^cannot get \S+\/events\?/.test(each));
}

/** The points of the first line that is drawn in a part of the page. */
async function points(page: Page, part: string): Promise<number> {
  return await page.evaluate<number>(
    `(document.querySelector("${part} path")?.getAttribute("d") ?? "").split(/[ML]/).length - 1`,
  );
}

async function textOf(page: Page, selector: string): Promise<string> {
  return await page.evaluate<string>(`document.querySelector("${selector}")?.textContent ?? ""`);
}

testInBrowser(
  "the live page of a real run: curves grow, the grid fills, cancel works",
  async (browser) => {
    await using study = await TinyStudy.make();
    await study.edit("steps: [2, 4]", "steps: [2, 200000]");
    await using served = await Served.start(study);
    const visits: Visit[] = [];
    for (const view of VIEWS) visits.push(await browser.visit(served.address, view));
    const pages = visits.map(({ page }) => page);
    for (const page of pages) page.setDefaultTimeout(WITHIN_MS);
    const [phone] = pages as [Page], desk = pages.at(-1)!;
    for (const page of pages) {
      await until("the page is there", async () => await textOf(page, "h1") === "No run yet");
      assert.equal(new URL(page.url()).search, "", "the secret does not stay in the address");
    }
    const run = finished(study.start("run", "study.yaml", "--jobs", "2"));
    await until("curves are drawn", async () => await points(desk, "#running") > 3);
    const before = {
      running: await points(desk, "#running"),
      losses: await points(desk, "#curves"),
    };
    for (const [i, page] of pages.entries()) {
      await until("it trains here too", async () => await points(page, "#running") > 3);
      assert.deepEqual(await barriers(page), [], JSON.stringify(VIEWS[i]));
      assert.equal(await overflow(page), 0, JSON.stringify(VIEWS[i]));
      assert.match(await textOf(page, "#summary"), /^\d+ of 12 tasks, \d/);
    }
    await until("they grow", async () =>
      await points(desk, "#running") > before.running &&
      await points(desk, "#curves") > before.losses);

    // The grid fills with what the database has, as soon as it is there.
    const value = () => textOf(phone, "#grid [aria-label=pretrain] td .value");
    await until("the grid has the first loss", async () => await value() !== "");
    const [{ mean }] = await study.sql(
      "SELECT round(avg(value), 3) AS mean FROM results WHERE stage = 'pretrain' " +
        "AND (axes->>'steps') = '2' AND metric = 'lossNats' AND split = 'validation'",
    );
    assert.equal(Number(await value()), mean);

    // By the keyboard: to a task that trains, and to the button that cancels it.
    const label = await textOf(desk, "#running .card a");
    assert.match(label, /^pretrain\{steps=200000, seed=\d\}$/);
    await desk.focus("#running .card a");
    await desk.keyboard.press("Enter");
    await until("its log is shown", async () => (await textOf(desk, "#log")).includes("begins"));
    assert.equal(await textOf(desk, "#task-head"), label);
    assert.deepEqual(await barriers(desk), []);
    await desk.focus("#cancel-task");
    await desk.keyboard.press("Enter");
    await until(
      "it is told as cancelled",
      async () => (await textOf(desk, "#log")).includes("cancelled by the user"),
    );
    assert.match(await textOf(desk, "#told"), /^Asked to stop/);

    await phone.bringToFront();
    await phone.click("#cancel-run");
    for (const page of pages) {
      await until("the run has ended", async () => await textOf(page, "#status") === "interrupted");
      assert.equal(await page.isVisible("#cancel-run"), false);
      assert.equal(await page.isVisible("#rerun"), true);
    }
    assert.equal((await run).code, 130);
    assert.deepEqual(await barriers(phone), []);
    assert.deepEqual(wrongs(visits), []);

    await served.stop();
    await until(
      "the page says that it is served no more",
      async () => await phone.isVisible("#link"),
    );
  },
);

testInBrowser("the live page shows what failed, and markup in names as text", async (browser) => {
  await using study = await TinyStudy.make();
  const hostile = '<img src=x onerror="document.title=1">.tsv';
  await study.write(hostile, "The\tO\nalpha\n");
  await study.edit("seed: [1, 2]", `seed: [1]\n  file: [test.tsv, '${hostile}']`);
  await study.edit("test: [test.tsv]", "test: [$(axis.file)]");
  const { code, stderr } = await study.call("run", "study.yaml", "--only", "stage=entities");
  assert.equal(code, 1, stderr);
  await using served = await Served.start(study);
  const visit = await browser.visit(served.address, VIEWS[0]!);
  const { page } = visit;
  await until(
    "the failure is shown",
    async () => (await textOf(page, "#failures pre")).includes("mend: "),
  );
  assert.match(
    await textOf(page, "#failures pre"),
    /^<img src=x onerror="document\.title=1">\.tsv:2: /,
  );
  assert.equal(await page.evaluate("document.images.length"), 0);
  assert.deepEqual(await barriers(page), []);
  assert.equal(await overflow(page), 0);
  assert.deepEqual(wrongs([visit]), []);
});

Deno.test("the live page says nothing of runs before it knows of any, and where one is started", () => {
  const { text } = livePage({ act: "a", results: "/r", command: "deno task run --results r" });
  assert.doesNotMatch(text, />No run yet</);
  assert.match(text, /<p id="start" hidden>Start one: <code>deno task run --results r<\/code>/);
});

/** The folder of a run in which one task failed and one waits. */
function writeRun(dir: TempDir, run: string): string {
  const live = `results/store/live/${run}`, keys = ["a".repeat(64), "b".repeat(64)];
  const tasks = keys.map((key, i) => (
    { key, kind: "ner", label: `ner{seed=${i}}`, cells: [], seed: i, state: "waiting" }
  ));
  const about = { version: 1, run, experiment: run, argv: ["run"], cwd: "/", jobs: 1 };
  const process = { pid: Deno.pid }, startedAt = "2026-11-26T08:00:00Z", device = "cpu";
  dir.file(`${live}/plan.json`, JSON.stringify({ ...about, process, startedAt, device, tasks }));
  const faults = [{ code: "text/io", message: "no" }];
  const failed = { type: "state", atMs: 1, key: keys[0], state: "failed", elapsedMs: 5, faults };
  dir.file(`${live}/events.jsonl`, `${JSON.stringify(failed)}\n`);
  return `${dir.path}/${live}`;
}

testInBrowser("the live page keeps nothing of a run that is gone", async (browser) => {
  using dir = new TempDir();
  const run = "20261126T080000Z-00ff", live = writeRun(dir, run);
  const server = await servePage({ results: `${dir.path}/results`, port: 0 });
  try {
    const visit = await browser.visit(server.address, VIEWS[0]!), { page } = visit;
    await until("it is there", async () => await textOf(page, "h1") === run);
    assert.equal(await page.isVisible("#start"), false);
    assert.equal(await page.isVisible("#cancel-run"), true);
    Deno.removeSync(live, { recursive: true });
    await until("it is gone", async () => await textOf(page, "h1") === "No run yet");
    assert.equal(await page.isVisible("#start"), true);
    assert.equal(await page.isVisible("#cancel-run"), false);
    for (const id of ["#status", "#summary", "#command", "#counts"]) {
      assert.equal(await textOf(page, id), "", id);
    }
    assert.deepEqual(wrongs([visit]), []);
  } finally {
    await server.close();
  }
});

testInBrowser(
  "links of the live page lead to the run that is shown, and one that skips to it may be reloaded",
  async (browser) => {
    using dir = new TempDir();
    writeRun(dir, "20261126T080000Z-00ff");
    const server = await servePage({ results: `${dir.path}/results`, port: 0 });
    try {
      const visit = await browser.visit(server.address, VIEWS[0]!), { page } = visit;
      await until("it is there", async () => await textOf(page, "#queue") !== "");
      const again = "20261126T090000Z-00ff";
      writeRun(dir, again);
      await until("the next one is there", async () => await textOf(page, "h1") === again);
      for (const links of ["#failures a", "#queue a"]) {
        await until(
          links,
          async () =>
            await page.evaluate<boolean>(
              `document.querySelector("${links}").hash.startsWith("#run=${again}&")`,
            ),
        );
      }
      await page.evaluate("location.hash = '#run'");
      await page.reload();
      await until("it is there again", async () => await textOf(page, "h1") === again);
      assert.deepEqual(wrongs([visit]), []);
    } finally {
      await server.close();
    }
  },
);

testInBrowser(
  "the live page draws a thousand losses, and keeps what is said twice without growing",
  async (browser) => {
    using dir = new TempDir();
    const run = "20261126T080000Z-00ff", live = `results/store/live/${run}`;
    const tasks = Array.from({ length: 1200 }, (_, i) => ({
      key: i.toString(16).padStart(64, "0"),
      kind: "pretrain",
      label: `pretrain{seed=${i}}`,
      cells: [{ stage: "pretrain", axes: { seed: i } }],
      seed: i,
      state: "waiting",
    }));
    const about = { version: 1, run, experiment: "study", argv: ["run"], cwd: "/", jobs: 1 };
    const process = { pid: Deno.pid }, startedAt = "2026-11-26T08:00:00Z", device = "cpu";
    dir.file(
      `${live}/plan.json`,
      JSON.stringify({ ...about, process, startedAt, device, tasks }),
    );
    const points = Array.from({ length: 120 }, (_, i) => [i, 4 - i / 100]);
    const warning = { type: "note", atMs: 1, isWarning: true, text: "the disk is slow" };
    const events = [
      warning,
      warning,
      ...tasks.map(({ key }) => (
        { type: "curve", key, curve: { total: 120, unit: "steps", points } }
      )),
    ];
    dir.file(`${live}/events.jsonl`, events.map((each) => `${JSON.stringify(each)}\n`).join(""));
    const elapse = (seconds: number) =>
      dir.file(
        `${live}/now.json`,
        JSON.stringify({ atMs: Date.now(), elapsedMs: 1000 * seconds, running: [] }),
      );
    elapse(1);
    const server = await servePage({ results: `${dir.path}/results`, port: 0 });
    try {
      const visit = await browser.visit(server.address, VIEWS.at(-1)!), { page } = visit;
      const drawn = () => page.evaluate<number>("document.querySelectorAll('#curves path').length");
      await until("the losses are drawn", async () => await drawn() === tasks.length);
      for (const seconds of [2, 3, 4]) {
        elapse(seconds);
        await until(
          "it goes on",
          async () => (await textOf(page, "#summary")).endsWith(`, ${seconds}.0 s`),
        );
        assert.equal(
          await page.evaluate("document.querySelectorAll('#warnings li').length"),
          2,
        );
      }
      assert.deepEqual(wrongs([visit]), []);
    } finally {
      await server.close();
    }
  },
);
