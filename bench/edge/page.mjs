// A page with one contender on it: `?who=ours|face_api|human`. The driver calls what is set on `window`.

const who = new URLSearchParams(location.search).get("who");
const { prepare, embed, threads } = await import(`./${who}.mjs`);
const photo = await (await fetch("/photo.png")).blob();

/** Resolves when there is a first embedding. Milliseconds count from when this page was asked for. */
window.first = (async () => {
  await prepare();
  const ready = performance.now();
  const embedding = await embed(photo);
  return { numbers: embedding.length, threads: threads(), ready, first: performance.now() };
})();

/** Milliseconds from the photo's file to its embedding. */
window.again = async () => {
  const started = performance.now();
  await embed(photo);
  return performance.now() - started;
};
