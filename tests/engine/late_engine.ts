/**
 * An engine whose steps are over only later, as a GPU's are: it takes a batch, resolves, and
 * computes when it comes to it. What it computes is the CPU engine's.
 *
 * The contract in `engine.ts` is written for such devices; this one shows that what is
 * built on it does not depend on a step being over when `step` resolves.
 */
import type {
  BegunStep,
  Engine,
  Executable,
  StepControl,
  Tensors,
  TrainingProgram,
  TrainingSession,
} from "../../lib/engine/engine.ts";
import type { Graph } from "../../lib/engine/ir/graph.ts";
import { microBatches } from "../../lib/engine/optimizer.ts";
import { GraphsByShape } from "../../lib/engine/shapes.ts";

/** An engine over another one. */
export class LateEngine implements Engine {
  constructor(readonly inner: Engine, readonly stepsAhead = 3) {}

  compile(graph: Graph, resident?: Tensors): Promise<Executable> {
    return this.inner.compile(graph, resident);
  }

  async train(program: TrainingProgram): Promise<TrainingSession> {
    return new LateSession(await this.inner.train(program), program, this.stepsAhead);
  }
}

class LateSession implements TrainingSession {
  readonly #underWay: Promise<BegunStep>[] = [];
  readonly #byShape: GraphsByShape;

  constructor(
    readonly inner: TrainingSession,
    program: TrainingProgram,
    readonly stepsAhead: number,
  ) {
    this.#byShape = new GraphsByShape(program);
  }

  load: TrainingSession["load"] = (state) => this.inner.load(state);
  save: TrainingSession["save"] = () => this.inner.save();
  saveParams: TrainingSession["saveParams"] = () => this.inner.saveParams();
  forward: TrainingSession["forward"] = (graph) => this.inner.forward(graph);

  async step(batch: Tensors | readonly Tensors[], control: StepControl): Promise<BegunStep> {
    const staged = microBatches(batch).map((each) => this.#stage(each));
    // Later calls have their turn after this one, though it has not begun.
    const later = this.inner.step(staged, control);
    later.catch(() => {});
    this.#underWay.push(later);
    if (this.#underWay.length > this.stepsAhead) await this.#underWay.shift();
    return { read: async () => await (await later).read() };
  }

  async dispose(): Promise<void> {
    await this.inner.dispose();
  }

  #stage(batch: Tensors): Tensors {
    const staged: Record<string, Tensors[string]> = {};
    for (const node of this.#byShape.graphs[this.#byShape.placeFor(batch)]!.nodes) {
      if (node.op !== "input" || node.attrs.role === "param") continue;
      const { name } = node.attrs, given = batch[name];
      const size = node.output.shape.reduce((product, each) => product * each, 1);
      if (given?.length !== size) throw new Error(`the input "${name}" does not fit`);
      staged[name] = given.slice();
    }
    return staged;
  }
}
