/** A failed authentication on a session that is in use ends the session, and with it every watch. */
import { scenario } from "smbench";
import { cleanedUp } from "./_cleanup.ts";

export default scenario({ name: "smb2.notify.invalid-reauth" }, async ({ client }) => {
  const watcher = await client("alice");
  const keeper = await client("bob");
  await cleanedUp("notify-invalid-reauth", {
    watcher,
    keeper,
    async end() {
      await watcher.session.reauthenticate({ credentials: "wrong", expect: "LOGON_FAILURE" });
    },
  });
});
