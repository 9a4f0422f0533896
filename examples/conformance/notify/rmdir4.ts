/** A watch ends when another user opens the directory to delete it on close, and closes it. */
import { scenario } from "smbench";
import { watchedIsDeleted } from "./_rmdir.ts";

export default scenario({ name: "smb2.notify.rmdir4" }, async ({ client }) => {
  const watcher = await client("alice");
  const remover = await client("bob");
  await watchedIsDeleted({ path: "notify-rmdir4", watcher, remover, onClose: true });
});
