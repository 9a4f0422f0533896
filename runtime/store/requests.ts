/**
 * What the store is asked: how to open, rename and change files, and what it finds.
 *
 * @module
 */

import type { ExtendedAttribute, Link, NodeTimes, Stream } from "./node.ts";

/** What to do with a file that exists, and with one that does not (MS-FSA 2.1.5.1). */
export type Disposition =
  | "supersede"
  | "open"
  | "create"
  | "openIf"
  | "overwrite"
  | "overwriteIf";

/** What an open found or did. */
export type OpenAction = "superseded" | "opened" | "created" | "overwritten";

/** Bounds of a store; each has a default. */
export interface StoreOptions {
  /** The present time, for the times of the root. */
  readonly now: bigint;
  /** Bytes of content that all files may have together. */
  readonly maxBytes?: number;
  /** Files, directories and alternate streams that may exist. */
  readonly maxNodes?: number;
  /** Opens that may exist at one time. */
  readonly maxOpens?: number;
}

/** How to open a path. */
export interface OpenRequest {
  /** Path from the root with backslashes, without one in front; empty for the root. */
  readonly path: string;
  /** Rights wanted: bits of Access. */
  readonly access: number;
  /** What others may do: bits of Share. */
  readonly share: number;
  /** What to do with what exists or does not. */
  readonly disposition: Disposition;
  /** What the path must lead to. Default "any", which creates files. */
  readonly kind?: "file" | "directory" | "any";
  /** Attributes of a new or overwritten file. */
  readonly attributes?: number;
  /** Whether closing the open deletes the file. */
  readonly deleteOnClose?: boolean;
  /** Extended attributes of a new or overwritten file. */
  readonly eas?: readonly ExtendedAttribute[];
  /** Security descriptor of a new file. */
  readonly securityDescriptor?: Uint8Array;
  /** Bytes to reserve for a new or overwritten file. */
  readonly allocationSize?: number;
  /** The present time. */
  readonly now: bigint;
}

/** What a path leads to at present. */
export interface Found {
  /** The name. */
  readonly link: Link;
  /** The stream; undefined for a directory, or where it does not exist yet. */
  readonly stream: Stream | undefined;
  /** Whether the stream that the path names exists. */
  readonly streamExists: boolean;
}

/** A way to set some of the times and attributes of a node. */
export interface BasicChange {
  /** Times to set; those left out stay. */
  readonly times?: Partial<NodeTimes>;
  /** Times that operations through this open no longer change. */
  readonly freeze?: readonly (keyof NodeTimes)[];
  /** Times that they change again. */
  readonly thaw?: readonly (keyof NodeTimes)[];
  /** Attributes to set; left out, they stay. */
  readonly attributes?: number;
  /** The present time. */
  readonly now: bigint;
}

/** Where to move or to link to. */
export interface RenameOptions {
  /** New path from the root; or `:name` for a stream of the same file. */
  readonly path: string;
  /** Whether a file of that name may be replaced. */
  readonly replace: boolean;
  /** The present time. */
  readonly now: bigint;
}
