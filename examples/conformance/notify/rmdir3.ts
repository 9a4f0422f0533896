/** A watch ends when another user marks the directory for deletion. */
import { scenario } from "smbench";
import { watchedIsDeleted } from "./_rmdir.ts";

export default scenario({ name: "smb2.notify.rmdir3" }, async ({ client }) => {
  const watcher = await client("alice");
  const remover = await client("bob");
  await watchedIsDeleted({ path: "notify-rmdir3", watcher, remover, onClose: false });
});
