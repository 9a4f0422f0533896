/**
 * Operations as they are made, in any order, and what becomes known of them later -> the operations sorted by when they
 * were sent. Few stay in memory as they are; of many, the latest are held as numbers and texts, the others put aside, and
 * what is learned of them is put beside.
 */
import { openScratch, type Scratch } from "./capture/mod.ts";
import { blockBytes, blockOf, BlockReader, OperationBlock } from "./operation_codec.ts";
import type { Frames, PlanOperation } from "./plan.ts";
import type { Mutable } from "./plan_list.ts";
import { type BlockCodec, compareKeys, type Key, type Keyed, SortedRuns } from "./sorted_runs.ts";

/** An operation in the store. Whoever may learn more of it keeps this. */
export interface Entry extends Key {
  readonly frame: number;
  /** Number of its client. */
  readonly client: string;
  /** Null unless it is held as it is. */
  value: Mutable<PlanOperation> | null;
  /** Where it is held otherwise. */
  place: Place | null;
  /** How often it was changed since. */
  changes: number;
}

interface Place {
  readonly block: OperationBlock;
  readonly at: number;
}

/** An operation with its place among those of its client, in the order in which they were made. */
export interface Stored {
  readonly seq: number;
  readonly value: Mutable<PlanOperation>;
}

/** Operations that are all held as they are. */
export const HELD = 20_000;

/** Operations that wait for earlier ones once others were put aside. */
const HELD_BESIDE = 1024;

/** Bytes that the held operations may have, roughly. */
const HELD_BYTES = 24e6;
const FIXED_BYTES = 400;

/** Options of {@linkcode OperationStore}. */
export interface StoreOptions {
  /** Operations that are held in memory; 20 000 unless told. */
  readonly held?: number;
  /** Makes the file for the others. */
  readonly scratch?: () => Scratch;
}

/** Collects and sorts operations. */
export class OperationStore implements Disposable {
  readonly #held: number;
  readonly #makeScratch: () => Scratch;
  #entries: Entry[] = [];
  #bytes = 0;
  #changes: Keyed<object>[] = [];
  #aside: Aside | null = null;
  #count = 0;
  #byFrame = false;
  readonly #answered = new Set<string>();
  #isUneven = false;

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

  /** Numbers of clients of whom an answer was captured. */
  get answered(): ReadonlySet<string> {
    return this.#answered;
  }

  /** Whether something happened before the capture, or was broken. */
  get isUneven(): boolean {
    return this.#isUneven;
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
    const { at, frames, client } = value;
    if (frames.response !== undefined) this.#answered.add(client);
    if (value.kind === "break" || isImplied(value)) this.#isUneven = true;
    const entry: Entry = {
      at: this.#byFrame ? 0 : at,
      frame: frames.first ?? frames.request,
      client,
      seq,
      value: null,
      place: null,
      changes: 0,
    };
    this.#count++;
    if (this.#aside !== null) {
      entry.place = this.#aside.take(entry, value);
      return entry;
    }
    entry.value = value;
    this.#entries.push(entry);
    this.#bytes += FIXED_BYTES + bytesOf(value);
    if (this.#entries.length > this.#held || this.#bytes > HELD_BYTES) this.#putAside();
    return entry;
  }

  /** Takes what became known of an operation. */
  change(entry: Entry, fields: object): void {
    const { value, place } = entry;
    if (tellsAnswer(fields)) this.#answered.add(entry.client);
    if (value !== null) {
      Object.assign(value, fields);
      this.#bytes += bytesOf(fields);
      return;
    }
    if (
      place !== null && !place.block.isClosed && isUse(fields) && place.block.isCreate(place.at)
    ) {
      return place.block.setUsed(place.at);
    }
    // Changes of one operation keep their order: they follow it by less than the next one does.
    const seq = entry.seq + Math.min(++entry.changes, CHANGES_TOLD) / CHANGES_TOLD / 2;
    this.#changes.push({ at: entry.at, frame: entry.frame, seq, value: fields });
    if (this.#changes.length > Math.min(this.#held, HELD_BESIDE)) {
      this.#aside?.takeChanges(this.#changes.splice(0));
    }
  }

  #putAside(): void {
    this.beforeAside();
    const aside = new Aside(this.#makeScratch(), {
      byFrame: this.#byFrame,
      waiting: Math.min(this.#held, HELD_BESIDE),
    });
    for (const entry of this.#entries.sort(compareKeys)) {
      entry.place = aside.take(entry, entry.value!);
      entry.value = null;
    }
    this.#entries = [];
    this.#aside = aside;
  }

  /** The operations in order, as often as asked, once all are there. */
  sorted(): Iterable<Stored> {
    if (this.#aside === null) {
      return this.#entries.sort(compareKeys) as unknown as Stored[];
    }
    this.#aside.finish();
    this.#aside.takeChanges(this.#changes);
    this.#changes = [];
    const aside = this.#aside;
    return { [Symbol.iterator]: () => aside.operations() };
  }

  [Symbol.dispose](): void {
    this.#aside?.[Symbol.dispose]();
  }
}

function isImplied(operation: PlanOperation): boolean {
  return "implied" in operation && operation.implied === true;
}

function tellsAnswer(fields: { readonly frames?: Frames }): boolean {
  return fields.frames?.response !== undefined;
}

function isUse(fields: object): boolean {
  return "used" in fields && Object.keys(fields).length === 1;
}

/** Changes of one operation that keep their order after it was put aside. */
const CHANGES_TOLD = 65_536;

/** Blocks that wait for earlier operations: half of them are written at a time. */
const BLOCKS_WAITING = 4;

/** Characters of the texts of a block, roughly, and of a record that needs little. */
const BLOCK_CHARACTERS = 2 ** 20;

/** Numbers that there is room for at first, for each record. */
const NUMBERS = 32;

/** A block with the keys of its records. */
interface KeyedBlock {
  readonly block: OperationBlock;
  first: Key;
  last: Key;
}

/** What is not held as it is. */
class Aside implements Disposable {
  readonly #scratch: Scratch;
  readonly #codec: RecordCodec;
  readonly #operations: SortedRuns<Mutable<PlanOperation>>;
  readonly #changes: SortedRuns<object>;
  /** Records of a block. */
  readonly #many: number;
  /** The last one takes what comes. */
  #waiting: KeyedBlock[] = [];
  /** Whether what waits is in order. */
  #isOrdered = true;

  constructor(
    scratch: Scratch,
    { byFrame, waiting }: { readonly byFrame: boolean; readonly waiting: number },
  ) {
    this.#scratch = scratch;
    this.#codec = new RecordCodec(byFrame);
    this.#many = Math.max(1, Math.floor(waiting / BLOCKS_WAITING));
    this.#operations = new SortedRuns(scratch, this.#codec);
    this.#changes = new SortedRuns(scratch);
  }

  /** Takes the next operation; returns where it is for the time being. */
  take(key: Key, value: PlanOperation): Place {
    let last = this.#waiting.at(-1);
    if (
      last === undefined || last.block.count >= this.#many ||
      last.block.characters >= BLOCK_CHARACTERS
    ) {
      if (this.#waiting.length >= BLOCKS_WAITING) this.#write(BLOCKS_WAITING / 2);
      this.#waiting.push(last = { block: this.#newBlock(), first: key, last: key });
      const before = this.#waiting.at(-2);
      if (before !== undefined && compareKeys(before.last, key) > 0) this.#isOrdered = false;
    } else if (compareKeys(last.last, key) > 0) this.#isOrdered = false;
    else last.last = key;
    const { block } = last;
    return { block, at: block.add(key.seq, value) };
  }

  #newBlock(): OperationBlock {
    return new OperationBlock(new Float64Array(NUMBERS * this.#many));
  }

  /** Writes the first so many blocks of what waits. */
  #write(many: number): void {
    if (!this.#isOrdered) this.#sort();
    for (const { block, first, last } of this.#waiting.splice(0, many)) {
      block.isClosed = true;
      this.#operations.writeBlock(blockBytes(block), first, last);
    }
  }

  #sort(): void {
    const records: Keyed<Mutable<PlanOperation>>[] = [];
    for (const { block } of this.#waiting) {
      block.isClosed = true;
      for (const record of this.#codec.recordsOf(block)) records.push(record);
    }
    records.sort(compareKeys);
    this.#waiting = [];
    for (let start = 0; start < records.length; start += this.#many) {
      const part = records.slice(start, start + this.#many);
      const [first, last] = [part[0]!, part.at(-1)!];
      const block = this.#newBlock();
      for (const { seq, value } of part) block.add(seq, value);
      this.#waiting.push({ block, first, last });
    }
    this.#isOrdered = true;
  }

  takeChanges(changes: Keyed<object>[]): void {
    this.#changes.write(changes.sort(compareKeys));
  }

  /** No more operations come. */
  finish(): void {
    this.#write(Infinity);
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

/** Records as blocks of numbers and texts. */
class RecordCodec implements BlockCodec<Mutable<PlanOperation>> {
  readonly #byFrame: boolean;
  readonly #reader = new BlockReader();

  constructor(byFrame: boolean) {
    this.#byFrame = byFrame;
  }

  encode(records: readonly Keyed<Mutable<PlanOperation>>[]): Uint8Array {
    const block = new OperationBlock(new Float64Array(NUMBERS * records.length));
    for (const { seq, value } of records) block.add(seq, value);
    return blockBytes(block);
  }

  decode(bytes: Uint8Array<ArrayBuffer>): Keyed<Mutable<PlanOperation>>[] {
    return this.recordsOf(blockOf(bytes));
  }

  recordsOf(block: OperationBlock): Keyed<Mutable<PlanOperation>>[] {
    return this.#reader.records(block, this.#byFrame);
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
