/**
 * `--only steps=800`, `--only stage=ner`: restricts which cells are done.
 *
 * Values of one axis add up, different axes must all fit. Stages keep what is
 * left of their cells; naming stages keeps those and all they depend on.
 */
import { listOf } from "../../base/list.ts";
import type { SourcePosition } from "../../base/errors.ts";
import { formatAxisValue } from "../../report/text/labels.ts";
import type { AxisValue } from "../experiment_file.ts";
import type { FaultList } from "../check/fault_list.ts";
import type { Expanded } from "./expand.ts";
import type { Grid } from "./grid.ts";
import { mendName } from "../check/near.ts";
import { itemsOf } from "../yaml/node.ts";
import { parseValue } from "../yaml/value.ts";

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
  readonly stages: ReadonlySet<string>;
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

/**
 * Tells of stages that `--only` leaves but a part of an axis to take all of: they are left out,
 * and what reads them, since a choice or a mean of a part would pass for that of the whole.
 * Where that leaves nothing of a stage that `--only` asks for by name, it is a fault.
 */
export function reportLeftOut(
  { leftOut, requests }: Expanded,
  { restriction, faults, warnings }: {
    readonly restriction: Restriction;
    readonly faults: FaultList;
    readonly warnings: FaultList;
  },
): void {
  const empty = [...restriction.stages ?? []].filter((name) => requests.get(name)!.length === 0);
  const isNeeded = new Set(empty.length === 0 ? [] : leftOut.map(({ stage }) => stage.name));
  for (const { stage: { name, over }, source, cells } of leftOut) {
    const isAsked = isNeeded.has(name);
    const axes = listOf(over.map(({ axis }) => axis));
    const message = `--only leaves ${cells.left} of the ${cells.all} cells of "${source}" that ` +
      `stage "${name}" takes all of`;
    const list = isAsked ? faults : warnings;
    list.add("experiment/only", isAsked ? message : `${message}: it is left out`, {
      at: over[0]!.at,
      mend: `do not restrict ${axes}${isAsked ? "" : " to run it too"}`,
    });
  }
}

function readStageNames(
  list: string,
  { stages, faults, at }: OnlyOptions & { readonly at: SourcePosition },
): readonly string[] {
  return list.split(",").map((each) => each.trim()).filter((name) => {
    if (stages.has(name)) return true;
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

/** Indexes of the values that a list names. */
function readValues(axis: string, { list, grid, faults, at }: AxisList): readonly number[] {
  const values = grid.values.get(axis)!;
  const indexOf = finder(values);
  const missing = (text: string) => {
    faults.add("experiment/only", `axis "${axis}" has no value ${text}`, {
      at,
      mend: `write one of ${listOf(values.map(formatAxisValue))}`,
    });
    return [];
  };
  if (list.trimStart().startsWith("[")) {
    return itemsOf(parseValue(list, { file: at.file, faults })).flatMap((node) =>
      node.type !== "scalar" ? [] : indexOf(node.raw) ?? missing(node.raw)
    );
  }
  // A value may hold commas itself, so the longest run of pieces that is one counts.
  const pieces = list.split(",");
  const longest = values.reduce<number>(
    (most, value) => Math.max(most, String(value).split(",").length),
    1,
  );
  const indexes: number[] = [];
  for (let start = 0; start < pieces.length;) {
    let length = Math.min(longest, pieces.length - start);
    const text = () => pieces.slice(start, start + length).join(",").trim();
    while (length > 1 && indexOf(text()) === undefined) length--;
    if (length > 1 && pieces.slice(start, start + length).every((each) => indexOf(each.trim()))) {
      faults.add("experiment/only", `${text()} is one value of axis "${axis}", and several`, {
        at,
        mend: `write [${JSON.stringify(text())}] or [${pieces.slice(start, start + length)}]`,
      });
    } else indexes.push(...indexOf(text()) ?? missing(text()));
    start += length;
  }
  return indexes;
}

/** Finds a value by its text: a number however it is written, else as labels or specs write it. */
function finder(values: readonly AxisValue[]): (text: string) => [number] | undefined {
  const byText = new Map<string, [number]>();
  const forms = [
    (value: AxisValue) => typeof value === "number" ? numberKey(value) : undefined,
    formatAxisValue,
    String,
  ];
  for (const form of forms) {
    values.forEach((value, index) => {
      const text = form(value);
      if (text !== undefined && !byText.has(text)) byText.set(text, [index]);
    });
  }
  return (text) => {
    const number = text === "" ? NaN : Number(text);
    const found = Number.isFinite(number) ? byText.get(numberKey(number)) : undefined;
    return found ?? byText.get(text) ?? byText.get(unquoted(text));
  };
}

/** No text of a value looks like it. */
function numberKey(value: number): string {
  return `\0${value}`;
}

function unquoted(text: string): string {
  return text.replace(/^'(.*)'$/s, "$1").replace(/^"(.*)"$/s, "$1");
}
