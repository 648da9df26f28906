// The camera: a live picture and a button. The frame goes to the vision worker; the page keeps none.

import { LikenessError } from "../protocol/errors.ts";
import { button, el, fill } from "./dom.ts";

export interface Camera {
  readonly element: HTMLElement;
  close(): void;
}

/** Opens the camera; `taken` gets one frame, after which the camera is closed. @throws camera-unavailable. */
export async function openCamera(taken: (frame: ImageBitmap) => void, closed: () => void): Promise<Camera> {
  const stream = await openStream();
  const video = el("video", {
    autoplay: true,
    playsinline: true,
    muted: true,
    "aria-label": "Live picture of the camera",
  });
  video.muted = true; // the attribute alone does not count on elements made by script
  video.srcObject = stream;
  const close = (): void => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
    fill(element);
  };
  const take = async (): Promise<void> => {
    const frame = await createImageBitmap(video);
    close();
    taken(frame);
  };
  const shutter = button("Take the photo", {
    class: "primary",
    "data-testid": "camera-take",
    onclick: () => void take(),
    disabled: true,
  });
  video.addEventListener("loadeddata", () => {
    shutter.disabled = false;
    shutter.focus();
  });
  const back = button("Close the camera", {
    class: "quiet",
    onclick: () => {
      close();
      closed();
    },
  });
  const element = el("div", { class: "camera" }, video, el("div", { class: "actions" }, shutter, back));
  return { element, close };
}

async function openStream(): Promise<MediaStream> {
  try {
    const video = { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } };
    return await navigator.mediaDevices.getUserMedia({ audio: false, video });
  } catch (cause) {
    throw new LikenessError("camera-unavailable", undefined, { cause });
  }
}
