/** Events: what a plugin does on its own, and when it is over. */
import type { PjrtApi } from "./api.ts";
import type { Address } from "./struct.ts";

/**
 * Waits until what an event stands for is over, and frees the event.
 *
 * This thread goes on meanwhile. Freed it is in any case; it must not be used again.
 *
 * @param event 0n where there is nothing to wait for
 * @throws ExperimentError what failed
 */
export async function settle(api: PjrtApi, event: Address): Promise<void> {
  if (event === 0n) return;
  try {
    if (api.call("Event_IsReady", { event }).bool("isReady")) api.call("Event_Await", { event });
    else await api.callElsewhere("Event_Await", { event });
  } finally {
    api.call("Event_Destroy", { event });
  }
}
