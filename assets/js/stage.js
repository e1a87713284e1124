// One asset large: arrows and swipes lead to its neighbours (their links stand on the page), a click or Enter zooms.
// The small picture that the gallery has shown is there at once; a larger one takes its place when it has come whole.

const SWIPE = 60;

function step(stage, rel) {
  stage.querySelector(`a[rel=${rel}]`)?.click();
}

async function sharpen(picture) {
  const sharp = new Image();
  sharp.sizes = picture.sizes;
  sharp.srcset = picture.dataset.sharp;
  try {
    await sharp.decode();
  } catch {
    // One that does not come leaves the small one where it is.
    return;
  }
  // Their shapes differ by a rounded pixel, which must move nothing.
  const { width, height } = picture.getBoundingClientRect();
  if (picture.naturalWidth) picture.style.aspectRatio = width / height;
  picture.srcset = sharp.srcset;
}

function zoom(frame) {
  const isZoomed = frame.toggleAttribute("data-zoomed");
  const picture = frame.querySelector("img");
  if (!isZoomed) return;
  // Zoomed, the largest picture there is counts.
  picture.sizes = "1280px";
  sharpen(picture);
}

function isElsewhere(target) {
  return target.closest?.("input, textarea, select, video, audio, [data-zoomed], .lineage, summary") !== null;
}

export function startStage() {
  const stage = document.querySelector("[data-stage]");
  if (!stage) return;
  const frame = stage.querySelector("[data-zoom]");
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "Enter" && event.target === frame) zoom(frame);
    else if (event.key === "Escape" && frame?.hasAttribute("data-zoomed")) zoom(frame);
    else if (isElsewhere(event.target)) return;
    else if (event.key === "ArrowLeft") step(stage, "prev");
    else if (event.key === "ArrowRight") step(stage, "next");
  });
  frame?.addEventListener("click", () => zoom(frame));
  if (frame) addEventListener("load", () => sharpen(frame.querySelector("img")));
  let from = null;
  stage.addEventListener("touchstart", (event) => {
    from = event.touches.length === 1 && !frame?.hasAttribute("data-zoomed") ? event.touches[0].clientX : null;
  }, { passive: true });
  stage.addEventListener("touchend", (event) => {
    const moved = from === null ? 0 : event.changedTouches[0].clientX - from;
    if (Math.abs(moved) >= SWIPE) step(stage, moved > 0 ? "prev" : "next");
  }, { passive: true });
}
