/**
 * Runs the tests, two files at a time, each in a process of its own.
 *
 *     deno task test
 *     deno task test tests/graph tests/cli/run_test.ts --filter=goes
 *
 * So no file meets the environment, signals, native libraries or memory of another, as it would
 * under `deno test --parallel`. What a file says is printed once it is done; last comes a line as
 * `deno test` has it: "ok | 12 passed | 0 failed | 2 ignored (62s)".
 */
// deno-lint-ignore-file no-console -- a script: printing is all it is for
const FLAGS = [
  "--no-prompt",
  "--frozen",
  "--no-check",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-ffi",
  "--allow-sys",
  "--allow-run",
  "--allow-net=127.0.0.1",
];
const AT_ONCE = Math.min(2, navigator.hardwareConcurrency);

const flags = Deno.args.filter((each) => each.startsWith("-"));
const given = Deno.args.filter((each) => !each.startsWith("-"));
const files = [];
for (const path of given.length === 0 ? ["tests"] : given) files.push(...await testsIn(path));
const startMs = performance.now();
const total = { passed: 0, failed: 0, ignored: 0 };
const failed: string[] = [];

const left = files.values();
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  // All take from one list.
  for (const file of left) await run(file);
}));

for (const file of failed) console.log(`failed: ${file}`);
if (files.length === 0) console.log("there are no such tests");
const isGood = failed.length === 0 && files.length > 0;
console.log(
  `${isGood ? "ok" : "FAILED"} | ${total.passed} passed | ${total.failed} failed | ` +
    `${total.ignored} ignored (${secondsSince(startMs)})`,
);
if (!isGood) Deno.exit(1);

async function run(file: string): Promise<void> {
  const beginMs = performance.now();
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: ["test", ...FLAGS, ...flags, file],
    stdin: "null",
  }).output();
  const [said, more] = [stdout, stderr].map((bytes) => stripped(new TextDecoder().decode(bytes)));
  // The last one: what a test prints may hold such a line too.
  const summary = [...said!.matchAll(/^(?:ok|FAILED) \| .*$/mg)].at(-1)?.[0];
  const count = (what: string) =>
    Number(new RegExp(`(\\d+) ${what}`).exec(summary ?? "")?.[1] ?? 0);
  total.passed += count("passed");
  // A process that died in the middle of its tests did not count them.
  total.failed += code === 0 ? 0 : Math.max(1, count("failed"));
  total.ignored += count("ignored");
  if (code !== 0) failed.push(summary === undefined ? `${file}, exit code ${code}` : file);
  const end = summary === undefined ? said!.length : said!.lastIndexOf(summary);
  console.log(`${said!.slice(0, end)}${more}`.trim());
  console.log(`${file}: ${summary ?? "no summary"}, ${secondsSince(beginMs)}\n`);
}

/** Without the colours of a terminal. */
function stripped(text: string): string {
  // deno-lint-ignore no-control-regex -- such is an escape
  return text.replace(/\x1b\[[0-9;]*m/g, "");
}

/** The test files of a folder, or a file as it is. */
async function testsIn(path: string): Promise<string[]> {
  if ((await Deno.stat(path)).isFile) return [path];
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory) found.push(...await testsIn(`${path}/${name}`));
    else if (name.endsWith("_test.ts")) found.push(`${path}/${name}`);
  }
  return found.sort();
}

function secondsSince(ms: number): string {
  return `${Math.round((performance.now() - ms) / 1000)}s`;
}
