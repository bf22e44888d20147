/** SHA-256 of text, bytes and files, as lower-case hexadecimal. */
import { createHash } from "node:crypto";
import { nonFile } from "./files.ts";

/** SHA-256 of bytes, or of a text's UTF-8 bytes: 64 hexadecimal digits. */
export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/**
 * SHA-256 of a file, read in pieces so that its size does not matter. A pipe or device, which
 * might never come to an end, is not opened.
 *
 * @throws Deno.errors.NotFound and the like, as `Deno.open` does; Error for what is no regular file
 */
export async function sha256File(path: string): Promise<string> {
  const what = nonFile(await Deno.stat(path));
  if (what !== undefined) throw new Error(`it is ${what}`);
  const hash = createHash("sha256");
  const file = await Deno.open(path);
  for await (const piece of file.readable) hash.update(piece);
  return hash.digest("hex");
}
