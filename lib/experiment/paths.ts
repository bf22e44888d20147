/**
 * Paths of files in params: relative to the file of the spec that names them.
 *
 * What counts is where the beginning of a path is written: the text in a stage, the
 * values of an axis, the default of a variable. A variable that is set is relative to
 * the working directory, as whoever set it sees it, and so is what `--set` gives.
 */
import { dirname, isAbsolute, join } from "node:path";
import type { SourcePosition } from "../base/errors.ts";
import { HOME_MEND, startsAtHome } from "../base/home.ts";
import type { Path } from "../base/path.ts";
import { holdsFilePath } from "../graph/schema.ts";
import type { FaultList } from "./check/fault_list.ts";
import { filePathsIn } from "./check/schema_walk.ts";
import type { Environment } from "./language/environment.ts";
import { type Expression, referencesOf } from "./language/expression.ts";
import { templateAt, type TextPart } from "./language/template.ts";
import type { Stage } from "./stages.ts";
import { locate } from "./yaml/node.ts";

/** What paths are resolved with. */
export interface PathOptions {
  /** The variables of the spec. */
  readonly environment: Environment;
  /** Where each axis is written. */
  readonly axisAt: ReadonlyMap<string, SourcePosition>;
  /** Where faults go. */
  readonly faults: FaultList;
  /** Where what is doubtful goes. */
  readonly warnings: FaultList;
  /** Told of a variable that stands for the folder of a path, such as `$(env.DATA)/x`. */
  readonly onFolder: (variable: string, folder: string) => void;
}

/** The params of a stage at a cell with their paths relative to the working directory. */
export function resolvePaths(stage: Stage, value: unknown, options: PathOptions): unknown {
  if (!holdsFilePath(stage.kind.params)) return value;
  const texts = filePathsIn(stage.kind.params, value).flatMap((path): TextAt[] => {
    const text = valueAt(value, path) as string;
    return text === "" ? [] : [{ path, text: resolvePath(stage, { path, text }, options) }];
  });
  return withTexts(value, texts);
}

/** A text, and where in a value it stands. */
interface TextAt {
  readonly path: Path;
  readonly text: string;
}

function resolvePath(stage: Stage, { path, text }: TextAt, options: PathOptions): string {
  const { environment, axisAt, faults, warnings, onFolder } = options;
  const { at } = locate(stage.params, path, stage.withAt);
  const template = templateAt(stage.template, path);
  const parts: readonly TextPart[] = template.type === "text" ? template.parts : [text];
  const isSecret = parts.some((part) =>
    variablesOf(part).some((name) => environment.variables.get(name)?.isSecret === true)
  );
  if (isSecret) {
    faults.add("experiment/env", "a path holds a secret, and is shown and recorded", {
      at,
      mend: "name the file by a path without one",
    });
    return text;
  }
  if (startsAtHome(text)) {
    faults.add("experiment/path", `${JSON.stringify(text)} begins with a ~, which no shell sees`, {
      at,
      mend: HOME_MEND,
    });
    return text;
  }
  const [first, second] = parts;
  const reference = typeof first === "object" && first.type === "reference" ? first : undefined;
  if (reference?.space === "axis") {
    return whereItIs(axisAt.get(reference.name) ?? at, text, warnings);
  }
  if (reference?.space !== "env") return whereItIs(at, text, warnings);
  const { value, defaultAt } = environment.variables.get(reference.name)!;
  if (typeof second === "string" && second.startsWith("/") && value !== undefined) {
    onFolder(reference.name, relativeTo(defaultAt, value));
  }
  return relativeTo(defaultAt, text);
}

/** The variable that says where public data sets are. */
const DATA_VARIABLE = "TITRATE_DATA";

/**
 * The data folder: the value of TITRATE_DATA as the spec declares it, or as it is set, else
 * `data` where the command is started.
 */
export function dataFolder(environment: Environment): string {
  environment.use(DATA_VARIABLE);
  const declared = environment.variables.get(DATA_VARIABLE);
  if (declared === undefined) return environment.valueOf(DATA_VARIABLE) || "data";
  return relativeTo(declared.defaultAt, declared.value ?? "data");
}

function variablesOf(part: string | Expression): readonly string[] {
  if (typeof part === "string") return [];
  return referencesOf(part).flatMap(({ space, name }) => space === "env" ? [name] : []);
}

/** A path that is written at a place, relative to the working directory. */
function relativeTo(at: SourcePosition | undefined, path: string): string {
  // What has no line is written on the command line.
  if (at?.line === undefined || isAbsolute(path)) return path;
  const folder = dirname(at.file);
  return folder === "." ? path : join(folder, path);
}

/**
 * As `relativeTo`; but where nothing stands there and something does as seen from the
 * working directory, that is meant, with a warning. What a file is called is in no key.
 */
function whereItIs(at: SourcePosition, path: string, warnings: FaultList): string {
  const resolved = relativeTo(at, path);
  if (resolved === path || isThere(resolved) || !isThere(path)) return resolved;
  const message = `${JSON.stringify(path)} is taken from the working directory: as seen from ` +
    "the file that names it there is nothing";
  warnings.add("experiment/path", message, {
    at,
    mend: `write it relative to ${at.file}, or start with $(env.NAME)`,
  });
  return path;
}

/** Whether a file stands at a path, or for a pattern its first folder. */
function isThere(path: string): boolean {
  const plain = /^[^*?]*/.exec(path)![0];
  const fixed = plain === path ? path : plain.slice(0, plain.lastIndexOf("/") + 1);
  try {
    Deno.statSync(fixed === "" ? "." : fixed);
    return true;
  } catch {
    return false; // whatever the reason, reading it tells
  }
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce(
    (inside, step) => (inside as Record<string | number, unknown>)[step],
    value,
  );
}

/** The value with texts at their paths; what holds none of them is shared. */
function withTexts(value: unknown, texts: readonly TextAt[], depth = 0): unknown {
  const [first] = texts;
  if (first === undefined) return value;
  if (first.path.length === depth) return first.text;
  const byStep = Map.groupBy(texts, ({ path }) => path[depth]);
  const inside = (step: string | number, each: unknown) =>
    withTexts(each, byStep.get(step) ?? [], depth + 1);
  if (Array.isArray(value)) return value.map((item, index) => inside(index, item));
  return Object.fromEntries(
    Object.entries(value as object).map(([key, each]) => [key, inside(key, each)]),
  );
}

/** Reports each variable that stands for a folder and leads to none, once for all of its paths. */
export async function reportMissingFolders(
  folders: ReadonlyMap<string, string>,
  { environment, faults }: {
    readonly environment: Environment;
    readonly faults: FaultList;
  },
): Promise<void> {
  for (const [name, folder] of folders) {
    if (await isFolder(folder)) continue;
    const { value, at, defaultAt } = environment.variables.get(name)!;
    const what = defaultAt === undefined
      ? `${name} is ${JSON.stringify(value)}, where there is no folder`
      : `${name} is not set, and there is no folder at its default, ${folder}`;
    faults.add("experiment/env", what, {
      at,
      mend: `set it to the folder of the data: write "${name}=<folder>" before the command`,
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    return false; // whatever the reason, nothing can be read from there
  }
}
