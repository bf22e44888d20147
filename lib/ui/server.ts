/**
 * The live page's server: the page, what it shows as it changes, and what it may ask.
 *
 * It listens on this computer alone and lets in by `gate.ts`. No path of a request leads to
 * a file: runs and tasks are found by their ids among those that are watched.
 */
import { resolve } from "node:path";
import { type Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { resultsFlag } from "../base/command.ts";
import { ExperimentError, formatFault } from "../base/errors.ts";
import { sleep } from "../base/sleep.ts";
import { askRun } from "../store/live/reader.ts";
import type { LiveRequest, LiveTask } from "../store/live/records.ts";
import { resultsFolder } from "../store/results_folder.ts";
import { Gate } from "./gate.ts";
import { Machine } from "./machine.ts";
import { enteringPage, livePage, type ServedPage } from "./page/live_page.ts";
import { partsOf } from "./parts.ts";
import { runAgain } from "./rerun.ts";
import { ResultsWatch } from "./results_watch.ts";
import type { RunWatch } from "./run_watch.ts";

/** What is served. */
export interface PageServerOptions {
  /** The folder of results. */
  readonly results: string;
  /** The port of 127.0.0.1; 0 for any that is free. */
  readonly port: number;
}

/** A server that listens. */
export interface PageServer {
  /** The port that it listens on. */
  readonly port: number;
  /** The address that lets in, for a person. */
  readonly address: string;
  /** An address that lets in once, for a program that starts a browser. */
  addressOnce(): string;
  /** Ends it, and leaves all runs alone. */
  close(): Promise<void>;
}

/** Readers at the same time; each holds a connection. */
const MOST_READERS = 32;
const SEND_EVERY_MS = 1000;
/** How soon a reader comes back whose connection broke. */
const RETRY_MS = 2000;

/**
 * Serves the page of a folder of results.
 *
 * @throws ExperimentError "ui/port", "ui/links-out", and as `resultsFolder`
 */
export async function servePage({ results, port }: PageServerOptions): Promise<PageServer> {
  const folder = resultsFolder(results);
  const watch = await ResultsWatch.open(folder);
  const closing = new AbortController();
  const server = listen(port, async (request) => await app.fetch(request));
  const gate = new Gate(server.addr.port);
  const { live } = folder;
  const app = appOf({
    watch,
    gate,
    live,
    results: resolve(results),
    command: `deno task run${resultsFlag(results)}`,
    closing: closing.signal,
  });
  const home = `http://127.0.0.1:${server.addr.port}/`;
  return {
    port: server.addr.port,
    address: `${home}?token=${gate.token}`,
    addressOnce: () => `${home}?once=${gate.issueOnce()}`,
    async close() {
      closing.abort(new DOMException("the server ends", "AbortError"));
      await server.shutdown();
    },
  };
}

function listen(
  port: number,
  handle: (request: Request) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, handle);
  } catch (error) {
    const isTaken = error instanceof Deno.errors.AddrInUse;
    if (!isTaken && !(error instanceof Deno.errors.PermissionDenied)) throw error;
    const why = isTaken ? "is taken by another program" : "may not be used by this user";
    throw new ExperimentError("ui/port", `port ${port} of 127.0.0.1 ${why}`, {
      mend: "name another one by --port; --port 0 takes one that is free",
      cause: error,
    });
  }
}

interface AppOptions {
  readonly watch: ResultsWatch;
  readonly gate: Gate;
  /** The folder of what runs tell. */
  readonly live: string;
  /** The folder of results, absolute. */
  readonly results: string;
  /** What starts a run whose results are put there. */
  readonly command: string;
  /** Aborted when the server ends. */
  readonly closing: AbortSignal;
}

function appOf(options: AppOptions): Hono {
  const { watch, gate, live, results, command } = options;
  const app = new Hono();
  const page = livePage({ act: gate.act, results, command });
  const started = new Started();
  app.use(async (context, next) => {
    const verdict = gate.judge(context.req.raw);
    if (verdict === "in") await next();
    else if ("cookie" in verdict) {
      context.res = answer(enteringPage());
      // A step of its own: a redirect of what another site asked for would carry no cookie.
      context.res.headers.set("refresh", "0; url=/");
      context.res.headers.set("set-cookie", verdict.cookie);
    } else context.res = context.text(`${verdict.why}\n`, verdict.status);
    // Hono answers HEAD and errors by itself; every answer gets these.
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
  });
  app.onError((error, context) => {
    if (error instanceof ExperimentError) {
      return context.text(error.faults.map(formatFault).join("\n"), 409);
    }
    return context.text(`${error.message}\n`, 500);
  });
  app.notFound((context) => context.text("there is nothing here\n", 404));
  app.get("/", () => answer(page));
  app.get("/events", events({ ...options, started }));
  app.post("/runs/:run/cancel", async (context) => {
    const run = await runOf(watch, context);
    return await ask(run, { type: "cancel-run" });
  });
  app.post("/runs/:run/tasks/:task/cancel", async (context) => {
    const run = await runOf(watch, context);
    return await ask(run, { type: "cancel-task", key: taskIn(run, context).key });
  });
  app.post("/runs/:run/rerun", async (context) => {
    const run = await runOf(watch, context);
    return await again(run);
  });
  app.post("/runs/:run/tasks/:task/rerun", async (context) => {
    const run = await runOf(watch, context);
    return await again(run, taskIn(run, context));
  });
  const ask = async (run: RunWatch, request: LiveRequest) => {
    if (!run.isOn) throw refused("the run is over", "look at it as it ended");
    try {
      await askRun(live, run.plan.run, request);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw refused(`the run cannot be asked: ${why}`, "stop it by Ctrl-C where it was started");
    }
    return new Response("asked\n", { status: 202 });
  };
  const again = async (run: RunWatch, task?: LiveTask) => {
    if (run.isOn) throw refused("the run is still on", "wait for its end, or cancel it");
    if (started.isPlanning) throw refused("another run is being started", "wait for it");
    await started.begin(() => runAgain(run.plan, { results, task }));
    return new Response("asked\n", { status: 202 });
  };
  return app;
}

/** The run that was started last from here, and what is known of its start. */
class Started {
  /** What the page tells of it; empty where there is nothing to tell. */
  text = "";
  /** Whether one is being started just now. */
  isPlanning = false;

  async begin(start: () => Promise<Deno.ChildProcess>): Promise<void> {
    this.isPlanning = true;
    this.text = "planning the run anew";
    try {
      const child = await start();
      this.text = `started, process ${child.pid}`;
      child.status.then(({ code }) => {
        this.text = code === 0 ? "" : `the run that was started here ended with exit code ${code}`;
      });
    } catch (error) {
      this.text = "";
      throw error;
    } finally {
      this.isPlanning = false;
    }
  }
}

function events(
  { watch, closing, started }: AppOptions & { readonly started: Started },
): (context: Context) => Response {
  const machine = new Machine();
  let readers = 0;
  return (context) => {
    if (readers >= MOST_READERS) return context.text("too many pages are open\n", 503);
    const asked = { run: context.req.query("run"), task: context.req.query("task") };
    readers++;
    return streamSSE(context, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      const end = AbortSignal.any([gone.signal, closing]);
      const sent = new Map<string, string>();
      let id = 0, shown: string | undefined;
      try {
        // A reader that comes back gets all anew: what it missed is in the parts as they are.
        while (!end.aborted) {
          await watch.refresh();
          await lookAtScores(watch, asked.run);
          const run = asked.run ?? watch.latest();
          // What reads the same may lead elsewhere in another run.
          if (run !== shown) sent.clear();
          shown = run;
          const now = { machine: machine.look(), asked, started: started.text };
          for (const [event, data] of partsOf(watch, now)) {
            if (sent.get(event) === data) continue;
            sent.set(event, data);
            await stream.writeSSE({ event, data, id: String(++id) });
          }
          // All that changed is told: the parts fit each other, and the connection is there.
          await stream.writeSSE({ event: "whole", data: String(id), retry: RETRY_MS });
          await sleep(SEND_EVERY_MS, end).catch(() => {});
        }
      } finally {
        readers--;
      }
    });
  };
}

async function lookAtScores(watch: ResultsWatch, asked: string | undefined): Promise<void> {
  const run = watch.run(asked ?? watch.latest() ?? "");
  if (run === undefined) return;
  const done = [...run.tasks.values()].filter(({ state }) =>
    state === "done" || state === "cached"
  );
  await watch.scores.look(done.map(({ artifact }) => artifact));
}

async function runOf(watch: ResultsWatch, context: Context): Promise<RunWatch> {
  await watch.refresh();
  const run = watch.run(context.req.param("run") ?? "");
  if (run === undefined) throw refused("there is no such run", "choose one of the list");
  return run;
}

function taskIn(run: RunWatch, context: Context): LiveTask {
  const task = run.tasks.get(context.req.param("task") ?? "")?.task;
  if (task === undefined) throw refused("the run has no such task", "choose one of its tasks");
  return task;
}

function refused(message: string, mend: string): ExperimentError {
  return new ExperimentError("ui/refused", message, { mend });
}

function answer({ text, policy }: ServedPage): Response {
  return new Response(text, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `${policy}; frame-ancestors 'none'`,
    },
  });
}

/** What every answer says: nobody keeps it, frames it, or learns from where it was asked for. */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};
