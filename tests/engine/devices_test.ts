/** The table of devices: what each is called in keys, how it is shared, how it is opened. */
import assert from "node:assert/strict";
import { chooseDevice, LEAST_GAINING_FLOPS, type XlaGain } from "../../lib/engine/choose_device.ts";
import {
  canonicalDeviceName,
  type DeviceName,
  deviceOf,
  DEVICES,
  openDevice,
} from "../../lib/engine/devices.ts";
import { ExperimentError } from "../../lib/base/errors.ts";
import { keyOf } from "../../lib/graph/key.ts";

const CORES = navigator.hardwareConcurrency;

Deno.test("DEVICES keeps the engines and precisions that stand in keys", () => {
  const numerics = Object.entries(DEVICES).map(([name, device]) => [name, device.numerics]);
  assert.deepEqual(Object.fromEntries(numerics), {
    "cpu": { engine: "onnx-cpu", precision: "float32" },
    "xla-cpu": { engine: "xla-cpu", precision: "float32" },
    "cuda": { engine: "xla-cuda", precision: "bfloat16" },
    "tfjs-cpu": { engine: "tfjs-cpu", precision: "float32" },
    "tfjs-node-gpu": { engine: "tfjs-node-gpu", precision: "float32" },
  });
  const engines = Object.values(DEVICES).map((device) => device.numerics.engine);
  assert.equal(new Set(engines).size, engines.length, "two devices would share keys");
});

Deno.test("DEVICES: each device's module is there, and its line for help ends without a stop", async () => {
  for (const { module, about } of Object.values(DEVICES)) {
    assert((await Deno.stat(module)).isFile);
    assert.match(about, /^[^\n]{10,70}[^.\n]$/);
  }
});

Deno.test("DEVICES: a GPU takes one training or four that share it, a CPU a task a core", () => {
  const slots = Object.entries(DEVICES).map(([name, device]) => [
    name,
    [device.slots(), device.trainingSlots()],
  ]);
  const expected = {
    "cpu": [CORES, 1],
    "xla-cpu": [CORES, 1],
    "cuda": [4, 4],
    "tfjs-cpu": [CORES, 1],
    "tfjs-node-gpu": [1, 1],
  };
  assert.deepEqual(Object.fromEntries(slots), expected);
});

Deno.test("DEVICES: jobs share the cores, and a long task without others gets all", () => {
  const { threads } = DEVICES["cpu"];
  const short = { flops: 1e9, active: 1 }, long = { flops: 1e13, active: 1 };
  assert.equal(threads({ ...short, jobs: 1 }), CORES);
  assert.equal(threads({ ...short, jobs: CORES }), 1);
  assert.equal(threads({ ...short, jobs: 10 * CORES }), 1);
  assert.equal(threads({ ...long, jobs: CORES }), CORES);
  assert.equal(threads({ ...long, jobs: CORES, active: CORES }), 1);
  assert.equal(threads({ ...long, jobs: 1, active: 50 }), CORES);
  for (const name of ["cuda", "tfjs-cpu", "tfjs-node-gpu"] as const) {
    assert.equal(DEVICES[name].threads({ ...long, jobs: 1 }), 1);
  }
});

Deno.test("deviceOf() refuses a name that is none, even one that every object has", () => {
  for (const name of ["abacus", "constructor", ""]) {
    assert.throws(() => deviceOf(name), {
      code: "engine/unknown-device",
      message: `there is no device "${name}"`,
    });
  }
  for (const name of Object.keys(DEVICES)) {
    assert.equal(deviceOf(name), DEVICES[name as DeviceName]);
  }
});

Deno.test("deviceOf() takes a device's options, which stand in keys", () => {
  const cases: readonly [string, unknown][] = [
    ["cuda:precision=float32", { engine: "xla-cuda", precision: "float32" }],
    ["cuda:replicas=4", { engine: "xla-cuda", precision: "bfloat16", replicas: 4 }],
    [
      "xla-cpu:replicas=2,precision=bfloat16",
      { engine: "xla-cpu", precision: "bfloat16", replicas: 2 },
    ],
    ["xla-cpu:replicas=1", { engine: "xla-cpu", precision: "float32" }],
  ];
  for (const [name, numerics] of cases) assert.deepEqual(deviceOf(name).numerics, numerics, name);
});

Deno.test("deviceOf(): no two engines, precisions or numbers of replicas have one key", () => {
  const names = [
    ...["cpu", "tfjs-cpu", "tfjs-node-gpu"],
    ...["xla-cpu", "cuda"].flatMap((device) =>
      ["bfloat16", "float32"].flatMap((precision) =>
        [1, 2, 8].map((replicas) => `${device}:precision=${precision},replicas=${replicas}`)
      )
    ),
  ];
  const keys = names.map((name) => {
    const { numerics } = deviceOf(name);
    return keyOf({ kind: "pretrain", version: 1, params: {}, inputs: {}, numerics });
  });
  assert.equal(new Set(keys).size, names.length);
});

Deno.test("deviceOf() says what is wrong with a device's options", () => {
  for (
    const choice of [
      "replicas=0",
      "replicas=65",
      "precision=float16",
      "speed=fast",
      "replicas=2=2",
      "",
    ]
  ) {
    assert.throws(() => deviceOf(`cuda:${choice}`), {
      code: "engine/device-option",
      message: `cannot read the device's option "${choice}"`,
    });
  }
  assert.throws(() => deviceOf("cuda:replicas=2,precision=float32,replicas=4"), {
    code: "engine/device-option",
    message: `the device's option "replicas" stands twice in ` +
      '"cuda:replicas=2,precision=float32,replicas=4"',
  });
  assert.throws(() => deviceOf("cpu:precision=float32"), {
    code: "engine/device-option",
    message: 'the device "cpu" has no options',
  });
  assert.throws(() => deviceOf("abacus:replicas=2"), { code: "engine/unknown-device" });
});

Deno.test("canonicalDeviceName() has one name for equal choices", () => {
  const cases: readonly [string, string][] = [
    ["cpu", "cpu"],
    ["cuda:precision=bfloat16", "cuda"],
    ["cuda:replicas=1,precision=float32", "cuda:precision=float32"],
    ["cuda:replicas=4,precision=float32", "cuda:precision=float32,replicas=4"],
  ];
  for (const [name, expected] of cases) assert.equal(canonicalDeviceName(name), expected);
});

Deno.test("chooseDevice() takes a GPU that can be used, else the CPU, and says why", async () => {
  assert.deepEqual(await chooseDevice({ check: () => Promise.resolve() }), {
    device: "cuda",
    why: "it can be used here",
  });
  const none = new ExperimentError("engine/no-gpu", "the plugin sees no GPU", { mend: "buy one" });
  assert.deepEqual(await chooseDevice({ check: () => Promise.reject(none) }), {
    device: "cpu",
    why: "cuda cannot be used: the plugin sees no GPU",
  });
  const bug = () => Promise.reject(new Error("a bug"));
  await assert.rejects(chooseDevice({ check: bug }), /a bug/);
});

Deno.test("chooseDevice() takes XLA on the CPU for a spec that gains by it, and says why", async () => {
  const none = new ExperimentError("engine/no-gpu", "the plugin sees no GPU", { mend: "buy one" });
  const noGpu = (name: string) => name === "cuda" ? Promise.reject(none) : Promise.resolve();
  const rule = "xla-cpu is there too, and taken where 90 percent of a spec's FLOPs, and at least " +
    "1e14, are of pre-trainings of models no wider than 64";
  const least = LEAST_GAINING_FLOPS;
  const cases: readonly [XlaGain | undefined, string, string][] = [
    [{ flops: least, gainingFlops: least }, "xla-cpu", "100 percent of the spec's 1e14 FLOPs"],
    [{ flops: 4.2e14, gainingFlops: 4e14 }, "xla-cpu", "95 percent of the spec's 4.2e14 FLOPs"],
    [{ flops: least, gainingFlops: 0.98 * least }, "cpu", `${rule}: of this one 9.8e13 of 1e14`],
    [{ flops: 9e14, gainingFlops: 8e14 }, "cpu", `${rule}: of this one 8e14 of 9e14`],
    [{ flops: 0, gainingFlops: 0 }, "cpu", `${rule}: of this one 0 of 0`],
    [undefined, "cpu", `${rule}; this one cannot be read as it is written`],
  ];
  for (const [gain, expected, said] of cases) {
    const { device, why } = await chooseDevice({ check: noGpu, gain: () => Promise.resolve(gain) });
    assert.equal(device, expected);
    assert(why.startsWith(`cuda cannot be used: the plugin sees no GPU; ${said}`), why);
  }
  assert.deepEqual(await chooseDevice({ check: noGpu }), {
    device: "cpu",
    why: `cuda cannot be used: the plugin sees no GPU; ${rule}`,
  });
  // Nobody reads a spec where there is nothing to choose.
  const gain = () => Promise.reject(new Error("not asked"));
  await chooseDevice({ check: () => Promise.reject(none), gain });
  await chooseDevice({ check: () => Promise.resolve(), gain });
});

Deno.test("openDevice() opens a device once for a number of threads", async () => {
  const one = await openDevice({ name: "cpu", threads: 1 });
  assert.equal(await openDevice({ name: "cpu", threads: 1 }), one);
  assert.notEqual(await openDevice({ name: "cpu", threads: 2 }), one);
});
