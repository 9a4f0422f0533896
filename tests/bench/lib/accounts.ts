/** Accounts of many users for benchmarks: `user0001`, `user0002`, ... as `-U 'user####'` counts them, with one password. */

export const PATTERN = "user####";
export const PASSWORD = "bench-Pa55word";

/** So many of them. */
export function accountsOf(count: number): { name: string; password: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `user${String(index + 1).padStart(4, "0")}`,
    password: PASSWORD,
  }));
}
