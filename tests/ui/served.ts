/** The live page of a study, served by a process as a user starts it. */
import type { TinyStudy } from "../cli/tiny_study.ts";
import { PageClient } from "./page_client.ts";

/** The command `ui` as a process, once it has printed its address. */
export class Served implements AsyncDisposable {
  private constructor(
    readonly child: Deno.ChildProcess,
    readonly address: string,
    readonly client: PageClient,
  ) {}

  static async start(study: TinyStudy, ...args: string[]): Promise<Served> {
    const child = study.start("ui", "--no-open", "--port", "0", ...args);
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error((await new Response(child.stderr).text()) || "ui ended");
      text += value;
    }
    await reader.cancel();
    const address = text.split("\n")[0]!;
    return new Served(child, address, await PageClient.enter(address));
  }

  async stop(): Promise<void> {
    try {
      this.child.kill("SIGTERM");
    } catch {
      // It is gone.
    }
    await this.child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.child.stderr.cancel().catch(() => {});
  }
}
