/** The user's folder for what can be fetched again. */

/**
 * Titrate's own folder there, as the XDG base directories have it; undefined where neither
 * variable says where that is.
 */
export function userCache(): string | undefined {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? "", home = Deno.env.get("HOME") ?? "";
  // The specification has relative paths passed over.
  if (cache.startsWith("/")) return `${cache}/titrate`;
  return home.startsWith("/") ? `${home}/.cache/titrate` : undefined;
}
