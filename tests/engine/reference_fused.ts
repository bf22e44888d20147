/** The fused operations of the reference interpreter, row by row in float64. */
import { type Node, sizeOf } from "../../lib/engine/ir/graph.ts";

/** Computes a node that works on rows (the last dimension), or attention. */
export function runFused(node: Node, values: Float64Array[]): Float64Array {
  const width = node.inputs[0]!.shape.at(-1)!;
  const [first, second, third] = values as [Float64Array, Float64Array, Float64Array];
  const perRow = (row: (i: number) => number[]): Float64Array =>
    Float64Array.from(Array.from({ length: first.length / width }, (_, i) => row(i)).flat());
  const rowOf = (x: Float64Array, i: number) => [...x.slice(i * width, (i + 1) * width)];
  switch (node.op) {
    case "softmax":
      return perRow((i) => softmax(rowOf(first, i)));
    case "softmaxGrad":
      return perRow((i) => {
        const y = rowOf(first, i), dy = rowOf(second, i);
        const along = sum(y.map((each, j) => each * dy[j]!));
        return y.map((each, j) => each * (dy[j]! - along));
      });
    case "layerNorm":
      return perRow((i) =>
        standardise(rowOf(first, i), node.attrs.epsilon).row
          .map((each, j) => each * second[j]! + third[j]!)
      );
    case "layerNormGrad":
      return perRow((i) => {
        const { row, deviation } = standardise(rowOf(first, i), node.attrs.epsilon);
        const slope = rowOf(third, i).map((each, j) => each * second[j]!);
        const mean = sum(slope) / width;
        const along = sum(slope.map((each, j) => each * row[j]!)) / width;
        return slope.map((each, j) => (each - mean - row[j]! * along) / deviation);
      });
    case "softmaxCrossEntropy":
      return second.map((target, i) => {
        const row = rowOf(first, i), highest = Math.max(...row);
        return highest + Math.log(sum(row.map((each) => Math.exp(each - highest)))) - row[target]!;
      });
    case "softmaxCrossEntropyGrad":
      return perRow((i) =>
        softmax(rowOf(first, i)).map((each, j) => third[i]! * (each - +(j === second[i])))
      );
    case "attention":
      return attention(node, values);
    default:
      throw new Error(`no reference for ${node.op}`);
  }
}

function attention(node: Extract<Node, { op: "attention" }>, values: Float64Array[]): Float64Array {
  const [q, k, v, bias] = values as [Float64Array, Float64Array, Float64Array, Float64Array];
  const [batches, heads, T, D] = node.inputs[0]!.shape as [number, number, number, number];
  const S = node.inputs[1]!.shape[2]!;
  const biasShape = [1, 1, 1, 1, ...node.inputs[3]!.shape].slice(-4);
  const out = new Float64Array(sizeOf(node.output.shape));
  for (let b = 0; b < batches; b++) {
    for (let h = 0; h < heads; h++) {
      for (let t = 0; t < T; t++) {
        const query = ((b * heads + h) * T + t) * D;
        const scores = Array.from({ length: S }, (_, s) => {
          const key = ((b * heads + h) * S + s) * D;
          const at = [b, h, t, s].reduce(
            (place, each, i) => place * biasShape[i]! + (biasShape[i] === 1 ? 0 : each),
            0,
          );
          const product = sum(Array.from({ length: D }, (_, d) => q[query + d]! * k[key + d]!));
          return node.attrs.scale * product + bias[at]!;
        });
        softmax(scores).forEach((weight, s) => {
          const value = ((b * heads + h) * S + s) * D;
          for (let d = 0; d < D; d++) out[query + d]! += weight * v[value + d]!;
        });
      }
    }
  }
  return out;
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
