/** The CPU plugin that tests run on, where there is one: TITRATE_PJRT_PLUGIN names it. */

/** Its path; undefined where none is named. */
export const CPU_PLUGIN: string | undefined = Deno.env.get("TITRATE_PJRT_PLUGIN") || undefined;

/** A test that needs it; without it the test shows as ignored, by its name. */
export function testOnCpuPlugin(name: string, fn: (plugin: string) => Promise<void>): void {
  Deno.test({
    name: `xla-cpu: ${name}`,
    ignore: CPU_PLUGIN === undefined,
    fn: async () => await fn(CPU_PLUGIN!),
  });
}
