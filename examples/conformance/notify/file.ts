/** Only directories can be watched. */
import { scenario } from "smbench";

/** FILE_NOTIFY_CHANGE_STREAM_NAME (MS-SMB2 2.2.35). */
const STREAM_NAMES = 0x200;

export default scenario({ name: "smb2.notify.file" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await alice.open("notify-file.txt", { access: "max", disposition: "create" });
  await file.changes({ filter: STREAM_NAMES, expect: "INVALID_PARAMETER" });
  await file.close();
  await alice.remove("notify-file.txt");
});
