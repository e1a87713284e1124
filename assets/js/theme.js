// The theme form works by itself (it sends the choice and comes back); this shows the choice at once and stays here.

function show(form, theme) {
  document.documentElement.dataset.theme = theme;
  form.querySelectorAll("[name=theme]").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.value === theme));
  });
}

export function startTheme() {
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("[data-theme-form]");
    if (!form) return;
    event.preventDefault();
    const before = document.documentElement.dataset.theme;
    const body = new FormData(form, event.submitter);
    show(form, event.submitter.value);
    const answer = await fetch(form.action, { method: "POST", body }).catch(() => null);
    if (!answer?.ok) show(form, before);
  });
}
