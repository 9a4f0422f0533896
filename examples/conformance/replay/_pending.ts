/** What the scenarios share in which a CREATE is replayed while it waits for another client. */
import { type Break, expect, type File, type OpenOptions, type User } from "smbench";
import { areOne, created, durable, REPLAY } from "./_replay.ts";

/** What a file is opened with, by either client. */
const CACHED = {
  none: { options: {}, granted: "none", durability: "none" },
  oplock: { options: { oplock: "batch" }, granted: "batch", durability: "durable2" },
  lease: {
    options: { lease: { state: "RWH", key: "its own" } },
    granted: "RWH",
    durability: "durable2",
  },
} as const;

/** CreateAction: the file was there (MS-SMB2 2.2.14). */
const OPENED = 1;

/** The holder is asked to give something up, and does not answer; the waiter's CREATE waits for that. */
async function contended(how: {
  readonly path: string;
  readonly holder: User;
  readonly waiter: User;
  readonly held: "oplock" | "lease";
  readonly offered: string;
  readonly request: OpenOptions;
}): Promise<{ readonly file: File; readonly event: Break; readonly waiting: Promise<File> }> {
  const { path, held, request } = how;
  const file = await created(how.holder, path, {
    access: "all",
    share: request.share ?? "rwd",
    disposition: "openIf",
    ...CACHED[held].options,
    contexts: durable("held"),
    onBreak: "withhold",
  });
  const waiting = how.waiter.open(path, request);
  expect(await waiting.pending).toBe(true);
  const event = await (held === "lease" ? file.leaseBreak() : file.oplockBreak());
  expect(event).toMatchObject({ to: how.offered, ackRequired: true });
  return { file, event, waiting };
}

/** A CREATE that still waits cannot be replayed; when it is done, the replay tells of it. */
export async function waitsForHolder(path: string, how: {
  readonly holder: User;
  readonly waiter: User;
  readonly held: "oplock" | "lease";
  readonly wanted: "none" | "oplock" | "lease";
}): Promise<void> {
  const { waiter } = how;
  const { options, granted, durability } = CACHED[how.wanted];
  const request: OpenOptions = { ...options, access: "all", contexts: durable("waiting") };
  const offered = how.held === "lease" ? "RH" : "II";
  const { file, waiting } = await contended({ ...how, path, offered, request });

  for (let i = 0; i < 2; i++) {
    await waiter.open(path, { ...request, ...REPLAY, expect: "FILE_NOT_AVAILABLE" });
  }
  await file.close();
  const done = await waiting;
  const again = await waiter.open(path, { ...request, ...REPLAY });
  for (const one of [done, again]) {
    expect(one).toMatchObject({ action: OPENED, granted, durability });
  }
  await areOne(done, again);
}

/** The same where nobody else may open the file: it depends on how the holder gives way. */
export async function waitsForShareMode(path: string, how: {
  readonly holder: User;
  readonly waiter: User;
  /** Whether the holder closes the file; otherwise it acknowledges, and keeps the file. */
  readonly closes: boolean;
}): Promise<void> {
  const { waiter } = how;
  const outcome = how.closes ? "SUCCESS" : "SHARING_VIOLATION";
  const replay: OpenOptions = { access: "r", share: "", contexts: durable("waiting"), ...REPLAY };
  const request = { ...replay, replay: false, expect: outcome };
  const held = { held: "lease", offered: "RW" } as const;
  const { file, event, waiting } = await contended({ ...how, ...held, path, request });

  await waiter.open(path, { ...replay, expect: "FILE_NOT_AVAILABLE" });
  if (how.closes) await file.close();
  else await event.acknowledge();
  const done = await waiting;
  await waiter.open(path, { ...replay, expect: outcome });
  if (!how.closes) await file.close();
  const last = await waiter.open(path, replay);
  expect(last).toMatchObject({ action: OPENED, granted: "none", durability: "none" });
  await last.close();
  if (how.closes) await done.read(0, 1, { expect: "FILE_CLOSED" });
  await waiter.remove(path);
}
