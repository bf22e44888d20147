/** A graph of few nodes from left to right, placed by dagre, as SVG in the looks of all figures. */
import { graphlib, layout } from "@dagrejs/dagre";
import { FONT, INK } from "./theme.ts";

/** A node. */
export interface GraphNode {
  /** What it is called; no two of a graph are called the same. */
  readonly name: string;
  /** What stands below its name, smaller. */
  readonly detail: string;
}

/** An edge, by the names of its nodes. */
export type GraphEdge = readonly [from: string, to: string];

/** Pixels a character takes at the most, of the two sizes of type. */
const CHARACTER = { name: 6.9, detail: 5.9 } as const;

const NODE = { height: 38, padding: 10 } as const;

const MARGIN = 8;

/**
 * The graph as a part of a page; edges that follow from others are left out.
 *
 * @param title read out by screen readers
 */
export function graphSvg(
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  title: string,
): string {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 10, ranksep: 24, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  // Known to dagre by their places: it keeps nodes in plain objects, where not every name may stand.
  const ids = new Map(nodes.map(({ name }, i) => [name, `n${i}`]));
  for (const { name, detail } of nodes) {
    const width = Math.max(name.length * CHARACTER.name, detail.length * CHARACTER.detail);
    graph.setNode(ids.get(name)!, {
      width: Math.ceil(width) + 2 * NODE.padding,
      height: NODE.height,
    });
  }
  const drawn = withoutImplied(edges);
  for (const [from, to] of drawn) graph.setEdge(ids.get(from)!, ids.get(to)!);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const lines = drawn.map(([from, to]) => {
    const points: readonly { x: number; y: number }[] =
      graph.edge(ids.get(from)!, ids.get(to)!)["points"];
    return `<path d="${smooth(points)}" fill="none" stroke="${INK.axis}" stroke-width="1.25"/>`;
  });
  const boxes = nodes.map(({ name, detail }) => {
    const { x, y, width } = graph.node(ids.get(name)!) as { x: number; y: number; width: number };
    const left = x - width / 2;
    return `<rect x="${at(left)}" y="${at(y - NODE.height / 2)}" width="${at(width)}" ` +
      `height="${NODE.height}" rx="5" fill="${INK.paper}" stroke="${INK.axis}"/>` +
      text({ x: left + NODE.padding, y: y - 3, size: 12, weight: 500, ink: INK.text }, name) +
      text({ x: left + NODE.padding, y: y + 12, size: 10.5, weight: 400, ink: INK.faint }, detail);
  });
  const size = `width="${Math.ceil(width)}" height="${Math.ceil(height)}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" version="1.1" ${size} ` +
    `viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}" role="img"><title>${
      escaped(title)
    }</title><rect ${size} fill="${INK.paper}"/>${lines.join("")}${boxes.join("")}</svg>`;
}

/** Edges without those between nodes that a longer way joins too. */
function withoutImplied(edges: readonly GraphEdge[]): GraphEdge[] {
  const next = Map.groupBy(edges, ([from]) => from);
  const reached = new Map<string, ReadonlySet<string>>();
  const beyond = (name: string): ReadonlySet<string> => {
    const known = reached.get(name);
    if (known !== undefined) return known;
    const found = new Set<string>();
    // Set first, so that a circle, which no graph of tasks has, would end too.
    reached.set(name, found);
    for (const [, to] of next.get(name) ?? []) {
      found.add(to);
      for (const each of beyond(to)) found.add(each);
    }
    return found;
  };
  return edges.filter(([from, to]) =>
    !(next.get(from) ?? []).some(([, other]) => other !== to && beyond(other).has(to))
  );
}

/** A line through the first and the last point that bends at those between. */
function smooth(points: readonly { readonly x: number; readonly y: number }[]): string {
  const [first, ...rest] = points;
  const last = rest.at(-1)!;
  const bends = rest.slice(0, -1).map((bend, i) => {
    const after = rest[i + 1]!;
    const end = i === rest.length - 2
      ? last
      : { x: (bend.x + after.x) / 2, y: (bend.y + after.y) / 2 };
    return `Q${at(bend.x)},${at(bend.y)} ${at(end.x)},${at(end.y)}`;
  });
  return `M${at(first!.x)},${at(first!.y)}${bends.join("")}${
    bends.length === 0 ? `L${at(last.x)},${at(last.y)}` : ""
  }`;
}

function text(
  { x, y, size, weight, ink }: {
    readonly x: number;
    readonly y: number;
    readonly size: number;
    readonly weight: number;
    readonly ink: string;
  },
  content: string,
): string {
  return `<text x="${at(x)}" y="${at(y)}" font-family="${escaped(FONT)}" font-size="${size}" ` +
    `font-weight="${weight}" fill="${ink}">${escaped(content)}</text>`;
}

function at(place: number): string {
  return String(Number(place.toFixed(1)));
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
