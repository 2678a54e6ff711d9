// Comfort only: every page works without this file. What needs it is hidden
// until it runs.
'use strict';

// A form is sent once: a second press while the first is under way is dropped.
// Coming back through history, or an answer that does not come, frees it.
const free = () => {
  for (const form of document.forms) delete form.dataset.sent;
  for (const button of document.querySelectorAll('button[aria-disabled]')) button.removeAttribute('aria-disabled');
};
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = 'yes';
  if (event.submitter) event.submitter.setAttribute('aria-disabled', 'true');
  setTimeout(free, 10000);
});
addEventListener('pageshow', free);

// Show and hide the password.
for (const box of document.querySelectorAll('.reveal')) {
  const input = box.querySelector('input');
  const button = document.createElement('button');
  const say = (shown) => {
    input.type = shown ? 'text' : 'password';
    button.textContent = shown ? box.dataset.hide : box.dataset.show;
    button.setAttribute('aria-pressed', String(shown));
  };
  button.type = 'button';
  button.setAttribute('aria-controls', input.id);
  say(false);
  button.addEventListener('click', () => { say(input.type === 'password'); input.focus(); });
  // A shown password must not land in the browser's form history.
  input.form.addEventListener('submit', () => say(false));
  box.classList.add('on');
  box.append(button);
}

// Say when Caps Lock is on.
for (const hint of document.querySelectorAll('[data-caps]')) {
  const input = hint.parentElement.querySelector('input');
  const look = (event) => {
    if (!event.getModifierState) return;
    const text = event.getModifierState('CapsLock') ? hint.dataset.caps : '';
    if (hint.textContent !== text) hint.textContent = text;
  };
  input.addEventListener('keydown', look);
  input.addEventListener('keyup', look);
  input.addEventListener('blur', () => { hint.textContent = ''; });
}

// Copy what the button names, and say so.
for (const button of document.querySelectorAll('[data-copy]')) {
  if (!navigator.clipboard) break;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset.copy);
    const lines = source.querySelectorAll('li');
    const text = lines.length ? [...lines].map((line) => line.textContent.trim()).join('\n') : source.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // The browser forbids it: open and select the text instead.
      source.closest('details')?.setAttribute('open', '');
      getSelection().selectAllChildren(source);
      return;
    }
    button.textContent = button.dataset.done;
    const status = document.querySelector('.status[role=status]');
    if (status) status.textContent = button.dataset.done;
    setTimeout(() => {
      button.textContent = label;
      if (status) status.textContent = '';
    }, 2000);
  });
}

for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}

// The server knows UTC; the browser knows where the person is.
for (const time of document.querySelectorAll('time[data-local]')) {
  const at = new Date(time.dateTime);
  if (isNaN(at) || at.getTimezoneOffset() === 0) continue;
  const here = at.toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  time.after(` (${here} ${time.dataset.local})`);
}

// Passkeys: ask the browser, and send what it answers with the form.
for (const box of document.querySelectorAll('[data-passkey]')) {
  const able = window.PublicKeyCredential?.parseRequestOptionsFromJSON;
  const { make, form: id } = box.dataset;
  const said = box.querySelector('[role=status]');
  if (!able && !make) continue;
  box.hidden = false;
  box.querySelector('button').addEventListener('click', async () => {
    const form = document.getElementById(id);
    if (form.elements.name && !form.elements.name.reportValidity()) return;
    said.textContent = able ? '' : box.dataset.unsupported;
    if (!able) return;
    const asked = JSON.parse(box.dataset.passkey);
    let answer;
    try {
      answer = make
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
    } catch (error) {
      const why = { SecurityError: 'place', ConstraintError: 'pin', InvalidStateError: 'already', NotSupportedError: 'unsupported' };
      said.textContent = box.dataset[why[error.name] ?? 'cancelled'];
      return;
    }
    for (const [name, value] of [['passkey', JSON.stringify(answer)], ['do', 'passkey']]) {
      const field = document.createElement('input');
      Object.assign(field, { type: 'hidden', name, value });
      form.append(field);
    }
    if (form.elements.password) form.elements.password.disabled = true;
    form.requestSubmit();
  });
}

// Carry an answer to the app.
document.querySelector('form[data-submit]')?.requestSubmit();

// Press a button by itself after a moment, unless the reader does something
// else first.
for (const button of document.querySelectorAll('[data-press]')) {
  const timer = setTimeout(() => button.click(), Number(button.dataset.press));
  for (const act of ['pointerdown', 'keydown']) addEventListener(act, () => clearTimeout(timer), { once: true });
}
