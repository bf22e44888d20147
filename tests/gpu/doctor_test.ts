/** What the doctor says of each thing that can be wrong, and that it goes on as far as it can. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ExperimentError } from "../../lib/base/errors.ts";
import { XlaEngine, type XlaOptions } from "../../lib/engine/xla/engine.ts";
import { openXla } from "../../lib/engine/xla/open.ts";
import { examine, type Patient } from "../../lib/gpu/doctor.ts";
import { CUDA_PACKAGES } from "../../lib/gpu/packages.ts";
import { testOnCpuPlugin } from "../engine/xla/cpu_plugin.ts";
import { TempDir } from "../_support/temp_dir.ts";

const H100 = { name: "NVIDIA H100", handle: 0, bytes: 80 * 2 ** 30, capability: "9.0" };

const HEALTHY: Patient = {
  build: { os: "linux", arch: "x86_64" },
  driver: () => ({ version: 13000, gpus: [H100] }),
  freeMemory: () => ({ freeBytes: 79 * 2 ** 30 }),
  plugin: () => ({ path: "/opt/plugin.so", attributes: new Map([["cuda_version", 13000]]) }),
  engine: () => Promise.reject(new ExperimentError("engine/device-busy", "busy", { mend: "wait" })),
  // A GPU's would take a busy CPU minutes.
  productSize: 256,
};

async function findingsOf(patient: Partial<Patient>) {
  const all = await Array.fromAsync(examine({ ...HEALTHY, ...patient }));
  return {
    order: all.map(({ what }) => what),
    wrong: all.filter(({ isWell }) => !isWell).map(({ what, told, mend }) => {
      assert.ok(mend !== undefined && mend !== "", `${what} says what to do`);
      return `${what}: ${told[0]}`;
    }),
  };
}

Deno.test("the doctor looks at everything where nothing hinders it", async () => {
  const { order, wrong } = await findingsOf({});
  assert.deepEqual(order, [
    "machine",
    "driver",
    "GPUs",
    "memory",
    "plugin",
    "driver for the plugin",
    "libraries",
    "start",
  ]);
  assert.deepEqual(wrong, ["start: busy"]);
});

/** An engine that starts and computes nothing. */
class Unable extends XlaEngine {
  constructor() {
    const devices = [{ address: 1n, kind: "H100" }], memoryOf = () => ({ usedBytes: 0 });
    super({ programs: { client: { devices, memoryOf } } } as unknown as XlaOptions);
  }

  override compile(): Promise<never> {
    const message = "the device's memory is full";
    return Promise.reject(new ExperimentError("engine/memory", message, { mend: "free it" }));
  }
}

const FAULTS: readonly { name: string; patient: Partial<Patient>; wrong: string[] }[] = [
  {
    name: "another machine",
    patient: { build: { os: "darwin", arch: "aarch64" } },
    wrong: ["machine: darwin on aarch64", "start: busy"],
  },
  {
    name: "no driver",
    patient: { driver: () => ({ why: "missing", message: "no such file" }) },
    wrong: ["driver: NVIDIA's driver is not there: libcuda.so.1 cannot be loaded"],
  },
  {
    name: "a driver that does not work",
    patient: { driver: () => ({ why: "failing", message: "cuInit answers 803" }) },
    wrong: ["driver: NVIDIA's driver is there and does not work"],
  },
  {
    name: "a driver that is too old for the plugin",
    patient: { driver: () => ({ version: 12040, gpus: [H100] }) },
    wrong: [
      "driver for the plugin: it serves CUDA up to 12.4, the plugin needs 13",
      "start: busy",
    ],
  },
  {
    name: "a GPU whose memory others have",
    patient: { freeMemory: () => ({ freeBytes: 2 ** 30 }) },
    wrong: ["memory: 1.0 GiB of 80.0 GiB of the NVIDIA H100 are free", "start: busy"],
  },
  {
    name: "a GPU that is full",
    patient: { freeMemory: () => ({ why: "full", message: "it answers 2" }) },
    wrong: ["memory: nothing of 80.0 GiB of the NVIDIA H100 is free", "start: busy"],
  },
  {
    name: "a GPU that another program has for itself",
    patient: { freeMemory: () => ({ why: "taken", message: "it answers 46" }) },
    wrong: ["memory: another program has the NVIDIA H100 for itself", "start: busy"],
  },
  {
    name: "a GPU that does not work",
    patient: { freeMemory: () => ({ why: "failing", message: "it answers 999" }) },
    wrong: ["memory: the NVIDIA H100 cannot be used", "start: busy"],
  },
  {
    name: "a product that fails",
    patient: { engine: () => Promise.resolve(new Unable()) },
    wrong: ["products: the device's memory is full"],
  },
  {
    name: "no GPU",
    patient: { driver: () => ({ version: 13000, gpus: [] }) },
    wrong: ["GPUs: the driver sees none that this process may use"],
  },
  {
    name: "no plugin",
    patient: {
      plugin: () => {
        throw new ExperimentError("engine/pjrt-plugin", "there is none", { mend: "install one" });
      },
    },
    wrong: ["plugin: there is none"],
  },
  {
    name: "a plugin for another platform",
    patient: { plugin: () => ({ path: "/opt/cpu.so", attributes: new Map() }) },
    wrong: ["plugin: /opt/cpu.so is for another platform than CUDA"],
  },
];

for (const { name, patient, wrong } of FAULTS) {
  Deno.test(`the doctor tells of ${name}, and what to do`, async () => {
    assert.deepEqual((await findingsOf(patient)).wrong, wrong);
  });
}

Deno.test("the doctor names the plugin for an older CUDA only where the driver serves that", async () => {
  const mendOf = async (version: number, cuda: number) => {
    const attributes = new Map([["cuda_version", cuda]]);
    const patient = {
      ...HEALTHY,
      driver: () => ({ version, gpus: [H100] }),
      plugin: () => ({ path: "/opt/plugin.so", attributes }),
    };
    const all = await Array.fromAsync(examine(patient));
    return all.find(({ what }) => what === "driver for the plugin")?.mend;
  };
  assert.equal(
    await mendOf(12040, 13000),
    "update the driver to 580 or later, or install the plugin for an older CUDA: " +
      "deno task gpu install --cuda 12",
  );
  assert.equal(await mendOf(11040, 13000), "update the driver to 580 or later");
  assert.equal(await mendOf(11040, 12090), "update the driver to 525 or later");
  assert.equal(await mendOf(12000, 12090), undefined);
});

Deno.test("the doctor misses NVIDIA's compiler beside the plugin", async () => {
  using dir = new TempDir();
  const { plugin, ptxas } = CUDA_PACKAGES["13"], path = join(dir.path, plugin);
  const attributes = new Map([["cuda_version", 13000]]);
  const patient = { plugin: () => ({ path, attributes }) };
  const { wrong } = await findingsOf(patient);
  assert.deepEqual(wrong, [`libraries: ${join(dir.path, ptxas)} is not there`, "start: busy"]);
  dir.file(ptxas, "");
  assert.deepEqual((await findingsOf(patient)).wrong, ["start: busy"]);
});

testOnCpuPlugin("the doctor times a product", async () => {
  const options = { platform: "cpu", precision: "bfloat16", replicas: 1, threads: 2 } as const;
  const found = await Array.fromAsync(examine({ ...HEALTHY, engine: () => openXla(options) }));
  const products = found.find(({ what }) => what === "products");
  assert.match(products!.told[0]!, /^\d+\.\d TFLOP\/s, bfloat16, 256 x 256$/);
});
