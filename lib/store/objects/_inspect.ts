/**
 * Whether an artifact is what its record says: every file there, of its size, with
 * its digest. Files that are not in the record are left alone and not looked at.
 *
 * Digests are computed once while a file's size and times stay as they were, so
 * an artifact with forty dependants is not read forty times.
 */
import { sha256, sha256File } from "../../base/digest.ts";
import { osCode } from "../faults.ts";
import { type ArtifactRecord, parseRecord, RECORD_FILE, type RecordedFile } from "./record.ts";

/** What stands at an artifact's place. */
export type Finding =
  | { readonly state: "absent" }
  | { readonly state: "sound"; readonly record: ArtifactRecord }
  | { readonly state: "damaged"; readonly why: string };

/** Inspects artifacts and remembers, in this process, which it found sound. */
export class Inspector {
  readonly #soundByKey = new Map<string, string>();

  /**
   * Reads the record and looks at what the file system says of the files: one that is
   * missing, of another size or written since is noticed, and read if need be.
   */
  async glance(dir: string, key: string): Promise<Finding> {
    const finding = this.#readRecord(dir, key);
    if (finding.state !== "sound") return finding;
    for (const file of finding.record.files) {
      const path = `${dir}/${file.path}`;
      const info = statFile(path);
      const why = differenceOf(file, info);
      if (why !== undefined) return { state: "damaged", why };
      if (info!.mtime?.getTime() === file.modifiedMs) continue;
      // Touched, or copied without its times: its content tells.
      const damage = await damageOf(dir, file);
      if (damage !== undefined) return { state: "damaged", why: damage };
      restoreTime(path, file.modifiedMs);
    }
    return finding;
  }

  /** Reads the record and the named file, if there is one; other files may be damaged. */
  async inspectFile(dir: string, key: string, name: string): Promise<Finding> {
    const finding = this.#readRecord(dir, key);
    if (finding.state !== "sound") return finding;
    const file = finding.record.files.find(({ path }) => path === name);
    if (file === undefined) return finding;
    const why = await damageOf(dir, file);
    return why === undefined ? finding : { state: "damaged", why };
  }

  /** Reads the record and every file, each once while its size and times stay as they are. */
  async inspect(dir: string, key: string): Promise<Finding> {
    const finding = this.#readRecord(dir, key);
    if (finding.state !== "sound") return finding;
    const { record } = finding;
    const marks = [JSON.stringify(record.files)];
    for (const file of record.files) {
      const info = statFile(`${dir}/${file.path}`);
      const why = differenceOf(file, info);
      if (why !== undefined) return { state: "damaged", why };
      const { dev, ino, mtime, ctime } = info!;
      marks.push(`${dev}:${ino}:${mtime?.getTime()}:${ctime?.getTime()}`);
    }
    const mark = sha256(marks.join("\n"));
    if (this.#soundByKey.get(key) === mark) return finding;
    for (const file of record.files) {
      const why = await damageOf(dir, file);
      if (why !== undefined) return { state: "damaged", why };
    }
    this.#soundByKey.set(key, mark);
    return finding;
  }

  // Synchronous on purpose: a plan looks up thousands of small records, and the hop to
  // another thread costs more than reading one.
  #readRecord(dir: string, key: string): Finding {
    const path = `${dir}/${RECORD_FILE}`;
    let text: string;
    try {
      text = Deno.readTextFileSync(path);
    } catch (error) {
      const code = osCode(error);
      if (code === "EISDIR" || code === "ELOOP") {
        return { state: "damaged", why: "its record is no file" };
      }
      if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
      return statFile(dir) === undefined
        ? { state: "absent" }
        : { state: "damaged", why: "its record is missing" };
    }
    const parsed = parseRecord(text, { path, key });
    return "damage" in parsed
      ? { state: "damaged", why: parsed.damage }
      : { state: "sound", record: parsed.record };
  }
}

/** What the file system says against a file, if anything. */
function differenceOf(file: RecordedFile, info: Deno.FileInfo | undefined): string | undefined {
  if (info === undefined) return `${file.path} is missing`;
  if (!info.isFile) return `${file.path} is no longer a file`;
  if (info.size === file.bytes) return undefined;
  return `${file.path} has ${info.size} bytes instead of ${file.bytes}`;
}

/** Reads a file and says what is wrong with it, if anything. */
export async function damageOf(dir: string, file: RecordedFile): Promise<string | undefined> {
  const path = `${dir}/${file.path}`;
  const why = differenceOf(file, statFile(path));
  if (why !== undefined) return why;
  return await sha256File(path) === file.sha256
    ? undefined
    : `the content of ${file.path} is not what was written`;
}

/** So that it need not be read the next time; who may not write leaves it as it is. */
function restoreTime(path: string, modifiedMs: number): void {
  try {
    Deno.utimeSync(path, new Date(modifiedMs), new Date(modifiedMs));
  } catch {
    // It is read again the next time.
  }
}

function statFile(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    const code = osCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
