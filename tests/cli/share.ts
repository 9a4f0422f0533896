/** A share with files, for tests of what runs make on it and leave there. */
import { scenario, type User } from "smbench";
import type { ProvisionOptions, Scenario } from "../../runtime/script/mod.ts";
import { FileStore } from "../../runtime/store/mod.ts";
import { passed, play } from "./harness.ts";

/** A share that outlives single runs. */
export class Share {
  readonly serving = { shares: [{ name: "share", store: new FileStore({ now: 0n }) }] };

  async run(what: Scenario, options: Parameters<typeof play>[1] = {}) {
    return await play(what, { serving: this.serving, ...options });
  }

  /** Does something on the share, without provisioning anything. */
  async as(work: (alice: User) => Promise<void>): Promise<void> {
    passed(
      await this.run(scenario({ name: "by hand" }, async ({ client }) => {
        await work(await client("alice"));
      })),
    );
  }

  /** Every path with its size; directories end in `/`. */
  async tree(): Promise<string[]> {
    const paths: string[] = [];
    const walk = async (alice: User, path: string) => {
      for (const { name, size, directory } of await alice.list(path)) {
        const full = path === "" ? name : `${path}/${name}`;
        paths.push(directory ? `${full}/` : `${full} ${size}`);
        if (directory) await walk(alice, full);
      }
    };
    await this.as((alice) => walk(alice, ""));
    return paths.sort();
  }
}

/** Options of a run that provisions. */
export function options(how: Partial<ProvisionOptions>): { provision: ProvisionOptions } {
  return { provision: { mode: "run", existing: false, keep: false, ...how } };
}
