/** `gpu install` and `gpu doctor` as a person starts them, on a machine without a GPU. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { finished, titrate } from "../_support/titrate.ts";
import { TempDir } from "../_support/temp_dir.ts";

/** An installer that leaves a plugin where it is told to, and tells what it sees. */
const FAKE_PIP = `#!/bin/sh
echo "fetching through $PIP_INDEX_URL by $TMPDIR"
while [ $# -gt 0 ]; do
  if [ "$1" = --target ]; then target=$2; fi
  shift
done
[ -z "$FAKE_PIP_FAILS" ] || exit 3
for cuda in 12 13; do
  mkdir -p "$target/jax_plugins/xla_cuda$cuda"
  : > "$target/jax_plugins/xla_cuda$cuda/xla_cuda_plugin.so"
done
`;

class Place implements Disposable {
  readonly dir = new TempDir();
  readonly cache: string = join(this.dir.path, "cache");

  constructor({ hasPip = true } = {}) {
    if (hasPip) Deno.chmodSync(this.dir.file("bin/pip3", FAKE_PIP), 0o755);
  }

  async call(args: readonly string[], env: Record<string, string> = {}) {
    return await finished(
      titrate(["gpu", ...args], {
        cwd: this.dir.path,
        env: {
          PATH: `${this.dir.path}/bin:/usr/bin:/bin`,
          XDG_CACHE_HOME: this.cache,
          TITRATE_PJRT_PLUGIN: "",
          VIRTUAL_ENV: "",
          ...env,
        },
      }).spawn(),
    );
  }

  [Symbol.dispose](): void {
    this.dir[Symbol.dispose]();
  }
}

const isLinux = Deno.build.os === "linux" && Deno.build.arch === "x86_64";

Deno.test({
  name: "gpu install says what it brings, asks first, installs, and does not again",
  ignore: !isLinux,
  async fn() {
    using place = new Place();
    const asked = await place.call(["install", "--cuda", "13"]);
    assert.equal(asked.code, 2);
    assert.match(asked.stderr, /jax-cuda13-pjrt +0\.12\.0\.1 +135 MB/);
    assert.match(asked.stderr, /in all +1\.\d+ GB +2\.\d+ GB/);
    assert.match(asked.stderr, /no terminal to ask.*\n {2}mend: add --yes/);

    const env = { PIP_INDEX_URL: "the-mirror" };
    const { code, stdout, stderr } = await place.call(["install", "--cuda", "13", "--yes"], env);
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`fetching through the-mirror by ${place.cache}/titrate/`));
    const plugin = `${place.cache}/titrate/xla-cuda13-0.12.0.1/jax_plugins/xla_cuda13/` +
      "xla_cuda_plugin.so";
    assert.equal(stdout, `${plugin}\n`);
    Deno.statSync(plugin);

    const again = await place.call(["install", "--cuda", "13"], { FAKE_PIP_FAILS: "1" });
    assert.deepEqual([again.code, again.stdout], [0, `${plugin}\n`]);
    // It is no plugin, but it is found.
    const doctor = await place.call(["doctor"]);
    assert.equal(doctor.code, 1);
    assert.match(doctor.stdout, new RegExp(`cannot load the plugin ${plugin}`));
  },
});

Deno.test({
  name: "gpu install tells of an installer that fails, and of none",
  ignore: !isLinux,
  async fn() {
    using place = new Place();
    const failed = await place.call(["install", "--yes"], { FAKE_PIP_FAILS: "1" });
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /pip ended with exit code 3 \[gpu\/install\]\n {2}mend: /);
    assert.deepEqual([...Deno.readDirSync(`${place.cache}/titrate`)], []);

    using bare = new Place({ hasPip: false });
    const none = await bare.call(["install", "--yes"], { PATH: `${bare.dir.path}/bin` });
    assert.equal(none.code, 2);
    assert.match(none.stderr, /neither uv nor pip is there.*\n {2}mend: install Python's pip/);
  },
});

/** Tools that leave what the script's next step reads. */
const FAKE_TOOLS = {
  npm: "mkdir -p node_modules/@tensorflow/tfjs-node-gpu",
  python3: 'echo "packages: $*"',
  "g++": 'while [ "$1" != -o ]; do shift; done; : > "$2"',
};

Deno.test({
  name: "gpu install --tfjs names the tools it lacks, builds in the cache, and is found there",
  ignore: !isLinux,
  async fn() {
    using place = new Place();
    const bin = { PATH: `${place.dir.path}/bin` };
    const lacking = await place.call(["install", "--tfjs", "--yes"], bin);
    assert.equal(lacking.code, 2);
    assert.match(lacking.stderr, /cannot be built without bash, npm, g\+\+, python3 \[gpu\/tools/);

    for (const [name, does] of Object.entries(FAKE_TOOLS)) {
      Deno.chmodSync(place.dir.file(`bin/${name}`, `#!/bin/sh\n${does}\n`), 0o755);
    }
    const { code, stdout, stderr } = await place.call(["install", "--tfjs", "--yes"]);
    assert.equal(code, 0, stderr);
    const folder = `${place.cache}/titrate/tfjs-node-gpu-4.22.0`;
    assert.equal(stdout, `${folder}\n`);
    assert.match(stderr, /packages: .*nvidia-cudnn-cu12/);
    const again = await place.call(["install", "--tfjs"]);
    assert.deepEqual([again.code, again.stdout], [0, stdout]);
  },
});

Deno.test("gpu doctor says of a machine without a GPU what is missing, and ends with 1", async () => {
  using place = new Place();
  const { code, stdout, stderr } = await place.call(["doctor"]);
  assert.equal(stderr, "");
  assert.match(stdout, /plugin: the device needs a PJRT plugin for CUDA, and none is found/);
  assert.match(stdout, /mend: install one by `deno task gpu install`/);
  assert.match(stdout, /the device "cuda" cannot be used\n$/);
  assert.equal(code, 1);
});
