// Entry of the vision worker: the only code that ever sees the photo.
//
// It is served with `default-src 'none'; script-src 'wasm-unsafe-eval'`, so it has no network, and this file and its
// neighbours do not try. The page ends the worker to stop it; that also frees everything it held.

import { LikenessError } from "../protocol/errors.ts";
import type { FromVision, ToVision } from "./messages.ts";
import { measure } from "./measure.ts";
import { type Models, openModels } from "./models.ts";

let models: Promise<Models> | undefined;

function say(message: FromVision, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

async function answer(asked: ToVision): Promise<void> {
  if (asked.ask === "prepare") {
    models = openModels(asked.wasm, asked.models);
    await models;
    say({ say: "ready" });
    return;
  }
  if (!models) throw new LikenessError("models-unavailable");
  const measured = await measure(await models, asked.photo, (step) => say({ say: "step", step }));
  say({ say: "measured", measured }, [measured.crop.data.buffer]);
}

self.onmessage = (event: MessageEvent<ToVision>): void => {
  answer(event.data).catch((error: unknown) => {
    // An unknown error's text might describe the photo, so that only its being unknown is told.
    say({ say: "refused", code: error instanceof LikenessError ? error.code : "not-expected" });
  });
};
