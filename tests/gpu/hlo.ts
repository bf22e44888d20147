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
  const types = new Map<string, string>();
  for (const [, name, type] of text.matchAll(/^\s*(?:ROOT )?%?([\w.-]+) = \(?(\w+)\[/gm)) {
    types.set(name!, type!);
  }
  const lines = text.split("\n");
  const calls = (target: string) => lines.filter((line) => line.includes(target));
  const cublas = calls('custom_call_target="__cublas$');
  const dots = lines.filter((line) => / = \S+ dot\(/.test(line));
  const isOther = (line: string) => {
    const operands = /(?:custom-call|dot)\(([^)]*)\)/.exec(line)?.[1] ?? "";
    const names = operands.split(", ").slice(0, 2).map((each) => each.replace(/^.*%/, ""));
    return names.some((name) => types.get(name) !== "bf16");
  };
  return {
    aliases: text.match(/\((?:\d+), \{[^}]*\}, (?:must|may)-alias\)/g)?.length ?? 0,
    cublas: cublas.length,
    cudnn: calls('custom_call_target="__cudnn$').length,
    otherProducts: [...cublas, ...dots].filter(isOther).length,
    allReduces: lines.filter((line) => / all-reduce(?:-start)?\(/.test(line)).length,
  };
}
