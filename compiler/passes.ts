/** What a user asks for beyond the capture as it is: a selection, other names, pseudonyms; in this order. */
import { anonymized } from "./anonymize.ts";
import type { CaptureNote } from "./capture/mod.ts";
import { mapped, type Names } from "./mapping.ts";
import type { PlanSource } from "./plan_source.ts";
import type { Criteria } from "./criteria.ts";
import { select } from "./selection.ts";
import type { Turns } from "./turns.ts";

/** Options of {@linkcode pass}. */
export interface PassOptions {
  readonly select?: Criteria;
  readonly names?: Names;
  /** Secret key of the pseudonyms. */
  readonly anonymize?: Uint8Array;
}

/** What the passes give. */
export interface Passed {
  readonly source: PlanSource;
  /** What was left out. */
  readonly notes: readonly CaptureNote[];
  /** A note of an earlier stage, without names that are to be secret. */
  readonly note: (note: CaptureNote) => CaptureNote;
}

/** Does them. Edges between operations are to be drawn afterwards. `names` are those of the capture's files. */
export async function pass(
  plan: PlanSource,
  options: PassOptions,
  { names, turns }: { readonly names: readonly string[]; readonly turns: Turns },
): Promise<Passed> {
  const selected = options.select === undefined
    ? { source: plan, notes: [] }
    : await select(plan, options.select, turns);
  const named = options.names === undefined
    ? selected.source
    : mapped(selected.source, options.names);
  if (options.anonymize === undefined) {
    return { source: named, notes: selected.notes, note: (note) => note };
  }
  const { source, text } = anonymized(named, options.anonymize, names);
  return {
    source,
    notes: selected.notes,
    note({ reason, loss, count, frames }) {
      return { reason: text(reason), loss, count, frames };
    },
  };
}
