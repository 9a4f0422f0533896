/**
 * Requests with several ranges: unlocks are done one after the other up to the first that fails; locks are granted all
 * or none; and locks and unlocks do not go together (MS-SMB2 3.3.5.14.1, 3.3.5.14.2).
 */
import { scenario } from "smbench";
import { exclusive, INVALID, NOT_LOCKED, REFUSED, scratchFile, unlock } from "./_lock.ts";

const A = [0, 10] as const;
const B = [10, 10] as const;

export default scenario({ name: "smb2.lock.multiple-unlock" }, async ({ client }) => {
  await using file = await scratchFile(await client("alice"), "lock-multiple-unlock.dat");
  const lockBoth = [exclusive(...A), exclusive(...B)];
  const unlockBoth = [unlock(...A), unlock(...B)];

  // The first range is not locked: nothing is unlocked.
  await file.lock([exclusive(...B)]);
  await file.lock(unlockBoth, NOT_LOCKED);
  await file.lock([exclusive(...B)], REFUSED);
  await file.lock([unlock(...B)]);

  // The second one is not: the first is unlocked all the same.
  await file.lock([exclusive(...A)]);
  await file.lock(unlockBoth, NOT_LOCKED);
  await file.lock([exclusive(...A)]);
  await file.lock([unlock(...A)]);

  // The second lock is refused: the first is not kept.
  await file.lock([exclusive(...B)]);
  await file.lock(lockBoth, REFUSED);
  await file.lock([exclusive(...A)]);
  await file.lock(unlockBoth);

  // Unlock and lock: the unlock is done, the lock is invalid, whether or not something is in its way.
  await file.lock(lockBoth);
  await file.lock([unlock(...A), exclusive(...B)], INVALID);
  await file.lock([exclusive(...A)]);
  await file.lock(unlockBoth);

  await file.lock([exclusive(...A)]);
  await file.lock([unlock(...A), exclusive(...B)], INVALID);
  await file.lock(lockBoth);
  await file.lock(unlockBoth);

  // Lock and unlock: neither is done.
  await file.lock([exclusive(...B)]);
  await file.lock([exclusive(...A), unlock(...B)], INVALID);
  await file.lock([exclusive(...A)]);
  await file.lock([exclusive(...B)], REFUSED);
  await file.lock(unlockBoth);
});
