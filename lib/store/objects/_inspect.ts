/**
 * Whether an artifact is what its record says: every file there, of its size, with
 * its digest. Files that are not in the record are left alone and not looked at.
 *
 * Digests are computed once while a file's size and times stay as they were, so
 * an artifact with forty dependants is not read forty times.
 */
import { sha256, sha256File } from "../../base/digest.ts";
import { osCode } from "../faults.ts";
import { type ArtifactRecord, parseRecord, RECORD_FILE } from "./record.ts";

/** What stands at an artifact's place. */
export type Finding =
  | { readonly state: "absent" }
  | { readonly state: "sound"; readonly record: ArtifactRecord }
  | { readonly state: "damaged"; readonly why: string };

/** Inspects artifacts and remembers, in this process, which it found sound. */
export class Inspector {
  readonly #soundByKey = new Map<string, string>();

  /** Reads the record alone; the files may be damaged. */
  async readRecord(dir: string, key: string): Promise<Finding> {
    const path = `${dir}/${RECORD_FILE}`;
    let text: string;
    try {
      // Synchronous on purpose: a plan looks up thousands of small records, and
      // the hop to another thread costs more than reading one.
      text = Deno.readTextFileSync(path);
    } catch (error) {
      const code = osCode(error);
      if (code === "EISDIR" || code === "ELOOP") {
        return { state: "damaged", why: "its record is no file" };
      }
      if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
      return await isAbsent(dir)
        ? { state: "absent" }
        : { state: "damaged", why: "its record is missing" };
    }
    const parsed = parseRecord(text, { path, key });
    return "damage" in parsed
      ? { state: "damaged", why: parsed.damage }
      : { state: "sound", record: parsed.record };
  }

  /** Checks every file too. */
  async inspect(dir: string, key: string): Promise<Finding> {
    const finding = await this.readRecord(dir, key);
    if (finding.state !== "sound") return finding;
    const { record } = finding;
    const marks = [JSON.stringify(record.files)];
    for (const { path, bytes } of record.files) {
      const info = await statFile(`${dir}/${path}`);
      if (info === undefined) return { state: "damaged", why: `${path} is missing` };
      if (!info.isFile) return { state: "damaged", why: `${path} is no longer a file` };
      if (info.size !== bytes) {
        return { state: "damaged", why: `${path} has ${info.size} bytes instead of ${bytes}` };
      }
      marks.push(`${info.dev}:${info.ino}:${info.mtime?.getTime()}:${info.ctime?.getTime()}`);
    }
    const mark = sha256(marks.join("\n"));
    if (this.#soundByKey.get(key) === mark) return finding;
    for (const { path, sha256: expected } of record.files) {
      if (await sha256File(`${dir}/${path}`) !== expected) {
        return { state: "damaged", why: `the content of ${path} is not what was written` };
      }
    }
    this.#soundByKey.set(key, mark);
    return finding;
  }
}

async function statFile(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    const code = osCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

async function isAbsent(dir: string): Promise<boolean> {
  return await statFile(dir) === undefined;
}
