// Around allauth's passkey scripts: says what went wrong (they only tell the console), and lets Enter in a form that
// waits for a passkey press its button.
const WAITING = 'input[name="credential"]';

function sentence(exception) {
  if (!window.PublicKeyCredential) return "This browser or address cannot use passkeys.";
  if (exception.name === "InvalidStateError") return "This device holds a passkey of yours already.";
  return "No passkey was used. Try again, or take another way.";
}

export function startPasskeys() {
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const place = document.querySelector("[data-passkey-trouble]");
    if (place) place.textContent = sentence(event.detail.exception);
  });
  document.addEventListener("submit", (event) => {
    const answer = event.target.querySelector(WAITING);
    if (!answer || answer.value) return;
    event.preventDefault();
    event.target.querySelector('button[type="button"]')?.click();
  });
}
