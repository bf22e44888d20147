/** Where plugins are found, and what is said where there is none. */
import assert from "node:assert/strict";
import { findPlugin, PLUGIN_VARIABLE } from "../../../lib/engine/xla/find_plugin.ts";
import { openXla } from "../../../lib/engine/xla/open.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { testOnCpuPlugin } from "./cpu_plugin.ts";

/** Does something with these variables of the environment; an empty one counts as unset. */
async function withVariables(
  variables: Readonly<Record<string, string>>,
  body: () => void | Promise<void>,
): Promise<void> {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    await body();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

const NOWHERE = {
  [PLUGIN_VARIABLE]: "",
  HOME: "/nowhere",
  XDG_CACHE_HOME: "",
  VIRTUAL_ENV: "",
  PATH: "/nowhere/bin",
};

const PACKAGES = "lib/python3.12/site-packages/jax_plugins";

Deno.test("findPlugin() takes what the variable names, whatever else is there", async () => {
  await withVariables({ [PLUGIN_VARIABLE]: "/somewhere/plugin.so" }, () => {
    assert.equal(findPlugin("cpu"), "/somewhere/plugin.so");
    assert.equal(findPlugin("cuda"), "/somewhere/plugin.so");
  });
});

Deno.test("findPlugin() finds the plugin of a GPU in Python's packages, the newest CUDA first", async () => {
  using first = new TempDir(), second = new TempDir();
  const old = first.file(`${PACKAGES}/xla_cuda12/xla_cuda_plugin.so`, "");
  second.folder("bin");
  const variables = {
    [PLUGIN_VARIABLE]: "",
    HOME: "/nowhere",
    XDG_CACHE_HOME: "",
    VIRTUAL_ENV: first.path,
    PATH: `relative/bin:${second.path}/bin:${second.path}/absent/bin`,
  };
  await withVariables(variables, () => {
    assert.equal(findPlugin("cuda"), old);
    const newer = second.file(`${PACKAGES}/xla_cuda13/xla_cuda_plugin.so`, "");
    assert.equal(findPlugin("cuda"), newer);
  });
});

Deno.test("findPlugin() says what to do where there is none", async () => {
  await withVariables(NOWHERE, () => {
    assert.throws(() => findPlugin("cpu"), {
      code: "engine/pjrt-plugin",
      message: "the device needs a PJRT plugin for the CPU, and TITRATE_PJRT_PLUGIN names none",
    });
    assert.throws(() => findPlugin("cuda"), {
      code: "engine/pjrt-plugin",
      message: "the device needs a PJRT plugin for CUDA, and none is found",
    });
  });
});

testOnCpuPlugin(
  "openXla() refuses the plugin of another platform, and too many replicas",
  async (path) => {
    const options = { precision: "float32", threads: 1 } as const;
    await assert.rejects(openXla({ ...options, platform: "cuda", replicas: 1 }), {
      code: "engine/pjrt-plugin",
      message: `the plugin ${path} is for another platform than CUDA`,
    });
    const { options: { programs } } = await openXla({ ...options, platform: "cpu", replicas: 3 });
    assert.equal(programs.client.devices.length, 3);
  },
);
