import assert from "node:assert/strict";
import { grant } from "../../../lib/base/rights.ts";
import { readCall } from "../../../lib/cli/launch/call.ts";
import { rightsOf } from "../../../lib/cli/launch/rights.ts";
import { TempDir } from "../../_support/temp_dir.ts";

/** What a process might try; each prints its name where Deno lets it. */
const PROBE = `
const tries = {
  "write here": () => Deno.writeTextFileSync("made.txt", ""),
  "write results": () => Deno.writeTextFileSync("results/made.txt", ""),
  "start a shell": () => new Deno.Command("sh", { args: ["-c", ":"] }).outputSync(),
  "start Deno": () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync(),
  "ask the system": () => [Deno.hostname(), Deno.osRelease(), Deno.networkInterfaces()],
  "reach the network": () => Deno.listen({ port: 0, hostname: "127.0.0.1" }),
  "read a declared variable": () => Deno.env.get("DECLARED") === "1",
  "read another variable": () => Deno.env.get("ANOTHER") === "2",
  "read it among all": () => Deno.env.toObject().ANOTHER === "2",
};
const can = Object.entries(tries).filter(([, attempt]) => {
  try { return attempt() !== false; } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return false;
    throw error;
  }
}).map(([name]) => name);
console.log(JSON.stringify(can));
`;

const CAN: readonly (readonly [readonly string[], readonly string[]])[] = [
  [["sql", "SELECT 1"], []],
  [["status"], []],
  [["figure"], []],
  [["plan", "spec.yaml"], ["read a declared variable"]],
  [["explain", "spec.yaml"], ["read a declared variable"]],
  [["rebuild"], ["write results"]],
  [["run", "spec.yaml"], ["write results", "start Deno", "read a declared variable"]],
];

for (const [args, can] of CAN) {
  Deno.test(`the process of ${args[0]} can do no more than it needs, though it tries`, async () => {
    using dir = new TempDir();
    dir.file("spec.yaml", "env: { DECLARED: {} }\n");
    Deno.mkdirSync(`${dir.path}/results`);
    const probe = dir.file("probe.ts", PROBE);
    const call = readCall([
      args[0]!,
      ...args.slice(1).map((each) => each.endsWith(".yaml") ? `${dir.path}/${each}` : each),
    ]);
    const machine = { cwd: dir.path, deno: Deno.execPath(), hasLibraryPaths: false };
    const { flags } = grant(await rightsOf(call, machine));
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...flags.filter((flag) => flag !== "--frozen"), probe],
      cwd: dir.path,
      env: { DECLARED: "1", ANOTHER: "2" },
    }).output();
    const decoder = new TextDecoder();
    assert.equal(decoder.decode(stdout), `${JSON.stringify(can)}\n`, decoder.decode(stderr));
  });
}
