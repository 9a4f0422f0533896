/**
 * Many users at once: each saves and reads documents in its own directory, and now and then looks into a shared one.
 *
 *     smbench run examples/office_load.ts
 *     smbench run examples/office_load.ts --users 500 --duration 1m --isolate path --stagger 10s
 *     smbench run examples/office_load.ts --stages 30s:100,2m:100,10s:0 --think 500ms..2s --isolate path
 */
import { data, scenario } from "smbench";

export default scenario({
  name: "office load",
  load: {
    executor: "per-user-iterations",
    users: 4,
    iterations: 5,
    thinkTime: { min: "5ms", max: "20ms" },
  },
}, async ({ client, user, check }) => {
  const me = await client();
  // Without --isolate path all users are in one directory: their names keep them apart.
  const path = `${user.name}-${user.iteration % 3}.docx`;
  await me.writeFile(path, data("16k", user.iteration));
  const bytes = await me.readFile(path);
  check("reads what it wrote", bytes.length === 16_384);
  if (user.iteration % 4 === 3) check("has its documents", (await me.list()).length >= 3);
});
