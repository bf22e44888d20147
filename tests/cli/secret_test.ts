import assert from "node:assert/strict";
import { finished, titrate } from "../_support/titrate.ts";
import { TinyStudy } from "./tiny_study.ts";

const VALUE = "hunter2-do-not-tell";

/** The files below a folder that hold a text. */
async function filesWith(text: string, folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await filesWith(text, path));
    if (!isFile) continue;
    const bytes = new TextDecoder("windows-1252").decode(await Deno.readFile(path));
    if (bytes.includes(text)) found.push(path);
  }
  return found;
}

/** A study whose corpus reads the field that a secret names, as a task would use a token. */
async function studyWithSecret(field: string): Promise<TinyStudy> {
  const study = await TinyStudy.make();
  const documents = Array.from(
    { length: 40 },
    (_, i) =>
      JSON.stringify({
        [field]: `The alpha ${i} binds omega in cells. It was seen ${i * 7} times.`,
      }),
  );
  await study.write("documents.jsonl", `${documents.join("\n")}\n`);
  await study.write(
    "secret.yaml",
    `env: { MY_TOKEN: { secret: true } }
stages:
  text:
    uses: corpus
    with: { sources: [{ format: jsonl, path: documents.jsonl, text: [$(env.MY_TOKEN)] }] }
  vocab: { uses: vocab, with: { corpora: [$(stages.text)], size: 300 } }
`,
  );
  return study;
}

const callIn = (study: TinyStudy, env: Record<string, string>) => (...args: string[]) =>
  finished(titrate(args, { cwd: study.dir, env }).spawn());

Deno.test("a secret reaches its task and stays out of results, database, spec and messages", async () => {
  await using study = await studyWithSecret(VALUE);
  const call = callIn(study, { MY_TOKEN: VALUE });
  const texts: string[] = [];
  const calls = [["plan", "secret.yaml"], ["run", "secret.yaml"], [
    "explain",
    "secret.yaml",
    "text",
  ]];
  for (const args of [...calls, ["sql", "FROM params"], ["sql", "FROM experiments"]]) {
    const { code, stdout, stderr } = await call(...args);
    assert.equal(code, 0, `${args}\n${stderr}`);
    texts.push(stdout, stderr);
  }
  assert.ok(!texts.join("").includes(VALUE), texts.find((each) => each.includes(VALUE)));
  assert.match(texts.join(""), /\$secret\(MY_TOKEN:[0-9a-f]{16}\)/);
  assert.deepEqual(await filesWith(VALUE, study.path("results")), []);

  const cached = await call("plan", "secret.yaml", "--json");
  assert.equal(JSON.parse(cached.stdout).counts.run, 0);
  const other = await callIn(study, { MY_TOKEN: "another" })("plan", "secret.yaml", "--json");
  assert.equal(JSON.parse(other.stdout).counts.run, 2, "another secret is another task");
});

Deno.test("a task that fails over a secret tells its seal", async () => {
  await using study = await studyWithSecret("another");
  const { code, stdout, stderr } = await callIn(study, { MY_TOKEN: VALUE })("run", "secret.yaml");
  assert.equal(code, 1, stderr);
  assert.match(stderr, /\$secret\(MY_TOKEN:[0-9a-f]{16}\)/);
  assert.ok(!(stdout + stderr).includes(VALUE), stderr);
  assert.deepEqual(await filesWith(VALUE, study.path("results")), []);
});

Deno.test("a task that would keep a secret in its artifact is refused", async () => {
  await using study = await TinyStudy.make();
  await study.write(
    "secret.yaml",
    `env: { MY_TOKEN: { secret: true } }
stages:
  text: { uses: corpus, with: { sources: [{ format: lines, path: text.txt }] } }
  vocab:
    uses: vocab
    with: { corpora: [$(stages.text)], size: 300, seedPieces: [$(env.MY_TOKEN)] }
`,
  );
  const { code, stderr } = await callIn(study, { MY_TOKEN: VALUE })("run", "secret.yaml");
  assert.equal(code, 1, stderr);
  assert.match(
    stderr,
    /the task wrote the secret MY_TOKEN into its file vocab\.txt \[executor\/secret\]/,
  );
  const { stdout } = await study.call(
    "sql",
    "SELECT count(*) AS n FROM tasks WHERE state = 'done'",
  );
  assert.match(stdout, /\b1\b/);
});
