/** When the server knows that a channel was lost, it refuses changes from before, and takes replays on another one. */
import { expect, scenario } from "smbench";
import { BATCH, created, POSITION, REPLAY } from "./_replay.ts";

const BEFORE = { channelSequence: 0 } as const;
const AFTER = { channelSequence: 1 } as const;
const REFUSED = { ...BEFORE, expect: "FILE_NOT_AVAILABLE" } as const;

export default scenario({ name: "smb2.replay.replay4" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await created(alice, "replay4.dat", BATCH);
  const bytes = new Uint8Array(64);
  await file.write(0, bytes, BEFORE);
  await file.read(0, 64, AFTER);
  await file.write(0, bytes, REFUSED);
  await file.write(0, bytes, { ...REFUSED, ...REPLAY });
  await file.setInfo(new Uint8Array(8), { ...POSITION, ...REFUSED });
  await file.read(0, 64, BEFORE);

  const via = await (await alice.connect()).login({ bind: alice.session });
  const replay = { ...AFTER, ...REPLAY, via };
  await file.write(0, bytes, replay);
  // The server does not look whether it is the same data.
  await file.write(0, bytes.fill(0x72), replay);
  expect(await file.read(0, 64, { ...AFTER, via })).toEqual(bytes);
  expect(file.breaks).toHaveLength(0);
  await file.delete(AFTER);
  await file.close();
});
