/** Writes a report into a folder: the page, the Markdown and the drawings beside it. */
import { ExperimentError } from "../../base/errors.ts";
import { isThere, removeIfThere } from "../../base/files.ts";
import { HOME_MEND, startsAtHome } from "../../base/home.ts";
import { asFile } from "../../report/figures/svg.ts";
import { isSystemsOwn } from "../../store/faults.ts";
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
 * @throws ExperimentError "page/report-folder" where it cannot be written, or what is none of a
 *   report stands in its way
 */
export async function writeReport(report: Report, folder: string): Promise<ReportFiles> {
  if (startsAtHome(folder)) {
    throw notThere(folder, "a ~ that no shell has made a folder of", HOME_MEND);
  }
  const page = `${folder}/report.html`, markdown = `${folder}/report.md`;
  const drawings = report.sections.flatMap(({ blocks }) =>
    blocks.flatMap((block) => block.kind === "figure" ? block.drawings : [])
  );
  const files = drawings.map(({ name }) => `${DRAWINGS}/${name}.svg`);
  try {
    const former = await formerFiles(folder, ["report.md", ...files]);
    await Deno.mkdir(drawings.length === 0 ? folder : `${folder}/${DRAWINGS}`, { recursive: true });
    // Whatever becomes of the rest: it is known from now on whose it is.
    if (!isThere(page)) await writeWhole(page, UNFINISHED);
    for (const each of former) {
      if (!files.includes(each)) await removeIfThere(`${folder}/${each}`);
    }
    for (const [i, { svg }] of drawings.entries()) {
      await writeWhole(`${folder}/${files[i]}`, asFile(svg).replace("</svg>\n", OWN_DRAWING));
    }
    await writeWhole(markdown, reportMarkdown(report, DRAWINGS));
    // Last, as it tells that the rest is there.
    await writeWhole(page, reportPage(report));
  } catch (error) {
    if (error instanceof ExperimentError || !isOfDisk(error)) throw error;
    const why = isSystemsOwn(error) ? "that place is the system's own" : (error as Error).message;
    throw notThere(
      folder,
      `the report cannot be written there: ${why}`,
      "name a folder that this user may write to, on a disk with room: --out FOLDER",
      error,
    );
  }
  return { page, markdown, drawings: drawings.length };
}

/** What a page of Titrate has in its head. */
const OWN = `<meta name="generator" content="${GENERATOR}">`;

/** What a drawing of Titrate ends in. */
const OWN_DRAWING = `<!-- ${GENERATOR} --></svg>\n`;

/** The page of a report that is being written for the first time. */
const UNFINISHED = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
${OWN}
<title>Unfinished report</title>
</head>
<body><p>This report is not written to its end: <code>deno task report</code> does that.</p></body>
</html>
`;

/**
 * The drawings of the report that stands in a folder, as its Markdown names them: others' files
 * may stand beside them.
 *
 * @param files what is to be written besides the page
 * @throws ExperimentError "page/report-folder" for a file that would be lost and is of no report
 */
async function formerFiles(folder: string, files: readonly string[]): Promise<string[]> {
  const isReport = (await textIn(`${folder}/report.html`)).includes(OWN);
  const markdown = isReport ? await textIn(`${folder}/report.md`) : "";
  const drawings = [...markdown.matchAll(/\]\((figures\/[^()/\s]+\.svg)\)/g)]
    .map(([, file]) => file!);
  const own = new Set(isReport ? ["report.html", "report.md", ...drawings] : []);
  for (const file of ["report.html", ...files]) {
    const path = `${folder}/${file}`;
    if (own.has(file) || !isThere(path)) continue;
    // Of a report that was not written to its end, no text names the drawings.
    if (isReport && (await textIn(path)).endsWith(OWN_DRAWING)) continue;
    throw notThere(
      folder,
      `${file} stands there and is of no report of Titrate`,
      "name another folder: --out FOLDER, or move the file away",
    );
  }
  return drawings;
}

/** The text of a file; empty for what is none, or may not be read. */
async function textIn(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return "";
  }
}

/** Writes beside and renames, so that no reader meets half a file. */
async function writeWhole(path: string, text: string): Promise<void> {
  const beside = `${path}.part`;
  await Deno.writeTextFile(beside, text);
  await Deno.rename(beside, path);
}

function isOfDisk(error: unknown): boolean {
  return isSystemsOwn(error) ||
    typeof (error as { readonly code?: unknown } | null)?.code === "string";
}

function notThere(
  folder: string,
  message: string,
  mend: string,
  cause?: unknown,
): ExperimentError {
  return new ExperimentError("page/report-folder", message, { at: { file: folder }, mend, cause });
}
