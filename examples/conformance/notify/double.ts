/** Of two watches on one handle, each takes the changes that the other has not taken. */
import { expect, scenario } from "smbench";
import { directory, NAMES, only, remember } from "./_notify.ts";

export default scenario({ name: "smb2.notify.double" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using watched = await directory(alice, "notify-double");
  await remember(watched);
  await remember(watched);

  await bob.mkdir("notify-double/subdir1");
  const first = watched.changes(NAMES);
  const second = watched.changes(NAMES);
  expect(await first).toEqual(only("added", "subdir1"));

  await bob.mkdir("notify-double/subdir2");
  expect(await second).toEqual(only("added", "subdir2"));
  for (const name of ["subdir1", "subdir2"]) await bob.remove(`notify-double/${name}`);
});
