/** A reader of the live page without a browser: it enters, follows and asks as the page does. */
import { ACT_HEADER } from "../../lib/ui/gate.ts";

/** The parts of the page by name, as they were sent last. */
// deno-lint-ignore no-explicit-any -- the parts are JSON
export type Parts = Record<string, any>;

/** A reader that was let in. */
export class PageClient {
  private constructor(
    readonly origin: string,
    readonly cookie: string,
    readonly act: string,
  ) {}

  /** Enters by the address that `ui` prints. */
  static async enter(address: string): Promise<PageClient> {
    const { origin } = new URL(address);
    const entered = await fetch(address);
    await entered.body?.cancel();
    const cookie = entered.headers.get("set-cookie")?.split(";")[0] ?? "";
    const page = await (await fetch(`${origin}/`, { headers: { cookie } })).text();
    return new PageClient(origin, cookie, /data-act="([^"]*)"/.exec(page)?.[1] ?? "");
  }

  /** Asks for something. */
  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(`${this.origin}${path}`, { headers: { cookie: this.cookie, ...headers } });
  }

  /** Asks to act, as the page's buttons do. */
  async post(path: string): Promise<{ status: number; text: string }> {
    const answer = await fetch(`${this.origin}${path}`, {
      method: "POST",
      headers: { cookie: this.cookie, origin: this.origin, [ACT_HEADER]: this.act },
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** Follows the page until what was sent is as expected. */
  async follow(
    what: string,
    isSo: (parts: Parts) => boolean,
    { query = "", withinMs = 90_000 }: { query?: string; withinMs?: number } = {},
  ): Promise<Parts> {
    const abort = new AbortController();
    const late = setTimeout(() => abort.abort(new Error(`waited in vain until ${what}`)), withinMs);
    const parts: Parts = {};
    try {
      const answer = await fetch(`${this.origin}/events${query}`, {
        headers: { cookie: this.cookie },
        signal: abort.signal,
      });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
      let text = "";
      for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) {
        text += piece;
        const events = text.split("\n\n");
        text = events.pop()!;
        for (const event of events) {
          const [, name, data] = /^event: (.*)\ndata: (.*)$/m.exec(event) ?? [];
          if (name !== undefined) parts[name] = JSON.parse(data!);
          // Before, some parts may be newer than others.
          if (name === "whole" && isSo(parts)) return parts;
        }
      }
      throw new Error(`the server ended before ${what}`);
    } catch (error) {
      const { started, run, runs } = parts;
      const told = JSON.stringify({ started, run, runs: runs?.runs });
      throw new Error(`${error instanceof Error ? error.message : error}; last told: ${told}`);
    } finally {
      clearTimeout(late);
      abort.abort();
    }
  }
}
