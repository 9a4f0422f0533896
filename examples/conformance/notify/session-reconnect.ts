/** A watch ends when a new session takes the place of the one it belongs to (PreviousSessionId, MS-SMB2 3.3.5.5.3). */
import { scenario } from "smbench";
import { cleanedUp } from "./_cleanup.ts";

export default scenario({ name: "smb2.notify.session-reconnect" }, async ({ client }) => {
  const watcher = await client("alice");
  const keeper = await client("bob");
  await cleanedUp("notify-session-reconnect", {
    watcher,
    keeper,
    async end() {
      const second = await watcher.connection.login({ previous: watcher.session });
      await watcher.session.logoff({ expect: "USER_SESSION_DELETED" });
      await second.logoff();
    },
  });
});
