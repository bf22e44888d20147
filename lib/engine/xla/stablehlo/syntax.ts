/**
 * How StableHLO's text writes types, numbers and names: MLIR's own grammar, whose literals
 * need a point in every float and bits for what no decimal can say.
 */
import type { DType, Shape } from "../../ir/graph.ts";

/** Element types of the text: those of the representation, and what lowerings pass through. */
export type Element = "f32" | "bf16" | "i1" | "i32" | "i64" | "ui8" | "ui32" | "ui64";

/** The type of a tensor in the text. */
export interface TensorType {
  /** Of the elements. */
  readonly element: Element;
  /** The dimensions. */
  readonly shape: Shape;
}

const ELEMENTS: Readonly<Record<DType, Element>> = { f32: "f32", i32: "i32", bool: "i1" };

/** The type of a tensor of the representation. */
export function typeOf({ dtype, shape }: { dtype: DType; shape: Shape }): TensorType {
  return { element: ELEMENTS[dtype], shape };
}

/** A type as it is written: `tensor<2x3xf32>`. */
export function writtenType({ element, shape }: TensorType): string {
  return `tensor<${[...shape, element].join("x")}>`;
}

/** A number as a literal of an element type. */
export function writtenNumber(value: number, element: Element): string {
  if (element === "i1") return value === 0 ? "false" : "true";
  if (element !== "f32" && element !== "bf16") return String(value);
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) return bitsOf(rounded, element);
  if (Object.is(rounded, -0)) return "-0.0";
  const [digits, exponent] = String(rounded).split("e") as [string, string?];
  const mantissa = digits.includes(".") ? digits : `${digits}.0`;
  return exponent === undefined ? mantissa : `${mantissa}e${exponent}`;
}

function bitsOf(value: number, element: "f32" | "bf16"): string {
  const [bits] = new Uint32Array(Float32Array.of(value).buffer);
  const digits = bits!.toString(16).toUpperCase().padStart(8, "0");
  return `0x${element === "f32" ? digits : digits.slice(0, 4)}`;
}

/** A text in quotes. */
export function quoted(text: string): string {
  const escaped = [...new TextEncoder().encode(text)].map((byte) => {
    const isPlain = byte >= 0x20 && byte < 0x7F && byte !== 0x22 && byte !== 0x5C;
    return isPlain
      ? String.fromCharCode(byte)
      : `\\${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return `"${escaped.join("")}"`;
}
