import assert from "node:assert/strict";
import { titrate } from "../_support/titrate.ts";

const PAGE = new URL("../../experiments/KINDS.md", import.meta.url);

Deno.test("experiments/KINDS.md is current: if not, kinds --format markdown > it", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    const call = titrate(["kinds", "--format", "markdown"], { cwd });
    const { stdout } = await call.output();
    assert.equal(new TextDecoder().decode(stdout), await Deno.readTextFile(PAGE));
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});
