/**
 * How kinds are written: roles made from artifact types, and what they infer.
 *
 * `context.inputs.model.open()` of a kind that is defined with `defineKind` gives what
 * the model's module opens; no path and no file name is known outside that module.
 */
import type { ArtifactType, InputRole, InputRoles, TaskKind } from "./task.ts";

/** A role that takes exactly one artifact. */
export type One<Opened> = InputRole<Opened> & { readonly optional: false; readonly many: false };
/** A role that may be left out. */
export type Optional<Opened> =
  & InputRole<Opened>
  & { readonly optional: true; readonly many: false };
/** A role that takes a list. */
export type Many<Opened> = InputRole<Opened> & { readonly many: true };

/** What opens an artifact of one type, or of any of several. */
type Opener<Opened> =
  | ArtifactType<Opened>
  | Pick<ArtifactType<Opened>, "open"> & { readonly types: readonly string[] };

/** A role that takes exactly one artifact of a type, or of several that open alike. */
export function one<Opened>(artifact: Opener<Opened>, about: string): One<Opened> {
  return { ...roleOf(artifact, about), optional: false, many: false };
}

/** A role that takes an artifact of a type, or none. */
export function optional<Opened>(artifact: Opener<Opened>, about: string): Optional<Opened> {
  return { ...roleOf(artifact, about), optional: true, many: false };
}

/**
 * A role that takes a list of artifacts of a type.
 *
 * @param options optional: whether the list may be left out, which gives an empty one
 */
export function many<Opened>(
  artifact: Opener<Opened>,
  about: string,
  options: { readonly optional?: boolean } = {},
): Many<Opened> {
  return { ...roleOf(artifact, about), optional: options.optional === true, many: true };
}

function roleOf<Opened>(artifact: Opener<Opened>, about: string): InputRole<Opened> {
  const types = "types" in artifact ? artifact.types : [artifact.type];
  return { types, about, open: (dir) => artifact.open(dir) };
}

/** A kind whose inputs are typed by its roles. */
export function defineKind<P, Roles extends InputRoles>(
  kind: TaskKind<P, Roles>,
): TaskKind<P, Roles> {
  return kind;
}
