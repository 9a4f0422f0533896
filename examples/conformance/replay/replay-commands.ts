/** A server that has never seen the request before carries it out, whatever the replay flag says. */
import { expect, scenario } from "smbench";
import { created, POSITION, REPLAY } from "./_replay.ts";

export default scenario({ name: "smb2.replay.replay-commands" }, async ({ client }) => {
  const alice = await client("alice");
  const options = { access: "all", disposition: "overwriteIf", ...REPLAY } as const;
  const file = await created(alice, "replay-commands.dat", options);
  await file.write(0, new Uint8Array(200), REPLAY);
  await file.flush(REPLAY);
  expect(await file.read(0, 10, REPLAY)).toHaveLength(10);

  const position = new Uint8Array(new BigUint64Array([0x1000n]).buffer);
  await file.setInfo(position, { ...POSITION, ...REPLAY });
  expect((await file.queryInfo({ ...POSITION, ...REPLAY })).bytes).toEqual(position);

  await file.ioctl("CREATE_OR_GET_OBJECT_ID", { maxOutput: 64, ...REPLAY });
  const range = { offset: 0, length: 0x100 };
  await file.lock([{ ...range, kind: "exclusive", failImmediately: true }], REPLAY);
  await file.lock([{ ...range, kind: "unlock" }], REPLAY);
  await file.delete();
  await file.close();
});
