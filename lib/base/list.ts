/** Lists in messages. */

/** Texts as an enumeration: "a, b and 3 more", of which at most so many are named. */
export function listOf(texts: readonly string[], most = 12): string {
  if (texts.length <= most) return texts.join(", ");
  return `${texts.slice(0, most).join(", ")} and ${texts.length - most} more`;
}
