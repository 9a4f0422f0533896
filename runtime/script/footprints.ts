/** The names that a run made: what may be removed after it, as nobody else's file has them. */

/** Names of files and directories, by share: its name, or `\\server\share`. */
export class Footprints {
  readonly #names = new Map<string, { readonly share: string; readonly path: string }>();

  /** A name is new, and this run's. What lies in a directory of this run's goes with that. */
  made(share: string, path: string): void {
    const end = path.lastIndexOf("\\");
    if (end > 0 && this.has(share, path.slice(0, end))) return;
    this.#names.set(keyOf(share, path), { share: nameOf(share), path });
  }

  /** Forgets all. */
  clear(): void {
    this.#names.clear();
  }

  /** What had a name has another one: the new one is this run's where the file is. */
  moved(share: string, from: string, to: string): void {
    if (this.has(share, from)) this.made(share, to);
  }

  /** Whether a name, or a directory that it lies in, is this run's. */
  has(share: string, path: string): boolean {
    for (let end = path.length; end > 0; end = path.lastIndexOf("\\", end - 1)) {
      if (this.#names.has(keyOf(share, path.slice(0, end)))) return true;
    }
    return false;
  }

  /** The names that lie in no directory of this run's. */
  tops(): { readonly share: string; readonly path: string }[] {
    return [...this.#names.values()].filter(({ share, path }) => {
      const end = path.lastIndexOf("\\");
      return end <= 0 || !this.has(share, path.slice(0, end));
    });
  }
}

function keyOf(share: string, path: string): string {
  return `${nameOf(share)}\\${path}`.toUpperCase();
}

function nameOf(share: string): string {
  return share.slice(share.lastIndexOf("\\") + 1);
}
