// What a person reads when something goes wrong: what happened, and what to do. One entry for every code there is.
//
// Whether anything left the device is not said here: the page knows how far it got and says it beside these words.

import type { ErrorCode } from "../protocol/wire.ts";

export interface Words {
  readonly title: string;
  readonly whatToDo: string;
}

const NAMED = "Their name is at the bottom of this page.";
const AGAIN = `Please try again. If it happens again, tell the operator. ${NAMED}`;
const RELOAD = `Reload the page and try again. If it happens again, tell the operator. ${NAMED}`;
const CONSENT_AGAIN = "Go back one step, read the notice and agree again.";
const OPERATOR = `This is for the operator to put right, not for you. ${NAMED}`;

const GARBLED: Words = { title: "A message could not be read", whatToDo: RELOAD };
const UNTRUSTED: Words = {
  title: "A message was not signed by whom it should be",
  whatToDo: `The page stopped, because it cannot tell who is speaking. ${RELOAD}`,
};
const NOT_ALLOWED: Words = { title: "The consent does not cover this", whatToDo: CONSENT_AGAIN };
const BAD_RECORD: Words = {
  title: "The likeness record was not accepted",
  whatToDo: "Go back to the photo and start again; another photo may help.",
};
const BAD_SEAL: Words = { title: "A sealed message could not be opened", whatToDo: AGAIN };
const JOB_OVER: Words = { title: "The job ended early", whatToDo: AGAIN };
const UNLOGGED: Words = {
  title: "The gateway could not show that this stands in the public log",
  whatToDo: `The page stopped before anything more was sent. ${RELOAD}`,
};
const NOT_READY: Words = { title: "The service is not set up properly", whatToDo: OPERATOR };

export const WORDS: Readonly<Record<ErrorCode, Words>> = {
  // The photo.
  "photo-type": { title: "This is not a photo the page can read", whatToDo: "Choose a JPEG, PNG or WebP file." },
  "photo-heic": {
    title: "This photo is in the HEIC or AVIF format",
    whatToDo: "Export it as JPEG first. On an iPhone: Settings, Camera, Formats, “Most Compatible”.",
  },
  "photo-animated": { title: "This is an animation", whatToDo: "Choose a single, still photo (JPEG, PNG or WebP)." },
  "photo-corrupt": {
    title: "The photo is damaged or incomplete",
    whatToDo: "Open it in another program to see whether it is whole, or choose another one.",
  },
  "photo-too-large": {
    title: "The photo is too large",
    whatToDo: "Choose one below 30 MB and 100 megapixels, or make it smaller first.",
  },
  "photo-too-small": {
    title: "The photo is too small",
    whatToDo: "Choose one with at least 200 pixels on each side; 600 or more is better.",
  },
  "no-face": {
    title: "No face was found",
    whatToDo: "Choose a photo in which your face is large, well lit and looks towards the camera.",
  },
  "many-faces": {
    title: "There is more than one face in the photo",
    whatToDo: "Choose a photo of you alone, or cut the others out first. Faces on posters and screens count too.",
  },
  "face-too-small": {
    title: "Your face is too small in the photo",
    whatToDo: "Come closer, or choose a larger photo.",
  },
  "face-cut-off": {
    title: "Your face is cut off",
    whatToDo: "Choose a photo that shows all of your face with some room around it.",
  },
  "face-turned": {
    title: "Your face is turned away",
    whatToDo: "Choose a photo in which you look towards the camera.",
  },
  "face-blurred": {
    title: "Your face is not sharp",
    whatToDo: "Hold still, clean the lens, or choose a sharper photo.",
  },
  "face-dark": {
    title: "Your face is too dark or too bright",
    whatToDo: "Turn towards a window or a lamp, without strong light from behind or the side.",
  },
  "age-refused": {
    title: "The page could not make sure that you are an adult",
    whatToDo:
      "Likeness is for adults. An estimate ran on this device and was not clearly adult; such estimates are often wrong " +
      `by several years. If you are an adult, another photo may help, or write to the operator. ${NAMED}`,
  },
  "camera-unavailable": {
    title: "The camera could not be used",
    whatToDo: "Allow this page to use it, close other programs that use it, or choose a photo instead.",
  },

  // The page.
  "models-unavailable": {
    title: "The face models could not be loaded",
    whatToDo: `Check your connection and reload the page. If it happens again, tell the operator. ${NAMED}`,
  },
  "browser-unsupported": {
    title: "This browser lacks something the page needs",
    whatToDo:
      "Use a current version of Chrome, Edge, Firefox or Safari, and open the page over https (or on this machine).",
  },
  "gateway-unreachable": {
    title: "The gateway does not answer",
    whatToDo: "Check your connection and try again in a moment.",
  },
  "not-expected": { title: "Something unexpected happened", whatToDo: RELOAD },
  error: { title: "The request was refused", whatToDo: AGAIN },

  // Messages.
  "statement-refused": GARBLED,
  "too-large": GARBLED,
  "not-json": GARBLED,
  "not-canonical": GARBLED,
  "bad-field": GARBLED,
  "bad-header": UNTRUSTED,
  "bad-signature": UNTRUSTED,
  "unknown-key": UNTRUSTED,

  // Consent.
  "consent-refused": NOT_ALLOWED,
  "notice-outdated": {
    title: "The notice has changed",
    whatToDo: "Reload the page, read the new notice and decide again.",
  },
  "grant-expired": {
    title: "The consent was not of this moment",
    whatToDo: "Agree again. If it keeps happening, check the date and time of this device.",
  },
  "grant-replayed": { title: "This consent was used before", whatToDo: CONSENT_AGAIN },
  "grant-mismatch": UNTRUSTED,
  "token-expired": {
    title: "Your consent has lapsed",
    whatToDo: "It lasts fifteen minutes at most. Agree again to go on.",
  },
  "token-exhausted": {
    title: "Your consent is used up",
    whatToDo: "It allowed a limited number of portraits and workers. Agree again to make more.",
  },
  "token-revoked": {
    title: "You withdrew this consent",
    whatToDo: "Nothing more is done with it. Agree again if you want another portrait.",
  },
  "wrong-holder": NOT_ALLOWED,
  "job-replayed": { title: "This request was sent before", whatToDo: AGAIN },
  "job-stale": { title: "The clock of this device seems to be wrong", whatToDo: "Set date and time, then try again." },
  "unknown-style": { title: "This style is not offered", whatToDo: "Reload the page and choose another style." },
  "unknown-bundle": { title: "The drawing model is not offered here", whatToDo: RELOAD },
  "wrong-pool": NOT_ALLOWED,
  "over-limit": {
    title: "That is more than this gateway allows",
    whatToDo: "Ask for fewer portraits, or wait a little.",
  },

  // The likeness record and its seal.
  "record-refused": BAD_RECORD,
  "record-malformed": BAD_RECORD,
  "record-not-finite": BAD_RECORD,
  "record-part-missing": {
    title: "A part of the likeness record is missing",
    whatToDo: "Go back to “What leaves” and see which parts the drawing model needs.",
  },
  "seal-refused": BAD_SEAL,
  "sealed-size": BAD_SEAL,
  "cannot-open": BAD_SEAL,

  // The job.
  "job-refused": JOB_OVER,
  "unknown-job": JOB_OVER,
  "out-of-order": JOB_OVER,
  "claim-mismatch": {
    title: "A worker could not show that it belongs here",
    whatToDo: "The page refused to send it anything. Please try again.",
  },
  "not-endorsed": {
    title: "This worker is not one of your company’s",
    whatToDo:
      "The link that brought you here names your company’s key, and the worker has no word from it. The page sent it " +
      "nothing. Please tell the person who gave you the link.",
  },
  "quote-invalid": {
    title: "A worker could not show which program it runs",
    whatToDo: "The page refused to send it anything. Please try again.",
  },
  "too-few-claims": {
    title: "Too few workers answered to choose among them",
    whatToDo:
      "This pool asks for several different workers, of which your browser picks one at random. Nothing was sent. Try " +
      "again in a few minutes.",
  },
  "offer-expired": { title: "No worker took the job in time", whatToDo: "Try again in a moment." },
  "no-worker": {
    title: "No worker is free right now",
    whatToDo: "Try again in a few minutes. If it stays like this, tell the operator named at the bottom of this page.",
  },
  "worker-lost": {
    title: "The worker stopped answering",
    whatToDo: "You can try again: that sends your likeness record once more, to another single-use key.",
  },
  "worker-failed": {
    title: "The worker could not finish the portrait",
    whatToDo: "You can try again: that sends your likeness record once more, to another single-use key.",
  },
  "job-timeout": { title: "The worker took too long and was stopped", whatToDo: AGAIN },
  "job-cancelled": {
    title: "You stopped the job",
    whatToDo: "Nothing more will be drawn. You can start again when you like.",
  },
  "result-invalid": { title: "What came back was not your portrait", whatToDo: `The page threw it away. ${AGAIN}` },
  "receipt-mismatch": {
    title: "The worker’s receipt is not about this job",
    whatToDo: "Tell the operator named at the bottom of this page: this should not happen.",
  },

  // The log.
  "log-refused": UNLOGGED,
  "note-malformed": UNLOGGED,
  "note-untrusted": UNLOGGED,
  "checkpoint-unwitnessed": UNLOGGED,
  "checkpoint-stale": {
    title: "The public log is not fresh, or the clock of this device is wrong",
    whatToDo: "Check date and time of this device, then try again.",
  },
  "proof-invalid": UNLOGGED,
  "policy-invalid": NOT_READY,
  "log-unavailable": {
    title: "The public log could not be written",
    whatToDo: "Without it nothing is issued. Try again in a few minutes.",
  },

  // The installation.
  "operator-error": NOT_READY,
  "bus-unavailable": { title: "The service is interrupted", whatToDo: "Try again in a few minutes." },
  "bus-unsuitable": NOT_READY,
  "bundle-damaged": NOT_READY,
  "bundle-refused": NOT_READY,
  "provider-missing": NOT_READY,
  "unsafe-host": NOT_READY,
  "not-enrolled": NOT_READY,
  "setting-invalid": {
    title: "The link or the service is not set up properly",
    whatToDo:
      "If a link from your company brought you here, ask for it again: the key in it cannot be read. Otherwise this is " +
      `for the operator to put right, not for you. ${NAMED}`,
  },
  "export-refused": NOT_READY,
  "source-unavailable": NOT_READY,
  "source-digest-mismatch": NOT_READY,
  "unsupported-operator": NOT_READY,
  "parity-failed": NOT_READY,
};

/** How far anything about the person has gone. */
export type Reach = "nothing" | "consent" | "record";

const REACH: Readonly<Record<Reach, string>> = {
  nothing: "Nothing from this photo has left this device.",
  consent: "Your signed consent has left this device. Nothing about your face has.",
  record: "Your sealed likeness record has left this device, to a worker. Your photo has not left this device.",
};

/** The sentence that stands below every error. */
export function reachWords(reach: Reach): string {
  return REACH[reach];
}
