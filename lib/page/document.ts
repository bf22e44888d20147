/**
 * A page as one document that holds all it needs: its style and script stand inside, by
 * their hashes the only ones that its policy lets work, and it may reach nothing else.
 */
import { sha256 } from "../base/digest.ts";
import { type Html, markup, trusted } from "./html.ts";
import SHARED_STYLE from "./style.css" with { type: "text" };

/** What a page is made of. */
export interface DocumentParts {
  /** What the browser's tab and a search show. */
  readonly title: string;
  /** What stands in the body. */
  readonly body: Html;
  /** Rules besides those that all pages share. */
  readonly style?: string;
  /** A classic script that runs once the page is there; nothing that is read may need it. */
  readonly script?: string;
  /** Whether the script may ask the server that the page came from. */
  readonly mayConnect?: boolean;
}

/** The whole document. */
export function documentOf(parts: DocumentParts): string {
  const { title, body, script = "" } = parts;
  return String(markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(parts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="${GENERATOR}">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(styleOf(parts))}</style>
</head>
<body>
${body}
${script !== "" && markup`<script>${trusted(script)}</script>\n`}</body>
</html>
`);
}

/** By what a page of ours is known. */
export const GENERATOR = "Titrate";

/**
 * What the page may do, as the header Content-Security-Policy has it. The document says it
 * too; a server says it besides, with `frame-ancestors`, which a document cannot.
 */
export function policyOf(parts: DocumentParts): string {
  const { script = "", mayConnect = false } = parts;
  return [
    "default-src 'none'",
    `style-src '${hashOf(styleOf(parts))}'`,
    ...(script === "" ? [] : [`script-src '${hashOf(script)}'`]),
    ...(mayConnect ? ["connect-src 'self'"] : []),
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function styleOf({ style = "" }: DocumentParts): string {
  return `${SHARED_STYLE}${style}`;
}

function hashOf(text: string): string {
  return `sha256-${Uint8Array.fromHex(sha256(text)).toBase64()}`;
}
