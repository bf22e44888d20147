/**
 * Who may see the live page: who has its secret, in a browser that shows the page itself.
 *
 * The address holds the secret once; from then on a cookie does that no script can read and
 * that no other site's request carries. Pages of other origins, names that were made to
 * lead to this computer, and requests without the secret get nothing.
 */
import { timingSafeEqual } from "node:crypto";
import { sha256 } from "../base/digest.ts";

/** Longer addresses and bodies are nobody's of ours. */
const MOST_URL_CHARACTERS = 2048;
const MOST_BODY_BYTES = 1024;

const OWN_NAMES: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** What a request gets: an answer at once, or to be let in; with the cookie when it brings the secret. */
export type Verdict =
  | { readonly status: 400 | 403 | 405 | 413 | 414 | 421; readonly why: string }
  | { readonly cookie: string }
  | "in";

/** The header that requests which act must carry, with the value that the page was given. */
export const ACT_HEADER = "titrate-act";

/** Guards one server. */
export class Gate {
  /** The secret of the address. */
  readonly token: string = secret();
  /** The secret that requests which act must carry. */
  readonly act: string = secret();
  readonly #session = secret();
  readonly #cookieName: string;
  #once: string | undefined;

  /** A gate with fresh secrets; cookies of two servers of one computer are told apart by ports. */
  constructor(port: number) {
    this.#cookieName = `titrate-${port}`;
  }

  /** A secret for one single entry: what starts a browser shows its arguments to everybody. */
  issueOnce(): string {
    return this.#once = secret();
  }

  /** Looks at a request, and at nothing else. */
  judge(request: Request): Verdict {
    const { method, headers } = request;
    if (method !== "GET" && method !== "POST") {
      return { status: 405, why: "only GET and POST are served" };
    }
    if (request.url.length > MOST_URL_CHARACTERS) {
      return { status: 414, why: "the address is too long" };
    }
    const host = headers.get("host") ?? "";
    if (!OWN_NAMES.has(host.replace(/:\d+$/, "").toLowerCase())) {
      return { status: 421, why: "this server goes by no such name" };
    }
    const { pathname, searchParams } = new URL(request.url);
    const origin = headers.get("origin"), isEntry = method === "GET" && pathname === "/";
    if (origin !== null && origin !== `http://${host}`) {
      return { status: 403, why: "another page asked for this" };
    }
    const site = headers.get("sec-fetch-site") ?? "none";
    if (!isEntry && site !== "same-origin" && site !== "none") {
      return { status: 403, why: "another site asked for this" };
    }
    if (isEntry && this.#isKey(searchParams)) return { cookie: this.#cookie() };
    if (!isEqual(this.#sessionIn(headers.get("cookie") ?? ""), this.#session)) {
      return { status: 403, why: NO_SECRET };
    }
    return method === "GET" ? "in" : this.#judgeAct(headers, origin);
  }

  #judgeAct(headers: Headers, origin: string | null): Verdict {
    const length = Number(headers.get("content-length") ?? 0);
    if (headers.has("transfer-encoding") || !(length <= MOST_BODY_BYTES)) {
      return { status: 413, why: "nothing so long is asked for here" };
    }
    if (origin === null || !isEqual(headers.get(ACT_HEADER) ?? "", this.act)) {
      return { status: 403, why: "only the page itself may ask for this" };
    }
    return "in";
  }

  /** Whether an address holds the secret; one for a single entry is used up by that. */
  #isKey(params: URLSearchParams): boolean {
    const token = params.get("token"), once = params.get("once");
    if (once !== null && this.#once !== undefined && isEqual(once, this.#once)) {
      this.#once = undefined;
      return true;
    }
    return token !== null && isEqual(token, this.token);
  }

  #cookie(): string {
    return `${this.#cookieName}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`;
  }

  #sessionIn(cookies: string): string {
    const own = cookies.split(/;\s*/).find((each) => each.startsWith(`${this.#cookieName}=`));
    return own?.slice(this.#cookieName.length + 1) ?? "";
  }
}

const NO_SECRET = "open the address that `deno task ui` printed: it holds the page's secret";

/** 256 random bits, as text that needs no escaping. */
function secret(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url" })
    .replaceAll("=", "");
}

/** Whether two texts are equal, in a time that does not tell how far. */
function isEqual(a: string, b: string): boolean {
  return timingSafeEqual(Uint8Array.fromHex(sha256(a)), Uint8Array.fromHex(sha256(b)));
}
