// @vladmandic/face-api with its smallest detector, on its wasm backend, with the age that our page asks for as well.

const faceapi = await import("/face-api/dist/face-api.esm.js");

export async function prepare() {
  faceapi.tf.setWasmPaths("/tfjs/");
  await faceapi.tf.setBackend("wasm");
  await faceapi.tf.ready();
  const { tinyFaceDetector, faceLandmark68Net, ageGenderNet, faceRecognitionNet } = faceapi.nets;
  await Promise.all(
    [tinyFaceDetector, faceLandmark68Net, ageGenderNet, faceRecognitionNet].map((net) => net.load("/face-api/model/")),
  );
}

export async function embed(photo) {
  const found = await faceapi
    .detectSingleFace(await canvasOf(photo), new faceapi.TinyFaceDetectorOptions({ inputSize: 224 }))
    .withFaceLandmarks()
    .withAgeAndGender()
    .withFaceDescriptor();
  return found.descriptor;
}

export const threads = () => faceapi.tf.getThreadsCount();

async function canvasOf(photo) {
  const bitmap = await createImageBitmap(photo);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas;
}
