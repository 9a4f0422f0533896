/** A lock of no bytes stands between two bytes: only a lock that reaches over both of them is in its way. */
import { scenario } from "smbench";
import { again, exclusive, REFUSED, scratchFile, unlock } from "./_lock.ts";

type Range = readonly [offset: number, length: number];

const POINT: Range = [10, 0];
const BESIDE: Range[] = [[10, 0], [9, 1], [10, 1], [11, 1], [10, 2]];
const ACROSS: Range[] = [[9, 2], [9, 3]];

export default scenario({ name: "smb2.lock.zerobytelength" }, async ({ client }) => {
  const alice = await client("alice");
  await using first = await scratchFile(alice, "lock-zerobytelength.dat");
  await using second = await again(alice, first);

  for (const other of [first, second]) {
    const pairs: [Range, Range, boolean][] = [[[0, 0], [0, 0], true]];
    for (const range of BESIDE) pairs.push([POINT, range, true], [range, POINT, true]);
    for (const range of ACROSS) pairs.push([POINT, range, false], [range, POINT, false]);

    for (const [held, wanted, granted] of pairs) {
      await first.lock([exclusive(...held)]);
      await other.lock([exclusive(...wanted)], granted ? {} : REFUSED);
      if (granted) await other.lock([unlock(...wanted)]);
      await first.lock([unlock(...held)]);
    }
  }
});
