/**
 * A hub on this machine: real HTTP over loopback, with the faults that a test asks for.
 *
 * Large files are sent on to a second server, as the real one sends to its storage, and small
 * ones to an address of its own that holds their content. Hugging Face's own client
 * (huggingface_hub 2.4) fetches from it, with HF_ENDPOINT and HF_HUB_DISABLE_XET=1.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { sha256 } from "../../lib/base/digest.ts";

/** What a server does to one request instead of answering it well; undefined: it answers well. */
export type Trouble = (request: Request, bytes: Uint8Array) => Response | undefined;

/** A request as a server met it. */
export interface Met {
  readonly path: string;
  readonly range: string | null;
  readonly authorization: string | null;
  /** Whether the storage met it, not the hub itself. */
  readonly isStorage: boolean;
}

/** A hub with one model; disposed of at the end of a test. */
export class FakeHub implements AsyncDisposable {
  /** The troubles to come by the file's name, each for one request. */
  readonly troubles = new Map<string, Trouble[]>();
  /** Every request, in order. */
  readonly met: Met[] = [];
  /** The commit that every revision means. */
  commit = "a".repeat(40);
  /** Told of the model, in place of what the list would say. */
  list: unknown;
  /** What the model was called once; the hub sends on from it. */
  formerName: string | undefined;
  readonly #hub: Deno.HttpServer<Deno.NetAddr>;
  readonly #storage: Deno.HttpServer<Deno.NetAddr>;

  /** @param large names of files that lie on the storage */
  constructor(
    readonly name: string,
    readonly files: Map<string, Uint8Array<ArrayBuffer>>,
    readonly large: ReadonlySet<string> = new Set(["model.safetensors"]),
  ) {
    const serve = (isStorage: boolean) =>
      Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
        const { pathname } = new URL(request.url);
        this.met.push({
          path: pathname,
          range: request.headers.get("range"),
          authorization: request.headers.get("authorization"),
          isStorage,
        });
        return isStorage ? this.#fromStorage(request) : this.#fromHub(request);
      });
    this.#hub = serve(false);
    this.#storage = serve(true);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#hub.addr.port}`;
  }

  get storageHost(): string {
    return `127.0.0.1:${this.#storage.addr.port}`;
  }

  /** The requests for one file, on the storage or on the hub. */
  metFor(name: string, { isStorage = this.large.has(name) } = {}): Met[] {
    return this.met.filter((each) =>
      each.path.endsWith(`/${name}`) && each.isStorage === isStorage
    );
  }

  #fromHub(request: Request): Response {
    const answer = this.#answer(request);
    // A copy: the headers of some cannot be changed.
    const response = new Response(answer.body, answer);
    response.headers.set("x-repo-commit", this.commit);
    return response;
  }

  #answer(request: Request): Response {
    const { pathname } = new URL(request.url);
    const trouble = this.#trouble(pathname, request);
    if (trouble !== undefined) return trouble;
    for (const before of this.formerName === undefined ? [] : ["/api/models/", "/"]) {
      const former = `${before}${this.formerName}/`;
      if (pathname.startsWith(former)) {
        return sentOn(307, `${before}${this.name}/${pathname.slice(former.length)}`);
      }
    }
    if (pathname.startsWith(`/api/models/${this.name}/revision/`)) {
      return Response.json(this.#list());
    }
    const file = pathname.slice(pathname.lastIndexOf("/") + 1), bytes = this.files.get(file);
    const cache = `/api/resolve-cache/models/${this.name}/${this.commit}/`;
    if (bytes !== undefined && pathname === `${cache}${file}`) {
      return answerWith(request, bytes, `"${gitId(bytes)}"`);
    }
    if (!pathname.startsWith(`/${this.name}/resolve/${this.commit}/`) || bytes === undefined) {
      return new Response("no", { status: 404, headers: { "x-error-code": "EntryNotFound" } });
    }
    // What a file is, is told by its own address at the hub; of a small one that is the next.
    if (!this.large.has(file)) return sentOn(307, `${cache}${file}?etag=%22${gitId(bytes)}%22`);
    return sentOn(302, `http://${this.storageHost}/xet-bridge-us/${file}?Signature=x`, {
      "x-linked-etag": `"${sha256(bytes)}"`,
      "x-linked-size": String(bytes.length),
      "x-xet-hash": "0".repeat(64),
      etag: `"${"1".repeat(64)}"`,
    });
  }

  #fromStorage(request: Request): Response {
    const { pathname } = new URL(request.url);
    const bytes = this.files.get(pathname.slice("/xet-bridge-us/".length))!;
    return this.#trouble(pathname, request) ?? answerWith(request, bytes, '"of-the-storage"');
  }

  #trouble(pathname: string, request: Request): Response | undefined {
    const name = pathname.slice(pathname.lastIndexOf("/") + 1);
    // A large file's troubles happen where its bytes are.
    if (this.large.has(name) && !pathname.startsWith("/xet-bridge-us/")) return undefined;
    return this.troubles.get(name)?.shift()?.(request, this.files.get(name) ?? new Uint8Array());
  }

  #list(): unknown {
    if (this.list !== undefined) return this.list;
    const siblings = [...this.files].map(([rfilename, bytes]) => ({
      rfilename,
      size: bytes.length,
      blobId: this.large.has(rfilename) ? "f".repeat(40) : gitId(bytes),
      ...(this.large.has(rfilename)
        ? { lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 134 } }
        : {}),
    }));
    return { id: this.name, sha: this.commit, siblings, cardData: { license: "apache-2.0" } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hub.shutdown();
    await this.#storage.shutdown();
  }
}

function sentOn(status: number, location: string, more: Record<string, string> = {}): Response {
  const headers = { location, "accept-ranges": "bytes", ...more };
  return new Response("Temporary Redirect", { status, headers });
}

function gitId(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

/** All of a file, or what a Range asks for. */
export function answerWith(
  request: Request,
  bytes: Uint8Array<ArrayBuffer>,
  etag: string,
): Response {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? NaN);
  if (Number.isNaN(from)) return new Response(bytes, { headers: { etag } });
  if (from >= bytes.length) {
    return new Response(null, {
      status: 416,
      headers: { "content-range": `bytes */${bytes.length}` },
    });
  }
  return new Response(bytes.slice(from), {
    status: 206,
    headers: { etag, "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` },
  });
}

function packed(bytes: Uint8Array): Response {
  return new Response(new Uint8Array(gzipSync(bytes)), { headers: { "content-encoding": "gzip" } });
}

/** Troubles by name. */
export const TROUBLE = {
  /** Answers with a status, and asks to wait so many seconds. */
  status: (status: number, headers: Record<string, string> = {}): Trouble => () =>
    new Response("trouble", { status, headers }),
  /** Breaks off after some bytes of what was asked for. */
  breakOff: (after: number): Trouble => (request, bytes) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
    const rest = bytes.slice(from), first = rest.slice(0, after);
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(first);
        await new Promise((resolve) => setTimeout(resolve, 50));
        // Fewer bytes than were promised: the server drops the connection.
        controller.close();
      },
    });
    return new Response(body, {
      status: from > 0 ? 206 : 200,
      headers: {
        "content-length": String(rest.length),
        ...(from > 0
          ? { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }
          : {}),
      },
    });
  },
  /** Ignores a Range and gives all. */
  whole: ((_request, bytes) => new Response(bytes.slice())) as Trouble,
  /** Gives other bytes, as many. */
  otherBytes: ((_request, bytes) => new Response(bytes.map((byte) => byte ^ 1))) as Trouble,
  /** Gives fewer bytes, as if these were all. */
  shorter: ((_request, bytes) => new Response(bytes.slice(0, -10))) as Trouble,
  /** Packs the bytes, which nobody asked for; their length is of the packed ones. */
  packed: ((_request, bytes) => packed(bytes)) as Trouble,
  /** Goes on within the packed bytes. */
  packedRest: ((_request, bytes) => {
    const all = gzipSync(bytes), from = 1000, { length } = all;
    return new Response(new Uint8Array(all.subarray(from)), {
      status: 206,
      headers: {
        "content-encoding": "gzip",
        "content-range": `bytes ${from}-${length - 1}/${length}`,
      },
    });
  }) as Trouble,
  /** As `packed`, of the model's list. */
  packedList: (list: unknown): Trouble => () =>
    packed(new TextEncoder().encode(JSON.stringify(list))),
  /** Gives more bytes. */
  longer: ((_request, bytes) => new Response(new Uint8Array([...bytes, 1, 2, 3]))) as Trouble,
} as const;
