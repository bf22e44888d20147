/**
 * The `env:` section: which environment variables a spec may refer to, and their values.
 *
 * A variable that is not set, or empty, has its default; without one, referring
 * to it is a fault at the place where it is declared. Of a secret nothing but its
 * seal leaves here: see `base/secrets.ts`.
 */
import type { SourcePosition } from "../../base/errors.ts";
import { sealSecret } from "../../base/secrets.ts";
import type { FaultList } from "../check/fault_list.ts";
import { entriesOf, type SpecNode, valueOf } from "../yaml/node.ts";

/** A variable that a spec declares. */
export interface Variable {
  /** Its value, of a secret its seal; undefined where required and not set. */
  readonly value: string | undefined;
  /** The place of its name. */
  readonly at: SourcePosition;
  /** The place of its default, where that is what it has. */
  readonly defaultAt?: SourcePosition;
  /** Whether its value must not be known. */
  readonly isSecret: boolean;
}

/** The variables that a spec declares. */
export class Environment {
  /** By name. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** Values by name; undefined where required and not set. */
  readonly values: ReadonlyMap<string, string | undefined>;
  /** The environment itself, of variables that no spec need declare. */
  readonly valueOf: (name: string) => string | undefined;
  readonly #used = new Set<string>();

  /**
   * Reads the declarations of a spec.
   *
   * @param section the tree under `env:`; what is malformed in it is left out
   * @param options.valueOf the environment
   */
  constructor(
    section: SpecNode | undefined,
    options: {
      readonly valueOf: (name: string) => string | undefined;
      readonly faults: FaultList;
    },
  ) {
    this.valueOf = options.valueOf;
    this.variables = new Map(
      entriesOf(section).map(([name, { keyAt, value }]) => [
        name,
        readVariable(name, { node: value, at: keyAt, ...options }),
      ]),
    );
    this.values = new Map([...this.variables].map(([name, { value }]) => [name, value]));
  }

  /** The secrets that are referred to. */
  get secrets(): readonly string[] {
    return [...this.#used].filter((name) => this.variables.get(name)?.isSecret === true);
  }

  /** Notes that a variable is referred to. */
  readonly use = (name: string): void => {
    this.#used.add(name);
  };

  /** Reports each variable that is referred to and has no value. */
  reportUnset(faults: FaultList): void {
    for (const [name, { value, at, isSecret }] of this.variables) {
      if (!this.#used.has(name) || value !== undefined) continue;
      const also = isSecret ? "" : ", or give it a default here";
      faults.add("experiment/env", `environment variable ${name} is not set`, {
        at,
        mend: `set it: write "${name}=<value>" before the command${also}`,
      });
    }
  }

  /** Reports each variable that nothing refers to. */
  reportUnused(warnings: FaultList): void {
    for (const [name, { at }] of this.variables) {
      if (this.#used.has(name)) continue;
      warnings.add("experiment/unused", `nothing refers to the variable ${name}`, {
        at,
        mend: `remove it, or refer to it as $(env.${name})`,
      });
    }
  }
}

function readVariable(
  name: string,
  { node, at, valueOf: valueOfVariable, faults }: {
    readonly node: SpecNode;
    readonly at: SourcePosition;
    readonly valueOf: (name: string) => string | undefined;
    readonly faults: FaultList;
  },
): Variable {
  const secret = valueOf(node, "secret");
  const isSecret = secret?.type === "scalar" && secret.value === true;
  const given = node.type === "map" ? valueOf(node, "default") : node;
  const hasDefault = given?.type === "scalar" && given.value !== null;
  const set = valueOfVariable(name) || undefined;
  if (!isSecret) {
    if (set !== undefined || !hasDefault) return { value: set, at, isSecret };
    return { value: String(given.value), at, defaultAt: given.at, isSecret };
  }
  if (hasDefault) {
    faults.add("experiment/env", `the secret ${name} has a default, which everybody can read`, {
      at: given.at,
      mend: "remove it here, and wherever the spec is kept",
    });
  }
  return { value: set === undefined ? undefined : sealSecret(name, set), at, isSecret };
}
