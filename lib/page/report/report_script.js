// Copies queries and data, saves figures as PNG. All that is read is there without it.
"use strict";

const PNG_SCALE = 2;

/** Tells what was done, to the eye for a moment and to screen readers. */
function say(button, text) {
  const label = button.firstChild;
  const before = label.data;
  document.getElementById("said").textContent = text;
  label.data = text;
  setTimeout(() => label.data = before, 1500);
}

/** The rows of a table as CSV. */
function csvOf(table) {
  const field = ({ textContent: text }) =>
    /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return [...table.rows].map((row) => [...row.cells].map(field).join(",")).join("\n") + "\n";
}

/** Puts a text into the clipboard; a page of a file may only by way of a selection. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "hidden";
    document.body.append(area);
    area.select();
    const isDone = document.execCommand("copy");
    area.remove();
    return isDone;
  }
}

/** Draws a figure's file on a canvas, on light paper, and saves that. */
async function savePng(name, link) {
  const [, data] = link.href.split(",");
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const svg = new TextDecoder().decode(bytes).replace(/<style>[^<]*<\/style>/, "");
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = PNG_SCALE * image.naturalWidth;
  canvas.height = PNG_SCALE * image.naturalHeight;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  const save = document.createElement("a");
  save.href = canvas.toDataURL("image/png");
  save.download = `${name}.png`;
  save.click();
}

for (const button of document.querySelectorAll("button[hidden]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const { savePng: name, copy: what } = button.dataset;
    if (name !== undefined) {
      await savePng(name, button.parentElement.querySelector("a[download]"));
      say(button, "Saved");
      return;
    }
    const data = button.closest("details");
    const text = what === "query"
      ? data.querySelector("[data-query]").textContent
      : csvOf(data.querySelector("table"));
    say(button, await copy(text) ? "Copied" : "Not copied: select it");
  });
}
