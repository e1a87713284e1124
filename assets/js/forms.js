// A form is sent once: a second press while the answer is on its way does nothing. The server is safe without this
// (keys, constraints); here it spares the person a surprising error.

function release(form) {
  delete form.dataset.sending;
  form.querySelectorAll('[aria-busy="true"]').forEach((button) => button.removeAttribute("aria-busy"));
}

export function startForms() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sending) {
      event.preventDefault();
      return;
    }
    form.dataset.sending = "true";
    event.submitter?.setAttribute("aria-busy", "true");
  });
  // Back from the next page, the browser may show this one as it was left.
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach(release));
}
