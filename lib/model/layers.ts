/**
 * The layers that models are made of: each is declared once, and its parameters' names,
 * shapes and first values as well as what it computes follow from that declaration.
 *
 * Knows no BERT; `params.ts` declares its layers. Linear weights are [out, in].
 */
import type { ParamSpec } from "../engine/engine.ts";
import { type Graph, type Shape, sizeOf, type Value } from "../engine/ir/graph.ts";

/** A parameter of a model, and where it begins. */
export interface ModelParam extends ParamSpec {
  /** Drawn from a truncated normal distribution, or one value throughout. */
  readonly initial: "drawn" | 0 | 1;
  /** Of which layer it is, from below: 0 the embeddings, then the encoder's, then the head. */
  readonly depth: number;
}

/** A table of rows, one an id. */
export interface Table {
  /** Tells the layers apart. */
  readonly kind: "table";
  /** [rows, width] */
  readonly weight: ModelParam;
}

/** x W^T + b. */
export interface Linear {
  /** Tells the layers apart. */
  readonly kind: "linear";
  /** [out, in] */
  readonly weight: ModelParam;
  /** [out] */
  readonly bias: ModelParam;
}

/** Layer norm over the last dimension. */
export interface Norm {
  /** Tells the layers apart. */
  readonly kind: "norm";
  /** [width], the factor. */
  readonly weight: ModelParam;
  /** [width], what is added. */
  readonly bias: ModelParam;
  /** Added to the variance. */
  readonly epsilon: number;
}

/** A bias alone. */
export interface Bias {
  /** Tells the layers apart. */
  readonly kind: "bias";
  /** [width] */
  readonly bias: ModelParam;
}

/** Any layer. */
export type Layer = Table | Linear | Norm | Bias;

/** Declares layers of one depth. */
export class LayersAt {
  /** Takes the depth of all of them, as `ModelParam.depth` has it. */
  constructor(readonly depth: number) {}

  /** A table of the name `<name>.weight`. */
  table(name: string, shape: readonly [rows: number, width: number]): Table {
    return { kind: "table", weight: this.#weight(name, shape) };
  }

  /** A linear layer of the names `<name>.weight` and `<name>.bias`. */
  linear(name: string, shape: readonly [out: number, into: number]): Linear {
    return {
      kind: "linear",
      weight: this.#weight(name, shape),
      bias: this.bias(`${name}.bias`, shape[0]).bias,
    };
  }

  /** A layer norm of the names `<name>.weight` and `<name>.bias`. */
  norm(name: string, width: number, epsilon: number): Norm {
    const factor = { name: `${name}.weight`, shape: [width], decays: false, initial: 1 } as const;
    return {
      kind: "norm",
      weight: { ...factor, depth: this.depth },
      bias: this.bias(`${name}.bias`, width).bias,
      epsilon,
    };
  }

  /** A bias of just that name. */
  bias(name: string, width: number): Bias {
    const { depth } = this;
    return { kind: "bias", bias: { name, shape: [width], decays: false, initial: 0, depth } };
  }

  #weight(name: string, shape: Shape): ModelParam {
    const { depth } = this;
    return { name: `${name}.weight`, shape, decays: true, initial: "drawn", depth };
  }
}

/** The parameters of layers, in their order. */
export function paramsOf(layers: readonly Layer[]): readonly ModelParam[] {
  return layers.flatMap((layer) => {
    if (layer.kind === "table") return [layer.weight];
    return layer.kind === "bias" ? [layer.bias] : [layer.weight, layer.bias];
  });
}

/** What a graph with dropout draws. */
export interface Drawn {
  /** Rows of the batch, or of the micro-batch. */
  readonly rows: number;
  /** Without padding: how many pieces are computed. */
  readonly pieces?: number | undefined;
  /** Whether it is a micro-batch, which draws its own part of the batch's mask. */
  readonly isPart: boolean;
}

/** What masks of one kind are drawn from: a seed, and how many rows they have. */
interface MaskSource extends Pick<Drawn, "rows" | "isPart"> {
  readonly seed: Value;
}

/** A graph under construction with a model's parameters and its dropout. */
export class LayerBuilder {
  readonly #params = new Map<string, Value>();
  readonly #ofRows: MaskSource | undefined;
  readonly #ofPieces: MaskSource | undefined;

  /**
   * Adds the parameters to a graph, and with dropout its seed.
   *
   * @param dropout what is drawn; absent: nothing
   */
  constructor(readonly graph: Graph, specs: readonly ParamSpec[], dropout?: Drawn) {
    for (const each of specs) this.#params.set(each.name, graph.param(each.name, each.shape));
    if (dropout === undefined) return;
    const { rows, pieces, isPart } = dropout;
    const seed = graph.input("dropoutSeed", [isPart ? 3 : 2], "i32");
    this.#ofRows = { seed, rows, isPart };
    this.#ofPieces = pieces === undefined ? this.#ofRows : {
      seed: isPart ? graph.input("pieceDropoutSeed", [3], "i32") : seed,
      rows: pieces,
      isPart,
    };
  }

  /** The graph's value of a parameter. */
  param({ name }: ModelParam): Value {
    const value = this.#params.get(name);
    if (value === undefined) throw new Error(`the model has no parameter ${name}`);
    return value;
  }

  /** A linear layer applied to x [N, in], between others. */
  linear(x: Value, layer: Linear): Value {
    return this.#linear(x, layer, true);
  }

  /** A linear layer whose results are what a model answers: they are never rounded. */
  answers(x: Value, layer: Linear): Value {
    return this.#linear(x, layer, false);
  }

  #linear(x: Value, { weight, bias }: Linear, isNarrow: boolean): Value {
    const product = this.graph.matmul(x, this.param(weight), { transposeB: true, isNarrow });
    return this.graph.add(product, this.param(bias));
  }

  /** Several linear layers applied to one x [N, in]. */
  projections(x: Value, layers: readonly Linear[]): Value[] {
    return this.graph.projections(
      x,
      layers.map(({ weight, bias }) => ({ weight: this.param(weight), bias: this.param(bias) })),
    );
  }

  /** A layer norm applied to x. */
  norm(x: Value, { weight, bias, epsilon }: Norm): Value {
    return this.graph.layerNorm(x, this.param(weight), this.param(bias), epsilon);
  }

  /** Dropout of rows at a site; the value itself when the rate is 0 or nothing is trained. */
  dropout(x: Value, rate: number, site: string): Value {
    return this.#dropped(x, this.dropoutMask(x.shape, rate, site));
  }

  /** Dropout of what each piece has, likewise. */
  pieceDropout(x: Value, rate: number, site: string): Value {
    return this.#dropped(x, this.#mask(this.#ofPieces, x.shape, { rate, site }));
  }

  /** The mask of a dropout of rows at a site; none when the rate is 0 or nothing is trained. */
  dropoutMask(shape: Shape, rate: number, site: string): Value | undefined {
    return this.#mask(this.#ofRows, shape, { rate, site });
  }

  /**
   * A row's draws begin with a block of four, wherever the row is, so that a micro-batch draws
   * what the whole batch does.
   */
  #mask(
    source: MaskSource | undefined,
    shape: Shape,
    { rate, site }: { readonly rate: number; readonly site: string },
  ): Value | undefined {
    if (rate === 0 || source === undefined) return undefined;
    const { graph } = this, { seed, rows } = source, width = sizeOf(shape) / rows;
    const options = { rate, site, rows: source.isPart ? rows : undefined };
    if (width % 4 === 0) return graph.dropoutMask(seed, shape, options);
    const mask = graph.dropoutMask(seed, [rows, 4 * Math.ceil(width / 4)], options);
    return graph.reshape(graph.slice(mask, [0, 0], [rows, width]), shape);
  }

  #dropped(x: Value, mask: Value | undefined): Value {
    return mask === undefined ? x : this.graph.mul(x, mask);
  }
}
