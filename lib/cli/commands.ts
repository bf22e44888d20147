/**
 * The files that commands stand in, each loaded when it is called for.
 *
 * Deno reads whatever a literal name leads to, called for or not, and of all commands that is
 * nearly everything there is: a third of the time that `--help` takes.
 */
interface Commands {
  readonly bring: typeof import("./bring.ts");
  readonly data: typeof import("./data.ts");
  readonly devices: typeof import("./devices.ts");
  readonly explain: typeof import("./explain.ts");
  readonly export: typeof import("./export.ts");
  readonly figure: typeof import("./figure.ts");
  readonly gpu: typeof import("./gpu.ts");
  readonly kinds: typeof import("./kinds.ts");
  readonly plan: typeof import("./plan.ts");
  readonly rebuild: typeof import("./rebuild.ts");
  readonly report: typeof import("./report.ts");
  readonly run: typeof import("./run.ts");
  readonly schema: typeof import("./schema.ts");
  readonly sql: typeof import("./sql.ts");
  readonly status: typeof import("./status.ts");
  readonly ui: typeof import("./ui.ts");
  readonly where: typeof import("./where.ts");
}

/** The module of a command, `NAME.ts` of this folder. */
export async function load<Name extends keyof Commands>(name: Name): Promise<Commands[Name]> {
  return await import(new URL(`${name}.ts`, import.meta.url).href);
}
