/**
 * How figures look: colours that can be told apart by their lightness too, on light
 * paper and, by a style sheet of their own, on dark.
 */

/** Colours of the figure's parts on light paper. */
export const INK = {
  paper: "#ffffff",
  text: "#1f2328",
  faint: "#59636e",
  grid: "#e4e8ec",
  axis: "#b7bfc8",
  level: "#818b96",
} as const;

/** The same parts on dark paper. */
const DARK: Readonly<Record<keyof typeof INK, string>> = {
  paper: "#0d1117",
  text: "#e6edf3",
  faint: "#9198a1",
  grid: "#21262d",
  axis: "#3d444d",
  level: "#8b949e",
};

/** Curves from the first to the last: few of these are spread over the whole. */
const CURVES = [
  "#3b6fd4",
  "#1f9e9a",
  "#5aa02c",
  "#b57a08",
  "#e0562f",
  "#c2328f",
  "#7d4fd0",
] as const;

/** Their points. */
const SHAPES = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross"] as const;

/** The font, whichever of these the reader has. */
export const FONT = 'system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif';

/** A colour and a shape for each of a number of curves. */
export function curveLooks(count: number): { colours: string[]; shapes: string[] } {
  const spread = (i: number) =>
    count > CURVES.length || count < 2
      ? i % CURVES.length
      : Math.round(i * (Math.min(CURVES.length, count + 1) - 1) / (count - 1));
  const each = Array.from({ length: count }, (_, i) => i);
  return {
    colours: each.map((i) => CURVES[spread(i)]!),
    shapes: each.map((i) => SHAPES[i % SHAPES.length]!),
  };
}

/** A style sheet that turns the light figure into a dark one where the reader prefers it. */
export function darkStyle(): string {
  const rules = (Object.keys(INK) as (keyof typeof INK)[]).flatMap((part) =>
    ["fill", "stroke"].map((kind) => `[${kind}="${INK[part]}"]{${kind}:${DARK[part]}}`)
  );
  return `@media (prefers-color-scheme: dark){${rules.join("")}}`;
}
