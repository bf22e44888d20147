/** Vega-Lite specifications as SVG: drawn here, without a browser, a canvas or the network. */
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { darkStyle } from "./theme.ts";

/**
 * A figure as one SVG file that needs nothing else and follows the reader's light or dark.
 *
 * @param title read out by screen readers
 */
export async function drawSvg(spec: TopLevelSpec, title: string): Promise<string> {
  const view = new View(parse(compile(spec).spec), { renderer: "none" });
  try {
    const svg = await view.toSVG();
    const start = svg.indexOf(">") + 1;
    const head = `<title>${escapeXml(title)}</title><style>${darkStyle()}</style>`;
    return `${svg.slice(0, start).replace(/>$/, ' role="img">')}${head}${svg.slice(start)}\n`;
  } finally {
    view.finalize();
  }
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
