/** Vega-Lite specifications as SVG: drawn here, without a browser, a canvas or the network. */
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { printable } from "../../base/terminal.ts";
import { darkStyle } from "./theme.ts";

/**
 * A figure as one SVG file that needs nothing else and follows the reader's light or dark.
 *
 * @param title read out by screen readers
 */
export async function drawSvg(spec: TopLevelSpec, title: string): Promise<string> {
  return asFile(await drawPart(spec, title));
}

/**
 * A figure as a part of a page, which brings the style sheet for dark paper.
 *
 * @param title read out by screen readers
 * @param prefix what names in it begin with, so that those of two figures differ
 */
export async function drawPart(spec: TopLevelSpec, title: string, prefix = "c"): Promise<string> {
  const view = new View(parse(compile(spec).spec), { renderer: "none" });
  try {
    const svg = withOwnNames(slim(await view.toSVG()), prefix);
    const start = svg.indexOf(">");
    // What no XML may hold, or would turn the direction of a label, is shown.
    return printable(
      `${svg.slice(0, start)} role="img"><title>${escapeXml(title)}</title>${svg.slice(start + 1)}`,
    );
  } finally {
    view.finalize();
  }
}

/** A part of a page as a file that needs nothing else. */
export function asFile(part: string): string {
  const end = part.indexOf("</title>") + "</title>".length;
  return `${part.slice(0, end)}<style>${darkStyle()}</style>${part.slice(end)}\n`;
}

/** Names of clips are counted up from figure to figure; here from 1 in each. */
function withOwnNames(svg: string, prefix: string): string {
  const names = new Map<string, string>();
  const nameOf = (former: string) => {
    const name = names.get(former) ?? `${prefix}${names.size + 1}`;
    names.set(former, name);
    return name;
  };
  return inTags(svg, (tag) =>
    tag.replace(/ id="([^"]*)"/, (_, name) => ` id="${nameOf(name)}"`)
      .replace(/="url\(#([^)"]*)\)"/, (_, name) => `="url(#${nameOf(name)})"`));
}

/**
 * Without what draws nothing: frames without a size, classes, the roles of groups. What points
 * say of themselves stays.
 */
function slim(svg: string): string {
  return inTags(svg, (tag) => {
    if (/^<path [^>]*(d="(M0,0h0v0h0Z)?"|display="none")[^>]*\/>$/.test(tag)) return "";
    const isPoint = / aria-roledescription="point"/.test(tag);
    return tag.replace(/ (aria-hidden|pointer-events|class)="[^"]*"/g, "")
      .replace(isPoint ? NONE : / (role|aria-roledescription|aria-label)="[^"]*"/g, "")
      .replace(/ (transform|d)="[^"]*"/g, (place) => place.replace(/\d+\.\d{3,}/g, shorter));
  });
}

const NONE = /^(?!)/;

/** A hundredth of a pixel is seen by nobody. */
function shorter(number: string): string {
  return String(Number(Number(number).toFixed(2)));
}

/** Changes tags; between them stands text of users. No tag holds a bare ">". */
function inTags(svg: string, change: (tag: string) => string): string {
  return svg.replace(/<[^>]*>/g, change);
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
