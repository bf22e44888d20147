/** Tensors to devices and back, by name. */
import type { Tensor, Tensors } from "../engine.ts";
import { sizeOf } from "../ir/graph.ts";
import type { ModuleTensor } from "./module.ts";
import { PjrtBuffer } from "./pjrt/buffer.ts";
import type { PjrtClient, PjrtDevice } from "./pjrt/client.ts";

/** A tensor of each replica. */
export type Replicated = readonly PjrtBuffer[];

const ARRAYS = { f32: Float32Array, i32: Int32Array, bool: Uint8Array } as const;

/**
 * Checks that tensors are what a program takes.
 *
 * @throws Error naming the first that is not
 */
export function checkTensors(wanted: readonly ModuleTensor[], tensors: Tensors): void {
  for (const { name, dtype, shape } of wanted) {
    const given = tensors[name];
    if (given === undefined) throw new Error(`the input "${name}" is missing`);
    if (!(given instanceof ARRAYS[dtype])) {
      throw new Error(`the input "${name}" is ${given.constructor.name}, not ${dtype}`);
    }
    if (given.length !== sizeOf(shape)) {
      throw new Error(`the input "${name}" has ${given.length} elements, not [${shape}]`);
    }
  }
}

/**
 * Uploads tensors that were checked, to each device its own; freed again where one fails.
 *
 * @throws ExperimentError "engine/memory" where they do not fit
 */
export async function uploadAll(
  client: PjrtClient,
  { wanted, tensors, devices }: {
    readonly wanted: readonly ModuleTensor[];
    readonly tensors: readonly Tensors[];
    readonly devices: readonly PjrtDevice[];
  },
): Promise<Map<string, Replicated>> {
  const made: PjrtBuffer[] = [];
  const uploaded = new Map<string, Replicated>();
  try {
    for (const { name, dtype, shape } of wanted) {
      const first = made.length;
      for (const [i, device] of devices.entries()) {
        made.push(await client.upload({ data: tensors[i]![name]!, dtype, shape, device }));
      }
      uploaded.set(name, made.slice(first));
    }
  } catch (error) {
    PjrtBuffer.disposeAll(made);
    throw error;
  }
  return uploaded;
}

/** Tensors that stay on the devices, by name. */
export class Held {
  readonly #tensors = new Map<string, Replicated>();

  /** Whether nothing is held. */
  get isEmpty(): boolean {
    return this.#tensors.size === 0;
  }

  /** A tensor; undefined where there is none of that name. */
  get(name: string): Replicated | undefined {
    return this.#tensors.get(name);
  }

  /** Holds a tensor in the place of one that a program took over. */
  set(name: string, tensor: Replicated): void {
    this.#tensors.set(name, tensor);
  }

  /** Frees all, and holds others. */
  replaceAll(tensors: ReadonlyMap<string, Replicated>): void {
    this.free();
    for (const [name, tensor] of tensors) this.#tensors.set(name, tensor);
  }

  /** Frees all. */
  free(): void {
    PjrtBuffer.disposeAll([...this.#tensors.values()].flat());
    this.#tensors.clear();
  }
}

/** Downloads a program's results and frees them, in any case. */
export async function takeResults(
  outputs: readonly ModuleTensor[],
  buffers: readonly PjrtBuffer[],
): Promise<Record<string, Tensor>> {
  try {
    const tensors = await downloadAll(buffers);
    return Object.fromEntries(outputs.map(({ name }, i) => [name, tensors[i]!]));
  } finally {
    PjrtBuffer.disposeAll(buffers);
  }
}

/** Downloads, all begun at once; waits for all even where one fails, since they are in use. */
export async function downloadAll(buffers: readonly PjrtBuffer[]): Promise<Tensor[]> {
  const results = await Promise.allSettled(buffers.map((each) => each.download()));
  return results.map((each) => {
    if (each.status === "rejected") throw each.reason;
    return each.value;
  });
}
