/** Binds the kernel calls of a plan to addresses, so that a step is one function call. */
import { dropoutSeedOf } from "../../dropout_bits.ts";
import type { Tensor } from "../../engine.ts";
import type { Kernels } from "./kernels.ts";
import type { Place, PlanStep } from "../lower/lower.ts";

/** Where a plan's places lie. */
export interface BoundMemory {
  /** The kernels, instantiated over the memory that the addresses are of. */
  readonly kernels: Kernels;
  /** The first byte of each place, counted from the start of the memory. */
  readonly addresses: ReadonlyMap<Place, number>;
  /** The elements of a place as a typed array over the same memory. */
  readonly viewOf: (place: Place) => Tensor;
}

/** The function that runs a kernel step. */
export function bindKernel(step: PlanStep & { kind: "kernel" }, memory: BoundMemory): () => void {
  const { kernels, addresses, viewOf } = memory;
  const { call, inputs, outputs } = step;
  const at = (place: Place | undefined) => place === undefined ? undefined : addresses.get(place)!;
  const [in0, in1, in2, in3, in4, in5] = inputs.map((each) => at(each)!) as Six;
  const [out0, out1, out2, out3] = outputs.map((each) => at(each)!) as Six;
  const output = outputs[0]!;
  switch (call.kernel) {
    case "dropout": {
      const seed = viewOf(inputs[0]!), { rate, site } = call, count = output.size;
      return () => kernels.dropout(out0, { count, rate, site, ...dropoutSeedOf(seed, call) });
    }
    case "addRows": {
      const base = inputs[2];
      const target = viewOf(output), source = base && base !== output ? viewOf(base) : undefined;
      const rows = { ids: in0, updates: in1, rows: inputs[0]!.size, rowSize: call.rowSize };
      return () => {
        if (source !== undefined) target.set(source);
        else if (base === undefined) target.fill(0);
        kernels.addRows(out0, rows);
      };
    }
    case "geluGrad":
      return () => kernels.geluGrad({ x: in0, dy: in1, dx: out0, count: output.size });
    case "softmaxGrad": {
      const { width } = call, rows = output.size / width;
      return () => kernels.softmaxGrad({ y: in0, dy: in1, dx: out0, rows, width });
    }
    case "layerNormGrad": {
      const { width, epsilon } = call;
      const addresses = { x: in0, gamma: in1, dy: in2, dx: out0, dgamma: out1, dbeta: out2 };
      const sizes = { rows: output.size / width, width, epsilon };
      return () => kernels.layerNormGrad(addresses, sizes);
    }
    case "attention": {
      const bias = call.isBiased ? in3 : undefined;
      const mask = call.isMasked ? (call.isBiased ? in4 : in3) : undefined;
      const given = { q: in0, k: in1, v: in2, bias, mask };
      const made = { context: out0, weights: out1, scratch: out2 };
      return () => kernels.attention({ ...given, ...made }, call);
    }
    case "attentionGrad": {
      const mask = call.isMasked ? in5 : undefined;
      const given = { q: in0, k: in1, v: in2, weights: in3, dcontext: in4, mask };
      const made = { dq: out0, dk: out1, dv: out2, scratch: out3 };
      return () => kernels.attentionGrad({ ...given, ...made }, call);
    }
  }
}

/** Addresses; a call reads no more of them than its kernel has operands. */
type Six = [number, number, number, number, number, number];
