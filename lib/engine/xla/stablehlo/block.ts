/**
 * The body of a function under construction: one operation a line, each with the place in
 * the graph that it comes from, so that a compiler's error names both.
 *
 * Names count up from %0, so equal calls give equal text. StableHLO broadcasts nothing by
 * itself; the elementwise operations here spread their operands first.
 */
import { broadcastShapes, type Shape } from "../../ir/graph.ts";
import { type Element, quoted, type TensorType, writtenNumber, writtenType } from "./syntax.ts";

/** A tensor by its name in the function. */
export interface Tensor extends TensorType {
  /** With its percent sign. */
  readonly name: string;
}

/** StableHLO's operations of one operand whose result has its type. */
export type Unary =
  | "negate"
  | "exponential"
  | "log"
  | "sqrt"
  | "rsqrt"
  | "tanh";

/** StableHLO's operations of two operands of one type whose result has it too. */
export type Binary =
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "maximum"
  | "minimum"
  | "and"
  | "xor"
  | "shift_right_logical";

/** What a reduction or an all-reduce joins elements with. */
export type Joining = "add" | "maximum";

/** The body of a function. */
export class Block {
  readonly #lines: string[] = [];
  readonly #scalars = new Map<string, Tensor>();
  #place = "";
  #next = 0;

  /** The lines so far, indented. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Says where in the graph the operations to come have their origin. */
  startPlace(place: string): void {
    this.#place = ` loc(${quoted(place)})`;
  }

  /** An operation of one result, written as it stands but for name and place. */
  one(operation: string, type: TensorType): Tensor {
    const name = `%${this.#next++}`;
    this.#lines.push(`    ${name} = ${operation}${this.#place}`);
    return { ...type, name };
  }

  /** An operation of several results. */
  many(operation: string, types: readonly TensorType[]): Tensor[] {
    const name = `%${this.#next++}`;
    this.#lines.push(`    ${name}:${types.length} = ${operation}${this.#place}`);
    return types.map(({ element, shape }, i) => ({ element, shape, name: `${name}#${i}` }));
  }

  /** The function's end. */
  finish(results: readonly Tensor[]): void {
    const types = results.map(writtenType).join(", ");
    const names = results.map(({ name }) => name).join(", ");
    this.#lines.push(`    return ${names} : ${types}`);
  }

  /** A tensor whose elements all have one value. */
  constant(value: number, type: TensorType): Tensor {
    const key = `${value} ${Object.is(value, -0)} ${writtenType(type)}`;
    const known = this.#scalars.get(key);
    if (known !== undefined) return known;
    const literal = writtenNumber(value, type.element);
    const made = this.one(`stablehlo.constant dense<${literal}> : ${writtenType(type)}`, type);
    this.#scalars.set(key, made);
    return made;
  }

  /** A scalar constant. */
  scalar(value: number, element: Element): Tensor {
    return this.constant(value, { element, shape: [] });
  }

  /** Counts along one dimension, from 0. */
  iota(type: TensorType, dimension: number): Tensor {
    return this.one(`stablehlo.iota dim = ${dimension} : ${writtenType(type)}`, type);
  }

  /** An operation whose result has its operand's type. */
  unary(op: Unary, x: Tensor): Tensor {
    return this.one(`stablehlo.${op} ${x.name} : ${writtenType(x)}`, x);
  }

  /** An elementwise operation; the operands broadcast. */
  binary(op: Binary, left: Tensor, right: Tensor): Tensor {
    const [a, b] = this.#spread([left, right]) as [Tensor, Tensor];
    return this.one(`stablehlo.${op} ${a.name}, ${b.name} : ${writtenType(a)}`, a);
  }

  /** A comparison as i1; the operands broadcast. */
  compare(direction: "EQ" | "LT" | "GT" | "GE", left: Tensor, right: Tensor): Tensor {
    const [a, b] = this.#spread([left, right]) as [Tensor, Tensor];
    const kind = a.element === "f32" ? "FLOAT" : a.element === "i32" ? "SIGNED" : "UNSIGNED";
    return this.#function(`stablehlo.compare ${direction}, ${a.name}, ${b.name}, ${kind}`, [a, b], {
      element: "i1",
      shape: a.shape,
    });
  }

  /** The second where the first (i1) holds, else the third; all broadcast. */
  select(condition: Tensor, left: Tensor, right: Tensor): Tensor {
    const [c, a, b] = this.#spread([condition, left, right]) as [Tensor, Tensor, Tensor];
    const types = `${writtenType(c)}, ${writtenType(a)}`;
    return this.one(`stablehlo.select ${c.name}, ${a.name}, ${b.name} : ${types}`, a);
  }

  /** The values as another element type. */
  convert(x: Tensor, element: Element): Tensor {
    if (x.element === element) return x;
    return this.#function(`stablehlo.convert ${x.name}`, [x], { element, shape: x.shape });
  }

  /** The same bits as another element type of the same width. */
  convertBits(x: Tensor, element: Element): Tensor {
    const type = { element, shape: x.shape };
    return this.#function(`stablehlo.bitcast_convert ${x.name}`, [x], type);
  }

  /** The elements in the same order under another shape. */
  reshape(x: Tensor, shape: Shape): Tensor {
    if (String(x.shape) === String(shape)) return x;
    return this.#function(`stablehlo.reshape ${x.name}`, [x], { element: x.element, shape });
  }

  /** Output dimension i is input dimension perm[i]. */
  transpose(x: Tensor, perm: readonly number[]): Tensor {
    const shape = perm.map((axis) => x.shape[axis]!);
    const operation = `stablehlo.transpose ${x.name}, dims = [${perm.join(", ")}]`;
    return this.#function(operation, [x], { element: x.element, shape });
  }

  /** Repeats dimensions of size 1, and new leading ones. */
  broadcast(x: Tensor, shape: Shape): Tensor {
    if (String(x.shape) === String(shape)) return x;
    const added = shape.length - x.shape.length;
    // A dimension of size 1 that is repeated is left out of the operand instead.
    const kept = x.shape.flatMap((size, i) => size === shape[i + added] ? [i] : []);
    const slim = this.reshape(x, kept.map((i) => x.shape[i]!));
    const dims = kept.map((i) => i + added).join(", ");
    const operation = `stablehlo.broadcast_in_dim ${slim.name}, dims = [${dims}]`;
    return this.#function(operation, [slim], { element: x.element, shape });
  }

  /** Elements starts[i] up to but not including ends[i] of each dimension i. */
  slice(x: Tensor, starts: readonly number[], ends: readonly number[]): Tensor {
    const ranges = starts.map((start, i) => `${start}:${ends[i]}`).join(", ");
    const shape = starts.map((start, i) => ends[i]! - start);
    const type = { element: x.element, shape };
    return this.#function(`stablehlo.slice ${x.name} [${ranges}]`, [x], type);
  }

  /** Tensors joined along one dimension. */
  concatenate(parts: readonly Tensor[], axis: number): Tensor {
    const [first] = parts as [Tensor];
    const total = parts.reduce((sum, each) => sum + each.shape[axis]!, 0);
    const shape = first.shape.map((size, i) => i === axis ? total : size);
    const names = parts.map(({ name }) => name).join(", ");
    const operation = `stablehlo.concatenate ${names}, dim = ${axis}`;
    return this.#function(operation, parts, { element: first.element, shape });
  }

  /** The sum or the maximum over some dimensions, which go. */
  reduce(op: Joining, x: Tensor, axes: readonly number[]): Tensor {
    if (axes.length === 0) return x;
    const lowest = x.element === "f32" ? -Infinity : -(2 ** 31);
    const initial = this.scalar(op === "add" ? 0 : lowest, x.element);
    const shape = x.shape.filter((_, i) => !axes.includes(i));
    const dims = axes.toSorted((a, b) => a - b).join(", ");
    const operation = `stablehlo.reduce(${x.name} init: ${initial.name}) ` +
      `applies stablehlo.${op} across dimensions = [${dims}]`;
    return this.#function(operation, [x, initial], { element: x.element, shape });
  }

  /** The same values, each computed once: nothing is moved past this into its readers. */
  barrier(values: readonly Tensor[]): Tensor[] {
    const names = values.map(({ name }) => name).join(", ");
    const types = values.map(writtenType).join(", ");
    return this.many(`stablehlo.optimization_barrier ${names} : ${types}`, values);
  }

  /** An operation whose type is written as that of a function. */
  #function(operation: string, operands: readonly Tensor[], result: TensorType): Tensor {
    return this.one(`${operation} : ${functionType(operands, [result])}`, result);
  }

  #spread(operands: readonly Tensor[]): Tensor[] {
    const shape = operands.map((each) => each.shape).reduce(broadcastShapes);
    return operands.map((each) => this.broadcast(each, shape));
  }
}

/** The type of an operation: `(tensor<2xf32>) -> tensor<2xi32>`. */
export function functionType(
  operands: readonly TensorType[],
  results: readonly TensorType[],
): string {
  const [first, ...others] = results.map(writtenType);
  const made = others.length === 0 ? first : `(${[first, ...others].join(", ")})`;
  return `(${operands.map(writtenType).join(", ")}) -> ${made}`;
}

/** What scatters and all-reduces do to two elements, as the region of an operation. */
export function joiningRegion(op: Joining, element: Element): string {
  const type = writtenType({ element, shape: [] });
  return `({ ^bb0(%a: ${type}, %b: ${type}): %c = stablehlo.${op} %a, %b : ${type} ` +
    `stablehlo.return %c : ${type} })`;
}
