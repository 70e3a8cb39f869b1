/* What a reader can do: copy and save, search, light and dark, the listener's view, help, printing. */

const copiers = hex => hex ? [copier(tx('Copy hex'), () => hex), copier(tx('C array'), () => '{' + hex.replace(/../g, '0x$&, ').slice(0, -2) + '}'), copier('base64', () => base64(hex))] : [];

function copier(label, text) {
  return button(label, async event => {
    const own = event.currentTarget;
    let good = true;
    try { await navigator.clipboard.writeText(text()); } catch {
      const area = h('textarea', {class: 'unseen', readonly: true});
      area.value = text();
      document.body.append(area);
      area.select();
      good = document.execCommand('copy');
      area.remove();
      own.focus();
    }
    say(good ? tx`${label}: copied` : tx('The browser did not let it be copied'));
    own.classList.add(good ? 'done' : 'not-done');
    setTimeout(() => own.classList.remove('done', 'not-done'), 1200);
  }, {class: 'small'});
}

const base64 = hex => { let out = ''; for (let i = 0; i < hex.length; i += 6000) out += btoa((hex.slice(i, i + 6000).match(/../g) || []).map(b => String.fromCharCode(parseInt(b, 16))).join('')); return out; };
const pem = der => `-----BEGIN CERTIFICATE-----\n${base64(der).replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;

function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], {type}));
  const a = h('a', {href: url, download: name});
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function say(text) { $('#said').textContent = visible(text); }

function search() {
  const box = $('#found'), wanted = $('#search').value.trim().toLowerCase(), hex = wanted.replace(/[\s:]|0x/g, '');
  const hits = [], most = 40;
  box.replaceChildren();
  box.hidden = !wanted;
  if (!wanted) return;
  const fits = text => text !== undefined && String(text).toLowerCase().includes(wanted);
  for (const p of panels()) if (fits(p.title) && !(p.message && hiddenMessage(p.message))) hits.push([p.id, p.title, p.message ? tx`message ${p.id.slice(1)}` : tx('part of the story')]);
  const bytes = /^([0-9a-f]{2}){2,}$/.test(hex);
  current().messages.forEach((m, i) => {
    if (hits.length >= most || hiddenMessage(m)) return;
    for (const node of modelOf(m).nodes) {
      if (hits.length >= most) break;
      const f = node.field;
      if (node.depth && (fits(f.path.split('.').pop()) || fits(f.text) || (bytes && f.bytes && f.bytes.includes(hex)) || (wanted.length > 4 && fits(f.sentence))))
        hits.push([`m${i + 1}/${node.path}`, `${m.name}: ${node.name}`, brief(node)]);
    }
  });
  box.append(hits.length ? h('ul', {}, hits.map(([to, name, what]) => h('li', {}, link(address(to), {click: e => { e.preventDefault(); endSearch(); go(to, true); }, keydown: searchKeys},
    h('strong', {}, name), ' ', h('span', {}, what))))) : h('p', {}, tx('Nothing found.')));
  say(hits.length >= most ? tx`${most} or more places` : count(hits.length, 'place'));
}

function searchKeys(event) {
  const links = [...document.querySelectorAll('#found a')], at = links.indexOf(document.activeElement);
  if (event.key === 'Escape') { endSearch(); event.stopPropagation(); $('main h2').focus(); }
  else if (event.key === 'ArrowDown' && links[at + 1]) links[at + 1].focus();
  else if (event.key === 'ArrowUp' && at >= 0) (links[at - 1] || $('#search')).focus();
  else if (event.key === 'Enter' && at < 0 && links[0]) links[0].click();
  else return;
  event.preventDefault();
}

function endSearch() { $('#search').value = ''; search(); }

const THEMES = ['auto', 'light', 'dark'], SIGNS = {auto: '◐', light: '☀', dark: '☾'};
let theme = 'auto';
try { theme = THEMES.includes(localStorage.getItem('fede-theme')) ? localStorage.getItem('fede-theme') : 'auto'; } catch { /* no storage: as the system says */ }
function turnTheme() {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % 3];
  try { localStorage.setItem('fede-theme', theme); } catch { /* for this page only, then */ }
  nameTheme();
  say(tx`Colours: ${tx(theme)}`);
}
function nameTheme() {
  document.documentElement.dataset.theme = theme;
  const b = $('#theme');
  if (b) { b.textContent = SIGNS[theme]; b.setAttribute('aria-label', tx`Colours: ${tx(theme)}`); }
}

function toggleObserver() {
  state.observer = !state.observer;
  const at = location.hash;
  drawFrame();
  if (state.observer && !at) go('observer');
  else arrive(false);
  $('#observe').focus();
  say(state.observer ? tx('Only what a listener on the way can know is shown') : tx('Everything is shown'));
}

const KEYS = [['n  p', tx('next, previous message')], ['/', tx('search')], ['Tab', tx('list, ladder, fields, bytes, in this order')],
  ['↑ ↓', tx('from row to row: list, fields, bytes')], ['→ ←', tx('open and close a field; in the bytes: next and previous field')],
  ['Enter', tx('open; from a field to its bytes, from bytes to their field')], ['Esc', tx('back: close what is open, then the field, then to the overview')],
  ['o', tx('the listener’s view')], ['t', tx('light, dark, as the system says')], ['?', tx('this help')]];
function helpDialog() {
  const dialog = h('dialog', {id: 'help', 'aria-labelledby': 'help-title'}, h('h2', {id: 'help-title'}, tx('Keys')),
    h('dl', {}, KEYS.map(([key, what]) => [h('dt', {}, key.split(' ').filter(Boolean).map(k => [h('kbd', {}, k), ' '])), h('dd', {}, tx(what))])),
    h('p', {}, tx('The address names what is shown: a link to this page with the part behind # opens at the same field.')),
    h('form', {method: 'dialog'}, h('button', {}, tx('Close'))));
  return dialog;
}

/* On paper everything is open: the same text that readers without script have. It was escaped when the page was made. */
const policy = window.trustedTypes ? trustedTypes.createPolicy('fede', {createHTML: text => text}) : {createHTML: text => text};
addEventListener('beforeprint', () => {
  if ($('#print')) return;
  const sheet = h('div', {id: 'print'});
  plain.forEach((text, i) => {
    const parsed = new DOMParser().parseFromString(policy.createHTML(text), 'text/html');
    sheet.append(...parsed.body.childNodes);
    const picture = h('section', {class: 'ladder'}, drawLadder(stories[i])), article = sheet.lastElementChild;
    const first = article.querySelector('.message');
    if (first) article.insertBefore(picture, first.closest('section'));
  });
  document.body.append(sheet);
});
addEventListener('afterprint', () => { const sheet = $('#print'); if (sheet) sheet.remove(); });
