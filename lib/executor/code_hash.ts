/**
 * The hash of a kind's code: its entry module and all that it imports, directly
 * or not, as far as it is ours; packages count by their exact version.
 *
 * A module that only chooses between others is replaced by the one that is chosen, so
 * that the code of those that are not leaves the hash alone.
 *
 * Modules are found by reading the text for specifiers, not by running it. What
 * looks like an import in a comment is followed too, which does no harm; imports
 * of types alone are not, for they cannot change a result.
 */
import { canonical } from "../base/canonical.ts";
import { sha256 } from "../base/digest.ts";

interface Module {
  readonly digest: string;
  /** Module URLs, those that exist and those that do not. */
  readonly local: readonly string[];
  /** Bare specifiers as they stand: "zod", "npm:yaml@2.9.1". */
  readonly packages: readonly string[];
}

/** Hashes the module graphs of kinds; every module is read once. */
export class CodeHasher {
  readonly #root: URL;
  readonly #instead: ReadonlyMap<string, string>;
  readonly #modules = new Map<string, Module | undefined>();
  readonly #hashes = new Map<string, Promise<string>>();
  #versions: Promise<Readonly<Record<string, string>>> | undefined;

  /**
   * Reads nothing yet.
   *
   * @param root the repository's folder, with deno.json; ends with "/"
   * @param options instead: what counts in place of a module, both as URLs
   */
  constructor(root: URL, options: { readonly instead?: ReadonlyMap<string, string> } = {}) {
    this.#root = root;
    this.#instead = options.instead ?? new Map();
  }

  /**
   * SHA-256 of the code behind an entry, or behind several, 64 hexadecimal digits.
   *
   * @param entry a module's URL, or its path relative to the root
   * @throws Error when there is no such module
   */
  hash(entry: string | readonly string[]): Promise<string> {
    const entries = [entry].flat().map((each) => new URL(each, this.#root).href);
    const name = entries.join(" ");
    const known = this.#hashes.get(name);
    if (known !== undefined) return known;
    const hash = this.#hash(entries);
    this.#hashes.set(name, hash);
    return hash;
  }

  async #hash(entries: readonly string[]): Promise<string> {
    const digests: Record<string, string> = {};
    const packages = new Set<string>();
    const seen = new Set(entries);
    let front = [...seen];
    while (front.length > 0) {
      const modules = front.map((href) => this.#read(href));
      const next: string[] = [];
      for (const [index, module] of modules.entries()) {
        const href = front[index]!;
        if (module === undefined) {
          if (entries.includes(href)) throw new Error(`there is no module ${href}`);
          continue;
        }
        digests[this.#nameOf(href)] = module.digest;
        for (const name of module.packages) packages.add(name);
        for (const name of module.local) {
          const local = this.#instead.get(name) ?? name;
          if (seen.has(local)) continue;
          seen.add(local);
          next.push(local);
        }
      }
      front = next;
    }
    const versions = await this.#packageVersions();
    const named = [...packages].sort().map((name) => versions[name] ?? name);
    return sha256(canonical({ modules: digests, packages: named }));
  }

  #nameOf(href: string): string {
    const root = this.#root.href;
    return href.startsWith(root) ? href.slice(root.length) : href;
  }

  #read(href: string): Module | undefined {
    if (!this.#modules.has(href)) this.#modules.set(href, readModule(href));
    return this.#modules.get(href);
  }

  /** The import map of deno.json: bare name to "npm:name@version". */
  async #packageVersions(): Promise<Readonly<Record<string, string>>> {
    this.#versions ??= (async () => {
      const text = await Deno.readTextFile(new URL("deno.json", this.#root));
      return (JSON.parse(text) as { imports?: Record<string, string> }).imports ?? {};
    })();
    return await this.#versions;
  }
}

/**
 * A file's digest and what it imports; undefined when there is no such file.
 *
 * Synchronous on purpose: a plan reads hundreds of small modules, and the hop to another
 * thread costs more than reading one.
 */
function readModule(href: string): Module | undefined {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(new URL(href));
  } catch (error) {
    const isNone = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.IsADirectory;
    if (isNone) return undefined;
    throw error;
  }
  const digest = sha256(bytes);
  if (!/\.[cm]?[jt]sx?$/.test(href)) return { digest, local: [], packages: [] };
  const specifiers = specifiersOf(new TextDecoder().decode(bytes));
  const isLocal = (name: string) => /^\.{0,2}\//.test(name);
  return {
    digest,
    local: specifiers.filter(isLocal).map((name) => resolved(name, href)),
    packages: specifiers.filter((name) => !isLocal(name) && !name.includes("://")),
  };
}

/** What a name leads to from a module; most are plain, and `URL` takes its time. */
function resolved(name: string, href: string): string {
  if (!/^\.{1,2}\/[\w./-]+$/.test(name)) return new URL(name, href).href;
  const folders = href.split("/").slice(0, -1);
  for (const part of name.split("/")) {
    if (part === "..") folders.pop();
    else if (part !== ".") folders.push(part);
  }
  return folders.join("/");
}

const TYPE_IMPORT = /\b(?:import|export)\s+type\s[^;"']*?\bfrom\s*["'][^"'\n]+["']/g;
const IMPORT = /\b(?:from|import)\s*(?:\(\s*)?["']([^"'\n]+)["']/g;
const ASSET = /(?:new\s+URL\(|import\.meta\.resolve\()\s*["']([^"'\n]+)["']/g;

/** What a module's text imports with a literal specifier, statically or not; files by URL too. */
function specifiersOf(source: string): string[] {
  const code = source.replaceAll(TYPE_IMPORT, "");
  return [...code.matchAll(IMPORT), ...code.matchAll(ASSET)].map(([, specifier]) => specifier!);
}
