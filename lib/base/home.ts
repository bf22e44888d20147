/** The `~` of paths: only shells know it, and only where it is not in quotes. */

/** Whether a path begins as one in a home folder does: "~", "~/data", "~somebody/data". */
export function startsAtHome(path: string): boolean {
  return /^~[^/]*(?:\/|$)/.test(path);
}

/** What to do about such a path. */
export const HOME_MEND =
  'write the whole path (a shell takes "$HOME/..." for it); ./~ is a folder of that name';
