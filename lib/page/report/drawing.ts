/** Drawings by their specifications, and what their files are called. */
import type { TopLevelSpec } from "vega-lite";
import { drawPart } from "../../report/figures/svg.ts";
import type { Drawing } from "./content.ts";

/** Draws a figure of a report. */
export async function drawing(
  spec: TopLevelSpec,
  { name, description }: Pick<Drawing, "name" | "description">,
): Promise<Drawing> {
  return { name, description, svg: await drawPart(spec, description, `${name}-`) };
}

/** Gives drawings names of letters, digits and dashes, no two the same. */
export class DrawingNames {
  readonly #taken = new Set<string>();

  /** A name of these words. */
  of(...words: readonly string[]): string {
    const plain = words.join("-").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "").toLowerCase()
      .slice(0, 80) || "figure";
    let name = plain;
    for (let count = 2; this.#taken.has(name); count++) name = `${plain}-${count}`;
    this.#taken.add(name);
    return name;
  }
}
