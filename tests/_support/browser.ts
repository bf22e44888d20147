/**
 * Pages in a real browser: Debian's Chromium, driven by `playwright-core`, and axe-core to
 * find what keeps people out. Where there is no Chromium the tests show as ignored, by name.
 */
import { existsSync } from "node:fs";
import fs from "node:fs";
import type { Browser, Page } from "playwright-core";

/** Where Chromium stands: what `TITRATE_CHROMIUM` names, else where Debian and others put it. */
export const CHROMIUM: string | undefined = [
  Deno.env.get("TITRATE_CHROMIUM"),
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && path !== "" && existsSync(path));

/** The widths that pages are looked at in: a phone and a desk. */
export const WIDTHS = [390, 1440] as const;

/** How a page is looked at. */
export interface View {
  /** CSS pixels across. */
  readonly width: number;
  /** What the reader prefers. */
  readonly scheme: "light" | "dark";
  /** Whether the page's scripts run; they do unless told. */
  readonly hasScript?: boolean;
}

/** Every width in light and dark. */
export const VIEWS: readonly View[] = WIDTHS.flatMap((width) =>
  (["light", "dark"] as const).map((scheme) => ({ width, scheme }))
);

/** A page that is looked at, and all that it did wrong meanwhile. */
export interface Visit {
  /** The page, as playwright drives it. */
  readonly page: Page;
  /** Errors in its console, exceptions, and requests that left its origin or failed; should be empty. */
  readonly complaints: readonly string[];
}

/** A browser for a test; closed at its end. */
export class TestBrowser implements AsyncDisposable {
  private constructor(private readonly browser: Browser) {}

  /** Starts Chromium, without a window. */
  static async start(): Promise<TestBrowser> {
    const { chromium } = await playwright();
    return new TestBrowser(await chromium.launch({ executablePath: CHROMIUM! }));
  }

  /**
   * Opens a page: a `file:` or a loopback URL.
   *
   * All that it asks for must be of the page's own origin, or held in the page itself.
   */
  async visit(url: string, { width, scheme, hasScript = true }: View): Promise<Visit> {
    const context = await this.browser.newContext({
      viewport: { width, height: width < 600 ? 844 : 900 },
      colorScheme: scheme,
      javaScriptEnabled: hasScript,
      deviceScaleFactor: 1,
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    const home = new URL(url);
    const isOwn = (asked: string) => {
      const { protocol, host } = new URL(asked);
      if (protocol === "data:" || protocol === "blob:") return true;
      return home.protocol === "file:" ? asked.split("#")[0] === home.href : host === home.host;
    };
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (!isOwn(request.url())) complaints.push(`asks for ${request.url()}`);
    });
    page.on("requestfailed", (request) => complaints.push(`cannot get ${request.url()}`));
    await page.goto(url);
    return { page, complaints };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
  }
}

/** A test that needs Chromium; shows as ignored, by name, where there is none. */
export function testInBrowser(name: string, fn: (browser: TestBrowser) => Promise<void>): void {
  Deno.test({
    name: `${name} (in Chromium)`,
    ignore: CHROMIUM === undefined,
    // The browser's pipes are closed by playwright, in its own time.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using browser = await TestBrowser.start();
      await fn(browser);
    },
  });
}

/** What axe-core calls serious or critical on a page, a line each; should be empty. */
export async function barriers(page: Page): Promise<string[]> {
  const { default: axe } = await import("axe-core");
  // Evaluated, not added as a script: the page's policy forbids any but its own.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<import("axe-core").AxeResults>(
    "axe.run(document, { resultTypes: ['violations'] })",
  );
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`)
    );
}

/** By how many pixels a page is wider than its window; should be 0. */
export async function overflow(page: Page): Promise<number> {
  return await page.evaluate<number>(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
}

/** The library. It asks for files of the system that a process with named rights may not see. */
async function playwright(): Promise<typeof import("playwright-core")> {
  const { existsSync } = fs;
  fs.existsSync = (path) => {
    try {
      return existsSync(path);
    } catch {
      return false;
    }
  };
  try {
    return await import("playwright-core");
  } finally {
    fs.existsSync = existsSync;
  }
}
