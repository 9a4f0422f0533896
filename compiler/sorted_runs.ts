/**
 * External sorting: records that come in any order are written in sorted runs, and read back merged, as often as wanted,
 * with little more in memory than a block of each run that overlaps another.
 */
import type { Scratch } from "./capture/mod.ts";

/** A place in the order. */
export interface Key {
  readonly at: number;
  readonly frame: number;
  /** Order of arrival of what has the same frame. */
  readonly seq: number;
}

/** Negative when `one` comes before `other`. */
export function compareKeys(one: Key, other: Key): number {
  return one.at - other.at || one.frame - other.frame || one.seq - other.seq;
}

/** A record under its key. */
export interface Keyed<T> extends Key {
  readonly value: T;
}

/** How the records of a block are kept. */
export interface BlockCodec<T> {
  /** Bytes that hold until the next call. */
  encode(records: readonly Keyed<T>[]): Uint8Array;
  /** Room for the bytes of a block. */
  room(length: number): Uint8Array;
  /** The records whose bytes were put into that room. */
  decode(length: number): Keyed<T>[];
}

/** Records of one block: what is read at a time of one run. */
const BLOCK = 256;

/** Runs of one level that become one of the next: so many blocks of a level are in memory at most. */
const FAN_IN = 16;

interface Block {
  readonly position: number;
  readonly length: number;
}

interface Run {
  readonly level: number;
  readonly first: Key;
  last: Key;
  readonly blocks: Block[];
}

/** Sorted runs in a scratch file. */
export class SortedRuns<T> {
  readonly #scratch: Scratch;
  readonly #codec: BlockCodec<T>;
  #runs: Run[] = [];

  constructor(scratch: Scratch, codec: BlockCodec<T> = new PlainJson()) {
    this.#scratch = scratch;
    this.#codec = codec;
  }

  /** Writes records that are in order. */
  write(records: readonly Keyed<T>[]): void {
    const [first, last] = [records[0], records.at(-1)];
    if (first === undefined || last === undefined) return;
    const blocks: Block[] = [];
    for (let start = 0; start < records.length; start += BLOCK) {
      blocks.push(this.#writeRecords(records.slice(start, start + BLOCK)));
    }
    this.#append(blocks, first, last);
  }

  /** Writes a block of records that are in order, from `first` to `last`. */
  writeBlock(bytes: Uint8Array, first: Key, last: Key): void {
    this.#append([this.#writeBytes(bytes)], first, last);
  }

  #append(blocks: readonly Block[], first: Key, last: Key): void {
    const before = this.#runs.find((run) => run.level === 0 && compareKeys(run.last, first) <= 0);
    if (before !== undefined) {
      // A capture that is in order has one run, whatever its size.
      before.blocks.push(...blocks);
      before.last = keyOf(last);
      return;
    }
    this.#runs.push({ level: 0, first: keyOf(first), last: keyOf(last), blocks: [...blocks] });
    this.#merge(0);
  }

  #writeRecords(records: readonly Keyed<T>[]): Block {
    return this.#writeBytes(this.#codec.encode(records));
  }

  #writeBytes(bytes: Uint8Array): Block {
    return { position: this.#scratch.append(bytes), length: bytes.byteLength };
  }

  #merge(level: number): void {
    const full = this.#runs.filter((run) => run.level === level);
    if (full.length < FAN_IN) return;
    const merged: Run = {
      level: level + 1,
      first: full.map(({ first }) => first).reduce((a, b) => compareKeys(a, b) <= 0 ? a : b),
      last: full.map(({ last }) => last).reduce((a, b) => compareKeys(a, b) >= 0 ? a : b),
      blocks: [],
    };
    let block: Keyed<T>[] = [];
    for (const record of this.#mergedOf(full)) {
      block.push(record);
      if (block.length < BLOCK) continue;
      merged.blocks.push(this.#writeRecords(block));
      block = [];
    }
    if (block.length > 0) merged.blocks.push(this.#writeRecords(block));
    this.#runs = [...this.#runs.filter((run) => run.level !== level), merged];
    this.#merge(level + 1);
  }

  /** All records in order; those with equal keys as they came. */
  records(): Iterable<Keyed<T>> {
    return this.#mergedOf(this.#runs);
  }

  *#mergedOf(runs: readonly Run[]): Generator<Keyed<T>> {
    const waiting = runs.toSorted((one, other) => compareKeys(one.first, other.first));
    let active: Cursor<T>[] = [];
    for (;;) {
      let least: Cursor<T> | undefined;
      for (const cursor of active) {
        if (least === undefined || compareKeys(cursor.head, least.head) < 0) least = cursor;
      }
      const next = waiting[0];
      if (next !== undefined && (least === undefined || compareKeys(next.first, least.head) < 0)) {
        waiting.shift();
        active.push(new Cursor(next.blocks, (block) => this.#read(block)));
        continue;
      }
      if (least === undefined) return;
      // Until another run has something before it.
      const limit = leastOf([...active.filter((cursor) => cursor !== least), ...waiting]);
      do {
        yield least.head;
        if (!least.advance()) {
          active = active.filter((cursor) => cursor !== least);
          break;
        }
      } while (limit === undefined || compareKeys(least.head, limit) < 0);
    }
  }

  #read({ position, length }: Block): Keyed<T>[] {
    this.#scratch.read(position, this.#codec.room(length));
    return this.#codec.decode(length);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** For values that are plain JSON. */
class PlainJson<T> implements BlockCodec<T> {
  #bytes = new Uint8Array(0);

  encode(records: readonly Keyed<T>[]): Uint8Array {
    const flat: unknown[] = [];
    for (const { at, frame, seq, value } of records) flat.push(at, frame, seq, value);
    return encoder.encode(JSON.stringify(flat));
  }

  room(length: number): Uint8Array {
    if (length > this.#bytes.length) this.#bytes = new Uint8Array(length);
    return this.#bytes.subarray(0, length);
  }

  decode(length: number): Keyed<T>[] {
    const flat = JSON.parse(decoder.decode(this.room(length)));
    const records: Keyed<T>[] = [];
    for (let at = 0; at < flat.length; at += 4) {
      records.push({ at: flat[at], frame: flat[at + 1], seq: flat[at + 2], value: flat[at + 3] });
    }
    return records;
  }
}

function keyOf({ at, frame, seq }: Key): Key {
  return { at, frame, seq };
}

function leastOf(places: readonly (Cursor<unknown> | Run)[]): Key | undefined {
  let least: Key | undefined;
  for (const place of places) {
    const key = place instanceof Cursor ? place.head : place.first;
    if (least === undefined || compareKeys(key, least) < 0) least = key;
  }
  return least;
}

/** Reads one run, a block at a time. */
class Cursor<T> {
  readonly #blocks: readonly Block[];
  readonly #read: (block: Block) => Keyed<T>[];
  #records: Keyed<T>[];
  #block = 0;
  #at = 0;

  constructor(blocks: readonly Block[], read: (block: Block) => Keyed<T>[]) {
    this.#blocks = blocks;
    this.#read = read;
    this.#records = read(blocks[0]!);
  }

  get head(): Keyed<T> {
    return this.#records[this.#at]!;
  }

  /** False when the run is at its end. */
  advance(): boolean {
    if (++this.#at < this.#records.length) return true;
    const next = this.#blocks[++this.#block];
    if (next === undefined) return false;
    this.#records = this.#read(next);
    this.#at = 0;
    return true;
  }
}
