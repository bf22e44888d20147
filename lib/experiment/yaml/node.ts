/**
 * The located value tree: what a spec says, and where it says it.
 *
 * YAML files, `extends` and `--set` all become these nodes. Nodes are never
 * changed, so that aliases and merged files may share them.
 */
import type { SourcePosition } from "../../base/errors.ts";
import type { Path } from "../../base/path.ts";

/** A single value. */
export interface ScalarNode {
  readonly type: "scalar";
  /** Where it begins. */
  readonly at: SourcePosition;
  /** What YAML reads it as. */
  readonly value: null | boolean | number | string;
  /** As it is written, quotes included. */
  readonly raw: string;
}

/** A list. */
export interface ListNode {
  readonly type: "list";
  /** Where it begins. */
  readonly at: SourcePosition;
  /** Its items in order. */
  readonly items: readonly SpecNode[];
}

/** A mapping; keeps the order of its keys. */
export interface MapNode {
  readonly type: "map";
  /** Where it begins. */
  readonly at: SourcePosition;
  /** By key. */
  readonly entries: ReadonlyMap<string, MapEntry>;
}

/** A key's place and its value. */
export interface MapEntry {
  /** The place of the key. */
  readonly keyAt: SourcePosition;
  /** What the key holds. */
  readonly value: SpecNode;
}

/** A value about which a fault has been reported already, so that nothing more is said of it. */
export interface BrokenNode {
  readonly type: "broken";
  /** Where it begins. */
  readonly at: SourcePosition;
}

/** Any node of the tree. */
export type SpecNode = ScalarNode | ListNode | MapNode | BrokenNode;

/** What is found at a path: the node, and the place of its key where it has one. */
export interface Located {
  /** The node, if the path leads to one. */
  readonly node?: SpecNode;
  /** The node's place; of the nearest node above it where there is none. */
  readonly at: SourcePosition;
  /** The place of the key of the nearest mapping entry on the way, or the root's. */
  readonly keyAt: SourcePosition;
}

/**
 * Follows a path into a tree.
 *
 * @param ownerAt the place of the key that holds the root
 */
export function locate(
  root: SpecNode | undefined,
  path: Path,
  ownerAt: SourcePosition,
): Located {
  let node = root;
  let at = root?.at ?? ownerAt;
  let keyAt = ownerAt;
  for (const step of path) {
    let next: SpecNode | undefined;
    if (node?.type === "map") {
      const entry = node.entries.get(String(step));
      next = entry?.value;
      keyAt = entry?.keyAt ?? keyAt;
    } else if (node?.type === "list" && typeof step === "number") {
      next = node.items[step];
      keyAt = next?.at ?? keyAt;
    }
    if (next === undefined) return { at, keyAt };
    node = next;
    at = next.at;
  }
  return node === undefined ? { at, keyAt } : { node, at, keyAt };
}

/** The value of a key of a mapping, if there is one. */
export function valueOf(node: SpecNode | undefined, key: string): SpecNode | undefined {
  return node?.type === "map" ? node.entries.get(key)?.value : undefined;
}

/** The entries of a mapping; none of anything else. */
export function entriesOf(node: SpecNode | undefined): readonly (readonly [string, MapEntry])[] {
  return node?.type === "map" ? [...node.entries] : [];
}

/** The items of a list; none of anything else. */
export function itemsOf(node: SpecNode | undefined): readonly SpecNode[] {
  return node?.type === "list" ? node.items : [];
}

/** How many values a tree has, mappings and lists counted too. */
export function countNodes(node: SpecNode): number {
  let count = 1;
  for (const [, { value }] of entriesOf(node)) count += countNodes(value);
  for (const item of itemsOf(node)) count += countNodes(item);
  return count;
}

/** The plain value of a tree, in which broken nodes are `undefined`; their paths go to `broken`. */
export function plainOf(node: SpecNode, broken: Path[] = [], path: Path = []): unknown {
  switch (node.type) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map((item, index) => plainOf(item, broken, [...path, index]));
    case "map":
      return Object.fromEntries(
        [...node.entries].map(([key, entry]) => [
          key,
          plainOf(entry.value, broken, [...path, key]),
        ]),
      );
    case "broken":
      broken.push(path);
      return undefined;
  }
}
