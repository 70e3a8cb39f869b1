/* The page's script: shows the stories that stand in the page as JSON.

   Parts: elements and text (one way in for text); the model of a message (fields, which bytes belong to which); the state and
   the address; the frame (header, list, ladder); panels; the message with bytes, tree and inspector; search, help, export,
   printing; keys. Nothing is fetched, nothing is evaluated, no markup is made from text. */
'use strict';
(() => {

/* ---- elements and text --------------------------------------------------------------------------------------------- */

const SVG = 'http://www.w3.org/2000/svg';

/* Control characters and marks that turn the direction of writing are shown, not obeyed. */
const visible = text => String(text).replace(
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]/g,
  c => c < '\u0100' ? '\\x' + c.charCodeAt(0).toString(16).padStart(2, '0')
                    : '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? '' : visible(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(visible(child)));
  }
  return element;
}
const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const $ = selector => document.querySelector(selector);
const link = (to, attributes, ...children) => h('a', {href: '#' + to, ...attributes}, ...children);
const button = (label, click, attributes) => h('button', {type: 'button', click, ...attributes}, label);

const words = key => key.replace(/_/g, ' ');
const count = (n, one, many) => grouped(n) + ' ' + (n === 1 ? one : many || one + 's');
const grouped = n => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
const pairs = hex => hex.replace(/..(?=.)/g, '$& ');
const since = us => us < 1e6 ? (us / 1e3).toFixed(us < 1e4 ? 2 : 1) + ' ms' : (us / 1e6).toFixed(2) + ' s';
const isHex = (key, v) => /^([0-9a-f]{2})*$/.test(v) && (/^(bytes|der|sha256)$/.test(key) || v.length >= 16);
const isRegistered = v => v && typeof v === 'object' && Object.keys(v).length === 2 && Number.isInteger(v.number) &&
  typeof v.name === 'string';
const other = side => side === 'client' ? 'server' : 'client';

/* ---- the model ------------------------------------------------------------------------------------------------------ */

const stories = [];
const plain = [];
for (const element of document.querySelectorAll('script.story')) stories.push(JSON.parse(element.textContent));
for (const element of document.querySelectorAll('noscript')) plain.push(element.textContent);
/* They were written as they ended; here they stand by number. */
const order = stories.map((story, i) => i).sort((a, b) => (stories[a].connection || 0) - (stories[b].connection || 0) || a - b);
stories.splice(0, stories.length, ...order.map(i => stories[i]));
plain.splice(0, plain.length, ...order.map(i => plain[i]));
$('#stories').remove();

/* The nodes of a message's fields in reading order, and the runs of its bytes: each belongs to the innermost field there. */
function modelOf(message) {
  if (message.model) return message.model;
  const root = {name: message.name, path: '', from: 0, to: message.bytes.length / 2, depth: 0, kids: [], group: 0,
                field: {name: message.name, kind: 'struct', text: message.facts, sentence: message.sentence}};
  const nodes = [root], runs = [], seen = new Map();
  const grow = (parent, list) => {
    let at = parent.first = list.length ? list[0].offset : parent.to;
    if (parent.from < at) runs.push({from: parent.from, to: at, node: parent});
    list.forEach((field, i) => {
      const n = (seen.get(field.path) || 0) + 1;
      seen.set(field.path, n);
      const node = {field, parent, name: field.name, path: field.path + (n > 1 ? '~' + n : ''), from: field.offset,
                    to: field.offset + field.length, depth: parent.depth + 1, kids: [],
                    group: parent === root || (parent.to - parent.from) * 4 > root.to ? (i + parent.depth) % 6 : parent.group};
      nodes.push(node);
      parent.kids.push(node);
      if (node.from > at) runs.push({from: at, to: node.from, node: parent});
      grow(node, field.fields || []);
      at = Math.max(at, node.to);
    });
    if (list.length && at < parent.to) runs.push({from: at, to: parent.to, node: parent});
  };
  grow(root, message.fields);
  runs.forEach((run, i) => { run.tone = i % 2; });
  const byPath = new Map(nodes.map(node => [node.path, node]));
  Object.defineProperty(message, 'model', {value: {root, nodes, runs, byPath}});
  return message.model;
}

/* What stands in a field, in a few words. */
function brief(node) {
  const entries = node.kids.length && /^\d+ entr/.test(node.field.text || '');
  if (node.field.text && !entries) return node.field.text;
  const parts = [];
  let left = 0;
  (function collect(n) {
    for (const kid of n.kids) {
      if (/^(extension_type|length|msg_type)$/.test(kid.name)) continue;
      if (parts.length >= 6) { left++; continue; }
      if (kid.kids.length && (!kid.field.text || /^\d+ entr/.test(kid.field.text))) collect(kid);
      else if (kid.field.text && kid.field.text !== 'empty') parts.push(kid.field.text);
    }
  })(node);
  return (entries ? `${node.field.text}: ` : '') + parts.join(', ') + (left ? ', …' : '');
}

/* Where the same bytes stand elsewhere: a random in the key log, a public key in two messages. */
function placesOf(story) {
  if (story.places) return story.places;
  const places = new Map();
  const add = (bytes, place) => {
    if (!bytes || bytes.length < 24 || /^(..)\1*$/.test(bytes)) return;
    if (!places.has(bytes)) places.set(bytes, []);
    places.get(bytes).push(place);
  };
  story.messages.forEach((m, i) => {
    for (const node of modelOf(m).nodes)
      add(node.field.bytes, {to: `m${i + 1}/${node.path}`, label: `${m.name}: ${node.name}`, node});
  });
  for (const d of story.derived || []) for (const x of d.outputs || []) add(x.bytes, {to: 'keys', label: `Keys: ${x.name}`, node: x});
  for (const secret of story.secrets || []) add(secret.bytes, {to: 'keys', label: `Secrets: ${secret.label}`, node: secret});
  Object.defineProperty(story, 'places', {value: places});
  return places;
}

function verdictOf(story, message, index) {
  const proofs = story.proofs || {};
  const checked = (story.checks || []).find(c => c.name.includes(message.name) && (!/^(client|server) /.test(c.name) || c.name.startsWith(message.from)) && c.outcome !== 'not checkable');
  if (checked) return checked.outcome === 'verified' ? ['✓', 'verified', 'good'] : ['✗', checked.outcome, 'bad'];
  if (message.malformed) return ['✗', 'malformed', 'bad'];
  if (message.protocol === 'alert') return /fatal/.test(message.facts) ? ['✗', 'fatal', 'bad'] : ['', '', ''];
  if (message.name === 'Certificate' && story.verification && !message.ours)
    return story.verification.accepted ? ['✓', 'accepted', 'good'] : ['✗', 'not accepted', 'bad'];
  if (message.name === 'ServerKeyExchange' && proofs.key_exchange_signature) return ['✓', 'signature verified', 'good'];
  if (message.name === 'Finished' && !message.ours && proofs.peer_finished) return ['✓', 'verified', 'good'];
  const last = !story.messages.slice(index + 1).some(m => m.protocol !== 'alert');
  if (story.error && story.error.origin === 'us' && !/^cert_/.test(story.error.reason) && last && !message.ours) return ['✗', 'refused', 'bad'];
  return ['', '', ''];
}

/* ---- the state, and the address that names it -------------------------------------------------------------------------- */

const state = {story: 0, panel: 'overview', node: null, mode: 'hex', observer: false};
const current = () => stories[state.story];
const shown = {};                     /* elements of the message that is shown */
const address = to => (stories.length > 1 ? `c${state.story + 1}/` : '') + to;

function go(to, focus) {
  const hash = '#' + address(to);
  if (location.hash === hash) arrive(focus);
  else { goingWith = focus; location.hash = hash; }
}
let goingWith = false;

function arrive(focus) {
  let to = location.hash.slice(1);
  try { to = decodeURIComponent(to); } catch { /* as it stands */ }
  const connection = /^c(\d+)(?:\/|$)/.exec(to);
  let number = 0;
  if (connection) {
    number = Math.min(Math.max(connection[1] - 1, 0), stories.length - 1);
    to = to.slice(connection[0].length);
  }
  if (number !== state.story) { state.story = number; drawFrame(); }
  const slash = to.indexOf('/');
  let panel = slash < 0 ? to : to.slice(0, slash);
  const path = slash < 0 ? '' : to.slice(slash + 1);
  if (!panels().some(p => p.id === panel)) panel = 'overview';
  if (panel !== state.panel || !shown.panel) { state.panel = panel; drawPanel(); }
  const message = messageShown();
  if (message && !hiddenMessage(message)) {
    const node = path ? modelOf(message).byPath.get(path) || null : null;
    select(node, {focus, address: false});
  }
  if (focus && !path) $('main h2').focus();
}

const messageShown = () => /^m\d+$/.test(state.panel) ? current().messages[state.panel.slice(1) - 1] : null;
const hiddenMessage = m => state.observer && m.encrypted;

/* ---- the frame ---------------------------------------------------------------------------------------------------------- */

const TAKEN = new Set(['story', 'title', 'tool', 'command', 'secrets_shown', 'started', 'exit', 'connection', 'summary', 'error',
  'protected_against', 'choice', 'phases', 'messages', 'certificates', 'verification', 'secrets', 'records', 'observer', 'notes',
  'traffic', 'role', 'established', 'server_name', 'total_us', 'round_trips', 'handshake_us', 'proofs', 'ending',
  'messages_left_out', 'incomplete', 'http', 'http2_frames', 'dialogue', 'dns', 'packets', 'offers', 'verdicts', 'derived', 'findings', 'alert_reasons', 'checks']);

/* Every panel of the story: its name in the address, its title, what shows it. */
function panels() {
  const story = current();
  const list = [{id: 'overview', title: 'Overview', show: showOverview}];
  story.messages.forEach((m, i) => list.push({id: 'm' + (i + 1), title: m.name, message: m, show: () => showMessage(m, i)}));
  if ((story.certificates || []).length || story.verification)
    list.push({id: 'certificates', title: 'Certificates', show: showCertificates});
  if (story.offers && Object.keys(story.offers).length) list.push({id: 'offers', title: 'Offers and choices', show: showOffers});
  list.push({id: 'keys', title: 'Keys', show: showKeys});
  if (story.records.length) list.push({id: 'records', title: 'Records', show: showRecords});
  list.push({id: 'data', title: 'Application data', show: showData});
  if (story.http || story.http2_frames) list.push({id: 'http', title: 'HTTP', show: showHttp});
  if (story.dialogue) list.push({id: 'dialogue', title: 'Dialogue', show: showDialogue});
  if (story.dns) list.push({id: 'dns', title: 'DNS', show: showDns});
  if (story.packets) list.push({id: 'packets', title: 'Packets', show: showPackets});
  for (const key of Object.keys(story))
    if (!TAKEN.has(key)) list.push({id: 'x-' + key, title: words(key).replace(/^./, c => c.toUpperCase()), show: () => showOther(key)});
  if (story.observer) list.push({id: 'observer', title: 'A listener’s view', show: showObserver});
  list.push({id: 'glossary', title: 'Glossary', show: showGlossary}, {id: 'json', title: 'JSON', show: showJson});
  return list;
}

/* Sign, colour and word for how a connection went. */
function moodOf(story) {
  if (story.onlooker && !story.role) return ['!', 'warn', 'Not protected'];
  if (story.role === 'onlooker' || story.onlooker) {
    const bad = [...(story.checks || []), ...(story.verdicts || [])].some(c => c.outcome === 'failed') ||
      story.messages.some(m => m.malformed || (m.protocol === 'alert' && /fatal/.test(m.facts)));
    return bad ? ['✗', 'bad', 'Trouble'] : story.established ? ['✓', 'good', 'In order'] : ['–', 'warn', 'Incomplete'];
  }
  if (story.exit.code !== 0) return ['✗', 'bad', 'Failed'];
  const unsafe = Object.values(story.protected_against || {}).some(a => a.protected === 'no');
  return unsafe ? ['!', 'warn', 'Done, but not protected'] : ['✓', 'good', 'In order'];
}

function drawFrame() {
  const story = current(), [sign, mood, headline] = moodOf(story);
  const choice = story.choice || {};
  const line = [choice.version && choice.version.name, choice.cipher_suite && choice.cipher_suite.name,
                story.handshake_us !== undefined && `handshake ${since(story.handshake_us)}`].filter(Boolean);
  const header = h('header', {class: 'top'},
    h('div', {class: `seal ${mood}`, 'aria-hidden': 'true'}, sign),
    h('div', {class: 'headline'},
      h('h1', {}, story.title || 'A TLS connection'),
      h('p', {class: 'verdict'}, h('strong', {}, headline),
        ': ', story.exit.reason, story.role !== 'onlooker' && ` (exit code ${story.exit.code})`),
      line.length > 0 && h('p', {class: 'choice'}, line.join(' · '))),
    h('div', {class: 'tools'},
      h('div', {class: 'search', role: 'search'},
        h('label', {for: 'search', class: 'unseen'}, 'Search names, values, bytes'),
        h('input', {id: 'search', type: 'search', placeholder: 'Search  /', autocomplete: 'off', spellcheck: 'false',
                    'aria-controls': 'found', input: search, keydown: searchKeys}),
        h('div', {id: 'found', hidden: true})),
      button('Listener’s view', toggleObserver, {id: 'observe', 'aria-pressed': String(state.observer),
        title: 'Show only what somebody on the way can know (o)'}),
      button('', turnTheme, {id: 'theme', title: 'Light, dark, or as the system says (t)'}),
      button('?', () => $('#help').showModal(), {id: 'ask', 'aria-label': 'Help: keys', title: 'Keys (?)'})));
  const made = h('footer', {class: 'made'},
    h('p', {class: story.secrets_shown ? 'secrecy warn' : 'secrecy'},
      story.secrets_shown ? '⚠ This page contains the keys of the connection: whoever has it can read what was recorded of it.'
                          : 'This page contains no keys.'),
    h('p', {}, story.started && [h('span', {}, story.started.replace('T', ' ').replace(/\.\d+Z/, ' UTC')), ' · '], story.tool),
    story.command && h('p', {class: 'command'}, h('code', {}, story.command), ' ', copier('Copy', () => story.command)));
  const app = h('div', {id: 'app'},
    h('a', {class: 'skip', href: '#main', click: e => { e.preventDefault(); $('main h2').focus(); }}, 'To what is selected'),
    header, made,
    h('div', {class: 'work'}, drawList(),
      h('section', {class: 'ladder', tabindex: '0', 'aria-label': 'Ladder diagram'}, drawLadder(story)),
      h('main', {id: 'main'})),
    h('div', {id: 'said', role: 'status', class: 'unseen'}), helpDialog());
  const old = $('#app');
  if (old) old.replaceWith(app); else document.body.append(app);
  app.classList.toggle('observing', state.observer);
  shown.panel = null;
  document.title = visible(story.title || 'A TLS connection');
  nameTheme();
}

function drawList() {
  const items = [], all = panels();
  const item = (p, i, content) => h('li', {}, link(address(p.id), {'data-panel': p.id, tabindex: i === 0 ? 0 : -1}, content));
  all.forEach((p, i) => {
    if (!p.message) { items.push(item(p, i, p.title)); return; }
    const m = p.message, hidden = hiddenMessage(m), [sign, what, kind] = hidden ? ['', '', ''] : verdictOf(current(), m, +p.id.slice(1) - 1);
    items.push(item(p, i, [
      h('span', {class: 'n', 'aria-hidden': 'true'}, p.id.slice(1)),
      h('span', {class: 'arrow ' + m.from}, h('span', {'aria-hidden': 'true'}, m.from === 'client' ? '→' : '←'),
        h('span', {class: 'unseen'}, `from ${m.from}: `)),
      h('span', {class: 'name'}, hidden ? 'encrypted' : p.title),
      m.encrypted && h('span', {class: 'lock', title: 'encrypted'}, h('span', {'aria-hidden': 'true'}, '▣'), h('span', {class: 'unseen'}, ', encrypted')),
      sign && h('span', {class: 'sign ' + kind, title: what}, h('span', {'aria-hidden': 'true'}, sign), h('span', {class: 'unseen'}, ', ' + what))]));
  });
  const nav = h('nav', {class: 'list', 'aria-label': 'Parts of the story', keydown: listKeys});
  if (stories.length > 1)
    nav.append(h('h2', {}, 'Connections'), h('ul', {class: 'connections'}, stories.map((st, i) =>
      h('li', {}, h('a', {href: `#c${i + 1}/overview`, 'aria-current': i === state.story ? 'true' : undefined},
        h('span', {class: 'sign ' + moodOf(st)[1]}, moodOf(st)[0]), ' ', st.title || `Connection ${i + 1}`)))));
  nav.append(h('h2', {}, 'Story'), h('ul', {class: 'parts'}, items));
  return nav;
}

function listKeys(event) {
  const links = [...event.currentTarget.querySelectorAll('.parts a')], at = links.indexOf(document.activeElement);
  const to = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1}[event.key];
  if (to === undefined || at < 0 || !links[to]) return;
  event.preventDefault();
  links[at].tabIndex = -1;
  links[to].tabIndex = 0;
  links[to].focus();
}

/* ---- the ladder --------------------------------------------------------------------------------------------------------- */

function drawLadder(story) {
  const X = {axis: 52, client: 70, server: 304, end: 322};
  const rows = [];
  for (const p of story.phases)
    if (p.name !== 'url') rows.push({at: p.at_us, phase: p, from: {request: 'client', response: 'server'}[p.name]});
  story.messages.forEach((m, i) => rows.push({at: m.at_us, message: m, number: i + 1, from: m.from}));
  rows.sort((a, b) => a.at - b.at);
  const parts = [], bands = [], lanes = [];
  const opened = {client: null, server: null};
  let y = 58, before = null, trip = 0, flight = null, band = null;
  for (const row of rows) {
    const gap = before === null ? 0 : row.at - before.at;
    const turned = before && before.from !== row.from;
    y += before === null ? 0 : 30 + (turned ? 10 : 0) + Math.min(26, gap > 0 ? 5 * Math.log10(1 + gap / 40) : 0);
    row.y = y;
    if (row.message && row.message.protocol !== 'alert' && !row.message.encrypted || (row.message && row.message.name === 'Finished')) {
      if (row.from !== flight && row.from === 'client' && trip < (story.round_trips || 99)) {
        trip++;
        band = {from: y - 22, to: y + 14, number: trip};
        bands.push(band);
      }
      flight = row.from;
      if (band) band.to = y + 14;
    }
    before = row;
  }
  const height = y + 40;
  for (const b of bands)
    parts.push(s('rect', {x: X.axis + 6, y: b.from, width: X.end + 18 - X.axis, height: b.to - b.from, rx: 8, class: 'band' + b.number % 2}),
      s('text', {x: 0, y: 0, transform: `translate(${X.end + 14} ${(b.from + b.to) / 2}) rotate(90)`, class: 'trip'}, `round trip ${b.number}`));
  for (const row of rows) if (row.message && row.message.protocol === 'change_cipher_spec' && opened[row.from] === null) opened[row.from] = row.y;
  for (const side of ['client', 'server']) {
    lanes.push(s('line', {x1: X[side], x2: X[side], y1: 34, y2: height - 14, class: 'lane ' + side}));
    if (opened[side] !== null)
      lanes.push(s('line', {x1: X[side], x2: X[side], y1: opened[side], y2: height - 14, class: 'lane sealed ' + side}));
    lanes.push(s('text', {x: X[side], y: 22, class: 'side ' + side}, side));
  }
  parts.push(...lanes, s('line', {x1: X.axis, x2: X.axis, y1: 34, y2: height - 14, class: 'axis'}));
  let last = -99;
  for (const row of rows) {
    parts.push(s('circle', {cx: X.axis, cy: row.y, r: 2.5, class: 'tick'}));
    if (row.y - last > 13) parts.push(s('text', {x: X.axis - 7, y: row.y + 3.5, class: 'time'}, since(row.at)));
    last = row.y;
    parts.push(row.message ? ladderMessage(row, X) : ladderPhase(row, X));
  }
  return [h('h2', {}, 'Ladder'), s('svg', {viewBox: `0 0 350 ${height}`, role: 'img',
    'aria-label': `Sequence of ${count(story.messages.length, 'message')} between client and server` +
      (story.round_trips ? `, ${count(story.round_trips, 'round trip')}` : '') + '; the list of messages says the same in words'},
    s('defs', {}, ['client', 'server'].map(side => s('marker', {id: 'tip-' + side, viewBox: '0 0 10 10', refX: 9, refY: 5,
      markerWidth: 10, markerHeight: 10, markerUnits: 'userSpaceOnUse', orient: 'auto-start-reverse'}, s('path', {d: 'M0 .8 9.5 5 0 9.2z', class: 'tip ' + side})))), parts)];
}

function ladderMessage(row, X) {
  const m = row.message, hidden = hiddenMessage(m), to = other(m.from), tilt = 4;
  const name = hidden ? 'encrypted' : m.name;
  return s('g', {class: `step ${m.from}${m.encrypted ? ' sealed' : ''}`, 'data-panel': 'm' + row.number, click: () => go('m' + row.number)},
    s('rect', {x: X.client + 3, y: row.y - 19, width: X.server - X.client - 6, height: 29, rx: 5, class: 'touch'}),
    s('text', {x: (X.client + X.server) / 2, y: row.y - 5, class: 'label'}, s('tspan', {class: 'number'}, row.number + ' '), name,
      s('tspan', {class: 'size'}, '  ' + count(m.length, 'byte')), m.encrypted && ' ▣'),
    s('line', {x1: X[m.from] + (m.from === 'client' ? 5 : -5), y1: row.y, x2: X[to] + (to === 'client' ? 5 : -5), y2: row.y + tilt,
               class: 'wire ' + m.from, 'marker-end': `url(#tip-${m.from})`}));
}

function ladderPhase(row, X) {
  const p = row.phase, text = {dns: 'name', tcp: 'TCP', close: 'close'}[p.name] || p.name;
  const label = state.observer && row.from ? 'encrypted data' : row.from ? p.text : `${text} ${p.took_us ? since(p.took_us) : ''}`;
  const cut = label.length > 33 ? label.slice(0, 32) + '…' : label;
  return s('g', {class: 'phase' + (p.ok ? '' : ' failed'), 'data-panel': row.from ? 'data' : 'overview',
                 click: () => go(row.from ? 'data' : 'overview')},
    s('title', {}, state.observer && row.from ? label : p.text),
    row.from ? s('rect', {x: X.client + 5, y: row.y - 12, width: X.server - X.client - 10, height: 24, rx: 5, class: 'data ' + row.from})
             : s('line', {x1: X.client, x2: X.server, y1: row.y, y2: row.y, class: 'pause'}),
    !row.from && s('rect', {x: (X.client + X.server) / 2 - cut.length * 3.4 - 5, y: row.y - 8, width: cut.length * 6.8 + 10, height: 16, class: 'blank'}),
    s('text', {x: (X.client + X.server) / 2, y: row.y + 4, class: 'label'},
      row.from && (row.from === 'client' ? '→ ' : '← '), cut, !p.ok && ' ✗'));
}

/* ---- panels ------------------------------------------------------------------------------------------------------------- */

function drawPanel() {
  const main = $('main'), list = panels(), index = list.findIndex(p => p.id === state.panel), panel = list[index];
  shown.panel = state.panel;
  shown.tree = shown.grid = shown.inspector = null;
  state.node = null;
  const neighbour = (p, label) => p && link(address(p.id), {class: 'neighbour'}, label);
  main.replaceChildren(...[panel.show()].flat(Infinity).filter(Boolean),
    h('div', {class: 'neighbours'}, neighbour(list[index - 1], `← ${index ? list[index - 1].title : ''}`),
      neighbour(list[index + 1], `${index + 1 < list.length ? list[index + 1].title : ''} →`)));
  $('#app').dataset.panel = /^m\d/.test(panel.id) ? 'message' : panel.id;
  for (const element of document.querySelectorAll('[data-panel]')) {
    if (element.id === 'app') continue;
    const here = element.dataset.panel === panel.id;
    element.classList.toggle('here', here);
    if (element.matches('nav a')) {
      element.tabIndex = here ? 0 : -1;
      if (here) { element.setAttribute('aria-current', 'page'); element.scrollIntoView({block: 'nearest'}); }
      else element.removeAttribute('aria-current');
    }
  }
  const step = $('.ladder .step.here');
  if (step) within($('.ladder'), step);
  main.scrollTop = 0;
}

const title = (text, ...rest) => h('h2', {tabindex: '-1'}, text, ...rest);

/* Scrolls a box so far that the element shows, and nothing else. */
function within(box, element) {
  const a = box.getBoundingClientRect(), b = element.getBoundingClientRect();
  if (box.scrollHeight <= box.clientHeight) return;
  if (b.top < a.top + 24) box.scrollTop -= a.top - b.top + 24;
  else if (b.bottom > a.bottom - 24) box.scrollTop += b.bottom - a.bottom + 24;
}

function showOverview() {
  const story = current();
  const aims = Object.entries(story.protected_against || {});
  return [title('Overview'),
    h('div', {class: 'lead'}, (story.summary || []).map(text => h('p', {}, text))),
    story.error && h('section', {class: 'trouble'}, h('h3', {}, 'What went wrong'), anything('error', story.error)),
    aims.length > 0 && h('section', {}, h('h3', {}, 'Protected against'), h('ul', {class: 'aims'}, aims.map(([name, aim]) =>
      h('li', {class: {yes: 'good', no: 'bad'}[aim.protected] || 'open'},
        h('h4', {}, h('span', {class: 'sign', 'aria-hidden': 'true'}, {yes: '✓', no: '✗'}[aim.protected] || '?'), name),
        h('p', {class: 'state'}, {yes: 'yes', no: 'no'}[aim.protected] || 'undecided'), h('p', {}, aim.text))))),
    (story.findings || []).length > 0 && h('section', {}, h('h3', {}, 'Findings'), findings(story.findings)),
    [...(story.verdicts || []), ...(story.checks || [])].length > 0 && h('section', {}, h('h3', {}, 'Computed again'), h('ul', {class: 'chips'}, [...(story.verdicts || []), ...(story.checks || [])].map(v => h('li', {class: (OUTCOMES[v.outcome] || [])[1] || 'warn'},
      `${(OUTCOMES[v.outcome] || ['–'])[0]} ${v.title || v.name}: ${v.outcome}`)))),
    story.choice && Object.keys(story.choice).length > 0 && h('section', {}, h('h3', {}, 'What was agreed on'), anything('choice', story.choice)),
    waterfall(story),
    h('section', {}, h('h3', {}, 'Further facts'), h('dl', {}, ['role', 'established', 'server_name', 'round_trips', 'handshake_us',
      'total_us', 'proofs', 'ending', 'messages_left_out', 'incomplete', 'connection', 'story', 'tool', 'started'].filter(k => story[k] !== undefined)
      .map(k => [h('dt', {}, words(k)), h('dd', {}, anything(k, story[k]))])))];
}

/* Times as bars. */
function waterfall(story) {
  const rows = story.phases.map(p => ({...p}));
  const first = story.messages[0];
  if (first && story.handshake_us !== undefined)
    rows.push({name: 'tls', ok: true, text: `handshake, ${count(story.round_trips, 'round trip')}`, at_us: first.at_us, took_us: story.handshake_us});
  rows.sort((a, b) => a.at_us - b.at_us);
  const whole = Math.max(story.total_us || 0, ...rows.map(r => r.at_us + r.took_us), 1);
  return h('section', {}, h('h3', {}, 'Where the time went'), h('ol', {class: 'fall'}, rows.map(r => {
    const bar = h('span', {class: 'bar' + (r.ok ? '' : ' bad')});
    bar.style.marginLeft = 100 * r.at_us / whole + '%';
    bar.style.width = Math.max(.4, 100 * r.took_us / whole) + '%';
    return h('li', {}, h('span', {class: 'what'}, r.name, !r.ok && ' ✗'), h('span', {class: 'track', 'aria-hidden': 'true'}, bar),
      h('span', {class: 'took'}, `at ${since(r.at_us)}, ${since(r.took_us)}`),
      h('span', {class: 'text'}, state.observer && /^re(quest|sponse)$/.test(r.name) ? 'encrypted' : r.text));
  })));
}

function showCertificates() {
  const story = current(), v = story.verification, list = story.certificates || [];
  const cards = list.map((c, i) => h('li', {class: 'card'},
    h('h3', {}, i === 0 ? 'The server’s own' : `Certificate ${i + 1}`),
    h('dl', {}, Object.entries(c).filter(([k]) => k !== 'der').map(([k, value]) => [h('dt', {}, k === 'sha256' ? 'SHA-256' : words(k)),
      h('dd', {}, k === 'sha256' ? h('code', {}, pairs(value)) : value)])),
    h('details', {}, h('summary', {}, `DER, ${count(c.der.length / 2, 'byte')}`), h('code', {class: 'block'}, pairs(c.der))),
    h('p', {class: 'row'}, button('Save as PEM', () => save(`certificate-${i + 1}.pem`, pem(c.der), 'application/x-pem-file')),
      linkToCertificate(i))));
  const sign = {passed: '✓', failed: '✗', 'not checked': '–'};
  const steps = v && h('section', {}, h('h3', {}, 'Verification, step by step'),
    h('p', {class: v.accepted ? 'good' : 'bad'}, v.accepted ? '✓ accepted' : '✗ not accepted', v.name !== undefined && [' for ', v.name],
      v.reason && [': ', v.reason], `, judged at ${v.judged_at}`),
    h('div', {class: 'wide', tabindex: '0', role: 'group', 'aria-label': 'Verification steps'}, h('table', {},
      h('thead', {}, h('tr', {}, ['', 'check', 'certificate', 'outcome', 'detail'].map(t => h('th', {scope: 'col'}, t || h('span', {class: 'unseen'}, 'step'))))),
      h('tbody', {}, v.checks.map((c, i) => h('tr', {class: c.outcome.replace(' ', '-')}, h('td', {}, i + 1), h('td', {}, c.check),
        h('td', {}, v.path[c.certificate] ? v.path[c.certificate].title : c.certificate),
        h('td', {class: 'outcome'}, `${sign[c.outcome] || '?'} ${c.outcome}`), h('td', {}, [c.reason, c.detail].filter(Boolean).join(': '))))))));
  const chain = v && v.path.length > 0 && h('section', {}, h('h3', {}, 'The path that was found'),
    h('ol', {class: 'chain'}, v.path.map((c, i) => h('li', {}, h('span', {class: 'role'}, i === 0 ? 'leaf' : i === v.path.length - 1 ? 'trust anchor' : 'intermediate'),
      h('strong', {}, c.title), h('details', {}, h('summary', {}, 'DER'), h('code', {class: 'block'}, pairs(c.der)))))));
  return [title('Certificates'), chain, steps,
    cards.length > 0 && [h('h3', {}, 'As they were sent'), h('ol', {class: 'cards'}, cards)],
    list.length > 0 && h('p', {class: 'row'}, button('Save all as PEM', () => save('certificates.pem', list.map(c => pem(c.der)).join(''), 'application/x-pem-file')))];
}

function linkToCertificate(i) {
  const at = current().messages.findIndex(m => m.name === 'Certificate');
  if (at < 0) return null;
  const node = modelOf(current().messages[at]).nodes.filter(n => n.name === 'certificate' && n.kids.length)[i];
  return node && link(address(`m${at + 1}/${node.path}`), {}, 'See its bytes');
}

function showKeys() {
  const story = current(), list = story.secrets || [];
  if (state.observer) return [title('Keys'), h('p', {class: 'lead'}, 'A listener has none of them.')];
  return [title('Keys'),
    (story.derived || []).length > 0 && derivation(story),
    (story.verdicts || []).length > 0 && h('section', {}, h('h3', {}, 'Signatures and proofs, computed again'), verdictTable(story.verdicts)),
    (story.checks || []).length > 0 && h('section', {}, h('h3', {}, 'Checked while reading'), verdictTable(story.checks)),
    list.length > 0 && h('h3', {}, 'What the connection told'),
    list.length === 0 && h('p', {class: 'lead'}, 'This story was told without its secrets. With --show-secrets they stand here.'),
    list.length > 0 && h('ul', {class: 'secrets'}, list.map(secret => h('li', {class: 'card'},
      h('h3', {}, secret.label), h('code', {class: 'block secret'}, pairs(secret.bytes)),
      h('p', {class: 'facts'}, `${count(secret.bytes.length / 2, 'byte')} · at ${since(secret.at_us)} · ${secret.at}`),
      sameBytes(story, secret.bytes, secret), h('p', {class: 'row'}, copiers(secret.bytes))))),
    keyLog(story) && h('p', {class: 'row'}, button('Save the key log', () => save('keylog.txt', keyLog(story), 'text/plain')))];
}

/* The line that other tools read: label, client random, master secret. */
function keyLog(story) {
  const hello = story.messages.find(m => m.name === 'ClientHello');
  const random = hello && modelOf(hello).byPath.get('client_hello.random');
  const lines = (story.secrets || []).filter(x => /^[A-Z][A-Z0-9_]+$/.test(x.label)).map(x => `${x.label} ${random ? random.field.bytes : ''} ${x.bytes}\n`);
  return random ? lines.join('') : '';
}

/* The key schedule as a graph: each value made from those that lead to it; what it was made from and how, opened by a click. */
function derivation(story) {
  const made = story.derived, place = new Map(made.map((d, i) => [d.name, i]));
  /* What a value is made from stands left of it. */
  const sources = d => (d.inputs || []).filter(x => place.has(x.name) && made[place.get(x.name)] !== d).map(x => made[place.get(x.name)]);
  const columns = [];
  made.forEach(d => { d.column = Math.max(-1, ...sources(d).map(x => x.column === undefined ? -1 : x.column)) + 1; });
  made.forEach((d, i) => { (columns[d.column] ||= []).push([d, i]); delete d.column; });
  const graph = h('ol', {class: 'graph', 'aria-label': 'How the keys come about'}, columns.map(column => h('li', {}, column.map(([d, i]) => {
    const from = sources(d).map(x => x.title);
    return button([h('strong', {}, d.title), h('span', {}, d.method), from.length > 0 && h('span', {class: 'from'}, '↑ from the ', from.join(', '))],
      () => { const panel = $(`#derived-${i}`); panel.open = true; panel.querySelector('summary').focus(); panel.scrollIntoView({block: 'start'}); });
  }))));
  const value = (story2, x) => [h('dt', {}, x.name), h('dd', {}, x.bytes !== undefined && h('code', {class: 'secret'}, x.bytes ? pairs(x.bytes) : 'empty'),
    Object.keys(x).filter(k => !/^(name|bytes)$/.test(k)).map(k => h('span', {}, ' ', anything(k, x[k]))),
    x.bytes && printable(x.bytes) && h('span', {class: 'facts'}, ` “${printable(x.bytes)}”`), x.bytes && sameBytes(story2, x.bytes, null))];
  const known = new Set(['name', 'title', 'method', 'section', 'inputs', 'steps', 'outputs', 'value', 'told', 'agrees', 'command']);
  return h('section', {}, h('h3', {}, 'From the shares to the keys'), graph, made.map((d, i) => h('details', {class: 'card derived', id: `derived-${i}`},
    h('summary', {}, h('strong', {}, d.title), ' ', h('code', {}, d.name), d.agrees !== undefined && h('span', {class: d.agrees ? 'good' : 'bad'}, d.agrees ? ' ✓ as the connection used it' : ' ✗ not what the connection used')),
    h('p', {}, d.method, d.section && h('span', {class: 'facts'}, ` · ${d.section}`)),
    [['from', d.inputs], ['steps', d.steps], ['gives', d.outputs]].filter(([, list]) => list && list.length).map(([label, list]) =>
      [h('h4', {}, label), h('dl', {class: 'values'}, list.map(x => value(story, x)))]),
    h('dl', {class: 'values'}, [d.value !== undefined && value(story, {name: 'value', bytes: d.value}), d.told !== undefined && value(story, {name: 'told', bytes: d.told})],
      Object.keys(d).filter(k => !known.has(k)).map(k => [h('dt', {}, words(k)), h('dd', {}, anything(k, d[k]))])),
    d.command && [h('h4', {}, 'do it yourself'), h('p', {}, h('code', {class: 'block'}, d.command)), h('p', {class: 'row'}, copier('Copy the command', () => d.command))])));
}

/* Text, when bytes are nothing else: a label. */
function printable(hex) {
  const text = (hex.match(/../g) || []).map(b => String.fromCharCode(parseInt(b, 16))).join('');
  return /^[\x20-\x7e]{4,}$/.test(text) ? text : '';
}

const OUTCOMES = {verified: ['✓', 'good'], failed: ['✗', 'bad'], FAILED: ['✗', 'bad']};
function verdictTable(list) {
  return h('ol', {class: 'verdicts'}, list.map(v => {
    const [sign, kind] = OUTCOMES[v.outcome] || ['–', 'warn'];
    const known = new Set([v.title ? 'title' : 'name', 'outcome', 'text', 'section', 'input', 'from', 'at', 'at_us']);
    return h('li', {}, h('span', {class: 'sign ' + kind, 'aria-hidden': 'true'}, sign), h('div', {},
      h('p', {}, h('strong', {}, v.title || v.name), v.from && v.title && !v.title.includes(v.from) && ` of the ${v.from}`, ': ', h('span', {class: kind}, v.outcome)), h('p', {class: 'facts'}, v.text, v.section && ` · ${v.section}`),
      h('p', {class: 'facts'}, Object.keys(v).filter(k => !known.has(k)).map((k, i) => [i > 0 && ' · ', words(k), ': ', anything(k, v[k])])),
      v.input && h('details', {}, h('summary', {}, `over ${count(v.input.length / 2, 'byte')}`), h('code', {class: 'block'}, state.observer && v.check && /finished/.test(v.check) ? 'hidden' : pairs(v.input)))));
  }));
}

const STATES = {taken: ['✓', 'good'], excluded: ['–', ''], left: ['·', ''], signal: ['~', '']};
function showOffers() {
  const list = Object.entries(current().offers).filter(([, v]) => Array.isArray(v) && v.length && typeof v[0] === 'object');
  const rest = Object.entries(current().offers).filter(([k]) => !list.some(([l]) => l === k));
  return [title('Offers and choices'), h('p', {class: 'lead'}, 'What the client offered, best first; what the server took; why the others fell out, where that can be known.'),
    list.map(([kind, rows]) => h('section', {class: 'offers'}, h('h3', {}, words(kind)), h('ul', {}, rows.map(r => {
      const [sign, cls] = STATES[r.state] || ['·', ''];
      const known = new Set(['name', 'number', 'state', 'why']);
      return h('li', {class: r.state}, h('span', {class: 'sign ' + cls, 'aria-hidden': 'true'}, sign), h('div', {}, h('p', {}, h('strong', {}, r.name),
        r.number !== undefined && h('small', {}, ` 0x${r.number.toString(16).padStart(4, '0')}`), r.state && h('span', {class: 'state'}, ` ${r.state}`)), h('p', {class: 'facts'}, r.why,
        Object.keys(r).filter(k => !known.has(k)).map(k => [' · ', words(k), ': ', anything(k, r[k])]))));
    })))),
    rest.length > 0 && h('dl', {}, rest.map(([k, v]) => [h('dt', {}, words(k)), h('dd', {}, anything(k, v))]))];
}

const SEVERITIES = {error: 'bad', bad: 'bad', serious: 'bad', high: 'bad', warning: 'warn', warn: 'warn', medium: 'warn', weak: 'warn'};
function findings(list) {
  return h('ul', {class: 'findings'}, list.map(f => {
    const known = new Set(['severity', 'sentence', 'text', 'name', 'message', 'field']);
    const kind = SEVERITIES[f.severity] || 'open';
    return h('li', {class: kind}, h('p', {}, f.severity && h('strong', {}, f.severity, ': '), f.sentence || f.text || f.name, f.sentence && f.text && [' ', f.text]),
      h('p', {class: 'facts'}, Object.keys(f).filter(k => !known.has(k) || (k === 'name' && (f.sentence || f.text)) || k === 'message' || k === 'field')
        .map((k, i) => [i > 0 && ' · ', words(k), ': ', anything(k, f[k])])));
  }));
}

function showRecords() {
  const story = current(), body = h('tbody');
  const RECORD_KNOWN = new Set(['number', 'content', 'from', 'ours', 'at_us', 'at', 'version', 'length', 'plain_length', 'epoch', 'sequence_number', 'fields']);
  const row = r => {
    const tr = h('tr', {class: r.from}, h('td', {}, `${r.from === 'client' ? '→' : '←'} ${r.from} ${r.number}`), h('td', {}, since(r.at_us)),
      h('td', {}, `${r.content.name} (${r.content.number})`), h('td', {}, r.version && `${r.version.name} (0x${r.version.number.toString(16).padStart(4, '0')})`), h('td', {}, grouped(r.length)),
      h('td', {}, grouped(r.plain_length)), h('td', {}, r.epoch ? `${r.epoch} ▣` : `${r.epoch}`), h('td', {}, r.sequence_number));
    const out = [tr];
    if (r.fields || r.nonce !== undefined) {
      const cell = h('td', {colspan: '8'}), details = h('details', {toggle: () => {
        if (details.open && cell.dataset.made === undefined) {
          cell.dataset.made = '';
          details.append(h('dl', {class: 'fields'}, Object.keys(r).filter(k => !RECORD_KNOWN.has(k)).map(k => [h('dt', {}, words(k)), h('dd', {}, state.observer && k === 'nonce' ? 'hidden' : anything(k, r[k]))]), (r.fields || []).map(f => [h('dt', {}, f.name), h('dd', {}, f.text !== undefined && f.text !== f.bytes && h('span', {}, f.text, ' '),
            f.bytes && h('code', {}, pairs(f.bytes)), h('small', {}, ` at ${f.offset}, ${count(f.length, 'byte')}`), f.sentence && h('p', {class: 'sentence'}, f.sentence))])));
        }
      }}, h('summary', {}, r.epoch ? 'nonce, ciphertext, tag' : 'header'));
      cell.append(details);
      out.push(h('tr', {class: 'more'}, cell));
    }
    return out;
  };
  return [title('Records'), h('p', {class: 'lead'}, 'Everything travels in records. Each side numbers its own; after ChangeCipherSpec they are encrypted, and the sequence number, which is not sent, goes into each nonce.'),
    h('div', {class: 'wide', tabindex: '0', role: 'group', 'aria-label': 'Records'}, h('table', {}, h('thead', {}, h('tr', {}, ['record', 'time', 'content', 'version', 'length', 'plain', 'epoch', 'sequence number']
      .map(t => h('th', {scope: 'col'}, t)))), body)), inParts(body, story.records, 200, row)];
}

/* Puts the first n in place, and a button for more. */
function inParts(into, list, n, make) {
  let at = 0;
  const more = button('', () => step());
  const step = () => {
    into.append(...list.slice(at, at + n).flatMap(x => make(x)));
    at = Math.min(at + n, list.length);
    more.textContent = `Show more (${list.length - at} left)`;
    more.hidden = at >= list.length;
  };
  step();
  return more.hidden ? null : more;
}

function showData() {
  const story = current(), traffic = story.traffic || {};
  const notes = (story.notes || []).map(note => {
    const sent = /^> /.test(note.text), got = /^< /.test(note.text);
    return h('li', {class: sent ? 'client' : got ? 'server' : ''}, h('span', {class: 'time'}, since(note.at_us)), h('span', {}, state.observer && (sent || got) ? 'encrypted' : note.text));
  });
  return [title('Application data'),
    h('p', {class: 'lead'}, 'What is said inside the connection, counted.', story.http ? ' The panel HTTP has what it was.' : story.dialogue ? ' The panel Dialogue has its lines.' : ' Its content is not kept in this story.'),
    Object.keys(traffic).length > 0 && h('div', {class: 'wide', tabindex: '0', role: 'group', 'aria-label': 'Traffic'}, h('table', {}, h('thead', {}, h('tr', {}, ['from', ...Object.keys(traffic.client)].map(t => h('th', {scope: 'col'}, words(t))))),
      h('tbody', {}, Object.entries(traffic).map(([side, t]) => h('tr', {}, h('th', {scope: 'row'}, side), Object.entries(t).map(([k, n]) =>
        h('td', {}, state.observer && /^data_b/.test(k) ? 'hidden' : grouped(n)))))))),
    notes.length > 0 && [h('h3', {}, 'Notes'), h('ol', {class: 'notes'}, notes)]];
}

/* What a listener can't read is not shown in the listener's view. */
const unseen = x => state.observer && x.encrypted;
const placeOf = x => [since(x.at_us), x.last_record && (x.first_record !== x.last_record ? `records ${x.first_record}–${x.last_record}` : `record ${x.last_record}`),
  x.packet && (x.first_packet && x.first_packet !== x.packet ? `packets ${x.first_packet}–${x.packet}` : `packet ${x.packet}`)].filter(Boolean).join(' · ');
const tableOf = (label, heads, body) => h('div', {class: 'wide', tabindex: '0', role: 'group', 'aria-label': label},
  h('table', {}, h('thead', {}, h('tr', {}, heads.map(t => h('th', {scope: 'col'}, t)))), body));

function showHttp() {
  const story = current(), box = h('div'), frames = h('tbody');
  const headers = list => h('dl', {class: 'fields'}, list.map(x => [h('dt', {}, x.name), h('dd', {}, x.value)]));
  const card = m => {
    const line = m.kind === 'request' ? `${m.method} ${m.target}` : `${m.status} ${m.reason || ''}`;
    const c = m.content, about = [count(c.length, 'byte'), c.transfer, c.coding && `${c.coding}: unpacked ${count(c.decoded_length, 'byte')}`, !c.complete && 'not complete', c.problem];
    const arrow = m.from === 'client' ? '→' : '←', kind = m.kind === 'response' ? 'answer' : m.kind;
    return h('section', {class: `card ${m.from}`}, h('h3', {}, `${arrow} ${unseen(m) ? 'encrypted' : line}`),
      h('p', {class: 'facts'}, [`exchange ${m.exchange}`, kind, m.version, m.stream && `stream ${m.stream}`, m.encrypted ? 'protected' : 'in the clear', m.becomes && `from here on ${m.becomes}`, placeOf(m)].filter(Boolean).join(' · ')),
      !unseen(m) && [h('details', {}, h('summary', {}, count(m.headers.length, 'header')), headers(m.headers)),
        m.trailers && h('details', {}, h('summary', {}, count(m.trailers.length, 'trailer')), headers(m.trailers)),
        (c.length > 0 || c.problem) && h('p', {}, about.filter(Boolean).join(' · ')),
        c.text && h('pre', {class: 'json', tabindex: '0', role: 'group', 'aria-label': `Content of ${kind} ${m.exchange}`}, c.text, c.cut && ' …'),
        c.bytes && h('p', {}, h('code', {}, pairs(c.bytes), c.cut && ' …'))]);
  };
  const row = f => h('tr', {class: f.from}, h('td', {}, f.from === 'client' ? '→ client' : '← server'), h('td', {}, since(f.at_us)), h('td', {}, `${f.type.name} (${f.type.number})`),
    h('td', {}, f.stream), h('td', {}, grouped(f.length)), h('td', {}, f.facts), h('td', {}, f.record));
  return [title('HTTP'), h('p', {class: 'lead'}, 'Requests and answers, contents joined and unpacked. ', (story.http || []).some(m => m.encrypted) ? 'A listener sees records, their sizes and times, nothing of this.' : 'Without TLS a listener sees all of this at once.'),
    box, inParts(box, story.http || [], 100, m => [card(m)]),
    story.http2_frames && !state.observer && [h('h3', {}, 'Frames of HTTP/2'), tableOf('Frames of HTTP/2', ['from', 'time', 'frame', 'stream', 'length', 'what it says', 'record'], frames), inParts(frames, story.http2_frames, 200, f => [row(f)])]];
}

function showDialogue() {
  return [title('Dialogue'), h('p', {class: 'lead'}, 'Lines of a text protocol: what was said in the clear before TLS, and inside it.'),
    h('ol', {class: 'notes'}, current().dialogue.map(d => h('li', {class: d.from}, h('span', {class: 'time'}, since(d.at_us)),
      h('span', {}, d.from === 'client' ? '→ ' : '← ', unseen(d) ? 'encrypted' : d.text, !d.encrypted && h('small', {}, ' in the clear')))))];
}

function showDns() {
  return [title('DNS'), h('p', {class: 'lead'}, 'How the name became an address, as far as the capture has it.'), current().dns.map(a => h('section', {class: 'card'},
    h('h3', {}, `${a.name} ${a.type.name}`), h('p', {class: 'facts'}, [a.rcode, `transaction ${a.id}`, a.flags, `${a.server} over ${a.transport}`, a.took_us !== undefined && `answered in ${since(a.took_us)}`,
      a.asked_packet && `asked in packet ${a.asked_packet}`, `answered in packet ${a.packet}`].filter(Boolean).join(' · ')),
    tableOf(`Records of ${a.name} ${a.type.name}`, ['name', 'type', 'seconds', 'value'], h('tbody', {}, a.records.map(r => h('tr', {}, h('td', {}, r.name), h('td', {}, r.type.name), h('td', {}, r.ttl), h('td', {}, r.text, r.ech && h('small', {}, ' Encrypted ClientHello'))))))))];
}

/* Each packet with its layers, the outermost first: the same bytes, wrapped several times. */
function showPackets() {
  const story = current(), body = h('tbody');
  const carried = new Map();
  story.messages.forEach((m, i) => { if (m.packet) carried.set(m.packet, [...(carried.get(m.packet) || []), link(address('m' + (i + 1)), {}, m.name)]); });
  const row = p => {
    const tcp = p.layers[p.layers.length - 1];
    const layers = h('details', {}, h('summary', {}, p.layers.map(l => l.name).join(' › ')),
      p.layers.map(l => h('dl', {class: 'fields'}, [h('dt', {}, l.name), h('dd', {}, Object.keys(l).filter(k => k !== 'name').map((k, i) => [i > 0 && ' · ', `${words(k)} ${l[k]}`]))])));
    return h('tr', {class: p.from}, h('td', {}, `${p.from === 'client' ? '→' : '←'} ${p.number}`), h('td', {}, since(p.at_us)), h('td', {}, grouped(p.length)), h('td', {}, tcp.flags), h('td', {}, tcp.relative_sequence),
      h('td', {}, tcp.relative_acknowledgement === undefined ? '' : tcp.relative_acknowledgement), h('td', {}, grouped(tcp.payload)), h('td', {}, layers), h('td', {}, (carried.get(p.number) || []).map((l, i) => [i > 0 && ', ', l])));
  };
  return [title('Packets'), h('p', {class: 'lead'}, 'The packets that carried the connection. Sequence numbers are counted from each side’s beginning. TLS adds a layer between TCP and the application; the layers below do not notice.'),
    tableOf('Packets', ['packet', 'time', 'length', 'TCP', 'sequence', 'acknowledges', 'payload', 'layers', 'completes'], body), inParts(body, story.packets, 200, p => [row(p)])];
}

function showObserver() {
  const o = current().observer;
  return [title('A listener’s view'), h('p', {class: 'lead'}, 'Somebody who records everything on the way, and has no keys.'),
    h('div', {class: 'both'}, h('section', {class: 'card'}, h('h3', {}, 'learns'), h('ul', {}, o.sees.map(x => h('li', {}, x)))),
      h('section', {class: 'card'}, h('h3', {}, 'does not learn'), h('ul', {}, o.misses.map(x => h('li', {}, x))))),
    h('p', {class: 'row'}, button(state.observer ? 'Show everything again' : 'Show the story as the listener sees it', toggleObserver))];
}

function showGlossary() {
  const terms = new Map();
  for (const m of current().messages) {
    if (m.sentence) terms.set(m.name, m.sentence);
    for (const f of current().http2_frames || []) if (f.sentence) terms.set('http2_frame.' + f.type.name, f.sentence);
    for (const node of modelOf(m).nodes) if (node.field.sentence && node.depth) terms.set(node.field.path, node.field.sentence);
  }
  const list = h('dl', {class: 'glossary'});
  const rows = [...terms].sort((a, b) => a[0] < b[0] ? -1 : 1);
  return [title('Glossary'), h('p', {class: 'lead'}, 'Every term of this story in a sentence.'), list,
    inParts(list, rows, 300, ([term, sentence]) => [h('dt', {}, term), h('dd', {}, sentence)])];
}

const SHOWN_AT_ONCE = 100000;
function showJson() {
  const text = JSON.stringify(current(), null, 1);
  return [title('JSON'), h('p', {class: 'row'}, button('Save as JSON', () => save('story.json', text + '\n', 'application/json')), copier('Copy', () => text)),
    text.length > SHOWN_AT_ONCE && h('p', {}, `The first ${grouped(SHOWN_AT_ONCE)} of ${grouped(text.length)} characters; all of them are in the file.`),
    h('pre', {class: 'json', tabindex: '0', role: 'group', 'aria-label': 'JSON'}, text.slice(0, SHOWN_AT_ONCE))];
}

const showOther = key => [title(words(key)), anything(key, current()[key])];

/* Any part of the story, known or not. */
function anything(key, v) {
  if (v === null || v === undefined) return '';
  if (isRegistered(v)) return `${v.name} (${v.number})`;
  if (typeof v === 'boolean') return v ? 'yes' : 'no';
  if (typeof v === 'number') return String(v);
  if (typeof v === 'string') return isHex(key, v) ? h('code', {}, pairs(v)) : v;
  if (!Array.isArray(v))
    return h('dl', {}, Object.entries(v).map(([k, x]) => [h('dt', {}, words(k)), h('dd', {}, anything(k, x))]));
  const flat = v.length && v.every(x => x && typeof x === 'object' && !Array.isArray(x) && !isRegistered(x) &&
    Object.entries(x).every(([k, y]) => typeof y !== 'object' || isRegistered(y)));
  if (!flat) return h('ol', {}, v.map(x => h('li', {}, anything(key, x))));
  const columns = [...new Set(v.flatMap(Object.keys))];
  return h('div', {class: 'wide', tabindex: '0', role: 'group', 'aria-label': words(key)}, h('table', {}, h('thead', {}, h('tr', {}, columns.map(c => h('th', {scope: 'col'}, words(c))))),
    h('tbody', {}, v.map(x => h('tr', {}, columns.map(c => h('td', {}, x[c] === undefined ? '' : anything(c, x[c]))))))));
}

/* ---- one message: bytes, fields, and what the chosen field is ------------------------------------------------------------- */

function showMessage(m, index) {
  const [sign, what, kind] = hiddenMessage(m) ? ['', '', ''] : verdictOf(current(), m, index);
  const to = other(m.from);
  const head = [
    h('p', {class: 'route'}, h('span', {class: m.from}, m.from), ' → ', h('span', {class: to}, to),
      m.ours ? ' · sent by us' : '', ` · ${since(m.at_us)} · ${count(m.length, 'byte')} · record ${m.record} of the ${m.from} · `,
      m.encrypted ? 'encrypted ▣' : 'in the clear', sign && [' · ', h('span', {class: kind}, `${sign} ${what}`)])];
  if (hiddenMessage(m))
    return [title('Encrypted'), head, h('p', {class: 'lead'}, 'A listener sees a record of this type and length, and cannot tell what is in it.'),
      h('p', {class: 'hidden-bytes', 'aria-hidden': 'true'}, '▒▒ '.repeat(Math.min(m.length, 256)))];
  const model = modelOf(m), known = new Set(['name', 'protocol', 'type', 'from', 'ours', 'record', 'encrypted', 'at_us', 'at', 'length',
    'facts', 'bytes', 'fields', 'sentence', 'malformed']);
  shown.inspector = h('section', {class: 'inspector', 'aria-label': 'The chosen field'});
  shown.grid = drawGrid(m, model);
  shown.tree = drawTree(m, model);
  const modes = h('div', {class: 'modes', role: 'group', 'aria-label': 'Bytes as'}, [['hex', 'hex'], ['dec', 'decimal'], ['text', 'text']].map(([id, label]) =>
    button(label, () => { state.mode = id; redrawGrid(m, model); }, {'data-mode': id, 'aria-pressed': String(state.mode === id)})));
  return [title(m.name, m.type !== undefined && h('small', {}, ` (${m.type})`)), head,
    m.sentence && h('p', {class: 'lead'}, m.sentence),
    m.facts && h('ul', {class: 'chips', 'aria-label': 'Facts'}, m.facts.split('; ').map(f => h('li', {}, f))),
    alertReason(m),
    m.malformed && h('p', {class: 'trouble'}, `✗ Malformed: ${m.malformed.field}, at byte ${m.malformed.offset}: ${m.malformed.why}`),
    h('div', {class: 'message'},
      h('section', {class: 'fields-side', 'aria-label': 'Fields'},
        h('div', {class: 'bar-top'}, h('h3', {}, 'Fields'), button('Open all', () => openAll(true)), button('Close all', () => openAll(false))),
        shown.tree),
      h('section', {class: 'bytes-side', 'aria-label': 'Bytes'}, h('div', {class: 'bar-top'}, h('h3', {}, 'Bytes'), modes, h('span', {class: 'row'}, copiers(m.bytes))),
        shown.grid, shown.inspector)),
    h('dl', {class: 'rest'}, ['protocol', 'at', ...Object.keys(m).filter(k => !known.has(k))].map(k => [h('dt', {}, words(k)), h('dd', {}, anything(k, m[k]))]))];
}

/* The nth alert of a side has the nth reason of that side. */
function alertReason(m) {
  if (m.protocol !== 'alert') return null;
  const before = current().messages.filter(x => x.protocol === 'alert' && x.from === m.from).indexOf(m);
  const reason = (current().alert_reasons || []).filter(r => r.from === m.from)[before];
  if (!reason) return null;
  const known = new Set(['from', 'level', 'description', 'certainty', 'text']);
  return h('div', {class: 'reason'}, h('p', {}, h('strong', {}, reason.certainty), ': ', reason.text),
    h('p', {class: 'facts'}, anything('level', reason.level), ' · ', anything('description', reason.description), Object.keys(reason).filter(k => !known.has(k)).map(k => [' · ', words(k), ': ', anything(k, reason[k])])));
}

/* The bytes: rows of sixteen; in each row one span for each field. Rows of long messages are made when they come into view. */
const ROW = 16, CHUNK = 32;

function drawGrid(m, model) {
  const rows = Math.ceil(model.root.to / ROW);
  const grid = h('div', {class: 'grid mode-' + state.mode, role: 'grid', 'aria-label': `Bytes of ${m.name}`, 'aria-rowcount': rows, 'aria-colcount': ROW + 1,
    keydown: gridKeys, mouseover: e => hover(nodeAt(e.target)), mouseleave: () => hover(null),
    click: e => { const node = nodeAt(e.target); if (node) select(node, {keep: true}); },
    focusin: e => { const node = nodeAt(e.target); if (node && node !== state.node) select(node, {keep: true}); }});
  const nodeAt = target => { const cell = target.closest('[data-run]'); return cell && model.runs[cell.dataset.run].node; };
  const watcher = new IntersectionObserver(entries => {
    for (const entry of entries) if (entry.isIntersecting) { watcher.unobserve(entry.target); fillChunk(entry.target, m, model); }
  }, {root: grid, rootMargin: '600px'});
  for (let first = 0; first < rows; first += CHUNK) {
    const n = Math.min(CHUNK, rows - first), chunk = h('div', {class: 'chunk', role: 'rowgroup', 'data-first': first, 'data-rows': n});
    grid.append(chunk);
    if (first < 4 * CHUNK) fillChunk(chunk, m, model);
    else { chunk.style.height = `calc(${n} * var(--row))`; watcher.observe(chunk); }
  }
  const start = grid.querySelector('[data-run]');
  if (start) start.tabIndex = 0;
  return grid;
}

function fillChunk(chunk, m, model) {
  const first = +chunk.dataset.first, end = first + +chunk.dataset.rows;
  let run = firstRun(model.runs, first * ROW);
  const rows = [];
  for (let r = first; r < end; r++) {
    const from = r * ROW, to = Math.min(from + ROW, model.root.to);
    const cells = [h('span', {role: 'rowheader', class: 'offset'}, from.toString(16).padStart(4, '0'))];
    while (run < model.runs.length && model.runs[run].from < to) {
      const a = Math.max(from, model.runs[run].from), b = Math.min(to, model.runs[run].to), node = model.runs[run].node;
      const hex = m.bytes.slice(2 * a, 2 * b);
      cells.push(h('span', {role: 'gridcell', 'aria-colindex': a - from + 2, 'data-run': run, 'data-at': a, tabindex: '-1',
        class: `run g${node.group} t${model.runs[run].tone}${node.kids.length ? ' own' : ''}`, 'aria-label': `${node.name}: ${pairs(hex)}`}, inMode(hex)));
      if (model.runs[run].to > to) break;
      run++;
    }
    rows.push(h('div', {role: 'row', 'aria-rowindex': r + 1}, cells));
  }
  chunk.style.height = '';
  chunk.replaceChildren(...rows);
  chunk.dataset.filled = '';
  if (state.node) mark('chosen', state.node);
}

function firstRun(runs, at) {
  let low = 0, high = runs.length;
  while (low < high) { const middle = (low + high) >> 1; if (runs[middle].to <= at) low = middle + 1; else high = middle; }
  return low;
}

function inMode(hex) {
  const bytes = hex.match(/../g) || [];
  if (state.mode === 'hex') return bytes.join(' ');
  if (state.mode === 'dec') return bytes.map(b => String(parseInt(b, 16)).padStart(3, '\u00a0')).join(' ');
  return bytes.map(b => { const n = parseInt(b, 16); return n > 0x20 && n < 0x7f ? String.fromCharCode(n) : '·'; }).join(' ');
}

function redrawGrid(m, model) {
  const node = state.node, grid = drawGrid(m, model);
  shown.grid.replaceWith(grid);
  shown.grid = grid;
  for (const b of document.querySelectorAll('.modes button')) b.setAttribute('aria-pressed', String(b.dataset.mode === state.mode));
  marks.chosen = marks.hot = [];
  if (node) mark('chosen', node);
}

/* Left and right go from field to field, up and down from row to row. */
function gridKeys(event) {
  const cell = event.target.closest('[data-run]');
  if (!cell) return;
  const cells = [...shown.grid.querySelectorAll('[data-run]')], at = cells.indexOf(cell), byte = +cell.dataset.at;
  const under = offset => cells.findLast(c => +c.dataset.at <= offset);
  let to;
  if (event.key === 'ArrowRight') to = cells.find((c, i) => i > at && c.dataset.run !== cell.dataset.run);
  else if (event.key === 'ArrowLeft') to = cells.find(c => +c.dataset.run === +cell.dataset.run - 1);
  else if (event.key === 'ArrowDown') to = under(byte + ROW);
  else if (event.key === 'ArrowUp') to = byte >= ROW ? under(byte - ROW) : null;
  else if (event.key === 'Home') to = cells[0];
  else if (event.key === 'End') to = cells[cells.length - 1];
  else if (event.key === 'Enter' && state.node) { event.preventDefault(); reveal(state.node).focus(); return; }
  else return;
  event.preventDefault();
  if (!to) return;
  cell.tabIndex = -1;
  to.tabIndex = 0;
  to.focus({preventScroll: true});
  within(shown.grid, to);
}

/* The tree: rows are made when what holds them is opened. */
function drawTree(m, model) {
  const tree = h('div', {class: 'tree', role: 'tree', 'aria-label': `Fields of ${m.name}`, keydown: treeKeys,
    mouseover: e => hover(nodeOf(e.target)), mouseleave: () => hover(null),
    click: e => {
      const node = nodeOf(e.target), more = e.target.closest('.more');
      if (more) more.show();
      if (!node) return;
      if (node.kids.length && (e.target.closest('.twist') || node === state.node)) open(node, !node.open);
      select(node, {focus: true});
    },
    focusin: e => { const node = nodeOf(e.target); if (node && node !== state.node) select(node, {}); }});
  for (const node of model.nodes) { node.item = null; node.open = false; }
  tree.append(...model.root.kids.map(treeItem));
  if (tree.firstChild) tree.firstChild.tabIndex = 0;
  for (const node of model.root.kids) if (node.kids.some(k => k.kids.length) && node.kids.length < 40) open(node, true);
  return tree;
}
const nodeOf = target => { const item = target.closest('[role=treeitem]'); return item && item.node; };

function treeItem(node) {
  const f = node.field, value = brief(node);
  const item = h('div', {class: 'line', role: 'treeitem', tabindex: '-1', 'aria-level': node.depth, 'aria-selected': 'false',
      'aria-posinset': node.parent.kids.indexOf(node) + 1, 'aria-setsize': node.parent.kids.length,
      'aria-expanded': node.kids.length ? 'false' : undefined, 'aria-label': `${node.name} ${value}`},
    h('span', {class: 'twist', 'aria-hidden': 'true'}, node.kids.length ? '▸' : ''),
    h('span', {class: `swatch g${node.group}`}), h('span', {class: 'name'}, node.name), ' ',
    h('span', {class: 'value' + (f.kind === 'text' ? ' quoted' : '')}, value));
  item.node = node;
  node.item = item;
  node.box = null;
  item.style.paddingLeft = 14 * (node.depth - 1) + 4 + 'px';
  return item;
}

const KIDS_AT_ONCE = 300;
function open(node, yes) {
  if (!node.item || !node.kids.length || node.open === yes) return;
  node.open = yes;
  node.item.setAttribute('aria-expanded', String(yes));
  node.item.querySelector('.twist').textContent = yes ? '▾' : '▸';
  if (!node.box) {
    node.box = h('div', {role: 'group'});
    node.item.after(node.box);
    const parts = [];
    const fillPart = n => {
      const kids = node.kids.slice(n * KIDS_AT_ONCE, (n + 1) * KIDS_AT_ONCE).map(treeItem);
      if (parts[n]) parts[n].replaceWith(...kids); else node.box.append(...kids);
      parts[n] = null;
      return kids[0];
    };
    node.reach = i => { if (parts[Math.floor(i / KIDS_AT_ONCE)]) fillPart(Math.floor(i / KIDS_AT_ONCE)); };
    fillPart(0);
    for (let n = 1; n * KIDS_AT_ONCE < node.kids.length; n++) {
      parts[n] = h('div', {role: 'treeitem', tabindex: '-1', class: 'more', 'aria-level': node.depth + 1},
        `${grouped(n * KIDS_AT_ONCE + 1)} to ${grouped(Math.min((n + 1) * KIDS_AT_ONCE, node.kids.length))}`);
      parts[n].show = () => fillPart(n).focus();
      node.box.append(parts[n]);
    }
  }
  node.box.hidden = !yes;
}

/* Opens all that is around a field, and gives its row. */
function reveal(node) {
  if (!node.item) {
    reveal(node.parent);
    open(node.parent, true);
    if (!node.item) node.parent.reach(node.parent.kids.indexOf(node));
  }
  for (let n = node.parent; n && n.parent; n = n.parent) open(n, true);
  return node.item;
}

function openAll(yes) {
  const model = modelOf(messageShown());
  let made = 0;
  for (const node of model.nodes) if (node.item && node.kids.length && node.depth) { if (yes && made++ > 2000) break; open(node, yes); }
}

function treeKeys(event) {
  const node = nodeOf(event.target);
  const items = [...shown.tree.querySelectorAll('[role=treeitem]')].filter(i => i.offsetParent), at = items.indexOf(event.target);
  const focus = item => { if (item) item.focus(); };
  switch (event.key) {
  case 'ArrowDown': focus(items[at + 1]); break;
  case 'ArrowUp': focus(items[at - 1]); break;
  case 'Home': focus(items[0]); break;
  case 'End': focus(items[items.length - 1]); break;
  case 'ArrowRight': if (!node) return; if (node.kids.length && !node.open) open(node, true); else focus(node.kids[0] && node.kids[0].item); break;
  case 'ArrowLeft': if (!node) return; if (node.open) open(node, false); else if (node.parent.item) focus(node.parent.item); break;
  case 'Enter': if (event.target.show) event.target.show(); else if (node.kids.length) open(node, !node.open); else focusBytes(node); break;
  case ' ': if (!node) return; focusBytes(node); break;
  default: return;
  }
  event.preventDefault();
  event.stopPropagation();
}

function focusBytes(node) {
  showBytes(node);
  const cell = shown.grid.querySelector('.chosen');
  if (cell) { for (const c of shown.grid.querySelectorAll('[data-run][tabindex="0"]')) c.tabIndex = -1; cell.tabIndex = 0; cell.focus({preventScroll: true}); }
}

/* Marks bytes and row of a field: hot under the pointer, chosen by focus. */
const marks = {hot: [], chosen: []};
function mark(kind, node) {
  for (const element of marks[kind]) element.classList.remove(kind);
  marks[kind] = [];
  if (!node || !shown.grid) return;
  const model = modelOf(messageShown());
  for (const chunk of shown.grid.children) {
    const from = chunk.dataset.first * ROW, to = from + chunk.dataset.rows * ROW;
    if (chunk.dataset.filled === undefined || to <= node.from || from >= node.to) continue;
    for (const cell of chunk.querySelectorAll('[data-run]')) {
      const run = model.runs[cell.dataset.run];
      if (run.from >= node.from && run.to <= node.to && node.to > node.from) marks[kind].push(cell);
    }
  }
  let row = node;
  while (row && (!row.item || !row.item.offsetParent)) row = row.parent;
  if (row && row.item) marks[kind].push(row.item);
  for (const element of marks[kind]) element.classList.add(kind);
}

function hover(node) {
  if (node === marks.node) return;
  marks.node = node;
  mark('hot', node);
  inspect(node || state.node);
}

function showBytes(node) {
  const chunk = shown.grid.children[Math.floor(Math.floor(node.from / ROW) / CHUNK)];
  if (chunk && chunk.dataset.filled === undefined) fillChunk(chunk, messageShown(), modelOf(messageShown()));
  mark('chosen', node);
  const cell = shown.grid.querySelector('.chosen');
  if (cell) within(shown.grid, cell);
}

function select(node, {focus, keep, address: named = true} = {}) {
  state.node = node;
  if (!shown.tree) return;
  for (const item of shown.tree.querySelectorAll('[aria-selected=true]')) item.setAttribute('aria-selected', 'false');
  if (node && node.parent) {
    const item = reveal(node);
    for (const before of shown.tree.querySelectorAll('[role=treeitem][tabindex="0"]')) before.tabIndex = -1;
    item.tabIndex = 0;
    item.setAttribute('aria-selected', 'true');
    if (focus) item.focus({preventScroll: true});
    if (keep || !focus) within(shown.tree, item); else item.scrollIntoView({block: 'nearest'});
    if (keep) mark('chosen', node); else showBytes(node);
    if (named) history.replaceState(null, '', '#' + address(`${state.panel}/${node.path}`));
    if (node.field.sentence) say(node.field.sentence);
  } else {
    mark('chosen', null);
  }
  inspect(node);
}

function inspect(node) {
  if (!shown.inspector) return;
  const message = messageShown();
  if (!node) {
    shown.inspector.replaceChildren(h('p', {class: 'hint'}, 'Point at a field or a byte, or go there with Tab and the arrow keys: what it is stands here.'));
    return;
  }
  const f = node.field, bytes = message.bytes.slice(2 * node.from, 2 * node.to);
  const known = new Set(['path', 'name', 'kind', 'text', 'number', 'registry', 'offset', 'length', 'sentence', 'bytes', 'fields']);
  const facts = [];
  if (f.number !== undefined) facts.push(['number', `${f.number} (0x${f.number.toString(16)})`]);
  if (f.registry) facts.push(['registry', f.registry]);
  facts.push(['kind', f.kind], ['place', `${count(node.to - node.from, 'byte')} from ${node.from} (0x${node.from.toString(16)}) on`]);
  for (const k of Object.keys(f)) if (!known.has(k)) facts.push([words(k), anything(k, f[k])]);
  shown.inspector.replaceChildren(
    h('h4', {}, h('span', {class: `swatch g${node.group}`}), node.name),
    h('p', {class: 'path'}, f.path || message.name),
    f.text !== undefined && f.text !== '' ? h('p', {class: 'words'}, f.text) : '',
    f.sentence ? h('p', {class: 'sentence'}, f.sentence) : '',
    h('dl', {class: 'facts'}, facts.map(([k, v]) => [h('dt', {}, k), h('dd', {}, v)])),
    sameBytes(current(), f.bytes, node) || '',
    h('p', {class: 'row'}, copiers(bytes), copier('Link', () => location.href)));
}

function sameBytes(story, bytes, node) {
  const places = (placesOf(story).get(bytes) || []).filter(p => !node || p.node !== node);
  return places.length > 0 && !state.observer && h('p', {class: 'same'}, 'The same bytes: ', places.slice(0, 8).map((p, i) => [i > 0 && ', ', link(address(p.to), {}, p.label)]));
}

/* ---- copying and saving --------------------------------------------------------------------------------------------------- */

const copiers = hex => hex ? [copier('Copy hex', () => hex), copier('C array', () => '{' + hex.replace(/../g, '0x$&, ').slice(0, -2) + '}'), copier('base64', () => base64(hex))] : [];

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
    say(good ? `${label}: copied` : 'The browser did not let it be copied');
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

/* ---- search ---------------------------------------------------------------------------------------------------------------- */

function search() {
  const box = $('#found'), wanted = $('#search').value.trim().toLowerCase(), hex = wanted.replace(/[\s:]|0x/g, '');
  const hits = [], most = 40;
  box.replaceChildren();
  box.hidden = !wanted;
  if (!wanted) return;
  const fits = text => text !== undefined && String(text).toLowerCase().includes(wanted);
  for (const p of panels()) if (fits(p.title) && !(p.message && hiddenMessage(p.message))) hits.push([p.id, p.title, p.message ? `message ${p.id.slice(1)}` : 'part of the story']);
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
    h('strong', {}, name), ' ', h('span', {}, what))))) : h('p', {}, 'Nothing found.'));
  say(hits.length >= most ? `${most} or more places` : count(hits.length, 'place'));
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

/* ---- light and dark, the listener's view, help, printing -------------------------------------------------------------------- */

const THEMES = ['auto', 'light', 'dark'], SIGNS = {auto: '◐', light: '☀', dark: '☾'};
let theme = 'auto';
try { theme = THEMES.includes(localStorage.getItem('fede-theme')) ? localStorage.getItem('fede-theme') : 'auto'; } catch { /* no storage: as the system says */ }
function turnTheme() {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % 3];
  try { localStorage.setItem('fede-theme', theme); } catch { /* for this page only, then */ }
  nameTheme();
  say(`Colours: ${theme}`);
}
function nameTheme() {
  document.documentElement.dataset.theme = theme;
  const b = $('#theme');
  if (b) { b.textContent = SIGNS[theme]; b.setAttribute('aria-label', `Colours: ${theme}`); }
}

function toggleObserver() {
  state.observer = !state.observer;
  const at = location.hash;
  drawFrame();
  if (state.observer && !at) go('observer');
  else arrive(false);
  $('#observe').focus();
  say(state.observer ? 'Only what a listener on the way can know is shown' : 'Everything is shown');
}

const KEYS = [['n  p', 'next, previous message'], ['/', 'search'], ['Tab', 'list, ladder, fields, bytes, in this order'],
  ['↑ ↓', 'from row to row: list, fields, bytes'], ['→ ←', 'open and close a field; in the bytes: next and previous field'],
  ['Enter', 'open; from a field to its bytes, from bytes to their field'], ['Esc', 'back: close what is open, then the field, then to the overview'],
  ['o', 'the listener’s view'], ['t', 'light, dark, as the system says'], ['?', 'this help']];
function helpDialog() {
  const dialog = h('dialog', {id: 'help', 'aria-labelledby': 'help-title'}, h('h2', {id: 'help-title'}, 'Keys'),
    h('dl', {}, KEYS.map(([key, what]) => [h('dt', {}, key.split(' ').filter(Boolean).map(k => [h('kbd', {}, k), ' '])), h('dd', {}, what)])),
    h('p', {}, 'The address names what is shown: a link to this page with the part behind # opens at the same field.'),
    h('form', {method: 'dialog'}, h('button', {}, 'Close')));
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

/* ---- keys ------------------------------------------------------------------------------------------------------------------- */

document.addEventListener('keydown', event => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea, dialog')) return;
  const n = current().messages.length, at = /^m\d+$/.test(state.panel) ? +state.panel.slice(1) : 0;
  if (event.key === '/') $('#search').focus();
  else if (event.key === '?') $('#help').showModal();
  else if (event.key === 'n' && at < n) go('m' + (at + 1), true);
  else if (event.key === 'p' && at > 1) go('m' + (at - 1), true);
  else if (event.key === 'o') toggleObserver();
  else if (event.key === 't') turnTheme();
  else if (event.key === 'Escape' && !$('#found').hidden) endSearch();
  else if (event.key === 'Escape' && state.node) { select(null); history.replaceState(null, '', '#' + address(state.panel)); $('main h2').focus(); }
  else if (event.key === 'Escape' && state.panel !== 'overview') go('overview', true);
  else return;
  event.preventDefault();
});
document.addEventListener('click', event => { if (!event.target.closest('.search')) { const box = $('#found'); if (box) box.hidden = true; } });
addEventListener('hashchange', () => { arrive(goingWith); goingWith = false; });

if (stories.length) {
  state.story = -1;
  arrive(false);
}
})();
