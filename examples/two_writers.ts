/**
 * Two writers append records to one file. Byte-range locks keep their records whole: who does not get the lock waits
 * for it (the server answers "pending" first), and every record is there in the end.
 *
 *     smbench run examples/two_writers.ts --set rounds=100
 */
import { data, expect, scenario, type User } from "smbench";
import { z } from "zod";

const RECORD = 4096;

const params = z.object({
  rounds: z.number().int().min(1).default(20).describe("records that each writer appends"),
});

export default scenario({ name: "two writers on one file", params }, async ({ client, params }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await alice.writeFile("journal.dat", "");

  async function append(user: User): Promise<void> {
    await using file = await user.open("journal.dat", { access: "rw" });
    const wholeFile = { offset: 0, length: 2 ** 40 };
    for (let round = 0; round < params.rounds; round++) {
      await file.lock([{ ...wholeFile, kind: "exclusive" }]);
      const { size } = await file.stat();
      await file.write(size, data(RECORD, `${user.name} ${round}`));
      await file.lock([{ ...wholeFile, kind: "unlock" }]);
    }
  }
  await Promise.all([append(alice), append(bob)]);

  const journal = await alice.readFile("journal.dat");
  expect(journal.length).toBe(2 * params.rounds * RECORD);
  const records = new Set<string>();
  for (let offset = 0; offset < journal.length; offset += RECORD) {
    records.add(journal.subarray(offset, offset + RECORD).join());
  }
  for (const { name } of [alice, bob]) {
    for (let round = 0; round < params.rounds; round++) {
      expect(records.has(data(RECORD, `${name} ${round}`).join())).toBe(true);
    }
  }
  await alice.remove("journal.dat");
});
