/**
 * Requests that change something are refused when their ChannelSequence is behind the one that the handle has seen, or
 * more than 0x7fff ahead of it (MS-SMB2 3.3.5.2.10); whether they are replays does not matter. Others are not refused.
 */
import { type File, type OperationOptions, scenario } from "smbench";
import { BATCH, created, durable, POSITION } from "./_replay.ts";

/** In this order, and whether the server takes it. */
const SEQUENCES: [number, boolean][] = [
  [0, true],
  [0x8000, false],
  [0x8001, false],
  [0xabcd, false],
  [0xffff, false],
  [0x7fff, true],
  [0x7ffe, false],
  [0, false],
  [0x1234, false],
  [0x8000, true],
  [0xffff, true],
  [0, true],
  [1, true],
  [0, false],
  [1, true],
  [0xffff, false],
];

const CHANGES: ((file: File, options: OperationOptions) => Promise<unknown>)[] = [
  (file, options) => file.write(0, new Uint8Array(255), options),
  (file, options) => file.ioctl("CREATE_OR_GET_OBJECT_ID", { ...options, maxOutput: 64 }),
  (file, options) => file.setInfo(new Uint8Array(8), { ...options, ...POSITION }),
];

export default scenario({ name: "smb2.replay.channel-sequence" }, async ({ client }) => {
  const alice = await client("alice");
  let round = 0;
  for (const change of CHANGES) {
    for (const replay of [false, true]) {
      const contexts = durable(`round ${round++}`);
      const options = { ...BATCH, share: "rwd", contexts, channelSequence: 0 };
      const file = await created(alice, "replay-channel-sequence.dat", options);
      for (const [channelSequence, taken] of SEQUENCES) {
        const expect = taken ? "SUCCESS" : "FILE_NOT_AVAILABLE";
        await change(file, { channelSequence, replay, expect });
        await file.queryInfo({ ...POSITION, channelSequence, replay });
      }
      await file.delete({ channelSequence: 1 });
      await file.close();
    }
  }
});
