/** A watch ends when its user logs off. */
import { scenario } from "smbench";
import { cleanedUp } from "./_cleanup.ts";

export default scenario({ name: "smb2.notify.logoff" }, async ({ client }) => {
  const watcher = await client("alice");
  const keeper = await client("bob");
  await cleanedUp("notify-logoff", { watcher, keeper, end: () => watcher.session.logoff() });
});
