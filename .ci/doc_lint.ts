/**
 * Runs `deno doc --lint` and fails on what we can mend: missing docs and types.
 *
 * References to types of npm packages ("private-type-ref") are left out: a
 * package's types cannot be made public here. So is a member whose type is one
 * literal, such as `type: "progress"`: a comment could only say that it is one.
 */
// deno-lint-ignore-file no-console -- a script: printing is all it is for
const files: string[] = [];
for await (const folder of Deno.readDir("lib")) {
  if (!folder.isDirectory) continue;
  for (const path of await modules(`lib/${folder.name}`)) files.push(path);
}
files.sort();

const { code, stdout, stderr } = await new Deno.Command("deno", {
  args: ["doc", "--lint", ...files],
  env: { NO_COLOR: "1" },
}).output();
const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
const reports = text.split(/^(?=error(?:\[[a-z-]+\])?:)/m).filter((each) =>
  each.startsWith("error[")
);
const TAG = /^\d+ \|\s+readonly \w+: "[^"]*";$/m;
const ours = reports.filter((each) =>
  !each.startsWith("error[private-type-ref]") &&
  !(each.startsWith("error[missing-jsdoc]") && TAG.test(each))
);
// With reports it found faults, without any it could not read the files at all.
if (code !== 0 && reports.length === 0) {
  console.error(text.trimEnd());
  Deno.exit(1);
}
for (const each of ours) console.error(each.trimEnd());
console.error(`doc lint: ${files.length} files, ${ours.length} faults`);
if (ours.length > 0 || files.length === 0) Deno.exit(1);

async function modules(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await modules(path));
    else if (entry.name.endsWith(".ts")) found.push(path);
  }
  return found;
}
