/**
 * HTML as text in which everything that is put in is escaped, whoever wrote it, and what would
 * turn the direction of a line or be invisible in it is shown.
 *
 * The template is Hono's, by another name, as the formatter would set what follows `html` anew. Ours takes no promises, so that it is synchronous, and nothing but
 * what a template made, or `trusted` vouches for, goes in as markup.
 */
import { html as template, raw } from "hono/html";
import { printable } from "../base/terminal.ts";

/** Markup that is safe to put into a page. */
export type Html = ReturnType<typeof raw>;

/** What a template takes: texts are escaped, lists are joined, the absent is nothing. */
export type HtmlPart = Html | string | number | undefined | false | readonly HtmlPart[];

/**
 * Markup with values in it.
 *
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(String(markup`<b title="${'"'}">${"<script>"}</b>`),
 *   '<b title="&quot;">&lt;script&gt;</b>');
 * ```
 */
export function markup(strings: TemplateStringsArray, ...values: HtmlPart[]): Html {
  return template(strings, ...values.map(shown)) as Html;
}

/** A text of which all is seen; markup as it is. */
function shown(part: HtmlPart): HtmlPart {
  if (Array.isArray(part)) return part.map(shown);
  return typeof part === "string" ? printable(part.replaceAll("\r\n", "\n")) : part;
}

/** Markup that this program made by other means, such as a figure; never what a user wrote. */
export function trusted(markup: string): Html {
  return raw(markup);
}

/** An attribute with the space before it; nothing where its value is absent or empty. */
export function attribute(name: string, value: string | number | undefined): HtmlPart {
  return value === undefined || value === "" ? undefined : markup` ${trusted(name)}="${value}"`;
}
