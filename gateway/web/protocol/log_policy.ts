// Whom to believe about the log: its key, the witnesses, and how many of them (C2SP tlog-policy).
//
// The twin of schemas/log_policy.py. The page pins the text of its policy; URLs in it are of no concern here.

import { cosignedAt, readCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { LikenessError } from "./errors.ts";
import { isSigned, readDecimal, readNote, readVkey, type SignatureKind, type VerifierKey } from "./note.ts";
import { toHex, utf8 } from "./scalars.ts";

/** A cosignature older than this says nothing about now. */
export const MAX_CHECKPOINT_AGE_SECONDS = 600;
/** How far a witness's clock may be ahead of ours. */
export const MAX_AHEAD_SECONDS = 60;
const MAX_POLICY_BYTES = 64 * 1024;
const MAX_NAMES = 32;
const NONE = "none";

/** What a verifier believes. Names of witnesses and groups mean nothing outside of it. */
export interface Policy {
  readonly log: VerifierKey;
  readonly witnesses: ReadonlyMap<string, VerifierKey>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly quorum: string;
}

/** Witnesses or groups of which `threshold` must have witnessed a checkpoint. */
export interface Group {
  readonly threshold: number;
  readonly members: readonly string[];
}

/** A checkpoint that the policy accepts. */
export interface Witnessed {
  readonly checkpoint: Checkpoint;
  /** The latest time (seconds) at or after which a quorum saw it; null where the policy asks for no witness. */
  readonly at: number | null;
  /** Those that count, by their names in the policy, in its order. */
  readonly witnesses: readonly string[];
}

/**
 * The checkpoint in `raw`, a signed note, if `policy` accepts it (spec/transparency-log.md section 5). With `now` (seconds)
 * it must have been witnessed within `MAX_CHECKPOINT_AGE_SECONDS`; without, at any time.
 *
 * @throws note-malformed: not a signed checkpoint.
 * @throws note-untrusted: not of the policy's log, or a signature by one of its keys does not verify.
 * @throws checkpoint-unwitnessed: too few witnesses cosigned it.
 * @throws checkpoint-stale: enough did, but too long ago (or in the future).
 */
export async function openCheckpoint(policy: Policy, raw: string, now: number | null): Promise<Witnessed> {
  const note = readNote(raw);
  if (!(await isSigned(note, policy.log))) throw new LikenessError("note-untrusted");
  const checkpoint = await readCheckpoint(note.text);
  if (checkpoint.origin !== policy.log.name) throw new LikenessError("note-untrusted", "a checkpoint of another log");
  const ever = new Map<string, number>();
  const fresh = new Map<string, number>();
  for (const [name, key] of policy.witnesses) {
    for (const at of await cosignedAt(note, key)) {
      keepLatest(ever, name, at);
      if (isFresh(at, now)) keepLatest(fresh, name, at);
    }
  }
  if (!isMet(policy, ever)) throw new LikenessError("checkpoint-unwitnessed");
  if (!isMet(policy, fresh)) throw new LikenessError("checkpoint-stale");
  return { checkpoint, at: quorumTime(policy, fresh), witnesses: [...fresh.keys()] };
}

function keepLatest(times: Map<string, number>, name: string, at: number): void {
  times.set(name, Math.max(at, times.get(name) ?? 0));
}

function isFresh(at: number, now: number | null): boolean {
  return now === null || (now - MAX_CHECKPOINT_AGE_SECONDS <= at && at <= now + MAX_AHEAD_SECONDS);
}

function isMet(policy: Policy, witnesses: ReadonlyMap<string, number>): boolean {
  const has = (name: string): boolean => {
    const group = policy.groups.get(name);
    return group ? group.members.filter(has).length >= group.threshold : witnesses.has(name);
  };
  return policy.quorum === NONE || has(policy.quorum);
}

/** Latest first: the time of the witness with whom the quorum is complete. */
function quorumTime(policy: Policy, times: ReadonlyMap<string, number>): number | null {
  const seen = new Map<string, number>();
  if (isMet(policy, seen)) return null;
  for (const [name, at] of [...times].sort(([, a], [, b]) => b - a)) {
    if (isMet(policy, seen.set(name, at))) return at;
  }
  throw new LikenessError("checkpoint-unwitnessed");
}

/**
 * The policy that `text` spells.
 *
 * @throws policy-invalid: a line that is none, a name used twice or too early, a key used twice, no log or more than one,
 *   no quorum or more than one, or more names than allowed.
 */
export async function readPolicy(text: string): Promise<Policy> {
  const isText = !/[\x00-\x08\x0b-\x1f\x7f]/.test(text) && !/\p{Surrogate}/u.test(text);
  need(isText && text.endsWith("\n") && utf8(text).length <= MAX_POLICY_BYTES, "no text of a policy");
  const draft = new Draft();
  for (const line of text.split("\n")) {
    const words = line.split(/[ \t]+/).filter((word) => word !== "");
    if (words[0] !== undefined && !words[0].startsWith("#")) await draft.take(words);
  }
  return draft.policy();
}

/** A policy while its lines are read. */
class Draft {
  private log: VerifierKey | undefined;
  private quorum: string | undefined;
  private readonly witnesses = new Map<string, VerifierKey>();
  private readonly groups = new Map<string, Group>();
  private readonly keys = new Set<string>();
  private readonly members = new Set<string>();

  async take([verb, ...words]: readonly string[]): Promise<void> {
    const [first = "", second = "", ...rest] = words;
    if (verb === "log" && !this.log && (words.length === 1 || words.length === 2)) {
      this.log = await this.key(first, "ed25519");
    } else if (verb === "witness" && this.witnesses.size < MAX_NAMES && (words.length === 2 || words.length === 3)) {
      this.define(first);
      this.witnesses.set(first, await this.key(second, "cosignature"));
    } else if (verb === "group" && this.groups.size < MAX_NAMES && rest.length > 0) {
      this.define(first);
      this.groups.set(first, await this.group(second, rest));
    } else {
      const isQuorum = verb === "quorum" && this.quorum === undefined && words.length === 1;
      need(isQuorum && (first === NONE || this.knows(first)), "a line that is none, or one too many");
      this.quorum = first;
    }
  }

  policy(): Policy {
    const { log, quorum, witnesses, groups } = this;
    if (!log || quorum === undefined) throw new LikenessError("policy-invalid", "no log, or no quorum");
    return { log, quorum, witnesses, groups };
  }

  private knows(name: string): boolean {
    return this.witnesses.has(name) || this.groups.has(name);
  }

  private define(name: string): void {
    need(name !== NONE && !this.knows(name), "a name used twice, or a reserved one");
  }

  private async key(vkey: string, kind: SignatureKind): Promise<VerifierKey> {
    const key = await asPolicy(() => readVkey(vkey));
    const raw = toHex(key.raw);
    // One key in two roles would be one party counted twice: also a witness that is the log itself.
    need(key.kind === kind && !this.keys.has(raw), "a key of another kind than its line, or used twice");
    this.keys.add(raw);
    return key;
  }

  private async group(threshold: string, members: readonly string[]): Promise<Group> {
    for (const name of members) {
      need(this.knows(name), "a group of names not defined before it");
      // Each name may be a member once in the whole policy, so that no witness counts twice.
      need(!this.members.has(name), "a name is a member twice");
      this.members.add(name);
    }
    const words = new Map([
      ["any", 1],
      ["all", members.length],
    ]);
    const least = words.get(threshold) ?? (await asPolicy(() => readDecimal(threshold)));
    need(1 <= least && least <= members.length, "a threshold that nobody or anybody meets");
    return { threshold: least, members };
  }
}

async function asPolicy<T>(read: () => Promise<T> | T): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new LikenessError("policy-invalid", "not a key, or not a number", { cause });
  }
}

function need(holds: boolean, detail: string): asserts holds {
  if (!holds) throw new LikenessError("policy-invalid", detail);
}
