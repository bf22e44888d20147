/** The table of devices: what each is called in keys, how it is shared, how it is opened. */
import assert from "node:assert/strict";
import { type DeviceName, deviceOf, DEVICES, openDevice } from "../../lib/engine/devices.ts";

const CORES = navigator.hardwareConcurrency;

Deno.test("DEVICES keeps the engines and precisions that stand in keys", () => {
  const numerics = Object.entries(DEVICES).map(([name, device]) => [name, device.numerics]);
  assert.deepEqual(Object.fromEntries(numerics), {
    "cpu": { engine: "onnx-cpu", precision: "float32" },
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

Deno.test("DEVICES: a GPU takes one task at a time, a CPU as many as it has cores", () => {
  const slots = Object.entries(DEVICES).map(([name, device]) => [name, device.slots()]);
  const expected = { "cpu": CORES, "tfjs-cpu": CORES, "tfjs-node-gpu": 1 };
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
  for (const name of ["tfjs-cpu", "tfjs-node-gpu"] as const) {
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

Deno.test("openDevice() opens a device once for a number of threads", async () => {
  const one = await openDevice({ name: "cpu", threads: 1 });
  assert.equal(await openDevice({ name: "cpu", threads: 1 }), one);
  assert.notEqual(await openDevice({ name: "cpu", threads: 2 }), one);
});
