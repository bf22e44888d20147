/** The fused operations of the reference interpreter, row by row in float64. */
import { type Node, sizeOf } from "../../lib/engine/ir/graph.ts";
import { broadcastPlaces } from "./places.ts";

/** The results of a node that works on rows (the last dimension), or of attention; else none. */
export function runFused(node: Node, values: Float64Array[]): Float64Array[] | undefined {
  const width = node.inputs[0]?.shape.at(-1) ?? 1;
  const [first, second, third] = values as [Float64Array, Float64Array, Float64Array];
  const perRow = (row: (i: number) => number[]): Float64Array =>
    Float64Array.from(Array.from({ length: first.length / width }, (_, i) => row(i)).flat());
  const rowOf = (x: Float64Array, i: number) => [...x.slice(i * width, (i + 1) * width)];
  switch (node.op) {
    case "softmax":
      return [perRow((i) => softmax(rowOf(first, i)))];
    case "softmaxGrad":
      return [perRow((i) => softmaxGrad(rowOf(first, i), rowOf(second, i)))];
    case "layerNorm":
      return [perRow((i) =>
        standardise(rowOf(first, i), node.attrs.epsilon).row
          .map((each, j) => each * second[j]! + third[j]!)
      )];
    case "layerNormGrad": {
      const dgamma = new Float64Array(width), dbeta = new Float64Array(width);
      const dx = perRow((i) => {
        const { row, deviation } = standardise(rowOf(first, i), node.attrs.epsilon);
        const flow = rowOf(third, i);
        flow.forEach((each, j) => {
          dgamma[j]! += each * row[j]!;
          dbeta[j]! += each;
        });
        const slope = flow.map((each, j) => each * second[j]!);
        const mean = sum(slope) / width;
        const along = sum(slope.map((each, j) => each * row[j]!)) / width;
        return slope.map((each, j) => (each - mean - row[j]! * along) / deviation);
      });
      return [dx, dgamma, dbeta];
    }
    case "projections": {
      const count = node.outputs.length;
      return node.outputs.map((_, i) => project(node, values, { i, count }));
    }
    case "projectionsGrad":
      return projectionsGrad(node, values);
    case "softmaxCrossEntropy":
      return [second.map((target, i) => {
        const row = rowOf(first, i), highest = Math.max(...row);
        return highest + Math.log(sum(row.map((each) => Math.exp(each - highest)))) - row[target]!;
      })];
    case "softmaxCrossEntropyGrad":
      return [
        perRow((i) =>
          softmax(rowOf(first, i)).map((each, j) => third[i]! * (each - +(j === second[i])))
        ),
      ];
    case "attention":
      return [attention(node, values)];
    case "attentionGrad":
      return attentionGrad(node, values);
    default:
      return undefined;
  }
}

/** One of several linear layers, element by element. */
function project(
  { inputs, outputs }: Node,
  values: Float64Array[],
  { i, count }: { readonly i: number; readonly count: number },
): Float64Array {
  const [rows, width] = inputs[0]!.shape as [number, number], out = outputs[i]!.shape[1]!;
  const x = values[0]!, weight = values[1 + i]!, bias = values[1 + count + i]!;
  return Float64Array.from({ length: rows * out }, (_, place) => {
    const row = Math.floor(place / out), column = place % out;
    let total = bias[column]!;
    for (let j = 0; j < width; j++) total += x[row * width + j]! * weight[column * width + j]!;
    return total;
  });
}

function projectionsGrad({ inputs, outputs }: Node, values: Float64Array[]): Float64Array[] {
  const [rows, width] = inputs[0]!.shape as [number, number], count = (outputs.length - 1) / 2;
  const x = values[0]!, dx = values[1 + 2 * count]?.slice() ?? new Float64Array(rows * width);
  const dweights = outputs.slice(1, 1 + count).map(({ shape }) => new Float64Array(sizeOf(shape)));
  const dbiases = outputs.slice(1 + count).map(({ shape }) => new Float64Array(sizeOf(shape)));
  for (let i = 0; i < count; i++) {
    const weight = values[1 + i]!, out = inputs[1 + i]!.shape[0]!;
    for (const [place, dy] of values[1 + count + i]!.entries()) {
      const row = Math.floor(place / out), column = place % out;
      dbiases[i]![column]! += dy;
      for (let j = 0; j < width; j++) {
        dx[row * width + j]! += dy * weight[column * width + j]!;
        dweights[i]![column * width + j]! += dy * x[row * width + j]!;
      }
    }
  }
  return [dx, ...dweights, ...dbiases];
}

type AttentionNode = Extract<Node, { op: "attention" | "attentionGrad" }>;

/** One query of one head: where its row and those of the keys begin, its weights and mask. */
interface Query {
  readonly at: number;
  readonly keys: readonly number[];
  readonly weights: readonly number[];
  readonly mask: readonly number[];
}

/** Visits each query; the mask is the input of that number, ones where there is none. */
function eachQuery(
  node: AttentionNode,
  values: Float64Array[],
  maskInput: number,
  visit: (query: Query) => void,
): void {
  const [q, k, , bias] = values as [Float64Array, Float64Array, Float64Array, Float64Array];
  const [rows, T, heads, D] = node.inputs[0]!.shape as [number, number, number, number];
  const S = node.inputs[1]!.shape[1]!, shape = [rows, heads, T, S];
  const biasPlaces = broadcastPlaces(node.inputs[3]!.shape, shape);
  const maskPlaces = broadcastPlaces(node.inputs[maskInput]?.shape ?? [], shape);
  const mask = values[maskInput] ?? Float64Array.of(1);
  for (let b = 0; b < rows; b++) {
    for (let h = 0; h < heads; h++) {
      for (let t = 0; t < T; t++) {
        const at = ((b * T + t) * heads + h) * D;
        const keys = Array.from({ length: S }, (_, s) => ((b * S + s) * heads + h) * D);
        const first = ((b * heads + h) * T + t) * S;
        const scores = keys.map((key, s) =>
          node.attrs.scale * dot(q, at, k, key, D) + bias[biasPlaces[first + s]!]!
        );
        visit({
          at,
          keys,
          weights: softmax(scores),
          mask: keys.map((_, s) => mask[maskPlaces[first + s]!]!),
        });
      }
    }
  }
}

function attention(node: AttentionNode, values: Float64Array[]): Float64Array {
  const v = values[2]!, D = node.output.shape[3]!;
  const out = new Float64Array(sizeOf(node.output.shape));
  eachQuery(node, values, 4, ({ at, keys, weights, mask }) => {
    keys.forEach((key, s) => add(out, at, v, key, weights[s]! * mask[s]!, D));
  });
  return out;
}

function attentionGrad(node: AttentionNode, values: Float64Array[]): Float64Array[] {
  const [q, k, v, , , dy] = values as Float64Array[], D = node.output.shape[3]!;
  const [dq, dk, dv] = node.outputs.map(({ shape }) => new Float64Array(sizeOf(shape)));
  eachQuery(node, values, 6, ({ at, keys, weights, mask }) => {
    const flows = keys.map((key, s) => mask[s]! * dot(dy!, at, v!, key, D));
    const dscores = softmaxGrad(weights, flows).map((each) => each * node.attrs.scale);
    keys.forEach((key, s) => {
      add(dq!, at, k!, key, dscores[s]!, D);
      add(dk!, key, q!, at, dscores[s]!, D);
      add(dv!, key, dy!, at, weights[s]! * mask[s]!, D);
    });
  });
  return [dq!, dk!, dv!];
}

function dot(a: Float64Array, atA: number, b: Float64Array, atB: number, count: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += a[atA + i]! * b[atB + i]!;
  return total;
}

/** Adds a multiple of a row of x to a row of y. */
function add(
  y: Float64Array,
  atY: number,
  x: Float64Array,
  atX: number,
  factor: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) y[atY + i]! += factor * x[atX + i]!;
}

function softmaxGrad(y: readonly number[], dy: readonly number[]): number[] {
  const along = sum(y.map((each, j) => each * dy[j]!));
  return y.map((each, j) => each * (dy[j]! - along));
}

function softmax(row: number[]): number[] {
  const highest = Math.max(...row);
  const exponentials = row.map((each) => Math.exp(each - highest));
  const total = sum(exponentials);
  return exponentials.map((each) => each / total);
}

function standardise(row: number[], epsilon: number): { row: number[]; deviation: number } {
  const mean = sum(row) / row.length;
  const variance = sum(row.map((each) => (each - mean) ** 2)) / row.length;
  const deviation = Math.sqrt(variance + epsilon);
  return { row: row.map((each) => (each - mean) / deviation), deviation };
}

function sum(row: number[]): number {
  return row.reduce((total, each) => total + each, 0);
}
