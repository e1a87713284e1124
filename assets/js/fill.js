// <details data-fill-url> gets its [data-fill] part from that address when it is first opened; until then, and where
// no script runs, a plain link stands there. A header of its own asks the page's view for the part alone.

async function fill(details) {
  const url = details.dataset.fillUrl;
  details.removeAttribute("data-fill-url");
  const answer = await fetch(url, { headers: { "X-Fragment": "1", Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) {
    details.setAttribute("data-fill-url", url);
    return;
  }
  const part = new DOMParser().parseFromString(await answer.text(), "text/html").body.firstElementChild;
  const place = details.querySelector("[data-fill]");
  const hadFocus = place.contains(document.activeElement);
  const fresh = document.adoptNode(part);
  place.replaceWith(fresh);
  if (hadFocus) fresh.querySelector("a, button")?.focus();
}

export function startFilling() {
  // It does not bubble, so it is caught on its way down.
  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target.open && event.target.dataset?.fillUrl) fill(event.target);
    },
    true,
  );
}
