/** A watch ends when its share is disconnected. */
import { scenario } from "smbench";
import { cleanedUp } from "./_cleanup.ts";

export default scenario({ name: "smb2.notify.tdis1" }, async ({ client }) => {
  const watcher = await client("alice");
  const keeper = await client("bob");
  await cleanedUp("notify-tdis1", { watcher, keeper, end: () => watcher.tree.disconnect() });
});
