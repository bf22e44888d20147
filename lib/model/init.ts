/**
 * Fresh parameters, drawn by name.
 *
 * Each parameter has a site of its own, so that adding a head or reordering
 * parameters changes no other draw. As in BERT's code, weights come from a normal
 * distribution truncated at two standard deviations; what else a parameter begins with,
 * its layer says.
 */
import { Stream } from "../base/rng.ts";
import type { ParamSpec, TrainingState } from "../engine/engine.ts";
import { sizeOf } from "../engine/ir/graph.ts";
import { trainedOf } from "../engine/optimizer.ts";
import type { ModelParam } from "./layers.ts";

/** Parameters by name. */
export type Params = Readonly<Record<string, Float32Array>>;

/**
 * Draws parameters.
 *
 * @param options std: standard deviation before truncation
 */
export function initialParams(
  specs: readonly ModelParam[],
  options: { readonly seed: number; readonly std: number },
): Params {
  return Object.fromEntries(specs.map((spec) => [spec.name, initialParam(spec, options)]));
}

function initialParam(
  spec: ModelParam,
  options: { readonly seed: number; readonly std: number },
): Float32Array {
  const values = new Float32Array(sizeOf(spec.shape));
  if (spec.initial !== "drawn") return values.fill(spec.initial);
  const stream = new Stream(options.seed, `model/init/${spec.name}`);
  for (let i = 0; i < values.length; i++) {
    let draw = stream.normal();
    while (Math.abs(draw) > 2) draw = stream.normal();
    values[i] = draw * options.std;
  }
  return values;
}

/**
 * A training state at step 0: parameters as given, moments 0.
 *
 * @param specs of the parameters, which say what is frozen and has none; absent: nothing is
 */
export function freshState(params: Params, specs?: readonly ParamSpec[]): TrainingState {
  const trained = specs === undefined
    ? Object.keys(params)
    : trainedOf(specs).map(({ name }) => name);
  const zeros = () =>
    Object.fromEntries(trained.map((name) => [name, new Float32Array(params[name]!.length)]));
  return { params, firstMoments: zeros(), secondMoments: zeros() };
}
