/**
 * `--set stages.pretrain.with.lr=2e-5`: changes to a spec from the command line.
 *
 * A value is read as YAML. Sections, stages, axes and list items must be there
 * already; whether a parameter exists is for the check of the spec to say.
 */
import type { SourcePosition } from "../../base/errors.ts";
import { formatPath, parsePath, type Path } from "../../base/path.ts";
import type { FaultList } from "../check/fault_list.ts";
import { mendName } from "../check/near.ts";
import type { MapNode, SpecNode } from "./node.ts";
import { parseYaml } from "./yaml.ts";

/** Sections whose keys are names that the spec gives; `--set` makes up none. */
const NAMED_SECTIONS = new Set(["axes", "env", "fits", "stages"]);

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
  const file = `--set ${pathText}`;
  const path = parsePath(pathText);
  if (equals < 0 || path === undefined || typeof path[0] !== "string") {
    faults.add("experiment/set", `cannot read --set ${text}`, {
      at: { file },
      mend: "write --set path=value, such as --set stages.pretrain.with.steps=100",
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
  const valueText = text.slice(equals + 1);
  const value: SpecNode = parseYaml(valueText, { file, faults, hasLines: false }) ??
    { type: "scalar", at: { file }, value: null, raw: valueText };
  const setter = new Setter({ path, value, at: { file }, faults });
  return setter.set(root, 0) as MapNode;
}

interface Setting {
  readonly path: Path;
  readonly value: SpecNode;
  readonly at: SourcePosition;
  readonly faults: FaultList;
}

class Setter {
  readonly #setting: Setting;

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  /** The node with the value set below it; the same node when it cannot be. */
  set(node: SpecNode, depth: number): SpecNode {
    const { path, value } = this.#setting;
    const step = path[depth];
    if (step === undefined) return value;
    if (typeof step === "number") return this.#setItem(node, step, depth);
    return this.#setKey(node, step, depth);
  }

  #setItem(node: SpecNode, index: number, depth: number): SpecNode {
    const name = this.#nameOf(depth);
    if (node.type !== "list") return this.#fail(node, `${name} is no list`, `write ${name}=...`);
    const item = node.items[index];
    if (item === undefined) {
      const mend = node.items.length === 0
        ? `write ${name}=[...]`
        : `write ${name}[0] to ${name}[${node.items.length - 1}], or ${name}=[...]`;
      return this.#fail(node, `${name} has no item [${index}]`, mend);
    }
    const items = [...node.items];
    items[index] = this.set(item, depth + 1);
    return { ...node, items };
  }

  #setKey(node: SpecNode, key: string, depth: number): SpecNode {
    const { at, path } = this.#setting;
    const name = this.#nameOf(depth);
    const isEmpty = node.type === "scalar" && node.value === null;
    if (node.type !== "map" && !isEmpty) {
      return this.#fail(node, `${name} is no mapping`, `write ${name}=...`);
    }
    const entries = new Map(node.type === "map" ? node.entries : []);
    const entry = entries.get(key);
    const isNamed = depth === 1 && NAMED_SECTIONS.has(String(path[0]));
    if (entry === undefined && isNamed) {
      const mend = mendName(key, entries.keys(), (near) => `${name}.${near}`);
      return this.#fail(node, `${name} has no "${key}"`, mend);
    }
    const isLast = depth === path.length - 1;
    const inside: SpecNode = entry?.value ?? { type: "map", at, entries: new Map() };
    entries.set(key, {
      keyAt: isLast || entry === undefined ? at : entry.keyAt,
      value: this.set(inside, depth + 1),
    });
    return { type: "map", at: node.at, entries };
  }

  #fail(node: SpecNode, message: string, mend: string): SpecNode {
    const { at, faults } = this.#setting;
    faults.add("experiment/set", message, { at, mend });
    return node;
  }

  #nameOf(depth: number): string {
    return depth === 0 ? "the spec" : formatPath(this.#setting.path.slice(0, depth));
  }
}
