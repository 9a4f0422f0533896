/**
 * A morning in an office, in small: every user looks around in a shared folder, opens a document the way an editor
 * does, reads it, saves it under a temporary name and renames it into place.
 *
 *     smbench run examples/office_mix.ts --set users=5 --set size=256k
 */
import { data, expect, scenario, size, type User } from "smbench";
import { z } from "zod";

const params = z.object({
  users: z.number().int().min(1).max(200).default(3).describe("people at work"),
  documents: z.number().int().min(1).default(4).describe("documents of each"),
  size: z.string().default("64k").transform(size).describe("size of a document"),
  think: z.string().default("20ms").describe("pause between two documents"),
});

export default scenario({ name: "office mix", params }, async ({ client, params, log, sleep }) => {
  const caretaker = await client("caretaker");
  await caretaker.mkdir("office");
  const people: User[] = [];
  for (let i = 1; i <= params.users; i++) people.push(await client(`user${i}`));

  await Promise.all(people.map(async (user) => {
    const home = `office/${user.name}`;
    await user.mkdir(home);
    for (let i = 0; i < params.documents; i++) {
      await edit(user, `${home}/plan-${i}.docx`, params.size);
      await sleep(params.think);
    }
    const entries = await user.list(home);
    expect(entries.map(({ name }) => name).sort()).toEqual(
      Array.from({ length: params.documents }, (_, i) => `plan-${i}.docx`).sort(),
    );
    log(`${user.name} saved ${entries.length} documents`);
    for (const { name } of entries) await user.remove(`${home}/${name}`);
    await user.remove(home);
  }));
  await caretaker.remove("office");
});

/** What an editor does: see whether the document is there, keep it open under a lease, save beside it, rename. */
async function edit(user: User, path: string, length: number): Promise<void> {
  if (!await user.exists(path)) await user.writeFile(path, data(length, `${path} 1`));
  await using document = await user.open(path, { access: "r", lease: "RH" });
  expect((await document.read(0, 4096)).length).toBe(Math.min(4096, length));

  // Four reads in flight at once, as a client with read-ahead has them.
  const quarter = Math.ceil(length / 4);
  const parts = [0, 1, 2, 3].map((i) => document.read(i * quarter, quarter));
  const whole = (await Promise.all(parts)).reduce((sum, part) => sum + part.length, 0);
  expect(whole).toBe(length);

  const temporary = `${path}.tmp`;
  await user.writeFile(temporary, data(length, `${path} 2`));
  await document.close();
  await user.rename(temporary, path, { replace: true });
}
