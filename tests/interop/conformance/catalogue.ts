/**
 * The scenarios of `examples/conformance/`: a folder is one of smbtorture's suites, a file in it one of its subtests.
 * Files whose name begins with `_` are shared by the scenarios beside them.
 *
 * @module
 */

import type { SmbdOptions } from "../../harness/smbd.ts";

/** Scenarios that are written for the same server as one suite of smbtorture. */
export interface Suite {
  /** `lease` is the folder, and `smb2.lease` the suite. */
  readonly name: string;
  readonly scenarios: readonly ScenarioFile[];
}

/** One scenario. */
export interface ScenarioFile {
  /** Of the subtest, without its suite: `break`, `oplocks.test2`. */
  readonly subtest: string;
  /** Relative to the checkout. */
  readonly path: string;
}

/** How a suite is run, where the defaults do not do. */
export interface SuiteSettings {
  /** Of the private server. */
  readonly smbd?: SmbdOptions;
  /** Arguments of smbtorture before the name of the subtest. */
  readonly torture?: readonly string[];
  /** Subtests that smbtorture takes longest for: begun first, they do not hold up the end. */
  readonly first?: readonly string[];
}

/** By name of the suite. */
export const SETTINGS: Readonly<Record<string, SuiteSettings>> = {
  compound_find: { first: ["compound_find_close"] },
  lease: { torture: ["--target=samba3"], first: ["oplock", "break"] },
  lock: { smbd: { multichannel: true } },
  multichannel: { smbd: { multichannel: true } },
  oplock: { torture: ["--target=samba3"] },
  replay: { smbd: { multichannel: true } },
};

const FOLDER = "examples/conformance";
const CHECKOUT = new URL("../../../", import.meta.url);

/** Every suite that has scenarios, by name. */
export async function readCatalogue(): Promise<Suite[]> {
  const suites: Suite[] = [];
  for await (const entry of Deno.readDir(new URL(`${FOLDER}/`, CHECKOUT))) {
    if (!entry.isDirectory) continue;
    const scenarios = await scenariosIn(`${FOLDER}/${entry.name}`, "");
    suites.push({ name: entry.name, scenarios: scenarios.toSorted(bySubtest) });
  }
  return suites.toSorted((a, b) => a.name < b.name ? -1 : 1);
}

async function scenariosIn(folder: string, prefix: string): Promise<ScenarioFile[]> {
  const found: ScenarioFile[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(`${folder}/`, CHECKOUT))) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await scenariosIn(path, `${prefix}${name}.`));
    else if (name.endsWith(".ts") && !name.startsWith("_")) {
      found.push({ subtest: prefix + name.slice(0, -".ts".length), path });
    }
  }
  return found;
}

function bySubtest(a: ScenarioFile, b: ScenarioFile): number {
  return a.subtest < b.subtest ? -1 : 1;
}
