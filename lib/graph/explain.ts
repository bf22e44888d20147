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
  const changed = compareMaps(refsByPath(from), refsByPath(to));
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

function refsByPath(identity: Identity): Map<string, InputRef> {
  return new Map(
    Object.entries(identity.inputs).flatMap(([role, refs]) =>
      refs.map((ref, index) => [`inputs.${role}[${index}]`, ref] as const)
    ),
  );
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
