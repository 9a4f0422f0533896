/** Who has created a read-only file may write to it, also after a reconnect. */
import { expect, scenario } from "smbench";
import { comeBack, done, durableFile, lose, reclaimed } from "./_durable.ts";

/** FILE_ATTRIBUTE_READONLY, FILE_ATTRIBUTE_ARCHIVE and FILE_ATTRIBUTE_NORMAL (MS-FSCC 2.6). */
const READ_ONLY = 0x01;
const ARCHIVE = 0x20;
const NORMAL = 0x80;

export default scenario({ name: "smb2.durable-open.read-only" }, async ({ client }) => {
  const alice = await client("alice");
  const options = { oplock: "batch", share: "", attributes: ["readOnly"] } as const;
  const file = await durableFile(alice, "durable-read-only.dat", options);
  await file.write(0, new Uint8Array(1));
  await lose(alice);

  const place = await comeBack(alice, { previous: alice.session });
  const again = await reclaimed(place, file);
  expect(await again.stat()).toMatchObject({ attributes: READ_ONLY | ARCHIVE, size: 1 });
  await again.write(1, new Uint8Array(1));

  const ordinary = new Uint8Array(40).fill(NORMAL, 32, 33);
  await again.setInfo(ordinary, { class: "FileBasicInformation" });
  await done(again);
});
