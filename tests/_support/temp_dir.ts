/** A folder for a test, removed with all that is in it, read-only artifacts included. */

/** A folder that goes away when the scope ends. */
export class TempDir implements Disposable {
  readonly path: string;

  constructor({ prefix = "titrate-test-" }: { readonly prefix?: string } = {}) {
    this.path = Deno.makeTempDirSync({ prefix });
  }

  /** Writes a file and returns its path. */
  file(name: string, content: string | Uint8Array): string {
    const path = `${this.path}/${name}`;
    if (name.includes("/")) {
      Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    }
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
    return path;
  }

  /** Makes a folder and returns its path. */
  folder(name: string): string {
    Deno.mkdirSync(`${this.path}/${name}`, { recursive: true });
    return `${this.path}/${name}`;
  }

  [Symbol.dispose](): void {
    removeFolder(this.path);
  }
}

/** Removes a folder with all that is in it, whoever may write to its folders; none is fine. */
export function removeFolder(path: string): void {
  try {
    makeWritable(path);
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function makeWritable(dir: string): void {
  Deno.chmodSync(dir, 0o700);
  for (const { name, isDirectory } of Deno.readDirSync(dir)) {
    if (isDirectory) makeWritable(`${dir}/${name}`);
  }
}
