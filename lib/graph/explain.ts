/**
 * Why two tasks are not one: their identities compared field by field.
 *
 * A changed input is followed to the task that made it, so that the answer
 * names the parameter that was edited and not only the keys that moved.
 */
import { canonical, type Json } from "../base/canonical.ts";
import { compareText } from "../base/order.ts";
import { components, type Identity } from "./key.ts";
import type { InputRef } from "./task.ts";

/** One field in which two tasks differ; absent means the default, or that there is none. */
export interface Difference {
  /** Such as "params.learningRate", "inputs.corpus[0]", "version". */
  readonly path: string;
  /** What the earlier task had. */
  readonly from?: Json;
  /** What the later one has. */
  readonly to?: Json;
  /** For an input whose both ends are known: in what its tasks differ. */
  readonly upstream?: readonly Difference[];
}

/** Finds the identity behind a key; undefined where it is not known any more. */
export type IdentityLookup = (key: string) => Identity | undefined;

/**
 * The fields in which a task differs from an earlier one, sorted by path.
 *
 * @param identityOfKey identities of both sides' upstream tasks, for the reasons
 */
export function explain(
  { from, to }: { readonly from: Identity; readonly to: Identity },
  identityOfKey: IdentityLookup = () => undefined,
): Difference[] {
  const differences: Difference[] = [
    ...compareLeaves(from, to),
    ...compareInputs({ from, to }, identityOfKey),
  ];
  return differences.sort((a, b) => compareText(a.path, b.path));
}

/** How many fields differ, upstream ones included: how near two tasks are. */
export function distance(differences: readonly Difference[]): number {
  return differences.reduce((sum, { upstream }) => sum + 1 + distance(upstream ?? []), 0);
}

function compareLeaves(from: Identity, to: Identity): Difference[] {
  const leaves = (identity: Identity) =>
    new Map(
      components({ ...identity, inputs: {} }).map(({ path, value }) => [path, value] as const),
    );
  return compareMaps(leaves(from), leaves(to)).map(([path, old, now]) => ({
    path,
    ...(old === undefined ? {} : { from: old }),
    ...(now === undefined ? {} : { to: now }),
  }));
}

function compareInputs(
  { from, to }: { from: Identity; to: Identity },
  identityOfKey: IdentityLookup,
): Difference[] {
  const roles = new Set([...Object.keys(from.inputs), ...Object.keys(to.inputs)]);
  const changed = [...roles].flatMap((role) =>
    compareRefs(role, { from: from.inputs[role] ?? [], to: to.inputs[role] ?? [] })
  );
  return changed.map(([path, old, now]) => {
    const before = old && identityOfKey(old.key);
    const after = now && identityOfKey(now.key);
    return {
      path,
      ...(old === undefined ? {} : { from: refText(old) }),
      ...(now === undefined ? {} : { to: refText(now) }),
      ...(before === undefined || after === undefined || old?.key === now?.key
        ? {}
        : { upstream: explain({ from: before, to: after }, identityOfKey) }),
    };
  });
}

/**
 * The references of a role that differ. Those that both lists have are none of them, unless it
 * is their order alone that differs: one more in a list does not change all that come after it.
 */
function compareRefs(
  role: string,
  { from, to }: { readonly from: readonly InputRef[]; readonly to: readonly InputRef[] },
): [string, InputRef | undefined, InputRef | undefined][] {
  const before = new Set(from.map(refText)), after = new Set(to.map(refText));
  const gone = from.filter((ref) => !after.has(refText(ref)));
  const come = to.filter((ref) => !before.has(refText(ref)));
  const at = (index: number) => `inputs.${role}[${index}]`;
  if (gone.length + come.length === 0) {
    const inPlace = (refs: readonly InputRef[]) =>
      new Map(refs.map((ref, index) => [at(index), ref] as const));
    return compareMaps(inPlace(from), inPlace(to));
  }
  const count = Math.max(gone.length, come.length);
  return Array.from({ length: count }, (_, i) => {
    const old = gone[i], now = come[i];
    return [at(now === undefined ? from.indexOf(old!) : to.indexOf(now)), old, now];
  });
}

/** A reference as text: the key, and after a slash the output's name. */
function refText({ key, output }: InputRef): string {
  return output === "" ? key : `${key}/${output}`;
}

function compareMaps<Value extends Json | InputRef>(
  from: ReadonlyMap<string, Value>,
  to: ReadonlyMap<string, Value>,
): [string, Value | undefined, Value | undefined][] {
  const differing: [string, Value | undefined, Value | undefined][] = [];
  for (const path of new Set([...from.keys(), ...to.keys()])) {
    const old = from.get(path), now = to.get(path);
    const isSame = old !== undefined && now !== undefined && canonical(old) === canonical(now);
    if (!isSame) differing.push([path, old, now]);
  }
  return differing;
}
