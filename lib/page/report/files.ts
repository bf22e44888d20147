/** Writes a report into a folder: the page, the Markdown and the drawings beside it. */
import { ExperimentError } from "../../base/errors.ts";
import { isThere } from "../../base/files.ts";
import { HOME_MEND, startsAtHome } from "../../base/home.ts";
import { asFile } from "../../report/figures/svg.ts";
import { GENERATOR } from "../document.ts";
import { reportPage } from "./as_html.ts";
import { reportMarkdown } from "./as_markdown.ts";
import type { Report } from "./content.ts";

/** The folder of the drawings, in that of the report. */
const DRAWINGS = "figures";

/** What was written. */
export interface ReportFiles {
  /** The page. */
  readonly page: string;
  /** The Markdown. */
  readonly markdown: string;
  /** How many drawings stand beside it. */
  readonly drawings: number;
}

/**
 * Writes a report; a former one is replaced, anything else is left alone.
 *
 * @throws ExperimentError "page/report-folder" where it cannot be written, or another's page stands
 */
export async function writeReport(report: Report, folder: string): Promise<ReportFiles> {
  if (startsAtHome(folder)) {
    throw notThere(folder, "a ~ that no shell has made a folder of", HOME_MEND);
  }
  const page = `${folder}/report.html`, markdown = `${folder}/report.md`;
  const drawings = report.sections.flatMap(({ blocks }) =>
    blocks.flatMap((block) => block.kind === "figure" ? block.drawings : [])
  );
  await refuseForeign(page, folder);
  try {
    await Deno.mkdir(drawings.length === 0 ? folder : `${folder}/${DRAWINGS}`, { recursive: true });
    await removeFormer(`${folder}/${DRAWINGS}`, new Set(drawings.map(({ name }) => `${name}.svg`)));
    for (const { name, svg } of drawings) {
      await writeWhole(`${folder}/${DRAWINGS}/${name}.svg`, asFile(svg));
    }
    await writeWhole(markdown, reportMarkdown(report, DRAWINGS));
    // Last, as it tells that the rest is there.
    await writeWhole(page, reportPage(report));
  } catch (error) {
    if (error instanceof ExperimentError || !isOfDisk(error)) throw error;
    throw notThere(
      folder,
      `the report cannot be written there: ${(error as Error).message}`,
      "name a folder that this user may write to, on a disk with room: --out FOLDER",
      error,
    );
  }
  return { page, markdown, drawings: drawings.length };
}

/** A page that no report is must not be lost to one. */
async function refuseForeign(page: string, folder: string): Promise<void> {
  if (!isThere(page)) return;
  let text = "";
  try {
    text = await Deno.readTextFile(page);
  } catch {
    // A folder, or what may not be read: no page of ours.
  }
  if (text.includes(`<meta name="generator" content="${GENERATOR}">`)) return;
  throw notThere(
    folder,
    "report.html stands there and is no report of Titrate",
    "name another folder: --out FOLDER",
  );
}

/** Drawings of a former report that this one has not. */
async function removeFormer(folder: string, kept: ReadonlySet<string>): Promise<void> {
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && name.endsWith(".svg") && !kept.has(name)) {
        await Deno.remove(`${folder}/${name}`);
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Writes beside and renames, so that no reader meets half a file. */
async function writeWhole(path: string, text: string): Promise<void> {
  const beside = `${path}.part`;
  await Deno.writeTextFile(beside, text);
  await Deno.rename(beside, path);
}

function isOfDisk(error: unknown): boolean {
  return typeof (error as { readonly code?: unknown } | null)?.code === "string";
}

function notThere(
  folder: string,
  message: string,
  mend: string,
  cause?: unknown,
): ExperimentError {
  return new ExperimentError("page/report-folder", message, { at: { file: folder }, mend, cause });
}
