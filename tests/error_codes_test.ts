import assert from "node:assert/strict";
import { ERROR_CODES } from "../lib/cli/exit.ts";

const LIB = new URL("../lib/", import.meta.url);

/** Every module of lib, by its path below it. */
async function* modules(folder = ""): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, LIB))) {
    if (isDirectory) yield* modules(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield folder + name;
  }
}

const FOLDERS = new Set<string>();
for await (const { name, isDirectory } of Deno.readDir(LIB)) if (isDirectory) FOLDERS.add(name);

/** The codes that stand in the code of lib as literals, with the folders that hold them. */
async function codesInUse(): Promise<Map<string, Set<string>>> {
  const used = new Map<string, Set<string>>();
  for await (const path of modules()) {
    if (path.endsWith("error_codes.ts")) continue;
    const code = (await Deno.readTextFile(new URL(path, LIB))).replace(/\/\*[^]*?\*\//g, "")
      .replace(/^(import|export)[^;]*from "[^"]*";$/gm, "").replace(/[=!]== "[^"]*"/g, "");
    for (const [, literal, folder] of code.matchAll(/"(([a-z]+)\/[a-z][a-z0-9-]*)"/g)) {
      if (!FOLDERS.has(folder!)) continue;
      const places = used.get(literal!) ?? new Set();
      used.set(literal!, places.add(path.split("/")[0]!));
    }
  }
  return used;
}

Deno.test("every error code is declared in the folder of its name, and thrown", async () => {
  const used = await codesInUse();
  // Literals of that form that are no codes: the sites of random draws.
  const sites = new Set([...used.keys()].filter((each) => !(each in ERROR_CODES)));
  for (const site of sites) {
    const [folder] = site.split("/");
    for await (const path of modules(`${folder}/`)) {
      const text = await Deno.readTextFile(new URL(path, LIB));
      assert.doesNotMatch(text, new RegExp(`(ExperimentError|fault)\\(\\s*"${site}"`), site);
    }
  }
  const idle = Object.keys(ERROR_CODES).filter((code) => !used.has(code));
  assert.deepEqual(idle, [], "declared and never thrown");
});

Deno.test("an error code is thrown by the folder that declares it", async () => {
  const elsewhere = [...await codesInUse()].filter(([code]) => code in ERROR_CODES)
    .flatMap(([code, folders]) =>
      [...folders].filter((folder) => folder !== code.split("/")[0])
        .map((folder) => `${folder} throws ${code}`)
    );
  assert.deepEqual(elsewhere, []);
});
