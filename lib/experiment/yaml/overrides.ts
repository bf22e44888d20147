/**
 * `--set stages.pretrain.with.lr=2e-5`: changes to a spec from the command line.
 *
 * A value is a value: `[1, 2]`, `{ a: 1 }`, `"5"`, `2e-5` and `true` are read as YAML
 * reads them, anything else is text, whatever stands in it. Sections, stages, axes and
 * list items must be there already; whether a parameter exists is for the check of the
 * spec to say.
 */
import type { SourcePosition } from "../../base/errors.ts";
import { formatPath, parsePath, type Path } from "../../base/path.ts";
import type { FaultList } from "../check/fault_list.ts";
import { mendName } from "../check/near.ts";
import type { MapNode, SpecNode } from "./node.ts";
import { parseValue } from "./value.ts";

/** Sections whose keys are names that the spec gives; `--set` makes up none. */
const NAMED_SECTIONS = new Set(["axes", "env", "fits", "stages"]);

/** The most steps that a path may have: as deep as a spec may be nested. */
const MAX_STEPS = 100;
/** Characters of an override that are shown in a message. */
const SHOWN = 200;

/** The spec with every override applied, the later ones last. */
export function applyOverrides(
  root: MapNode,
  overrides: readonly string[],
  faults: FaultList,
): MapNode {
  return overrides.reduce((tree, text) => applyOverride(tree, text, faults), root);
}

function applyOverride(root: MapNode, text: string, faults: FaultList): MapNode {
  const equals = text.indexOf("=");
  const pathText = (equals < 0 ? text : text.slice(0, equals)).trim();
  const file = `--set ${shortened(pathText)}`;
  const path = parsePath(pathText);
  if (equals < 0 || path === undefined || typeof path[0] !== "string") {
    faults.add("experiment/set", `cannot read --set ${shortened(text)}`, {
      at: { file },
      mend: "write --set path=value, such as --set stages.pretrain.with.steps=100",
    });
    return root;
  }
  if (path.length > MAX_STEPS) {
    faults.add("experiment/set", `this path has ${path.length} steps`, {
      at: { file },
      mend: `write a path of at most ${MAX_STEPS}, as deep as a spec may be nested`,
    });
    return root;
  }
  if (path[0] === "extends") {
    faults.add("experiment/set", "extends cannot be set", {
      at: { file },
      mend: "write it in the file",
    });
    return root;
  }
  const setting = {
    path,
    value: parseValue(text.slice(equals + 1), { file, faults }),
    at: { file },
    faults,
  };
  return setIn(root, { ...setting, depth: 0 }) as MapNode;
}

function shortened(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

/** What is set, and how many steps of the way to it are taken. */
interface Setting {
  readonly path: Path;
  readonly depth: number;
  readonly value: SpecNode;
  readonly at: SourcePosition;
  readonly faults: FaultList;
}

/** The node with the value set below it; the same node, and a fault, when it cannot be. */
function setIn(node: SpecNode, setting: Setting): SpecNode {
  const step = setting.path[setting.depth];
  if (step === undefined) return setting.value;
  return typeof step === "number" ? setItem(node, step, setting) : setKey(node, step, setting);
}

function setItem(node: SpecNode, index: number, setting: Setting): SpecNode {
  const name = nameOf(setting);
  const fail = (message: string, mend: string) => failed(node, setting, { message, mend });
  if (node.type !== "list") return fail(`${name} is no list`, `write ${name}=...`);
  const item = node.items[index];
  if (item === undefined) {
    return fail(
      `${name} has no item [${index}]`,
      node.items.length === 0
        ? `write ${name}=[...]`
        : `write ${name}[0] to ${name}[${node.items.length - 1}], or ${name}=[...]`,
    );
  }
  const items = [...node.items];
  items[index] = setIn(item, { ...setting, depth: setting.depth + 1 });
  return { ...node, items };
}

function setKey(node: SpecNode, key: string, setting: Setting): SpecNode {
  const { at, path, depth } = setting;
  const name = nameOf(setting);
  const isEmpty = node.type === "scalar" && node.value === null;
  if (node.type !== "map" && !isEmpty) {
    const message = `${name} is no mapping`;
    return failed(node, setting, { message, mend: `write ${name}=...` });
  }
  const entries = new Map(node.type === "map" ? node.entries : []);
  const entry = entries.get(key);
  const isNamed = depth === 1 && NAMED_SECTIONS.has(String(path[0]));
  if (entry === undefined && isNamed) {
    const mend = mendName(key, entries.keys(), (near) => `${name}.${near}`);
    return failed(node, setting, { message: `${name} has no ${JSON.stringify(key)}`, mend });
  }
  const isLast = depth === path.length - 1;
  const inside: SpecNode = entry?.value ?? { type: "map", at, entries: new Map() };
  entries.set(key, {
    keyAt: isLast || entry === undefined ? at : entry.keyAt,
    value: setIn(inside, { ...setting, depth: depth + 1 }),
  });
  return { type: "map", at: node.at, entries };
}

function failed(
  node: SpecNode,
  { at, faults }: Setting,
  { message, mend }: { readonly message: string; readonly mend: string },
): SpecNode {
  faults.add("experiment/set", message, { at, mend });
  return node;
}

function nameOf({ path, depth }: Setting): string {
  return depth === 0 ? "the spec" : formatPath(path.slice(0, depth));
}
