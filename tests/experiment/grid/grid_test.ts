import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import type { AxisValue } from "../../../lib/experiment/experiment_file.ts";
import { FaultList } from "../../../lib/experiment/check/fault_list.ts";
import { buildGrid, type Grid, project } from "../../../lib/experiment/grid/grid.ts";
import { parseYaml } from "../../../lib/experiment/yaml/yaml.ts";
import { shown } from "../_load.ts";

type CellValues = Record<string, AxisValue>;

interface Sections {
  readonly axes: Record<string, readonly AxisValue[]>;
  readonly zip?: readonly (readonly string[])[];
  readonly include?: readonly CellValues[];
  readonly exclude?: readonly CellValues[];
}

function build(sections: Sections) {
  const faults = new FaultList();
  const warnings = new FaultList();
  const root = parseYaml(stringify(sections), { file: "a.yaml", faults })!;
  const grid = buildGrid(root, { faults, warnings, isSound: () => true });
  return { grid, faults: shown(faults.sorted("a.yaml")), warnings };
}

function cellsOf(grid: Grid, axes: readonly string[] = grid.axes): readonly CellValues[] {
  return project(grid, axes).map((cell) =>
    Object.fromEntries(axes.map((axis, index) => [axis, grid.values.get(axis)![cell[index]!]!]))
  );
}

/** The definition, word by word: product, then include, then exclude. */
function expected({ axes, zip = [], include = [], exclude = [] }: Sections): CellValues[] {
  const names = Object.keys(axes);
  const groups = new Set(names.map((name) => zip.find((group) => group.includes(name)) ?? [name]));
  const product = (given: CellValues): CellValues[] => {
    let cells: CellValues[] = [{}];
    for (const group of groups) {
      const choices = group.every((axis) => axis in given)
        ? [Object.fromEntries(group.map((axis) => [axis, given[axis]!]))]
        : axes[group[0]!]!.map((_, index) =>
          Object.fromEntries(group.map((axis) => [axis, axes[axis]![index]!]))
        );
      cells = cells.flatMap((cell) => choices.map((choice) => ({ ...cell, ...choice })));
    }
    return cells;
  };
  const seen = new Set<string>();
  return [{}, ...include].flatMap(product)
    .filter((cell) =>
      !exclude.some((each) => Object.keys(each).every((axis) => each[axis] === cell[axis]))
    )
    .map((cell) => Object.fromEntries(names.map((name) => [name, cell[name]!])))
    .filter((cell) => seen.size < seen.add(JSON.stringify(cell)).size);
}

const values = fc.uniqueArray(fc.oneof(fc.nat(20), fc.constantFrom("a", "b", true, false)), {
  minLength: 1,
  maxLength: 4,
});
const sections: fc.Arbitrary<Sections> = fc.record({
  a: values,
  b: values,
  c: values,
  isZipped: fc.boolean(),
  include: fc.array(
    fc.record({ a: fc.nat(30), b: fc.nat(30), c: fc.nat(30) }, { requiredKeys: [] }),
    {
      maxLength: 3,
    },
  ),
  excluded: fc.array(
    fc.tuple(fc.nat(), fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1 })),
    {
      maxLength: 3,
    },
  ),
}).map(({ a, b, c, isZipped, include, excluded }) => {
  const length = Math.min(a.length, b.length);
  const axes = isZipped ? { a: a.slice(0, length), b: b.slice(0, length), c } : { a, b, c };
  const whole = { axes, ...(isZipped ? { zip: [["a", "b"]] } : {}) };
  const extra = include.filter((each) => Object.keys(each).length > 0)
    .filter((each) => !isZipped || ("a" in each) === ("b" in each)) as CellValues[];
  const all = expected({ ...whole, include: extra });
  const exclude = excluded.map(([n, names]) =>
    Object.fromEntries(names.map((name) => [name, all[n % all.length]![name]!]))
  );
  return { ...whole, include: extra, exclude };
});

Deno.test("buildGrid() is the product, zipped, with include, without exclude", () => {
  let whole = 0;
  fc.assert(
    fc.property(sections, (each) => {
      const { grid, faults } = build(each);
      const cells = expected(each);
      if (cells.length === 0) {
        assert.match(faults, /exclude leaves no cell/);
        return;
      }
      whole++;
      assert.equal(faults, "");
      assert.deepEqual(cellsOf(grid!), cells);
    }),
    { numRuns: 300 },
  );
  assert.ok(whole > 100);
});

Deno.test("project() gives each combination once, in the order of the grid", () => {
  const names = fc.subarray(["a", "b", "c"]);
  fc.assert(fc.property(sections, names, (each, axes) => {
    const { grid } = build(each);
    if (grid === undefined) return;
    const seen = new Set<string>();
    const projected = cellsOf(grid)
      .map((cell) => Object.fromEntries(axes.map((axis) => [axis, cell[axis]!])))
      .filter((cell) => seen.size < seen.add(JSON.stringify(cell)).size);
    assert.deepEqual(cellsOf(grid, axes), projected);
  }));
});

Deno.test("buildGrid() does not depend on the order of the axes, but for the cells' order", () => {
  fc.assert(fc.property(sections, (each) => {
    const reversed = Object.fromEntries(Object.entries(each.axes).reverse());
    const [one, other] = [build(each).grid, build({ ...each, axes: reversed }).grid];
    if (one === undefined || other === undefined) return assert.equal(one, other);
    const texts = (grid: Grid) =>
      cellsOf(grid, one.axes.filter((axis) => grid.axes.includes(axis)))
        .map((cell) => JSON.stringify(one.axes.map((axis) => cell[axis]))).sort();
    const byName = (grid: Grid) =>
      grid.cells.map((cell) =>
        JSON.stringify(
          one.axes.map((axis) => grid.values.get(axis)![cell[grid.axes.indexOf(axis)]!]),
        )
      ).sort();
    assert.deepEqual(byName(other), texts(one));
  }));
});

Deno.test("buildGrid() has one empty cell without axes", () => {
  assert.deepEqual(build({ axes: {} }).grid?.cells, [[]]);
});

Deno.test("buildGrid() warns of an exclude that matches nothing", () => {
  const { warnings } = build({ axes: { a: [1, 2] }, exclude: [{ a: 1 }, { a: 1 }] });
  assert.equal(
    shown(warnings.sorted("")),
    "a.yaml:7:5: this excludes no cell [experiment/grid]\n  mend: remove it",
  );
});
