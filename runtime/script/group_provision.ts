/**
 * What many users, or the scenarios of a suite, need on the share: made once before any of them begins, removed when all
 * have ended. One provisioner does it all, over one connection; users with a directory of their own get the tree in there.
 */
import { mostUsers } from "../schedule/mod.ts";
import { capturedPlaces } from "./captured_places.ts";
import type { Commons } from "./commons.ts";
import { withNamed } from "./named_params.ts";
import type { Footprints } from "./footprints.ts";
import type { RunHost, RunOptions } from "./host.ts";
import type { LoadPlan } from "./load_options.ts";
import { type LoadPart, userName } from "./load_run.ts";
import { sharePath } from "./names.ts";
import type { ProvisionItem } from "./provision.ts";
import { Provisioner, ProvisionError } from "./provision_run.ts";
import { Run } from "./run.ts";
import type { Definition } from "./scenario.ts";

/** A name on a share. */
export interface MadeName {
  readonly share: string;
  readonly path: string;
}

/** One scenario, and who plays it. */
export interface ProvisionedScenario {
  readonly name: string | undefined;
  readonly definition: Definition;
  /** The values of its parameters. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Null where one user plays it once. */
  readonly plan: LoadPlan | null;
}

/** Names that one worker tells another. */
const MAX_NAMES = 50_000;

/** What is made for all, and where it is removed. */
export class GroupProvision {
  readonly #provisioner: Provisioner;
  readonly #footprints: Footprints;
  #isPrepared = false;

  /** @throws {ProvisionError} When two scenarios want a path differently. */
  constructor(parts: {
    readonly host: RunHost;
    readonly options: RunOptions & { readonly part?: LoadPart };
    readonly commons: Commons;
    readonly scenarios: readonly ProvisionedScenario[];
    readonly footprints: Footprints;
  }) {
    const { host, options, commons, scenarios, footprints } = parts;
    const root = sharePath(options.root);
    this.#footprints = footprints;
    this.#provisioner = new Provisioner({
      host,
      run: options,
      items: united(scenarios.flatMap((one) => itemsOf(one, { host, options, commons }))),
      commons,
      footprints,
      places: { share: (name) => name, path: (path) => path === "" ? root : path },
    });
  }

  /**
   * Makes everything.
   *
   * @throws {ProvisionError} When the folder is not empty, or the server refuses.
   */
  async prepare(): Promise<void> {
    await this.#provisioner.prepare();
    this.#isPrepared = true;
  }

  stop(): void {
    this.#provisioner.stop();
  }

  /** Whether there is something to remove. */
  get isPrepared(): boolean {
    return this.#isPrepared;
  }

  /** Removes what was made here, and what others made. Never throws. */
  async tidy(others: readonly MadeName[]): Promise<void> {
    for (const { share, path } of others) this.#footprints.made(share, path);
    await this.#provisioner.cleanUp();
  }
}

/** What others have to remove: the names that lie in nothing else that was made. */
export function madeNames(footprints: Footprints, host: RunHost): MadeName[] {
  const names = footprints.tops();
  if (names.length > MAX_NAMES) {
    host.note(`${names.length - MAX_NAMES} names that the run made stay on the server`);
  }
  return names.slice(0, MAX_NAMES);
}

/** Where a scenario's items are on the target: once, or once for each user. */
function itemsOf(
  { name, definition, values, plan }: ProvisionedScenario,
  about: {
    readonly host: RunHost;
    readonly options: RunOptions & { readonly part?: LoadPart };
    readonly commons: Commons;
  },
): ProvisionItem[] {
  const { host, commons } = about;
  const options = withNamed(about.options, definition, values);
  const { part } = options;
  const owners = plan !== null && part?.isolate === true
    ? Array.from({ length: mostUsers(plan.shape) }, (_, number) => userName(part.names, number))
    : [undefined];
  return owners.flatMap((own) => {
    const places = capturedPlaces(
      new Run(host, {
        ...options,
        ...own === undefined ? {} : { own },
        commons,
        scenario: name,
        strict: definition.kind === "scenario",
      }),
    );
    return (definition.provision ?? []).map((item) => ({
      ...item,
      share: places.share(item.share),
      path: sharePath(places.path(item.path)),
    }));
  });
}

/** Each path once. */
function united(items: readonly ProvisionItem[]): ProvisionItem[] {
  const known = new Map<string, ProvisionItem>();
  for (const item of items) {
    const key = `${item.share}\\${item.path}`.toUpperCase();
    const before = known.get(key);
    if (before === undefined || before.kind === "absent") {
      known.set(key, item);
    } else if (item.kind !== "absent" && specOf(before) !== specOf(item)) {
      throw new ProvisionError(
        `Cannot provision ${item.path} of share ${item.share}: two scenarios want it differently`,
        { refused: false },
      );
    }
  }
  return [...known.values()];
}

function specOf({ kind, size, parts, attributes, modified, eas }: ProvisionItem): string {
  return JSON.stringify(
    [kind, size, parts, attributes, modified, eas],
    (_, value) => value instanceof Uint8Array ? value.toHex() : value,
  );
}
