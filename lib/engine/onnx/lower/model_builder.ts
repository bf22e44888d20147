/**
 * An ONNX model under construction: nodes, constants, inputs and outputs.
 *
 * Knows the messages of ONNX (opset 18, and version 1 of Microsoft's own
 * operators) and nothing of our graphs. Tensors are named by strings; equal
 * constants are stored once.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import type { DType, Shape } from "../../ir/graph.ts";
import { Message } from "../../protobuf.ts";

/** The domain of ONNX Runtime's own operators. */
export const MICROSOFT = "com.microsoft";

const OPSET = 18;
const IR_VERSION = 8;

/** ONNX's numbers of element types. */
const ELEMENT_TYPES = { f32: 1, i32: 6, i64: 7, bool: 9 } as const;

/** The value of a node's attribute; whole numbers are given as bigint. */
export type Attribute = bigint | number | string | readonly bigint[];

/** What a node is besides its operator and inputs. */
export interface NodeOptions {
  /** Attributes by the names of the ONNX specification. */
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Where the operator is defined; ONNX's own operators unless given. */
  readonly domain?: typeof MICROSOFT;
}

/** Collects a model and encodes it. */
export class ModelBuilder {
  readonly #nodes: Message[] = [];
  readonly #constants = new Map<string, { name: string; tensor: Message }>();
  readonly #inputs: Message[] = [];
  readonly #outputs: Message[] = [];
  readonly #made = new Set<string>();

  /** Declares an input of the model. */
  input(dtype: DType, shape: Shape): string {
    const name = `input${this.#inputs.length}`;
    this.#inputs.push(valueInfo(name, dtype, shape));
    return name;
  }

  /** Declares a tensor that a node makes to be an output of the model. */
  output(name: string, dtype: DType, shape: Shape): void {
    this.#outputs.push(valueInfo(name, dtype, shape));
  }

  /** Adds a node with one output and returns the output's name. */
  node(operator: string, inputs: readonly string[], options: NodeOptions = {}): string {
    return this.nodeOf(operator, inputs, { ...options, outputs: 1 })[0]!;
  }

  /** Adds a node with several outputs and returns their names; an absent input is "". */
  nodeOf(
    operator: string,
    inputs: readonly string[],
    options: NodeOptions & { readonly outputs: number },
  ): string[] {
    const outputs = Array.from({ length: options.outputs }, () => {
      const name = `t${this.#made.size}`;
      this.#made.add(name);
      return name;
    });
    const node = new Message();
    for (const input of inputs) node.text(1, input);
    for (const output of outputs) node.text(2, output);
    node.text(3, `${operator}/${outputs[0]}`).text(4, operator);
    for (const [name, value] of Object.entries(options.attributes ?? {})) {
      node.message(5, attribute(name, value));
    }
    if (options.domain !== undefined) node.text(7, options.domain);
    this.#nodes.push(node);
    return outputs;
  }

  /** Whether a tensor is made by a node, so that it may be an output of the model. */
  isOutputOfNode(name: string): boolean {
    return this.#made.has(name);
  }

  /** A constant of whole numbers (int64), as axes and shapes are given. */
  integers(values: readonly number[]): string {
    const raw = BigInt64Array.from(values, BigInt);
    return this.#constant("i64", [values.length], new Uint8Array(raw.buffer));
  }

  /** A constant with one value in all elements, stored in full. */
  filled(value: number, options: { dtype?: DType; shape?: Shape } = {}): string {
    const { dtype = "f32", shape = [] } = options;
    const count = shape.reduce((product, each) => product * each, 1);
    const raw = dtype === "f32"
      ? new Float32Array(count).fill(value)
      : dtype === "i32"
      ? new Int32Array(count).fill(value)
      : new Uint8Array(count).fill(value);
    return this.#constant(dtype, shape, new Uint8Array(raw.buffer));
  }

  /** The encoded model. */
  encoded(): Uint8Array {
    const graph = new Message();
    for (const node of this.#nodes) graph.message(1, node);
    graph.text(2, "step");
    for (const { tensor } of this.#constants.values()) graph.message(5, tensor);
    for (const input of this.#inputs) graph.message(11, input);
    for (const output of this.#outputs) graph.message(12, output);
    return new Message()
      .int(1, IR_VERSION)
      .text(2, "titrate")
      .message(7, graph)
      .message(8, new Message().text(1, "").int(2, OPSET))
      .message(8, new Message().text(1, MICROSOFT).int(2, 1))
      .encoded();
  }

  #constant(type: keyof typeof ELEMENT_TYPES, shape: Shape, raw: Uint8Array): string {
    const key = `${type}[${shape}]${raw.toBase64()}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known.name;
    const name = `constant${this.#constants.size}`;
    const tensor = new Message();
    for (const size of shape) tensor.int(1, size);
    tensor.int(2, ELEMENT_TYPES[type]).text(8, name).bytes(9, raw);
    this.#constants.set(key, { name, tensor });
    return name;
  }
}

function valueInfo(name: string, dtype: DType, shape: Shape): Message {
  const dimensions = new Message();
  for (const size of shape) dimensions.message(1, new Message().int(1, size));
  const type = new Message().int(1, ELEMENT_TYPES[dtype]).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, type));
}

function attribute(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === "number") return message.float(2, value).int(20, 1);
  if (typeof value === "bigint") return message.int(3, Number(value)).int(20, 2);
  if (typeof value === "string") return message.text(4, value).int(20, 3);
  for (const each of value) message.int(8, Number(each));
  return message.int(20, 7);
}
