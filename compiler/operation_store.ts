/**
 * Operations as they are made, in any order, and what becomes known of them later -> the operations sorted by when they
 * were sent. Few stay in memory, as numbers and texts; of many, all but the latest are put aside. What is learned of them
 * is put beside.
 */
import { openScratch, type Scratch } from "./capture/mod.ts";
import { BlockBytes, BlockReader, OperationBlock } from "./operation_codec.ts";
import type { Frames, PlanOperation } from "./plan.ts";
import { Evenness } from "./plan_evenness.ts";
import type { Mutable } from "./plan_list.ts";
import { type BlockCodec, compareKeys, type Key, type Keyed, SortedRuns } from "./sorted_runs.ts";

/** An operation in the store. Whoever may learn more of it keeps this. */
export interface Entry extends Key {
  readonly frame: number;
  /** Number of its client. */
  readonly client: string;
  /** Where it is, as long as the block is not closed. */
  readonly block: OperationBlock;
  readonly place: number;
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

/** Operations that wait for earlier ones once others were put aside. */
const HELD_BESIDE = 1024;

/** Bytes that the held operations may have. */
const HELD_BYTES = 24e6;

/** Blocks that wait for earlier operations once others were put aside: half of them are written at a time. */
const BLOCKS_WAITING = 4;

/** Characters of the texts of a block, roughly. */
const BLOCK_CHARACTERS = 2 ** 20;

/** Numbers that there is room for at first, for each record. */
const NUMBERS = 32;

/** Options of {@linkcode OperationStore}. */
export interface StoreOptions {
  /** Operations that are held in memory; 20 000 unless told. */
  readonly held?: number;
  /** Makes the file for the others. */
  readonly scratch?: () => Scratch;
}

/** A block with the keys of its records. */
interface KeyedBlock {
  readonly block: OperationBlock;
  readonly first: Key;
  last: Key;
}

/** What is not in memory. */
interface Aside {
  readonly scratch: Scratch;
  readonly operations: SortedRuns<Mutable<PlanOperation>>;
  readonly changes: SortedRuns<object>;
}

/**
 * Collects and sorts operations. None is held as an object, even of few: what V8 sees to live long it makes in the part of
 * the memory for that, also when later ones do not.
 */
export class OperationStore implements Disposable {
  readonly #held: number;
  readonly #makeScratch: () => Scratch;
  /** Records of a block. */
  readonly #many: number;
  readonly #codec = new RecordCodec();
  /** In memory; the last one takes what comes. */
  #waiting: KeyedBlock[] = [];
  /** Room for numbers that closed blocks gave up. */
  readonly #rooms: Float64Array<ArrayBuffer>[] = [];
  /** Whether what waits is in order. */
  #isOrdered = true;
  /** Bytes of the blocks, apart from the last one. */
  #bytes = 0;
  #changes: Keyed<object>[] = [];
  #aside: Aside | null = null;
  #count = 0;
  readonly #evenness = new Evenness();

  constructor(options: StoreOptions = {}) {
    this.#held = options.held ?? HELD;
    this.#makeScratch = options.scratch ?? openScratch;
    this.#many = Math.max(1, Math.floor(Math.min(this.#held, HELD_BESIDE) / BLOCKS_WAITING));
  }

  /** Number of operations. */
  get count(): number {
    return this.#count;
  }

  /** Whether all operations are in memory. */
  get isHeld(): boolean {
    return this.#aside === null;
  }

  /** Those of the clients, by number, who have no answer; null where operations tell more. */
  unanswered(clients: Iterable<string>): ReadonlySet<string> | null {
    return this.#evenness.unanswered(clients);
  }

  /** Called before operations are put aside for the first time: the last moment to change the order. */
  beforeAside: () => void = () => {};

  /** From now on frames alone tell the order. Only before anything was put aside. */
  orderByFrame(): void {
    this.#codec.byFrame = true;
    this.#changes = this.#changes.map((change) => ({ ...change, at: 0 }));
    this.#isOrdered = false;
  }

  /** Takes an operation, the `seq`-th of its client. */
  add(value: Mutable<PlanOperation>, seq: number): Entry {
    const { at, frames, client } = value;
    this.#evenness.see(value);
    if (this.#aside === null && (this.#count >= this.#held || this.#bytes > HELD_BYTES)) {
      this.#putAside();
    }
    this.#count++;
    const key = { at: this.#codec.byFrame ? 0 : at, frame: frames.first ?? frames.request, seq };
    const block = this.#blockFor(key);
    return { ...key, client, block, place: block.add(seq, value), changes: 0 };
  }

  #blockFor(key: Key): OperationBlock {
    const last = this.#waiting.at(-1);
    if (last !== undefined && compareKeys(last.last, key) > 0) this.#isOrdered = false;
    if (
      last !== undefined && last.block.count < this.#many &&
      last.block.characters < BLOCK_CHARACTERS
    ) {
      last.last = key;
      return last.block;
    }
    if (last !== undefined) this.#bytes += last.block.bytes;
    if (this.#aside !== null && this.#waiting.length >= BLOCKS_WAITING) {
      this.#write(this.#aside, BLOCKS_WAITING / 2);
    }
    const room = this.#rooms.pop() ?? new Float64Array(NUMBERS * this.#many);
    const block = new OperationBlock(room);
    this.#waiting.push({ block, first: key, last: key });
    return block;
  }

  /** Takes what became known of an operation. */
  change(entry: Entry, fields: object): void {
    const { block, place, frame } = entry;
    if (tellsAnswer(fields)) this.#evenness.answered(entry.client);
    if (!block.isClosed && isUse(fields) && block.isCreate(place)) return block.setUsed(place);
    // Changes of one operation keep their order: they follow it by less than the next one does.
    const seq = entry.seq + Math.min(++entry.changes, CHANGES_TOLD) / CHANGES_TOLD / 2;
    this.#changes.push({ at: this.#codec.byFrame ? 0 : entry.at, frame, seq, value: fields });
    const aside = this.#aside;
    if (aside === null || this.#changes.length < Math.min(this.#held, HELD_BESIDE)) return;
    aside.changes.write(this.#changes.sort(compareKeys));
    this.#changes = [];
  }

  #putAside(): void {
    this.beforeAside();
    const scratch = this.#makeScratch();
    this.#aside = {
      scratch,
      operations: new SortedRuns(scratch, this.#codec),
      changes: new SortedRuns(scratch),
    };
    this.#write(this.#aside, this.#waiting.length);
  }

  /** Writes the first so many blocks of what waits. */
  #write({ operations }: Aside, many: number): void {
    this.#sort();
    for (const { block, first, last } of this.#waiting.splice(0, many)) {
      operations.writeBlock(this.#codec.bytesOf(block), first, last);
      this.#close(block);
    }
  }

  #close(block: OperationBlock): void {
    const room = block.close();
    if (this.#rooms.length < BLOCKS_WAITING) this.#rooms.push(room);
  }

  /** What waits is in order from then on. */
  #sort(): void {
    if (this.#isOrdered) return;
    const records: Keyed<Mutable<PlanOperation>>[] = [];
    for (const { block } of this.#waiting) {
      for (const record of this.#codec.recordsOf(block)) records.push(record);
      this.#close(block);
    }
    records.sort(compareKeys);
    this.#waiting = [];
    for (let start = 0; start < records.length; start += this.#many) {
      const part = records.slice(start, start + this.#many);
      const block = this.#codec.blockOf(part);
      this.#waiting.push({ block, first: part[0]!, last: keyOf(part.at(-1)!) });
    }
    this.#isOrdered = true;
  }

  /** The operations in order, as often as asked, once all are there. */
  sorted(): Iterable<Stored> {
    if (this.#aside === null) {
      this.#sort();
      this.#changes.sort(compareKeys);
    } else {
      this.#write(this.#aside, this.#waiting.length);
      this.#aside.changes.write(this.#changes.sort(compareKeys));
      this.#changes = [];
    }
    return { [Symbol.iterator]: () => this.#operations() };
  }

  *#operations(): Generator<Stored> {
    const changes = (this.#aside?.changes.records() ?? this.#changes)[Symbol.iterator]();
    let change = changes.next();
    for (const operation of this.#aside?.operations.records() ?? this.#records()) {
      for (; !change.done; change = changes.next()) {
        if (!isOf(change.value, operation)) break;
        Object.assign(operation.value, change.value.value);
      }
      yield operation;
    }
  }

  *#records(): Generator<Keyed<Mutable<PlanOperation>>> {
    for (const { block } of this.#waiting) yield* this.#codec.recordsOf(block);
  }

  [Symbol.dispose](): void {
    this.#aside?.scratch[Symbol.dispose]();
  }
}

/** Changes of one operation that keep their order after it was put aside. */
const CHANGES_TOLD = 65_536;

/** Records as blocks of numbers and texts. */
class RecordCodec implements BlockCodec<Mutable<PlanOperation>> {
  readonly #bytes = new BlockBytes();
  readonly #reader = new BlockReader();
  /** Whether frames alone tell the order. */
  byFrame = false;

  encode(records: readonly Keyed<Mutable<PlanOperation>>[]): Uint8Array {
    return this.bytesOf(this.blockOf(records));
  }

  room(length: number): Uint8Array {
    return this.#bytes.room(length);
  }

  decode(length: number): Keyed<Mutable<PlanOperation>>[] {
    return this.recordsOf(this.#bytes.block(length));
  }

  bytesOf(block: OperationBlock): Uint8Array {
    return this.#bytes.of(block);
  }

  recordsOf(block: OperationBlock): Keyed<Mutable<PlanOperation>>[] {
    return this.#reader.records(block, this.byFrame);
  }

  blockOf(records: readonly Keyed<Mutable<PlanOperation>>[]): OperationBlock {
    const block = new OperationBlock(new Float64Array(NUMBERS * records.length));
    for (const { seq, value } of records) block.add(seq, value);
    return block;
  }
}

function keyOf({ at, frame, seq }: Key): Key {
  return { at, frame, seq };
}

function tellsAnswer(fields: { readonly frames?: Frames }): boolean {
  return fields.frames?.response !== undefined;
}

function isUse(fields: object): boolean {
  return "used" in fields && Object.keys(fields).length === 1;
}

function isOf(change: Key, { at, frame, seq }: Key): boolean {
  return Math.floor(change.seq) === seq && change.frame === frame && change.at === at;
}
