/**
 * What a server is told when it starts.
 *
 * @module
 */

import type { FileStore } from "../store/mod.ts";

/** A directory tree that clients connect to. */
export interface ShareOptions {
  /** Name, as in `\\server\name`; compared without regard to case. */
  readonly name: string;
  /** Its files; a new empty store unless given. Two shares may have the same store. */
  readonly store?: FileStore;
  /** Whether nothing in it can be changed. Default false. */
  readonly readOnly?: boolean;
  /** Shown in share lists. */
  readonly comment?: string;
  /** Whether guests and anonymous clients may connect. Default true, once the server lets them in at all. */
  readonly guests?: boolean;
}

/** An account. */
export interface UserOptions {
  /** Name, compared without regard to case. */
  readonly name: string;
  /** Password in clear. */
  readonly password: string;
}

/** How a server behaves. Everything but the shares has a default. */
export interface ServerOptions {
  /** What it serves. */
  readonly shares: readonly ShareOptions[];
  /** Who may log in. */
  readonly users?: readonly UserOptions[];
  /** NetBIOS name. Default `SMBENCH`. */
  readonly name?: string;
  /** Whether a user without account becomes a guest. Default false. */
  readonly guest?: boolean;
  /** Whether a client may log in without a name. Default true: share lists need it. */
  readonly anonymous?: boolean;
  /** Whether sessions of users must be signed. Default false. */
  readonly requireSigning?: boolean;
  /** Dialects it accepts, such as 0x0311. Default all from 2.0.2 to 3.1.1. */
  readonly dialects?: readonly number[];
  /** Largest read, write and transaction in bytes. Default 8 MiB. */
  readonly maxTransactSize?: number;
  /** Milliseconds that a client has to acknowledge a break. Default 35 000. */
  readonly breakTimeout?: number;
  /** Whether oplocks and leases are granted. Default true. */
  readonly caching?: boolean;
}
