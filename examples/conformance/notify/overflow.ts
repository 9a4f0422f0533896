/** More changes than the watch has room for: the server says that the directory has to be read anew. */
import { expect, scenario } from "smbench";
import { directory, NAMES, remember } from "./_notify.ts";

const COUNT = 100;

export default scenario({ name: "smb2.notify.overflow" }, async ({ client }) => {
  const alice = await client("alice");
  await using watched = await directory(alice, "notify-overflow");
  await remember(watched);

  const names = Array.from({ length: COUNT }, (_, i) => `notify-overflow/test${i}.txt`);
  await Promise.all(names.map((name) => alice.mkdir(name)));
  expect(await watched.changes({ ...NAMES, expect: "NOTIFY_ENUM_DIR" })).toEqual([]);
  await Promise.all(names.map((name) => alice.remove(name)));
});
