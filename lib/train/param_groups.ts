/** Which parameters are trained, and at what share of the learning rate. */
import type { ModelParam } from "../model/layers.ts";

/**
 * Freezes the embeddings and the lowest layers of the encoder.
 *
 * @param frozenLayers how many layers; 0 the embeddings alone, absent nothing
 */
export function withFrozen(
  params: readonly ModelParam[],
  frozenLayers: number | undefined,
): readonly ModelParam[] {
  if (frozenLayers === undefined) return params;
  return params.map((each) => each.depth <= frozenLayers ? { ...each, isFrozen: true } : each);
}

/**
 * Gives each layer its share of the learning rate: the encoder's topmost layer and what lies
 * above it all of it, each layer below `decay` times that of the layer above.
 *
 * @param options layers: of the encoder; headScale: a factor for those that `isHead` tells
 * @see Howard & Ruder, arXiv:1801.06146 §3.2; Clark et al., arXiv:2003.10555
 */
export function withLayerRates(
  params: readonly ModelParam[],
  { layers, decay, headScale, isHead }: {
    readonly layers: number;
    readonly decay: number;
    readonly headScale: number;
    readonly isHead: (param: ModelParam) => boolean;
  },
): readonly ModelParam[] {
  return params.map((each) => {
    const scale = isHead(each) ? headScale : decay ** Math.max(0, layers - each.depth);
    return scale === 1 ? each : { ...each, learningRateScale: scale };
  });
}
