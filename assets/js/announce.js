/** Says a short sentence to a screen reader without moving its focus. */
export function announce(sentence) {
  const voice = document.querySelector("[data-announcer]");
  if (voice) voice.textContent = sentence;
}
