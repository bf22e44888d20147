/**
 * `over:` of a stage: the axes of which it takes all cells at once, instead of being repeated
 * over them. Its inputs that take lists are given what stands at each of those cells.
 */
import type { SourcePosition } from "../base/errors.ts";
import type { FaultList } from "./check/fault_list.ts";
import { mendName } from "./check/near.ts";
import { itemsOf, type SpecNode } from "./yaml/node.ts";

/** An axis that a stage takes all of. */
export interface OverAxis {
  /** Its name. */
  readonly axis: string;
  /** Where `over` names it. */
  readonly at: SourcePosition;
}

/** Reads `over:`; what is no axis, or named twice, is reported. */
export function readOver(
  node: SpecNode | undefined,
  { axes, faults }: { readonly axes: readonly string[]; readonly faults: FaultList },
): readonly OverAxis[] {
  const over: OverAxis[] = [];
  for (const item of itemsOf(node)) {
    if (item.type !== "scalar") continue; // its type is reported with the form of the spec
    const axis = String(item.value), { at } = item;
    if (!axes.includes(axis)) {
      faults.add("experiment/unknown-name", `there is no axis "${axis}"`, {
        at,
        mend: mendName(axis, axes, (name) => name),
      });
    } else if (over.some((each) => each.axis === axis)) {
      faults.add("experiment/over", `axis "${axis}" is named twice`, { at, mend: "name it once" });
    } else over.push({ axis, at });
  }
  return over;
}
