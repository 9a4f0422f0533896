/** A watch ends when the same user marks the directory for deletion. */
import { scenario } from "smbench";
import { watchedIsDeleted } from "./_rmdir.ts";

export default scenario({ name: "smb2.notify.rmdir1" }, async ({ client }) => {
  const watcher = await client("alice");
  const remover = watcher;
  await watchedIsDeleted({ path: "notify-rmdir1", watcher, remover, onClose: false });
});
