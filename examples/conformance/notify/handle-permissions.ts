/** Who may not list a directory may not watch it. */
import { scenario } from "smbench";
import { NAMES } from "./_notify.ts";

export default scenario({ name: "smb2.notify.handle-permissions" }, async ({ client }) => {
  const alice = await client("alice");
  const watched = await alice.open("notify-handle-permissions", {
    access: ["FILE_READ_ATTRIBUTES"],
    disposition: "create",
    options: ["directory"],
  });
  const watch = watched.changes({ ...NAMES, expect: "ACCESS_DENIED" });
  watch.cancel();
  await watch;
  await watched.close();
  await alice.remove("notify-handle-permissions");
});
