/** The binding, against a plugin that keeps the books and against a real one. */
import assert from "node:assert/strict";
import { ExperimentError } from "../../../lib/base/errors.ts";
import type { ModuleTensor } from "../../../lib/engine/xla/module.ts";
import type { PjrtBuffer } from "../../../lib/engine/xla/pjrt/buffer.ts";
import { PjrtClient } from "../../../lib/engine/xla/pjrt/client.ts";
import { encodeCompileOptions } from "../../../lib/engine/xla/pjrt/compile_options.ts";
import { errorOf, failureOf } from "../../../lib/engine/xla/pjrt/failure.ts";
import { type FunctionName, FUNCTIONS } from "../../../lib/engine/xla/pjrt/layout.ts";
import { openPlugin } from "../../../lib/engine/xla/pjrt/plugin.ts";
import { compileFor } from "../../gpu/topology.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { testOnCpuPlugin } from "./cpu_plugin.ts";
import { FakePlugin } from "./fake_plugin.ts";

const ONE: readonly ModuleTensor[] = [{ name: "y", dtype: "f32", shape: [2] }];

function upload(client: PjrtClient, values: readonly number[] = [1, 2]): Promise<PjrtBuffer> {
  return client.upload({ data: Float32Array.from(values), dtype: "f32", shape: [values.length] });
}

/** Everything that a client does, once. */
async function useAll(client: PjrtClient): Promise<void> {
  const executable = await client.compile("a program");
  const held: PjrtBuffer[] = [];
  try {
    (await client.load(executable.program.serialise())).dispose();
    executable.program.memory();
    executable.program.costs();
    executable.program.outputs();
    executable.program.optimised();
    client.memoryOf(client.devices[0]);
    held.push(await upload(client), await upload(client));
    const run = await executable.run([held], { outputs: ONE, donated: [0] });
    const results = run.outputs.flat();
    held.push(...results);
    await run.done;
    results[0]!.isDeleted();
    await results[0]!.download();
  } finally {
    for (const each of held) each.dispose();
    executable.dispose();
  }
}

Deno.test("a client's structs are as large as the plugin wants, and all that it gives is freed", async () => {
  for (const areEventsReady of [true, false]) {
    using fake = new FakePlugin({ donated: [0], limitBytes: 1000, devices: 2 });
    fake.areEventsReady = areEventsReady;
    const plugin = fake.open();
    const client = await PjrtClient.create(plugin, { visible_devices: "0", memory_fraction: 0.5 });
    assert.equal(client.devices.length, 2);
    assert.deepEqual(client.memoryOf(client.devices[0]), { usedBytes: 0, limitBytes: 1000 });
    await useAll(client);
    const compiled = await compileFor(plugin, { target: "a GPU", devices: 8 }, { text: "text" });
    compiled.dispose();
    client.destroy();
    assert.deepEqual(fake.faults, []);
    assert.deepEqual([...fake.live.values()], []);
  }
});

/** What frees, and what tells of an error, has no error path of its own. */
const HAS_NO_ERRORS = /_Destroy$|^Error_|^Device_MemoryStats$/;

Deno.test("what fails anywhere is told as an error, and nothing is left behind", async () => {
  const all = (Object.keys(FUNCTIONS) as FunctionName[]).filter((each) =>
    !HAS_NO_ERRORS.test(each)
  );
  const left: Record<string, unknown> = {};
  for (const name of all) {
    for (const areEventsReady of [true, false]) {
      // What waits does so only for what is not ready.
      using fake = new FakePlugin({ donated: [0] });
      fake.areEventsReady = areEventsReady;
      fake.fail(name);
      await assert.rejects(useFromTheStart(fake), (error) => {
        assert(error instanceof ExperimentError);
        assert.match(
          error.message,
          new RegExp(`: the device is lost \\(PJRT_${name}, UNAVAILABLE\\)$`),
        );
        assert.equal(failureOf(error)?.from, name);
        return true;
      });
      if (fake.faults.length + fake.live.size > 0) {
        left[name] = [...fake.faults, ...fake.live.values()];
      }
    }
  }
  assert.deepEqual(left, {});
});

/** All that is done with a plugin, from its loading to its end. */
async function useFromTheStart(fake: FakePlugin): Promise<void> {
  const plugin = fake.open();
  const compiled = await compileFor(plugin, { target: "a GPU", devices: 8 }, { text: "text" });
  compiled.dispose();
  const client = await PjrtClient.create(plugin);
  try {
    await useAll(client);
  } finally {
    client.destroy();
  }
}

Deno.test("an error that does not even tell its code is told all the same, and freed", async () => {
  using fake = new FakePlugin();
  fake.fail("Client_Create");
  fake.fail("Error_GetCode");
  await assert.rejects(PjrtClient.create(fake.open()), /the device is lost \(.*, UNKNOWN\)$/);
  assert.deepEqual([...fake.live.values()], []);
});

Deno.test("what tells of memory may fail: then nothing is told", async () => {
  using fake = new FakePlugin({ limitBytes: 1000 });
  const client = await PjrtClient.create(fake.open());
  fake.fail("Device_MemoryStats");
  assert.equal(client.memoryOf(client.devices[0]), undefined);
  client.destroy();
  assert.deepEqual([...fake.live.values()], []);
});

Deno.test("a client that cannot be made leaves nothing behind", async () => {
  using fake = new FakePlugin();
  fake.fail("Client_Create", { code: 9, message: "No visible GPU devices." });
  await assert.rejects(PjrtClient.create(fake.open()), { code: "engine/no-gpu" });
  using empty = new FakePlugin({ devices: 0 });
  await assert.rejects(PjrtClient.create(empty.open()), { code: "engine/no-gpu" });
  assert.deepEqual([...fake.live.values(), ...empty.live.values()], []);
});

Deno.test("a buffer is freed once, and a use after its end throws", async () => {
  using fake = new FakePlugin({ donated: [0] });
  const client = await PjrtClient.create(fake.open());
  const buffer = await upload(client);
  buffer.dispose();
  buffer.dispose();
  await assert.rejects(buffer.download(), /a buffer that was freed is used/);
  const executable = await client.compile("a program");
  const given = await upload(client);
  const run = await executable.run([[given]], { outputs: ONE, donated: [0] });
  await assert.rejects(given.download(), /a buffer that was given up is used/);
  await assert.rejects(executable.run([[given]], { outputs: ONE }), /given up/);
  given.dispose();
  await run.done;
  assert.throws(() => client.destroy(), /1 buffers and 1 programs outlive their client/);
  run.outputs[0]![0]!.dispose();
  executable.dispose();
  executable.dispose();
  client.destroy();
  client.destroy();
  assert.deepEqual(fake.faults, []);
  assert.deepEqual([...fake.live.values()], []);
});

Deno.test("PjrtApi refuses a version it does not know, and misses functions of later ones", async () => {
  using old = new FakePlugin({ minor: 80 });
  assert.throws(() => old.open(), {
    code: "engine/pjrt-version",
    message: "the plugin /fake/plugin.so speaks version 0.80 of the PJRT interface",
  });
  using short = new FakePlugin({ without: ["Executable_GetCompiledMemoryStats"] });
  const client = await PjrtClient.create(short.open());
  assert.equal(client.api.has("Executable_GetCompiledMemoryStats"), false);
  assert.equal(client.api.has("Client_Compile"), true);
  const executable = await client.compile("a program");
  assert.throws(() => executable.program.memory(), /the plugin lacks this function/);
  executable.dispose();
  client.destroy();
});

Deno.test("errorOf() tells what to do about each kind of failure", () => {
  const cases: readonly [string, string, string, string][] = [
    ["Client_Create", "FAILED_PRECONDITION", "No visible GPU devices.", "engine/no-gpu"],
    [
      "Client_Create",
      "INTERNAL",
      "CUDA driver version is insufficient for CUDA runtime version",
      "engine/gpu-driver",
    ],
    ["Client_Create", "INTERNAL", "could not set up the device", "engine/device-busy"],
    ["Client_Create", "INVALID_ARGUMENT", "unknown option", "engine/xla"],
    [
      "Client_Compile",
      "UNAVAILABLE",
      "No PTX compilation provider is available.",
      "engine/library-missing",
    ],
    [
      "Client_Create",
      "INTERNAL",
      "Could not load dynamic library 'libcudart.so.12'",
      "engine/library-missing",
    ],
    ["LoadedExecutable_Execute", "RESOURCE_EXHAUSTED", "8 GiB", "engine/memory"],
    [
      "LoadedExecutable_Execute",
      "INTERNAL",
      "CUDA_ERROR_OUT_OF_MEMORY: out of memory",
      "engine/memory",
    ],
    ["Client_Compile", "UNKNOWN", "-:3:10: error: custom op", "engine/xla"],
  ];
  for (const [from, code, message, expected] of cases) {
    const error = errorOf({ from, code, message });
    assert.equal(error.code, expected, message);
    assert(error.message.endsWith(`: ${message} (PJRT_${from}, ${code})`));
    assert(error.faults[0].mend !== undefined);
  }
  const long = errorOf({ from: "Compile", code: "UNAVAILABLE", message: "x".repeat(5000) });
  assert(long.message.length < 1200 && long.message.endsWith("x ... (PJRT_Compile, UNAVAILABLE)"));
});

Deno.test("openPlugin() says what is wrong with a file that is no plugin", () => {
  using folder = new TempDir();
  const text = folder.file("plugin.so", "no library");
  const cases: readonly [string, RegExp][] = [
    [`${folder.path}/absent.so`, /^cannot load the plugin .*absent\.so: there is no such file$/],
    [folder.path, /: it is no file$/],
    [text, /^cannot load the plugin [^:]*plugin\.so: [^:]*$/],
    ...Deno.build.os === "linux"
      ? [["/proc/self/exe", /: it has no function GetPjrtApi$|: ./] as [string, RegExp]]
      : [],
  ];
  for (const [path, message] of cases) {
    assert.throws(() => openPlugin(path), { code: "engine/pjrt-plugin", message });
  }
});

Deno.test("encodeCompileOptions() writes what XLA reads", () => {
  assert.deepEqual([...encodeCompileOptions()], [0x1a, 4, 0x20, 1, 0x28, 1]);
  const flags = { b: "0", a: "x" };
  assert.deepEqual(
    [...encodeCompileOptions({ replicas: 2, devices: [0, 1], flags })],
    [
      ...[0x1a, 16, 0x20, 2, 0x28, 1, 0x4a, 10, 8, 2, 16, 1, 0x1a, 4, 8, 0, 8, 1],
      ...[0x3a, 8, 0x0a, 1, 97, 0x12, 3, 0x0a, 1, 120],
      ...[0x3a, 8, 0x0a, 1, 98, 0x12, 3, 0x0a, 1, 48],
    ],
  );
});

const ADD = `module @add {
  func.func public @main(%a: tensor<2x3xf32> {tf.aliasing_output = 0 : i32}, %b: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<3x2xf32>) {
    %0 = stablehlo.add %a, %b : tensor<2x3xf32>
    %1 = stablehlo.transpose %0, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
    return %0, %1 : tensor<2x3xf32>, tensor<3x2xf32>
  }
}
`;

const ADDED: readonly ModuleTensor[] = [
  { name: "sum", dtype: "f32", shape: [2, 3] },
  { name: "turned", dtype: "f32", shape: [3, 2] },
];

function matrix(client: PjrtClient, first: number): Promise<PjrtBuffer> {
  const data = Float32Array.from({ length: 6 }, (_, i) => first + i);
  return client.upload({ data, dtype: "f32", shape: [2, 3] });
}

testOnCpuPlugin(
  "compiles, runs, takes over what is donated, and reads results row by row",
  async (path) => {
    const client = await PjrtClient.create(openPlugin(path));
    assert.equal(client.platform, "cpu");
    const executable = await client.compile(ADD);
    const { argumentBytes, aliasBytes } = executable.program.memory();
    assert.deepEqual({ argumentBytes, aliasBytes }, { argumentBytes: 48, aliasBytes: 24 });
    assert.equal(executable.program.outputs(), 2);
    const again = await client.load(executable.program.serialise());
    for (const each of [executable, again]) {
      const inputs = [await matrix(client, 0), await matrix(client, 10)];
      const run = await each.run([inputs], { outputs: ADDED, donated: [0] });
      const [sum, turned] = run.outputs[0]!;
      assert.deepEqual(await sum!.download(), Float32Array.of(10, 12, 14, 16, 18, 20));
      assert.deepEqual(await turned!.download(), Float32Array.of(10, 16, 12, 18, 14, 20));
      await run.done;
      assert.deepEqual(inputs.map((input) => input.isLive), [false, true]);
      for (const buffer of [inputs[1]!, sum!, turned!]) buffer.dispose();
      each.dispose();
    }
    assert.deepEqual(client.live, { buffers: 0, executables: 0 });
    client.destroy();
  },
);

testOnCpuPlugin(
  "the compiler's errors name the line, a wrong number of inputs is told",
  async (path) => {
    const client = await PjrtClient.create(openPlugin(path));
    await assert.rejects(client.compile(ADD.replace("stablehlo.add", "stablehlo.ad")), {
      code: "engine/xla",
      // With the line itself: nobody else has the text.
      message:
        /-:3:10: error: custom op 'stablehlo\.ad' is unknown.*; line 3: %0 = stablehlo\.ad %a/s,
    });
    await assert.rejects(client.compile(ADD, { flags: { nonsense: "1" } }), /'nonsense'/);
    await assert.rejects(client.load(new Uint8Array(10)), { code: "engine/xla" });
    const executable = await client.compile(ADD);
    await assert.rejects(executable.run([[]], { outputs: ADDED }), /supplied 0 arguments/);
    executable.dispose();
    client.destroy();
  },
);

testOnCpuPlugin("replicas sum over all of them, and each has its own result", async (path) => {
  const client = await PjrtClient.create(openPlugin(path), { cpu_device_count: 4n });
  const text = `module @sum attributes {mhlo.num_replicas = 4 : i32} {
  func.func public @main(%a: tensor<2xf32>) -> tensor<2xf32> {
    %0 = "stablehlo.all_reduce"(%a) ({
    ^bb0(%x: tensor<f32>, %y: tensor<f32>):
      %s = stablehlo.add %x, %y : tensor<f32>
      stablehlo.return %s : tensor<f32>
    }) {replica_groups = dense<[[0, 1, 2, 3]]> : tensor<1x4xi64>, channel_handle = #stablehlo.channel_handle<handle = 1, type = 0>} : (tensor<2xf32>) -> tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}
`;
  const executable = await client.compile(text, { replicas: 4 });
  const inputs = await Promise.all(
    client.devices.slice(0, 4).map(async (device, i) => [
      await client.upload({ data: Float32Array.of(i, 10 * i), dtype: "f32", shape: [2], device }),
    ]),
  );
  const run = await executable.run(inputs, { outputs: ONE });
  await run.done;
  for (const [result] of run.outputs) {
    assert.deepEqual(await result!.download(), Float32Array.of(6, 60));
    result!.dispose();
  }
  for (const [input] of inputs) input!.dispose();
  executable.dispose();
  client.destroy();
});

testOnCpuPlugin("a process that opened a plugin ends without a crash", async (path) => {
  const fixture = new URL("fixtures/open_and_end.ts", import.meta.url).href;
  const { code, signal, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-read", "--allow-ffi", fixture, path],
  }).output();
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, new TextDecoder().decode(stderr));
});
