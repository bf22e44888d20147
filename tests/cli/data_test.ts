import assert from "node:assert/strict";
import { join } from "node:path";
import { bertConfig } from "../../lib/model/config.ts";
import { initialParams } from "../../lib/model/init.ts";
import { encoderSpecs } from "../../lib/model/params.ts";
import { modelArtifact } from "../../lib/model/weights/model_artifact.ts";
import { SPECIAL_PIECES } from "../../lib/text/pieces/wordpiece.ts";
import { FakeHub, TROUBLE } from "../hub/fake_hub.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { type Finished, finished, titrate } from "../_support/titrate.ts";
import { until } from "../_support/until.ts";

const NAME = "some/bert";

/** A tiny BERT's files as they lie on a hub. */
async function tinyModel(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  using dir = new TempDir();
  const sizes = { vocabSize: 7, layers: 1, hiddenSize: 8, heads: 2, intermediateSize: 16 };
  const config = bertConfig(sizes, { positions: 8 }), specs = encoderSpecs(config);
  const params = initialParams(specs, { seed: 1, std: 0.1 });
  await modelArtifact.write(dir.path, {
    config,
    specs,
    params,
    pieces: [...SPECIAL_PIECES, "A", "b"],
  });
  const names = [...Deno.readDirSync(dir.path)].map(({ name }) => name).sort();
  return new Map(names.map((name) => [name, Deno.readFileSync(join(dir.path, name))]));
}

/** A folder with a spec that names a model on a hub, and its command line. */
class Place implements Disposable {
  readonly dir = new TempDir();

  constructor(readonly hub: FakeHub) {
    this.dir.file(
      "study.yaml",
      `env: { TITRATE_DATA: { default: shared/data } }
stages:
  bert:
    uses: model
    with: { hub: ${NAME}, revision: v1 }
`,
    );
  }

  start(args: readonly string[], env: Record<string, string> = {}): Deno.ChildProcess {
    return titrate(args, {
      cwd: this.dir.path,
      env: { HF_ENDPOINT: this.hub.endpoint, TITRATE_HUB_HOSTS: this.hub.storageHost, ...env },
    }).spawn();
  }

  async call(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
    return await finished(this.start(args, env));
  }

  [Symbol.dispose](): void {
    this.dir[Symbol.dispose]();
  }
}

Deno.test("a run that lacks a model of the hub names the command that brings it, and then needs no network", async (t) => {
  await using hub = new FakeHub(NAME, await tinyModel());
  using place = new Place(hub);
  let command: string[] = [];

  await t.step("the model is not there: one fault, with the command", async () => {
    const { code, stderr } = await place.call(["run", "study.yaml"]);
    assert.equal(code, 2);
    assert.equal(
      stderr,
      'study.yaml:5:18: there is no file "shared/data/hub/some/bert@v1/fetched.json" ' +
        "[graph/missing-file]\n" +
        "  mend: fetch it: deno task data fetch --hub some/bert@v1 --into shared/data\n",
    );
    command = /deno task (.*)$/m.exec(stderr)![1]!.split(" ");
    assert.equal(hub.met.length, 0);
  });

  await t.step("that very command brings it, with the token of the environment", async () => {
    const { code, stdout, stderr } = await place.call(command, { HF_TOKEN: "hf_secret" });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "shared/data/hub/some/bert@v1\n");
    assert.ok(stderr.startsWith(`some/bert@v1 from ${hub.endpoint}\n  config.json: `), stderr);
    assert.match(stderr, /are there, of commit a{40}, licence apache-2\.0\n$/);
    assert.ok(!stderr.includes("hf_secret"));
    for (const { isStorage, authorization } of hub.met) {
      assert.equal(authorization, isStorage ? null : "Bearer hf_secret");
    }
  });

  await t.step("a run reads it; with the spec there is nothing more to fetch", async () => {
    hub.met.length = 0;
    const { code, stderr } = await place.call(["run", "study.yaml"]);
    assert.equal(code, 0, stderr);
    assert.equal(hub.met.length, 0);
    const fetched = await place.call(["data", "fetch", "study.yaml"]);
    assert.equal(fetched.code, 0, fetched.stderr);
    assert.equal(fetched.stdout, "shared/data/hub/some/bert@v1\n");
    assert.equal(hub.met.length, 1);
  });

  await t.step("the key is that of the same files in a folder", async () => {
    place.dir.file(
      "folder.yaml",
      'stages: { bert: { uses: model, with: { folder: "shared/data/hub/some/bert@v1" } } }\n',
    );
    const { code, stdout, stderr } = await place.call(["plan", "folder.yaml"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout + stderr, /1 cached/);
  });

  await t.step("exported, its card names the model on the hub and its licence", async () => {
    const { code, stderr } = await place.call(["export", "study.yaml", "bert", "out"]);
    assert.equal(code, 0, stderr);
    const card = Deno.readTextFileSync(join(place.dir.path, "out/README.md"));
    for (
      const part of [
        '\nlicense: "apache-2.0"\nbase_model: ["some/bert"]\n',
        "- the model `some/bert` of the Hugging Face Hub, commit aaaaaa",
        ", licence apache-2.0\n",
      ]
    ) assert.ok(card.includes(part), card);
  });
});

Deno.test("data fetch brings the model of a spec whose other data are not there", async () => {
  await using hub = new FakeHub(NAME, await tinyModel());
  using place = new Place(hub);
  place.dir.file(
    "more.yaml",
    `extends: study.yaml
stages:
  tagged:
    uses: conll
    with: { train: [$(env.TITRATE_DATA)/train.tsv], dev: [none.tsv], test: [none.tsv] }
`,
  );
  const { code, stdout, stderr } = await place.call(["data", "fetch", "more.yaml"]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "shared/data/hub/some/bert@v1\n");
});

Deno.test("data fetch --into puts models where it says; without, TITRATE_DATA does, or data", async () => {
  await using hub = new FakeHub(NAME, await tinyModel());
  using place = new Place(hub);
  const cases: readonly [readonly string[], Record<string, string>, string][] = [
    [["--into", "else, where"], { TITRATE_DATA: "own" }, "else, where"],
    [[], { TITRATE_DATA: "own" }, "own"],
    [[], { TITRATE_DATA: "" }, "data"],
  ];
  for (const [args, env, folder] of cases) {
    const { code, stdout, stderr } = await place.call(
      ["data", "fetch", "--hub", NAME, ...args],
      env,
    );
    assert.equal(code, 0, stderr);
    assert.ok(stdout.endsWith(`${folder}/hub/some/bert@main\n`), stdout);
    Deno.statSync(join(place.dir.path, folder, "hub/some/bert@main/model.safetensors"));
  }
});

Deno.test("data fetch that is interrupted says so, and goes on from there", async () => {
  await using hub = new FakeHub(NAME, await tinyModel());
  using place = new Place(hub);
  // A file of which a part comes, and then nothing.
  const stalled = Promise.withResolvers<void>();
  hub.troubles.set("model.safetensors", [(_, bytes) => {
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(bytes.slice(0, 1000));
        await stalled.promise;
        controller.close();
      },
    });
    return new Response(body, { headers: { "content-length": String(bytes.length) } });
  }]);
  const args = ["data", "fetch", "--hub", NAME];
  const child = place.start(args);
  const folder = join(place.dir.path, "data/hub/some/bert@main");
  await until(
    "a part is there",
    () =>
      [...Deno.readDirSync(folder)].some(({ name }) =>
        name.endsWith(".part") && Deno.statSync(join(folder, name)).size === 1000
      ),
  );
  child.kill("SIGINT");
  const { code, stderr } = await finished(child);
  stalled.resolve();
  assert.equal(code, 130);
  assert.match(
    stderr,
    /\nstopped: what was fetched is kept, and the same command goes on from there\n$/,
  );
  hub.met.length = 0;
  const again = await place.call(args);
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual(hub.metFor("model.safetensors").map(({ range }) => range), ["bytes=1000-"]);
});

Deno.test("data fetch may reach the hub's hosts and no other, and says how to allow one", async () => {
  await using hub = new FakeHub(NAME, await tinyModel());
  using place = new Place(hub);
  const { code, stderr } = await place.call(["data", "fetch", "--hub", NAME], {
    TITRATE_HUB_HOSTS: "",
  });
  assert.equal(code, 1);
  assert.ok(
    stderr.endsWith(
      `the hub keeps a file on ${hub.storageHost}, which this process may not reach ` +
        `[hub/redirect]\n  mend: if you trust it, allow it by name: TITRATE_HUB_HOSTS=${hub.storageHost}\n`,
    ),
    stderr,
  );
});

Deno.test("data fetch tells what is wrong with a call", async () => {
  await using hub = new FakeHub(NAME, await tinyModel());
  using place = new Place(hub);
  place.dir.file("none.yaml", "stages: { words: { uses: vocab, with: { file: vocab.txt } } }\n");
  place.dir.file(
    "both.yaml",
    "stages: { bert: { uses: model, with: { hub: some/bert, folder: x } } }\n",
  );
  place.dir.file("bad.yaml", 'stages: { bert: { uses: model, with: { hub: "../x" } } }\n');
  place.dir.file(
    "folder.yaml",
    "stages: { bert: { uses: model, with: { folder: x, revision: main } } }\n",
  );
  hub.troubles.set("v9", [TROUBLE.status(404, { "x-error-code": "RevisionNotFound" })]);
  const cases: readonly [readonly string[], Record<string, string>, number, string | RegExp][] = [
    [[], {}, 2, /^nothing is named to be fetched \[cli\/nothing-named\]/],
    [["none.yaml"], {}, 0, "none.yaml names no model on the hub: nothing is to be fetched\n"],
    [["gone.yaml"], {}, 2, /gone\.yaml/],
    [["both.yaml"], {}, 2, /both\.yaml:1:\d+: stage "bert": both folder and hub are given/],
    [["bad.yaml"], {}, 2, /bad\.yaml:1:\d+: .*is no name of a model on the hub/],
    [["folder.yaml"], {}, 2, /folder\.yaml:1:\d+: stage "bert": a folder has no revision/],
    [["--hub", "a/b/c"], {}, 2, /^no model of the hub is called "a\/b\/c" \[hub\/name\]/],
    [["--hub", `${NAME}@v9`], {}, 2, /the hub has no such revision of the model/],
    [
      ["--hub", NAME, "--into", "~/data"],
      {},
      2,
      /^the data folder is "~\/data" \[cli\/data-folder\]/,
    ],
    [["--hub", NAME], { TITRATE_DATA: "~/data" }, 2, /^the data folder is "~\/data" /],
    [["--hub", NAME], { HF_ENDPOINT: "huggingface.co" }, 2, /^HF_ENDPOINT is no address of a hub/],
    [["--hub", NAME], { HF_TOKEN: "two words" }, 2, /^HF_TOKEN holds spaces or other/],
  ];
  for (const [args, env, exit, says] of cases) {
    const { code, stderr } = await place.call(["data", "fetch", ...args], env);
    assert.equal(code, exit, stderr);
    if (typeof says === "string") assert.equal(stderr, says);
    else assert.match(stderr, says);
    assert.ok(!stderr.includes("    at "), stderr);
  }
});
