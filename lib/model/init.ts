/**
 * Fresh parameters, drawn by name.
 *
 * Each parameter has a site of its own, so that adding a head or reordering
 * parameters changes no other draw. As in BERT's code, weights come from a normal
 * distribution truncated at two standard deviations; what else a parameter begins with,
 * its layer says.
 */
import { Stream } from "../base/rng.ts";
import type { TrainingState } from "../engine/engine.ts";
import { sizeOf } from "../engine/ir/graph.ts";
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

/** A training state at step 0: parameters as given, moments 0. */
export function freshState(params: Params): TrainingState {
  const zeros = () =>
    Object.fromEntries(
      Object.entries(params).map(([name, each]) => [name, new Float32Array(each.length)]),
    );
  return { params, firstMoments: zeros(), secondMoments: zeros() };
}
