/**
 * Secrets: values that a task needs and nobody may read afterwards.
 *
 * In params a secret stands as a seal, `$secret(NAME:digest)`: so it is hashed, recorded
 * and shown. The process that does the task opens the seal with the value that its own
 * environment has under that name, and what it tells is sealed again. The digest makes
 * another value another task; it is salted with the name and slow to make, so that
 * guessing a value from it costs a person more than asking.
 */
import { pbkdf2Sync } from "node:crypto";
import { Buffer } from "node:buffer";
import type { Json } from "./canonical.ts";
import { ExperimentError } from "./errors.ts";

const SEAL = /\$secret\(([A-Za-z_][A-Za-z0-9_]*):([0-9a-f]{16})\)/g;
const ROUNDS = 100_000;

/** Seals by name and value: they are asked for again with every task. */
const seals = new Map<string, string>();

/** What stands for a secret: `$secret(NAME:digest)`. */
export function sealSecret(name: string, value: string): string {
  const id = `${name}\0${value}`;
  let seal = seals.get(id);
  if (seal === undefined) {
    const digest = pbkdf2Sync(value, `titrate secret ${name}`, ROUNDS, 8, "sha256");
    seal = `$secret(${name}:${Buffer.from(digest).toString("hex")})`;
    seals.set(id, seal);
  }
  return seal;
}

/** The names of the secrets that a value holds, each once. */
export function secretsIn(value: Json): readonly string[] {
  const text = JSON.stringify(value);
  if (!text.includes("$secret(")) return [];
  return [...new Set([...text.matchAll(SEAL)].map(([, name]) => name!))];
}

/** A value whose seals are open, and how to close them again in what is told of it. */
export interface Opened<Value> {
  /** With the secrets themselves in it. */
  readonly value: Value;
  /** By the names of their variables. */
  readonly secrets: ReadonlyMap<string, string>;
  /** The text with every secret that was opened under its seal again. */
  sealAgain(text: string): string;
}

/**
 * Opens the seals in a value.
 *
 * @param valueOf the environment
 * @throws ExperimentError "base/secret" when a variable is not set, or has another value
 *   than the one that was sealed
 */
export function openSecrets<Value extends Json>(
  value: Value,
  valueOf: (name: string) => string | undefined,
): Opened<Value> {
  const opened = new Map<string, string>(); // seals by secret
  const secrets = new Map<string, string>();
  const open = (each: Json): Json => {
    if (typeof each === "string") {
      return each.replaceAll(SEAL, (seal, name: string) => {
        const secret = valueOf(name);
        if (secret === undefined || secret === "" || sealSecret(name, secret) !== seal) {
          throw new ExperimentError(
            "base/secret",
            secret === undefined || secret === ""
              ? `the secret ${name} is not set where the task runs`
              : `the secret ${name} is another where the task runs`,
            { mend: `set ${name} to the same value where the run was started and where it runs` },
          );
        }
        opened.set(secret, seal);
        secrets.set(name, secret);
        return secret;
      });
    }
    if (Array.isArray(each)) return each.map(open);
    if (typeof each !== "object" || each === null) return each;
    return Object.fromEntries(Object.entries(each).map(([key, inside]) => [key, open(inside)]));
  };
  const isSealed = secretsIn(value).length > 0;
  return {
    value: isSealed ? open(value) as Value : value,
    secrets,
    sealAgain: (text) => {
      // Longer ones first: one secret may be part of another.
      const all = [...opened].sort(([a], [b]) => b.length - a.length);
      return all.reduce((left, [secret, seal]) => left.replaceAll(secret, () => seal), text);
    },
  };
}
