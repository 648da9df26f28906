// Step 1: a photo. The file goes to the vision worker unread; what comes back is checked numbers and a small crop.

import type { VisionStep } from "../vision/messages.ts";
import { openCamera, type Camera } from "./camera.ts";
import { button, el, fill, stepHeading } from "./dom.ts";
import { codeOf, failureBox, isAbort } from "./failure.ts";
import { progressView } from "./progress.ts";
import { forget } from "./session.ts";
import type { OpenStep, Journey } from "./step.ts";

const DOING: Readonly<Record<VisionStep, string>> = {
  decoding: "Opening the photo …",
  finding: "Looking for a face …",
  measuring: "Measuring the face …",
  checking: "Checking size, light, sharpness and pose …",
  encoding: "Writing the likeness record …",
};
const STEPS = Object.keys(DOING) as VisionStep[];

export function photoStep(journey: Journey): OpenStep {
  const { session } = journey;
  forget(session);
  session.reach = "nothing";
  const progress = progressView("Progress on your photo");
  const problem = el("div", {});
  const place = el("div", { class: "place" });
  let camera: Camera | undefined;

  const showDropZone = (): void => fill(place, dropZone(look), cameraButton(startCamera));
  const showProblem = (error: unknown): void => {
    progress.hide();
    showDropZone();
    if (!isAbort(error)) fill(problem, failureBox(codeOf(error), "nothing", "photo-error"));
  };

  function look(photo: Blob | ImageBitmap): void {
    fill(problem);
    fill(
      place,
      el("div", { class: "actions" }, button("Stop", { class: "quiet", onclick: () => session.vision.end() })),
    );
    measure(photo).catch(showProblem);
  }

  async function measure(photo: Blob | ImageBitmap): Promise<void> {
    progress.show("Loading the face models …");
    await session.vision.prepare(needsEmbedder(journey), (share) => {
      progress.show(`Loading the face models: ${Math.round(100 * share)} %`, share);
    });
    const showStep = (now: VisionStep): void => progress.show(DOING[now], (1 + STEPS.indexOf(now)) / STEPS.length);
    session.measured = await session.vision.measure(photo, showStep);
    journey.go("checks");
  }

  function startCamera(): void {
    fill(problem);
    openCamera(look, showDropZone).then((opened) => {
      camera = opened;
      fill(place, opened.element);
    }, showProblem);
  }

  showDropZone();
  // The models do not depend on the photo: they come while the person looks for one. A failure shows when it matters.
  session.vision.prepare(needsEmbedder(journey), () => undefined).catch(() => undefined);
  return { element: page(place, progress.element, problem), leave: () => camera?.close() };
}

function page(...parts: HTMLElement[]): HTMLElement {
  return el(
    "section",
    { class: "step step-photo" },
    stepHeading("Choose a photo of yourself"),
    el(
      "p",
      { class: "lead" },
      "It is opened in a part of this page that has no network. Numbers about your face come out, you see every one of " +
        "them, and you decide. The photo itself stays here.",
    ),
    ...parts,
    el(
      "ul",
      { class: "hints" },
      el("li", {}, "You alone, looking at the camera"),
      el("li", {}, "Even light, no strong shadow"),
      el("li", {}, "Sharp, all of the face in the picture"),
    ),
  );
}

/** Without a bundle that knows identity vectors, none is ever computed. */
function needsEmbedder({ session: { bundle } }: Journey): boolean {
  return [...bundle.needed, ...bundle.optional].includes("embedding");
}

function dropZone(look: (photo: Blob) => void): HTMLElement {
  const input = el("input", {
    type: "file",
    accept: "image/jpeg,image/png,image/webp",
    "data-testid": "photo-input",
    onchange: () => {
      const file = input.files?.[0];
      input.value = ""; // the page lets go of the file
      if (file) look(file);
    },
  });
  const zone = el(
    "label",
    { class: "drop" },
    el("strong", {}, "Choose a photo, or drop it here"),
    el("span", {}, "JPEG, PNG or WebP, up to 30 MB"),
    input,
  );
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const file = event.dataTransfer?.files[0];
    if (file) look(file);
  });
  return zone;
}

function cameraButton(start: () => void): HTMLElement | false {
  // Old browsers and plain http have no mediaDevices at all.
  if (!("mediaDevices" in navigator)) return false;
  return button("Use the camera", { "data-testid": "camera", onclick: start });
}
