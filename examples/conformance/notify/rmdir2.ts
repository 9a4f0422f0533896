/** A watch ends when the same user opens the directory to delete it on close, and closes it. */
import { scenario } from "smbench";
import { watchedIsDeleted } from "./_rmdir.ts";

export default scenario({ name: "smb2.notify.rmdir2" }, async ({ client }) => {
  const watcher = await client("alice");
  const remover = watcher;
  await watchedIsDeleted({ path: "notify-rmdir2", watcher, remover, onClose: true });
});
