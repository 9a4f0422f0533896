/** A CREATE with a CreateGuid that comes again is answered as the first time: with the same handle. */
import { expect, scenario } from "smbench";
import { areOne, BATCH, CREATED, created, REPLAY } from "./_replay.ts";

export default scenario({ name: "smb2.replay.replay-dhv2-oplock1" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await created(alice, "replay-oplock1.dat", BATCH);
  const replayed = await alice.open(file.path, { ...BATCH, ...REPLAY });
  for (const one of [file, replayed]) {
    expect(one).toMatchObject({ action: CREATED, granted: "batch", durability: "durable2" });
  }
  expect(file.breaks).toHaveLength(0);
  await areOne(file, replayed);
});
