/**
 * Several kinds of users in one run: some write, more read, and an indexer looks at everything at a steady rate.
 *
 *     smbench run examples/office_day.ts --set size=64k
 */
import { data, scenario, size, suite } from "smbench";
import { z } from "zod";

const params = z.object({
  size: z.string().default("16k").transform(size).describe("size of a document"),
});

/** Documents that everybody knows. */
const DOCUMENTS = 5;

const writers = scenario({
  name: "writers",
  params,
  load: { executor: "per-user-iterations", users: 2, iterations: DOCUMENTS },
}, async ({ client, user, params }) => {
  const me = await client();
  await me.writeFile(`report-${user.iteration}.docx`, data(params.size, user.number));
});

const readers = scenario({
  name: "readers",
  load: {
    executor: "ramping-users",
    startUsers: 1,
    stages: [{ duration: "300ms", target: 4 }, { duration: "300ms", target: 1 }],
    thinkTime: { min: "5ms", max: "30ms" },
  },
}, async ({ client, user, check }) => {
  const me = await client();
  const path = `report-${user.iteration % DOCUMENTS}.docx`;
  if (await me.exists(path)) check("reads a document", (await me.readFile(path)).length >= 0);
});

const indexer = scenario({
  name: "indexer",
  load: { executor: "constant-arrival-rate", rate: 20, duration: "600ms", maxUsers: 3 },
  thresholds: { iterations: "count>0" },
}, async ({ client }) => {
  await (await client()).list();
});

export default suite({
  name: "office day",
  thresholds: { smb_errors: "rate<0.01", "smb_op_duration{scenario:readers}": "p(95)<10000" },
}, { writers, readers, indexer });
