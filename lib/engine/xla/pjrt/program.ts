/** A program as compilers take it. */
import { STRUCTS } from "./layout.ts";
import { Struct, utf8 } from "./struct.ts";

/** StableHLO text as the struct that names it; what it points to lives as long. */
export function programOf(text: string): Struct<typeof STRUCTS.Program> {
  const code = utf8(text), format = utf8("mlir");
  return Struct.of(STRUCTS.Program, {
    code,
    codeSize: code.length,
    format,
    formatSize: format.length,
  });
}
