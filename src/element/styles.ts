/**
 * Of the shadow tree. Colours are custom properties with defaults for light and dark; forced colours take the system's own, and
 * nothing moves where the user asked for less motion.
 */
export const styles = `
:host {
  --accent: var(--nearfar-accent, #0b57d0);
  --accent-text: var(--nearfar-accent-text, #fff);
  --surface: var(--nearfar-background, #fff);
  --ink: var(--nearfar-text, #1b1b1f);
  --quiet: var(--nearfar-quiet-text, #55565c);
  --line: var(--nearfar-border, #8a8b92);
  --bubble: var(--nearfar-bubble, #e9eefb);
  --alarm: var(--nearfar-error, #a1122b);
  --radius: var(--nearfar-radius, 12px);
  display: flex;
  flex-direction: column;
  gap: 8px;
  box-sizing: border-box;
  min-block-size: 240px;
  padding: 12px;
  color: var(--ink);
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: var(--radius);
  font: var(--nearfar-font, 1rem/1.45 system-ui, sans-serif);
}
:host([hidden]) { display: none; }
@media (prefers-color-scheme: dark) {
  :host {
    --accent: var(--nearfar-accent, #a8c7fa);
    --accent-text: var(--nearfar-accent-text, #062e6f);
    --surface: var(--nearfar-background, #1b1b1f);
    --ink: var(--nearfar-text, #e4e2e6);
    --quiet: var(--nearfar-quiet-text, #b5b4ba);
    --line: var(--nearfar-border, #74757c);
    --bubble: var(--nearfar-bubble, #2b3244);
    --alarm: var(--nearfar-error, #ffb3ba);
  }
}
* { box-sizing: border-box; }
.log {
  flex: 1 1 auto;
  min-block-size: 80px;
  overflow-y: auto;
  margin: 0;
  padding: 4px;
  list-style: none;
}
.message { margin-block: 0 12px; max-inline-size: 60ch; }
.user { margin-inline-start: auto; inline-size: fit-content; }
.user .text { background: var(--bubble); padding: 8px 12px; border-radius: var(--radius); }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
.who { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
.route, .note { color: var(--quiet); font-size: 0.85em; margin-block-start: 4px; overflow-wrap: anywhere; }
details { color: var(--quiet); font-size: 0.9em; }
.waiting .text::after, .streaming .text::after { content: '▍'; animation: blink 1s steps(2) infinite; }
@keyframes blink { 50% { opacity: 0; } }
.error { color: var(--alarm); margin: 0; }
.error:empty, .progress-line:empty { display: none; }
.consent { border: 1px solid var(--line); border-radius: var(--radius); padding: 8px 12px; }
.consent p { margin: 0 0 8px; }
.row { display: flex; gap: 8px; flex-wrap: wrap; align-items: center; }
progress { flex: 1 1 8em; accent-color: var(--accent); }
form { display: flex; gap: 8px; align-items: flex-end; margin: 0; }
label { flex: 1 1 auto; }
textarea {
  display: block;
  inline-size: 100%;
  min-block-size: 2.75em;
  max-block-size: 12em;
  resize: vertical;
  font: inherit;
  color: inherit;
  background: transparent;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  padding: 8px 12px;
}
textarea::placeholder { color: var(--quiet); opacity: 1; }
button {
  font: inherit;
  min-block-size: 44px;
  min-inline-size: 44px;
  padding: 0 16px;
  border-radius: var(--radius);
  border: 1px solid var(--line);
  color: inherit;
  background: transparent;
  cursor: pointer;
}
button.main { background: var(--accent); color: var(--accent-text); border-color: transparent; }
button:disabled { opacity: 0.5; cursor: default; }
:is(button, textarea, .log, summary):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[hidden] { display: none !important; }
@media (prefers-reduced-motion: reduce) {
  .waiting .text::after, .streaming .text::after { animation: none; }
}
@media (forced-colors: active) {
  :host, .consent, textarea, button, button.main { border: 1px solid ButtonBorder; }
  button.main { background: ButtonFace; color: ButtonText; }
  .user .text { border: 1px solid CanvasText; }
  :is(button, textarea, .log, summary):focus-visible { outline-color: Highlight; }
}
`;
