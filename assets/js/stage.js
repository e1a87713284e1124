// One asset large: arrows and swipes lead to its neighbours (their links stand on the page), a click or Enter zooms, and
// a mouse drags what is zoomed.
// The small picture that the gallery has shown is there at once; a larger one takes its place when it has come whole.
import { announce } from "./announce.js";

const SWIPE = 60;
// Pixels by which a hand trembles while it clicks.
const STILL = 4;
const MIDDLE = { x: 0.5, y: 0.5 };

function step(stage, rel) {
  stage.querySelector(`a[rel=${rel}]`)?.click();
}

async function sharpen(picture) {
  // The file itself is there already.
  if (!picture.srcset) return;
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

/** Waits for the file itself, in the place of whose small pictures it can be put; false where it does not come. */
function comes(src) {
  const whole = new Image();
  whole.src = src;
  return whole.decode().then(() => true, () => false);
}

function unfold(picture, src) {
  picture.src = src;
  picture.removeAttribute("srcset");
  picture.style.aspectRatio = "";
}

/** Which point of the picture is pointed at, in fractions of it. */
function pointOf(picture, { clientX, clientY }) {
  const { left, top, width, height } = picture.getBoundingClientRect();
  return { x: (clientX - left) / width, y: (clientY - top) / height };
}

/** Scrolls a point of the picture to the middle of the frame, as far as it goes, once its size is known. */
async function aim(frame, { x, y }) {
  await frame.querySelector("img").decode().catch(() => null);
  const left = x * frame.scrollWidth - frame.clientWidth / 2, top = y * frame.scrollHeight - frame.clientHeight / 2;
  frame.scrollTo({ left, top, behavior: "instant" });
  return { left: frame.scrollLeft, top: frame.scrollTop };
}

/** Shows the file itself; who has moved the picture meanwhile goes on looking there. False where it does not come. */
async function zoomOn(frame, picture, at, stood) {
  const { original } = frame.dataset;
  if (!original || !(await comes(original))) return false;
  const isMoved = frame.scrollLeft !== stood.left || frame.scrollTop !== stood.top;
  const { left, top } = frame.getBoundingClientRect();
  const middle = { clientX: left + frame.clientWidth / 2, clientY: top + frame.clientHeight / 2 };
  const point = isMoved ? pointOf(picture, middle) : at;
  unfold(picture, original);
  await aim(frame, point);
  return true;
}

async function zoom(frame, at = MIDDLE) {
  const isZoomed = frame.toggleAttribute("data-zoomed");
  const picture = frame.querySelector("img"), end = frame.parentElement.querySelector("[data-zoom-end]");
  if (end) end.hidden = true;
  announce(isZoomed ? "Zoomed in; Escape leads back" : "The whole picture");
  if (!isZoomed) return;
  // Zoomed, the largest picture there is counts.
  picture.sizes = "1280px";
  await sharpen(picture);
  const stood = await aim(frame, at);
  if (!end || (await zoomOn(frame, picture, at, stood)) || !frame.hasAttribute("data-zoomed")) return;
  end.hidden = false;
  announce(end.textContent.trim());
}

/** A mouse drags what is zoomed; the click that ends it is none. */
function drag(frame) {
  let from = null;
  frame.addEventListener("pointerdown", ({ pointerType, button, clientX, clientY, target }) => {
    frame.removeAttribute("data-dragged");
    const isHeld = pointerType === "mouse" && button === 0 && target !== frame && frame.hasAttribute("data-zoomed");
    from = isHeld ? { x: clientX + frame.scrollLeft, y: clientY + frame.scrollTop, clientX, clientY } : null;
  });
  frame.addEventListener("pointermove", ({ buttons, clientX, clientY, pointerId }) => {
    if (!from || !buttons) return;
    const isStill = Math.hypot(clientX - from.clientX, clientY - from.clientY) <= STILL;
    if (isStill && !frame.hasAttribute("data-dragged")) return;
    frame.setAttribute("data-dragged", "");
    frame.setPointerCapture(pointerId);
    frame.scrollTo({ left: from.x - clientX, top: from.y - clientY, behavior: "instant" });
  });
  frame.addEventListener("dragstart", (event) => event.preventDefault());
}

function isElsewhere(target) {
  return target.closest?.("input, textarea, select, video, audio, [data-zoomed], .lineage, summary") !== null;
}

function swipe(stage, frame) {
  let from = null;
  // Zoomed, here or by the browser, a finger moves the picture.
  const isFree = ({ touches }) => touches.length === 1 && !frame?.hasAttribute("data-zoomed") && visualViewport.scale < 1.05;
  stage.addEventListener("touchstart", (event) => {
    from = isFree(event) ? event.touches[0] : null;
  }, { passive: true });
  stage.addEventListener("touchend", ({ changedTouches: [to] }) => {
    if (!from) return;
    const across = to.clientX - from.clientX, along = to.clientY - from.clientY;
    if (Math.abs(across) >= SWIPE && Math.abs(across) > 2 * Math.abs(along)) step(stage, across > 0 ? "prev" : "next");
    from = null;
  }, { passive: true });
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
  if (frame) {
    const picture = frame.querySelector("img");
    frame.addEventListener("click", (event) => {
      if (!frame.hasAttribute("data-dragged")) zoom(frame, pointOf(picture, event));
    });
    drag(frame);
    addEventListener("load", () => sharpen(picture));
  }
  swipe(stage, frame);
}
