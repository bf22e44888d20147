/** The driver is asked through its C interface: here one of a few lines, built on the spot. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { askDriver, askFreeMemory } from "../../../lib/engine/xla/cuda_driver.ts";
import { TempDir } from "../../_support/temp_dir.ts";

/** A driver whose `cuInit` and `cuDevicePrimaryCtxRetain` answer so, with two GPUs. */
const SOURCE = ({ init = 0, retain = 0 }: Answers) => `
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
static long contexts = 0, current = 0;
int cuDevicePrimaryCtxRetain(long *context, int d) {
  if (${retain}) return ${retain};
  contexts++; *context = 1000 + d; return 0;
}
int cuCtxSetCurrent(long context) { current = context; return 0; }
int cuMemGetInfo_v2(unsigned long *free, unsigned long *all) {
  *free = (current == 1010 ? 3UL : 15UL) << 30; *all = 99UL << 30; return current < 1000 || contexts != 1;
}
int cuDevicePrimaryCtxRelease_v2(int d) { contexts--; return current != 0; }
`;

interface Answers {
  readonly init?: number;
  readonly retain?: number;
}

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

function build(dir: TempDir, answers: Answers): string {
  const name = Object.entries(answers).flat().join("");
  const source = dir.file(`driver${name}.c`, SOURCE(answers));
  const library = join(dir.path, `libcuda${name}.so`);
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
    assert.deepEqual(askDriver(build(dir, {})), {
      version: 12090,
      gpus: [
        { name: "NVIDIA H100 80GB HBM3", handle: 10, bytes: 85 * 2 ** 30, capability: "9.0" },
        { name: "NVIDIA T4", handle: 11, bytes: 16 * 2 ** 30, capability: "7.5" },
      ],
    });
  },
});

Deno.test({
  name: `askDriver() tells a driver without GPUs from one that does not work${reason}`,
  ignore,
  fn() {
    using dir = new TempDir();
    assert.deepEqual(askDriver(build(dir, { init: 100 })), { version: 12090, gpus: [] });
    assert.deepEqual(askDriver(build(dir, { init: 803 })), {
      why: "failing",
      message: "cuInit answers 803",
    });
  },
});

Deno.test({
  name: `askFreeMemory() tells what is free of each GPU, and why one cannot be used${reason}`,
  ignore,
  fn() {
    using dir = new TempDir();
    const driver = build(dir, {});
    // The second time nothing is left of the first.
    for (const [handle, gigabytes] of [[10, 3], [11, 15], [10, 3]] as const) {
      assert.deepEqual(askFreeMemory({ handle }, driver), { freeBytes: gigabytes * 2 ** 30 });
    }
    for (const [retain, why] of [[2, "full"], [46, "taken"], [999, "failing"]] as const) {
      assert.deepEqual(askFreeMemory({ handle: 10 }, build(dir, { retain })), {
        why,
        message: `cuDevicePrimaryCtxRetain answers ${retain}`,
      });
    }
  },
});

Deno.test("askDriver() tells once that there is none", () => {
  const told = askDriver("libno-such-driver.so.1");
  assert("why" in told);
  assert.equal(told.why, "missing");
  assert.doesNotMatch(told.message, /Could not open library/);
  assert.match(told.message, /libno-such-driver\.so\.1/);
});
