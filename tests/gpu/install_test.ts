/** Installing: what is asked of uv and pip, and what is left when they fail. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { cudaFolder, installCuda, installedPlugin } from "../../lib/gpu/install.ts";
import { findInstaller, installArguments } from "../../lib/gpu/installer.ts";
import {
  CUDA_PACKAGES,
  type CudaVersion,
  requirementsOf,
  tooOldFor,
} from "../../lib/gpu/packages.ts";
import { TempDir } from "../_support/temp_dir.ts";

const VERSIONS: readonly CudaVersion[] = ["12", "13"];
const PIP = { program: "/usr/bin/pip3", name: "pip" } as const;

Deno.test("every wheel is pinned by its version and its hash", () => {
  for (const version of VERSIONS) {
    const lines = requirementsOf(CUDA_PACKAGES[version]).trimEnd().split("\n");
    assert.equal(lines.length, CUDA_PACKAGES[version].wheels.length);
    for (const line of lines) assert.match(line, /^[a-z0-9-]+==[\d.]+ --hash=sha256:[0-9a-f]{64}$/);
  }
});

Deno.test("tooOldFor() tells of a driver that does not serve the packages, before they are fetched", () => {
  const driver = (version: number) => ({ version, gpus: [] });
  assert.equal(
    tooOldFor("13", driver(12080)),
    "the driver of this machine serves CUDA up to 12.8, and these packages need 13: " +
      "update it to 580 or later, or give --cuda 12",
  );
  assert.equal(
    tooOldFor("12", driver(11040)),
    "the driver of this machine serves CUDA up to 11.4, and these packages need 12: " +
      "update it to 525 or later",
  );
  assert.equal(tooOldFor("13", driver(13000)), undefined);
  assert.equal(tooOldFor("12", driver(13000)), undefined);
  // A container is built where there is no driver.
  assert.equal(tooOldFor("12", { why: "missing", message: "no such file" }), undefined);
});

Deno.test("findInstaller() prefers uv, then pip3, wherever they lie on the search path", () => {
  using dir = new TempDir();
  const folders = ["a", "b"].map((name) => dir.folder(name));
  const program = (path: string, mode = 0o755) => {
    const file = dir.file(path, "#!/bin/sh\n");
    Deno.chmodSync(file, mode);
    return file;
  };
  const path = ["relative", ...folders].join(":");
  assert.throws(() => findInstaller(path), { code: "gpu/no-installer" });
  program("a/uv", 0o644);
  const pip = program("a/pip");
  assert.deepEqual(findInstaller(path), { program: pip, name: "pip" });
  const pip3 = program("b/pip3");
  assert.deepEqual(findInstaller(path), { program: pip3, name: "pip" });
  const uv = program("b/uv");
  assert.deepEqual(findInstaller(path), { program: uv, name: "uv" });
});

Deno.test("installers are told to check hashes, to build nothing, and to fetch nothing else", () => {
  const asked = { requirements: "/r.txt", folder: "/f" };
  for (const name of ["uv", "pip"] as const) {
    const args = installArguments({ program: name, name }, asked);
    for (const each of ["--require-hashes", "--no-deps"]) assert.ok(args.includes(each), each);
    assert.match(args.join(" "), /--only-binary[ =]:all:/);
    assert.match(args.join(" "), /--target \/f -r \/r\.txt$/);
  }
});

/** What an installer does that leaves the plugin. */
async function succeed(args: readonly string[], cuda: CudaVersion): Promise<number> {
  const folder = args[args.indexOf("--target") + 1]!;
  const requirements = await Deno.readTextFile(args[args.indexOf("-r") + 1]!);
  assert.equal(requirements, requirementsOf(CUDA_PACKAGES[cuda]));
  const plugin = join(folder, CUDA_PACKAGES[cuda].plugin);
  await Deno.mkdir(join(plugin, ".."), { recursive: true });
  await Deno.writeTextFile(plugin, "");
  return 0;
}

Deno.test("a plugin is installed when its packages are whole, and found then", async () => {
  using dir = new TempDir();
  const cache = join(dir.path, "new", "cache");
  for (const cuda of VERSIONS) {
    assert.equal(installedPlugin(cache, cuda), undefined);
    const install = { cache, cuda, installer: PIP };
    const plugin = await installCuda(install, ({ args, temporary }) => {
      assert.equal(installedPlugin(cache, cuda), undefined);
      // On the disk that was seen to have room: that of /tmp may be small.
      assert(temporary.startsWith(`${cache}/`) && Deno.statSync(temporary).isDirectory);
      Deno.writeTextFileSync(`${temporary}/half`, "");
      return succeed(args, cuda);
    });
    assert.equal(installedPlugin(cache, cuda), plugin);
  }
  const names = [...Deno.readDirSync(cache)].map(({ name }) => name).sort();
  assert.deepEqual(names, ["xla-cuda12-0.12.0.1", "xla-cuda13-0.12.0.1"]);
});

Deno.test("an installer that fails, or leaves no plugin, leaves nothing behind", async () => {
  using dir = new TempDir();
  const install = { cache: dir.path, cuda: "12", installer: PIP } as const;
  const cases = [
    { code: 7, message: "the packages were not installed: pip ended with exit code 7" },
    {
      code: 0,
      message: `the packages were not installed: pip left no ${CUDA_PACKAGES["12"].plugin}`,
    },
  ];
  for (const { code, message } of cases) {
    const installing = installCuda(install, () => Promise.resolve(code));
    await assert.rejects(installing, { code: "gpu/install", message });
    assert.deepEqual([...Deno.readDirSync(dir.path)], []);
  }
});

Deno.test("what a killed installation left is removed, what one at work has is not", async () => {
  using dir = new TempDir();
  const folder = cudaFolder(dir.path, "12");
  const gone = `${folder}.part-4194305`, alive = `${folder}.part-1`;
  for (const each of [gone, alive]) Deno.mkdirSync(each);
  const install = { cache: dir.path, cuda: "12", installer: PIP } as const;
  await installCuda(install, ({ args }) => succeed(args, "12"));
  const names = [...Deno.readDirSync(dir.path)].map(({ name }) => join(dir.path, name)).sort();
  assert.deepEqual(names, [folder, alive]);
});
