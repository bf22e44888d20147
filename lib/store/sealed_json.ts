/**
 * JSON that carries the digest of its own text, so that one changed bit is noticed.
 *
 * The digest stands in the second line; it is of everything else, to the letter.
 */
import { sha256 } from "../base/digest.ts";
import { writeLooseJson } from "../base/json.ts";

const SEAL = /^\{\n "digest": "([0-9a-f]{64})",\n/;

/** The text of an object, sealed; NaN and the infinities are written as words. */
export function sealJson(value: object): string {
  const body = `${writeLooseJson(value, 1)}\n`;
  if (!body.startsWith("{\n")) throw new Error("an empty object has nothing to seal");
  return `{\n "digest": "${sha256(body)}",\n${body.slice(2)}`;
}

/** What came of reading a sealed text: the object without its digest, or why it is none. */
export type Unsealed = { readonly value: unknown } | { readonly damage: string };

/** Reads a sealed text and checks it. */
export function unsealJson(text: string): Unsealed {
  const seal = SEAL.exec(text);
  if (seal === null) return { damage: "has no digest" };
  const body = `{\n${text.slice(seal[0].length)}`;
  if (sha256(body) !== seal[1]) return { damage: "is not what was written" };
  return { value: JSON.parse(body) };
}
