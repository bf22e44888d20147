/** Standard error as a screen. A file of its own, as what draws on it takes a while to load. */
import process from "node:process";
import { createLogUpdate } from "log-update";
import { wrapText } from "../report/text/wrap.ts";
import type { Screen } from "./progress/terminal.ts";
import { printError, widthOf } from "./streams.ts";

/** Standard error, which is a terminal, as a screen with a live block. */
export function openScreen(): Screen {
  // A terminal that goes away must not end the run before it has saved.
  process.stderr.on("error", () => {});
  // The cursor stays: hiding it would need an exit hook that takes over signals.
  const live = createLogUpdate(process.stderr, { showCursor: true });
  let block = "";
  return {
    print(text) {
      live.clear();
      printError(text);
      live(block);
    },
    paint(lines) {
      const width = widthOf("stderr");
      block = lines.map((line) => {
        const indent = /^ */.exec(line)![0];
        return wrapText(line.slice(indent.length), { width, first: indent, other: `${indent}  ` });
      }).join("\n");
      if (block === "") live.clear();
      else live(block);
    },
  };
}
