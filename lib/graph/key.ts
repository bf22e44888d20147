/**
 * A task's identity: all that affects its result, and the hash of it.
 *
 * One walk over the task gives the identity; its canonical JSON is hashed into
 * the key, and its components are what `explain.ts` compares. Names, paths,
 * order, executor and job count are no part of it.
 */
import { canonical, type Json, type JsonObject } from "../base/canonical.ts";
import { sha256 } from "../base/digest.ts";
import type { Numerics } from "../base/numerics.ts";
import { joinPath } from "../base/path.ts";
import { withoutDefaults } from "./defaults.ts";
import type { FileParam, InputRef, TaskKind } from "./task.ts";

/** All that affects a task's result; its canonical JSON is what the key hashes. */
export interface Identity {
  /** The kind by name. */
  readonly kind: string;
  /** The version of the kind. */
  readonly version: number;
  /** Less the defaults; outside files stand as `{ sha256 }`. */
  readonly params: JsonObject;
  /** By role, in the order given; roles without inputs are absent. */
  readonly inputs: Readonly<Record<string, readonly InputRef[]>>;
  /** Absent where the kind is not numeric. */
  readonly numerics?: Numerics;
}

/** What an identity is made of. */
export interface IdentityParts {
  /** Whose schema tells the defaults. */
  readonly kind: TaskKind;
  /** Complete params, defaults filled in. */
  readonly params: JsonObject;
  /** By role. */
  readonly inputs: Readonly<Record<string, readonly InputRef[]>>;
  /** Enters where the kind is numeric. */
  readonly numerics: Numerics;
  /** Digests of the outside files by param path. */
  readonly files?: ReadonlyMap<string, string>;
}

/** One leaf of an identity under its label, such as "params.schedule.warmup". */
export interface Component {
  /** The label. */
  readonly path: string;
  /** A scalar, or an empty list or mapping. */
  readonly value: Json;
}

/** The identity of a task. */
export function identityOf(parts: IdentityParts): Identity {
  const { kind, numerics } = parts;
  const all = withoutDefaults(parts.params, {
    schema: kind.params,
    ...(parts.files === undefined ? {} : { files: parts.files }),
  });
  const unkeyed = kind.unkeyed ?? [];
  const params = Object.fromEntries(
    Object.entries(all).filter(([name]) => !unkeyed.includes(name)),
  );
  return {
    kind: kind.kind,
    version: kind.version,
    params,
    inputs: filledRoles(parts.inputs),
    ...(kind.isNumeric ? { numerics: numericsOf(numerics) } : {}),
  };
}

/** One replica is what goes without saying: keys from before there were several stay. */
function numericsOf({ engine, precision, replicas = 1 }: Numerics): Numerics {
  return { engine, precision, ...(replicas === 1 ? {} : { replicas }) };
}

/**
 * Digests by param path; where a pattern names several files, the digest of theirs in order.
 *
 * @param digests of every file, by its path on disk
 */
export function digestsByPath(
  files: readonly FileParam[],
  digests: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const byPath = new Map<string, string[]>();
  for (const { path, file } of files) {
    byPath.set(path, [...byPath.get(path) ?? [], digests.get(file)!]);
  }
  return new Map([...byPath].map(([path, all]) => [
    path,
    all.length === 1 ? all[0]! : sha256(all.join("\n")),
  ]));
}

/** Input references less the roles that have none, each with just its two fields. */
export function filledRoles(
  inputs: Readonly<Record<string, readonly InputRef[]>>,
): Readonly<Record<string, readonly InputRef[]>> {
  const filled = Object.entries(inputs).filter(([, refs]) => refs.length > 0);
  return Object.fromEntries(
    filled.map(([role, refs]) => [role, refs.map(({ key, output }) => ({ key, output }))]),
  );
}

/**
 * The key: SHA-256 of the identity's canonical JSON, 64 hexadecimal digits.
 *
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const a = keyOf({ kind: "vocab", version: 1, params: { size: 200, seed: 1 }, inputs: {} });
 * const b = keyOf({ version: 1, kind: "vocab", inputs: {}, params: { seed: 1, size: 200 } });
 * assert.equal(a, b);
 * ```
 *
 * @throws ExperimentError "base/not-canonical" when a param has no canonical form
 */
export function keyOf(identity: Identity): string {
  return sha256(canonical(identity));
}

/** The leaves of an identity, labelled; empty lists and mappings are leaves. */
export function components(identity: Identity): Component[] {
  const found: Component[] = [];
  const visit = (value: Json, path: string): void => {
    if (value === null || typeof value !== "object") {
      found.push({ path, value });
      return;
    }
    const children: [string, Json][] = Array.isArray(value)
      ? value.map((each: Json, index) => [joinPath(path, index), each])
      : Object.entries(value).map(([key, each]) => [joinPath(path, key), each]);
    if (children.length === 0 && path !== "params" && path !== "inputs") {
      found.push({ path, value });
    }
    for (const [childPath, each] of children) visit(each, childPath);
  };
  visit(identity as unknown as Json, "");
  return found;
}
