/**
 * Requests to a hub: its token, redirects, and what is tried again.
 *
 * Redirects are followed by hand, so that the token is sent to the hub's own origin and to
 * nobody else, and so that what the hub itself says of a file is not lost on the way.
 */
import { ExperimentError } from "../base/errors.ts";
import { sleep } from "../base/sleep.ts";

/** The hub that is meant where HF_ENDPOINT names none. */
const DEFAULT_ENDPOINT = "https://huggingface.co";

/** Where that hub's files may lie. */
const DEFAULT_HOSTS = ["huggingface.co", "*.huggingface.co", "*.hf.co"];

/** How a hub is reached. */
export interface HubOptions {
  /** Its origin and path, without a slash at the end. */
  readonly endpoint: string;
  /** What it knows its user by; never part of a message or a file. */
  readonly token?: string | undefined;
  /** Told what is waited for. */
  readonly onWait?: ((message: string) => void) | undefined;
  /** Aborted: everything stops. */
  readonly signal?: AbortSignal | undefined;
  /** The first wait before a further attempt; absent: a second. */
  readonly waitMs?: number | undefined;
}

/**
 * The endpoint that a variable names.
 *
 * @throws ExperimentError "hub/endpoint"
 */
export function endpointOf(variable: string | undefined): string {
  if (variable === undefined || variable === "") return DEFAULT_ENDPOINT;
  const url = URL.parse(variable);
  const isUsable = url !== null && /^https?:$/.test(url.protocol) && url.username === "" &&
    url.password === "" && url.search === "" && url.hash === "";
  if (isUsable) return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  throw new ExperimentError("hub/endpoint", "HF_ENDPOINT is no address of a hub", {
    mend: `set it to the like of ${DEFAULT_ENDPOINT}, or leave it unset`,
  });
}

/**
 * The token that a variable holds, if any.
 *
 * @throws ExperimentError "hub/endpoint" for one that no header can hold; it is not shown
 */
export function tokenOf(variable: string | undefined): string | undefined {
  const token = variable?.trim();
  if (token === undefined || token === "") return undefined;
  if (/^[\x21-\x7E]+$/.test(token)) return token;
  throw new ExperimentError("hub/endpoint", "HF_TOKEN holds spaces or other than plain letters", {
    mend: "set it to the token alone",
  });
}

/**
 * The hosts that a process must be allowed to reach, as Deno's rights name them: the hub's own,
 * those that it keeps files on, and more by name.
 *
 * @param more hosts with commas between them, as TITRATE_HUB_HOSTS gives them
 */
export function hostsOf(endpoint: string, more: string | undefined): readonly string[] {
  const { host } = new URL(endpoint);
  const own = endpoint === DEFAULT_ENDPOINT ? DEFAULT_HOSTS : [host];
  return [...own, ...(more ?? "").split(",").map((each) => each.trim()).filter((each) => each)];
}

/** A final answer, and what the hub itself said before it sent on elsewhere. */
export interface Answer {
  /** Its body is to be read or cancelled. */
  readonly response: Response;
  /** The headers of the hub's own answer: its last one, or that which tells of a file elsewhere. */
  readonly own: Headers;
  /** The host that it is of, where that is not the hub's own. */
  readonly elsewhere?: string;
}

/** No answer, and no byte of one, for so long counts as a break. */
export const SILENCE_MS = 60_000;

/** The digest of a file that the hub keeps elsewhere. */
const LINKED = "x-linked-etag";

const MAX_REDIRECTS = 10;
const MAX_ATTEMPTS = 6;
const LONGEST_WAIT_MS = 60_000;
/** A hub that asks for more patience than this is told of instead. */
const MOST_PATIENCE_MS = 10 * 60_000;

/**
 * Asks until an answer can be used: 2xx or 416.
 *
 * @throws ExperimentError "hub/not-found", "hub/refused", "hub/redirect" or "hub/unreachable";
 *   the signal's reason
 */
export async function ask(
  url: string,
  headers: Readonly<Record<string, string>>,
  options: HubOptions,
): Promise<Answer> {
  let waitMs = options.waitMs ?? 1000;
  for (let attempt = 1;; attempt++) {
    let why: string, patienceMs: number | undefined;
    try {
      const answer = await askOnce(url, headers, options);
      const { status } = answer.response;
      if (answer.response.ok || status === 416) return answer;
      await answer.response.body?.cancel();
      if (!isPassing(status)) throw refusalOf(answer, url, options);
      why = `the hub answers ${status}`;
      patienceMs = patienceOf(answer.response.headers);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof TypeError)) throw error;
      why = `${new URL(url).host} cannot be reached: ${reasonOf(error)}`;
    }
    const pauseMs = patienceMs ?? waitMs;
    if (attempt === MAX_ATTEMPTS || pauseMs > MOST_PATIENCE_MS) throw unreachable(why, options);
    options.onWait?.(`${why}; trying again in ${Math.ceil(pauseMs / 1000)} s`);
    await sleep(pauseMs, options.signal);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

/** That the hub goes on failing. */
export function unreachable(why: string, { endpoint }: HubOptions): ExperimentError {
  return new ExperimentError("hub/unreachable", why, {
    mend: `run the same command again, which goes on where this one stopped; if ${endpoint} is ` +
      "not reached from here, set HF_ENDPOINT to a mirror, or HTTPS_PROXY",
  });
}

async function askOnce(
  url: string,
  headers: Readonly<Record<string, string>>,
  { endpoint, token, signal }: HubOptions,
): Promise<Answer> {
  const home = new URL(endpoint).origin;
  let at = new URL(url), own: Headers | undefined;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const isHome = at.origin === home;
    const response = await reach(at, signal, {
      headers: {
        "accept-encoding": "identity",
        "user-agent": "titrate",
        ...headers,
        ...(isHome && token !== undefined ? { authorization: `Bearer ${token}` } : {}),
      },
      redirect: "manual",
    });
    // Within itself the hub sends on too: from a model's former name, and to its cache of small
    // files. What it says of a file stands in the last answer, or where it sends elsewhere.
    const tells = own === undefined || response.headers.has(LINKED) || !own.has(LINKED);
    if (own === undefined || (isHome && tells)) own = response.headers;
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) {
      return { response: unpacked(response, at), own, ...(isHome ? {} : { elsewhere: at.host }) };
    }
    await response.body?.cancel();
    const next = URL.parse(location, at.href);
    if (next === null || !/^https?:$/.test(next.protocol)) {
      throw sentAstray(`${at.host} sends on to no address of the web`);
    }
    if (at.protocol === "https:" && next.protocol === "http:") {
      throw sentAstray(`${at.host} sends on to ${next.host} without encryption`);
    }
    at = next;
  }
  throw sentAstray(`${at.host} sends on more than ${MAX_REDIRECTS} times`);
}

async function reach(
  at: URL,
  signal: AbortSignal | undefined,
  init: RequestInit,
): Promise<Response> {
  const silence = new AbortController();
  const timer = setTimeout(
    () => silence.abort(new TypeError(`no answer came for ${SILENCE_MS / 1000} s`)),
    SILENCE_MS,
  );
  const signals = [silence.signal, ...(signal === undefined ? [] : [signal])];
  try {
    return await fetch(at, { ...init, signal: AbortSignal.any(signals) });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new ExperimentError(
      "hub/redirect",
      `the hub keeps a file on ${at.host}, which this process may not reach`,
      { mend: `if you trust it, allow it by name: TITRATE_HUB_HOSTS=${at.host}` },
    );
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What was packed on its way, although nobody asked for it; then Deno leaves it as it came.
 * Lengths and ranges of it are of what is packed, and say nothing.
 */
function unpacked(response: Response, { host }: URL): Response {
  const { status, headers, body } = response;
  const packing = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  if (packing === "" || packing === "identity" || body === null) return response;
  const format = ({ gzip: "gzip", "x-gzip": "gzip", deflate: "deflate" } as const)[packing];
  if (format === undefined) {
    throw new ExperimentError("hub/answer", `${host} packs its answers as ${packing}`, {
      mend: "set HF_ENDPOINT to a hub, or a mirror of one, that leaves them as they are",
    });
  }
  const own = new Headers(headers);
  for (const name of ["content-encoding", "content-length", "content-range"]) own.delete(name);
  return new Response(body.pipeThrough(new DecompressionStream(format)), { status, headers: own });
}

function sentAstray(message: string): ExperimentError {
  return new ExperimentError("hub/redirect", message, {
    mend: "check HF_ENDPOINT; if it is right, tell those who run it",
  });
}

function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/**
 * How long a hub asks to be left alone, in milliseconds, if it does: by RateLimit, where its
 * limit is used up, as Hugging Face's does, or by Retry-After.
 *
 * @see draft-ietf-httpapi-ratelimit-headers-09
 */
function patienceOf(headers: Headers): number | undefined {
  const [, left, seconds] =
    /"[^"]*"\s*;\s*r\s*=\s*(\d+)\s*;\s*t\s*=\s*(\d+)/.exec(headers.get("ratelimit") ?? "") ?? [];
  // Whole seconds are rounded down.
  if (left === "0") return (Number(seconds) + 1) * 1000;
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

function refusalOf(
  { response, own, elsewhere }: Answer,
  url: string,
  options: HubOptions,
): ExperimentError {
  const { status } = response, { endpoint, token } = options;
  const said = own.get("x-error-code") ?? response.headers.get("x-error-code");
  const path = new URL(url).pathname;
  if (elsewhere !== undefined) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    return new ExperimentError(
      "hub/refused",
      `${elsewhere}, where the hub keeps ${name}, answers ${status}`,
      {
        mend: `let ${elsewhere} through where a proxy or firewall stands between, and run the ` +
          "same command again, which goes on where this one stopped",
      },
    );
  }
  if (said === "GatedRepo" || status === 403) {
    return new ExperimentError("hub/refused", `the hub does not give ${path} to this user`, {
      mend: `accept the model's terms on ${endpoint}, and set HF_TOKEN to a token that may read it`,
    });
  }
  if (status === 401) {
    return new ExperimentError(
      "hub/refused",
      token === undefined
        ? `the hub does not have ${path}, or shows it to known users only`
        : `the hub does not accept the token of HF_TOKEN for ${path}, or does not have it`,
      {
        mend: "check the name; for a private or gated model set HF_TOKEN to a token that is valid",
      },
    );
  }
  if (status === 404 || status === 410) {
    const what = said === "RevisionNotFound" ? "no such revision of the model" : "nothing";
    return new ExperimentError("hub/not-found", `the hub has ${what} at ${path}`, {
      mend: `check name and revision on ${endpoint}`,
    });
  }
  return new ExperimentError("hub/answer", `the hub answers ${status} to ${path}`, {
    mend: "check HF_ENDPOINT; if it is right, try again later",
  });
}

/** Why a request failed, in the words of the system; which one it was is said elsewhere. */
export function reasonOf(error: Error): string {
  const { cause } = error;
  const message = cause instanceof Error ? cause.message : error.message;
  return message.replace(
    /^error sending request for url \(.*?\): (client error \(Connect\): )?/,
    "",
  );
}
