import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "../../lib/base/digest.ts";
import { onDisk } from "../../lib/hub/download.ts";
import { fetchModel, type FetchOptions } from "../../lib/hub/fetch.ts";
import { checkFetched, MANIFEST, readManifest } from "../../lib/hub/manifest.ts";
import { formatHubModel, hubFolder, parseHubModel } from "../../lib/hub/place.ts";
import { endpointOf, hostsOf, tokenOf } from "../../lib/hub/requests.ts";
import { assertFault } from "../_support/fault.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { FakeHub, TROUBLE } from "./fake_hub.ts";

const MODEL = { name: "some/bert", revision: "main" };
const WEIGHTS = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);

function someFiles(): Map<string, Uint8Array<ArrayBuffer>> {
  const text = (content: string) => new TextEncoder().encode(content);
  return new Map([
    ["README.md", text("not needed")],
    ["config.json", text('{"model_type": "bert"}')],
    ["model.safetensors", WEIGHTS],
    ["onnx/model.onnx", text("not needed")],
    ["pytorch_model.bin", text("not needed")],
    ["tf_model.h5", text("not needed")],
    ["tokenizer.json", text("not needed beside vocab.txt")],
    ["tokenizer_config.json", text('{"do_lower_case": false}')],
    ["vocab.txt", text("[PAD]\n[UNK]\n")],
  ]);
}

const NEEDED = ["config.json", "vocab.txt", "tokenizer_config.json", "model.safetensors"];

/** Fetches from a hub into a folder, with short waits. */
function fetching(hub: FakeHub, dir: TempDir, more: Partial<FetchOptions> = {}) {
  return fetchModel(MODEL, { endpoint: hub.endpoint, data: dir.path, waitMs: 1, ...more });
}

/** A list that says of files what they are called and no more. */
function withoutDigests(hub: FakeHub): unknown {
  const siblings = [...hub.files.keys()].map((rfilename) => ({ rfilename }));
  return { sha: hub.commit, siblings };
}

function checkWhole(dir: TempDir, hub: FakeHub): void {
  const folder = hubFolder(dir.path, MODEL);
  for (const name of NEEDED) {
    assert.deepEqual(Deno.readFileSync(join(folder, name)), hub.files.get(name), name);
  }
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  assert.deepEqual(names.sort(), [...NEEDED, MANIFEST, ".lock"].sort());
}

Deno.test("fetchModel() brings what is needed and no more, and records it", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  const manifest = await fetching(hub, dir);
  checkWhole(dir, hub);
  assert.deepEqual(await readManifest(hubFolder(dir.path, MODEL)), manifest);
  await checkFetched(hubFolder(dir.path, MODEL), MODEL);
  assert.equal(manifest.commit, hub.commit);
  assert.equal(manifest.license, "apache-2.0");
  assert.deepEqual(manifest.files["model.safetensors"], {
    bytes: WEIGHTS.length,
    sha256: sha256(WEIGHTS),
    etag: sha256(WEIGHTS),
  });
  assert.deepEqual(Object.keys(manifest.files), NEEDED);
});

Deno.test("fetchModel() sends the token to the hub itself and to nobody else, and keeps it nowhere", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  await fetching(hub, dir, { token: "hf_secret" });
  assert.ok(hub.met.some(({ isStorage }) => isStorage));
  for (const { isStorage, authorization } of hub.met) {
    assert.equal(authorization, isStorage ? null : "Bearer hf_secret");
  }
  const folder = hubFolder(dir.path, MODEL);
  for (const { name } of Deno.readDirSync(folder)) {
    assert.ok(!Deno.readTextFileSync(join(folder, name)).includes("hf_secret"), name);
  }
});

Deno.test("fetchModel() asks again for what is there and as it was, and fetches nothing", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  const first = await fetching(hub, dir);
  hub.met.length = 0;
  assert.deepEqual(await fetching(hub, dir), first);
  assert.equal(hub.met.length, 1);
});

Deno.test("fetchModel() fetches anew what was changed or removed, and nothing else", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  await fetching(hub, dir);
  const folder = hubFolder(dir.path, MODEL);
  Deno.writeTextFileSync(join(folder, "vocab.txt"), "changed");
  await assertFault(() => checkFetched(folder, MODEL), {
    text: `${folder}: vocab.txt is not what was fetched [hub/damaged]\n` +
      "  mend: fetch it: deno task data fetch --hub some/bert@main",
  });
  Deno.removeSync(join(folder, "config.json"));
  hub.met.length = 0;
  await fetching(hub, dir);
  checkWhole(dir, hub);
  const kept = hub.met.filter(({ path }) => path.startsWith("/api/resolve-cache/"));
  assert.deepEqual(kept.map(({ path }) => path.split("/").at(-1)), [
    "config.json",
    "vocab.txt",
  ]);
});

Deno.test("fetchModel() follows a revision that moved, and says so", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  await fetching(hub, dir);
  hub.commit = "b".repeat(40);
  hub.files.delete("tokenizer_config.json");
  hub.files.set("vocab.txt", new TextEncoder().encode("[PAD]\nnew\n"));
  const notes: string[] = [];
  hub.met.length = 0;
  const manifest = await fetching(hub, dir, { onNote: (note) => notes.push(note) });
  assert.deepEqual(notes, [`some/bert has moved from ${"a".repeat(40)} to ${"b".repeat(40)}`]);
  assert.equal(hub.metFor("model.safetensors").length, 0);
  assert.deepEqual(Object.keys(manifest.files), ["config.json", "vocab.txt", "model.safetensors"]);
  assert.throws(() => Deno.statSync(join(hubFolder(dir.path, MODEL), "tokenizer_config.json")));
});

Deno.test("fetchModel() goes on after a break where it stopped, however often", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  hub.troubles.set("model.safetensors", [
    TROUBLE.breakOff(100_000),
    TROUBLE.breakOff(50_000),
    TROUBLE.breakOff(0),
  ]);
  const waits: string[] = [];
  await fetching(hub, dir, { onWait: (message) => waits.push(message) });
  checkWhole(dir, hub);
  const ranges = hub.metFor("model.safetensors").map(({ range }) => range);
  assert.deepEqual(ranges, [null, "bytes=100000-", "bytes=150000-", "bytes=150000-"]);
  assert.match(waits[0]!, /^model\.safetensors: the connection broke: .*; going on in 1 s$/);
});

Deno.test("fetchModel() of another process goes on with what a former one left", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  const abort = new AbortController();
  await assert.rejects(
    fetching(hub, dir, {
      signal: abort.signal,
      onBytes: (name, done) => {
        if (name === "model.safetensors" && done > 0) abort.abort(new Error("interrupted"));
      },
    }),
    { message: "interrupted" },
  );
  assert.equal(await readManifest(hubFolder(dir.path, MODEL)), undefined);
  hub.met.length = 0;
  await fetching(hub, dir);
  checkWhole(dir, hub);
  const [met] = hub.metFor("model.safetensors");
  // All may have arrived before the interrupt; then nothing is left to ask for.
  if (met !== undefined) assert.match(met.range!, /^bytes=[1-9]\d*-$/);
});

Deno.test("fetchModel() begins anew where a server ignores that it should go on", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  hub.troubles.set("model.safetensors", [TROUBLE.breakOff(1000), TROUBLE.whole]);
  await fetching(hub, dir);
  checkWhole(dir, hub);
});

Deno.test("fetchModel() never goes on with the bytes of another content", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  hub.troubles.set("model.safetensors", [
    TROUBLE.breakOff(1000),
    TROUBLE.status(403),
  ]);
  await assert.rejects(fetching(hub, dir), { code: "hub/refused" });
  hub.files.set("model.safetensors", WEIGHTS.map((byte) => byte ^ 255));
  hub.met.length = 0;
  await fetching(hub, dir);
  checkWhole(dir, hub);
  assert.deepEqual(hub.metFor("model.safetensors").map(({ range }) => range), [null]);
});

Deno.test("fetchModel() waits as a busy hub asks, and tries failing servers again", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  hub.troubles.set("main", [TROUBLE.status(429, { "retry-after": "0" }), TROUBLE.status(500)]);
  hub.troubles.set("vocab.txt", [
    TROUBLE.status(503),
    TROUBLE.status(429, { "retry-after": new Date(0).toUTCString() }),
  ]);
  hub.troubles.set("model.safetensors", [TROUBLE.status(502), TROUBLE.status(408)]);
  const waits: string[] = [];
  await fetching(hub, dir, { onWait: (message) => waits.push(message) });
  checkWhole(dir, hub);
  assert.deepEqual(waits, [
    "the hub answers 429; trying again in 0 s",
    "the hub answers 500; trying again in 1 s",
    "the hub answers 503; trying again in 1 s",
    "the hub answers 429; trying again in 0 s",
    "the hub answers 502; trying again in 1 s",
    "the hub answers 408; trying again in 1 s",
  ]);
});

const GO_ON = (endpoint: string) =>
  "run the same command again, which goes on where this one stopped; if " +
  `${endpoint} is not reached from here, set HF_ENDPOINT to a mirror, or HTTPS_PROXY`;

Deno.test("what cannot be fetched is told with what to do", async (t) => {
  const cases: readonly [
    what: string,
    trouble: (hub: FakeHub) => void,
    says: (hub: FakeHub, folder: string) => string,
  ][] = [
    [
      "a hub that goes on failing",
      (hub) => hub.troubles.set("vocab.txt", Array(9).fill(TROUBLE.status(500))),
      (hub) => `the hub answers 500 [hub/unreachable]\n  mend: ${GO_ON(hub.endpoint)}`,
    ],
    [
      "a hub that asks for an hour",
      (hub) => hub.troubles.set("main", [TROUBLE.status(429, { "retry-after": "3600" })]),
      (hub) => `the hub answers 429 [hub/unreachable]\n  mend: ${GO_ON(hub.endpoint)}`,
    ],
    [
      "a file that breaks off for ever",
      (hub) => hub.troubles.set("model.safetensors", Array(9).fill(TROUBLE.breakOff(0))),
      (hub) =>
        "model.safetensors: the connection broke: error reading a body from connection " +
        `[hub/unreachable]\n  mend: ${GO_ON(hub.endpoint)}`,
    ],
    [
      "no such model",
      (hub) => hub.troubles.set("main", [TROUBLE.status(401)]),
      () =>
        "the hub does not have /api/models/some/bert/revision/main, or shows it to known users " +
        "only [hub/refused]\n  mend: check the name; for a private or gated model set HF_TOKEN " +
        "to a token that is valid",
    ],
    [
      "no such revision",
      (hub) =>
        hub.troubles.set("main", [TROUBLE.status(404, { "x-error-code": "RevisionNotFound" })]),
      (hub) =>
        "the hub has no such revision of the model at /api/models/some/bert/revision/main " +
        `[hub/not-found]\n  mend: check name and revision on ${hub.endpoint}`,
    ],
    [
      "a model whose terms are not accepted",
      (hub) => hub.troubles.set("config.json", [TROUBLE.status(403)]),
      (hub) =>
        `the hub does not give /some/bert/resolve/${hub.commit}/config.json to this user ` +
        `[hub/refused]\n  mend: accept the model's terms on ${hub.endpoint}, and set HF_TOKEN ` +
        "to a token that may read it",
    ],
    [
      "an endpoint that is no hub",
      (hub) => hub.troubles.set("main", [() => new Response("<html>")]),
      (hub) =>
        `${hub.endpoint} does not answer as a hub does [hub/answer]\n` +
        "  mend: check HF_ENDPOINT; if it is right, try again later",
    ],
    [
      "a repository without weights",
      (hub) => {
        for (const name of ["model.safetensors", "pytorch_model.bin"]) hub.files.delete(name);
      },
      () =>
        "some/bert lacks model.safetensors or pytorch_model.bin [hub/no-model]\n  mend: name a " +
        "repository that holds a BERT as Hugging Face's libraries write it",
    ],
    [
      "a repository of something else",
      (hub) => {
        for (const name of ["config.json", "vocab.txt", "tokenizer.json"]) hub.files.delete(name);
      },
      () =>
        "some/bert lacks config.json, vocab.txt [hub/no-model]\n  mend: name a " +
        "repository that holds a BERT as Hugging Face's libraries write it",
    ],
    [
      "other bytes than the hub says, twice",
      (hub) => hub.troubles.set("model.safetensors", [TROUBLE.otherBytes, TROUBLE.otherBytes]),
      (_, folder) =>
        `${folder}/model.safetensors: model.safetensors has the SHA-256 ` +
        `${sha256(WEIGHTS.map((byte) => byte ^ 1))}, the hub says ${sha256(WEIGHTS)} ` +
        "[hub/damaged]\n  mend: run the same command again; if it is so once more, the hub or " +
        "what lies between is at fault",
    ],
    [
      "a longer file",
      (hub) => hub.troubles.set("vocab.txt", [TROUBLE.longer, TROUBLE.longer]),
      (_, folder) =>
        `${folder}/vocab.txt: vocab.txt has 15 bytes, the hub says 12 [hub/damaged]\n` +
        "  mend: run the same command again; if it is so once more, the hub or what lies between " +
        "is at fault",
    ],
    [
      "a redirect to nowhere",
      (hub) => hub.troubles.set("config.json", [TROUBLE.status(302, { location: "ftp://x/y" })]),
      (hub) =>
        `${new URL(hub.endpoint).host} sends on to no address of the web [hub/redirect]\n` +
        "  mend: check HF_ENDPOINT; if it is right, tell those who run it",
    ],
    [
      "a redirect in a circle",
      (hub) =>
        hub.troubles.set(
          "config.json",
          Array(20).fill((request: Request) => Response.redirect(request.url)),
        ),
      (hub) =>
        `${new URL(hub.endpoint).host} sends on more than 10 times [hub/redirect]\n` +
        "  mend: check HF_ENDPOINT; if it is right, tell those who run it",
    ],
  ];
  for (const [what, trouble, says] of cases) {
    await t.step(what, async () => {
      using dir = new TempDir();
      await using hub = new FakeHub(MODEL.name, someFiles());
      trouble(hub);
      const text = says(hub, hubFolder(dir.path, MODEL));
      const error = await assertFault(() => fetching(hub, dir), { text });
      assert.ok(error);
      assert.equal(await readManifest(hubFolder(dir.path, MODEL)), undefined);
    });
  }
});

Deno.test("fetchModel() takes a file again that came damaged once, and one that came short", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  hub.troubles.set("model.safetensors", [TROUBLE.otherBytes]);
  hub.troubles.set("vocab.txt", [TROUBLE.shorter]);
  await fetching(hub, dir);
  checkWhole(dir, hub);
});

Deno.test("fetchModel() waits as long as the hub's RateLimit says, which sends no Retry-After", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  const limit = (left: number, seconds: number) =>
    TROUBLE.status(429, {
      "ratelimit": `"resolvers";r=${left};t=${seconds}`,
      "ratelimit-policy": '"fixed window";"resolvers";q=3000;w=300',
    });
  // A limit that is not used up is not why: another one, that is not told, is.
  hub.troubles.set("main", [limit(0, 0), limit(2999, 172)]);
  const waits: string[] = [];
  await fetching(hub, dir, { onWait: (message) => waits.push(message) });
  checkWhole(dir, hub);
  assert.deepEqual(waits, [
    "the hub answers 429; trying again in 1 s",
    "the hub answers 429; trying again in 1 s",
  ]);
  hub.troubles.set("main", [limit(0, 3600)]);
  await assert.rejects(fetching(hub, dir), { code: "hub/unreachable" });
  assert.equal(hub.troubles.get("main")!.length, 0);
});

Deno.test("fetchModel() follows the hub's redirects of small files and renamed models within itself", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub("named/anew", someFiles());
  hub.formerName = MODEL.name;
  hub.list = withoutDigests(hub);
  const { files } = await fetching(hub, dir, { token: "hf_secret" });
  checkWhole(dir, hub);
  for (const { isStorage, authorization } of hub.met) {
    assert.equal(authorization, isStorage ? null : "Bearer hf_secret");
  }
  // The list told no digests, but the hub's own answers did: those of the files themselves.
  assert.deepEqual(NEEDED.map((name) => files[name]!.etag?.length), [40, 40, 40, 64]);
});

Deno.test("fetchModel() reads what a server packs although it is asked not to", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  hub.troubles.set("vocab.txt", [TROUBLE.packed]);
  hub.troubles.set("main", [TROUBLE.packedList(withoutDigests(hub))]);
  // Part of what is packed is no part of the file: it is begun anew.
  hub.troubles.set("model.safetensors", [TROUBLE.breakOff(1000), TROUBLE.packedRest]);
  const waits: string[] = [];
  await fetching(hub, dir, { onWait: (message) => waits.push(message) });
  checkWhole(dir, hub);
  assert.match(
    waits.at(-1)!,
    /^model\.safetensors: the hub does not go on where it was asked to; /,
  );
  hub.troubles.set("main", [() => new Response("?", { headers: { "content-encoding": "br" } })]);
  await assertFault(() => fetching(hub, dir), {
    text: `${new URL(hub.endpoint).host} packs its answers as br [hub/answer]\n` +
      "  mend: set HF_ENDPOINT to a hub, or a mirror of one, that leaves them as they are",
  });
});

Deno.test("fetchModel() does not ask for ever where each answer breaks off at the same place", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  // What has come is lost to each second answer, and comes again with the next.
  const troubles = Array.from({ length: 40 }, () => [TROUBLE.breakOff(1000), TROUBLE.packedRest]);
  hub.troubles.set("model.safetensors", troubles.flat());
  await assert.rejects(fetching(hub, dir), { code: "hub/unreachable" });
});

Deno.test("fetchModel() says which host refuses a file that the hub keeps elsewhere", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  hub.troubles.set("model.safetensors", [TROUBLE.status(403)]);
  await assertFault(() => fetching(hub, dir), {
    text: `${hub.storageHost}, where the hub keeps model.safetensors, answers 403 [hub/refused]\n` +
      `  mend: let ${hub.storageHost} through where a proxy or firewall stands between, and run ` +
      "the same command again, which goes on where this one stopped",
  });
});

Deno.test("fetchModel() says that a server is not there", async () => {
  using dir = new TempDir();
  const gone = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = `http://127.0.0.1:${(gone.addr as Deno.NetAddr).port}`;
  gone.close();
  await assert.rejects(fetchModel(MODEL, { endpoint, data: dir.path, waitMs: 1 }), {
    code: "hub/unreachable",
    message: /^127\.0\.0\.1:\d+ cannot be reached: tcp connect error: Connection refused/,
  });
});

Deno.test("fetchModel() says that the folder cannot be written", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  dir.file("hub", "a file in the folder's place");
  await assert.rejects(fetching(hub, dir), { code: "hub/disk" });
});

Deno.test("fetchModel() brings every file that an index of weights names", async () => {
  using dir = new TempDir();
  const files = someFiles();
  files.delete("model.safetensors");
  const parts = ["model-1-of-2.safetensors", "model-2-of-2.safetensors"];
  const index = { weight_map: { a: parts[0], b: parts[1], c: parts[0] } };
  files.set("model.safetensors.index.json", new TextEncoder().encode(JSON.stringify(index)));
  for (const part of parts) files.set(part, new TextEncoder().encode(part));
  await using hub = new FakeHub(MODEL.name, files, new Set(parts));
  const manifest = await fetching(hub, dir);
  assert.deepEqual(Object.keys(manifest.files).slice(3), [
    "model.safetensors.index.json",
    ...parts,
  ]);
  files.delete(parts[1]!);
  Deno.removeSync(join(hubFolder(dir.path, MODEL), MANIFEST));
  await assert.rejects(fetching(hub, dir), {
    code: "hub/no-model",
    message: "some/bert lacks model-2-of-2.safetensors",
  });
});

Deno.test("fetchModel() brings a checkpoint of TensorFlow where there is nothing else", async () => {
  using dir = new TempDir();
  const names = [
    "bert_config.json",
    "vocab.txt",
    "model.ckpt-1000000.index",
    "model.ckpt-1000000.data-00000-of-00002",
    "model.ckpt-1000000.data-00001-of-00002",
  ];
  const all = [...names, "model.ckpt-1000000.meta", "tokenizer.json"];
  const files = new Map(all.map((name) => [name, new TextEncoder().encode(name)]));
  await using hub = new FakeHub(MODEL.name, files, new Set(names.slice(3)));
  assert.deepEqual(Object.keys((await fetching(hub, dir)).files), names);
});

Deno.test("a disk that is full is told as such", async () => {
  // As Deno says it of /dev/full, which tests may not write to.
  const error = new Error("No space left on device (os error 28)");
  const write = () => Promise.reject(Object.assign(error, { code: "ENOSPC" }));
  await assertFault(() => onDisk("data/x", write), {
    text:
      "data/x: the disk is full [hub/disk]\n  mend: make room, or set TITRATE_DATA to another " +
      "folder, and run the same command again, which goes on where this one stopped",
  });
});

Deno.test("fetchModel() lets one process at a time fill a folder", async () => {
  using dir = new TempDir();
  await using hub = new FakeHub(MODEL.name, someFiles());
  const [a, b] = await Promise.all([fetching(hub, dir), fetching(hub, dir)]);
  assert.deepEqual(a, b);
  assert.equal(hub.metFor("model.safetensors").length, 1);
});

Deno.test("parseHubModel() reads names and revisions, and refuses what leads elsewhere", () => {
  const cases: readonly [string, string, string][] = [
    ["google-bert/bert-base-cased", "google-bert/bert-base-cased", "main"],
    ["bert-base-cased@v1.0", "bert-base-cased", "v1.0"],
    ["a/b@refs/pr/1", "a/b", "refs/pr/1"],
  ];
  for (const [text, name, revision] of cases) {
    assert.deepEqual(parseHubModel(text), { name, revision });
    assert.equal(formatHubModel({ name, revision }), text);
  }
  for (const text of ["", "a/b/c", "../a", "a/..", "a b", "a@", "a@../x", "a@x//y", "/a", "a@x/"]) {
    assert.throws(() => parseHubModel(text), { code: "hub/name" }, text);
  }
  assert.equal(
    hubFolder("data", { name: "a/b", revision: "refs/pr/1" }),
    "data/hub/a/b@refs%2Fpr%2F1",
  );
});

Deno.test("endpointOf(), hostsOf() and tokenOf() read variables, and never show a token", () => {
  assert.equal(endpointOf(undefined), "https://huggingface.co");
  assert.equal(endpointOf("http://h:1/mirror/"), "http://h:1/mirror");
  for (const text of ["huggingface.co", "file:///x", "https://user:pass@h", "https://h?x"]) {
    assert.throws(() => endpointOf(text), { code: "hub/endpoint" }, text);
  }
  assert.deepEqual(hostsOf("https://huggingface.co", undefined), [
    "huggingface.co",
    "*.huggingface.co",
    "*.hf.co",
  ]);
  assert.deepEqual(hostsOf("http://h:1/x", " a.b, c:2 ,"), ["h:1", "a.b", "c:2"]);
  assert.equal(tokenOf(" hf_x\n"), "hf_x");
  assert.equal(tokenOf(""), undefined);
  assert.throws(() => tokenOf("hf_a b"), (error: Error) => !error.message.includes("hf_a"));
});
