/**
 * Lowers a graph to a plan: ONNX models, called segments, and kernels between them.
 *
 * An operation stands in the earliest segment that its operands allow. What
 * crosses from one segment to another, or to a kernel, lies in a place of our
 * own memory; all else stays inside ONNX Runtime.
 */
import { type DType, type Graph, type Shape, sizeOf, type Value } from "../../ir/graph.ts";
import { chooseOperations } from "./fuse.ts";
import { ModelBuilder } from "./model_builder.ts";
import {
  type KernelCall,
  type KernelOperation,
  type ModelTensor,
  operandsOf,
  type Operation,
  type Residual,
  resultsOf,
  type RuntimeOperation,
} from "./operation.ts";
import { Usage } from "./usage.ts";

/** A tensor in memory: what the graph takes, a constant, or what a step of the plan makes. */
export type Place =
  & { readonly dtype: DType; readonly size: number }
  & (
    | { readonly kind: "input"; readonly name: string }
    | { readonly kind: "constant"; readonly value: number }
    | { readonly kind: "made" }
  );

/** A tensor that a model reads or writes: its name there, and its place. */
export interface Binding {
  /** The name of the input or output of the model. */
  readonly name: string;
  /** The memory that ONNX Runtime reads it from or writes it to. */
  readonly place: Place;
  /** The dimensions that the model declares; their product is the size of the place. */
  readonly shape: Shape;
}

/** A step of a plan: a model to run, or a kernel to call. */
export type PlanStep =
  | {
    readonly kind: "segment";
    readonly model: Uint8Array;
    readonly inputs: readonly Binding[];
    readonly outputs: readonly Binding[];
  }
  | {
    readonly kind: "kernel";
    readonly call: KernelCall;
    readonly inputs: readonly Place[];
    readonly outputs: readonly Place[];
  };

/** A graph made ready to run. */
export interface ExecutionPlan {
  /** What to do, in order: whatever a step reads that is made, a step before it made. */
  readonly steps: readonly PlanStep[];
  /** The graph's inputs that are read at all. */
  readonly inputs: readonly (Place & { kind: "input" })[];
  /** Where each output of the graph lies after the last step, by the graph's name for it. */
  readonly outputs: ReadonlyMap<string, Place>;
}

/** Lowers a graph. Pure: the same graph gives the same bytes. */
export function lowerGraph(graph: Graph): ExecutionPlan {
  return new Lowering(graph).plan();
}

class Segment {
  readonly builder = new ModelBuilder();
  /** What is made here, by root id. */
  readonly tensors = new Map<number, ModelTensor>();
  /** What is made here, in other shapes, by "id[shape]". */
  readonly reshaped = new Map<string, string>();
  /** What is read from memory, by "id[shape]". */
  readonly reads = new Map<string, Binding>();
  readonly writes: Binding[] = [];
}

class Lowering {
  readonly #usage: Usage;
  readonly #segments: Segment[] = [];
  /** By segment number plus one: the kernels to call after it. */
  readonly #calls: PlanStep[][] = [];
  /** The segment in which each root is made; -1 for what is there before the first. */
  readonly #madeIn = new Map<number, { readonly stage: number; readonly isKernel: boolean }>();
  readonly #places = new Map<number, Place>();
  readonly #residuals = new Map<Residual, Place>();
  readonly #constants = new Map<string, Place>();

  constructor(readonly graph: Graph) {
    this.#usage = new Usage(graph);
  }

  plan(): ExecutionPlan {
    for (const operation of chooseOperations(this.graph, this.#usage)) {
      const isKernel = operation.at === "kernel";
      const stage = this.#stageOf(operation);
      for (const { id } of resultsOf(operation)) this.#madeIn.set(id, { stage, isKernel });
      if (isKernel) (this.#calls[stage + 1] ??= []).push(this.#bindKernel(operation));
      else this.#emit(operation, stage);
    }
    const outputs = new Map(
      [...this.graph.outputs].map(([name, value]) => [name, this.#placeOf(value)]),
    );
    const steps: PlanStep[] = [...this.#calls[0] ?? []];
    const stages = Math.max(this.#segments.length, this.#calls.length - 1);
    for (let stage = 0; stage < stages; stage++) {
      const segment = this.#segments[stage];
      if (segment !== undefined) {
        steps.push({
          kind: "segment",
          model: segment.builder.encoded(),
          inputs: [...segment.reads.values()],
          outputs: segment.writes,
        });
      }
      steps.push(...this.#calls[stage + 1] ?? []);
    }
    const inputs = [...this.#places.values()].filter((each) => each.kind === "input");
    return { steps, inputs, outputs };
  }

  #stageOf(operation: Operation): number {
    const isKernel = operation.at === "kernel";
    let stage = isKernel ? -1 : 0;
    for (const input of operandsOf(operation)) {
      const made = this.#madeIn.get(this.#usage.rootOf(input).id);
      if (made === undefined) continue;
      stage = Math.max(stage, made.stage + (made.isKernel && !isKernel ? 1 : 0));
    }
    return stage;
  }

  #emit(operation: RuntimeOperation, stage: number): void {
    const segment = this.#segments[stage] ??= new Segment();
    const { builder } = segment;
    const tensor = operation.emit({
      builder,
      exact: (value, shape = value.shape) => this.#exact(segment, value, shape),
      loose: (value) => this.#loose(segment, value),
    });
    segment.tensors.set(operation.output.id, tensor);
  }

  /** The name in a segment of a tensor of a shape that holds a value's elements. */
  #exact(segment: Segment, value: Value, shape: Shape): string {
    const constant = this.#usage.constantOf(value);
    if (constant !== undefined) return filled(segment, { value, constant, shape });
    const root = this.#usage.rootOf(value);
    const tensor = segment.tensors.get(root.id);
    if (tensor === undefined) return this.#read(segment, root, shape);
    if (String(tensor.shape) === String(shape)) return tensor.name;
    const key = `${root.id}[${shape}]`;
    let name = segment.reshaped.get(key);
    if (name === undefined) {
      name = tensor.name;
      const { builder } = segment;
      if (sizeOf(tensor.shape) !== sizeOf(root.shape)) {
        name = builder.node("Expand", [name, builder.integers(root.shape)]);
      }
      if (String(root.shape) !== String(shape) || name === tensor.name) {
        name = builder.node("Reshape", [name, builder.integers(shape)]);
      }
      segment.reshaped.set(key, name);
    }
    return name;
  }

  #loose(segment: Segment, value: Value): ModelTensor {
    const constant = this.#usage.constantOf(value);
    if (constant !== undefined) {
      return { name: segment.builder.filled(constant, { dtype: value.dtype }), shape: [] };
    }
    const root = this.#usage.rootOf(value);
    const tensor = segment.tensors.get(root.id);
    const isItself = String(root.shape) === String(value.shape);
    if (tensor !== undefined && isItself && sizeOf(tensor.shape) !== sizeOf(value.shape)) {
      return tensor;
    }
    return { name: this.#exact(segment, value, value.shape), shape: value.shape };
  }

  /** Makes a segment read what lies in memory. */
  #read(segment: Segment, root: Value, shape: Shape): string {
    const key = `${root.id}[${shape}]`;
    let binding = segment.reads.get(key);
    if (binding === undefined) {
      const place = this.#placeOf(root);
      binding = { name: segment.builder.input(root.dtype, shape), place, shape };
      segment.reads.set(key, binding);
    }
    return binding.name;
  }

  /** Where in memory a value's elements lie; has them put there if need be. */
  #placeOf(value: Value): Place {
    const constant = this.#usage.constantOf(value);
    const { dtype } = value, size = sizeOf(value.shape);
    if (constant !== undefined) {
      const key = `${dtype} ${constant} ${size}`;
      const place = this.#constants.get(key) ?? { kind: "constant", value: constant, dtype, size };
      this.#constants.set(key, place);
      return place;
    }
    const root = this.#usage.rootOf(value), node = this.graph.nodeOf(root);
    const known = this.#places.get(root.id);
    if (known !== undefined) return known;
    const place: Place = node.op === "input"
      ? { kind: "input", name: node.attrs.name, dtype, size }
      : { kind: "made", dtype, size };
    this.#places.set(root.id, place);
    const made = this.#madeIn.get(root.id);
    if (made !== undefined && !made.isKernel) this.#write(this.#segments[made.stage]!, root);
    return place;
  }

  /** Makes a segment write a value that it makes to the value's place. */
  #write(segment: Segment, root: Value): void {
    const { builder } = segment;
    const tensor = segment.tensors.get(root.id)!;
    const shape = sizeOf(tensor.shape) === sizeOf(root.shape) ? tensor.shape : root.shape;
    let name = this.#exact(segment, root, shape);
    const isTaken = !builder.isOutputOfNode(name) || segment.writes.some((w) => w.name === name);
    if (isTaken) name = builder.node("Identity", [name]);
    builder.output(name, root.dtype, shape);
    segment.writes.push({ name, place: this.#places.get(root.id)!, shape });
  }

  #bindKernel(operation: KernelOperation): PlanStep {
    const { call, inPlace } = operation;
    const inputs = operation.inputs.map((each) =>
      "id" in each ? this.#placeOf(each) : this.#residuals.get(each)!
    );
    const base = inPlace === undefined ? undefined : this.#placeOf(inPlace);
    const mayReuse = base?.kind === "made" && this.#usage.isReadOnce(inPlace!);
    const outputs = operation.outputs.map((output, i): Place => {
      if ("scratch" in output) return { kind: "made", dtype: "f32", size: output.scratch };
      if ("floats" in output) {
        const place: Place = { kind: "made", dtype: "f32", size: output.floats };
        this.#residuals.set(output, place);
        return place;
      }
      const { id, dtype, shape } = output;
      const place: Place = i === 0 && mayReuse
        ? base
        : { kind: "made", dtype, size: sizeOf(shape) };
      this.#places.set(id, place);
      return place;
    });
    return { kind: "kernel", call, inputs, outputs };
  }
}

function filled(
  segment: Segment,
  { value, constant, shape }: { value: Value; constant: number; shape: Shape },
): string {
  const { builder } = segment;
  const { dtype } = value;
  if (sizeOf(shape) <= 4096) return builder.filled(constant, { dtype, shape });
  return builder.node("Expand", [builder.filled(constant, { dtype }), builder.integers(shape)]);
}
