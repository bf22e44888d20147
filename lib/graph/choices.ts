/**
 * Choices among tasks, and what reads them.
 *
 * What reads a choice reads what was chosen: its key holds the chosen task, or the params that
 * this gives, and nothing of the candidates that were not chosen. So it has no key before the
 * choice is made; until then it stands under one that is made with the choice's own, and that
 * no artifact ever has.
 */
import type { JsonObject } from "../base/canonical.ts";
import { compareText } from "../base/order.ts";
import type { Chosen, InputRef, InputRoles, TaskKind } from "./task.ts";

/** What a task is made from: its identity, less what all tasks have in common. */
export interface TaskParts {
  /** The kind. */
  readonly kind: TaskKind;
  /** Complete params, defaults filled in. */
  readonly params: JsonObject;
  /** By role. */
  readonly inputs: Readonly<Record<string, readonly InputRef[]>>;
}

/** A task that has no key yet. */
export interface Waiting {
  /** The keys of the choices that are not made, also of those before it. */
  readonly choices: ReadonlySet<string>;
  /** Names of the params that a choice gives. */
  readonly taken: readonly string[];
}

/** The keys that a task reads as choices: not those that it only looks on. */
export function choicesRead(
  { kind, inputs }: TaskParts,
  isChoice: (key: string) => boolean,
): string[] {
  const roles: InputRoles = kind.inputs;
  return Object.entries(inputs).flatMap(([role, refs]) =>
    roles[role]?.looksOn === true ? [] : refs.map(({ key }) => key).filter(isChoice)
  );
}

/**
 * What a task is made from once all choices that it reads are made.
 *
 * @param chosenOf what a key that is a choice has come to
 * @throws ExperimentError where the kind cannot take over the params that were chosen
 */
export function withChoices(
  parts: TaskParts,
  { chosenOf, taken }: {
    readonly chosenOf: (key: string) => Chosen | undefined;
    readonly taken: readonly string[];
  },
): TaskParts {
  const { kind } = parts, roles: InputRoles = kind.inputs;
  const inputs: Record<string, readonly InputRef[]> = {};
  let { params } = parts;
  for (const [name, refs] of Object.entries(parts.inputs)) {
    const role = roles[name];
    const left: InputRef[] = [];
    for (const ref of refs) {
      const chosen = role?.looksOn === true ? undefined : chosenOf(ref.key);
      if (chosen === undefined) left.push(ref);
      else if (role?.givesParams !== true) left.push({ key: chosen.key, output: "" });
      else params = kind.withChosen!(params, chosen, taken);
    }
    if (left.length > 0) inputs[name] = role?.isSet === true ? asSet(left) : left;
  }
  return { kind, params, inputs };
}

/** References by key and output, each once. */
export function asSet(refs: readonly InputRef[]): readonly InputRef[] {
  const byName = new Map(refs.map((ref) => [`${ref.key}/${ref.output}`, ref]));
  return [...byName].sort(([a], [b]) => compareText(a, b)).map(([, ref]) => ref);
}
