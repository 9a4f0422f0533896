/** A watch ends when its directory is closed. */
import { scenario } from "smbench";
import { cleanedUp } from "./_cleanup.ts";

export default scenario({ name: "smb2.notify.close" }, async ({ client }) => {
  const watcher = await client("alice");
  const keeper = await client("bob");
  await cleanedUp("notify-close", { watcher, keeper, end: (watched) => watched.close() });
});
