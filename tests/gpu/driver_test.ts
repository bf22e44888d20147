/** The driver is asked through its C interface: here one of a few lines, built on the spot. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { askDriver } from "../../lib/gpu/driver.ts";
import { TempDir } from "../_support/temp_dir.ts";

/** A driver whose `cuInit` answers so, with two GPUs. */
const SOURCE = (init: number) => `
#include <string.h>
int cuInit(unsigned flags) { return ${init}; }
int cuDriverGetVersion(int *v) { *v = 12090; return 0; }
int cuDeviceGetCount(int *n) { *n = 2; return 0; }
int cuDeviceGet(int *d, int ordinal) { *d = 10 + ordinal; return 0; }
int cuDeviceGetName(char *name, int room, int d) {
  strncpy(name, d == 10 ? "NVIDIA H100 80GB HBM3" : "NVIDIA T4", room); return 0;
}
int cuDeviceTotalMem_v2(unsigned long *bytes, int d) { *bytes = d == 10 ? 85UL << 30 : 16UL << 30; return 0; }
int cuDeviceGetAttribute(int *out, int attribute, int d) {
  *out = attribute == 75 ? (d == 10 ? 9 : 7) : (d == 10 ? 0 : 5); return attribute < 75 || attribute > 76;
}
`;

function hasCompiler(): boolean {
  try {
    return new Deno.Command("cc", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

const ignore = !hasCompiler() || Deno.build.os !== "linux";
const reason = ignore ? " (ignored: no cc)" : "";

function build(dir: TempDir, init: number): string {
  const source = dir.file(`driver${init}.c`, SOURCE(init));
  const library = join(dir.path, `libcuda${init}.so`);
  const { success, stderr } = new Deno.Command("cc", {
    args: ["-shared", "-fPIC", "-o", library, source],
  }).outputSync();
  assert.ok(success, new TextDecoder().decode(stderr));
  return library;
}

Deno.test({
  name: `askDriver() tells its version and each GPU${reason}`,
  ignore,
  fn() {
    using dir = new TempDir();
    assert.deepEqual(askDriver(build(dir, 0)), {
      version: 12090,
      gpus: [
        { name: "NVIDIA H100 80GB HBM3", bytes: 85 * 2 ** 30, capability: "9.0" },
        { name: "NVIDIA T4", bytes: 16 * 2 ** 30, capability: "7.5" },
      ],
    });
  },
});

Deno.test({
  name: `askDriver() tells a driver without GPUs from one that does not work${reason}`,
  ignore,
  fn() {
    using dir = new TempDir();
    assert.deepEqual(askDriver(build(dir, 100)), { version: 12090, gpus: [] });
    assert.deepEqual(askDriver(build(dir, 803)), {
      why: "failing",
      message: "cuInit answers 803",
    });
  },
});

Deno.test("askDriver() tells once that there is none", () => {
  const told = askDriver("libno-such-driver.so.1");
  assert("why" in told);
  assert.equal(told.why, "missing");
  assert.doesNotMatch(told.message, /Could not open library/);
  assert.match(told.message, /libno-such-driver\.so\.1/);
});
