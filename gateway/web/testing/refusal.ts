// How tests ask for the code of a refusal.

import { LikenessError } from "../protocol/errors.ts";
import type { ErrorCode } from "../protocol/wire.ts";

/** The code with which `attempt` is refused, or "accept"; any other error goes on. */
export async function refusal(attempt: () => unknown): Promise<ErrorCode | "accept"> {
  try {
    await attempt();
    return "accept";
  } catch (error) {
    if (error instanceof LikenessError) return error.code;
    throw error;
  }
}
