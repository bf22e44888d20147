/** Where plugins are found, and what is said where there is none. */
import assert from "node:assert/strict";
import { ExperimentError } from "../../../lib/base/errors.ts";
import { findPlugin, PLUGIN_VARIABLE } from "../../../lib/engine/xla/find_plugin.ts";
import { MEMORY_VARIABLE } from "../../../lib/engine/xla/memory.ts";
import { checkReplicas, openXla } from "../../../lib/engine/xla/open.ts";
import { openPlugin } from "../../../lib/engine/xla/pjrt/plugin.ts";
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

Deno.test("findPlugin() makes a path whole: the loader would look for a bare name elsewhere", async () => {
  await withVariables({ [PLUGIN_VARIABLE]: "plugin.so" }, () => {
    assert.equal(findPlugin("cpu"), `${Deno.cwd()}/plugin.so`);
  });
});

Deno.test("a plugin that cannot be loaded is mended where it is named", async () => {
  using dir = new TempDir();
  const path = dir.file("plugin.so", "no library");
  const isMendedBy = (mend: string) =>
    assert.throws(() => openPlugin(path), (error) => {
      assert(error instanceof ExperimentError);
      assert.equal(error.faults[0].mend, mend);
      return true;
    });
  await withVariables({ [PLUGIN_VARIABLE]: path }, () => {
    isMendedBy(
      "let TITRATE_PJRT_PLUGIN name the shared library of a PJRT plugin that is built for this " +
        "machine, or unset it",
    );
  });
  await withVariables({ [PLUGIN_VARIABLE]: "" }, () => {
    isMendedBy(
      "remove its packages and bring them again (deno task gpu install), or let " +
        "TITRATE_PJRT_PLUGIN name another plugin",
    );
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
    const neverAsked = () => assert.fail("there is nothing to choose");
    assert.equal(findPlugin("cuda", neverAsked), old);
    const newer = second.file(`${PACKAGES}/xla_cuda13/xla_cuda_plugin.so`, "");
    assert.equal(findPlugin("cuda", () => 13020), newer);
    // A plugin for an older CUDA that was installed for an older driver is used.
    assert.equal(findPlugin("cuda", () => 12080), old);
    assert.equal(findPlugin("cuda", () => 11040), newer);
    assert.equal(findPlugin("cuda", () => undefined), newer);
  });
});

Deno.test("checkReplicas() refuses more replicas than there are devices", () => {
  checkReplicas(4, 4);
  for (const [count, there] of [[1, "is 1 device"], [3, "are 3 devices"]] as const) {
    const code = "engine/no-gpu", message = `there ${there} for 4 replicas`;
    const mend = `ask for at most ${count}, or see whether CUDA_VISIBLE_DEVICES hides some`;
    assert.throws(() => checkReplicas(4, count), { message, faults: [{ code, message, mend }] });
  }
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
  "openXla() refuses the plugin of another platform, and a limit of memory that is none",
  async (path) => {
    const options = { precision: "float32", threads: 1 } as const;
    await assert.rejects(openXla({ ...options, platform: "cuda", replicas: 1 }), {
      code: "engine/pjrt-plugin",
      message: `the plugin ${path} is for another platform than CUDA`,
    });
    const { options: { programs } } = await openXla({ ...options, platform: "cpu", replicas: 3 });
    assert.equal(programs.client.devices.length, 3);
    await withVariables({ [MEMORY_VARIABLE]: "lots" }, async () => {
      await assert.rejects(openXla({ ...options, platform: "cpu", replicas: 3 }), {
        code: "engine/memory-variable",
      });
    });
  },
);
