/**
 * `--only steps=800`, `--only stage=ner`: restricts which cells are done.
 *
 * Values of one axis add up, different axes must all fit. Stages keep what is
 * left of their cells; naming stages keeps those and all they depend on.
 */
import type { SourcePosition } from "../../base/errors.ts";
import { formatAxisValue } from "../../report/text/labels.ts";
import type { AxisValue } from "../experiment_file.ts";
import type { FaultList } from "../check/fault_list.ts";
import type { Grid } from "./grid.ts";
import { listOf, mendName } from "../check/near.ts";
import { itemsOf, type SpecNode } from "../yaml/node.ts";
import { parseYaml } from "../yaml/yaml.ts";

/** What is left of the grid, and the stages that are asked for; all if absent. */
export interface Restriction {
  /** The grid with the cells that are left. */
  readonly grid: Grid;
  /** The stages that `--only stage=` names. */
  readonly stages?: ReadonlySet<string>;
}

/** What is restricted. */
export interface OnlyOptions {
  /** The whole grid. */
  readonly grid: Grid;
  /** Names of all stages. */
  readonly stages: readonly string[];
  /** Where faults go. */
  readonly faults: FaultList;
}

/** Reads `--only` texts; what names nothing is a fault. */
export function restrict(texts: readonly string[], options: OnlyOptions): Restriction {
  const { grid, faults } = options;
  const wanted = new Map<number, Set<number>>();
  const stages = new Set<string>();
  const faultsBefore = faults.size;
  for (const text of texts) {
    const at = { file: `--only ${text}` };
    const [, name = "", list = ""] = /^\s*([^=]*?)\s*=(.*)$/s.exec(text) ?? [];
    if (name === "" || list.trim() === "") {
      faults.add("experiment/only", `cannot read --only ${text}`, {
        at,
        mend: "write --only axis=value,value or --only stage=name,name",
      });
    } else if (name === "stage") {
      for (const stage of readStageNames(list, { ...options, at })) stages.add(stage);
    } else {
      const column = grid.axes.indexOf(name);
      if (column < 0) {
        faults.add("experiment/only", `there is no axis "${name}"`, {
          at,
          mend: mendName(name, [...grid.axes, "stage"], (near) => `--only ${near}=${list}`),
        });
        continue;
      }
      const indexes = wanted.get(column) ?? new Set();
      for (const index of readValues(name, { list, grid, faults, at })) indexes.add(index);
      wanted.set(column, indexes);
    }
  }
  const cells = grid.cells.filter((cell) =>
    [...wanted].every(([column, indexes]) => indexes.has(cell[column]!))
  );
  if (cells.length === 0 && grid.cells.length > 0 && faults.size === faultsBefore) {
    const at = { file: texts.map((text) => `--only ${text}`).join(" ") };
    faults.add("experiment/only", "this leaves no cell", { at, mend: "ask for less at once" });
  }
  return { grid: { ...grid, cells }, ...(stages.size > 0 ? { stages } : {}) };
}

function readStageNames(
  list: string,
  { stages, faults, at }: OnlyOptions & { readonly at: SourcePosition },
): readonly string[] {
  return list.split(",").map((each) => each.trim()).filter((name) => {
    if (stages.includes(name)) return true;
    faults.add("experiment/only", `there is no stage "${name}"`, {
      at,
      mend: mendName(name, stages, (near) => `--only stage=${near}`),
    });
    return false;
  });
}

interface AxisList {
  readonly list: string;
  readonly grid: Grid;
  readonly faults: FaultList;
  readonly at: SourcePosition;
}

/** Indexes of the values that a list names, each as YAML or as its bare text. */
function readValues(axis: string, { list, grid, faults, at }: AxisList): readonly number[] {
  const values = grid.values.get(axis)!;
  const nodes: readonly SpecNode[] = list.trimStart().startsWith("[")
    ? itemsOf(parseYaml(list, { file: at.file, faults, hasLines: false }))
    : list.split(",").map((each) => {
      const raw = each.trim();
      return { type: "scalar", at, raw, value: numberOr(raw) };
    });
  return nodes.flatMap((node) => {
    if (node.type !== "scalar") return [];
    const index = values.findIndex((value) =>
      value === node.value || String(value) === node.raw || formatAxisValue(value) === node.raw
    );
    if (index >= 0) return [index];
    faults.add("experiment/only", `axis "${axis}" has no value ${node.raw}`, {
      at,
      mend: `write one of ${listOf(values.map(formatAxisValue))}`,
    });
    return [];
  });
}

function numberOr(text: string): AxisValue {
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
