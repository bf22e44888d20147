/**
 * TensorFlow.js's own gradients, which its npm entry leaves out under Deno.
 *
 * They lie in the package as ES modules with extensionless imports, which only a
 * bundler resolves. Each is read, given what it imports from the entry (which
 * exports the same functions), and what it exports is registered.
 */
import * as tf from "@tensorflow/tfjs-core";

type Exports = Readonly<Record<string, unknown>>;

const GIVEN: Exports = {
  ...tf.slice_util,
  ...tf.backend_util,
  ...tf.util,
  ...tf,
  axis_util: tf.backend_util,
  broadcast_util: tf.backend_util,
  conv_util: tf.backend_util,
  ENGINE: tf.engine(),
};

let isRegistered = false;

/** Registers every gradient of the installed tfjs-core, once. */
export async function registerTfjsGradients(): Promise<void> {
  if (isRegistered) return;
  isRegistered = true;
  const folder = new URL("./gradients/", import.meta.resolve("@tensorflow/tfjs-core"));
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith("_grad.js")) continue;
    for (const each of Object.values(await load(new URL(name, folder)))) {
      tf.registerGradient(each as tf.GradConfig);
    }
  }
}

/** Runs the text of a module, after the modules beside it that it imports. */
async function load(url: URL): Promise<Exports> {
  const text = await Deno.readTextFile(url);
  let scope = GIVEN;
  for (const [, name] of text.matchAll(/^import .* from '\.\/(\w+)';$/gm)) {
    scope = { ...scope, ...await load(new URL(`${name}.js`, url)) };
  }
  const names = [...text.matchAll(/^export (?:const|function) (\w+)/gm)].map((match) => match[1]!);
  const body = text
    .replace(/^import \* as (\w+) from .*;$/gm, "const $1 = scope.$1;")
    .replace(/^import (\{.*\}) from .*;$/gm, "const $1 = scope;")
    .replace(/^export /gm, "");
  return new Function("scope", `${body}\nreturn { ${names} };`)(scope);
}
