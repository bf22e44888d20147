/** How values, and what a schema wants of them, are said in faults. */
import { counted } from "../../base/count.ts";
import { listOf } from "../../base/list.ts";
import type { z } from "zod";
import type { SpecNode } from "../yaml/node.ts";

type Issue = z.core.$ZodIssue;

/** "above 0" as something that can be written: "a number above 0". */
export function asNoun(demand: string): string {
  if (/^(at least|at most) /.test(demand)) return `a number of ${demand}`;
  return /^(above|below) /.test(demand) ? `a number ${demand}` : demand;
}

/** Names in quotes, as alternatives. */
export function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(" or ");
}

/** Whether zod worded a message itself, and not the author of the schema. */
export function isStock(message: string): boolean {
  return /^(Invalid|Too (small|big)|Unrecognized|Expected)\b/.test(message);
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "a mapping",
  record: "a mapping",
  null: "nothing",
  nonoptional: "a value",
};

/** What a schema wanted, as it is said after "must be". */
export function demandOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return TYPE_NAMES[issue.expected] ?? issue.expected;
    case "invalid_value": {
      const choices = issue.values.map(shown);
      return choices.length === 1 ? choices[0]! : `one of ${listOf(choices)}`;
    }
    case "too_small":
      return limit(issue.origin, {
        bound: issue.minimum,
        word: issue.inclusive === false ? "above" : "at least",
      });
    case "too_big":
      return limit(issue.origin, {
        bound: issue.maximum,
        word: issue.inclusive === false ? "below" : "at most",
      });
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "invalid_format":
      return issue.format === "regex" && "pattern" in issue
        ? `text of the form ${issue.pattern}`
        : `text of the form ${issue.format}`;
    default:
      return "another value";
  }
}

function limit(origin: string, { bound, word }: { bound: unknown; word: string }): string {
  if (origin === "string") return bound === 1 ? "text" : `text of ${word} ${bound} characters`;
  if (origin === "array" || origin === "set") {
    return `a list of ${word} ${counted(Number(bound), "value")}`;
  }
  return `${word} ${bound}`;
}

/** A mend for text that was meant as a number, and the like. */
export function typeMend(value: unknown, node: SpecNode, demand: string): string | undefined {
  const wantsNumber = /number|at least|at most|above|below|multiple/.test(demand);
  const raw = node.type === "scalar" ? node.raw : "";
  if (typeof value === "string") {
    const plain = value.trim().replaceAll(/(?<=\d)[_,](?=\d)/g, "");
    const isNumber = plain !== "" && Number.isFinite(Number(plain));
    const variable = /^\$\((env\.\w+)\)$/.exec(unquoted(raw))?.[1];
    if (wantsNumber && isNumber && variable !== undefined) return `write $(${variable} + 0)`;
    if (wantsNumber && isNumber) return `write ${Number(plain)}`;
    if (demand.includes("true or false")) {
      if (/^(yes|on|y)$/i.test(value)) return "write true";
      if (/^(no|off|n)$/i.test(value)) return "write false";
    }
    const braces = /^\$\{\s*([^{}]*?)\s*\}$/.exec(value)?.[1];
    if (braces !== undefined) return `write $(${braces})`;
  }
  if (demand.includes("a list") && (typeof value === "string" || typeof value === "number")) {
    return `write [${raw}]`;
  }
  const isPlain = typeof value === "number" || typeof value === "boolean";
  if (demand === "text" && isPlain && !raw.includes("$(")) return `write "${raw}"`;
  return undefined;
}

function unquoted(raw: string): string {
  return raw.replace(/^(["'])(.*)\1$/, "$2");
}

/** A value as it is shown inside a sentence. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return "empty";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") {
    return Object.keys(value).length === 0 ? "an empty mapping" : "a mapping";
  }
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
}
