/** Reads XLA's own text of a program as far as it shows what became of a training step. */

/** What is counted. */
export interface HloCounts {
  /** Results that lie where inputs lay. */
  readonly aliases: number;
  /** Products as library calls. */
  readonly cublas: number;
  /** Attention as library calls. */
  readonly cudnn: number;
  /** Products of which an operand is not bfloat16. */
  readonly otherProducts: number;
  /** Sums over devices. */
  readonly allReduces: number;
}

/** Counts in the text of a program. */
export function readHlo(text: string): HloCounts {
  const types = typesIn(text);
  const lines = text.split("\n");
  const calls = (target: string) => lines.filter((line) => line.includes(target));
  const cublas = calls('custom_call_target="__cublas$');
  const dots = lines.filter((line) => / = \S+ dot\(/.test(line));
  const isOther = (line: string) => {
    const operands = /(?:custom-call|dot)\(([^)]*)\)/.exec(line)?.[1] ?? "";
    const names = operands.split(", ").slice(0, 2).map((each) => each.replace(/^.*%/, ""));
    return names.some((name) => {
      const [whole, place = "0"] = name.split("#") as [string, string?];
      return types.get(whole)?.[Number(place)] !== "bf16";
    });
  };
  return {
    aliases: text.match(/\((?:\d+), \{[^}]*\}, (?:must|may)-alias\)/g)?.length ?? 0,
    cublas: cublas.length,
    cudnn: calls('custom_call_target="__cudnn$').length,
    otherProducts: [...cublas, ...dots].filter(isOther).length,
    allReduces: lines.filter((line) => / all-reduce(?:-start)?\(/.test(line)).length,
  };
}

/** The element types of each instruction's result, several where it gives several: `%name#1`. */
function typesIn(text: string): Map<string, string[]> {
  const types = new Map<string, string[]>();
  for (const [, name, result] of text.matchAll(/^\s*(?:ROOT )?%?([\w.-]+) = (.*)$/gm)) {
    const written = result!.startsWith("(") ? result!.slice(0, result!.indexOf(") ")) : result!;
    const all = [...written.matchAll(/\b([a-z]\w*)\[/g)].map(([, type]) => type!);
    types.set(name!, result!.startsWith("(") ? all : all.slice(0, 1));
  }
  return types;
}
