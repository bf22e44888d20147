/**
 * The grid: which combinations of axis values there are.
 *
 * cells = (product of the axes, zipped axes moving together) + include - exclude.
 * An included cell that leaves axes out takes all their values; whatever matches
 * an exclude is not there, included or not. Stages that mention only some axes
 * see the grid projected onto those, each combination once, in order.
 */
import { listOf } from "../../base/list.ts";
import type { SourcePosition } from "../../base/errors.ts";
import { leastOf } from "../../base/extremes.ts";
import { formatAxisValue } from "../../report/text/labels.ts";
import type { AxisValue } from "../experiment_file.ts";
import type { FaultList } from "../check/fault_list.ts";
import { mendName } from "../check/near.ts";
import { entriesOf, itemsOf, type MapEntry, type SpecNode, valueOf } from "../yaml/node.ts";

const MAX_CELLS = 250_000;
const MAX_AXES = 100;
/** Cells that entries of `include` and `exclude` may be compared with, each by each. */
const MAX_COMPARED = 50_000_000;

/** For each axis of a list of axes, the index of its value. */
export type Cell = readonly number[];

/** The axes and the cells of an experiment. */
export interface Grid {
  /** In the order in which they are declared. */
  readonly axes: readonly string[];
  /** Values by axis: the declared ones, then those that `include` adds. */
  readonly values: ReadonlyMap<string, readonly AxisValue[]>;
  /** Without repetition; later axes vary faster. */
  readonly cells: readonly Cell[];
}

/** What the grid is built from. */
export interface GridOptions {
  /** Where faults go. */
  readonly faults: FaultList;
  /** Where oddities go that do no harm. */
  readonly warnings: FaultList;
  /** Whether the form of a section has passed its check. */
  readonly isSound: (...path: readonly (string | number)[]) => boolean;
}

/**
 * Builds the grid of a spec whose expressions are resolved.
 *
 * @returns the grid; undefined when a fault leaves it unknown
 */
export function buildGrid(root: SpecNode, options: GridOptions): Grid | undefined {
  const sections = ["axes", "zip", "include", "exclude"];
  const isSound = sections.every((section) => options.isSound(section));
  const faultsBefore = options.faults.size;
  const builder = new Builder(root, options);
  if (!isSound) return undefined;
  const grid = builder.build();
  return options.faults.size > faultsBefore ? undefined : grid;
}

/** Projections by the grid and the axes: many stages have the same ones. */
const projections = new WeakMap<Grid, Map<string, readonly Cell[]>>();

/** The grid's cells on some of its axes, each once, in the order of the grid. */
export function project(grid: Grid, axes: readonly string[]): readonly Cell[] {
  if (axes.length === grid.axes.length) return grid.cells;
  const known = projections.get(grid) ?? new Map<string, readonly Cell[]>();
  projections.set(grid, known);
  const id = axes.join(",");
  const found = known.get(id);
  if (found !== undefined) return found;
  const columns = axes.map((axis) => grid.axes.indexOf(axis));
  const cells = distinct(grid.cells.map((cell) => columns.map((column) => cell[column]!)));
  known.set(id, cells);
  return cells;
}

/** What tells a cell from others on the same axes. */
export function cellKey(cell: Cell): string {
  return cell.join(",");
}

/** Whether two values of an axis are the same: equal and of one type. */
export function valueKey(value: AxisValue): string {
  return `${typeof value} ${value}`;
}

function distinct(cells: readonly Cell[]): readonly Cell[] {
  const seen = new Set<string>();
  return cells.filter((cell) => seen.size < seen.add(cellKey(cell)).size);
}

class Builder {
  readonly #root: SpecNode;
  readonly #options: GridOptions;
  readonly #axes: readonly string[];
  readonly #values: AxisValue[][];
  readonly #indexes: Map<string, number>[];
  /** How many values an axis has without those of `include`. */
  readonly #declared: readonly number[];

  constructor(root: SpecNode, options: GridOptions) {
    this.#root = root;
    this.#options = options;
    const section = entriesOf(valueOf(root, "axes"));
    this.#axes = section.map(([axis]) => axis);
    this.#values = section.map(() => []);
    this.#indexes = section.map(() => new Map());
    section.forEach(([axis, entry], column) => this.#readAxis(axis, entry, column));
    this.#declared = this.#values.map((values) => values.length);
  }

  build(): Grid | undefined {
    if (this.#axes.length > MAX_AXES) {
      this.#options.faults.add("experiment/grid", `there are ${this.#axes.length} axes`, {
        at: this.#axesAt(),
        mend: `remove axes, or zip them into fewer, until there are at most ${MAX_AXES}`,
      });
      return undefined;
    }
    const groups = this.#groups();
    const product = this.#product(groups.map((group) => this.#tuples(group)), groups);
    if (product === undefined) return undefined;
    const included: Cell[] = [];
    for (const entry of itemsOf(valueOf(this.#root, "include"))) {
      for (const cell of this.#include(entry, groups)) included.push(cell);
      if (product.length + included.length > 2 * MAX_CELLS) {
        this.#tooMany(product.length + included.length);
        return undefined;
      }
    }
    const all = included.length === 0 ? product : distinct([...product, ...included]);
    if (all.length > MAX_CELLS) {
      this.#tooMany(all.length);
      return undefined;
    }
    return {
      axes: this.#axes,
      values: new Map(this.#axes.map((axis, column) => [axis, this.#values[column]!])),
      cells: this.#exclude(all),
    };
  }

  #readAxis(axis: string, { value }: MapEntry, column: number): void {
    for (const item of itemsOf(value)) {
      if (item.type !== "scalar" || item.value === null) continue;
      if (this.#indexes[column]!.has(valueKey(item.value))) {
        this.#options.faults.add(
          "experiment/axis",
          `axis "${axis}" has the value ${formatAxisValue(item.value)} twice`,
          { at: item.at, mend: "remove one of the two" },
        );
      } else this.#addValue(column, item.value);
    }
  }

  #addValue(column: number, value: AxisValue): number {
    const index = this.#values[column]!.push(value) - 1;
    this.#indexes[column]!.set(valueKey(value), index);
    return index;
  }

  /** Columns of axes that vary together, ordered by their first axis. */
  #groups(): readonly (readonly number[])[] {
    const groupOf = new Map<number, readonly number[]>();
    for (const entry of itemsOf(valueOf(this.#root, "zip"))) {
      const group: number[] = [];
      for (const item of itemsOf(entry)) {
        if (item.type !== "scalar") continue;
        const column = this.#column(String(item.value), item.at);
        if (column === undefined) continue;
        if (groupOf.has(column) || group.includes(column)) {
          this.#options.faults.add("experiment/grid", `axis "${item.value}" is zipped twice`, {
            at: item.at,
            mend: "name it once: axes that vary together form one list",
          });
        } else group.push(column);
      }
      this.#checkLengths(group, entry.at);
      for (const column of group) groupOf.set(column, group);
    }
    return [...new Set(this.#axes.map((_, column) => groupOf.get(column) ?? [column]))];
  }

  #checkLengths(group: readonly number[], at: SourcePosition): void {
    if (new Set(group.map((column) => this.#declared[column])).size <= 1) return;
    const lengths = group.map((column) => `${this.#axes[column]} has ${this.#declared[column]}`);
    this.#options.faults.add(
      "experiment/grid",
      `zipped axes must have equally many values, but ${lengths.join(", ")}`,
      { at, mend: "give each of them the same number of values" },
    );
  }

  #tuples(group: readonly number[]): readonly (readonly number[])[] {
    const length = leastOf(group.map((column) => this.#declared[column]!));
    return Array.from({ length }, (_, index) => group.map(() => index));
  }

  /** Every combination of one tuple of each group. */
  #product(
    choices: readonly (readonly (readonly number[])[])[],
    groups: readonly (readonly number[])[],
  ): readonly Cell[] | undefined {
    const size = choices.reduce((product, each) => product * each.length, 1);
    if (size > MAX_CELLS) {
      this.#tooMany(size);
      return undefined;
    }
    let cells: number[][] = [new Array<number>(this.#axes.length).fill(0)];
    for (const [place, group] of groups.entries()) {
      cells = cells.flatMap((cell) =>
        choices[place]!.map((tuple) => {
          const next = [...cell];
          group.forEach((column, index) => next[column] = tuple[index]!);
          return next;
        })
      );
    }
    return cells;
  }

  #tooMany(count: number): void {
    this.#options.faults.add("experiment/grid", `the grid has ${count} cells`, {
      at: this.#axesAt(),
      mend: `zip axes or remove values until there are at most ${MAX_CELLS}`,
    });
  }

  #axesAt(): SourcePosition {
    return entriesOf(this.#root).find(([key]) => key === "axes")![1].keyAt;
  }

  /** The cells of an entry of `include`: its values, and all values of the other axes. */
  #include(entry: SpecNode, groups: readonly (readonly number[])[]): readonly Cell[] {
    const given = this.#given(entry, (column, value) => this.#addValue(column, value));
    if (given === undefined) return [];
    const choices = groups.map((group) => {
      const present = group.filter((column) => given.has(column));
      if (present.length === 0) return this.#tuples(group);
      const missing = group.filter((column) => !given.has(column));
      if (missing.length > 0) {
        const names = listOf(missing.map((column) => `"${this.#axes[column]}"`));
        this.#options.faults.add(
          "experiment/grid",
          `this cell gives "${this.#axes[present[0]!]}" but not ${names}, zipped with it`,
          { at: entry.at, mend: `give ${names} too` },
        );
      }
      return [group.map((column) => given.get(column) ?? 0)];
    });
    return this.#product(choices, groups) ?? [];
  }

  #exclude(cells: readonly Cell[]): readonly Cell[] {
    let left = cells;
    const entries = itemsOf(valueOf(this.#root, "exclude"));
    if (entries.length * cells.length > MAX_COMPARED) {
      this.#options.faults.add(
        "experiment/grid",
        `${entries.length} entries of exclude are too many for ${cells.length} cells`,
        { at: entries[0]!.at, mend: "exclude by fewer entries, or include what is wanted" },
      );
      return cells;
    }
    for (const entry of entries) {
      const given = this.#given(entry, (column, value, at) => {
        this.#options.faults.add(
          "experiment/grid",
          `axis "${this.#axes[column]}" has no value ${formatAxisValue(value)}`,
          { at, mend: () => `write one of ${listOf(this.#values[column]!.map(formatAxisValue))}` },
        );
        return undefined;
      });
      if (given === undefined) continue;
      const pairs = [...given];
      const kept = left.filter((cell) => pairs.some(([column, index]) => cell[column] !== index));
      if (kept.length === left.length) {
        this.#options.warnings.add("experiment/grid", "this excludes no cell", {
          at: entry.at,
          mend: "remove it",
        });
      }
      if (kept.length === 0 && left.length > 0) {
        this.#options.faults.add("experiment/grid", "exclude leaves no cell", {
          at: entry.at,
          mend: "exclude less",
        });
      }
      left = kept;
    }
    return left;
  }

  /** Indexes of values by column; undefined when an axis or a value is not there. */
  #given(
    entry: SpecNode,
    onNewValue: (column: number, value: AxisValue, at: SourcePosition) => number | undefined,
  ): ReadonlyMap<number, number> | undefined {
    const given = new Map<number, number>();
    let isWhole = true;
    for (const [axis, { keyAt, value: node }] of entriesOf(entry)) {
      const column = this.#column(axis, keyAt);
      if (column === undefined || node.type !== "scalar" || node.value === null) {
        isWhole = false;
        continue;
      }
      const index = this.#indexes[column]!.get(valueKey(node.value)) ??
        onNewValue(column, node.value, node.at);
      if (index === undefined) isWhole = false;
      else given.set(column, index);
    }
    return isWhole ? given : undefined;
  }

  #column(axis: string, at: SourcePosition): number | undefined {
    const column = this.#axes.indexOf(axis);
    if (column >= 0) return column;
    this.#options.faults.add("experiment/unknown-name", `there is no axis "${axis}"`, {
      at,
      mend: mendName(axis, this.#axes, (name) => name),
    });
    return undefined;
  }
}
