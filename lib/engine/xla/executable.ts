/** A forward graph on a device: what is resident stays there, the rest comes with each run. */
import type { CallQueue } from "../call_queue.ts";
import type { Executable, Tensors } from "../engine.ts";
import type { ModuleInput } from "./module.ts";
import { PjrtBuffer } from "./pjrt/buffer.ts";
import type { PjrtClient } from "./pjrt/client.ts";
import type { Program } from "./programs.ts";
import { checkTensors, takeResults, uploadAll } from "./transfer.ts";

/** What an executable is made of. */
export interface ExecutableOptions {
  /** Where it runs: on the first device. */
  readonly client: PjrtClient;
  /** What runs take their turn with. */
  readonly calls: CallQueue;
  /** A buffer that is resident when a run has its turn; undefined for what comes with it. */
  readonly residentOf: (name: string) => PjrtBuffer | undefined;
  /** Frees what is resident for it alone. */
  readonly release?: () => void;
}

/** A compiled forward graph. */
export class XlaExecutable implements Executable {
  #isDisposed = false;
  readonly #underWay = new Set<Promise<Tensors>>();

  /** Takes over a program. */
  constructor(readonly program: Program, readonly options: ExecutableOptions) {}

  /** Whether it can still be run. */
  get isLive(): boolean {
    return !this.#isDisposed;
  }

  run(inputs: Tensors): Promise<Tensors> {
    const begun = this.#run(inputs).finally(() => this.#underWay.delete(begun));
    this.#underWay.add(begun);
    return begun;
  }

  async #run(tensors: Tensors): Promise<Tensors> {
    const { client, calls, residentOf } = this.options;
    const { module, executable } = this.program;
    // It has its turn when it begins; others follow while it computes and is read.
    const { run } = await calls.run(async () => {
      const wanted = module.inputs.filter(({ name }) => residentOf(name) === undefined);
      checkTensors(wanted, tensors);
      const [device] = client.devices;
      const given = await uploadAll(client, { wanted, tensors: [tensors], devices: [device] });
      const bufferOf = ({ name }: ModuleInput) => given.get(name)?.[0] ?? residentOf(name)!;
      try {
        const { outputs } = module;
        return { run: await executable.run([module.inputs.map(bufferOf)], { outputs }) };
      } finally {
        PjrtBuffer.disposeAll([...given.values()].flat());
      }
    });
    const results = takeResults(module.outputs, run.outputs[0]!);
    await Promise.allSettled([results, run.done]);
    await run.done;
    return await results;
  }

  dispose(): Promise<void> {
    return this.options.calls.runAnyway(() => this.free());
  }

  /** What `dispose` does in its turn; several times does no harm. */
  async free(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await Promise.allSettled(this.#underWay);
    this.program.release();
    this.options.release?.();
  }
}
