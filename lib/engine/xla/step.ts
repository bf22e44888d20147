/**
 * Runs the programs of one step: the whole step, or the gradients of micro-batches one after
 * the other and then the update. Nothing is waited for; what they give follows.
 */
import type { Tensor, Tensors } from "../engine.ts";
import { addInto } from "../optimizer.ts";
import { STATE } from "../training_graph.ts";
import type { ModuleInput } from "./module.ts";
import { PjrtBuffer } from "./pjrt/buffer.ts";
import type { Program } from "./programs.ts";
import { type Held, type Replicated, takeResults } from "./transfer.ts";

/** A program with what was uploaded for it. */
export interface StepPart {
  /** The program. */
  readonly program: Program;
  /** By the name of the input. */
  readonly given: ReadonlyMap<string, Replicated>;
}

/** Frees what was uploaded. */
export function freeParts(parts: readonly StepPart[]): void {
  for (const { given } of parts) PjrtBuffer.disposeAll([...given.values()].flat());
}

/**
 * Begins a step and frees its parts.
 *
 * @param state what the programs take over and give anew; nothing of it may be used after an error
 * @returns results: what the program's graph gives, added up over all batches
 * @throws ExperimentError where a program cannot begin
 */
export async function beginStep(
  parts: readonly StepPart[],
  { state, replicas }: { readonly state: Held; readonly replicas: number },
): Promise<{ readonly results: Promise<Tensors> }> {
  const begun: Promise<readonly Tensors[]>[] = [];
  try {
    for (const part of parts) {
      const { results } = await beginPart(part, { state, replicas });
      // It is read late, or never.
      results.catch(() => {});
      begun.push(results);
    }
  } catch (error) {
    await Promise.allSettled(begun);
    throw error;
  } finally {
    freeParts(parts);
  }
  return { results: Promise.allSettled(begun).then((all) => sumOf(all.flatMap(valueOf))) };
}

/** Begins a program; results: what it gives besides state, by replica. */
async function beginPart(
  { program, given }: StepPart,
  { state, replicas }: { readonly state: Held; readonly replicas: number },
): Promise<{ readonly results: Promise<readonly Tensors[]> }> {
  const { module: { inputs, outputs }, donated, executable } = program;
  const bufferOf = ({ name }: ModuleInput, replica: number) =>
    (given.get(name) ?? state.get(name)!)[replica]!;
  const replicated = Array.from(
    { length: replicas },
    (_, replica) => inputs.map((each) => bufferOf(each, replica)),
  );
  const run = await executable.run(replicated, { outputs, donated });
  const isResult = new Set(outputs.keys());
  for (const { name, donatedTo } of inputs) {
    if (donatedTo === undefined) continue;
    state.set(name, run.outputs.map((each) => each[donatedTo]!));
    isResult.delete(donatedTo);
  }
  const places = [...isResult];
  const results = run.outputs.map((each) =>
    takeResults(places.map((place) => outputs[place]!), places.map((place) => each[place]!))
  );
  return {
    results: Promise.allSettled([run.done, ...results]).then(([done, ...made]) => {
      valueOf(done!);
      return made.map((each) => valueOf(each) as Tensors);
    }),
  };
}

function valueOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === "rejected") throw settled.reason;
  return settled.value;
}

/** In the order of the batches; the norm is of all of them, and the same on each replica. */
function sumOf(all: readonly Tensors[]): Tensors {
  const sums: Record<string, Tensor> = {};
  for (const outputs of all) {
    for (const [name, tensor] of Object.entries(outputs)) {
      const sum = sums[name];
      if (sum === undefined) sums[name] = tensor;
      else if (name !== STATE.gradientNorm) addInto(sum as Float32Array, tensor);
    }
  }
  return sums;
}
