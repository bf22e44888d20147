/**
 * A training whose state stays on the devices.
 *
 * A step is one program: it takes over the memory of parameters and moments and gives them
 * updated. It is begun and computes by itself, so the next batch is uploaded meanwhile and
 * losses are read late. On several replicas each device has the whole state and computes on
 * its own batch; the program adds the gradients up, so that all stay equal bit for bit.
 */
import { greatestOf } from "../../base/extremes.ts";
import { CallQueue } from "../call_queue.ts";
import type {
  BegunStep,
  Executable,
  StepControl,
  Tensor,
  Tensors,
  TrainingProgram,
  TrainingSession,
  TrainingState,
} from "../engine.ts";
import { type Graph, sizeOf } from "../ir/graph.ts";
import { adamWStep, microBatches, trainedOf } from "../optimizer.ts";
import { GraphsByShape } from "../shapes.ts";
import { STATE } from "../training_graph.ts";
import { XlaExecutable } from "./executable.ts";
import type { XlaModule } from "./module.ts";
import type { PjrtDevice } from "./pjrt/client.ts";
import type { Program, Programs } from "./programs.ts";
import { beginStep, freeParts, type StepPart } from "./step.ts";
import type { Part, TrainingModules } from "./training_modules.ts";
import { checkTensors, downloadAll, Held, uploadAll } from "./transfer.ts";

/** What sessions of an engine share. */
export interface SessionParts {
  /** Where programs are compiled and kept. */
  readonly programs: Programs;
  /** The devices that compute side by side. */
  readonly devices: readonly PjrtDevice[];
  /** How many steps may be under way. */
  readonly stepsAhead: number;
  /** Writes a forward graph. */
  readonly forward: (graph: Graph) => XlaModule;
}

/** Training on devices that keep the state. */
export class XlaSession implements TrainingSession {
  readonly stepsAhead: number;
  readonly #byShape: GraphsByShape;
  readonly #calls = new CallQueue();
  readonly #compiled = new Map<string, Promise<Program>>();
  /** Parameters and moments, and sums of gradients, by the names of a step's inputs. */
  readonly #state = new Held();
  /** What must be over before the state can be freed; none of them rejects. */
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #executables: XlaExecutable[] = [];
  /** The ends of the steps that are under way, oldest first; none of them rejects. */
  readonly #ends: Promise<unknown>[] = [];

  /** Compiles nothing yet; a state is to be loaded first. */
  constructor(
    readonly program: TrainingProgram,
    readonly modules: TrainingModules,
    readonly parts: SessionParts,
  ) {
    this.stepsAhead = parts.stepsAhead;
    this.#byShape = new GraphsByShape(program);
  }

  load(state: TrainingState): Promise<void> {
    return this.#calls.run(async () => {
      const tensors = tensorsOf(state), wanted = this.modules.state;
      for (const { name, shape } of wanted) {
        const length = tensors[name]?.length;
        if (length === sizeOf(shape)) continue;
        throw new Error(`the state of "${name}" has ${length}, not ${sizeOf(shape)}`);
      }
      const { devices, programs: { client } } = this.parts;
      const all = devices.map(() => tensors);
      this.#state.replaceAll(await uploadAll(client, { wanted, tensors: all, devices }));
    });
  }

  async step(batch: Tensors | readonly Tensors[], control: StepControl): Promise<BegunStep> {
    const { results } = await this.#calls.runInTwo({
      take: () => this.#take(batch, control),
      compute: async (parts) => {
        await this.#waitForRoom();
        const begun = await beginStep(parts, {
          state: this.#state,
          replicas: this.parts.devices.length,
        });
        // Whoever reads no losses must learn it all the same.
        const end = begun.results.then(() => {}, (error) => this.#calls.fail(error));
        this.#watch(end);
        this.#ends.push(end);
        return begun;
      },
    });
    return { read: () => results };
  }

  save(): Promise<TrainingState> {
    return this.saveReplica(0);
  }

  /** What `save` gives, as one of the devices has it: all have the same, or something is wrong. */
  saveReplica(replica: number): Promise<TrainingState> {
    const saved = this.#calls.run(() => this.#beginCopy(replica)).then(async ({ read }) => {
      const names = this.modules.state.map(({ name }) => name);
      const tensors = await read;
      return stateOf(this.program, new Map(names.map((name, i) => [name, tensors[i]!])));
    });
    this.#watch(saved);
    return saved;
  }

  saveParams(): Promise<TrainingState["params"]> {
    const saved = this.#calls.run(async () => {
      this.#checkLoaded();
      const { params } = this.program;
      const tensors = await downloadAll(params.map(({ name }) => this.#state.get(name)![0]!));
      return Object.fromEntries(params.map(({ name }, i) => [name, tensors[i] as Float32Array]));
    });
    this.#watch(saved);
    return saved;
  }

  async forward(graph: Graph): Promise<Executable> {
    const { programs, forward } = this.parts;
    const module = forward(graph), besideBytes = this.#besideBytes(module);
    const executable = new XlaExecutable(await programs.get(module, { besideBytes }), {
      client: programs.client,
      calls: this.#calls,
      residentOf: (name) => this.#state.get(name)?.[0],
    });
    this.#executables.push(executable);
    return executable;
  }

  dispose(): Promise<void> {
    return this.#calls.runAnyway(async () => {
      while (this.#underWay.size > 0) await Promise.all(this.#underWay);
      for (const each of this.#executables) await each.free();
      this.#state.free();
      for (const each of this.#compiled.values()) {
        await each.then((program) => program.release(), () => {});
      }
      this.#compiled.clear();
    });
  }

  /** Checks a batch, compiles what it needs and uploads it; what fails here has no effect. */
  async #take(batch: Tensors | readonly Tensors[], control: StepControl): Promise<StepPart[]> {
    this.#checkLoaded();
    const batches = microBatches(batch), count = this.parts.devices.length;
    if (batches.length % count !== 0) {
      throw new Error(`${batches.length} batches for ${count} replicas`);
    }
    const rounds = Array.from(
      { length: batches.length / count },
      (_, i) => batches.slice(count * i, count * (i + 1)),
    );
    const rates = this.#rates(control);
    const parts: StepPart[] = [];
    try {
      const isWhole = rounds.length === 1;
      if (!isWhole) await this.#makeSums();
      for (const round of rounds) {
        parts.push(await this.#part(isWhole ? "step" : "gradients", { batches: round, rates }));
      }
      if (!isWhole) parts.push(await this.#part("update", { batches: [], rates }));
    } catch (error) {
      freeParts(parts);
      throw error;
    }
    return parts;
  }

  /** A program with what it takes besides the state: a batch for each replica, and rates. */
  async #part(
    part: Part,
    { batches, rates }: { readonly batches: readonly Tensors[]; readonly rates: Tensors },
  ): Promise<StepPart> {
    const [place = 0, ...others] = batches.map((each) => this.#byShape.placeFor(each));
    if (others.some((each) => each !== place)) throw new Error("replicas take one shape");
    const program = await this.#compile(part, place);
    const wanted = program.module.inputs.filter(({ name }) => this.#state.get(name) === undefined);
    const { devices, programs: { client } } = this.parts;
    const tensors = devices.map((_, i) => ({ ...batches[i], ...rates }));
    for (const each of tensors) checkTensors(wanted, each);
    return { program, given: await uploadAll(client, { wanted, tensors, devices }) };
  }

  /** Sums of gradients begin as zeros, and every update leaves them so. */
  async #makeSums(): Promise<void> {
    const { sums: wanted } = this.modules, { devices, programs: { client } } = this.parts;
    if (wanted.every(({ name }) => this.#state.get(name) !== undefined)) return;
    const zeros = Object.fromEntries(
      wanted.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]),
    );
    const tensors = devices.map(() => zeros);
    for (const [name, sum] of await uploadAll(client, { wanted, tensors, devices })) {
      this.#state.set(name, sum);
    }
  }

  #rates(control: StepControl): Tensors {
    const numbers = adamWStep(this.program.optimizer, control);
    return {
      [STATE.learningRate]: Float32Array.of(numbers.learningRate),
      [STATE.firstCorrection]: Float32Array.of(numbers.firstCorrection),
      [STATE.secondCorrection]: Float32Array.of(numbers.secondCorrection),
    };
  }

  async #waitForRoom(): Promise<void> {
    while (this.#ends.length >= this.stepsAhead) await this.#ends.shift();
  }

  /**
   * Begins to copy the state as it is now. Where the device has room for it the copy is made
   * there, and read while later steps change the state; else those wait until it is read.
   */
  async #beginCopy(replica: number): Promise<{ readonly read: Promise<Tensor[]> }> {
    this.#checkLoaded();
    const buffers = this.modules.state.map(({ name }) => this.#state.get(name)![replica]!);
    const before = Promise.all(this.#ends);
    // The copying program runs on the first device.
    if (replica > 0 || !await this.#hasRoomForCopy()) {
      const tensors = await downloadAll(buffers);
      return { read: Promise.resolve(tensors) };
    }
    const { executable, module: { outputs } } = await this.#compile("copy", 0);
    const run = await executable.run([buffers], { outputs });
    const [copies] = run.outputs;
    const read = downloadAll(copies!).finally(() => copies!.forEach((each) => each.dispose()));
    return { read: Promise.all([read, run.done, before]).then(([tensors]) => tensors) };
  }

  async #hasRoomForCopy(): Promise<boolean> {
    const limit = this.parts.programs.limitBytes();
    if (limit === undefined) return true;
    const programs = await Promise.all(this.#compiled.values());
    // A pass may follow before the copy is read.
    const passes = this.#executables.filter(({ isLive }) => isLive).map(({ program }) => program);
    const needs = [...programs, ...passes].map(({ needBytes }) => needBytes);
    const most = Math.max(0, greatestOf(needs));
    return most + this.modules.stateBytes({ isInParts: false }) <= limit;
  }

  #compile(part: Part, place: number): Promise<Program> {
    const key = `${part} ${place}`;
    let compiled = this.#compiled.get(key);
    if (compiled === undefined) {
      const module = this.modules.write(part, this.#byShape.graphs[place]!);
      const replicas = part === "copy" ? 1 : this.parts.devices.length;
      const besideBytes = part === "copy" ? 0 : this.#besideBytes(module);
      compiled = this.parts.programs.get(module, { replicas, besideBytes });
      this.#compiled.set(key, compiled);
      // A memory that was full may have room the next time.
      compiled.catch(() => this.#compiled.delete(key));
    }
    return compiled;
  }

  #besideBytes(module: XlaModule): number {
    const { modules: { sums: [sum] } } = this;
    const isInParts = sum !== undefined && this.#state.get(sum.name) !== undefined;
    return this.modules.besideBytes(module, { isInParts });
  }

  #checkLoaded(): void {
    if (this.#state.isEmpty) throw new Error("load a state before the first step");
  }

  #watch(promise: Promise<unknown>): void {
    const over = promise.then(() => {}, () => {}).finally(() => this.#underWay.delete(over));
    this.#underWay.add(over);
  }
}

/** A state's tensors by the names of a step's inputs. */
function tensorsOf({ params, firstMoments, secondMoments }: TrainingState): Tensors {
  const named = (of: Readonly<Record<string, Tensor>>, nameOf: (name: string) => string) =>
    Object.entries(of).map(([name, tensor]) => [nameOf(name), tensor] as const);
  return Object.fromEntries([
    ...named(params, (name) => name),
    ...named(firstMoments, STATE.firstMoment),
    ...named(secondMoments, STATE.secondMoment),
  ]);
}

function stateOf(
  { params }: TrainingProgram,
  tensors: ReadonlyMap<string, Tensor>,
): TrainingState {
  const named = (specs: typeof params, nameOf: (name: string) => string) =>
    Object.fromEntries(
      specs.map(({ name }) => [name, tensors.get(nameOf(name)) as Float32Array]),
    );
  const trained = trainedOf(params);
  return {
    params: named(params, (name) => name),
    firstMoments: named(trained, STATE.firstMoment),
    secondMoments: named(trained, STATE.secondMoment),
  };
}
