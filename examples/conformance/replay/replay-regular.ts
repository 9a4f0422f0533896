/** A CREATE without CreateGuid cannot be recognised: its replay is a second one. */
import { type OpenOptions, scenario } from "smbench";
import { created, REPLAY } from "./_replay.ts";

export default scenario({ name: "smb2.replay.replay-regular" }, async ({ client }) => {
  const alice = await client("alice");
  const attempts: [OpenOptions, string][] = [
    [{ disposition: "create", share: "d" }, "OBJECT_NAME_COLLISION"],
    [{ disposition: "openIf", share: "d" }, "SHARING_VIOLATION"],
    [{ disposition: "openIf", share: "rwd" }, "SUCCESS"],
  ];
  for (const [options, expect] of attempts) {
    const access = { ...options, access: ["FILE_WRITE_DATA", "FILE_APPEND_DATA", "DELETE"] };
    const file = await created(alice, "replay-regular.dat", access);
    const second = await alice.open(file.path, { ...access, ...REPLAY, expect });
    if (second.isOpen) await second.close();
    await file.delete();
    await file.close();
  }
});
