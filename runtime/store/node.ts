/**
 * What the file system is made of: nodes (files and directories), their names, streams and opens.
 * Plain records; every rule about them is in the store.
 *
 * @module
 */

import type { PagedContent } from "./content.ts";
import type { RangeLocks } from "./locks.ts";
import type { NamePattern } from "./wildcard.ts";

/** The four times of a node, in ticks of 100 ns of the caller's calendar. */
export interface NodeTimes {
  /** When it was created. */
  creation: bigint;
  /** When it was last read. */
  lastAccess: bigint;
  /** When its content was last written. */
  lastWrite: bigint;
  /** When anything about it was last changed. */
  change: bigint;
}

/** One extended attribute. */
export interface ExtendedAttribute {
  /** Name as it was set. */
  readonly name: string;
  /** Value. */
  readonly value: Uint8Array;
  /** 0x80 where an application must understand it to use the file (MS-FSCC 2.4.16). */
  readonly flags: number;
}

/** A stream of a file: the unnamed one, or an alternate one. */
export interface Stream {
  /** Name; empty for the unnamed stream. */
  name: string;
  /** What it holds. */
  readonly content: PagedContent;
  /** Who has locked which part. */
  readonly locks: RangeLocks<FileOpen>;
  /** Bytes reserved by a caller beyond what the length needs. */
  reserved: number;
  /** Whether it goes when its last open closes. */
  deletePending: boolean;
}

/** A name of a node: an entry of a directory. The root has one without a parent. */
export interface Link {
  /** The directory that has the entry; undefined for the root and after removal. */
  parent: FileNode | undefined;
  /** Name with its case kept. */
  name: string;
  /** What it leads to. */
  readonly node: FileNode;
  /** Whether it goes when its last open closes. */
  deletePending: boolean;
}

/** A file or a directory. */
export interface FileNode {
  /** Number of the node, unique in its store and never used again. */
  readonly id: bigint;
  /** Whether it is a directory. */
  readonly isDirectory: boolean;
  /** Attributes, without DIRECTORY and NORMAL, which follow from the rest. */
  attributes: number;
  /** Its times. */
  readonly times: NodeTimes;
  /** Streams by folded name; a file always has the unnamed one. */
  readonly streams: Map<string, Stream>;
  /** Entries by folded name; empty for a file. */
  readonly children: Map<string, Link>;
  /** Folded names in order, made when needed and dropped on every change. */
  sortedKeys: string[] | undefined;
  /** Its names: one for a directory, several for a file with hard links. */
  readonly links: Set<Link>;
  /** Opens of any of its streams. */
  readonly opens: Set<FileOpen>;
  /** Extended attributes by folded name. */
  readonly eas: Map<string, ExtendedAttribute>;
  /** Security descriptor in self-relative form, where one was set. */
  securityDescriptor: Uint8Array | undefined;
  /** Reparse data, where the node is a reparse point. */
  reparseData: Uint8Array | undefined;
}

/** Where an enumeration of a directory stands. */
export interface DirectoryCursor {
  /** What is searched for. */
  pattern: NamePattern;
  /** 0 before ".", 1 before "..", 2 in the entries. */
  stage: 0 | 1 | 2;
  /** Folded name of the last entry given out. */
  after: string;
  /** Whether anything was given out or the end was reached. */
  started: boolean;
}

/** One use of a file or directory. Everything done to it names the open. */
export interface FileOpen {
  /** Number of the open, unique in its store. */
  readonly id: number;
  /** What is open. */
  readonly node: FileNode;
  /** Under which name. */
  readonly link: Link;
  /** Which stream; undefined for a directory. */
  readonly stream: Stream | undefined;
  /** What the open may do. */
  readonly access: number;
  /** What others may do meanwhile. */
  readonly share: number;
  /** Whether closing it deletes what is open. */
  deleteOnClose: boolean;
  /** Whether it was closed. */
  closed: boolean;
  /** Times that operations through this open no longer change, because it has set them. */
  readonly frozenTimes: Set<keyof NodeTimes>;
  /** Enumeration, once one was begun. */
  cursor: DirectoryCursor | undefined;
}
