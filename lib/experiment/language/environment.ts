/**
 * The `env:` section: which environment variables a spec may refer to, and their values.
 *
 * A variable that is not set, or empty, has its default; without one, referring
 * to it is a fault at the place where it is declared.
 */
import type { SourcePosition } from "../../base/errors.ts";
import type { FaultList } from "../check/fault_list.ts";
import { entriesOf, type SpecNode, valueOf } from "../yaml/node.ts";

/** The variables that a spec declares. */
export class Environment {
  /** Values by name; undefined where required and not set. */
  readonly values: ReadonlyMap<string, string | undefined>;
  readonly #places: ReadonlyMap<string, SourcePosition>;
  readonly #used = new Set<string>();

  /**
   * Reads the declarations of a spec.
   *
   * @param section the tree under `env:`; what is malformed in it is left out
   * @param valueOfVariable the environment
   */
  constructor(
    section: SpecNode | undefined,
    valueOfVariable: (name: string) => string | undefined,
  ) {
    const declared = entriesOf(section);
    this.#places = new Map(declared.map(([name, { keyAt }]) => [name, keyAt]));
    this.values = new Map(
      declared.map(([name, { value }]) => [
        name,
        valueOfVariable(name) || defaultOf(value),
      ]),
    );
  }

  /** Notes that a variable is referred to. */
  readonly use = (name: string): void => {
    this.#used.add(name);
  };

  /** Reports each variable that is referred to and has no value. */
  reportUnset(faults: FaultList): void {
    for (const [name, at] of this.#places) {
      if (!this.#used.has(name) || this.values.get(name) !== undefined) continue;
      faults.add("experiment/env", `environment variable ${name} is not set`, {
        at,
        mend: `set it: write "${name}=<value>" before the command, or give it a default here`,
      });
    }
  }

  /** Reports each variable that nothing refers to. */
  reportUnused(warnings: FaultList): void {
    for (const [name, at] of this.#places) {
      if (this.#used.has(name)) continue;
      warnings.add("experiment/unused", `nothing refers to the variable ${name}`, {
        at,
        mend: `remove it, or refer to it as $(env.${name})`,
      });
    }
  }
}

function defaultOf(node: SpecNode): string | undefined {
  const given = node.type === "map" ? valueOf(node, "default") : node;
  if (given?.type !== "scalar" || given.value === null) return undefined;
  return String(given.value);
}
