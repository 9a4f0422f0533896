/**
 * Operations as they are made, in any order, and what becomes known of them later -> the operations sorted by when they
 * were sent. Few stay in memory; of many, all but the latest are put aside, and what is learned of them is put beside.
 */
import { openScratch, type Scratch } from "./capture/mod.ts";
import type { PlanOperation } from "./plan.ts";
import type { Mutable } from "./plan_list.ts";
import { compareKeys, type Key, type Keyed, SortedRuns } from "./sorted_runs.ts";

/** An operation in the store. Whoever may learn more of it keeps this. */
export interface Entry extends Key {
  readonly frame: number;
  /** Null once the operation was put aside. */
  value: Mutable<PlanOperation> | null;
  /** How often it was changed since. */
  changes: number;
}

/** An operation with its place among those of its client, in the order in which they were made. */
export interface Stored {
  readonly seq: number;
  readonly value: Mutable<PlanOperation>;
}

/** Operations that are all held in memory. */
export const HELD = 20_000;

/** Operations that are held once others were put aside: what lives shortly costs least. */
const HELD_BESIDE = 1024;

/** Bytes that the held operations may have, roughly. */
const HELD_BYTES = 24e6;
const FIXED_BYTES = 400;

/** Of the held operations, the part that stays when others are put aside: later ones may still come before them. */
const STAYING = 0.5;

/** Options of {@linkcode OperationStore}. */
export interface StoreOptions {
  /** Operations that are held in memory; 20 000 unless told. */
  readonly held?: number;
  /** Makes the file for the others. */
  readonly scratch?: () => Scratch;
}

/** Collects and sorts operations. */
export class OperationStore implements Disposable {
  #held: number;
  readonly #makeScratch: () => Scratch;
  #entries: Entry[] = [];
  #bytes = 0;
  #changes: Keyed<object>[] = [];
  #aside: Aside | null = null;
  #count = 0;
  #byFrame = false;

  constructor(options: StoreOptions = {}) {
    this.#held = options.held ?? HELD;
    this.#makeScratch = options.scratch ?? openScratch;
  }

  /** Number of operations. */
  get count(): number {
    return this.#count;
  }

  /** Whether all operations are in memory. */
  get isHeld(): boolean {
    return this.#aside === null;
  }

  /** Called before operations are put aside for the first time: the last moment to change the order. */
  beforeAside: () => void = () => {};

  /** From now on frames alone tell the order. Only before anything was put aside. */
  orderByFrame(): void {
    this.#byFrame = true;
    this.#entries = this.#entries.map((entry) => Object.assign(entry, { at: 0 }));
  }

  /** Takes an operation, the `seq`-th of its client. */
  add(value: Mutable<PlanOperation>, seq: number): Entry {
    const { at, frames } = value;
    const entry: Entry = {
      at: this.#byFrame ? 0 : at,
      frame: frames.first ?? frames.request,
      seq,
      value,
      changes: 0,
    };
    this.#entries.push(entry);
    this.#count++;
    this.#bytes += FIXED_BYTES + bytesOf(value);
    if (this.#entries.length > this.#held || this.#bytes > HELD_BYTES) this.#putAside();
    return entry;
  }

  /** Takes what became known of an operation. */
  change(entry: Entry, fields: object): void {
    if (entry.value !== null) {
      Object.assign(entry.value, fields);
      this.#bytes += bytesOf(fields);
      return;
    }
    // Changes of one operation keep their order: they follow it by less than the next one does.
    const seq = entry.seq + Math.min(++entry.changes, CHANGES_TOLD) / CHANGES_TOLD / 2;
    this.#changes.push({ at: entry.at, frame: entry.frame, seq, value: fields });
    if (this.#changes.length > this.#held) this.#aside?.takeChanges(this.#changes.splice(0));
  }

  #putAside(): void {
    if (this.#aside === null) {
      this.beforeAside();
      this.#aside = new Aside(this.#makeScratch());
      this.#held = Math.min(this.#held, HELD_BESIDE);
    }
    this.#entries.sort(compareKeys);
    const staying = Math.floor(this.#entries.length * STAYING);
    const leaving = this.#entries.splice(0, this.#entries.length - staying);
    this.#aside.take(leaving);
    for (const entry of leaving) entry.value = null;
    this.#bytes = this.#entries.reduce(
      (sum, { value }) => sum + FIXED_BYTES + bytesOf(value ?? {}),
      0,
    );
  }

  /** The operations in order, as often as asked, once all are there. */
  sorted(): Iterable<Stored> {
    if (this.#aside === null) {
      return this.#entries.sort(compareKeys) as unknown as Stored[];
    }
    this.#aside.take(this.#entries.sort(compareKeys));
    this.#aside.takeChanges(this.#changes);
    this.#entries = [];
    this.#changes = [];
    const aside = this.#aside;
    return { [Symbol.iterator]: () => aside.operations() };
  }

  [Symbol.dispose](): void {
    this.#aside?.[Symbol.dispose]();
  }
}

/** Changes of one operation that keep their order after it was put aside. */
const CHANGES_TOLD = 65_536;

/** What is not in memory. */
class Aside implements Disposable {
  readonly #scratch: Scratch;
  readonly #operations: SortedRuns<Mutable<PlanOperation>>;
  readonly #changes: SortedRuns<object>;

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
    this.#operations = new SortedRuns(scratch);
    this.#changes = new SortedRuns(scratch);
  }

  take(entries: readonly Entry[]): void {
    this.#operations.write(entries as readonly Keyed<Mutable<PlanOperation>>[]);
  }

  takeChanges(changes: Keyed<object>[]): void {
    this.#changes.write(changes.sort(compareKeys));
  }

  *operations(): Generator<Stored> {
    const changes = this.#changes.records()[Symbol.iterator]();
    let change = changes.next();
    for (const operation of this.#operations.records()) {
      for (; !change.done; change = changes.next()) {
        if (!isOf(change.value, operation)) break;
        Object.assign(operation.value, change.value.value);
      }
      yield operation;
    }
  }

  [Symbol.dispose](): void {
    this.#scratch[Symbol.dispose]();
  }
}

function isOf(change: Key, { at, frame, seq }: Key): boolean {
  return Math.floor(change.seq) === seq && change.frame === frame && change.at === at;
}

/** Bytes of what may be long in an operation, roughly. */
function bytesOf(fields: object): number {
  let bytes = 0;
  if ("input" in fields) bytes += (fields.input as string).length;
  if ("entries" in fields) bytes += 150 * ((fields.entries as unknown[] | undefined)?.length ?? 0);
  if ("contexts" in fields) {
    for (const context of fields.contexts as { data?: string }[]) {
      bytes += context.data?.length ?? 0;
    }
  }
  return bytes;
}
