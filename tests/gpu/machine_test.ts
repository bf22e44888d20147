/** What is asked of a machine before packages are fetched for it. */
import assert from "node:assert/strict";
import { ExperimentError } from "../../lib/base/errors.ts";
import { checkRoom } from "../../lib/gpu/install.ts";
import { checkTfjsRoom } from "../../lib/gpu/install_tfjs.ts";
import { checkMachine } from "../../lib/gpu/machine.ts";
import { TempDir } from "../_support/temp_dir.ts";

const isLinux = Deno.build.os === "linux" && Deno.build.arch === "x86_64";

Deno.test({
  name: "checkMachine() tells what is needed and what the disk has, of folders to be made too",
  ignore: !isLinux,
  fn() {
    using dir = new TempDir();
    const cache = `${dir.path}/not/yet`;
    checkMachine(cache, { downloadBytes: 0, diskBytes: 0 });
    // What is fetched lies there twice: installers keep it, to go on with after a break.
    const size = { downloadBytes: 1e17, diskBytes: 8e17 };
    assert.throws(() => checkMachine(cache, size), (error) => {
      assert.ok(error instanceof ExperimentError);
      assert.equal(error.code, "gpu/space");
      assert.match(
        error.message,
        /^it takes 1 EB while it is unpacked, and the disk has [\d.]+ [kMGTP]?B$/,
      );
      assert.deepEqual(error.faults[0].at, { file: cache });
      return true;
    });
  },
});

Deno.test({
  name: "packages are refused on another platform, those of tfjs-node-gpu too",
  ignore: isLinux,
  fn() {
    const refused = { code: "gpu/platform" };
    assert.throws(() => checkRoom(Deno.cwd(), "12"), refused);
    assert.throws(() => checkTfjsRoom(Deno.cwd(), { withoutCuda: true }), refused);
  },
});
