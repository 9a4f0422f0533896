/** Makes the compiled example anew: `deno task golden:update`. Read what changed before you commit it. */
import { compiledOffice, EXAMPLES } from "../harness/example_scenarios.ts";

await Deno.writeTextFile(new URL("office.ts", EXAMPLES), await compiledOffice());
