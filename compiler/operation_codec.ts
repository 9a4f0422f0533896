/**
 * Operations <-> numbers and texts: what many operations are is told by numbers in a fixed order, whatever else they have
 * by JSON. Records come back as they went in, fields in the same order.
 */
import type {
  CloseOperation,
  CreateOperation,
  Frames,
  OnFile,
  OperationBase,
  PlanFacts,
  PlanOperation,
  PlanPayload,
  QueryInfoOperation,
  ReadOperation,
  WriteOperation,
} from "./plan.ts";
import type { Mutable } from "./plan_list.ts";
import type { Keyed } from "./sorted_runs.ts";

/** What tells how a record is written: the kinds that are frequent, and JSON for all others. */
const Form = { JSON: 0, CREATE: 1, CLOSE: 2, READ: 3, WRITE: 4, QUERY_INFO: 5 } as const;

/** Bits of a record's first number beyond its form. */
const Bit = {
  FIRST: 1 << 4,
  INTERIM: 1 << 5,
  RESPONSE: 1 << 6,
  CHAIN: 1 << 7,
  RELATED: 1 << 8,
  HEADER: 1 << 9,
  CHANNEL_SEQUENCE: 1 << 10,
  REPLAY: 1 << 11,
  DFS: 1 << 12,
  /** A create was granted; a read returned something; a close or query told something. */
  ANSWER: 1 << 13,
  USED: 1 << 14,
  MORE: 1 << 15,
} as const;

const FORM_MASK = 15;

/** Most numbers of a record besides its lists. */
const MOST_NUMBERS = 48;

const NO_NUMBERS = new Float64Array(0);

/** Many operations as numbers and texts. */
export class OperationBlock {
  numbers: Float64Array<ArrayBuffer>;
  texts: string[];
  /** Numbers that are taken. */
  size = 0;
  count = 0;
  /** Characters of the texts, roughly. */
  characters = 0;
  #isClosed = false;
  /** Of the record that is being added. */
  #bits = 0;

  constructor(numbers: Float64Array<ArrayBuffer>, texts: string[] = []) {
    this.numbers = numbers;
    this.texts = texts;
  }

  /** Whether nothing of it can be changed any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Lets go of what is in it; returns the room for numbers, for another one. */
  close(): Float64Array<ArrayBuffer> {
    const { numbers } = this;
    this.numbers = NO_NUMBERS;
    this.texts = [];
    this.#isClosed = true;
    return numbers;
  }

  /** Bytes that it takes, roughly. */
  get bytes(): number {
    return this.numbers.byteLength + this.characters;
  }

  /** Adds a record; returns where it is. */
  add(seq: number, operation: PlanOperation): number {
    if (this.size + MOST_NUMBERS > this.numbers.length) this.#grow(this.size + MOST_NUMBERS);
    const at = this.size;
    this.numbers[at + 1] = seq;
    this.size = at + 2;
    const bits = this.#fields(operation);
    this.numbers[at] = bits;
    this.count++;
    return at;
  }

  /** Marks the CREATE there as used. */
  setUsed(at: number): void {
    this.numbers[at] = this.numbers[at]! | Bit.USED;
  }

  /** Whether the record there is a CREATE that can be marked. */
  isCreate(at: number): boolean {
    return (this.numbers[at]! & FORM_MASK) === Form.CREATE;
  }

  #grow(size: number): void {
    const larger = new Float64Array(Math.max(2 * this.numbers.length, size));
    larger.set(this.numbers.subarray(0, this.size));
    this.numbers = larger;
  }

  #fields(operation: PlanOperation): number {
    switch (operation.kind) {
      case "create":
        if (!isPlain(operation) || !isUsual(operation)) break;
        if (!this.#common(operation)) break;
        return this.#create(operation);
      case "close":
        if (!isPlain(operation) || !this.#common(operation)) break;
        return this.#close(operation);
      case "read":
        if (!isPlain(operation) || !this.#common(operation)) break;
        return this.#read(operation);
      case "write":
        if (!isPlain(operation) || !this.#common(operation)) break;
        return this.#write(operation);
      case "queryInfo":
        if (!isPlain(operation) || !this.#common(operation)) break;
        return this.#queryInfo(operation);
    }
    this.#text(JSON.stringify(operation));
    return Form.JSON;
  }

  #text(text: string): void {
    this.texts.push(text);
    this.characters += text.length;
  }

  /** What all of these have; false where names are unusual, and nothing is added. */
  #common(operation: OnFile): boolean {
    const { frames, chain, header } = operation;
    const tree = nameNumber(operation.tree, TREE_LETTER);
    const file = nameNumber(operation.file, FILE_LETTER);
    if (tree < 0 || file < 0) return false;
    const { numbers } = this;
    let size = this.size;
    let bits = 0;
    numbers[size++] = operation.id;
    numbers[size++] = Number(operation.client);
    numbers[size++] = operation.at;
    numbers[size++] = operation.answeredAt ?? NaN;
    numbers[size++] = operation.status ?? NaN;
    numbers[size++] = frames.request;
    if (frames.first !== undefined) {
      bits |= Bit.FIRST;
      numbers[size++] = frames.first;
    }
    if (frames.interim !== undefined) {
      bits |= Bit.INTERIM;
      numbers[size++] = frames.interim;
    }
    if (frames.response !== undefined) {
      bits |= Bit.RESPONSE;
      numbers[size++] = frames.response;
    }
    if (chain !== undefined) {
      bits |= chain.related ? Bit.CHAIN | Bit.RELATED : Bit.CHAIN;
      numbers[size++] = chain.id;
      numbers[size++] = chain.index;
    }
    if (header !== undefined) {
      bits |= Bit.HEADER;
      numbers[size++] = header.creditCharge ?? 0;
      numbers[size++] = header.credits ?? 0;
      if (header.channelSequence !== undefined) {
        bits |= Bit.CHANNEL_SEQUENCE;
        numbers[size++] = header.channelSequence;
      }
      if (header.replay === true) bits |= Bit.REPLAY;
      if (header.dfs === true) bits |= Bit.DFS;
    }
    numbers[size++] = tree;
    numbers[size++] = file;
    this.size = size;
    this.#bits = bits;
    return true;
  }

  #create(operation: CreateOperation): number {
    const { numbers } = this;
    let bits = this.#bits | Form.CREATE;
    let size = this.size;
    numbers[size++] = operation.access;
    numbers[size++] = operation.share;
    numbers[size++] = operation.disposition;
    numbers[size++] = operation.options;
    numbers[size++] = operation.attributes;
    numbers[size++] = operation.impersonation;
    numbers[size++] = operation.securityFlags;
    numbers[size++] = operation.oplock;
    this.#text(operation.path);
    const { granted } = operation;
    if (granted !== null) {
      bits |= Bit.ANSWER;
      numbers[size++] = granted.oplock;
      numbers[size++] = granted.lease ?? NaN;
      numbers[size++] = granted.action;
      numbers[size++] = granted.attributes ?? NaN;
      this.texts.push(granted.size, granted.allocation ?? "", granted.modified ?? "");
    }
    if (operation.used === true) bits |= Bit.USED;
    if (operation.contexts.length > 0 || operation.breaks !== undefined) {
      bits |= Bit.MORE;
      const { contexts, breaks } = operation;
      this.#text(JSON.stringify(breaks === undefined ? { contexts } : { contexts, breaks }));
    }
    this.size = size;
    return bits;
  }

  #close({ flags, told }: CloseOperation): number {
    this.numbers[this.size++] = flags;
    return this.#bits | Form.CLOSE | this.#told(told);
  }

  #told(told: PlanFacts | undefined): number {
    if (told === undefined) return 0;
    this.#text(JSON.stringify(told));
    return Bit.ANSWER;
  }

  #read(operation: ReadOperation): number {
    const { numbers } = this;
    let size = this.size;
    numbers[size++] = operation.length;
    numbers[size++] = operation.minimumCount;
    numbers[size++] = operation.flags;
    numbers[size++] = operation.padding;
    numbers[size++] = operation.remainingBytes;
    numbers[size++] = operation.channel;
    this.size = size;
    this.#text(operation.offset);
    return this.#bits | Form.READ | this.#payload(operation.returned);
  }

  #write(operation: WriteOperation): number {
    const { numbers } = this;
    let size = this.size;
    numbers[size++] = operation.flags;
    numbers[size++] = operation.remainingBytes;
    numbers[size++] = operation.channel;
    this.size = size;
    this.#text(operation.offset);
    return this.#bits | Form.WRITE | this.#payload(operation.data);
  }

  /** Length, and blocks where there are: what else there is, is JSON. */
  #payload(payload: PlanPayload | null): number {
    if (payload === null) return 0;
    const { length, sha256, blocks, zeros } = payload;
    if (zeros !== undefined) {
      this.#text(JSON.stringify(payload));
      return Bit.ANSWER | Bit.MORE;
    }
    const many = blocks?.length ?? -1;
    if (this.size + many + 2 > this.numbers.length) this.#grow(this.size + many + MOST_NUMBERS);
    const { numbers } = this;
    let size = this.size;
    numbers[size++] = length;
    numbers[size++] = many;
    if (blocks !== undefined) { for (const block of blocks) numbers[size++] = block; }
    this.size = size;
    this.#text(sha256 ?? "");
    return Bit.ANSWER;
  }

  #queryInfo(operation: QueryInfoOperation): number {
    const { numbers } = this;
    let size = this.size;
    numbers[size++] = operation.infoType;
    numbers[size++] = operation.class;
    numbers[size++] = operation.additional;
    numbers[size++] = operation.flags;
    numbers[size++] = operation.outputLength;
    numbers[size++] = operation.returnedLength ?? NaN;
    this.size = size;
    this.#text(operation.input);
    return this.#bits | Form.QUERY_INFO | this.#told(operation.told);
  }
}

/** Whether nothing of what is rare is there, and nothing missing of what is usual. */
function isPlain(operation: Writable): boolean {
  const { header, ids, via, incomplete, cancelled, pendingAt } = operation;
  return ids === undefined && via === undefined && incomplete === undefined &&
    cancelled === undefined && pendingAt === undefined &&
    (header === undefined || (header.creditCharge !== undefined && header.credits !== undefined));
}

/** Fields that are told by numbers and texts, or send an operation to JSON when they are there. */
type Known =
  | ("id" | "client" | "at" | "answeredAt" | "frames" | "status" | "after" | "chain" | "header")
  | ("ids" | "via" | "cancelled" | "incomplete" | "pendingAt")
  // Set behind this, anew in each pass.
  | ("enabledBy" | "afterOthers" | "afterPending")
  | ("tree" | "file")
  | ("kind" | "path" | "access" | "share" | "disposition" | "options" | "attributes")
  | ("impersonation" | "securityFlags" | "oplock" | "contexts" | "granted" | "used" | "breaks")
  | ("flags" | "told" | "offset" | "length" | "minimumCount" | "padding" | "remainingBytes")
  | ("channel" | "returned" | "data" | "infoType" | "class" | "additional" | "outputLength")
  | ("input" | "returnedLength" | "shared");

/** What can be written; nothing can where one of these has a field that is not known here. */
type Writable = [
  Exclude<
    | keyof CreateOperation
    | keyof CloseOperation
    | keyof ReadOperation
    | keyof WriteOperation
    | keyof QueryInfoOperation,
    Known
  >,
] extends [never] ? OperationBase : never;

/** Whether nothing is there that numbers do not tell, and all of what was granted, if anything was. */
function isUsual(operation: CreateOperation): boolean {
  const { granted } = operation;
  if ("shared" in operation) return false;
  return granted === null || (granted.attributes !== undefined &&
    granted.allocation !== undefined && granted.modified !== undefined);
}

const ZERO = 48;
const NINE = 57;

/** Digits of names that are numbers. */
const MOST_DIGITS = 15;

/** `f12` as 12 where the letter is that one; -1 for other names. */
function nameNumber(name: string, letter: number): number {
  if (name.length < 2 || name.length > MOST_DIGITS || name.charCodeAt(0) !== letter) return -1;
  if (name.charCodeAt(1) === ZERO) return -1;
  let number = 0;
  for (let at = 1; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code < ZERO || code > NINE) return -1;
    number = 10 * number + code - ZERO;
  }
  return number;
}

const TREE_LETTER = "t".charCodeAt(0);
const FILE_LETTER = "f".charCodeAt(0);

/** Numbers as text that are asked for one after the other: of clients and trees there are few. */
class Names {
  readonly #letter: string;
  #number = -1;
  #name = "";

  constructor(letter: string) {
    this.#letter = letter;
  }

  of(number: number): string {
    if (number !== this.#number) {
      this.#number = number;
      this.#name = this.#letter + number;
    }
    return this.#name;
  }
}

/** Reads the records of blocks. */
export class BlockReader {
  readonly #clients = new Names("");
  readonly #trees = new Names("t");
  readonly #files = new Names("f");
  #numbers = new Float64Array(0);
  #texts: readonly string[] = [];
  #at = 0;
  #text = 0;

  /** All records of a block; where frames alone tell the order, keys have no time. */
  records(
    { numbers, texts, count }: OperationBlock,
    byFrame: boolean,
  ): Keyed<Mutable<PlanOperation>>[] {
    this.#numbers = numbers;
    this.#texts = texts;
    this.#at = 0;
    this.#text = 0;
    const records: Keyed<Mutable<PlanOperation>>[] = [];
    for (let i = 0; i < count; i++) {
      const bits = this.#next();
      const seq = this.#next();
      const value = this.#operation(bits);
      const { frames } = value;
      const frame = frames.first ?? frames.request;
      records.push({ at: byFrame ? 0 : value.at, frame, seq, value });
    }
    this.#texts = [];
    return records;
  }

  #next(): number {
    return this.#numbers[this.#at++]!;
  }

  #orNull(): number | null {
    const number = this.#numbers[this.#at++]!;
    return Number.isNaN(number) ? null : number;
  }

  #nextText(): string {
    return this.#texts[this.#text++]!;
  }

  #operation(bits: number): Mutable<PlanOperation> {
    const form = bits & FORM_MASK;
    if (form === Form.JSON) return JSON.parse(this.#nextText());
    const id = this.#next();
    const client = this.#clients.of(this.#next());
    const at = this.#next();
    const answeredAt = this.#orNull();
    const status = this.#orNull();
    const frames = this.#frames(bits);
    const chain = (bits & Bit.CHAIN) === 0 ? undefined : this.#chain(bits);
    const header = (bits & Bit.HEADER) === 0 ? undefined : this.#header(bits);
    const tree = this.#trees.of(this.#next());
    const file = this.#files.of(this.#next());
    const base = { id, client, at, answeredAt, frames, status, tree, file };
    const operation = this.#own(form, bits, base);
    if (chain !== undefined) operation.chain = chain;
    if (header !== undefined) operation.header = header;
    return operation;
  }

  #frames(bits: number): Frames {
    const request = this.#next();
    if ((bits & (Bit.FIRST | Bit.INTERIM | Bit.RESPONSE)) === Bit.RESPONSE) {
      return { request, response: this.#next() };
    }
    const frames: Mutable<Frames> = { request };
    if ((bits & Bit.FIRST) !== 0) frames.first = this.#next();
    if ((bits & Bit.INTERIM) !== 0) frames.interim = this.#next();
    if ((bits & Bit.RESPONSE) !== 0) frames.response = this.#next();
    return frames;
  }

  #chain(bits: number): NonNullable<OperationBase["chain"]> {
    return { id: this.#next(), index: this.#next(), related: (bits & Bit.RELATED) !== 0 };
  }

  #header(bits: number): NonNullable<OperationBase["header"]> {
    const header: Mutable<NonNullable<OperationBase["header"]>> = {
      creditCharge: this.#next(),
      credits: this.#next(),
    };
    if ((bits & Bit.CHANNEL_SEQUENCE) !== 0) header.channelSequence = this.#next();
    if ((bits & Bit.REPLAY) !== 0) header.replay = true;
    if ((bits & Bit.DFS) !== 0) header.dfs = true;
    return header;
  }

  #own(form: number, bits: number, base: Base): Mutable<PlanOperation> {
    switch (form) {
      case Form.CREATE:
        return this.#create(bits, base);
      case Form.CLOSE:
        return this.#close(bits, base);
      case Form.READ:
        return this.#read(bits, base);
      case Form.WRITE:
        return this.#write(bits, base);
      default:
        return this.#queryInfo(bits, base);
    }
  }

  #create(bits: number, base: Base): Mutable<CreateOperation> {
    const { id, client, at, answeredAt, frames, status, tree, file } = base;
    const operation: Mutable<CreateOperation> = {
      kind: "create",
      tree,
      file,
      path: this.#nextText(),
      access: this.#next(),
      share: this.#next(),
      disposition: this.#next(),
      options: this.#next(),
      attributes: this.#next(),
      impersonation: this.#next(),
      securityFlags: this.#next(),
      oplock: this.#next(),
      contexts: NONE,
      granted: (bits & Bit.ANSWER) === 0 ? null : this.#granted(),
      id,
      client,
      at,
      answeredAt,
      frames,
      status,
      after: NONE,
    };
    if ((bits & Bit.MORE) !== 0) Object.assign(operation, JSON.parse(this.#nextText()));
    if ((bits & Bit.USED) !== 0) operation.used = true;
    return operation;
  }

  #granted(): NonNullable<CreateOperation["granted"]> {
    const oplock = this.#next();
    const lease = this.#orNull();
    const action = this.#next();
    const attributes = this.#next();
    return {
      oplock,
      lease,
      action,
      size: this.#nextText(),
      attributes,
      allocation: this.#nextText(),
      modified: this.#nextText(),
    };
  }

  #close(bits: number, base: Base): Mutable<CloseOperation> {
    const { id, client, at, answeredAt, frames, status, tree, file } = base;
    const flags = this.#next();
    const told = this.#told(bits);
    const own = { id, client, at, answeredAt, frames, status, after: NONE };
    return told === undefined
      ? { kind: "close", flags, tree, file, ...own }
      : { kind: "close", flags, told, tree, file, ...own };
  }

  #told(bits: number): PlanFacts | undefined {
    return (bits & Bit.ANSWER) === 0 ? undefined : JSON.parse(this.#nextText());
  }

  #read(bits: number, base: Base): Mutable<ReadOperation> {
    const { id, client, at, answeredAt, frames, status, tree, file } = base;
    return {
      kind: "read",
      offset: this.#nextText(),
      length: this.#next(),
      minimumCount: this.#next(),
      flags: this.#next(),
      padding: this.#next(),
      remainingBytes: this.#next(),
      channel: this.#next(),
      returned: this.#payload(bits),
      tree,
      file,
      id,
      client,
      at,
      answeredAt,
      frames,
      status,
      after: NONE,
    };
  }

  #write(bits: number, base: Base): Mutable<WriteOperation> {
    const { id, client, at, answeredAt, frames, status, tree, file } = base;
    return {
      kind: "write",
      offset: this.#nextText(),
      flags: this.#next(),
      remainingBytes: this.#next(),
      channel: this.#next(),
      data: this.#payload(bits)!,
      tree,
      file,
      id,
      client,
      at,
      answeredAt,
      frames,
      status,
      after: NONE,
    };
  }

  #payload(bits: number): PlanPayload | null {
    if ((bits & Bit.ANSWER) === 0) return null;
    if ((bits & Bit.MORE) !== 0) return JSON.parse(this.#nextText());
    const length = this.#next();
    const many = this.#next();
    const sha256 = this.#nextText();
    const payload: Mutable<PlanPayload> = { length };
    if (sha256 !== "") payload.sha256 = sha256;
    if (many >= 0) {
      const from = this.#at;
      this.#at += many;
      payload.blocks = Array.from(this.#numbers.subarray(from, this.#at));
    }
    return payload;
  }

  #queryInfo(bits: number, base: Base): Mutable<QueryInfoOperation> {
    const { id, client, at, answeredAt, frames, status, tree, file } = base;
    const operation: Mutable<QueryInfoOperation> = {
      kind: "queryInfo",
      infoType: this.#next(),
      class: this.#next(),
      additional: this.#next(),
      flags: this.#next(),
      outputLength: this.#next(),
      input: this.#nextText(),
      returnedLength: this.#orNull(),
      tree,
      file,
      id,
      client,
      at,
      answeredAt,
      frames,
      status,
      after: NONE,
    };
    const told = this.#told(bits);
    if (told !== undefined) operation.told = told;
    return operation;
  }
}

type Base = Pick<
  CloseOperation,
  "id" | "client" | "at" | "answeredAt" | "frames" | "status" | "tree" | "file"
>;

const NONE: readonly never[] = [];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Numbers before those of the block: how many records it has, and how many numbers. */
const HEADER_NUMBERS = 2;

/** Writes blocks as bytes, and reads them. */
export class BlockBytes {
  #numbers = NO_NUMBERS;
  #bytes = new Uint8Array(0);

  /** The block as bytes, which hold until the next one. */
  of({ numbers, size, count, texts }: OperationBlock): Uint8Array {
    const text = JSON.stringify(texts);
    const fixed = 8 * (HEADER_NUMBERS + size);
    // A UTF-16 unit becomes three bytes at most.
    this.room(fixed + 3 * text.length);
    this.#numbers[0] = count;
    this.#numbers[1] = size;
    this.#numbers.set(numbers.subarray(0, size), HEADER_NUMBERS);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(fixed));
    return this.#bytes.subarray(0, fixed + written);
  }

  /** Room for so many bytes of a block, which holds until the next one. */
  room(length: number): Uint8Array {
    if (length > this.#bytes.length) {
      this.#numbers = new Float64Array(Math.ceil(length / 8));
      this.#bytes = new Uint8Array(this.#numbers.buffer);
    }
    return this.#bytes.subarray(0, length);
  }

  /** The block whose bytes were put into that room. */
  block(length: number): OperationBlock {
    const [count = 0, size = 0] = this.#numbers;
    const texts = this.#bytes.subarray(8 * (HEADER_NUMBERS + size), length);
    const block = new OperationBlock(
      this.#numbers.subarray(HEADER_NUMBERS, HEADER_NUMBERS + size),
      JSON.parse(decoder.decode(texts)),
    );
    block.size = size;
    block.count = count;
    return block;
  }
}
